r"""The recurrent reader head, there and back: states of a prompt become start and end scores.

With the question's rows $Q$, where position 0 is one of them, and $[\,;\,]$ side by side:

$$x_1 = \mathrm{relu}(W_e [s; \mathrm{align}_Q(s)]) \qquad h_1 = \mathrm{LSTM}_1(x_1)$$
$$g = \mathrm{pool}_Q(h_1) \qquad m = \mathrm{meet}_Q(h_1)$$
$$x_2 = \mathrm{relu}(W_j [h_1; m; h_1 \odot m; h_1 \odot g]) \qquad h_2 = \mathrm{LSTM}_2(x_2)$$
$$r = \mathrm{review}(h_2) \qquad x_3 = x_2 + \mathrm{relu}(W_r [h_2; r; h_2 \odot r])$$
$$h_3 = \mathrm{LSTM}_3(x_3) \qquad y = W_s [h_3; h_2] + \mathrm{fit}(h_3, W_a g)$$

Aligned question, recurrent layers and bilinear score are DrQA's (Chen et al. 2017,
arXiv:1704.00051), the products and the later looks those of BiDAF and R-Net (Seo et al. 2016,
arXiv:1611.01603; Wang et al. 2017). Each LSTM reads forwards and backwards.

Shapes: B batch, T time, C channels, D head size.
"""

from typing import NamedTuple

import numpy as np

from dragon.reference.activations import relu, relu_backward
from dragon.reference.arrays import Array, constant, namespace
from dragon.reference.both_ways import BothSaved, both_ways, both_ways_backward
from dragon.reference.gathering import (
    fit,
    fit_backward,
    gather,
    gather_backward,
    pool,
    pool_backward,
)
from dragon.reference.sublayers import Gradients, Parameters, project, project_backward
from dragon.tokenizer.reading import MATCHES, SEG_QUESTION

HEAD = "dragon.reader"


class LookSaved(NamedTuple):
    """Of `look`: what was looked at [B, T, C], queries and keys [B, T, D], weights [B, T, T]."""

    x: Array
    q: Array
    k: Array
    weights: Array


class BlendSaved(NamedTuple):
    """Of `blend`: what stands side by side [B, T, N*C], and before the ReLU [B, T, C]."""

    joined: Array
    sums: Array


class Saved(NamedTuple):
    """Of `head`.

    Attributes:
        looks: of align, meet and review.
        blends: of enter, join and revise.
        layers: of the recurrent layers, both directions each.
        first, second, third: [B, T, C] what the layers gave.
        met, reviewed: [B, T, C] what meet and review gathered.
        gist: [B, C] the pooled question.
        pooled: [B, T] its weights.
        asks: [B, 2, C] what it asks of the answer's first and last token.
    """

    looks: dict[str, LookSaved]
    blends: dict[str, BlendSaved]
    layers: list[BothSaved]
    first: Array
    second: Array
    third: Array
    met: Array
    reviewed: Array
    gist: Array
    pooled: Array
    asks: Array


