"""Passages that say it in other words are found, and rank by how much of the question they say."""

import numpy as np
import pytest

from dragon.retrieval import Index
from dragon.retrieval.synonyms import other_words, said_by
from dragon.text.vectors import WordVectors

VECTORS = WordVectors(
    ["vacat", "holiday", "footag", "video", "bread"],
    np.array([[9, 1, 0], [9, 2, 0], [0, 9, 1], [0, 9, 2], [1, 0, 9]], np.int8),
)


def test_what_is_said_in_other_words_is_found(index: Index, docs) -> None:
    index.add([docs])
    assert index.search("vacation") == []
    (hit,) = index.search("vacation", vectors=VECTORS)
    assert hit.passage.text == "Holidays are 25 days."


def test_the_words_themselves_come_before_other_words(index: Index, tmp_path) -> None:
    (tmp_path / "a.md").write_text("The holiday is long.")
    (tmp_path / "b.md").write_text("The vacation is long.")
    index.add([tmp_path / "a.md", tmp_path / "b.md"])
    found = [h.passage.text for h in index.search("vacation", vectors=VECTORS)]
    assert found == ["The vacation is long.", "The holiday is long."]
    assert [h.passage.text for h in index.search("vacation")] == found[:1]


def test_like_words_raise_a_passage(index: Index, tmp_path) -> None:
    (tmp_path / "a.md").write_text("We keep the bread.")
    (tmp_path / "b.md").write_text("We keep the video.")
    index.add([tmp_path / "a.md", tmp_path / "b.md"])
    best = index.search("Who may keep footage?", vectors=VECTORS)[0]
    assert best.passage.text == "We keep the video."


def test_other_words_are_near_ones_only() -> None:
    assert other_words(["vacation", "bread"], VECTORS) == ["holiday"]
    assert other_words(["vacation", "holidays"], VECTORS) == []
    assert other_words(["vacation"], None) == []


def test_a_sentence_says_a_word_once() -> None:
    worth = said_by(
        ["footage", "keep"], [2.0, 1.0], [["video", "video"], ["keep", "bread"], []], VECTORS
    )
    assert worth[0] == pytest.approx(2.0, abs=0.05)
    assert worth[1] == 1.0
    assert worth[2] == 0.0
