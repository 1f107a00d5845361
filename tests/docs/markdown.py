"""Pages of the documentation, and the blocks of code in them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "benchmarks" / "README.md",
    ROOT / "examples" / "README.md",
    ROOT / "examples" / "worlds" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
CHAPTERS = sorted((ROOT / "docs" / "tutorial").glob("[0-9]*.md"))
SHELL = ("console", "bash", "sh")
BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>.+?) -->\n+)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


class Block(NamedTuple):
    """A fenced block: where it begins, and why it is not run, if so."""

    line: int
    language: str
    text: str
    reason: str | None

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block; in a session only what stands behind a prompt."""
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        return [line for line in lines if line.strip() and not line.startswith("#")]


def name(page: Path) -> str:
    """A page's path below the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    """The blocks of a page in order, of all languages or of some."""
    text = page.read_text("utf-8")
    for found in BLOCK.finditer(text):
        if not languages or found["language"] in languages:
            line = text.count("\n", 0, found.start("language")) + 1
            yield Block(line, found["language"], found["text"], found["reason"])


def simple_commands(page: Path) -> Iterator[list[str]]:
    """The words of a page's commands, pipes and lists taken apart."""
    for line in (line for block in blocks(page, *SHELL) for line in block.commands):
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        command: list[str] = []
        for word in [*words, ";"]:
            if word.strip(";|&"):
                command.append(word)
            elif command:
                yield command
                command = []
