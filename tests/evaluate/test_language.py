"""Perplexity is that of the definition, whatever the windows; text is compared fairly."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from dragon.errors import DataError, InputError
from dragon.evaluate.language import bleu, diversity, language, load_text, perplexity
from dragon.evaluate.likelihood import LanguageModel
from tests.evaluate.models import TEXTS, write_knowing, write_random


def test_a_model_without_opinion_is_as_surprised_as_its_vocabulary_is_large(tmp_path: Path) -> None:
    model = LanguageModel.open(write_knowing(tmp_path, []))
    scores = {s.name: s for s in perplexity(model, TEXTS[0] * 9)}
    size = model.engine.config.vocab_size
    assert scores["perplexity"].value == pytest.approx(size, rel=1e-4)
    tokens = len(model.tokenizer.encode(TEXTS[0] * 9))
    bits = tokens * math.log2(size) / len((TEXTS[0] * 9).encode())
    assert scores["bits_per_byte"].value == pytest.approx(bits, rel=1e-4)
    assert scores["perplexity"].count == tokens


@pytest.mark.parametrize("times", [1, 2, 3, 7])
def test_every_token_is_judged_once(tmp_path: Path, times: int) -> None:
    """The bigram table sees one token back: windows cannot change what it says."""
    model = LanguageModel.open(write_knowing(tmp_path, TEXTS))
    text = " ".join(TEXTS * times)
    ids = model.encode(text)
    losses = [-float(model.log_probs([ids[i : i + 2]])[0][0]) for i in range(len(ids) - 1)]
    scores = {s.name: s for s in perplexity(model, text)}
    assert scores["perplexity"].value == pytest.approx(math.exp(np.mean(losses)), rel=1e-3)
    assert scores["perplexity"].low <= scores["perplexity"].value <= scores["perplexity"].high


def test_a_learnt_text_surprises_less(tmp_path: Path) -> None:
    knows = LanguageModel.open(write_knowing(tmp_path / "a", TEXTS))
    guesses = LanguageModel.open(write_random(tmp_path / "b"))
    first, second = (perplexity(m, " ".join(TEXTS))[0].value for m in (knows, guesses))
    assert first < second


def test_paragraphs_are_written_on(tmp_path: Path) -> None:
    model = LanguageModel.open(write_knowing(tmp_path, TEXTS))
    lines = [" ".join(["Ada Lind was born in Oslo ."] * 12), "= Heading ="] * 3
    result = language(model, lines, prompts=2)
    assert result.metrics["bleu"] > 0
    assert {"trigram_diversity", "reference_trigram_diversity"} <= result.metrics.keys()
    assert result.settings["prompts"] == 2
    assert language(model, lines, prompts=2) == result


def test_bleu_is_100_for_the_same_and_0_for_nothing_shared() -> None:
    texts = ["the cat sat on the mat today", "a dog ran over the long road"]
    assert bleu(texts, texts).value == pytest.approx(100)
    other = bleu(["x y z u v w q"] * 2, texts)
    assert other.value < 5
    assert other.low <= other.value <= other.high + 1e-9


def test_diversity_counts_repetitions() -> None:
    assert diversity("a b c d e") == 1
    assert diversity("a a a a a a") == 0.25


def test_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.jsonl"
    path.write_text(json.dumps({"text": " \n"}))
    with pytest.raises(DataError, match="holds no text"):
        load_text(path)
    model = LanguageModel.open(write_random(tmp_path / "m"))
    with pytest.raises(InputError, match="The text is empty"):
        perplexity(model, "")
