"""How an answer looks: text with the answering span in bold, its sources below, or one JSON object.

Escape codes by hand: rich takes longer to import than the answer to compute. Whatever a document
holds is printed without its control characters: they could move the cursor or turn text around.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from dragon.answer.answerer import DISAGREE
from dragon.answer.types import Answer, Citation
from dragon.cli.index_view import shown, snippet
from dragon.text.printable import plain

_NEAREST = 3
_SNIPPET = 160


def print_stream(events: Iterator[Citation | Answer], context: bool = False) -> None:
    """Print each citation as it comes, then the sources.

    Args:
        events: what `Answerer.stream` yields.
        context: also say what was searched for, where that is not what was typed.
    """
    for event in events:
        if isinstance(event, Answer):
            _print_end(event, context)
        else:
            _print_evidence(event)


def print_json(answer: Answer) -> None:
    """Print an answer as one JSON object on one line."""
    line = json.dumps(as_object(answer), ensure_ascii=False)
    print("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line))


def as_object(answer: Answer) -> dict[str, Any]:
    """An answer as plain data: the fields of `Answer`, passages with their scores."""
    values = asdict(answer)
    values["passages"] = [asdict(hit.passage) | {"score": hit.score} for hit in answer.passages]
    return values


def marked(citation: Citation) -> str:
    """The evidence in words, the quote bold, or between ** where nothing can be bold."""
    a, b, words = citation.wording_start, citation.wording_end, citation.wording
    return f"{words[:a]}{_bold(words[a:b])}{words[b:]}"


def _print_evidence(citation: Citation) -> None:
    number = _dim(f"[{citation.number}]")
    if citation.disputed:
        before = f"{DISAGREE}\n" if citation.number == 1 else "\n"
        print(f"{before}{marked(citation)} {number}", end="", flush=True)
    elif citation.number == 1:
        print(f"{marked(citation)} {number}", end="", flush=True)
    else:
        print(number, end="", flush=True)


def _print_end(answer: Answer, context: bool) -> None:
    if answer.abstained:
        _print_nearest(answer)
    else:
        print("\n")
        for c in answer.citations:
            print(f"{_dim(f'[{c.number}]')} {_place(c.document, c.heading)}  {_dim(_offsets(c))}")
    if context and answer.asked != answer.question:
        print(_dim(f"(asked: {plain(answer.asked)})"))


def _print_nearest(answer: Answer) -> None:
    print(answer.answer)
    if not answer.passages:
        print("No passage holds any word of the question.")
        return
    print("\nNearest passages:")
    for hit in answer.passages[:_NEAREST]:
        place = _place(hit.passage.document, hit.passage.heading or hit.passage.title)
        words = snippet(hit.passage.text, answer.asked, _SNIPPET)
        print(f"  {place}\n    {_dim(words)}")


def _offsets(c: Citation) -> str:
    return f"(characters {c.start}-{c.end}, {c.score:.0%} sure)"


def _place(document: str, heading: str) -> str:
    return shown(document) + (_dim(f"  {plain(heading)}") if heading else "")


def _has_style() -> bool:
    """True for a terminal that can show bold letters, and whose owner has not declined them."""
    return (
        sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    )


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if _has_style() else f"**{text}**"


def _dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m" if _has_style() else text
