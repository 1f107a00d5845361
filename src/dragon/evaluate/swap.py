"""Does the answer follow the document when its entities are exchanged?

In: a passage with an answer that the reader finds. Out: the same passage about something else of
the same kind, and what the reader says now: the new answer, the old one, or something else
(Longpre et al. 2021, arXiv:2109.05052).
"""

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from dragon.answer.reader import Reader
from dragon.evaluate.given import Asked, read
from dragon.evaluate.result import Score, share
from dragon.evaluate.scores import exact_match
from dragon.retrieval import Hit

Kind = Literal["year", "number", "name"]
Outcome = Literal["new", "old", "other"]
_NUMBER = re.compile(r"[$£€]?\d[\d,.]*%?")
_SMALL = frozenset("of the and de la von van der for in".split())


def kind_of(answer: str) -> Kind | None:
    """What an answer is, if it is an entity that can be exchanged.

    >>> [kind_of(a) for a in ("1957", "3,500", "The Walt Disney Company", "a federal union")]
    ['year', 'number', 'name', None]
    """
    if re.fullmatch(r"1\d{3}|20\d\d", answer):
        return "year"
    if _NUMBER.fullmatch(answer):
        return "number"
    words = re.findall(r"[^\W\d_][\w'’-]*", answer)
    weighty = [w for w in words if w.lower() not in _SMALL]
    if weighty and all(w[0].isupper() for w in weighty) and len(words) <= 5:
        return "name"
    return None


def pools(answers: Iterable[str]) -> dict[Kind, list[str]]:
    """Entities of each kind, to exchange for."""
    found: dict[Kind, dict[str, None]] = {"year": {}, "number": {}, "name": {}}
    for answer in answers:
        kind = kind_of(answer)
        if kind:
            found[kind][answer] = None
    return {kind: sorted(entities) for kind, entities in found.items()}


def exchanged(
    asked: Asked, others: Mapping[Kind, Sequence[str]], seed: int = 0
) -> tuple[tuple[Hit, ...], str] | None:
    """The right passages with the answer exchanged wherever it stands, and the new answer.

    None where the answer is no entity, or stands in the question too, where a name that is asked
    about would no longer be the one in the passage.
    """
    texts = [hit.passage.text for hit in asked.right]
    old = next((a for a in asked.question.answers if any(_word(a).search(t) for t in texts)), "")
    kind = kind_of(old) if old else None
    if kind is None or _word(old).search(asked.question.question):
        return None
    whole = " ".join([*texts, asked.question.question, *asked.question.answers]).casefold()
    rng = random.Random(f"{seed} {asked.question.question}")
    fitting = [o for o in others[kind] if o.casefold() not in whole]
    if not fitting:
        return None
    new = rng.choice(fitting)
    return tuple(_under(hit, old, new) for hit in asked.right), new


def outcome(said: str, new: str, old: Sequence[str]) -> Outcome:
    """Which of both an answer is."""
    if said and exact_match(said, [new]):
        return "new"
    return "old" if said and exact_match(said, old) else "other"


def swapped(reader: Reader, asked: Sequence[Asked], seed: int = 0) -> list[Outcome]:
    """Exchange the answer of every question that can be, and read again."""
    others = pools(a for q in asked for a in q.question.answers)
    outcomes: list[Outcome] = []
    for question in asked:
        pair = exchanged(question, others, seed)
        if pair:
            said = read(reader, question.question.question, pair[0]).text
            outcomes.append(outcome(said, pair[1], question.question.answers))
    return outcomes


def swap_scores(outcomes: Sequence[Outcome]) -> list[Score]:
    """Consistency and the memorisation ratio: old / (old + new)."""
    decided = [o == "old" for o in outcomes if o != "other"]
    return [
        share("swap_follows", [o == "new" for o in outcomes], "the new answer, word for word"),
        share("swap_memorisation", decided, "the old answer, of old and new ones"),
    ]


def _word(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")


def _under(hit: Hit, old: str, new: str) -> Hit:
    text = _word(old).sub(lambda _: new, hit.passage.text)
    passage = replace(hit.passage, text=text, end=hit.passage.start + len(text))
    return replace(hit, passage=passage)
