"""Text to token ids and back, and the reader's prompt format.

In: text, or a corpus to train on. Out: ids, their character offsets, and a folder with
tokenizer.json that `transformers` opens.
"""

from dragon.tokenizer.base import StreamDecoder, Tokenizer
from dragon.tokenizer.bpe import BpeTokenizer
from dragon.tokenizer.files import load_tokenizer
from dragon.tokenizer.special import SPECIAL_TOKENS
from dragon.tokenizer.word import WordTokenizer

__all__ = [
    "SPECIAL_TOKENS",
    "BpeTokenizer",
    "StreamDecoder",
    "Tokenizer",
    "WordTokenizer",
    "load_tokenizer",
]
