"""`dragon ask` as it is mostly typed, read without typer, whose import takes as long as an answer.

In: the arguments. Out: those of `asking.print_answer`; or None for all that is not plain (a call
for help, a mistake, a value that looks like an option), which typer reads, and says what is wrong.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

VALUES = {"--docs": "docs", "--index": "index", "--model": "model", "--top-k": "top_k"}
FLAGS = {"--json": "as_json", "--no-stream": "no_stream"}
MOST_PASSAGES = 100


def plain(arguments: Sequence[str]) -> dict[str, Any] | None:
    """The question and its options by their names, None for what typer has to read.

    >>> plain(["Who signs?", "--top-k", "7", "--json"])
    {'question': 'Who signs?', 'top_k': 7, 'as_json': True}
    >>> plain(["Who", "signs?"]), plain(["--help"]), plain(["Who?", "--top-k", "many"])
    (None, None, None)
    """
    given: dict[str, Any] = {}
    try:
        for name, value in _read(iter(arguments)):
            if name == "docs":
                given.setdefault(name, []).append(value)
            elif name == "question" and name in given:
                return None
            else:
                given[name] = value
    except ValueError:
        return None
    return given if "question" in given else None


def _read(rest: Iterator[str]) -> Iterator[tuple[str, Any]]:
    for word in rest:
        option, equals, value = word.partition("=")
        if word == "--":
            yield from (("question", word) for word in rest)
        elif option in VALUES:
            name = VALUES[option]
            yield name, _value(name, value if equals else next(rest, ""))
        elif word in FLAGS:
            yield FLAGS[word], True
        elif word.startswith("-") and word != "-":
            raise ValueError(word)
        else:
            yield "question", word


def _value(name: str, text: str) -> str | int | Path:
    if not text or text.startswith("-"):
        raise ValueError(text)
    if name == "model":
        return text
    if name != "top_k":
        return Path(text)
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_PASSAGES):
        raise ValueError(text)
    return int(text)
