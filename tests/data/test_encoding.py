"""Encoding by units gives the library's ids, and several processes give the bytes of one."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.config import DataConfig
from dragon.data.encoding import Encoder
from dragon.data.prepare import prepare
from dragon.data.shards import language_tokens
from dragon.tokenizer import BpeTokenizer, load_tokenizer
from dragon.tokenizer.reading import END
from tests.data.corpus import ARTICLE, ROWS

TOKENIZER = BpeTokenizer.train([ARTICLE * 3], 400)
ENCODE = Encoder(TOKENIZER)


@given(st.text(alphabet="ab éß'’st,.!_-\n\t  0１²9漢x<|end|>", max_size=60) | st.text(max_size=40))
def test_ids_are_those_of_the_library(text: str) -> None:
    assert ENCODE(text).tolist() == TOKENIZER.encode(text)


@pytest.mark.parametrize(
    "text",
    ["", "don't 'tis caf\u00e9 na\u00efve", "a  b\n\n c", "x=1;y_z", " \n", "I'll've", ARTICLE],
)
def test_known_traps(text: str) -> None:
    assert Encoder(TOKENIZER)(text).tolist() == TOKENIZER.encode(text)


def test_processes_passes_and_borders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dragon.data.stage.BLOCK", 3000)
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS * 20)))
    settings = {"objective": "language", "sources": (str(tmp_path / "rows.jsonl"),)}
    sets = {}
    for name, workers, passes in (("one", 1, 1), ("two", 2, 1), ("twice", 1, 2)):
        config = DataConfig(
            **settings,
            vocab_size=300,
            workers=workers,
            passes={"rows": passes},  # type: ignore[arg-type]
        )
        prepare(config, tmp_path / name)
        sets[name] = {s: np.array(language_tokens(tmp_path / name, s)) for s in ("train", "val")}
    for split in ("train", "val"):
        assert (sets["one"][split] == sets["two"][split]).all()
        assert (sets["one"][split] == END).sum() > 0
    ends = (sets["one"]["train"] == END).sum(), (sets["twice"]["train"] == END).sum()
    assert ends[1] == 2 * ends[0]
    assert (sets["one"]["val"] == sets["twice"]["val"]).all()  # what is held out is taken once
    half = len(sets["one"]["train"])
    tokenizer = load_tokenizer(tmp_path / "twice")
    first = sets["twice"]["train"][:half].tolist()
    assert first == sets["one"]["train"].tolist()
    assert tokenizer.decode(first) != tokenizer.decode(sets["twice"]["train"][half:].tolist())
