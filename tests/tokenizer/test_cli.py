"""`dragon tokenizer` on real files, good and bad."""

import io
import json
import lzma
from pathlib import Path

import pytest

from dragon.cli.main import main
from dragon.tokenizer import load_tokenizer
from tests.tokenizer.corpus import CORPUS

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with the corpus as Markdown and as compressed rows."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.md").write_text("\n".join(CORPUS[:3]))
    with lzma.open(folder / "b.jsonl.xz", "wt") as file:
        file.writelines(json.dumps({"text": t, "note": "zebra"}) + "\n" for t in CORPUS[3:])
    return folder


@pytest.fixture
def trained(source: Path, tmp_path: Path) -> Path:
    out = tmp_path / "bpe"
    assert main(["tokenizer", "train", str(source), "--out", str(out), "--vocab-size", "350"]) == 0
    return out


def test_train_encode_decode(trained: Path, capsys: Capture) -> None:
    capsys.readouterr()
    text = "The größte ship, 17 €"
    assert main(["tokenizer", "encode", "--tokenizer", str(trained), text]) == 0
    ids = capsys.readouterr().out.split()
    assert main(["tokenizer", "decode", "--tokenizer", str(trained), "2", *ids, "0"]) == 0
    assert capsys.readouterr().out == f"<|question|>{text}<|end|>\n"


def test_encode_and_decode_read_standard_input(
    trained: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.StringIO("the ships\n"))
    assert main(["tokenizer", "encode", "--tokenizer", str(trained)]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(capsys.readouterr().out.replace(" ", ", ")))
    assert main(["tokenizer", "decode", "--tokenizer", str(trained)]) == 0
    assert capsys.readouterr().out == "the ships\n\n"


def test_encode_lists_tokens_with_their_offsets(trained: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["tokenizer", "encode", "--tokenizer", str(trained), "--tokens", "17€"]) == 0
    rows = [line.split("\t")[1:3] for line in capsys.readouterr().out.splitlines()]
    assert rows[:2] == [["0", "1"], ["1", "2"]]
    assert set(map(tuple, rows[2:])) == {("2", "3")}


def test_train_reads_the_fields_it_is_told_to(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "words"
    arguments = ["tokenizer", "train", str(source), "--out", str(out), "--kind", "word", "--lower"]
    assert main([*arguments, "--field", "note"]) == 0
    tokenizer = load_tokenizer(out)
    assert tokenizer.vocab_size == 18
    assert tokenizer.decode(tokenizer.encode("Zebra")) == "zebra"


def test_extend_keeps_ids(trained: Path, tmp_path: Path, capsys: Capture) -> None:
    more = tmp_path / "more.txt"
    more.write_text("tardigrades, tardigrades, tardigrades")
    out = tmp_path / "extended"
    common = ["tokenizer", "extend", str(more), "--tokenizer", str(trained)]
    assert main([*common, "--out", str(out), "--add", "4"]) == 0
    old, new = load_tokenizer(trained), load_tokenizer(out)
    assert new.vocab_size == old.vocab_size + 4
    assert new.encode(CORPUS[0]) == old.encode(CORPUS[0])


def test_show(trained: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["tokenizer", "show", "--tokenizer", str(trained)]) == 0
    text = capsys.readouterr().out
    assert "350" in text
    assert "0:<|end|>" in text
    assert main(["tokenizer", "show", "--tokenizer", str(trained), "12 [b]日"]) == 0
    shown, count = capsys.readouterr().out.splitlines()
    assert shown == "[1][2][ ][[][b][]][日]"
    assert count == "9 tokens, 7 characters, 1.00 bytes a token"


def test_a_small_corpus_is_said(source: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["tokenizer", "train", str(source), "--out", str(tmp_path / "o")]) == 0
    assert "of 16384 tokens; more text gives more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "{tmp}/none", "--out", "{tmp}/o"], 1, "No training text at"),
        (["train", "{tmp}/texts", "--out", "{tmp}/o", "--vocab-size", "9"], 2, "vocab_size is 9."),
        (["train", "{tmp}/texts", "--out", "{tmp}/o", "--field", "x"], 1, "holds no text"),
        (["train", "{tmp}/texts", "--out", "{tmp}/o", "--lower"], 2, "--lower is for --kind word"),
        (["train", "{tmp}/texts", "--out", "{tmp}/bpe"], 2, "already holds a tokenizer"),
        (["extend", "{tmp}/texts", "--out", "{tmp}/o", "--add", "0"], 2, "new_tokens is 0."),
        (["decode", "5", "x1"], 2, "'x1' is not a token id."),
        (["decode", "350"], 1, "Token id 350 is outside the vocabulary."),
    ],
)
def test_bad_input_is_one_line(
    trained: Path, tmp_path: Path, capsys: Capture, arguments: list[str], code: int, message: str
) -> None:
    capsys.readouterr()
    before = (trained / "tokenizer.json").read_bytes()
    command = [argument.format(tmp=tmp_path) for argument in arguments]
    if command[0] != "train":
        command += ["--tokenizer", str(trained)]
    assert main(["tokenizer", *command]) == code
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
    assert (trained / "tokenizer.json").read_bytes() == before
    assert not (tmp_path / "o").exists()
