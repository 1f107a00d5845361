"""The recurrent reader head without PyTorch: states in, start and end scores out.

It computes what `dragon.model.recurrent_head` does, of prompts of any lengths side by side. Shapes:
M tokens of all prompts, B prompts, T tokens of the longest, C channels, G = 4 C/2 gates.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dragon.engine.body import Floats
from dragon.engine.matrices import Matrix
from dragon.engine.numpy_body import softmax
from dragon.tokenizer.reading import MATCHES, SEG_QUESTION
from dragon.weights import RECURRENT_LAYERS

PREFIX = "dragon.reader"
ENDS = ("l0", "l0_reverse")  # the names of torch.nn.LSTM for its two directions

Scan = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True, slots=True)
class Layer:
    """One recurrent layer, both directions: input [C, 2 G], bias [2 G], state [2, C/2, G]."""

    input: Floats
    bias: Floats
    state: Floats


class RecurrentHead:
    """The weights of the head, in float32, and how they are used.

    Args:
        weights: of the model, by name.
        scan: how states follow one another: `scan`, or compiled code that does the same.
    """

    def __init__(self, weights: Mapping[str, Matrix], scan: Scan) -> None:
        self._weights = {
            name.removeprefix(f"{PREFIX}."): matrix.f32()
            for name, matrix in weights.items()
            if name.startswith(PREFIX)
        }
        self._layers = [self._layer(f"layers.{i}") for i in range(RECURRENT_LAYERS)]
        self._scan = scan

    def __call__(
        self, states: Floats, features: NDArray[np.uint8], lengths: Sequence[int]
    ) -> Floats:
        """States [M, C] and features [M, F] of prompts of these lengths -> scores [M, 2]."""
        prompts = _slices(lengths)
        asked = features[:, 0] // MATCHES == SEG_QUESTION
        asked[[prompt.start for prompt in prompts]] = True
        x = np.concatenate((states, self._look("align", states, prompts, asked)), axis=1)
        first = self._read(0, _relu(self._linear("enter", x)), lengths)
        met = self._look("meet", first, prompts, asked)
        gist = self._gist(first, prompts, asked)  # [B, C]
        of_row = np.repeat(np.arange(len(prompts)), lengths)
        joined = np.concatenate((first, met, first * met, first * gist[of_row]), axis=1)
        x = _relu(self._linear("join", joined))
        second = self._read(1, x, lengths)
        seen = self._look("review", second, prompts)
        x = x + _relu(self._linear("revise", np.concatenate((second, seen, second * seen), axis=1)))
        third = self._read(2, x, lengths)
        asks = self._linear("ask", gist).reshape(len(prompts), 2, -1)
        fit = np.einsum("mc,mkc->mk", third, asks[of_row]) / np.float32(third.shape[1] ** 0.5)
        return self._linear("span", np.concatenate((third, second), axis=1)) + fit

    def _linear(self, name: str, x: Floats) -> Floats:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _look(
        self,
        name: str,
        x: Floats,
        prompts: Sequence[slice],
        seen: NDArray[np.bool_] | None = None,
    ) -> Floats:
        """Each row gathers the rows of its prompt that may be seen, as they are."""
        key = self._weights[f"{name}.key.weight"]
        query = self._weights[f"{name}.query.weight"] / np.float32(len(key) ** 0.5)
        out = np.empty_like(x)
        for prompt in prompts:
            rows = x[prompt]
            chosen = rows if seen is None else rows[seen[prompt]]
            out[prompt] = softmax(rows @ query.T @ (chosen @ key.T).T) @ chosen
        return out

    def _gist(self, x: Floats, prompts: Sequence[slice], asked: NDArray[np.bool_]) -> Floats:
        """[B, C] a weighted mean of each question's rows."""
        gists = []
        for prompt in prompts:
            rows = x[prompt][asked[prompt]]
            gists.append(softmax(self._linear("gist", rows).T) @ rows)
        return np.concatenate(gists)

    def _read(self, layer: int, x: Floats, lengths: Sequence[int]) -> Floats:
        """[M, C] through one layer, forwards and backwards -> [M, C]."""
        weights = self._layers[layer]
        gates = x @ weights.input + weights.bias
        place, rows = _places(lengths)
        steps, width = max(lengths), gates.shape[1] // 2
        aligned = np.zeros((steps, 2, len(lengths), width), np.float32)
        # Both directions begin at step 0: the backward one at the last token.
        aligned[place, 0, rows] = gates[:, :width]
        back = np.repeat(np.asarray(lengths), lengths) - 1 - place
        aligned[back, 1, rows] = gates[:, width:]
        states = self._scan(aligned, weights.state)
        return np.concatenate((states[place, 0, rows], states[back, 1, rows]), axis=1)

    def _layer(self, name: str) -> Layer:
        w = self._weights
        inputs = [w[f"{name}.weight_ih_{end}"] for end in ENDS]
        biases = [w[f"{name}.bias_ih_{end}"] + w[f"{name}.bias_hh_{end}"] for end in ENDS]
        states = [w[f"{name}.weight_hh_{end}"].T for end in ENDS]
        return Layer(
            np.ascontiguousarray(np.concatenate(inputs).T),
            np.concatenate(biases),
            np.ascontiguousarray(np.stack(states)),
        )


def scan(gates: Floats, state: Floats) -> Floats:
    """Hochreiter and Schmidhuber 1997 with forget gates, as in `torch.nn.LSTM`.

    Args:
        gates: [T, 2, B, G] what the input says to the input, forget, cell and output gates.
        state: [2, C/2, G] what the state before says to them.

    Returns:
        The states [T, 2, B, C/2].
    """
    steps, directions, batch, width = gates.shape
    half = width // 4
    h = np.zeros((directions, batch, half), np.float32)
    cell = np.zeros_like(h)
    out = np.empty((steps, directions, batch, half), np.float32)
    for step in range(steps):
        z = gates[step] + h @ state
        z[..., : 2 * half] = _sigmoid(z[..., : 2 * half])
        cell = z[..., half : 2 * half] * cell + z[..., :half] * np.tanh(z[..., 2 * half : 3 * half])
        h = _sigmoid(z[..., 3 * half :]) * np.tanh(cell)
        out[step] = h
    return out


def _sigmoid(x: Floats) -> Floats:
    half = np.float32(0.5)
    y: Floats = half * np.tanh(half * x) + half
    return y


def _relu(x: Floats) -> Floats:
    return np.maximum(x, 0)


def _slices(lengths: Sequence[int]) -> list[slice]:
    ends = np.cumsum(lengths).tolist()
    return [slice(end - n, end) for end, n in zip(ends, lengths, strict=True)]


def _places(lengths: Sequence[int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of each row: its place in its prompt, and which prompt."""
    places = np.concatenate([np.arange(n) for n in lengths])
    return places, np.repeat(np.arange(len(lengths)), lengths)
