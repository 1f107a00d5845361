"""Chapter 9: what happened, step by step, in the terminal.

In: an answer. Out: lines about its tokens, its search, its points, and what a small transformer
makes of the best sentence.
"""

from collections.abc import Iterator

from dragon.lite.answers import Answer, Quote
from dragon.lite.index import Index
from dragon.lite.pieces import encode, learn
from dragon.lite.points import BELIEF, BIAS
from dragon.lite.transformer import (
    BLOCKS,
    SHARP,
    WINDOW,
    C,
    D,
    Matrix,
    dot,
    forward,
    softmax,
    token,
)
from dragon.lite.words import STOP_WORDS, content, stem, words

MERGES = 250
_SHADES = " ·░▒▓█"
_MOST_COPIED = 8  # words


def explain(index: Index, answer: Answer) -> Iterator[str]:
    """Yield the lines of an explanation."""
    yield from _tokens(index, answer.asked)
    yield from _search(index, answer.asked)
    if not answer.nearest:
        yield "No passage holds any of these words, so there is nothing to weigh."
        return
    quote = answer.nearest[0]
    yield from _weighing(quote)
    said = words(quote.text)[:WINDOW]
    if said:
        yield from _matching(words(answer.asked), said)
        yield from _copying(words(answer.asked), said)


def _title(number: int, text: str) -> str:
    return f"\n{number}. {text}\n"


def _tokens(index: Index, question: str) -> Iterator[str]:
    yield _title(1, "Text becomes tokens")
    sample = "\n".join(document.text for document in index.documents.values())[:200_000]
    merges = learn(sample, MERGES)
    yield f"{len(merges)} pairs were merged, learned from your documents; the first of them:"
    yield "   " + "  ".join(f"{a}+{b}" for a, b in merges[:10])
    yield "   question in pieces:  " + " | ".join(encode(question, merges))
    yield "   its stems:           " + " ".join(content(question))


def _search(index: Index, question: str) -> Iterator[str]:
    yield _title(2, "BM25 finds passages: rare words count most")
    wanted = content(question)
    for word in sorted(wanted, key=index.idf, reverse=True):
        found = len(index.postings.get(word, ()))
        yield f"   {word:<14} idf {index.idf(word):5.2f}   in {found} passages"
    for score, number in index.search(index.weights(wanted), 3):
        passage = index.passages[number]
        yield f"   {score:6.2f}  {passage.document.name}  {passage.heading}"


def _weighing(quote: Quote) -> Iterator[str]:
    yield _title(3, "The best sentence is weighed")
    yield f"   {' '.join(quote.text.split())}"
    yield f"   {'start':<16} {BIAS:+.2f}"
    for name, weight in BELIEF.items():
        value = quote.points.get(name, 0.0)
        yield f"   {name:<16} {weight * value:+.2f}   = {weight} x {value:.2f}"
    yield f"   probability      {quote.score:.2f}"


def _matching(question: list[str], said: list[str]) -> Iterator[str]:
    yield _title(4, "Attention by hand: each word of the question looks at the sentence")
    yield f"   softmax({SHARP:g} x query . key), where both are the vectors of the words' stems"
    keys = [token(stem(word)) for word in said]
    asked = [word for word in question if word not in STOP_WORDS]
    looks = [softmax([SHARP * dot(token(stem(word)), key) for key in keys]) for word in asked]
    yield from _grid(asked, said, looks)
    yield "   (a softmax sums to one: a word that is not in the sentence looks somewhere by chance)"


def _copying(question: list[str], said: list[str]) -> Iterator[str]:
    yield _title(5, "A transformer that knows nothing copies")
    cue = next((w for w in question if w in said[:-1] and w not in STOP_WORDS), "")
    if not cue:
        yield "   No word of the question stands in the sentence, so nothing is copied."
        return
    prompt = [*said[-(WINDOW - _MOST_COPIED - 1) :], cue]
    reading = forward(prompt)
    numbers = " ".join(f"{x:+.2f}" for x in reading.embedded[-1][:6])
    yield f"   In: the sentence, and {cue!r} once more. Each of {len(prompt)} words is {C} numbers:"
    yield f"   {' | '.join(f'{name} {D}' for name in BLOCKS)}:  {numbers} ..."
    yield "\n   Head 1 looks one word back; the last four words:"
    yield from _grid(prompt[-4:], reading.words, reading.looks[0][-4:])
    yield f"\n   Head 2 looks where the word before was {cue!r}:"
    yield from _grid(prompt[-1:], reading.words, reading.looks[1][-1:])
    best = sorted(zip(reading.probabilities, reading.vocabulary, strict=True), reverse=True)[:4]
    yield "\n   What may come next:  " + "  ".join(f"{word} {p:.2f}" for p, word in best)
    yield f"   Word by word, it goes on:  {cue} {' '.join(_written(prompt))}"


def _written(prompt: list[str]) -> list[str]:
    """What the model writes after a prompt, always the most probable word."""
    out: list[str] = []
    for _ in range(_MOST_COPIED):
        reading = forward(prompt + out)
        out.append(max(zip(reading.probabilities, reading.vocabulary, strict=True))[1])
    return out


def _grid(rows: list[str], columns: list[str], looks: Matrix) -> Iterator[str]:
    """Shades for weights, and in words where each row looks most."""
    for word, weights in zip(rows, looks, strict=True):
        shades = "".join(_SHADES[min(5, int(w * 5.99))] for w in weights)
        top = max(range(len(weights)), key=weights.__getitem__)
        flat = weights[top] < 0.5
        yield f"   {word:>14} {shades}  " + (
            "nowhere in particular" if flat else f"{columns[top]} {weights[top]:.2f}"
        )
