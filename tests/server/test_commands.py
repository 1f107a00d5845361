"""A command of the server's own that fails says which it was, and why."""

import os
import signal
import threading
from pathlib import Path

import pytest

from dragon.errors import DragonError
from dragon.server.commands import Command, run_attended


def children(pid: int, thread: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{thread}/children").read_text().split()]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGKILL, "Making questions was killed; perhaps the memory was not enough. Wait."),
        (signal.SIGTERM, "Making questions ended with code 143; the end of its log:"),
    ],
)
def test_what_was_ended_is_named(tmp_path: Path, number: int, said: str) -> None:
    (tmp_path / "page.md").write_text("# Page\n\nIt never ends.\n")
    serve = ("lite", "serve", "--docs", tmp_path / "page.md", "--port", 0)

    def look() -> None:
        for watcher in children(os.getpid(), threading.get_native_id()):
            for command in children(watcher, watcher):
                os.kill(command, number)

    with pytest.raises(DragonError) as caught:
        run_attended(
            Command(serve, "Making questions", "Wait."), tmp_path, tmp_path / "lock", 0, look
        )
    assert str(caught.value).startswith(said)


def test_its_own_error_is_told(tmp_path: Path) -> None:
    ask = Command(("ask", "Who?", "--index", "nowhere.db"), "Asking")
    with pytest.raises(DragonError, match=r"^No index at nowhere\.db"):
        run_attended(ask, tmp_path, tmp_path / "lock", 0, lambda: None)
