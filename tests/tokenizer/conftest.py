"""The tokenizers of the small corpus."""

import pytest

from dragon.tokenizer import BpeTokenizer, WordTokenizer
from tests.tokenizer.corpus import CORPUS


@pytest.fixture(scope="session")
def bpe() -> BpeTokenizer:
    return BpeTokenizer.train(CORPUS, vocab_size=400)


@pytest.fixture(scope="session")
def words() -> WordTokenizer:
    return WordTokenizer.train(CORPUS)
