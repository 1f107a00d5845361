"""How an answer looks: text with the answering span in bold, its sources below, or one JSON object.

Escape codes by hand: rich takes longer to import than the answer to compute.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dragon.answer.answerer import DISAGREE, nearest
from dragon.answer.types import Answer, Citation
from dragon.retrieval.types import Hit

_SNIPPET = 160
_SPACE = re.compile(r"\s+")


def print_stream(events: Iterator[Citation | Answer], context: bool = False) -> None:
    """Print each citation as it comes, then the sources.

    Args:
        events: what `Answerer.stream` yields.
        context: also say what was searched for, where that is not what was typed.
    """
    shown: list[str] = []
    for event in events:
        if isinstance(event, Answer):
            _print_end(event, context)
        elif event.sentence not in shown:
            shown.append(event.sentence)
            print(f"{marked(event)} {_dim(f'[{event.number}]')}", flush=True)


def print_json(answer: Answer) -> None:
    """Print an answer as one JSON object on one line."""
    print(json.dumps(as_object(answer), ensure_ascii=False))


def as_object(answer: Answer) -> dict[str, Any]:
    """An answer as plain data: the fields of `Answer`, passages with their scores."""
    values = asdict(answer)
    values["passages"] = [asdict(hit.passage) | {"score": hit.score} for hit in answer.passages]
    return values


def marked(citation: Citation) -> str:
    """The evidence sentence on one line, the quote bold, or between ** where nothing can be bold."""
    a = citation.start - citation.sentence_start
    b = a + len(citation.quote)
    before, quote, after = citation.sentence[:a], citation.sentence[a:b], citation.sentence[b:]
    return f"{_line(before)}{_bold(_line(quote))}{_line(after)}"


def _print_end(answer: Answer, context: bool) -> None:
    if answer.abstained:
        print(answer.answer)
        if answer.passages:
            print("\nNearest passages:")
        for hit in nearest(answer.passages):
            print(f"  {_place(hit.passage.document, _above(hit))}\n    {_dim(_snippet(hit))}")
    else:
        if answer.contradiction:
            print(DISAGREE)
        print()
        for c in answer.citations:
            print(f"{_dim(f'[{c.number}]')} {_place(c.document, c.heading)} {_dim(_offsets(c))}")
    if context and answer.asked != answer.question:
        print(_dim(f"(asked: {answer.asked})"))


def _offsets(c: Citation) -> str:
    return f"characters {c.start}-{c.end}, {c.score:.0%} sure"


def _above(hit: Hit) -> str:
    return hit.passage.heading or hit.passage.title


def _place(document: str, heading: str) -> str:
    return f"{short(document)}{_dim('  ' + heading) if heading else ''}"


def short(path: str) -> str:
    """A path as the user would write it: relative where it is below the working folder."""
    return path.removeprefix(str(Path.cwd()) + os.sep)


def _snippet(hit: Hit) -> str:
    words = _line(hit.passage.text).strip()
    return words if len(words) <= _SNIPPET else words[:_SNIPPET].rsplit(" ", 1)[0] + " …"


def _line(text: str) -> str:
    """The text on one line, without control characters that a hostile document might hold."""
    spaced = _SPACE.sub(" ", text)
    return "".join(c for c in spaced if c.isprintable())


def _is_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if _is_terminal() else f"**{text}**"


def _dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m" if _is_terminal() else text
