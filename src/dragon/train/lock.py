"""One process at a time writes a run folder.

In: a run folder. Out: it is locked until the process ends, however it ends: the lock is the
operating system's, and RUN/.lock only names who has it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dragon.errors import ConfigError

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder, which is made where it is missing.

    Raises:
        ConfigError: naming the process that holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise ConfigError(
                f"{folder} is in use by process {file.read().strip() or 'unknown'}.",
                "Wait for it or end it, or use another --out.",
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
