from pathlib import Path

import pytest

from dragon.lite.documents import read
from dragon.lite.index import Index

HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"


@pytest.fixture(scope="session")
def handbook() -> Index:
    documents, problems = read([str(HANDBOOK)])
    assert not problems
    return Index(documents)
