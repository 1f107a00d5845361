"""Two tiny models and a server over a few documents, shared by all tests that do not change it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from openai import OpenAI

from dragon.server.settings import ServerSettings
from tests.answer.number_reader import write_language_model, write_number_reader
from tests.http.running import Served, serving, write_documents


class Models(NamedTuple):
    """Folders of a reader and of a model that writes."""

    reader: Path
    writer: Path


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    return Models(write_number_reader(folder / "numbers"), write_language_model(folder / "babbler"))


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, models: Models) -> ServerSettings:
    folder = tmp_path_factory.mktemp("served")
    return ServerSettings(
        docs=(write_documents(folder / "docs"),),
        index=_index(folder),
        model=str(models.reader),
        generator=models.writer,
        state=folder / "state",
    )


def _index(folder: Path) -> Path:
    from dragon.retrieval import Index

    with Index.open(folder / "index.db", create=True):
        return folder / "index.db"


@pytest.fixture(scope="session")
def served(settings: ServerSettings) -> Iterator[Served]:
    with serving(settings) as found:
        yield found


@pytest.fixture
def fresh(tmp_path: Path, models: Models) -> ServerSettings:
    """Settings of a server of one's own."""
    return ServerSettings(
        docs=(write_documents(tmp_path / "docs"),),
        index=_index(tmp_path),
        model=str(models.reader),
        state=tmp_path / "state",
    )


@pytest.fixture(scope="session")
def client(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0) as found:
        yield found
