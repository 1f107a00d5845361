r"""A batch becomes a loss and a gradient for every tensor: forward, and the same steps back.

Shapes: B batch, T time, F features, V vocabulary.
"""

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.reference.attention import visible
from dragon.reference.blocks import Drop
from dragon.reference.model import states, states_backward
from dragon.reference.mouths import language, language_backward, spans, spans_backward
from dragon.reference.softmax import cross_entropy, cross_entropy_backward
from dragon.reference.sublayers import Gradients, Parameters

Ids = NDArray[np.integer]


def language_loss(
    p: Parameters,
    c: ModelConfig,
    ids: Ids,
    targets: Ids,
    prefix: int = 0,
    drop: Drop | None = None,
) -> tuple[float, Gradients]:
    """Mean cross-entropy of the next token, in nats, and its gradients.

    Args:
        p: NumPy tensors by name.
        c: their configuration.
        ids: [B, T].
        targets: [B, T] the token after each, or `IGNORED`.
        prefix: with prefix attention, how many first tokens everyone sees.
        drop: dropout; none by default.
    """
    mask, flat = visible(c, 0, ids.shape[1], prefix), targets.reshape(-1)
    x, saved = states(p, c, ids, mask, drop=drop)
    scores, of_pointer = language(p, c, x, ids, mask)
    rows = scores.reshape(-1, c.vocab_size)
    grads: Gradients = {}
    d_scores = cross_entropy_backward(rows, flat).reshape(scores.shape)
    dx = language_backward(p, c, grads, d_scores, x, of_pointer)
    states_backward(p, c, grads, dx, saved)
    return float(cross_entropy(rows, flat)), grads


def reading_loss(
    p: Parameters, c: ModelConfig, ids: Ids, features: Ids, answers: Ids
) -> tuple[float, Gradients]:
    """Mean cross-entropy of the answer's first and last token, in nats, and its gradients.

    Args:
        p: NumPy tensors by name, of a reader.
        c: their configuration.
        ids: [B, T].
        features: [B, T, F].
        answers: [B, 2] positions of the first and the last token.
    """
    (b, t), flat = ids.shape, answers.reshape(-1)
    x, saved = states(p, c, ids, np.full((t, t), True), features)
    scores, of_head = spans(p, c, x, features)  # [B, T, 2]
    rows = scores.swapaxes(1, 2).reshape(b * 2, t)  # a row is a choice among T positions
    grads: Gradients = {}
    d_scores = cross_entropy_backward(rows, flat).reshape(b, 2, t).swapaxes(1, 2)
    dx = spans_backward(p, grads, d_scores, x, of_head)
    states_backward(p, c, grads, dx, saved)
    return float(cross_entropy(rows, flat)), grads
