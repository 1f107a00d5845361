"""A model's own chat format: the template of its tokenizer_config.json, run in a sandbox.

In: messages as dictionaries of role and content. Out: the text of a prompt, or its token ids, in
which nothing that a message spells can become a special token. The environment is that of
`transformers.apply_chat_template`, so that templates written for it give the same here.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dragon.checkpoint import CONFIG_FILE, GENERATION_FILE, TOKENIZER_CONFIG_FILE
from dragon.errors import InputError, TokenizerError
from dragon.tokenizer.base import LibraryTokenizer
from dragon.tokenizer.foreign import content, read_object

if TYPE_CHECKING:
    import jinja2

TEMPLATE_FILE = "chat_template.jinja"
ROLES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
PRIVATE = range(0xF0000, 0x10FFFE)  # characters without a meaning of their own
# What a template and its messages can do wrong, beside what Jinja reports.
BROKEN = (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, RecursionError)

Messages = Sequence[Mapping[str, Any]]


class ChatTemplate:
    """One template.

    Args:
        source: in Jinja's language.
        names: what the template may use beside the messages, such as `bos_token`.
    """

    def __init__(self, source: str, names: Mapping[str, Any] | None = None) -> None:
        self.source = source
        self.names = dict(names or {})

    @classmethod
    def of(cls, folder: Path) -> Self | None:
        """The template of a model folder; None if it has none.

        Raises:
            TokenizerError: if tokenizer_config.json is malformed.
        """
        config = read_object(folder / TOKENIZER_CONFIG_FILE)
        file = folder / TEMPLATE_FILE
        source = file.read_text("utf-8", "replace") if file.is_file() else _source(config)
        if source is None:
            return None
        tokens = {role: content(config.get(role)) for role in ROLES}
        return cls(source, {role: token for role, token in tokens.items() if token is not None})

    def render(self, messages: Messages, *, add_generation_prompt: bool = True, **more: Any) -> str:
        """The text of a conversation.

        Args:
            messages: each with `role` and `content`, or whatever else the template reads.
            add_generation_prompt: end with the beginning of the assistant's answer.
            more: further variables, such as `tools` or `enable_thinking`.

        Raises:
            InputError: if the template refuses the messages.
            TokenizerError: if the template itself is wrong.
        """
        from jinja2 import TemplateError, TemplateSyntaxError

        given = {"tools": None, "documents": None, **self.names, **more}
        try:
            return self._template.render(
                messages=list(messages), add_generation_prompt=add_generation_prompt, **given
            )
        except TemplateSyntaxError as error:
            raise TokenizerError(f"chat_template, line {error.lineno}: {error.message}.") from None
        except TemplateError as error:
            raise InputError(f"The model's chat_template refuses this: {error}.") from None
        except BROKEN as error:
            raise InputError(f"The model's chat_template fails: {error!r}.") from None

    def ids(self, tokenizer: LibraryTokenizer, messages: Messages, **more: Any) -> list[int]:
        """The token ids of a conversation; arguments and errors as of `render`.

        A special token that a message spells stays text: it travels through the template as a
        character of the private area.
        """
        special = tokenizer.special_tokens
        spelt = [token for token in special if _holds(messages, token)]
        if not spelt:
            return tokenizer.encode_framed(self.render(messages, **more))
        free = (chr(code) for code in PRIVATE if not _holds(messages, chr(code)))
        hidden = dict(zip(spelt, free, strict=False))
        text = self.render([_replaced(message, hidden) for message in messages], **more)
        back = {char: token for token, char in hidden.items()}
        ids: list[int] = []
        for part in _parts(text, special):
            ids += [special[part]] if part in special else tokenizer.encode(_replaced(part, back))
        return ids

    @cached_property
    def _template(self) -> "jinja2.Template":
        try:
            from jinja2.sandbox import ImmutableSandboxedEnvironment
        except ImportError:
            raise TokenizerError(
                "Chat templates need jinja2, which is not installed.",
                "Run: pip install 'dragon-lm[models]'.",
            ) from None
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.loopcontrols", _generation_tag()],
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _raise_exception
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        return environment.from_string(self.source)


def end_ids(folder: Path, tokenizer: LibraryTokenizer) -> frozenset[int]:
    """The tokens that end an answer, by the folder's files.

    Raises:
        TokenizerError: if one of the files is malformed.
    """
    found: set[int] = set()
    for name in (GENERATION_FILE, CONFIG_FILE):
        given = read_object(folder / name).get("eos_token_id")
        ids = given if isinstance(given, list) else [given]
        found.update(id for id in ids if type(id) is int and id >= 0)
    token = content(read_object(folder / TOKENIZER_CONFIG_FILE).get("eos_token"))
    if token in tokenizer.special_tokens:
        found.add(tokenizer.special_tokens[token])
    return frozenset(found)


def _source(config: Mapping[str, Any]) -> str | None:
    """`chat_template`: a text, or a list of named ones of which the default counts."""
    given = config.get("chat_template")
    if isinstance(given, list):
        named = {t.get("name"): t.get("template") for t in given if isinstance(t, dict)}
        given = named.get("default")
    if given is not None and not isinstance(given, str):
        raise TokenizerError(f"chat_template is {given!r:.60}.", "It must be text.")
    return given


def _holds(value: Any, text: str) -> bool:
    """Whether a text stands anywhere in nested data."""
    if isinstance(value, str):
        return text in value
    if isinstance(value, Mapping):
        return any(_holds(v, text) for v in value.values())
    return isinstance(value, (list, tuple)) and any(_holds(v, text) for v in value)


def _replaced(value: Any, by: Mapping[str, str]) -> Any:
    """Nested data with some texts exchanged in every text of it, the longest first."""
    if isinstance(value, str):
        for old in sorted(by, key=len, reverse=True):
            value = value.replace(old, by[old])
        return value
    if isinstance(value, Mapping):
        return {k: _replaced(v, by) for k, v in value.items()}
    return [_replaced(v, by) for v in value] if isinstance(value, (list, tuple)) else value


def _parts(text: str, special: Mapping[str, int]) -> Iterator[str]:
    """A text cut into special tokens and what stands between them."""
    names = sorted(map(re.escape, special), key=len, reverse=True)
    yield from filter(None, re.split(f"({'|'.join(names)})", text))


def _to_json(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
    # Jinja's own filter escapes HTML, which no model has seen.
    return json.dumps(value, ensure_ascii=ensure_ascii, **options)


def _raise_exception(message: str) -> None:
    from jinja2 import TemplateError

    raise TemplateError(message)


def _generation_tag() -> Any:
    """The tag `{% generation %}`: marks the assistant's words for training; here they are words."""
    from jinja2 import nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class Generation(Extension):
        tags = {"generation"}  # noqa: RUF012 -- Jinja's own way

        def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    return Generation
