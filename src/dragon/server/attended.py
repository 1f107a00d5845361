"""Runs a command that must not outlive the server: python -m dragon.server.attended NICE LOCK
COMMAND...

In: standard input, which the server holds open; its end means that the server has gone, however it
went. Out: the command's exit code. It runs at a priority lowered by NICE, and one command at a time
holds LOCK: the next waits until the last process of the one before has ended.
"""

import fcntl
import os
import select
import signal
import subprocess
import sys
import threading
import time

PATIENCE = 10.0  # seconds between asking the command to end and ending it
_AGAIN = 0.05


def main(arguments: list[str]) -> int:
    """Wait for the lock and run the command."""
    nice, lock, *command = arguments
    os.nice(int(nice))
    file = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    while not _locked(file):
        if _left(_AGAIN):
            return 128 + signal.SIGHUP
    # The command holds the lock as well: this process may be killed first.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(file,))
    threading.Thread(target=_attend, args=(child,), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _left(seconds: float) -> bool:
    """Whether the server has gone, after waiting so long for that."""
    ready, _, _ = select.select([0], [], [], seconds)
    return bool(ready) and not os.read(0, 1)


def _attend(child: "subprocess.Popen[bytes]") -> None:
    while not _left(3600):
        pass
    child.send_signal(signal.SIGINT)
    time.sleep(PATIENCE)
    child.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
