"""Questions synthesised from plain text, with no outside model.

In: a passage. Out: `Example`s whose answer is a span of it. Two ways, both from the literature:

- recurring spans (Ram et al. 2021, arXiv:2101.00438): a span that stands in two sentences is
  blanked in one, which is taken out and becomes the query; the rest of the passage must give the
  span back;
- cloze to question by rules (Lewis et al. 2019, arXiv:1906.04980): a clause around a span of a
  known type (name, place, year, number, noun phrase, reason) becomes a question with the matching
  question word; words are dropped, moved and exchanged for synonyms, because people do not ask in
  the text's own words.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dragon.data.examples import Example
from dragon.data.names import CALENDAR, Names
from dragon.text.sentences import Span, sentence_spans
from dragon.text.words import STOP_WORDS, WORD, is_stop

_MONTH = "|".join(m.capitalize() for m in sorted(CALENDAR) if not m.endswith("day"))
_DATE = rf"(?:(?:\d{{1,2}} )?(?:{_MONTH})(?: \d{{1,2}})?(?:,? \d{{4}})?|\b(?:1[0-9]|20)\d\d\b)"
_NUMBER = (
    r"(?:[$€£]\s?)?\b\d[\d,.]*\d\b%?|\b\d\b%?"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|hundred)\b"
)
_NAME = r"\b[A-Z][\w'’.-]*\w(?: (?:of |the |de |van |von |and )?[A-Z][\w'’-]*\w)*"
_REASON = (
    r"(?<=because )[^.;]{12,90}|(?<=in order )to [^.,;]{8,60}"
    r"|(?<=due to )[^.,;]{6,60}|(?<=by )\w+ing [^.,;]{6,60}"
)
_AFTER = r"of|and|in|on|is|was|that|which|for|to|by|with|from|as|at"
_NOUNS = r"(?:[a-z]+[ -]){0,3}[a-z]{3,}"
_PHRASE = (
    rf"(?<=\b(?:the|its|his) ){_NOUNS}(?=[,.;:]| (?:{_AFTER}|were|are|has|had)\b)"
    rf"|(?<=\ba ){_NOUNS}(?=[,.;:]| (?:{_AFTER})\b)"
)
_TYPES = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("date", _DATE),
        ("number", _NUMBER),
        ("reason", _REASON),
        ("name", _NAME),
        ("phrase", _PHRASE),
    )
)
_AUX = frozenset(
    "is are was were has have had can could will would may might must should does did do".split()
)
_ASK: Mapping[str, tuple[str, ...]] = {
    "date": ("When", "When", "In what year", "What year", "On what date", "What date"),
    "first": ("Who", "Who", "Who", "Which person", "What is the name of the person who"),
    "place": ("Where", "Where", "In what place", "Which place", "What city", "In which country"),
    "other": ("What", "Which", "Who", "What", "What is the name of what"),
    "phrase": ("What", "What", "What", "Which", "What kind of thing", "How"),
    "thing": ("What", "What", "Which"),
    "number": ("How many", "How much", "What number of", "How long", "What"),
    "reason": ("Why", "Why", "For what reason", "How", "What is the reason why"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """How far a question's words move away from the text's.

    Attributes:
        drop: share of words left out.
        exchange: share of content words exchanged for a synonym, where there is one.
        invert: share of questions whose right side comes before the left.
    """

    drop: float = 0.15
    exchange: float = 0.25
    invert: float = 0.25


def cloze_questions(
    passage: str,
    heading: str,
    names: Names,
    synonyms: Mapping[str, Sequence[str]],
    rng: random.Random,
    most: int,
    wording: Wording = Wording(),
) -> list[Example]:
    """Up to `most` questions on different sentences of a passage."""
    if not most:
        return []
    spans = sentence_spans(passage)
    rng.shuffle(spans)
    made: list[Example] = []
    for start, end in spans:
        answer = _pick_answer(passage, (start, end), names, rng)
        if answer is None:
            continue
        kind, a, b = answer
        left, right = _clause(passage[start:a], passage[b:end], rng)
        question = _word(kind, passage[a:b], left, right, names, synonyms, rng, wording)
        if question:
            made.append(Example(question, heading, passage, a, b, f"cloze-{kind}"))
        if len(made) == most:
            break
    return made


def recurring_spans(passage: str, heading: str, rng: random.Random, most: int) -> list[Example]:
    """Up to `most` exercises of recurring span selection."""
    spans = sentence_spans(passage)
    if len(spans) < 3 or not most:
        return []
    made: list[Example] = []
    for phrase, places in _recurring(passage, spans, rng):
        a, sentence = rng.choice(places)
        start, end = spans[sentence]
        others = [(x, s) for x, s in places if s != sentence]
        x, _ = rng.choice(others)
        blank = rng.choice(("what", "which", "who", "?"))
        query = f"{passage[start:a]}{blank}{passage[a + len(phrase) : end]}"
        cut = passage[:start], passage[end:].lstrip()
        at = x if x < start else x - (len(passage) - len(cut[0]) - len(cut[1]))
        rest = cut[0] + cut[1]
        if rest[at : at + len(phrase)] == phrase:
            query = " ".join(query.split())[-320:]
            made.append(Example(query, heading, rest, at, at + len(phrase), "recurring"))
        if len(made) == most:
            break
    return made


def reworded(question: str, synonyms: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """A person's question with a few words exchanged or left out, never the one that asks."""
    first, *rest = question.split() or [""]
    changed = _blur(rest, synonyms, rng, Wording(drop=0.04, exchange=0.15, invert=0.0))
    return " ".join([first, *changed])