def asked_rows(features: Array) -> Array:  # [B, T, F] -> [B, T]
    """True on the question's tokens, and on position 0, so that there always is one.

    >>> asked_rows(np.array([[[0], [7], [2], [15]]])).tolist()
    [[True, True, False, False]]
    """
    first = constant(np.arange(features.shape[1]) == 0, features)
    return (features[..., 0] // MATCHES == SEG_QUESTION) | first


def head(p: Parameters, states: Array, asked: Array) -> tuple[Array, Saved]:
    """States [B, T, C] -> start and end scores [B, T, 2].

    Args:
        p: tensors by name.
        states: [B, T, C] of prompts of one length.
        asked: [B, T] see `asked_rows`.

    Returns:
        The scores, and what `head_backward` needs.
    """
    xp = namespace(states)
    aligned, align = look(p, "align", states, asked)
    x, enter = blend(p, "enter", (states, aligned))
    first, layer_0 = both_ways(p, _layer(0), x)
    met, meet = look(p, "meet", first, asked)
    gist, pooled = pool(first, project(p, f"{HEAD}.gist", first)[..., 0], asked)
    x, join = blend(p, "join", (first, met, first * met, first * gist[:, None, :]))
    second, layer_1 = both_ways(p, _layer(1), x)
    reviewed, review = look(p, "review", second, xp.ones_like(asked))
    revised, revise = blend(p, "revise", (second, reviewed, second * reviewed))
    third, layer_2 = both_ways(p, _layer(2), x + revised)
    asks = xp.reshape(project(p, f"{HEAD}.ask", gist), (-1, 2, gist.shape[-1]))
    scores = project(p, f"{HEAD}.span", xp.concat((third, second), axis=-1)) + fit(third, asks)
    looks = {"align": align, "meet": meet, "review": review}
    blends = {"enter": enter, "join": join, "revise": revise}
    layers = [layer_0, layer_1, layer_2]
    of_rows = first, second, third, met, reviewed
    return scores, Saved(looks, blends, layers, *of_rows, gist, pooled, asks)


def head_backward(p: Parameters, grads: Gradients, dy: Array, s: Saved) -> Array:
    r"""From the gradient of the scores [B, T, 2] to that of the states [B, T, C].

    The formulas of `head`, last first. What is used more than once ($h_1$, $h_2$, $g$, $x_2$, and
    what was gathered) adds up what its uses say. Of a product $h \odot m$ with gradient $d$ they
    get $m \odot d$ and $h \odot d$; $g$ stands beside every row and sums over the rows.
    """
    sides = project_backward(p, grads, f"{HEAD}.span", dy, np.concatenate((s.third, s.second), -1))
    d_third, d_second = np.split(sides, 2, axis=-1)
    by_fit, d_asks = fit_backward(dy, s.third, s.asks)
    d_asks = d_asks.reshape(len(dy), -1)
    d_gist = project_backward(p, grads, f"{HEAD}.ask", d_asks, s.gist)
    dx = both_ways_backward(p, grads, _layer(2), d_third + by_fit, s.layers[2])

    d_plain, d_reviewed, by_product = blend_backward(p, grads, "revise", dx, s.blends["revise"])
    d_second = d_second + d_plain + by_product * s.reviewed
    d_reviewed = d_reviewed + by_product * s.second
    d_second = d_second + look_backward(p, grads, "review", d_reviewed, s.looks["review"])
    dx = dx + both_ways_backward(p, grads, _layer(1), d_second, s.layers[1])

    d_first, d_met, by_met, by_gist = blend_backward(p, grads, "join", dx, s.blends["join"])
    d_first = d_first + by_met * s.met + by_gist * s.gist[:, None, :]
    d_met = d_met + by_met * s.first
    d_gist = d_gist + (by_gist * s.first).sum(axis=1)
    pooled, d_scores = pool_backward(d_gist, s.first, s.pooled)
    d_first = d_first + pooled
    d_first = d_first + project_backward(p, grads, f"{HEAD}.gist", d_scores[..., None], s.first)
    d_first = d_first + look_backward(p, grads, "meet", d_met, s.looks["meet"])
    dx = both_ways_backward(p, grads, _layer(0), d_first, s.layers[0])

    d_states, d_aligned = blend_backward(p, grads, "enter", dx, s.blends["enter"])
    return d_states + look_backward(p, grads, "align", d_aligned, s.looks["align"])


def look(p: Parameters, name: str, x: Array, seen: Array) -> tuple[Array, LookSaved]:
    """`gather` with named matrices, [B, T, C] -> [B, T, C]; all look at the rows seen [B, T]."""
    q, k = (project(p, f"{HEAD}.{name}.{part}", x) for part in ("query", "key"))
    y, weights = gather(x, q, k, seen)
    return y, LookSaved(x, q, k, weights)


def look_backward(p: Parameters, grads: Gradients, name: str, dy: Array, s: LookSaved) -> Array:
    """Backward of `look`."""
    dx, dq, dk = gather_backward(dy, s.x, s.q, s.k, s.weights)
    for part, d in (("query", dq), ("key", dk)):
        dx = dx + project_backward(p, grads, f"{HEAD}.{name}.{part}", d, s.x)
    return dx


def blend(p: Parameters, name: str, parts: tuple[Array, ...]) -> tuple[Array, BlendSaved]:
    """relu(W [parts] + b) with a named W: N arrays [B, T, C] -> [B, T, C]."""
    joined = namespace(parts[0]).concat(parts, axis=-1)
    sums = project(p, f"{HEAD}.{name}", joined)
    return relu(sums), BlendSaved(joined, sums)


def blend_backward(
    p: Parameters, grads: Gradients, name: str, dy: Array, s: BlendSaved
) -> list[Array]:
    """Backward of `blend`: the gradient of each part [B, T, C]."""
    joined = project_backward(p, grads, f"{HEAD}.{name}", relu_backward(dy, s.sums), s.joined)
    return np.split(joined, joined.shape[-1] // dy.shape[-1], axis=-1)


def _layer(number: int) -> str:
    return f"{HEAD}.layers.{number}"
