"""Every manifest names the licence of every source, and stages hand it on."""

import json
from pathlib import Path
from typing import Any

import pytest

from dragon.cli.main import main
from dragon.config import DataConfig
from dragon.data.licences import Licences, parsed
from dragon.data.prepare import prepare
from dragon.data.renaming import randomize
from dragon.data.synthesis import synthesize
from dragon.errors import InputError
from tests.data.corpus import ARTICLE, ROWS


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_nearest_word_counts(tmp_path: Path) -> None:
    source = write(tmp_path / "wiki.jsonl", {"text": "a"})
    rows: list[dict[str, Any]] = [{"text": "a"}, {"text": "b", "license": "MIT"}]

    def counted(given: dict[str, str]) -> dict[str, int]:
        return dict(Licences([source], given).count(0, rows))

    assert counted({}) == {"unknown": 1, "MIT": 1}
    (tmp_path / "manifest.json").write_text(
        json.dumps({"files": {"wiki.jsonl": {"licences": {"CC BY 4.0": 3, "CC0": 1}}}})
    )
    assert counted({}) == {"CC BY 4.0; CC0": 1, "MIT": 1}
    (tmp_path / "wiki.jsonl.licence").write_text("CC BY-SA 3.0\n")
    assert counted({}) == {"CC BY-SA 3.0": 1, "MIT": 1}
    assert counted({"": "GPL", "wiki": "ODbL"}) == {"ODbL": 1, "MIT": 1}
    assert counted({"": "GPL", "squad": "ODbL"}) == {"GPL": 1, "MIT": 1}


@pytest.mark.parametrize("option", ["", "wiki=", "=MIT"])
def test_a_licence_without_a_name_is_refused(option: str) -> None:
    with pytest.raises(InputError, match="is not understood"):
        parsed([option])


@pytest.mark.parametrize("stage", ["randomize", "prepare"])
def test_what_no_source_is_called_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str
) -> None:
    (tmp_path / "wiki").mkdir()
    source = write(tmp_path / "wiki" / "page.jsonl", *ROWS)
    command = ["data", stage, str(source), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert main([*command, "--licence", "wiki=MIT"]) == 2
    assert "--licence wiki: no source is called so." in capsys.readouterr().err
    command += ["--vocab-size", "300"] if stage == "prepare" else []
    assert main([*command, "--licence", "wiki/=MIT"]) == 0
    assert "MIT (4 rows)" in capsys.readouterr().out
    if stage == "prepare":
        assert main([*command, "--passes", "wiki=2"]) == 2
        assert "--passes wiki: no source is called so." in capsys.readouterr().err


def test_stages_hand_licences_on(tmp_path: Path) -> None:
    rows = [ROWS[0], ROWS[1] | {"licence": "CC0-1.0"}]
    write(tmp_path / "wiki.jsonl", *rows)
    (tmp_path / "note.txt").write_text(ARTICLE)
    sources = [tmp_path / "note.txt", tmp_path / "wiki.jsonl"]
    first = randomize(sources, tmp_path / "a", licences={"wiki": "CC BY-SA 3.0"}, workers=1)
    found = {Path(name).name: entry for name, entry in first["sources"].items()}
    assert found["wiki.jsonl"]["licences"] == {"CC BY-SA 3.0": 1, "CC0-1.0": 1}
    assert found["wiki.jsonl"]["rows"] == 2
    assert found["wiki.jsonl"]["bytes"] == (tmp_path / "wiki.jsonl").stat().st_size
    assert len(found["wiki.jsonl"]["sha256"]) == 64
    assert found["note.txt"]["licences"] == {"unknown": 1}
    second = synthesize([tmp_path / "a"], tmp_path / "b", workers=1)
    files = second["files"]
    assert files["wiki.jsonl"]["licences"] == {"CC BY-SA 3.0; CC0-1.0": 1, "CC0-1.0": 1}
    made = [json.loads(line) for line in (tmp_path / "b" / "wiki.jsonl").read_text().splitlines()]
    assert {row.get("licence") for row in made} == {None, "CC0-1.0"}
    config = DataConfig(sources=(str(tmp_path / "a"),), vocab_size=400, workers=1)
    third = prepare(config, tmp_path / "c")
    assert third["sources"][str(tmp_path / "a" / "note.jsonl")]["licences"] == {"unknown": 1}


def test_said_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = write(tmp_path / "wiki.jsonl", *ROWS), str(tmp_path / "out")
    command = ["data", "randomize", str(source), "--out", out, "--workers", "1"]
    assert main(command) == 0
    assert "licences: unknown (4 rows); --licence names one" in capsys.readouterr().out
    assert main([*command, "--licence", "wiki=CC BY-SA 3.0"]) == 0
    assert "licences: CC BY-SA 3.0 (4 rows)\n" in capsys.readouterr().out
    assert main(["data", "show", out, "-n", "1"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("randomized")
    assert "wiki.jsonl: 4 rows, CC BY-SA 3.0" in shown
    assert "\ntext: " in shown
    command = ["data", "prepare", str(source), "--out", out, "--vocab-size", "400"]
    assert main([*command, "--workers", "1", "--licence", "CC0-1.0"]) == 0
    assert "licences: CC0-1.0 (4 rows)" in capsys.readouterr().out
