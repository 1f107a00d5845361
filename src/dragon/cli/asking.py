"""What `dragon ask` and `dragon chat` do, once their arguments are read.

In: a question, documents or an index, a model. Out: the answer, printed. Without typer and rich: a
plain question should not wait for them.
"""

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dragon.errors import DragonError, InputError, StoreError
from dragon.models import DEFAULT
from dragon.text.printable import printable

if TYPE_CHECKING:
    from dragon.answer import Answerer
    from dragon.retrieval import Index


def print_answer(
    question: str,
    docs: Sequence[Path] | None = None,
    index: Path | None = None,
    model: str = DEFAULT,
    top_k: int = 5,
    as_json: bool = False,
    no_stream: bool = False,
) -> None:
    """Answer one question; see `dragon.cli.ask` for the arguments, `opened` for the errors."""
    with _loading():
        from dragon.answer.answerer import LONGEST_QUESTION, checked
        from dragon.cli.answer_view import print_json, print_stream

    # At most what is too long: a pipe may never end.
    question = checked(sys.stdin.read(LONGEST_QUESTION * 100) if question == "-" else question)
    with opened(docs, index, model, top_k) as answerer:
        if as_json:
            print_json(answerer.ask(question))
        else:
            events = answerer.stream(question)
            print_stream(iter(list(events)) if no_stream else events)


@contextmanager
def opened(
    docs: Sequence[Path] | None, index: Path | None, model: str, top_k: int
) -> Iterator["Answerer"]:
    """An answerer over an index; given folders, their own index is brought up to date first.

    Raises:
        InputError: if a folder does not exist or holds nothing that can be read.
        StoreError: if the index is missing, empty or damaged.
        CheckpointError: if the model is missing, damaged or no reader.
    """
    with _loading():
        from dragon.answer import Answerer
        from dragon.answer.reader import Reader
        from dragon.models import model_folder
        from dragon.retrieval import Index, default_index_path

        # The model first: a wrong name must not cost an indexing run.
        reader = Reader.open(model_folder(model))
    path = _up_to_date(docs, index) if docs else index or default_index_path()
    with Index.open(path, read_only=True) as store:
        if store.is_empty():
            raise _nothing_to_ask(store, docs)
        yield Answerer(store, reader, top_k)


def _nothing_to_ask(store: "Index", docs: Sequence[Path] | None) -> DragonError:
    if not docs:
        return StoreError(f"The index {store.path} is empty.", "Run: dragon index add PATH.")
    why = [f"{printable(skipped.path.name)}: {skipped.reason}" for skipped in store.unreadable()]
    return InputError(f"Nothing in {', '.join(map(str, docs))} can be read.", " ".join(why[:1]))


def leave_threads_to_kernels() -> None:
    """No threads of NumPy's library of matrices beside the native kernels' own, in this process.

    Waiting for work, they keep the processor from those. To be called before NumPy is imported.
    """
    if find_spec("dragon._native") and os.environ.get("DRAGON_KERNELS") != "numpy":
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@contextmanager
def _loading() -> Iterator[None]:
    """Load modules and a model without what only costs time where they serve one question.

    No search for garbage among them, neither now nor later.
    """
    leave_threads_to_kernels()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _up_to_date(docs: Sequence[Path], index: Path | None) -> Path:
    from dragon.cli.index_view import add_with_progress, skipped_lines, summary
    from dragon.retrieval import Index, index_path_for

    path = index or index_path_for(docs)
    with Index.open(path, create=True) as store:
        report = add_with_progress(store, list(docs))
    if report.added or report.changed or report.removed:
        print(f"index: {summary(report)}", file=sys.stderr)
        for line in skipped_lines(report.skipped):
            print(line, file=sys.stderr)
    return path
