"""Word vectors: kept as they were saved, alike where words share company or a meaning."""

from pathlib import Path

import numpy as np
import pytest

from dragon.errors import CheckpointError, DataError
from dragon.text.vectors import VECTORS_FILE, WordVectors, load_vectors
from dragon.train.word_vectors import learn_vectors

KINDS = ("ship boat ferry vessel".split(), "bread cake roll loaf".split())
FRAMES = (
    (
        "the {} left the harbour at dawn and crossed the strait",
        "a {} must reach the quay before the tide falls",
        "the captain steered her {} through fog to port",
    ),
    (
        "she baked a {} with flour and butter in the oven",
        "slice the {} and serve it warm with jam",
        "the baker sold every {} fresh from the oven",
    ),
)


def texts() -> list[str]:
    return [
        frame.format(word) for k, words in enumerate(KINDS) for word in words for frame in FRAMES[k]
    ] * 5


def test_words_in_the_same_company_are_alike() -> None:
    learned = learn_vectors(texts(), width=6)
    table = learned.similarity(("ship",), ("boat", "ferri", "bread", "cake"))[0]
    assert min(table[:2]) > max(table[2:]) + 0.3


def test_synonyms_are_drawn_together() -> None:
    plain = learn_vectors(texts(), width=6)
    drawn = learn_vectors(texts(), [["vessel", "loaf"], ["unheard", "of"]], width=6)
    pair = ("vessel",), ("loaf",)
    assert drawn.similarity(*pair)[0, 0] > plain.similarity(*pair)[0, 0] + 0.3


def test_names_and_numbers_get_no_vector() -> None:
    learned = learn_vectors(["Anna met Berta in 1912 at sea", "the sea was calm"] * 9, width=2)
    assert "sea" in learned
    assert "anna" not in learned
    assert "1912" not in learned


def test_equal_stems_are_alike_and_unknown_ones_are_not() -> None:
    learned = WordVectors(["a", "b"], np.array([[127, 0], [0, 127]], np.int8))
    table = learned.similarity(("a", "b", "zz"), ("a", "zz", "yy"))
    assert table.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert learned.similarity((), ("a",)).shape == (0, 1)


def test_nearest_come_best_first_and_leave_the_word_out() -> None:
    vectors = np.array([[100, 0], [90, 10], [50, 50], [0, 100]], np.int8)
    learned = WordVectors(["a", "b", "c", "d"], vectors)
    found = learned.nearest(["a", "unknown", "d"], 2)
    assert {stem: [other for other, _ in near] for stem, near in found.items()} == {
        "a": ["b", "c"],
        "d": ["c", "b"],
    }
    assert found["a"][0][1] > found["a"][1][1]
    assert learned.nearest(["unknown"], 2) == {}
    assert [other for other, _ in learned.nearest(["a"], 2, least=0.9)["a"]] == ["b"]


def test_nearest_of_a_large_table_are_those_of_the_cosines() -> None:
    drawn = np.random.default_rng(5).integers(-127, 128, (5000, 8), np.int8)
    drawn[17] = 0
    stems = [str(row) for row in range(5000)]
    learned = WordVectors(stems, drawn)
    for stem, near in learned.nearest(["3", "4999"], 4).items():
        table = learned.similarity([stem], stems)[0]
        table[int(stem)] = -2
        assert [other for other, _ in near] == [stems[i] for i in np.argsort(-table)[:4]]
        assert [cosine for _, cosine in near] == pytest.approx(sorted(table)[:-5:-1], abs=1e-6)
    assert [cosine for _, cosine in learned.nearest(["17"], 2)["17"]] == [0, 0]


def test_saved_is_loaded(tmp_path: Path) -> None:
    learned = learn_vectors(texts(), width=4)
    learned.save(tmp_path)
    loaded = load_vectors(tmp_path)
    assert loaded is not None
    pair = ("ship", "oven"), ("boat", "cake")
    assert (loaded.similarity(*pair) == learned.similarity(*pair)).all()


def test_a_folder_without_vectors_has_none(tmp_path: Path) -> None:
    assert load_vectors(tmp_path) is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    WordVectors(["a", "b"], np.ones((2, 2), np.int8)).save(tmp_path)
    whole = (tmp_path / VECTORS_FILE).read_bytes()
    (tmp_path / VECTORS_FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=r"word_vectors\.npz cannot be read"):
        load_vectors(tmp_path)


def test_vectors_of_another_number_are_refused(tmp_path: Path) -> None:
    WordVectors(["a", "b"], np.ones((3, 2), np.int8)).save(tmp_path)
    with pytest.raises(CheckpointError, match="for 2 stems"):
        load_vectors(tmp_path)


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(DataError, match="no words to compare"):
        learn_vectors(["of the and"])
