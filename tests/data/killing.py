"""Processes that are ended in the middle of what they do, as their journals tell."""

import signal
import subprocess
import time
from pathlib import Path


def kill_after(lines: int, journal: Path, process: "subprocess.Popen[bytes]") -> None:
    """Kill -9 a process once its journal has more lines than so many; it must not end before."""
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.read_bytes().count(b"\n") > lines):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
