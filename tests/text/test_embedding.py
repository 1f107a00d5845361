"""Vectors of texts: of length 1, the same whatever stands beside them, near for like meaning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.text.embedding import embedded
from dragon.text.vectors import WordVectors

ROWS = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0]], np.float32)
VECTORS = WordVectors.of_floats(("time", "ferri", "spintron"), ROWS)


@given(st.text(min_size=1, max_size=80))
def test_every_text_has_a_vector_of_length_one(text: str) -> None:
    found = embedded(text, VECTORS)
    assert found.shape == (3,)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(found, embedded(text, VECTORS))


def test_rare_words_count_more() -> None:
    common, rare = embedded("time ferry", VECTORS)[:2]
    assert rare > common > 0


def test_words_without_a_vector_agree_with_themselves_alone() -> None:
    anna, again, bert = (embedded(name, WIDE) for name in ("Anna", "anna's", "Bert"))
    assert anna == pytest.approx(again)
    assert abs(anna @ bert) < 0.5


def test_opposite_words_leave_the_first() -> None:
    assert embedded("the of", VECTORS) @ embedded("the of", VECTORS) == pytest.approx(1)
    assert embedded("!!!", VECTORS) == pytest.approx(embedded(" !!! ", VECTORS))


WIDE = WordVectors.of_floats(("time",), np.eye(1, 96, dtype=np.float32))
