"""Tokenizers of other people give the ids that `transformers` gives, and their text back."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.errors import TokenizerError
from dragon.tokenizer import StreamDecoder, load_tokenizer
from dragon.tokenizer.foreign import cut_of
from tests.tokenizer.corpus import CORPUS
from tests.tokenizer.foreign import KINDS, SPECIAL, write, write_two_files

TEXTS = [
    *CORPUS[:3],
    "",
    " ",
    "Hello,  world!\n\n It's 12345.67 o'clock",
    "naïve 日本語 🎉 \t tabs  \r\n",
    "I'LL we've\u00a0x e\u0301",
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tokenizers")
    return {kind: write(kind, root / kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_ids_as_transformers(folders: dict[str, Path], kind: str) -> None:
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(folders[kind])
    ours = load_tokenizer(folders[kind])
    assert ours.vocab_size == len(theirs)
    for text in TEXTS:
        assert ours.encode_prompt(text) == theirs(text).input_ids
        plain = theirs(text, add_special_tokens=False).input_ids
        assert ours.encode(text) == ours.encode_framed(text) == plain
        assert ours.decode(plain) == theirs.decode(plain)
        framed = f"{SPECIAL[kind][-1]}{text}{SPECIAL[kind][0]}"
        assert ours.encode_framed(framed) == theirs(framed, add_special_tokens=False).input_ids


@pytest.mark.parametrize("kind", ["gpt-2", "qwen2"])
def test_two_files_are_enough(tmp_path: Path, kind: str) -> None:
    transformers = pytest.importorskip("transformers")
    folder = write_two_files(kind, tmp_path)
    name = "GPT2Tokenizer" if kind == "gpt-2" else "Qwen2Tokenizer"
    theirs = getattr(transformers, name).from_pretrained(folder)
    ours = load_tokenizer(folder)
    for text in TEXTS:
        assert ours.encode(text) == theirs(text).input_ids
    end = SPECIAL[kind][0]
    assert ours.special_tokens[end] == theirs.convert_tokens_to_ids(end)
    assert ours.encode_framed(f"a{end}") == theirs(f"a{end}").input_ids


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(text=st.text(max_size=30))
def test_streamed_equals_whole(folders: dict[str, Path], kind: str, text: str) -> None:
    tokenizer = load_tokenizer(folders[kind])
    ids = tokenizer.encode(text)
    stream = StreamDecoder(tokenizer)
    assert "".join(map(stream.push, ids)) + stream.finish() == tokenizer.decode(ids)


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_spells_a_special_token(folders: dict[str, Path], kind: str) -> None:
    tokenizer = load_tokenizer(folders[kind])
    for token, id in tokenizer.special_tokens.items():
        assert id not in tokenizer.encode(f"a{token}b")


def test_a_continuation_keeps_its_blank(folders: dict[str, Path]) -> None:
    tokenizer = load_tokenizer(folders["llama-2"])
    vocabulary = range(tokenizer.vocab_size)
    blank = next(id for id in vocabulary if tokenizer.token(id).startswith("\u2581"))
    assert StreamDecoder(tokenizer, last=tokenizer.id("e")).push(blank).startswith(" ")
    assert not StreamDecoder(tokenizer).push(blank).startswith(" ")


def test_rows_past_the_vocabulary_say_nothing(folders: dict[str, Path]) -> None:
    tokenizer = load_tokenizer(folders["gpt-2"])
    assert StreamDecoder(tokenizer).push(tokenizer.vocab_size + 3) == ""
    with pytest.raises(TokenizerError, match="outside the vocabulary"):
        tokenizer.decode([tokenizer.vocab_size])


@pytest.mark.parametrize("kind", ["gpt-2", "smollm", "qwen2", "llama-bpe"])
def test_the_way_of_cutting_is_recognised(folders: dict[str, Path], kind: str) -> None:
    assert cut_of(load_tokenizer(folders[kind]).to_json()["pre_tokenizer"]) == kind
    assert cut_of({"type": "Whitespace"}) is None


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("tokenizer.json", "{", "is not a tokenizer"),
        ("tokenizer.json", '{"model": {"type": "BPE", "vocab": {"a": -1}}}', "is not a tokenizer"),
        ("vocab.json", "[]", "holds no JSON object"),
        ("vocab.json", '{"a": "b"}', "no whole numbers"),
        ("vocab.json", '{"a": 1e400}', "no whole numbers"),
        ("merges.txt", "a\n", "line 1: 'a' is no pair"),
        ("merges.txt", "a b c\n", "is no pair"),
        ("merges.txt", "zz qq\n", "do not fit"),
        ("tokenizer_config.json", "{]", "is not readable JSON"),
    ],
)
def test_malformed_files_are_named(tmp_path: Path, name: str, content: str, problem: str) -> None:
    write_two_files("qwen2", tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(TokenizerError, match=problem):
        load_tokenizer(tmp_path)


def test_an_unknown_kind_is_named(tmp_path: Path) -> None:
    model = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0]], "byte_fallback": False}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"version": "1.0", "model": model}))
    with pytest.raises(TokenizerError, match="is a Unigram tokenizer"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "tokenizer.model").write_bytes(b"")
    with pytest.raises(TokenizerError, match=r"It has tokenizer\.model only"):
        load_tokenizer(tmp_path)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_tokenizer_is_refused_or_works(
    folders: dict[str, Path], data: st.DataObject
) -> None:
    """Any part of a good file exchanged for anything: an error of ours, or a tokenizer."""
    kind = data.draw(st.sampled_from(["qwen2", "llama-2"]))
    values = json.loads((folders[kind] / "tokenizer.json").read_text("utf-8"))
    place = values
    for _ in range(data.draw(st.integers(0, 3))):
        inner = [k for k, v in place.items() if isinstance(v, dict) and v]
        if inner:
            place = place[data.draw(st.sampled_from(sorted(inner)))]
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(VALUES)
    folder = folders[kind].parent / "damaged"
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(values), "utf-8")
    try:
        tokenizer = load_tokenizer(folder)
    except TokenizerError:
        return
    assert isinstance(tokenizer.encode("a b 1"), list)
