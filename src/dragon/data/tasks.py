"""Questions that come wrapped in prompts: T0's templates and Natural Instructions' facts.

In: rows with `template`, `prompt`, `completion`, or with `input` and `output`. Out: `Example`s. The
same question stands in many templates; one template of each set is taken, so that it counts once.
"""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from dragon.data.examples import Example, located
from dragon.data.sources import Row
from dragon.text.sentences import sentence_spans

_QUESTION_CONTEXT = re.compile(
    r'Question: "(?P<q>.+?)"\n\nContext: "(?P<c>.+)"\n\nAnswer:\s*', re.S
)
_PARAGRAPH = re.compile(
    r"Read the following paragraph and extract the answer for the question: "
    r"(?P<q>.+?)\n\n(?P<c>.+)",
    re.S,
)
_PLOT = re.compile(
    r"Extract the answer .+?\.\nQuestion: (?P<q>.+?)\nTitle: (?P<t>.+?)\nMovie plot: (?P<c>.+)",
    re.S,
)
TEMPLATES = {
    "adversarial_qa_dbert_question_context_answer": _QUESTION_CONTEXT,
    "adversarial_qa_dbidaf_question_context_answer": _QUESTION_CONTEXT,
    "adversarial_qa_droberta_question_context_answer": _QUESTION_CONTEXT,
    "quoref_Read_And_Extract_": _PARAGRAPH,
    "duorc_SelfRC_extract_answer": _PLOT,
    "duorc_ParaphraseRC_extract_answer": _PLOT,
}
_FACT = re.compile(r"Fact: (?P<c>.+?)\s*\nQuestion: (?P<q>.+)", re.S)


def from_prompts(rows: Iterable[Row], longest: int) -> Iterator[Example]:
    """T0's reading comprehension; passages are cut around the answer to `longest` characters.

    Rows of other templates, and answers that the passage does not hold word for word, are left out.
    """
    for row in rows:
        pattern = TEMPLATES.get(row["template"])
        found = pattern.fullmatch(row["prompt"].strip()) if pattern else None
        if found is None:
            continue
        parts = found.groupdict()
        answer = row["completion"].strip().rstrip(".")
        example = located(parts["q"], parts.get("t") or "", parts["c"].strip(), answer, "t0")
        if example is not None and example.answerable:
            yield _cut(example, longest)


def from_facts(rows: Iterable[Row], rng: random.Random) -> Iterator[Example]:
    """Single facts with a question each, set among up to five other facts."""
    found = [(_FACT.fullmatch(r["input"].strip()), r["output"]) for r in rows]
    asked = [(m["q"], _sentence(m["c"]), o[0].strip(" .")) for m, o in found if m and o]
    facts = sorted({fact for _, fact, _ in asked})
    for question, fact, answer in asked:
        at = fact.casefold().find(answer.casefold())
        if at < 0 or not answer:
            continue
        others = [f for f in rng.sample(facts, min(len(facts), rng.randint(0, 5))) if f != fact]
        place = rng.randint(0, len(others))
        before = "".join(f + " " for f in others[:place])
        passage = before + " ".join([fact, *others[place:]])
        start = len(before) + at
        yield Example(question.strip(), "", passage, start, start + len(answer), "facts")


def _sentence(fact: str) -> str:
    text = fact.strip().rstrip(".").strip()
    return f"{text[:1].upper()}{text[1:]}."


def _cut(example: Example, longest: int) -> Example:
    """Whole sentences around the answer, as many as fit."""
    spans = sentence_spans(example.passage)
    held = [n for n, (a, b) in enumerate(spans) if a < example.end and b > example.start]
    if not held:
        return example
    first, last = held[0], held[-1]
    while True:
        wider = [(max(0, first - 1), last), (first, min(len(spans) - 1, last + 1))]
        fits = [w for w in wider if w != (first, last) and _size(spans, *w) <= longest]
        if not fits:
            break
        first, last = min(fits, key=lambda w: _size(spans, *w))
    begin, end = spans[first][0], spans[last][1]
    return replace(
        example,
        passage=example.passage[begin:end],
        start=example.start - begin,
        end=example.end - begin,
    )


def _size(spans: list[tuple[int, int]], first: int, last: int) -> int:
    return spans[last][1] - spans[first][0]
