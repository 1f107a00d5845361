"""`dragon inspect`: one page with everything in it, and nothing in it that could run."""

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from dragon.checkpoint import write_checkpoint
from dragon.cli.main import main
from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.inspect.look import look_at_text
from dragon.inspect.page import page
from dragon.inspect.reading import look_at_passage
from dragon.models import model_folder, shipped
from dragon.reference.files import Model, save_model
from dragon.reference.settings import small
from dragon.reference.softmax import softmax
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.bpe import BpeTokenizer
from dragon.tokenizer.reading import FEATURE_SIZES, analyse, compose
from dragon.tokenizer.word import WordTokenizer
from tests.engine.models import random_tensors

TEXT = "The otter eats crabs </script><b>&amp; sings."
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
PASSAGE = "You may take at most ten consecutive days of leave. Ask the rota manager first."


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "pointer"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = WordTokenizer.train([TEXT])
    config = small(words.vocab_size, num_hidden_layers=2, pointer_head=request.param)
    path = tmp_path_factory.mktemp("models") / "tiny"
    save_model(path, Model(config, random_tensors(config), words))
    return path


@pytest.fixture(scope="module")
def recurrent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader of one page, with a recurrent head and no block."""
    folder = tmp_path_factory.mktemp("models")
    tokenizer = BpeTokenizer.train([PASSAGE], 300)
    config = ModelConfig(
        tokenizer.vocab_size,
        32,
        8,
        0,
        2,
        2,
        160,
        attention="bidirectional",
        norm="layernorm",
        reader_features=FEATURE_SIZES,
        reader_head="recurrent",
    )
    tokenizer.save(folder / "tokenizer")
    write_checkpoint(folder / "m", config, random_tensors(config), folder / "tokenizer")
    return folder / "m"


def weights(packed: str, heads: int, size: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), np.uint8).reshape(heads, size, size) / 255


def test_a_text_is_looked_at_token_by_token(folder: Path) -> None:
    look = look_at_text(folder, TEXT)
    size = len(look["tokens"])
    assert look["tokens"][0] == {"id": 0, "text": "<|end|>", "special": True}
    assert "".join(t["text"] for t in look["tokens"][1:]).startswith("The otter eats crabs")
    assert (len(look["attention"]), len(look["next"])) == (2, size)
    assert [(m["title"], len(m["names"])) for m in look["maps"]] == [("Layer 1", 4), ("Layer 2", 4)]
    for layer in look["attention"]:
        maps = weights(layer, 4, size)
        np.testing.assert_allclose(maps.sum(-1), 1, atol=size / 255)
        assert not np.triu(maps[0], 1).any()
    for entry in look["next"]:
        shares = [share for _, share in entry["best"]]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1.001
    for entry in look["next"][:-1]:
        assert entry["place"] in (-1, entry["rank"] - 1)
    assert ("pointer" in look) == ("gate" in look.get("pointer", {}))
    assert "came" not in look["next"][-1]


def test_the_page_needs_nothing_and_runs_nothing_else(folder: Path) -> None:
    text = page(look_at_text(folder, TEXT))
    (data,) = DATA.findall(text)
    assert json.loads(data)["text"] == TEXT
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(|<link|\bsrc=", text)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert (len(scripts), len(styles)) == (1, 1)
    assert "default-src 'none'" in text
    for part in (*scripts, *styles):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in text
    assert "{{" not in text.replace(data, "").replace(scripts[0], "").replace(styles[0], "")


@pytest.mark.skipif(not shipped(), reason="needs the shipped model")
def test_a_passage_is_looked_at_with_its_scores() -> None:
    question = "How long may the leave be?"
    look = look_at_passage(model_folder(), question, PASSAGE, "Annual leave")
    size = len(look["tokens"])
    assert {len(look["scores"]), len(look["features"])} == {size}
    np.testing.assert_allclose(np.sum(look["scores"], axis=0), 1, atol=0.01)
    assert look["scores"][1] == [0, 0]  # the question cannot be the answer
    assert sum(span["share"] for span in look["spans"]) + look["noAnswer"] <= 1.001
    for span in look["spans"]:
        assert span["text"] in PASSAGE
        joined = "".join(look["tokens"][i]["text"] for i in span["tokens"])
        assert span["text"] in joined
    leave = next(i for i, t in enumerate(look["tokens"]) if t["text"] == " leave" and i > 12)
    assert look["features"][leave]["words"]["match"] != "no match"


def test_a_recurrent_head_shows_what_it_looks_at(recurrent: Path) -> None:
    question = "How long may the leave be?"
    look = look_at_passage(recurrent, question, PASSAGE, "Annual leave")
    size = len(look["tokens"])
    [head] = look["maps"]
    assert head["names"] == ["align", "meet", "review"]
    assert len(head["says"]) == 3
    align, meet, review = weights(look["attention"][0], 3, size)
    asked = [i == 0 or f["words"]["segment"] == "question" for i, f in enumerate(look["features"])]
    for seen in (align, meet):
        np.testing.assert_allclose(seen.sum(-1), 1, atol=size / 255)
        assert not seen[:, np.logical_not(asked)].any(), "only the question is looked at"
    assert review[:, look["textStart"] :].any()
    assert sum(look["gist"]) == pytest.approx(1, abs=1e-3)
    assert [bool(w) for w in look["gist"]] == asked
    asks, above, text = (
        analyse(t, load_tokenizer(recurrent)) for t in (question, "Annual leave", PASSAGE)
    )
    prompt = compose(asks, above, text, 160)
    scored = Engine.open(recurrent).read([(prompt.ids, prompt.features)])[0]
    allowed = [0, *range(look["textStart"], size - 1)]
    np.testing.assert_allclose(
        np.array(look["scores"])[allowed], softmax(scored[allowed].T).T, atol=2e-4
    )
    assert "3 recurrent layers of 2 x 16" in look["facts"]


@pytest.mark.skipif(not shipped(), reason="needs the shipped model")
def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page.html"
    arguments = ["--question", "How long may the leave be?", "--html", str(out)]
    assert main(["inspect", PASSAGE, *arguments]) == 0
    assert "tokens" in capsys.readouterr().out
    assert out.read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([""], "0 tokens"),
        (["word " * 300], "a page shows 1 to 80"),
        (["a", "--question", "b"], "does not read passages"),
        (["a", "--heading", "b"], "--heading needs --question"),
        (["a", "--html", "/nowhere/x.html"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line(
    folder: Path,
    arguments: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    html = [] if "--html" in arguments else ["--html", str(tmp_path / "x.html")]
    assert main(["inspect", *arguments, "--model", str(folder), *html]) in (1, 2)
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert not (tmp_path / "x.html").exists()
