"""Sets that grow: killed and gone on with, their documents found again, mixed by weight."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dragon.cli.main import main
from dragon.config import DataConfig
from dragon.data.prepare import prepare
from dragon.data.shards import ReadingSet, document_borders, language_tokens, read_manifest
from dragon.errors import DataError
from dragon.tokenizer import BpeTokenizer, load_tokenizer
from tests.data.corpus import ARTICLE
from tests.data.killing import kill_after

SLOW = """
import json, sys, time
from pathlib import Path
from dragon.config import DataConfig, from_dict
from dragon.data import stage, unfinished
from dragon.data.prepare import prepare
stage.BLOCK, unfinished.TOGETHER = 3000, 1
def slowly(what, *_):
    time.sleep(0 if "tokenizer" in what else 0.05)
prepare(from_dict(DataConfig, json.loads(sys.argv[1]), "data"), Path(sys.argv[2]), slowly)
"""


def settings(tmp_path: Path, objective: str) -> dict[str, Any]:
    folder = tmp_path / "texts"
    if not folder.exists():
        folder.mkdir()
        for name in "abcdefgh":
            rows = [{"title": f"{name}{n}", "text": f"{name}{n}. {ARTICLE}"} for n in range(4)]
            (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    every = {"workers": 1, "vocab_size": 400, "held_out_every": 7}
    return {"objective": objective, "sources": (str(folder),), **every}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("objective", ["language", "reader"])
def test_kill_9_and_the_same_again_give_the_same(tmp_path: Path, objective: str) -> None:
    def command(name: str) -> list[str]:
        made = json.dumps(settings(tmp_path, objective))
        return [sys.executable, "-c", SLOW, made, str(tmp_path / name)]

    begun = subprocess.Popen(command("killed"))
    journal = tmp_path / ".killed.unfinished" / ".journal"
    kill_after(4, journal, begun)
    tokenizer = journal.with_name("tokenizer.json").stat()
    with pytest.raises(DataError, match="No data folder at"):
        read_manifest(tmp_path / "killed")
    with pytest.raises(DataError, match="is no finished data folder"):
        read_manifest(journal.parent)
    with journal.with_name("train.bin").open("ab") as file:
        file.write(b"\1")  # half an id
    subprocess.run(command("killed"), check=True)
    again = (tmp_path / "killed" / "tokenizer.json").stat()
    assert (again.st_ino, again.st_mtime_ns) == (tokenizer.st_ino, tokenizer.st_mtime_ns)
    subprocess.run(command("whole"), check=True)
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_documents_are_found_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = DataConfig(**settings(tmp_path, "language"), randomize=False)
    manifest = prepare(config, tmp_path / "set")
    tokenizer = load_tokenizer(tmp_path / "set")
    found = {}
    for split in ("train", "val"):
        tokens, borders = (f(tmp_path / "set", split) for f in (language_tokens, document_borders))
        assert len(borders) == manifest["splits"][split]["documents"] + 1
        assert (tokens[borders[1:] - 1] == manifest["end_id"]).all()
        for start, end in pairwise(borders.tolist()):
            text = tokenizer.decode(tokens[start : end - 1].tolist())
            assert text.endswith(ARTICLE)
            found[text.split(".")[0]] = split
    assert len(found) == 32
    assert {title for title, split in found.items() if split == "val"} == set(manifest["held_out"])
    assert main(["data", "show", str(tmp_path / "set"), "-n", "2"]) == 0
    shown = capsys.readouterr().out
    assert "documents" in shown
    assert shown.count("\ndocument ") == 2
    lengths = np.fromfile(tmp_path / "set" / "train.documents.bin", dtype=np.uint32)
    lengths[:-1].tofile(tmp_path / "set" / "train.documents.bin")
    with pytest.raises(DataError, match="The folder is damaged"):
        document_borders(tmp_path / "set", "train")
    (tmp_path / "set" / "train.documents.bin").unlink()
    with pytest.raises(DataError, match=r"train\.documents\.bin cannot be read"):
        document_borders(tmp_path / "set", "train")


def test_weights_are_fractions_too(tmp_path: Path) -> None:
    base = settings(tmp_path, "language") | {"held_out_every": 0, "randomize": False}
    rows = [{"text": f"{name} {n}. {ARTICLE[:60]}"} for name in ("x", "y") for n in range(400)]
    for name, part in (("x", rows[:400]), ("y", rows[400:])):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, part)))
    base["sources"] = (str(tmp_path / "x.jsonl"), str(tmp_path / "y.jsonl"))
    prepare(DataConfig(**base, passes={"x": 0.25, "y": 1.5}), tmp_path / "set")
    tokens, borders = (f(tmp_path / "set", "train") for f in (language_tokens, document_borders))
    tokenizer = load_tokenizer(tmp_path / "set")
    firsts = [tokenizer.decode(tokens[at : at + 8].tolist())[:5] for at in borders[:-1]]
    counts = Counter(first[0] for first in firsts)
    assert 60 < counts["x"] < 140
    assert 520 < counts["y"] < 660
    whole = prepare(DataConfig(**base), tmp_path / "whole")["splits"]["train"]["documents"]
    assert whole > 780


def test_sources_of_exercises_keep_their_numbers(tmp_path: Path) -> None:
    config = DataConfig(**settings(tmp_path, "reader"))
    counts = prepare(config, tmp_path / "set")["splits"]["train"]["sources"]
    table = ReadingSet(tmp_path / "set", "train").table
    assert list(counts.values()) == np.bincount(table["source"], minlength=len(counts)).tolist()


def gpt2(folder: Path, end: str = "<|endoftext|>") -> Path:
    """A tokenizer in the two files of GPT-2, which know no other special token than the end."""
    trained = BpeTokenizer.train([ARTICLE], 330)
    values = trained.to_json()
    special = {token["content"] for token in values["added_tokens"]}
    words = [word for word in values["model"]["vocab"] if word not in special]
    folder.mkdir()
    vocab = {word: id for id, word in enumerate([*words, end])}
    (folder / "vocab.json").write_text(json.dumps(vocab))
    merges = (" ".join(pair) for pair in values["model"]["merges"])
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]))
    return folder


def test_other_peoples_texts_end_with_their_own_token(tmp_path: Path) -> None:
    config = DataConfig(**settings(tmp_path, "language"), tokenizer=str(gpt2(tmp_path / "gpt2")))
    manifest = prepare(config, tmp_path / "set")
    tokenizer = load_tokenizer(tmp_path / "set")
    assert manifest["end_id"] == tokenizer.id("<|endoftext|>") > 0
    tokens = language_tokens(tmp_path / "set", "train")
    borders = document_borders(tmp_path / "set", "train")
    assert (tokens == manifest["end_id"]).sum() == len(borders) - 1


def test_a_tokenizer_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    config = DataConfig(**settings(tmp_path, "reader"), tokenizer=str(gpt2(tmp_path / "gpt2")))
    with pytest.raises(DataError, match=r"has no <\|end\|> with the id 0, which exercises need"):
        prepare(config, tmp_path / "set")
    endless = gpt2(tmp_path / "endless", "<|none|>")
    with pytest.raises(DataError, match="has no token that ends a text"):
        prepare(replace(config, objective="language", tokenizer=str(endless)), tmp_path / "set")
    assert not (tmp_path / "set").exists()
