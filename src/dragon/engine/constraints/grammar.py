"""JSON schemas, regular expressions and grammars, through llguidance (an optional dependency).

In: a rule as text, and the model's tokenizer. Out: a constraint.
"""

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from dragon.engine.constraints.base import Allowed
from dragon.errors import ConfigError, InputError

if TYPE_CHECKING:
    from dragon.tokenizer import Tokenizer

# Where white space is free, a small model may write it for ever.
LAYOUT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


class Vocabulary:
    """What llguidance asks of a tokenizer: the bytes of every token."""

    def __init__(self, tokenizer: "Tokenizer", end: int) -> None:
        self.eos_token_id = end
        self.bos_token_id = None
        self._tokenizer = tokenizer
        self.tokens, self.special_token_ids = [], []
        for id in range(tokenizer.vocab_size):
            piece = tokenizer.piece(id)
            self.tokens.append(piece or tokenizer.token(id).encode())
            if not piece:
                self.special_token_ids.append(id)

    def __call__(self, text: str) -> list[int]:
        """Ids of a text."""
        return self._tokenizer.encode(text)


class GrammarCompiler:
    """Makes constraints for one model; costs a pass over the vocabulary, so keep it.

    Args:
        tokenizer: byte-level, of the model.
        vocab_size: of the model; ids beyond the tokenizer's are never allowed.
        end_ids: tokens that end an answer, allowed where the rule is fulfilled; pass them as the
            request's `stop_ids` too.

    Raises:
        ConfigError: if llguidance is not installed.
        InputError: for a tokenizer whose tokens are no bytes, or without end_ids.
    """

    def __init__(self, tokenizer: "Tokenizer", vocab_size: int, end_ids: Collection[int]) -> None:
        # Not at the top: opening an engine must not load the tokenizers' library.
        from dragon.tokenizer import WordTokenizer

        if isinstance(tokenizer, WordTokenizer):
            raise InputError(
                "This model's tokens are words.", "Grammars need a byte-level tokenizer."
            )
        if not end_ids:
            raise InputError("No end_ids were given.", "Name the tokens that end an answer.")
        self._library = _llguidance()
        self.vocab_size = vocab_size
        ends = sorted(end_ids)
        self.tokenizer = self._library.LLTokenizer(
            self._library.TokenizerWrapper(Vocabulary(tokenizer, ends[0])),
            n_vocab=vocab_size,
            eos_token=ends,
        )

    def json_schema(self, schema: dict[str, Any] | bool | str) -> "Grammar":
        """JSON on one line that fulfils a schema, with a space after each comma and colon.

        Raises:
            InputError: for a schema that is malformed or uses what llguidance does not support.
        """
        text = schema if isinstance(schema, str) else json.dumps(schema)
        try:
            rule = self._library.LLMatcher.grammar_from_json_schema(text, overrides=LAYOUT)
        except ValueError as error:
            raise InputError(f"The JSON schema cannot be used: {error}.") from None
        return self._compile("JSON schema", rule)

    def regex(self, pattern: str) -> "Grammar":
        """Text that a regular expression (Rust syntax) matches as a whole.

        Raises:
            InputError: for a malformed one.
        """
        rule = self._library.LLMatcher.grammar_from_regex(pattern)
        return self._compile("regular expression", rule)

    def grammar(self, lark: str) -> "Grammar":
        """Text that a context-free grammar in Lark's syntax derives.

        Raises:
            InputError: for a malformed one.
        """
        return self._compile("grammar", self._library.LLMatcher.grammar_from_lark(lark))

    def _compile(self, kind: str, rule: str) -> "Grammar":
        failed, messages = self._library.LLMatcher.validate_grammar_with_warnings(
            rule, self.tokenizer
        )
        if failed:
            reason = " ".join(messages[0].split())
            raise InputError(f"The {kind} cannot be used: {reason}.")
        matcher = self._library.LLMatcher(self.tokenizer, rule, log_level=0)
        return Grammar(matcher, kind, self.vocab_size)


class Grammar:
    """A compiled rule; see `GrammarCompiler`."""

    def __init__(self, matcher: Any, kind: str, vocab_size: int) -> None:
        self._matcher = matcher
        self.kind = kind
        self.vocab_size = vocab_size

    def start(self) -> "GrammarMatcher":
        """A new answer under this rule."""
        return GrammarMatcher(self, self._matcher.deep_copy())


class GrammarMatcher:
    """One answer under a `Grammar`."""

    def __init__(self, grammar: Grammar, matcher: Any) -> None:
        self._grammar = grammar
        self._matcher = matcher

    @property
    def finished(self) -> bool:
        """Whether nothing can follow."""
        return bool(self._matcher.is_stopped())

    def allowed(self) -> Allowed:
        """A truth value for each token [V]."""
        mask = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        self._check()
        return np.unpackbits(mask, count=self._grammar.vocab_size, bitorder="little").view(np.bool_)

    def advance(self, token: int) -> None:
        """Go on with an allowed token.

        Raises:
            InputError: if the rule has grown beyond llguidance's limits.
        """
        self._matcher.consume_token(token)
        self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            reason = " ".join(self._matcher.get_error().split())
            raise InputError(f"The {self._grammar.kind} cannot be followed: {reason}.")


def _llguidance() -> Any:
    try:
        import llguidance
    except ImportError:
        raise ConfigError(
            "Grammars need llguidance, which is not installed.",
            'Install it: pip install "dragon-lm[grammar]".',
        ) from None
    return llguidance
