"""Data prepared once for all training tests; one thread, so that they do not fight for cores."""

from pathlib import Path

import pytest
import torch

from tests.train.runs import make_data


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def language_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("language") / "data", "language")


@pytest.fixture(scope="session")
def reading_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("reading") / "data", "reader")
