"""Closed-book questions out of articles: facts that a sentence states, found by patterns.

In: the articles that a model was trained on. Out: `Fact`s: the sentence up to the object, which is
what a model that knows would go on with, and the same without the subject, which is what anybody
would guess. No question is made whose object stands in its own prompt: that is copying.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dragon.data.sources import read_rows, title_of
from dragon.errors import DataError
from dragon.text.sentences import sentence_spans
from dragon.text.words import WORD, is_stop

_NAME = r"(?P<object>[A-Z][\w'-]+(?: [A-Z][\w'-]+){0,3})"
_YEAR = r"(?P<object>1[0-9]{3}|20[0-2][0-9])"
_WHEN = r"(?:[^.,;()]{0,30}? )?"
_BEGUN = "founded|established|formed|created|built|opened|completed|released|published|constructed"
_STUDIED = "attended|graduated from|studied at|educated at"
_WAS, _THE, _LIES = "(?:was|were)", "(?:the )?", "(?:located )?(?:in|of) "
_KINDS = "city|town|village|municipality|commune|suburb|district|community|river|lake|island"

# Name of the relation, pattern with the group `object`, kind of the object.
PATTERNS = tuple(
    (name, re.compile(pattern), kind)
    for name, pattern, kind in (
        ("born in (place)", rf"\b(?:was|is) born {_WHEN}(?:in|at) {_NAME}", "name"),
        ("born in (year)", rf"\bborn (?:on |in )?{_WHEN}{_YEAR}", "year"),
        ("died in (year)", rf"\bdied (?:on |in )?{_WHEN}{_YEAR}", "year"),
        ("begun in (year)", rf"\b{_WAS} (?:first )?(?:{_BEGUN}) {_WHEN}in {_WHEN}{_YEAR}", "year"),
        ("begun by", rf"\b{_WAS} (?:{_BEGUN}) {_WHEN}by {_NAME}", "name"),
        ("capital of", rf"\bcapital (?:and largest )?(?:city )?of {_THE}{_NAME}", "name"),
        ("is a place in", rf"\bis an? (?:[\w-]+ )?(?:{_KINDS}) {_LIES}{_THE}{_NAME}", "name"),
        ("located in", rf"\blocated (?:in|on|near) {_THE}(?:[a-z]+ of )?{_NAME}", "name"),
        ("studied at", rf"\b(?:{_STUDIED}) {_THE}{_NAME}", "name"),
    )
)  # fmt: skip
_CAPITALS = re.compile(r"[A-Z][\w'-]*(?: (?:[a-z]{1,3} )?[A-Z][\w'-]*)*")


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement of an article.

    Attributes:
        relation: the pattern that found it.
        kind: of the object, "name" or "year": it is held against others of its kind.
        prompt: the sentence up to the object, without the blank before it.
        prior: the same with a pronoun for the subject.
        object: what is true.
    """

    relation: str
    kind: str
    prompt: str
    prior: str
    object: str


def load_articles(path: Path) -> list[tuple[str, str]]:
    """Titles and texts of articles.

    Raises:
        DataError: if no row has both.
    """
    rows = [(title_of(row), str(row.get("text") or "")) for row in read_rows(path)]
    found = [(title, text) for title, text in rows if title and text]
    if not found:
        raise DataError(f"{path} holds no article.", "Its rows must have `title` and `text`.")
    return found


def find_facts(articles: Iterable[tuple[str, str]], most: int = 3) -> list[Fact]:
    """The facts of articles (title, text).

    Args:
        articles: as they were trained on.
        most: facts of one article.
    """
    found: dict[str, Fact] = {}
    for title, text in articles:
        names = {w.casefold() for w in WORD.findall(title) if len(w) > 2 and not is_stop(w)}
        for number, fact in enumerate(_of_article(text, names)):
            if number == most:
                break
            found.setdefault(fact.prompt, fact)
    return list(found.values())


def _of_article(text: str, title: set[str]) -> Iterator[Fact]:
    for start, end in sentence_spans(text):
        sentence = text[start:end].strip()
        subject = _subject(sentence, title)
        if subject is None:
            continue
        for relation, pattern, kind in PATTERNS:
            match = pattern.search(sentence, subject[1])
            if match and (fact := _fact(sentence, subject, match, relation, kind)):
                yield fact
                break


def _subject(sentence: str, title: set[str]) -> tuple[int, int] | None:
    """Where a sentence first names what its article is about."""
    for match in _CAPITALS.finditer(sentence):
        if title & {w.casefold() for w in WORD.findall(match.group())}:
            return match.span()
    return None


def _fact(
    sentence: str, subject: tuple[int, int], match: re.Match[str], relation: str, kind: str
) -> Fact | None:
    prompt, answer = sentence[: match.start("object")].rstrip(), match["object"]
    words = {w.casefold() for w in WORD.findall(prompt)}
    if any(w.casefold() in words for w in WORD.findall(answer)):
        return None
    person = relation.startswith(("born", "died", "studied"))
    prior = f"{prompt[: subject[0]]}{'He' if person else 'It'}{prompt[subject[1] :]}".strip()
    return Fact(relation, kind, prompt, prior, answer)
