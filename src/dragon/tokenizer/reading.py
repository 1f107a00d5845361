"""The reader's one prompt format: a question and a passage become ids, features and offsets.

    <|question|> question <|passage|> heading <|text|> passage <|end|>

In: texts and a tokenizer. Out: arrays that training and the engine feed to the network unchanged.
Beside its id every token carries six small features, which the network embeds and adds (DrQA's
match features, Chen et al. 2017, arXiv:1704.00051, taken further):

    0  match     segment x how its word also stands on the other side: no, function word, common
                 word, rare word, same stem only
    1  coverage  share of the question's weight that the token's sentence covers; the best one
                 marked
    2  shape     lower, Capitalised, UPPER, year, number, punctuation, mixed
    3  distance  words to the nearest match, in buckets
    4  likeness  cosine to the most similar content word on the other side, in buckets
    5  meaning   as coverage, but similar words count too, and the heading's

Position 0 (`<|question|>`) stands for "no answer in this passage".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dragon.text.sentences import sentence_spans
from dragon.text.vectors import WordVectors
from dragon.text.words import WORD, is_stop, stem
from dragon.tokenizer.likeness import alike, buckets, highest, sentence_of_words, soft_coverage

END, PAD, QUESTION, PASSAGE, TEXT = range(5)

FEATURE_SIZES = (20, 16, 8, 8, 8, 16)
MAX_QUESTION_TOKENS = 64
MAX_HEADING_TOKENS = 24

SEG_SPECIAL, SEG_QUESTION, SEG_HEADING, SEG_TEXT = range(4)
NO_MATCH, FUNCTION, COMMON, RARE, STEM = range(5)
MATCHES = 5  # feature 0 is SEGMENT * MATCHES + match
LOWER, CAPITAL, UPPER, YEAR, NUMBER, PUNCTUATION, MIXED = range(7)

# A single-token word with an id below this counts as common: byte-pair merges are numbered in order
# of frequency, so the vocabulary itself is a frequency list.
COMMON_BELOW = 5000

Array = npt.NDArray[np.int32]
Features = npt.NDArray[np.uint8]


class Encoder(Protocol):
    """What this module needs of a tokenizer."""

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Token ids of a text and the (start, end) characters of each."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """A text with its tokens and words, analysed once and used in any number of prompts.

    Attributes:
        ids: [T] token ids.
        starts, ends: [T] characters of each token, white space in front left out.
        word_of: [T] index of the word that a token belongs to, -1 for punctuation.
        forms, stems: per word, case-folded and stemmed.
        rarity: per word, 0 for stop words, else 0.5 (frequent) to 1.25 (rare).
        sentence_of: [T] index of the sentence a token stands in.
        shapes: [T] the shape feature.
    """

    ids: Array
    starts: Array
    ends: Array
    word_of: Array
    forms: tuple[str, ...]
    stems: tuple[str, ...]
    rarity: npt.NDArray[np.float32]
    sentence_of: Array
    shapes: Features


@dataclass(frozen=True, slots=True)
class Reading:
    """One prompt of the reader.

    Attributes:
        ids: [T] token ids.
        features: [T, 6] feature indices, each below its `FEATURE_SIZES`.
        text_start: index of the first token of the passage text.
        starts, ends: [n] characters in the passage text of the tokens from `text_start` on.
    """

    ids: Array
    features: Features
    text_start: int
    starts: Array
    ends: Array


def analyse(text: str, encoder: Encoder) -> Segment:
    """Tokenise a text and find its words and sentences."""
    ids, offsets = encoder.encode_with_offsets(text)
    spans = np.array(offsets, dtype=np.int32).reshape(-1, 2)
    starts = _skip_space(text, spans)
    found = list(WORD.finditer(text))
    word_of = _containing([m.span() for m in found], spans[:, 1] - 1)
    forms = tuple(m.group().casefold() for m in found)
    return Segment(
        ids=np.array(ids, dtype=np.int32),
        starts=starts,
        ends=spans[:, 1].copy(),
        word_of=word_of,
        forms=forms,
        stems=tuple(map(stem, forms)),
        rarity=_rarity(forms, ids, word_of),
        sentence_of=_containing(sentence_spans(text), spans[:, 1] - 1),
        shapes=_shapes([m.group() for m in found], word_of),
    )


def compose(
    question: Segment,
    heading: Segment,
    text: Segment,
    max_tokens: int,
    vectors: WordVectors | None = None,
) -> Reading:
    """Put a question and a passage into the prompt format.

    Args:
        question, heading, text: analysed texts; the question and the heading are cut at
            MAX_QUESTION_TOKENS and MAX_HEADING_TOKENS, the text at what then fits.
        max_tokens: longest prompt, T.
        vectors: of words; without them the last two features are 0.

    Returns:
        The prompt; its `starts` and `ends` are characters of the text.
    """
    nq = min(len(question.ids), MAX_QUESTION_TOKENS)
    nh = min(len(heading.ids), MAX_HEADING_TOKENS)
    nt = max(0, min(len(text.ids), max_tokens - nq - nh - 4))
    total = nq + nh + nt + 4
    at_heading, at_text = nq + 2, nq + nh + 3
    ids = np.empty(total, dtype=np.int32)
    ids[[0, nq + 1, nq + nh + 2, total - 1]] = QUESTION, PASSAGE, TEXT, END
    features = np.zeros((total, len(FEATURE_SIZES)), dtype=np.uint8)
    passage_words = (set(heading.forms) | set(text.forms), set(heading.stems) | set(text.stems))
    question_words = (set(question.forms), set(question.stems))
    weights = _question_weights(question)
    for segment, at, n, kind, other in (
        (question, 1, nq, SEG_QUESTION, passage_words),
        (heading, at_heading, nh, SEG_HEADING, question_words),
        (text, at_text, nt, SEG_TEXT, question_words),
    ):
        ids[at : at + n] = segment.ids[:n]
        match = _matches(segment, *other)
        features[at : at + n, 0] = kind * MATCHES + _per_token(match, segment.word_of)[:n]
        features[at : at + n, 2] = segment.shapes[:n]
        if kind == SEG_TEXT:
            features[at : at + n, 1] = _coverage(segment, weights, match)[:n]
            features[at : at + n, 3] = _per_token(_distance(match), segment.word_of)[:n]
    if vectors is not None:
        near, above = alike(vectors, question, text), alike(vectors, question, heading)
        for segment, at, n, best in (
            (question, 1, nq, np.maximum(highest(near, 0), highest(above, 0))),
            (heading, at_heading, nh, highest(above, 1)),
            (text, at_text, nt, highest(near, 1)),
        ):
            likeness = _per_token(buckets(best, segment.rarity), segment.word_of)
            features[at : at + n, 4] = likeness[:n]
        sentences = sentence_of_words(text.sentence_of, text.word_of, text.stems)
        meaning = soft_coverage(near, above, question.rarity, sentences)
        features[at_text : at_text + nt, 5] = meaning[text.sentence_of][:nt]
    return Reading(ids, features, at_text, text.starts[:nt], text.ends[:nt])


def token_span(reading: Reading, start: int, end: int) -> tuple[int, int] | None:
    """Token positions (first, last) in the prompt that hold characters [start, end) of the text.

    Returns None where the prompt was cut before the end of the span.
    """
    first = int(np.searchsorted(reading.ends, start, side="right"))
    last = int(np.searchsorted(reading.starts, end, side="left")) - 1
    if last < first or first >= len(reading.ends) or reading.ends[-1] < end:
        return None
    return reading.text_start + first, reading.text_start + last


def _skip_space(text: str, spans: Array) -> Array:
    starts = spans[:, 0].copy()
    for i, (start, end) in enumerate(spans.tolist()):
        while start < end - 1 and text[start].isspace():
            start += 1
        starts[i] = start
    return starts


def _containing(spans: Sequence[tuple[int, int]], positions: Array) -> Array:
    """Index of the span that holds each position, -1 where none does."""
    if not spans:
        return np.full(len(positions), -1, dtype=np.int32)
    table = np.array(spans, dtype=np.int32)
    at = np.searchsorted(table[:, 0], positions, side="right").astype(np.int32) - 1
    outside = (at < 0) | (positions >= table[np.maximum(at, 0), 1])
    at[outside] = -1
    return at


def _rarity(forms: Sequence[str], ids: Sequence[int], word_of: Array) -> npt.NDArray[np.float32]:
    pieces = np.zeros(len(forms), dtype=np.int32)
    highest = np.ones(len(forms), dtype=np.int32)
    inside = word_of >= 0
    np.add.at(pieces, word_of[inside], 1)
    np.maximum.at(highest, word_of[inside], np.asarray(ids, dtype=np.int32)[inside])
    weight = np.where(pieces > 1, 1.25, np.log(highest + 1.0) / math.log(16384.0))
    weight[[is_stop(form) for form in forms]] = 0.0
    return weight.astype(np.float32)


def _question_weights(question: Segment) -> dict[str, float]:
    return {s: float(w) for s, w in zip(question.stems, question.rarity, strict=True) if w > 0}


def _matches(segment: Segment, forms: set[str], stems: set[str]) -> Features:
    common = math.log(COMMON_BELOW) / math.log(16384.0)
    out = np.zeros(len(segment.forms), dtype=np.uint8)
    for i, (form, root) in enumerate(zip(segment.forms, segment.stems, strict=True)):
        if root in stems:
            if segment.rarity[i] == 0:
                out[i] = FUNCTION
            elif form in forms:
                out[i] = COMMON if segment.rarity[i] < common else RARE
            else:
                out[i] = STEM
    return out


def _per_token(of_word: Features, word_of: Array) -> Features:
    if not len(of_word):
        return np.zeros(len(word_of), dtype=np.uint8)
    per_token: Features = np.where(word_of >= 0, of_word[np.maximum(word_of, 0)], 0)
    return per_token.astype(np.uint8)


def _coverage(text: Segment, weights: dict[str, float], match: Features) -> Features:
    """Per token: the share of the question's weight in its sentence, 0 to 7, + 8 if best."""
    total = sum(weights.values())
    out: Features = np.zeros(len(text.ids), dtype=np.uint8)
    if not total or not len(text.ids):
        return out
    seen: dict[int, set[str]] = {}
    for token in np.flatnonzero(_per_token(match, text.word_of) > FUNCTION):
        seen.setdefault(int(text.sentence_of[token]), set()).add(text.stems[text.word_of[token]])
    shares = np.zeros(int(text.sentence_of.max()) + 2, dtype=np.float32)
    for sentence, roots in seen.items():
        shares[sentence] = sum(weights.get(r, 0.0) for r in roots) / total
    best = shares.max()
    steps: Features = np.minimum(shares * 8, 7).astype(np.uint8)
    steps[(shares == best) & (best > 0)] += 8
    out[:] = steps[text.sentence_of]
    return out