def _recurring(
    passage: str, spans: Sequence[Span], rng: random.Random
) -> list[tuple[str, list[tuple[int, int]]]]:
    """Phrases of up to four words that stand in several sentences, longest first among equals."""
    places: dict[str, list[tuple[int, int]]] = {}
    for s, (start, end) in enumerate(spans):
        found = [m.span() for m in WORD.finditer(passage, start, end)]
        for i, (a, _) in enumerate(found):
            if passage[a : found[i][1]].casefold() in STOP_WORDS:
                continue
            for _, b in found[i : i + 4]:
                phrase = passage[a:b]
                if any(c in phrase for c in "\n.;:()"):
                    break
                if not is_stop(phrase.rsplit(None, 1)[-1]):
                    places.setdefault(phrase, []).append((a, s))
    good = [
        (p, at)
        for p, at in places.items()
        if len({s for _, s in at}) > 1 and (len(p) > 5 or p[0].isupper() or p.isdigit())
    ]
    rng.shuffle(good)
    good.sort(key=lambda item: -(len(item[0].split()) + 2 * item[0][0].isupper()))
    return good[:12]


def _pick_answer(
    passage: str, span: Span, names: Names, rng: random.Random
) -> tuple[str, int, int] | None:
    kinds = list(_TYPES)
    rng.shuffle(kinds)
    for kind, pattern in kinds:
        found = [m.span() for m in pattern.finditer(passage, *span) if m.end() > m.start()]
        if kind == "name":
            # The first word of a sentence has its capital for free.
            found = [(a, b) for a, b in found if a > span[0] or names.kind(passage[a:b].split()[0])]
        if found:
            a, b = rng.choice(found)
            return kind, a, b
    return None


def _clause(left: str, right: str, rng: random.Random) -> tuple[list[str], list[str]]:
    """The words on both sides, cut at punctuation or where enough has been said."""
    before, after = left.split(), right.split()
    before = before[-rng.randint(5, 14) :]
    after = after[: rng.randint(3, 12)]
    for i in range(len(before) - 1, -1, -1):
        if before[i][-1] in ",;:)" and len(before) - i > 4:
            before = before[i + 1 :]
            break
    for i, word in enumerate(after):
        if word[-1] in ",;:)" and i + 1 > 3:
            after = after[: i + 1]
            break
    return before, after


def _word(
    kind: str,
    answer: str,
    left: list[str],
    right: list[str],
    names: Names,
    synonyms: Mapping[str, Sequence[str]],
    rng: random.Random,
    wording: Wording,
) -> str | None:
    if kind == "name":
        kind = names.kind(WORD.findall(answer)[0]) or "thing"
    ask = rng.choice(_ASK[kind])
    left = _blur(left, synonyms, rng, wording)
    right = _blur(right, synonyms, rng, wording)
    if sum(not is_stop(w) for w in left + right) < 2:
        return None
    if len(left) <= 1:
        words = [ask, *right]
    else:
        words = [ask, *_fronted(left, kind, rng), *right]
        if rng.random() < wording.invert:
            words = [ask, *right, *left] if rng.random() < 0.5 else [*left, *right, ask.lower()]
    text = " ".join(words).strip(' ,;:.-()"')
    return f"{text[0].upper()}{text[1:]}{rng.choice(('?', '?', '?', ''))}"


def _fronted(left: list[str], kind: str, rng: random.Random) -> list[str]:
    """`The band was formed in` -> `was the band formed`."""
    words = list(left)
    if kind in ("date", "place") and words[-1] in ("in", "on", "at", "to", "from", "since"):
        words.pop()
    for i, word in enumerate(words):
        if word in _AUX and i:
            return [word, *words[:i], *words[i + 1 :]]
    return [rng.choice(("did", "does", "")), *words] if rng.random() < 0.7 else words


def _blur(
    words: list[str], synonyms: Mapping[str, Sequence[str]], rng: random.Random, wording: Wording
) -> list[str]:
    out = []
    for word in words:
        if rng.random() < wording.drop:
            continue
        bare = word.strip(",.;:()\"'").lower()
        if bare in synonyms and rng.random() < wording.exchange:
            out.append(rng.choice(synonyms[bare]))
        else:
            out.append(word.strip(',;:()"'))
    return [w for w in out if w]
