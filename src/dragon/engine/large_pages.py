"""Weights on large pages: a processor that reads them all for every token spends less on addresses.

In: a file, or arrays. Out: memory in pages of 2 MiB where Linux grants them, filled with a copy.
Mapped files lie in pages of 4 KiB: reading 100 MB takes a fifth longer (docs/benchmarks.md).
https://docs.kernel.org/admin-guide/mm/transhuge.html
"""

import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from dragon.errors import ConfigError

PAGE = 2 << 20
LINE = 64  # a vector; one that crosses a line costs two reads
SLAB = 32 << 20
LARGEST_FILE = 2 << 30  # more than that is mapped and shared, and ready at once
SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def worth_copying(size: int) -> bool:
    """Whether a file of so many bytes is better read onto large pages than mapped.

    DRAGON_LARGE_PAGES=off maps every file: slower to read, shared between processes.

    Raises:
        ConfigError: for another value than "on" or "off".
    """
    asked = os.environ.get("DRAGON_LARGE_PAGES") or "on"
    if asked not in ("on", "off"):
        raise ConfigError(f"DRAGON_LARGE_PAGES is {asked!r}.", "Use on or off.")
    return asked == "on" and PAGE <= size <= min(LARGEST_FILE, _memory() // 4) and _granted()


def read_file(file: BinaryIO, size: int, aligned: int) -> memoryview:
    """The whole file, read-only, the byte at `aligned` on a line.

    Raises:
        OSError: if it cannot be read, or ends before `size`.
    """
    gap = -aligned % LINE
    memory = memoryview(_pages(gap + size))
    file.seek(0)
    done = gap
    while done < gap + size:
        count = file.readinto(memory[done : gap + size])  # type: ignore[attr-defined]
        if not count:
            raise OSError(0, "it became shorter while it was read")
        done += count
    return memory[gap : gap + size].toreadonly()


class Slabs:
    """Copies of arrays side by side on large pages; they live as long as one of them does."""

    def __init__(self) -> None:
        self._rest = memoryview(b"")

    def keep(self, array: NDArray[Any]) -> NDArray[Any]:
        """A copy that begins on a line."""
        if array.nbytes > len(self._rest):
            self._rest = memoryview(_pages(max(SLAB, array.nbytes)))
        size = array.nbytes
        copy = np.frombuffer(self._rest[:size], array.dtype).reshape(array.shape)
        self._rest = self._rest[min(-(-size // LINE) * LINE, len(self._rest)) :]
        copy[...] = array
        return copy


def _pages(size: int) -> mmap.mmap:
    whole = -(-size // PAGE) * PAGE
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return mmap.mmap(-1, whole)
    memory = mmap.mmap(-1, whole, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel without them: ordinary pages do
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def _granted() -> bool:
    try:
        return hasattr(mmap, "MADV_HUGEPAGE") and "[never]" not in SETTING.read_text("ascii")
    except OSError:
        return False


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
