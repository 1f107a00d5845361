"""Every command and every Python block of the documentation runs, page by page and in order.

A block that cannot run in a test says why in an HTML comment above it, which no reader sees:
`<!-- not run: needs the training data -->`. It is parsed all the same (test_pages.py). The chapters
of the tutorial have a test of their own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragon.models import shipped
from tests.docs.markdown import CHAPTERS, PAGES, SHELL, Block, blocks, name
from tests.docs.shell import Shell

# Pages that take longer than the others all together.
SLOW = {"docs/training.md", "docs/reference.md", "examples/worlds/README.md", "docs/kernels.md"}
SLOW_LIMIT, LIMIT = 2400, 300  # seconds a command: busy machines are slow
RUN = {
    page: found
    for page in PAGES
    if page not in CHAPTERS
    and (found := [b for b in blocks(page, "python", *SHELL) if b.reason is None])
}


@pytest.fixture
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path, request.getfixturevalue("page").read_text("utf-8"))
    yield shell
    shell.kill()


@pytest.mark.skipif(not shipped(), reason="needs the shipped model")
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            marks=[pytest.mark.timeout(7200), *[pytest.mark.slow] * (name(page) in SLOW)],
            id=name(page),
        )
        for page in RUN
    ],
)
def test_commands_run(page: Path, shell: Shell) -> None:
    limit = SLOW_LIMIT if name(page) in SLOW else LIMIT
    for block in RUN[page]:
        try:
            run(block, shell, limit)
        except Exception as error:
            pytest.fail(
                f"{name(page)}:{block.line}\n{error}\n"
                "Mend the block, or say above it why it is not run: <!-- not run: needs ... -->"
            )
    shell.close()


def run(block: Block, shell: Shell, limit: float) -> None:
    if block.language == "python":
        shell.python(block.text, limit)
    else:
        for line in block.commands:
            shell.run(line, limit)


def test_most_blocks_are_run() -> None:
    everything = [block for page in PAGES for block in blocks(page, "python", *SHELL)]
    left_out = [block for block in everything if block.reason is not None]
    assert len(left_out) < len(everything) / 3
    assert all(block.reason.startswith(("needs ", "takes ")) for block in left_out if block.reason)


def test_a_wrong_command_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="No such option"):
        Shell(tmp_path, "").run("dragon ask why --nope | cat", LIMIT)