def _distance(match: Features) -> Features:
    """Per word: 1 a match itself, then 2 to 6 by distance to the nearest; 0 where there is none."""
    hits = np.flatnonzero(match > FUNCTION)
    if not len(hits):
        return np.zeros(len(match), dtype=np.uint8)
    at = np.arange(len(match))
    right = np.minimum(np.searchsorted(hits, at), len(hits) - 1)
    left = np.maximum(right - 1, 0)
    gap = np.minimum(np.abs(hits[right] - at), np.abs(hits[left] - at))
    buckets: Array = 1 + np.searchsorted([0, 2, 4, 8, 16], gap, side="left").astype(np.int32)
    return buckets.astype(np.uint8)


def _shapes(found: Sequence[str], word_of: Array) -> Features:
    if not found:
        return np.full(len(word_of), PUNCTUATION, dtype=np.uint8)
    table = np.array([_shape(w) for w in found], dtype=np.uint8)
    shapes: Features = np.where(word_of >= 0, table[np.maximum(word_of, 0)], PUNCTUATION)
    return shapes.astype(np.uint8)


def _shape(word: str) -> int:
    if word.isdigit():
        return YEAR if len(word) == 4 and "1000" <= word <= "2100" else NUMBER
    if word.islower():
        return LOWER
    if word.isupper() and len(word) > 1:
        return UPPER
    if (word[0].isupper() and word[1:].islower()) or (len(word) == 1 and word.isupper()):
        return CAPITAL
    return MIXED
