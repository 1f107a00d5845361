"""Saved and loaded = kept; `transformers` opens what we write; damaged files are named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.errors import TokenizerError
from dragon.tokenizer import BpeTokenizer, WordTokenizer, load_tokenizer


@pytest.fixture(scope="module")
def folder(bpe: BpeTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bpe") / "deep" / "er"
    bpe.save(path)
    return path


@pytest.fixture(scope="module")
def loaded(folder: Path) -> BpeTokenizer | WordTokenizer:
    return load_tokenizer(folder)


@given(text=st.text())
def test_saved_and_loaded_is_kept(
    bpe: BpeTokenizer, loaded: BpeTokenizer | WordTokenizer, text: str
) -> None:
    assert isinstance(loaded, BpeTokenizer)
    assert loaded.encode_with_offsets(text + "<|end|>") == bpe.encode_with_offsets(text + "<|end|>")
    assert loaded.special_ids == bpe.special_ids


def test_words_are_kept(words: WordTokenizer, tmp_path: Path) -> None:
    words.save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert isinstance(loaded, WordTokenizer)
    assert loaded.encode("The ships, unheard of") == words.encode("The ships, unheard of")


def test_saving_leaves_the_two_files_alone(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {"tokenizer.json", "tokenizer_config.json"}


def test_transformers_opens_it(bpe: BpeTokenizer, folder: Path) -> None:
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(folder)
    text = "The keeper's 17 ships — “größer” 港 \n\n end"
    assert theirs.encode(text) == bpe.encode(text)
    assert theirs.decode(theirs.encode(text)) == text
    assert len(theirs) == bpe.vocab_size
    assert (theirs.eos_token_id, theirs.pad_token_id) == (0, 1)


def test_transformers_renders_the_chat_template(bpe: BpeTokenizer, folder: Path) -> None:
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(folder)
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Ships?"},
        {"role": "assistant", "content": "17"},
        {"role": "user", "content": "Why?"},
    ]
    ids = theirs.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
    assert bpe.decode(ids, keep_special=True) == (
        "<|system|>Be brief.<|end|><|user|>Ships?<|end|><|assistant|>17<|end|>"
        "<|user|>Why?<|end|><|assistant|>"
    )
    assert [id for id in ids if id in bpe.special_ids] == [5, 0, 6, 0, 7, 0, 6, 0, 7]


def test_transformers_opens_the_words(words: WordTokenizer, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    words.save(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    assert theirs.encode("The ships, unheard") == words.encode("The ships, unheard")
    assert theirs.unk_token_id == 16


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"No tokenizer.json in .*nowhere"):
        load_tokenizer(tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"model": {}}', "\x00\x01"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(TokenizerError, match="is not a tokenizer"):
        load_tokenizer(tmp_path)


def test_another_kind_is_refused(folder: Path, tmp_path: Path) -> None:
    values = json.loads((folder / "tokenizer.json").read_text())
    values["decoder"] = {"type": "BPEDecoder", "suffix": "</w>"}
    (tmp_path / "tokenizer.json").write_text(json.dumps(values))
    with pytest.raises(TokenizerError, match="Supported: byte-level BPE, BPE with bytes"):
        load_tokenizer(tmp_path)


def test_a_file_in_the_way_is_named(bpe: BpeTokenizer, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("here")
    with pytest.raises(TokenizerError, match="cannot be written to"):
        bpe.save(tmp_path / "out")
