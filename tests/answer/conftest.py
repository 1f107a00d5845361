"""A reader, a folder of documents, and the command line over both."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dragon.answer import Answer, Answerer
from dragon.answer.reader import Reader
from dragon.retrieval import Index
from tests.answer.number_reader import write_number_reader

Ask = Callable[[Mapping[str, str], str], Answer]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_number_reader(tmp_path_factory.mktemp("models") / "numbers")


@pytest.fixture(scope="session")
def reader(model: Path) -> Reader:
    return Reader.open(model)


@pytest.fixture
def ask(reader: Reader, tmp_path: Path) -> Ask:
    """Write documents, index them, and ask."""

    def asked(documents: Mapping[str, str], question: str) -> Answer:
        for name, text in documents.items():
            (tmp_path / name).write_text(text, "utf-8")
        with Index.open(tmp_path / "index.db", create=True) as index:
            index.add([tmp_path / name for name in documents])
            return Answerer(index, reader).ask(question)

    return asked
