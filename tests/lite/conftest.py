import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dragon.lite.documents import Document, read
from dragon.lite.index import Index
from dragon.lite.server import Server

EVIL = "<script>alert('leave')</script>"
HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"


@pytest.fixture(scope="session")
def handbook() -> Index:
    documents, problems = read([str(HANDBOOK)])
    assert not problems
    return Index(documents)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    text = f"# Leave & rest\n\nStaff have 27 days of annual leave.\n\nThe {EVIL} form is blue."
    with Server(Index([Document("a&b.md", "Leave", text)]), 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
