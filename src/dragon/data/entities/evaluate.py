"""How well entities are found: precision and recall by kind, against sentences marked by hand.

In: JSON Lines with `text` marked as [span|KIND] and `split`. Out: counts and scores.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dragon.data.entities.types import KINDS, Entity, Kind

_MARK = re.compile(r"\[([^\[\]|]+)\|([A-Z]+)\]")


def unmarked(text: str) -> tuple[str, list[Entity]]:
    """The plain text, and where its marks stood.

    >>> unmarked("In [1902|DATE] she left.")
    ('In 1902 she left.', [Entity(start=3, end=7, kind='DATE')])
    """
    plain, entities, at = "", [], 0
    for match in _MARK.finditer(text):
        plain += text[at : match.start()]
        kind: Kind = match.group(2)  # type: ignore[assignment]
        entities.append(Entity(len(plain), len(plain) + len(match.group(1)), kind))
        plain += match.group(1)
        at = match.end()
    return plain + text[at:], entities


@dataclass(frozen=True, slots=True)
class Score:
    """Of one kind, or of all: how many were marked, found, and both.

    Attributes:
        marked, found: spans by hand, by the program.
        exact: same characters and same kind.
        touched: marked spans, most of whose characters were found as something.
        spurious: found spans that touch no mark at all.
    """

    marked: int
    found: int
    exact: int
    touched: int
    spurious: int

    @property
    def precision(self) -> float:
        """Share of the found that is exactly right."""
        return self.exact / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of the marked that was found exactly."""
        return self.exact / self.marked if self.marked else 0.0

    @property
    def coverage(self) -> float:
        """Share of the marked that is replaced, under whatever name: what training needs."""
        return self.touched / self.marked if self.marked else 0.0


def score(
    rows: Iterable[dict[str, Any]], find: Callable[[str], Sequence[Entity]]
) -> dict[str, Score]:
    """Scores by kind, and under `all`."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in (*KINDS, "all")}
    for row in rows:
        text, marked = unmarked(row["text"])
        found = find(text)
        for entity in marked:
            covered = sum(_shared(entity, other) for other in found)
            touched = 2 * covered > entity.end - entity.start
            for kind in (entity.kind, "all"):
                counts[kind] += Counter(marked=1, exact=entity in found, touched=touched)
        for entity in found:
            spurious = not any(_shared(entity, other) for other in marked)
            for kind in (entity.kind, "all"):
                counts[kind] += Counter(found=1, spurious=spurious)
    names = ("marked", "found", "exact", "touched", "spurious")
    return {kind: Score(*(count[n] for n in names)) for kind, count in counts.items()}


def _shared(a: Entity, b: Entity) -> int:
    return max(0, min(a.end, b.end) - max(a.start, b.start))
