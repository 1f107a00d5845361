"""Every chapter of the tutorial runs as it stands: its blocks in order, with the output it shows.

A chapter's `python` blocks share their names, as if typed into one session. The lines of `console`
blocks run through the command line. A `text` block says what the block before it prints.
"""

import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from dragon.cli.main import main

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "docs" / "tutorial").glob("[0-9]*.md"))
SLOW = {"04-training.md", "05-grammar-without-knowledge.md"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(chapter: Path) -> Iterator[tuple[str, str, str | None]]:
    """Language and text of what is to run, with the output that is shown for it, if any."""
    found = BLOCK.findall(chapter.read_text("utf-8"))
    for (language, text), (following, shown) in zip_longest(found, found[1:], fillvalue=("", "")):
        if language in ("python", "console"):
            yield language, text, shown if following == "text" else None


def run(language: str, text: str, names: dict[str, Any], where: str) -> str:
    """Run one block and return what it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if language == "python":
            exec(compile(text, where, "exec"), names)
        else:
            for line in text.splitlines():
                _, *arguments = shlex.split(line.removeprefix("$ "))
                assert main(arguments) == 0, line
    return out.getvalue()


@pytest.mark.parametrize(
    "chapter",
    [pytest.param(c, marks=[pytest.mark.slow] * (c.name in SLOW)) for c in CHAPTERS],
    ids=lambda chapter: chapter.stem,
)
def test_chapter_runs(chapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DRAGON_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    names: dict[str, Any] = {"__name__": "__main__"}
    parts = list(blocks(chapter))
    assert sum(shown is not None for *_, shown in parts) >= 3, "a chapter shows what it prints"
    for number, (language, text, shown) in enumerate(parts, 1):
        printed = run(language, text, names, f"{chapter.name}, block {number}")
        if shown is not None:
            assert printed == shown, f"{chapter.name}, block {number}"


def test_the_first_page_links_every_chapter() -> None:
    index = (ROOT / "docs" / "tutorial" / "index.md").read_text("utf-8")
    assert re.findall(r"\]\((\d[\w-]+\.md)\)", index) == [chapter.name for chapter in CHAPTERS]
