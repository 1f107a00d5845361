"""JSON, regular expressions and grammars hold whatever the model prefers."""

import json
import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine.constraints import Constraint, GrammarCompiler
from dragon.engine.sampling import Sampling
from dragon.errors import ConfigError, InputError
from dragon.tokenizer import BpeTokenizer, WordTokenizer
from tests.engine.models import engine

TEXT = 'the {"name": "Ada", "age": 36, "tags": ["a", "b"]} and 2024-05-06, yes or no: true false'
TOKENIZER = BpeTokenizer.train([TEXT] * 9, vocab_size=330)
END = TOKENIZER.id("<|end|>")
SIZE = TOKENIZER.vocab_size + 3  # a model may have more rows than its tokenizer has tokens
MODEL = engine(ModelConfig(SIZE, 16, 24, 2, 2, 1, 512), "numpy")
COMPILER = GrammarCompiler(TOKENIZER, SIZE, [END])
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 3},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}
seeds = st.integers(0, 999)


def write(constraint: Constraint, seed: int) -> str:
    ids = list(
        MODEL.generate(
            [5],
            max_tokens=300,
            sampling=Sampling(1.0, seed=seed),
            stop_ids={END},
            constraint=constraint,
        )
    )
    return TOKENIZER.decode(ids)


@settings(max_examples=4)
@given(seeds)
def test_a_json_schema_holds(seed: int) -> None:
    value = json.loads(write(COMPILER.json_schema(PERSON), seed))
    assert list(value) == ["name", "age", "tags"]
    assert isinstance(value["name"], str)
    assert len(value["name"]) <= 8
    assert value["age"] in range(151)
    assert len(value["tags"]) <= 3
    assert set(value["tags"]) <= {"a", "b"}


@settings(max_examples=4)
@given(seeds)
def test_a_regular_expression_holds(seed: int) -> None:
    text = write(COMPILER.regex(r"(yes|no)( [a-f]{2,4})?, [0-9]{4}-[0-9]{2}"), seed)
    assert re.fullmatch(r"(yes|no)( [a-f]{2,4})?, [0-9]{4}-[0-9]{2}", text)


@settings(max_examples=4)
@given(seeds)
def test_a_grammar_holds(seed: int) -> None:
    text = write(COMPILER.grammar('start: item ("+" item)? ("+" item)?\nitem: /[0-9]/'), seed)
    assert re.fullmatch(r"[0-9](\+[0-9]){0,2}", text)


def test_the_end_is_allowed_where_the_rule_is_fulfilled() -> None:
    matcher = COMPILER.regex("a+").start()
    allowed = matcher.allowed()
    assert isinstance(allowed, np.ndarray)
    assert allowed.shape == (SIZE,)
    assert not allowed[END]
    [a] = TOKENIZER.encode("a")
    matcher.advance(a)
    assert matcher.allowed()[END]  # type: ignore[index]
    assert not matcher.finished
    matcher.advance(END)
    assert matcher.finished


def test_a_rule_is_shared_by_answers() -> None:
    rule = COMPILER.regex("ab")
    one, other = rule.start(), rule.start()
    for token in TOKENIZER.encode("ab"):
        one.advance(token)
    assert one.finished
    assert not other.finished


def test_special_tokens_are_never_text() -> None:
    allowed = COMPILER.regex("(?s:.*)").start().allowed()
    special = sorted(TOKENIZER.special_ids - {END})
    assert not np.asarray(allowed)[special].any()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: COMPILER.json_schema("{"), "JSON schema cannot be used"),
        (lambda: COMPILER.json_schema({"type": "nothing"}), "JSON schema cannot be used.*nothing"),
        (lambda: COMPILER.regex("("), "regular expression cannot be used"),
        (lambda: COMPILER.grammar("start: nowhere"), "grammar cannot be used.*nowhere"),
        (lambda: GrammarCompiler(TOKENIZER, SIZE, []), "end_ids"),
        (lambda: GrammarCompiler(WordTokenizer.train(["a b"], 99), 99, [0]), "byte-level"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(make: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        make()  # type: ignore[operator]


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(ConfigError, match=r"dragon-lm\[grammar\]"):
        GrammarCompiler(TOKENIZER, SIZE, [END])
