"""Chapter 8: a transformer of two layers in plain lists, its weights written by hand.

In: words. Out: probabilities for the next word, and where each head looked.

It can do one thing, which is the idea of dRAGon in small: it copies. When a word comes that it has
read before, it says what followed it then (an induction head, Olsson et al. 2022,
arXiv:2209.11895). All it knows is how to copy; what it copies stands in the text that it reads.

Each word is a vector of four blocks of 32 numbers, [token | position | before | next]. The first
head looks one position back and writes the token that it finds there into `before`. The second
looks for the place whose `before` is the word at hand and writes its token into `next`.

Shapes: T words, C = 128 numbers a word, D = 32 a block.
"""

import math
import random
from typing import NamedTuple

Vector = list[float]
Matrix = list[Vector]

D = 32
BLOCKS = ("token", "position", "before", "next")
C = D * len(BLOCKS)
START = "<start>"  # what stands before the first word, so that a head can look there
WINDOW = 60  # words; from 64 on two positions would look alike
SHARP = 12.0  # how much a head prefers what fits best


class Head(NamedTuple):
    """The four matrices of an attention head."""

    query: Matrix  # [C, D]
    key: Matrix  # [C, D]
    value: Matrix  # [C, D]
    output: Matrix  # [D, C]


class Reading(NamedTuple):
    """What the model did with some words."""

    words: list[str]  # that it read, START before them
    vocabulary: list[str]
    embedded: Matrix  # [T, C]
    looks: list[Matrix]  # one [T, T] a head: where it looked from each word
    probabilities: Vector  # of each word of the vocabulary to come next


def multiply(a: Matrix, b: Matrix) -> Matrix:
    """[m, n] @ [n, p] -> [m, p].

    >>> multiply([[1, 2]], [[3], [4]])
    [[11]]
    """
    columns = list(zip(*b, strict=True))
    return [[sum(x * y for x, y in zip(row, c, strict=True)) for c in columns] for row in a]


def softmax(scores: Vector) -> Vector:
    """Positive numbers that sum to one; the largest is taken off first, so that none overflows.

    >>> softmax([5.0, 5.0])
    [0.5, 0.5]
    """
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def attend(x: Matrix, head: Head) -> tuple[Matrix, Matrix]:
    """softmax(Q K^T) V, each word looking at itself and what stands before it: [T, C] -> [T, C].

    Returns:
        what the head adds to each word, and where it looked, [T, T] (Vaswani et al. 2017,
        arXiv:1706.03762; its scale 1 / sqrt(D) is part of SHARP here).
    """
    q, k, v = multiply(x, head.query), multiply(x, head.key), multiply(x, head.value)
    looks = []
    for i, query in enumerate(q):
        scores = [SHARP * dot(query, key) for key in k[: i + 1]]
        looks.append(softmax(scores) + [0.0] * (len(x) - i - 1))
    return multiply(multiply(looks, v), head.output), looks


def dot(a: Vector, b: Vector) -> float:
    """How alike two vectors are."""
    return sum(x * y for x, y in zip(a, b, strict=True))


def forward(words: list[str]) -> Reading:
    """Run the model over some words; of too many, the last ones.

    >>> reading = forward("the cat sat on a mat and the".split())
    >>> max(zip(reading.probabilities, reading.vocabulary))[1]
    'cat'
    """
    words = [START, *words[-WINDOW:]]
    x = embedded = [token(word) + position(i) + [0.0] * (2 * D) for i, word in enumerate(words)]
    looks = []
    for head in (PREVIOUS, MATCH):
        added, looked = attend(x, head)
        x = [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(x, added, strict=True)]
        looks.append(looked)
    vocabulary = sorted({*words[1:]})
    said = x[-1][-D:]
    scores = [SHARP * dot(said, token(word)) for word in vocabulary]
    return Reading(words, vocabulary, embedded, looks, softmax(scores))


def token(word: str) -> Vector:
    """A word's own random direction: two different ones are nearly at right angles."""
    dice = random.Random(word)
    return [dice.choice((-1.0, 1.0)) / math.sqrt(D) for _ in range(D)]


def position(i: int) -> Vector:
    """Waves of sixteen speeds; the product of two positions is near 1 if they are the same."""
    waves = (((k + 0.5) * math.pi * 2 / D) * i for k in range(D // 2))
    return [f(wave) / math.sqrt(D / 2) for wave in waves for f in (math.cos, math.sin)]


def _take(block: str) -> Matrix:
    """[C, D]: hands on one block as it is."""
    first = BLOCKS.index(block) * D
    return [[1.0 if row == first + column else 0.0 for column in range(D)] for row in range(C)]


def _put(block: str) -> Matrix:
    """[D, C]: writes into one block."""
    return [list(column) for column in zip(*_take(block), strict=True)]


def _back() -> Matrix:
    """[D, D]: turns every wave back by one step, so that position i becomes position i - 1."""
    turn = [[0.0] * D for _ in range(D)]
    for k in range(D // 2):
        angle, a = (k + 0.5) * math.pi * 2 / D, 2 * k
        turn[a][a] = turn[a + 1][a + 1] = math.cos(angle)
        turn[a + 1][a], turn[a][a + 1] = math.sin(angle), -math.sin(angle)
    return turn


PREVIOUS = Head(
    query=multiply(_take("position"), _back()),
    key=_take("position"),
    value=_take("token"),
    output=_put("before"),
)
MATCH = Head(query=_take("token"), key=_take("before"), value=_take("token"), output=_put("next"))
