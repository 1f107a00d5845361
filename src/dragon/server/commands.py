"""Our own commands in processes of their own, which end with the server however it ends.

In: a `Command`, and a function that looks how far it has come. Out: nothing, or the error that the
command ended with.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from dragon.errors import DragonError

LOOK_SECONDS = 0.4


class Command(NamedTuple):
    """One of our own commands: its arguments, what it does, and what helps where memory is short.

    The latter two are said as they stand: "Training", "Try a smaller lora_r."
    """

    arguments: Sequence[object]
    name: str
    remedy: str = "Free some memory and try again."


def run_attended(
    command: Command, folder: Path, lock: Path, nice: int, look: Callable[[], None]
) -> None:
    """Run a command to its end, in a folder that gets its log.txt.

    Args:
        command: what runs.
        folder: where it runs.
        lock: the file that one command at a time holds.
        nice: by how much its priority is lowered.
        look: called often; ends the command by raising.

    Raises:
        DragonError: with the command's own line of error, if it fails.
    """
    line = [sys.executable, "-m", "dragon.server.attended", str(nice), str(lock)]
    line += [sys.executable, "-m", "dragon", *map(str, command.arguments)]
    with (folder / "log.txt").open("ab") as output:
        start = output.tell()
        process = subprocess.Popen(
            line,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for the server, which tells it in its own way
        )
        try:
            code = _attend(process, look)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait()
    if code:
        raise DragonError(_reason(command, folder / "log.txt", start, code))


def _attend(process: "subprocess.Popen[bytes]", look: Callable[[], None]) -> int:
    while True:
        try:
            code = process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            look()
        else:
            look()
            return code


def _reason(command: Command, path: Path, start: int, code: int) -> str:
    """What a command said before it failed: its line of error, and never a traceback."""
    with path.open("rb") as file:
        lines = _from(file, start).splitlines()
    for line in reversed(lines):
        if line.startswith("error: "):
            return line.removeprefix("error: ")[:1000]
    if code in (137, -9):
        return f"{command.name} was killed; perhaps the memory was not enough. {command.remedy}"
    end = " ".join(lines[-2:])[:300]
    return f"{command.name} ended with code {code}; the end of its log: {end}"


def _from(file: IO[bytes], start: int) -> str:
    file.seek(start)
    return file.read()[-20_000:].decode("utf-8", "replace")
