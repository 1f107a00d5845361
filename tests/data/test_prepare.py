"""`dragon data prepare` and `show` on real folders, good and bad."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dragon.cli.main import main
from dragon.config import DataConfig
from dragon.data.prepare import is_prepared, prepare
from dragon.data.shards import ReadingSet, language_tokens, read_manifest
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.reading import TEXT
from tests.data.corpus import ARTICLE, ROWS

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A user's folder: pages of text, nothing else."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(6):
        page = f"# Page {number}\n\n{ARTICLE}\n\nPage {number} names Ida Marsh {number + 40} times."
        (folder / f"page_{number}.md").write_text(page)
    return folder


@pytest.fixture
def config(texts: Path) -> DataConfig:
    return DataConfig(sources=(str(texts),), vocab_size=500, held_out_every=3, workers=1, seed=4)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_set(config: DataConfig, tmp_path: Path) -> None:
    prepare(config, tmp_path / "a")
    prepare(config, tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")
    prepare(replace(config, seed=5), tmp_path / "b")
    assert files(tmp_path / "a")["train.bin"] != files(tmp_path / "b")["train.bin"]


def test_the_manifest_names_every_file_with_its_hash(config: DataConfig, tmp_path: Path) -> None:
    for objective in ("reader", "language"):
        made = prepare(replace(config, objective=objective), tmp_path / "a")  # type: ignore[arg-type]
        content = files(tmp_path / "a")
        assert made["files"].keys() == content.keys() - {"manifest.json"}
        for name, entry in made["files"].items():
            assert entry["bytes"] == len(content[name])
            assert entry["sha256"] == hashlib.sha256(content[name]).hexdigest()


def test_several_processes_give_the_same_set(config: DataConfig, tmp_path: Path) -> None:
    prepare(config, tmp_path / "a")
    prepare(replace(config, workers=2), tmp_path / "b")
    one, two = files(tmp_path / "a"), files(tmp_path / "b")
    assert all(one[name] == two[name] for name in one if name != "manifest.json")


def test_answers_are_spelt_in_the_prompt(config: DataConfig, tmp_path: Path) -> None:
    manifest = prepare(config, tmp_path / "a")
    data, tokenizer = ReadingSet(tmp_path / "a", "train"), load_tokenizer(tmp_path / "a")
    assert len(data) == manifest["splits"]["train"]["examples"] > 8
    for offset, length, start, end, _ in data.table.tolist():
        ids = data.ids[offset : offset + length].tolist()
        assert length <= config.max_tokens
        if start:
            assert ids.index(TEXT) < start <= end < length - 1
            assert tokenizer.decode(ids[start : end + 1]).strip()


def test_held_out_documents_are_not_trained_on(config: DataConfig, tmp_path: Path) -> None:
    manifest = prepare(replace(config, objective="language", randomize=False), tmp_path / "a")
    assert manifest["held_out"] == ["page 0", "page 3"]
    tokenizer = load_tokenizer(tmp_path / "a")
    train, val = (
        tokenizer.decode(language_tokens(tmp_path / "a", split).tolist())
        for split in ("train", "val")
    )
    assert "Page 3 names Ida Marsh 43 times." in val
    assert "Page 3 " not in train
    assert "Page 4 names Ida Marsh 44 times." in train


def test_without_names_nothing_true_is_left(config: DataConfig, tmp_path: Path) -> None:
    prepare(replace(config, objective="language"), tmp_path / "a")
    tokenizer = load_tokenizer(tmp_path / "a")
    text = tokenizer.decode(language_tokens(tmp_path / "a", "train").tolist())
    assert "count the ships every evening" in text
    assert text.count("Anna Lindqvist was born in Port Ellery in 1871") == 0


def test_peoples_questions_are_the_val_split_where_there_are_any(
    config: DataConfig, tmp_path: Path
) -> None:
    questions = tmp_path / "squad_x.jsonl"
    rows = [
        {"title": f"Light_{n}", "context": ARTICLE, "question": "Who led it?",
         "answers": ["Ida Marsh"]}
        for n in range(4)
    ]  # fmt: skip
    questions.write_text("\n".join(map(json.dumps, rows)))
    titles = tmp_path / "titles.txt"
    titles.write_text("Light 2\n\n")
    chosen = replace(
        config,
        sources=(*config.sources, str(questions)),
        held_out=str(titles),
        held_out_every=0,
        passes={"squad": 3},
        unanswerable=0.0,
    )
    splits = prepare(chosen, tmp_path / "a")["splits"]
    assert splits["val"]["sources"] == {"held-out": 1}
    assert splits["train"]["sources"]["squad"] == 9
    tokenizer, data = load_tokenizer(tmp_path / "a"), ReadingSet(tmp_path / "a", "val")
    _, _, start, end, _ = data.table[0].tolist()
    assert tokenizer.decode(data.ids[start : end + 1].tolist()) == " Ida Marsh"  # as it stands


def test_an_error_leaves_the_old_folder(config: DataConfig, texts: Path, tmp_path: Path) -> None:
    prepare(config, tmp_path / "a")
    before = files(tmp_path / "a")
    (texts / "broken.jsonl").write_text('{"text": "a')
    assert main(["data", "prepare", str(texts), "--out", str(tmp_path / "a")]) == 1
    assert files(tmp_path / "a") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "texts"]


def test_is_prepared(config: DataConfig, tmp_path: Path) -> None:
    assert not is_prepared(config, tmp_path / "a")
    prepare(config, tmp_path / "a")
    assert is_prepared(config, tmp_path / "a")
    assert not is_prepared(replace(config, cloze=1), tmp_path / "a")
    assert is_prepared(replace(config, workers=2), tmp_path / "a")


def test_prepare_and_show_from_the_command_line(
    texts: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = str(tmp_path / "set")
    toml = tmp_path / "c.toml"
    toml.write_text('[data]\nvocab_size = 500\nworkers = 1\nseed = 9\nsources = ["nowhere"]\n')
    command = ["data", "prepare", str(texts), "--out", out, "--config", str(toml)]
    assert main([*command, "--held-out-every", "3", "--passes", "page=2", "--cloze", "1"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{out}: train ")
    assert said.err == ""
    settings = read_manifest(Path(out))["settings"]
    assert (settings["seed"], settings["cloze"], settings["passes"]) == (9, 1, {"page": 2})
    assert main(["data", "show", out, "-n", "30"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("reading ")
    assert "»" in shown
    assert "«" in shown
    assert "\n? " in shown
    assert "<|" not in shown
    assert main(["data", "show", out, "-n", "30"]) == 0
    assert capsys.readouterr().out == shown
    assert main([*command, "--objective", "language", "--no-randomize"]) == 0
    assert main(["data", "show", out]) == 0
    assert "language" in capsys.readouterr().out


def test_show_reads_a_long_vocabulary_of_its_own(config: DataConfig, tmp_path: Path) -> None:
    manifest = prepare(config, tmp_path / "a")
    assert manifest["vocab_size"] == load_tokenizer(tmp_path / "a").vocab_size
    assert int(np.max(ReadingSet(tmp_path / "a", "train").ids)) < manifest["vocab_size"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prepare", "--out", "{tmp}/o"], "No sources are given."),
        (["prepare", "{tmp}/none", "--out", "{tmp}/o"], "No training text at"),
        (["prepare", "{tmp}/texts", "--out", "{tmp}/o", "--objective", "x"], "data.objective is"),
        (["prepare", "{tmp}/texts", "--out", "{tmp}/o", "--passes", "x"], "--passes 'x' is not"),
        (["prepare", "{tmp}/texts", "--out", "{tmp}/o", "--max-tokens", "5"], "data.max_tokens"),
        (["prepare", "{tmp}/texts", "--out", "{tmp}/o", "--tokenizer", "{tmp}"], "No tokenizer"),
        (["prepare", "{tmp}/texts", "--out", "{tmp}/o", "--vocab-size", "9"], "vocab_size is 9."),
        (["prepare", "{tmp}/texts", "--out", "{tmp}/o", "--held-out", "{tmp}/n"], "cannot be read"),
        (["prepare", "{tmp}/texts", "--out", "{tmp}/o", "--first-names", "{tmp}/texts/page_1.md"],
         "is no list of names"),
        (["prepare", "{tmp}/short.txt", "--out", "{tmp}/o", "--workers", "1"], "No exercise came"),
        (["prepare", "{tmp}/empty.txt", "--out", "{tmp}/o"], "holds no text"),
        (["show", "{tmp}/texts"], "is no finished data folder"),
        (["show", "{tmp}/texts", "--split", "x"], "--split is 'x'."),
    ],
)  # fmt: skip
def test_bad_calls_are_one_line(
    texts: Path, tmp_path: Path, capsys: Capture, arguments: list[str], message: str
) -> None:
    (tmp_path / "short.txt").write_text("Too short.")
    (tmp_path / "empty.txt").write_text("")
    assert main(["data", *(a.format(tmp=tmp_path) for a in arguments)]) in (1, 2)
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_rows_without_text_give_no_language(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "q.jsonl").write_text(json.dumps({"question": "a", "context": ROWS[0]["text"]}))
    command = ["data", "prepare", str(tmp_path / "q.jsonl"), "--out", str(tmp_path / "o")]
    assert main([*command, "--objective", "language", "--vocab-size", "300"]) == 1
    assert "The sources hold no text." in capsys.readouterr().err
