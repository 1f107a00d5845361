"""Byte-pair encoding in its plainest form: apply the best-ranked pair until none is left."""

import json
from itertools import pairwise

from tokenizers import Tokenizer


class PlainBpe:
    """Reads the merges of a tokenizer and applies them one by one."""

    def __init__(self, inner: Tokenizer) -> None:
        model = json.loads(inner.to_str())["model"]
        self.vocabulary: dict[str, int] = model["vocab"]
        self.rank = {tuple(pair): rank for rank, pair in enumerate(model["merges"])}
        self.split = inner.pre_tokenizer.pre_tokenize_str

    def encode(self, text: str) -> list[int]:
        return [self.vocabulary[t] for word, _ in self.split(text) for t in self.merge(list(word))]

    def merge(self, tokens: list[str]) -> list[str]:
        while pairs := [p for p in pairwise(tokens) if p in self.rank]:
            best = min(pairs, key=self.rank.__getitem__)
            at = list(pairwise(tokens)).index(best)
            tokens[at : at + 2] = ["".join(best)]
        return tokens
