"""Names of models become folders, and what ships can be opened and read with."""

from pathlib import Path

import pytest

from dragon.answer.evidence import Calibration
from dragon.answer.reader import Reader
from dragon.checkpoint import CONFIG_FILE, read_json
from dragon.errors import CheckpointError
from dragon.models import DEFAULT, model_folder, shipped
from dragon.retrieval import Hit, Passage

MOST_BYTES = 25_000_000


def test_a_path_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert model_folder(str(tmp_path)) == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine").mkdir()
    assert model_folder("~/mine") == tmp_path / "mine"


@pytest.mark.parametrize("name", ["no-such-model", "", "\0"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(CheckpointError, match="There is no model"):
        model_folder(name)


@pytest.mark.skipif(DEFAULT not in shipped(), reason="this checkout ships no model")
def test_the_shipped_model_reads() -> None:
    folder = model_folder(DEFAULT)
    assert sum(file.stat().st_size for file in folder.rglob("*")) <= MOST_BYTES
    assert (folder / "MODEL.md").exists()
    assert Calibration.of_model(read_json(folder, CONFIG_FILE)) != Calibration()
    text = "The ferry to Tern leaves at noon. Ada Holm keeps the key of the harbour office."
    hit = Hit(Passage(1, "a.md", "", "", text, 0, len(text)), 2.0)
    best = Reader.open(folder).read("Who keeps the key of the harbour office?", [hit]).evidence[0]
    assert "Ada Holm" in best.text
