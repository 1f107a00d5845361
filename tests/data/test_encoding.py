"""Encoding by units gives the library's ids, and several processes give the bytes of one."""

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from dragon.config import DataConfig
from dragon.data.encoding import Encoder
from dragon.data.prepare import prepare
from dragon.data.shards import language_tokens
from dragon.tokenizer import BpeTokenizer, load_tokenizer
from dragon.tokenizer.foreign import CUTS
from dragon.tokenizer.reading import END
from tests.data.corpus import ARTICLE, ROWS

TOKENIZER = BpeTokenizer.train([ARTICLE * 3], 400)
ENCODE = Encoder(TOKENIZER)


@given(st.text(alphabet="ab éß'’st,.!_-\n\t  0１²9漢x<|end|>", max_size=60) | st.text(max_size=40))
def test_ids_are_those_of_the_library(text: str) -> None:
    assert ENCODE(text).tolist() == TOKENIZER.encode(text)


TRAPS = " ...\n\n x.\n\ny \n\n é\n \nz \x1c. don't I'LL (a) 1234567 \t\tb\u0301 \u00a0c \u2000. "


@pytest.mark.parametrize("cut", CUTS)
@given(data=st.data())
@settings(max_examples=40)
def test_other_peoples_ways_of_splitting(cut: str, data: st.DataObject) -> None:
    tokenizer, encode = foreign(cut)
    text = data.draw(st.text(alphabet="ab éß'sT.,_-\n\r\t\x1c\x85\u00a0 1²漢\u0301<|", max_size=30))
    for one in (text, TRAPS, f"{TRAPS}{text}", f"{text}{TRAPS}"):
        assert encode(one).tolist() == tokenizer.encode(one)


@lru_cache
def foreign(cut: str) -> tuple[BpeTokenizer, Encoder]:
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer, inner.decoder = CUTS[cut](), decoders.ByteLevel()
    if cut == "qwen2":
        inner.normalizer = normalizers.NFC()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, show_progress=False)
    inner.train_from_iterator([ARTICLE + TRAPS * 30], trainer)
    tokenizer = BpeTokenizer(inner)
    return tokenizer, Encoder(tokenizer)


def test_tokens_that_are_found_before_words_are_left_to_the_library() -> None:
    inner = Tokenizer.from_str(json.dumps(TOKENIZER.to_json()))
    inner.add_tokens(["was born"])
    tokenizer = BpeTokenizer(inner)
    encode = Encoder(tokenizer)
    assert encode(ARTICLE).tolist() == tokenizer.encode(ARTICLE)
    assert tokenizer.id("was born") in encode(ARTICLE)
    assert encode("a", 7).tolist() == [*tokenizer.encode("a"), 7]


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
