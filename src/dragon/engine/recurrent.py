"""The recurrent reader head without PyTorch: states in, start and end scores out.

It computes what `dragon.model.recurrent_head` does, of prompts of any lengths side by side; the
products and the recurrence run on the body's kernels. Shapes: M tokens of all prompts, B prompts, T
tokens of the longest, C channels, H = C/2.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dragon.engine.body import Body, Floats
from dragon.engine.matrices import Matrix
from dragon.engine.numpy_body import relu, softmax
from dragon.tokenizer.reading import MATCHES, SEG_QUESTION
from dragon.weights import RECURRENT_LAYERS

PREFIX = "dragon.reader"
LINEAR = ("enter", "join", "revise", "gist", "ask", "span")
LOOKS = ("align", "meet", "review")

Mask = NDArray[np.bool_]


class RecurrentHead:
    """The head of one model.

    Args:
        body: whose kernels compute it.
        weights: of the model, by name.
    """

    def __init__(self, body: Body, weights: Mapping[str, Matrix]) -> None:
        def matrix(name: str) -> Matrix:
            return weights[f"{PREFIX}.{name}"]

        self._linear = {
            name: body.linear(matrix(f"{name}.weight"), matrix(f"{name}.bias").f32())
            for name in LINEAR
        }
        for look in LOOKS:
            for part in ("query", "key"):
                name = f"{look}.{part}"
                self._linear[name] = body.linear(matrix(f"{name}.weight"))
        self._scale = np.float32(matrix("align.key.weight").shape[0] ** -0.5)
        self._layers = [Layer(body, matrix, f"layers.{i}") for i in range(RECURRENT_LAYERS)]

    def __call__(
        self, states: Floats, features: NDArray[np.uint8], lengths: Sequence[int]
    ) -> Floats:
        """States [M, C] and features [M, F] of prompts of these lengths -> scores [M, 2]."""
        prompts = _slices(lengths)
        asked = features[:, 0] // MATCHES == SEG_QUESTION
        asked[[prompt.start for prompt in prompts]] = True
        read, linear = self._layers, self._linear
        aligned = self._look("align", states, prompts, asked)
        x = relu(linear["enter"](np.concatenate((states, aligned), axis=1)))
        first = read[0](x, lengths)
        met = self._look("meet", first, prompts, asked)
        gist = self._gist(first, prompts, asked)
        of_row = np.repeat(np.arange(len(prompts)), lengths)
        joined = np.concatenate((first, met, first * met, first * gist[of_row]), axis=1)
        x = relu(linear["join"](joined))
        second = read[1](x, lengths)
        seen = self._look("review", second, prompts)
        x = x + relu(linear["revise"](np.concatenate((second, seen, second * seen), axis=1)))
        third = read[2](x, lengths)
        asks = linear["ask"](gist).reshape(len(prompts), 2, -1)
        fit = np.einsum("mc,mkc->mk", third, asks[of_row]) / np.float32(third.shape[1] ** 0.5)
        scores: Floats = linear["span"](np.concatenate((third, second), axis=1)) + fit
        return scores

    def _look(
        self, name: str, x: Floats, prompts: Sequence[slice], seen: Mask | None = None
    ) -> Floats:
        """Each row gathers the rows of its prompt that may be seen, as they are."""
        queries: Floats = self._linear[f"{name}.query"](x) * self._scale
        keys, out = self._linear[f"{name}.key"](x), np.empty_like(x)
        for prompt in prompts:
            chosen = slice(None) if seen is None else seen[prompt]
            weights = softmax(queries[prompt] @ keys[prompt][chosen].T)
            out[prompt] = weights @ x[prompt][chosen]
        return out

    def _gist(self, x: Floats, prompts: Sequence[slice], asked: Mask) -> Floats:
        """[B, C] a weighted mean of each question's rows."""
        scores = self._linear["gist"](x)
        gists = []
        for prompt in prompts:
            chosen = asked[prompt]
            gists.append(softmax(scores[prompt][chosen].T) @ x[prompt][chosen])
        return np.concatenate(gists)


class Layer:
    """One recurrent layer; inside, the names are those of `torch.nn.LSTM`."""

    def __init__(self, body: Body, matrix: Callable[[str], Matrix], name: str) -> None:
        ends = [f"{name}.{{}}_l0", f"{name}.{{}}_l0_reverse"]
        self._inputs = [
            body.linear(
                matrix(end.format("weight_ih")),
                matrix(end.format("bias_ih")).f32() + matrix(end.format("bias_hh")).f32(),
            )
            for end in ends
        ]
        self._scan = body.recurrence(*(matrix(end.format("weight_hh")) for end in ends))

    def __call__(self, x: Floats, lengths: Sequence[int]) -> Floats:
        """[M, C], forwards and backwards -> [M, C]."""
        there = np.concatenate([np.arange(n) for n in lengths])
        back = np.repeat(lengths, lengths) - 1 - there  # the last token comes first
        prompt = np.repeat(np.arange(len(lengths)), lengths)
        said = [layer(x) for layer in self._inputs]
        gates = np.zeros((max(lengths), 2, len(lengths), said[0].shape[1]), np.float32)
        gates[there, 0, prompt], gates[back, 1, prompt] = said
        states = self._scan(gates)
        return np.concatenate((states[there, 0, prompt], states[back, 1, prompt]), axis=1)


def _slices(lengths: Sequence[int]) -> list[slice]:
    ends = np.cumsum(lengths).tolist()
    return [slice(end - n, end) for end, n in zip(ends, lengths, strict=True)]
