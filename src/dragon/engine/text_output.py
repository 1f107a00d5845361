"""Tokens become text as they come, and end where a stop string begins.

In: token ids. Out: pieces of text that can no longer change: no half character, and nothing that
may turn out to be the beginning of a stop string, even where it lies across tokens.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragon.tokenizer import Tokenizer


class TextOutput:
    """The text of one answer.

    Args:
        tokenizer: of the model.
        stop_strings: what ends the text; none of them empty.
    """

    def __init__(self, tokenizer: "Tokenizer", stop_strings: Collection[str] = ()) -> None:
        # Not at the top: who wants token ids only need not load the tokenizers' library.
        from dragon.tokenizer import StreamDecoder

        self._decoder = StreamDecoder(tokenizer)
        self._stop = tuple(stop_strings)
        self._held = ""
        self._stopped = False

    def push(self, token: int) -> tuple[str, bool]:
        """Text that is certain now, and whether a stop string has been completed."""
        return self._certain(self._decoder.push(token)), self._stopped

    def finish(self) -> str:
        """What was held back, once nothing can follow."""
        if self._stopped:
            return ""
        text = self._certain(self._decoder.finish()) + self._held
        self._held = ""
        return text

    def _certain(self, more: str) -> str:
        text = self._held + more
        places = [place for stop in self._stop if (place := text.find(stop)) >= 0]
        if places:
            self._stopped, self._held = True, ""
            return text[: min(places)]
        keep = max((_begun(text, stop) for stop in self._stop), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _begun(text: str, stop: str) -> int:
    """Characters at the end of `text` with which `stop` begins.

    >>> _begun("a stop <|e", "<|end|>")
    3
    """
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
