"""A place where the commands of a page can be run: files, a home, servers that come and go."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.docs.markdown import ROOT
from tests.interop.models import make

SERVER = re.compile(r"dragon (lite )?serve\b|lite\.py .*--serve\b")
PORT = re.compile(r"--port (\d+)")
TAKEN_OVER = (
    "examples configs benchmarks docs README.md Makefile pyproject.toml constraints.txt "
    "CMakeLists.txt"
).split()
# What a reader of a page has: models, which we make (random, in the real layout), and files.
MODELS = {"smollm2": "llama-tied", "MODEL": "llama-tied", "runs/model": "llama-tied"}
HANDBOOK = ROOT / "examples" / "handbook"
FILES = {
    "text.txt": "\n\n".join(page.read_text("utf-8") for page in HANDBOOK.rglob("*.md")),
    "my-questions.jsonl": "".join(
        (HANDBOOK / "questions.jsonl").read_text("utf-8").splitlines(keepends=True)[::12]
    ),
}


class Shell:
    """Runs commands in a folder that looks like a fresh clone after `make install`."""

    def __init__(self, folder: Path, page: str) -> None:
        self.folder = folder
        self.server: subprocess.Popen[bytes] | None = None
        self.ports: dict[str, str] = {}
        self._furnish(page)

    def _furnish(self, page: str) -> None:
        for name in TAKEN_OVER:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
            copy(ROOT / name, self.folder / name)
        for name in ("src", "native"):
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / ".venv").mkdir()
        (self.folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
        for stamp in (".ask", ".dev"):
            (self.folder / ".venv" / stamp).touch()
        home = self.folder / "home"
        home.mkdir()
        for name in ("handbook", "contracts", "wiki"):
            shutil.copytree(HANDBOOK, home / name)
        shutil.copyfile(next(HANDBOOK.rglob("*.pdf")), home / "contracts" / "2026.pdf")
        for name, text in FILES.items():
            (self.folder / name).write_text(text, "utf-8")
        for name, kind in MODELS.items():
            if re.search(rf"(?<![\w/-]){name}(?![\w/-])", page):
                (self.folder / name).parent.mkdir(exist_ok=True)
                make(kind, self.folder / name)

    def run(self, line: str, timeout: float) -> str:
        """One line; what it printed. A server is started, and left running.

        Raises:
            AssertionError: if it failed.
        """
        line = self._moved(line)
        if SERVER.search(line):
            return self._serve(line)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, f"$ {line}\n{done.stdout}\nexit code {done.returncode}"
        return done.stdout

    def python(self, code: str, timeout: float) -> str:
        """A block of Python, as a program of its own."""
        (self.folder / "block.py").write_text(self._moved(code), "utf-8")
        return self.run("python -W error block.py", timeout)

    def _serve(self, line: str) -> str:
        """Start a server on a free port, and wait until it is listened to."""
        self.close()
        asked = PORT.search(line)
        port = _free_port()
        self.ports[asked[1] if asked else "8000"] = port
        line = f"exec env {PORT.sub('', line)} --port {port}"
        log = self.folder / "server.log"
        with log.open("wb") as out:
            self.server = subprocess.Popen(
                ["bash", "-c", line],
                cwd=self.folder,
                env=self._environment(),
                stdout=out,
                stderr=out,
            )
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(port))) == 0:
                    return ""
            assert self.server.poll() is None, f"$ {line}\n{log.read_text('utf-8')}"
            time.sleep(0.1)
        raise AssertionError(f"$ {line}\nnobody listens\n{log.read_text('utf-8')}")

    def close(self) -> None:
        """End the server as Ctrl-C does; it must take that well."""
        if self.server:
            self.server.send_signal(signal.SIGINT)
            code, self.server = self.server.wait(60), None
            log = (self.folder / "server.log").read_text("utf-8")
            assert code in (0, 130), f"the server ended with {code}\n{log}"

    def kill(self) -> None:
        """Leave nothing running, whatever went wrong."""
        if self.server:
            self.server.kill()
            self.server.wait()

    def _moved(self, text: str) -> str:
        """The ports of the page, where the servers really listen."""
        for shown, real in self.ports.items():
            text = text.replace(f":{shown}", f":{real}")
        return text

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DRAGON_")}
        for name in ("XDG_DATA_HOME", "MAKEFLAGS", "MAKELEVEL", "PYTHONPATH"):
            kept.pop(name, None)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**kept, "HOME": str(self.folder / "home"), "PATH": path, "NO_COLOR": "1"}


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])
