"""Hostile tokenizer files: every damage gives an error of ours, or a tokenizer that encodes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.errors import DragonError
from dragon.tokenizer import BpeTokenizer, load_tokenizer

FILES = ("tokenizer.json", "tokenizer_config.json")
HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 2**31, 2**63, 1.5, "", "x", "\ud800", [], {}, [None], {"a": 1}]),
)


@pytest.fixture(scope="module")
def good(bpe: BpeTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    bpe.save(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def written(folder: Path) -> str | None:
    """A text there and back; None where the tokenizer is refused. What it raises must be ours."""
    try:
        tokenizer = load_tokenizer(folder)
        return tokenizer.decode(tokenizer.encode("The ships, “größer”. 港"))
    except DragonError:
        return None


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a JSON value with the key of something in it, but not every token."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    for key in keys[:20]:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=80)
@given(data=st.data())
def test_any_change_is_refused_or_encodes(
    good: Path, folder: Path, name: str, data: st.DataObject
) -> None:
    for file in FILES:
        (folder / file).write_bytes((good / file).read_bytes())
    values = json.loads((good / name).read_bytes())
    where, key = data.draw(st.sampled_from(list(places(values))))
    where[key] = data.draw(HOSTILE)
    (folder / name).write_text(json.dumps(values), "utf-8")
    assert isinstance(written(folder), str | None)


def test_any_cut_is_refused(good: Path, folder: Path) -> None:
    for file in FILES:
        (folder / file).write_bytes((good / file).read_bytes())
    assert written(folder)
    whole = (good / "tokenizer.json").read_bytes()
    end = len(whole.rstrip())
    for length in [*range(0, 200, 17), *range(200, end, end // 20)]:
        (folder / "tokenizer.json").write_bytes(whole[:length])
        assert written(folder) is None


@given(content=st.binary(max_size=100))
def test_any_bytes_are_refused(good: Path, folder: Path, content: bytes) -> None:
    (folder / "tokenizer_config.json").write_bytes((good / "tokenizer_config.json").read_bytes())
    (folder / "tokenizer.json").write_bytes(content)
    assert written(folder) is None
