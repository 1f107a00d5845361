"""A folder of documents and an index beside it."""

import pytest

from dragon.retrieval import Index


@pytest.fixture
def docs(tmp_path):
    """A folder with two documents."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "leave.md").write_text("# Leave\n\nHolidays are 25 days.\n\n## Sick leave\n\nRest.\n")
    (folder / "rooms.txt").write_text("Ada sits in room 204.\n\nThe canteen opens at noon.\n")
    return folder


@pytest.fixture
def index(tmp_path):
    """A new index file, opened."""
    with Index.open(tmp_path / "index.db", create=True) as opened:
        yield opened
