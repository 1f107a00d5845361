"""A question is read with one passage, and the reader's scores and features are kept.

In: a reader's folder, a question and a passage. Out: plain values, ready for JSON, beside those of
`dragon.inspect.look`. Shapes: T tokens, F features.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dragon.answer.spans import best_spans
from dragon.errors import InputError
from dragon.inspect.look import LONGEST, Look, block_maps, check_length, describe, packed, pieces
from dragon.reference.files import open_model
from dragon.reference.model import states
from dragon.reference.mouths import spans as score
from dragon.reference.recurrent import Saved
from dragon.reference.softmax import softmax
from dragon.text.vectors import load_vectors
from dragon.tokenizer.reading import SEG_TEXT, Reading, analyse, compose

SEGMENTS = ("special", "question", "heading", "text")
MATCHES = ("no match", "function word", "common word", "rare word", "same stem")
SHAPES = ("lower case", "Capitalised", "UPPER CASE", "year", "number", "punctuation", "mixed")
DISTANCES = ("no match near", "is a match", "up to 2", "up to 4", "up to 8", "up to 16", "farther")

# The attentions of the recurrent head (see `dragon.reference.recurrent`), in their order.
HEAD_MAPS: Look = {
    "title": "Reader head",
    "names": ["align", "meet", "review"],
    "says": [
        "Before anything is read: every token gathers the question's words that are most like it.",
        "After the first recurrent layer: every token, which now knows the words around it, "
        "gathers what it wants of the question.",
        "After the second recurrent layer: every token is compared with all others, the "
        "passage with itself.",
    ],
}


def look_at_passage(folder: Path, question: str, passage: str, heading: str = "") -> Look:
    """Read a passage in the light of a question and keep how every token was scored.

    Raises:
        InputError: if the model is no reader, or a text is empty or too long.
        CheckpointError: if the folder is no model.
    """
    model = open_model(folder)
    if not model.config.is_reader:
        raise InputError("This model does not read passages.", "Leave --question out.")
    if not question.strip():
        raise InputError("The question is empty.", "Ask something about the text.")
    asked, above, text = (analyse(t, model.tokenizer) for t in (question, heading, passage))
    check_length(len(text.ids), model.config)
    room = min(LONGEST, model.config.max_position_embeddings)
    reading = compose(asked, above, text, room, load_vectors(folder))
    features = reading.features[None, :, : len(model.config.reader_features)].astype(np.int64)
    mask = np.full((len(reading.ids),) * 2, True)
    x, saved = states(model.tensors, model.config, reading.ids[None], mask, features)
    every, of_head = score(model.tensors, model.config, x, features)
    scores = every[0]
    spans = best_spans(reading, scores, passage)
    # Among all spans of the passage the shares add up to 1; "no answer" joins them here.
    none = spans[0].share * float(np.exp(-spans[0].margin)) if spans else np.inf
    return {
        **describe(model, folder),
        "kind": "reading",
        "question": question,
        "text": passage,
        "tokens": pieces(model.tokenizer, reading.ids.tolist()),
        "textStart": reading.text_start,
        "attention": packed([b.attention.weights[0] for b in saved.blocks] + _of_head(of_head)),
        "maps": block_maps(model.config) + ([HEAD_MAPS] if of_head else []),
        "gist": [round(float(w), 4) for w in of_head.pooled[0]] if of_head else None,
        "scores": _shares(scores, reading),
        "noAnswer": round(none / (1 + none), 4) if np.isfinite(none) else 1.0,
        "spans": [
            {
                "text": passage[s.start : s.end],
                "share": round(s.share / (1 + none), 4),
                "margin": round(s.margin, 2),
                "tokens": _tokens(reading, s.start, s.end),
            }
            for s in spans
        ],
        "features": _described(features[0]),
    }


def _of_head(saved: Saved | None) -> list[NDArray[np.floating]]:
    """The attentions of a recurrent head, [3, T, T], as if they were the heads of a layer."""
    if saved is None:
        return []
    return [np.concatenate([saved.looks[name].weights for name in HEAD_MAPS["names"]])]


def _shares(scores: NDArray[np.floating], reading: Reading) -> list[list[float]]:
    """Probability of each token to be the first and the last of the answer, [T, 2].

    Only the text and position 0, which stands for no answer, can be either.
    """
    allowed = np.arange(len(scores)) >= reading.text_start
    allowed[0], allowed[-1] = True, False
    masked = np.where(allowed[:, None], scores, -np.inf)
    return [[round(float(v), 4) for v in row] for row in softmax(masked.T).T]


def _tokens(reading: Reading, start: int, end: int) -> list[int]:
    inside = (reading.ends > start) & (reading.starts < end)
    return [int(i) + reading.text_start for i in np.flatnonzero(inside)]


def _described(features: NDArray[np.integer]) -> list[Look]:
    """The features of each token in words, and as shares for colours."""
    return [_of_token([int(v) for v in row]) for row in features]


def _of_token(row: list[int]) -> Look:
    segment, match = divmod(row[0], 5)
    words = {"segment": SEGMENTS[segment], "match": MATCHES[match]}
    if segment == SEG_TEXT:
        best = " (best sentence)" if row[1] >= 8 else ""
        words["coverage"] = f"{row[1] % 8} of 7{best}"
        words["distance"] = DISTANCES[min(row[3], len(DISTANCES) - 1)]
    words["shape"] = SHAPES[min(row[2], len(SHAPES) - 1)]
    if len(row) > 5:
        words["likeness"], words["meaning"] = f"{row[4]} of 7", f"{row[5] % 8} of 7"
    near = {0: 0.0, 1: 1.0}.get(row[3], max(0.0, 1 - (row[3] - 1) / 6))
    heat = {
        "match": (0.0, 0.25, 0.6, 1.0, 0.8)[match],
        "coverage": (row[1] % 8) / 7 if segment == SEG_TEXT else 0.0,
        "distance": near if segment == SEG_TEXT else 0.0,
    }
    return {"words": words, "heat": heat}
