"""Instructions, conversations and questions from one form into another.

In: rows of one form (see `dragon.data.checking`). Out: rows of another. Everything goes through one
pair: what is asked, with its context, and what is answered.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from dragon.checkpoint import replaced_beside
from dragon.data.checking import faults, form_of
from dragon.data.sources import Row, read_rows
from dragon.errors import DataError, InputError


class Exchange(NamedTuple):
    """What is asked, about which text, and what is answered."""

    question: str
    context: str
    answer: str


def exchanges(row: Row) -> Iterator[Exchange]:
    """The exchanges of a row of any form; a conversation has one for each answer.

    >>> list(exchanges({"instruction": "Add.", "input": "1 1", "output": "2"}))
    [Exchange(question='Add.', context='1 1', answer='2')]
    """
    form = form_of(row)
    if form == "alpaca":
        yield Exchange(row["instruction"], row.get("input") or "", row["output"])
    elif form == "messages":
        system = ""
        for before, message in zip([None, *row["messages"]], row["messages"], strict=False):
            if message["role"] == "system":
                system = message["content"]
            elif message["role"] == "assistant" and before:
                asked = before["content"] if before["role"] == "user" else ""
                yield Exchange(asked, system, message["content"])
    elif form == "qa":
        yield Exchange(row["question"], row.get("context") or "", row["answer"])
    elif form in ("squad", "grounded"):
        texts = [p["text"] for p in row["passages"]] if form == "grounded" else [row["context"]]
        answers = [a["text"] if isinstance(a, dict) else a for a in row["answers"]]
        yield Exchange(row["question"], "\n\n".join(texts), answers[0] if answers else "")


def alpaca(e: Exchange) -> Row:
    """instruction, input, output."""
    return {"instruction": e.question, "input": e.context, "output": e.answer}


def messages(e: Exchange) -> Row:
    """A conversation of one exchange, the context in the system's place."""
    said = [("system", e.context)] if e.context else []
    said += [("user", e.question), ("assistant", e.answer)]
    return {"messages": [{"role": role, "content": text} for role, text in said]}


def qa(e: Exchange) -> Row:
    """question, context, answer."""
    return {"question": e.question, "context": e.context, "answer": e.answer}


TO: dict[str, Callable[[Exchange], Row]] = {"alpaca": alpaca, "messages": messages, "qa": qa}


def convert(source: Path, out: Path, form: str) -> int:
    """Write a file's rows in another form; how many were written.

    Args:
        source: a file of any form.
        out: .jsonl, .json or .csv (which conversations do not fit into).
        form: one of TO.

    Raises:
        InputError: for a form or an ending that is not known, or that do not go together.
        DataError: naming file, line and field of the first fault.
    """
    suffix = out.suffix.lower()
    if form not in TO:
        raise InputError(f"--to is {form!r}.", f"Use one of {', '.join(TO)}.")
    if suffix not in (".jsonl", ".json", ".csv") or (suffix == ".csv" and form == "messages"):
        raise InputError(f"{out} cannot hold {form}.", "Use .jsonl or .json.")
    for fault in faults([source], most=1):
        raise DataError(f"{fault}.", "`dragon data validate` lists all faults.")
    rows = [TO[form](e) for row in read_rows(source) for e in exchanges(row)]
    if not rows:
        raise DataError(f"{source} holds no questions.", "Running text has none: synthesize some.")
    with replaced_beside(out) as fresh:
        fresh.write_text(_written(rows, suffix), "utf-8")
    return len(rows)


def _written(rows: Iterable[Row], suffix: str) -> str:
    rows = list(rows)
    if suffix == ".json":
        return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    if suffix == ".jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
