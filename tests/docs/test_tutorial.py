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
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dragon.cli.main import main
from tests.docs.markdown import CHAPTERS, ROOT, Block, blocks

SLOW = {"04-training.md", "05-grammar-without-knowledge.md"}


def parts(chapter: Path) -> Iterator[tuple[Block, str | None]]:
    """What is to run, with the output that is shown for it, if any."""
    for block, following in pairwise([*blocks(chapter), Block(0, "", "", None)]):
        if block.language in ("python", "console"):
            yield block, following.text if following.language == "text" else None


def run(block: Block, names: dict[str, Any], where: str) -> str:
    """Run one block and return what it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if block.language == "python":
            exec(compile(block.text, where, "exec"), names)
        for line in block.commands if block.language == "console" else []:
            _, *arguments = shlex.split(line)
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
    assert sum(shown is not None for _, shown in parts(chapter)) >= 3, "it shows what it prints"
    for block, shown in parts(chapter):
        where = f"{chapter.name}:{block.line}"
        printed = run(block, names, where)
        if shown is not None:
            assert printed == shown, where


def test_the_first_page_links_every_chapter() -> None:
    index = (ROOT / "docs" / "tutorial" / "index.md").read_text("utf-8")
    assert re.findall(r"\]\((\d[\w-]+\.md)\)", index) == [chapter.name for chapter in CHAPTERS]
