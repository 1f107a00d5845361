"""Progress bars on stderr: on a terminal only, gone when the work is done.

In: what is being done and how much of it is finished. Out: a line that moves, or nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

_WIDE = 72  # letters of a terminal that has room for rates and times


@contextmanager
def counting(unit: str) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function (what, finished, of how many) that moves a bar with rate and time left."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

    with _bar(
        BarColumn(),
        TextColumn(f"{{task.completed}}/{{task.total}} {unit}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    ) as bar:
        task = bar.add_task("", total=None, rate="")

        def show(what: str, finished: int, total: int) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:.1f}/s" if speed else ""
            bar.update(task, completed=finished, total=total, description=what[:40], rate=rate)

        yield show


@contextmanager
def moving() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function (what, bytes done, of how many) that moves a bar with MB/s and time left."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
    with _bar(*columns) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=what[:40])

        yield show


def _bar(*columns: "ProgressColumn") -> "Progress":
    """A bar of these columns and what is being done; where it is narrow, of the first alone."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    console = Console(stderr=True)
    return Progress(
        *columns[: len(columns) if console.width >= _WIDE else 1],
        TextColumn("{task.description}", markup=False),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
