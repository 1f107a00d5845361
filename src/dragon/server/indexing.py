"""Brings a library's index up to date in batches, so that what is done stays done.

In: paths. Out: an index. A run of hours is many transactions: questions are answered from what is
in already, a restart goes on where it was, and readers are locked out for moments only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dragon.retrieval import Index, Progress
from dragon.retrieval.scan import Found, scan

BATCH_FILES, BATCH_BYTES = 200, 20_000_000


def bring_up_to_date(
    index: Index, paths: Sequence[Path], progress: Callable[[Progress], None]
) -> None:
    """Add what is new or changed below some paths, then remove what has gone.

    Raises:
        InputError: for a path that does not exist, or where there is nothing to read.
        StoreError: if the index cannot be written; finished batches stay in it.
    """
    known = {(row.path, row.size) for row in index.documents()}
    # Changed files of the same size are left to the last step, which looks at every file.
    new = [f for f in scan(paths).files.values() if (f.path, f.size) not in known]
    batches = list(_batches(new))
    if len(batches) > 1:
        files = size = 0
        total = (len(new), sum(file.size for file in new))
        for batch in batches:
            index.add([Path(f.path) for f in batch], _within(progress, (files, size), total))
            files, size = files + len(batch), size + sum(file.size for file in batch)
    index.add(paths, progress)


def _batches(files: Sequence[Found]) -> Iterator[list[Found]]:
    batch: list[Found] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.size
        if len(batch) == BATCH_FILES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _within(
    progress: Callable[[Progress], None], done: tuple[int, int], total: tuple[int, int]
) -> Callable[[Progress], None]:
    """Tell a batch's progress as a part of the whole."""

    def tell(now: Progress) -> None:
        progress(
            replace(
                now,
                files=now.files + done[0],
                size=now.size + done[1],
                files_total=total[0],
                size_total=total[1],
            )
        )

    return tell
