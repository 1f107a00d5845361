"""Ways to make another exercise of one: other words, other names, slips, more passages, no answer.

In: an `Item`, a source of randomness, other passages. Out: another `Item`, or None where a way does
not fit. No way makes an answer up: what stood word for word in a passage stands in one after it.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from dragon.data.items import Answer, Item
from dragon.data.randomize import Randomizer
from dragon.text.sentences import sentence_spans
from dragon.text.words import STOP_WORDS, content_stems

Way = Callable[[Item, random.Random, Sequence[str]], Item | None]

_FRAMES = (
    "Can you tell me {}?",
    "Could you say {}?",
    "I would like to know {}.",
    "Do you know {}?",
    "Please tell me {}.",
    "Tell me {}.",
)
_LEADS = ("According to the text, {}", "From what is written here: {}", "{} Please be brief.")
_PLAIN_LEADS = ("Please help me with this: {}", "{} Thank you.", "A question: {}")
# Questions that become clauses by moving one word, or none: "Who is the keeper of the tower?"
_BE = re.compile(r"(What|Who) (is|are|was|were) ((?:the|an?|[A-Z][\w’'.-]*)(?: [\w’'.-]+){0,7})\?")
_SUBJECT = re.compile(r"(?:Who|What|Which|Whose|How many|How much) [^,?]{4,}\?")
_MOVED_BEHIND = re.compile(
    r"\b(?:\w+ed|\w+ing|built|made|born|known|kept|held|sold|found|given|written|taken)\b"
    r"|\b(?:for|to|of|in|on|at|as|by|from|with|about)$"
)
_HELPING = re.compile(
    r"\b(?:do|does|did|can|could|will|would|may|must|should|is|are|was|were|has|have|had)\b"
)
_MEANING = re.compile(r"^(?:What (?:is|does)|Define) (?:an? |the )?([\w -]{2,40}?)(?: mean)?[?.]$")
_MEANINGS = ("What does {} mean?", "What is meant by {}?", "How is {} defined?", "Define {}.")
_WORD = re.compile(r"[A-Za-z]{5,}")


def reworded(item: Item, rng: random.Random, _: Sequence[str]) -> Item | None:
    """The question put in another way; its own words stay."""
    question = item.question.strip()
    leads = _LEADS if item.passages else _PLAIN_LEADS
    made = [lead.format(_after_lead(question, lead)) for lead in leads]
    made += [frame.format(_indirect(question)) for frame in _FRAMES if _indirect(question)] * 2
    meaning = _MEANING.match(question)
    if meaning:
        made += [way.format(meaning[1]) for way in _MEANINGS] * 2
    made = [other for other in made if other != question]
    return replace(item, question=rng.choice(made)) if question else None


def _after_lead(question: str, lead: str) -> str:
    goes_on = lead.endswith(", {}") and question.split()[0].lower() in STOP_WORDS
    return f"{question[0].lower()}{question[1:]}" if goes_on else question


def _indirect(question: str) -> str:
    """The question as a clause; empty where it would have to be taken apart.

    >>> _indirect("Who is the keeper of the tower?"), _indirect("Why did it burn?")
    ('who the keeper of the tower is', '')
    """
    found = _BE.fullmatch(question)
    if found:
        asked, verb, subject = found.groups()
        return "" if _MOVED_BEHIND.search(subject) else f"{asked.lower()} {subject} {verb}"
    if _SUBJECT.fullmatch(question) and not _HELPING.search(question):
        return f"{question[0].lower()}{question[1:-1]}"
    return ""


def renamed(item: Item, rng: random.Random, _: Sequence[str]) -> Item | None:
    """The same about other names and numbers, everywhere; None if there were none."""
    rename = Randomizer(None, rng)
    for text in (
        *item.passages,
        item.question,
        *item.earlier,
    ):  # names that are clear in one place settle those that are not
        rename(text)
    passages, answers = [], [Answer(rename(a.text)) for a in item.answers]
    for number, text in enumerate(item.passages):
        mine = {n: a for n, a in enumerate(item.answers) if a.passage == number}
        made, at, places = "", 0, {}
        for border in sorted({b for a in mine.values() for b in (a.start, a.end)} | {len(text)}):
            made += rename(text[at:border])
            places[border], at = len(made), border
        starts = {**places, 0: 0}
        for n, answer in mine.items():
            start = starts[answer.start]
            answers[n] = Answer(made[start : places[answer.end]], number, start)
        passages.append(made)
    other = Item(
        rename(item.question),
        tuple(passages),
        tuple(map(rename, item.titles)),
        tuple(answers),
        tuple(map(rename, item.earlier)),
        rename(item.title),
    )
    return other if other != item else None


def slipped(item: Item, rng: random.Random, _: Sequence[str]) -> Item | None:
    """The question as people type it: small letters, no question mark, a slip or two."""
    question = item.question
    if rng.random() < 0.6:
        question = question.lower()
    if rng.random() < 0.5:
        question = question.rstrip("?.! ")
    words = [m.span() for m in _WORD.finditer(question) if question[m.start()].islower()]
    for start, end in sorted(rng.sample(words, min(len(words), rng.randint(0, 2))), reverse=True):
        question = question[:start] + _slip(question[start:end], rng) + question[end:]
    return replace(item, question=question) if question != item.question else None


def _slip(word: str, rng: random.Random) -> str:
    """One letter missing, twice, or in its neighbour's place; the first one stays.

    >>> sorted({_slip("ropes", random.Random(n)) for n in range(99)})[:3]
    ['roeps', 'roes', 'roopes']
    """
    at = rng.randrange(1, len(word) - 1)
    kind = rng.choice(("missing", "twice", "swapped"))
    if kind == "missing":
        return word[:at] + word[at + 1 :]
    if kind == "twice":
        return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def distracted(item: Item, rng: random.Random, others: Sequence[str]) -> Item | None:
    """One to three passages more, none with an answer, in random order."""
    if not (item.passages and item.answers):
        return None
    taken = _misleading(item, others, rng, rng.randint(1, 3))
    if not taken:
        return None
    texts = [*item.passages, *taken]
    titles = [*item.titles, *("" for _ in taken)]
    order = rng.sample(range(len(texts)), len(texts))
    places = {old: new for new, old in enumerate(order)}
    return replace(
        item,
        passages=tuple(texts[n] for n in order),
        titles=tuple(titles[n] for n in order),
        answers=tuple(replace(a, passage=places.get(a.passage, -1)) for a in item.answers),
    )


def unanswered(item: Item, rng: random.Random, others: Sequence[str]) -> Item | None:
    """The same question where nothing answers: its sentences are gone, or its whole passage."""
    if not item.quoted:
        return None
    lengths = [len(text) for text in item.passages]
    cut = tuple(_without(text, item.answers) for text in item.passages)
    left = all(len(text) * 2 > length for text, length in zip(cut, lengths, strict=True))
    if left and rng.random() < 0.5:
        return replace(item, passages=cut, answers=())
    held = {a.passage for a in item.answers}
    taken = _misleading(item, others, rng, len(held))
    if len(taken) < len(held):
        return replace(item, passages=cut, answers=()) if left else None
    more = iter(taken)
    passages = tuple(next(more) if n in held else text for n, text in enumerate(cut))
    titles = tuple("" if n in held else title for n, title in enumerate(item.titles))
    return replace(item, passages=passages, titles=titles, answers=())


def _without(text: str, answers: Sequence[Answer]) -> str:
    """A text without its sentences that hold an answer."""
    kept, at = [], 0
    for start, end in sentence_spans(text):
        if any(_holds(text[start:end], a.text) for a in answers):
            kept.append(text[at:start])
            at = end
    return " ".join(part.strip() for part in [*kept, text[at:]] if part.strip())


def _holds(text: str, answer: str) -> bool:
    return answer.casefold() in text.casefold()


def _misleading(item: Item, others: Sequence[str], rng: random.Random, most: int) -> list[str]:
    """Passages without an answer, of those that share words with the question."""
    tried = rng.sample(others, min(len(others), 20))
    free = [
        text
        for text in dict.fromkeys(tried)
        if text not in item.passages and not any(_holds(text, a.text) for a in item.answers)
    ]
    stems = content_stems(item.question)
    free.sort(key=lambda text: -len(stems & content_stems(text[:2000])))
    return free[:most]


WAYS: Mapping[str, Way] = {
    "reword": reworded,
    "rename": renamed,
    "noise": slipped,
    "distractors": distracted,
    "unanswerable": unanswered,
}
