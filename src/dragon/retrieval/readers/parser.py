"""Runs the parsers of PDF, Word and HTML files in a process of their own, with a limit of time.

In: a path. Out: a `Document`, or a `DocumentError` when the parser fails, hangs or dies; the next
file then gets a new process.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import dragon
from dragon.errors import DocumentError
from dragon.retrieval.readers.document import Document, Heading

SILENCE_SECONDS = 30.0
"""How long a parser may work on one page, or on a file without pages."""


class Parser:
    """One worker process, started when it is first needed. Not for use by two threads at once."""

    def __init__(self, silence: float = SILENCE_SECONDS) -> None:
        self._silence = silence
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Parser":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, path: Path) -> Document:
        """Read a file in the worker.

        Raises:
            DocumentError: with the reason, if it cannot be read.
        """
        process = self._started()
        assert process.stdin
        process.stdin.write(json.dumps(str(path)) + "\n")
        process.stdin.flush()
        while (message := self._message(process)).get("page"):
            pass
        if "problem" in message:
            raise DocumentError(message["problem"], message["remedy"])
        headings = tuple(Heading(**heading) for heading in message.pop("headings"))
        return Document(**message | {"path": path, "headings": headings})

    def close(self) -> None:
        """Stop the worker, whatever it is doing."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream:
                    stream.close()
            self._process = None

    def _started(self) -> "subprocess.Popen[str]":
        if self._process and self._process.poll() is not None:
            self.close()
        if self._process is None:
            source = str(Path(dragon.__file__).parents[1])
            inherited = os.environ.get("PYTHONPATH")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dragon.retrieval.readers.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (source, inherited)))},
                # Ctrl-C is for us; we stop the worker ourselves.
                start_new_session=True,
            )
        return self._process

    def _message(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        assert process.stdout
        hung = threading.Event()

        def stop() -> None:
            hung.set()
            process.kill()

        timer = threading.Timer(self._silence, stop)
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        if line.endswith("\n"):
            message: dict[str, Any] = json.loads(line)
            return message
        self.close()
        if hung.is_set():
            raise DocumentError(
                f"its parser did not get on for {self._silence:.0f} seconds.",
                "Print it to a new file, or split it.",
            )
        raise DocumentError("its parser crashed.", "Save it again, or convert it to text.")
