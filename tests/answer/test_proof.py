"""A citation that its document does not bear out is refused."""

from dataclasses import replace

import pytest

from dragon.answer import Answerer, Citation
from dragon.answer.proof import UnprovenQuoteError, prove
from dragon.answer.reader import Reader
from dragon.retrieval import Index

DOCUMENT = "Ask Ada. Visitors may stay 30 days."
TRUE = Citation(
    1, "a.md", "30", 27, 29, "Visitors may stay 30 days.", 9,
    "Visitors may stay 30 days.", 18, 20, "", 0.9, False,
)  # fmt: skip


def test_a_true_citation_passes() -> None:
    prove(TRUE, DOCUMENT)


@pytest.mark.parametrize(
    "change",
    [
        {"start": 26},
        {"start": 28, "end": 30},
        {"quote": "45"},
        {"quote": "", "end": 27},
        {"sentence": "Visitors may stay 45 days."},
        {"sentence_start": 8},
        {"sentence": "30 days", "sentence_start": 28},
        {"sentence": "Ask Ada.", "sentence_start": 0},
        {"wording_start": 17},
        {"wording": "Visitors may stay 45 days."},
    ],
)
def test_a_false_one_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UnprovenQuoteError):
        prove(replace(TRUE, **change), DOCUMENT)  # type: ignore[arg-type]


def test_an_index_whose_text_has_shifted_gives_no_answer(reader: Reader, tmp_path) -> None:
    (tmp_path / "a.md").write_text(DOCUMENT)
    with Index.open(tmp_path / "index.db", create=True) as index:
        index.add([tmp_path / "a.md"])
        assert not Answerer(index, reader).ask("How many days may visitors stay?").abstained
        index._connection.execute("UPDATE passages SET start = start + 1")
        with pytest.raises(UnprovenQuoteError, match=r"a\.md"):
            Answerer(index, reader).ask("How many days may visitors stay?")
