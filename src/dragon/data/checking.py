"""Rows for training, looked over before anything is learned from them.

In: files of instructions, conversations, questions or running text. Out: every fault with its file,
line and field, up to a limit; nothing where all is well.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dragon.data.shapes import is_exchange
from dragon.data.sources import Row, numbered_rows, source_files
from dragon.errors import DataError

# The fields of each form, the first ones tell it; those in brackets may be empty or missing.
FORMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "alpaca": (("instruction", "output"), ("input",)),
    "messages": (("messages",), ()),
    "grounded": (("question", "passages", "answers"), ("kind", "title", "previous")),
    "qa": (("question", "answer"), ("context", "title")),
    "squad": (("question", "context", "answers"), ("title", "answerable")),
    "text": (("text",), ("title",)),
}
ROLES = ("system", "user", "assistant")


class Fault(NamedTuple):
    """What is wrong where."""

    path: Path
    line: int
    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.field}: {self.problem}"


def form_of(row: Row) -> str | None:
    """The form whose fields a row has, None if it has none of them.

    >>> form_of({"instruction": "Add.", "output": "2"}), form_of({"x": 1})
    ('alpaca', None)
    """
    return next((name for name, (needed, _) in FORMS.items() if set(needed) <= row.keys()), None)


def faults(sources: Sequence[Path], form: str = "", most: int = 50) -> Iterator[Fault]:
    """The faults of some files, `most` at the most.

    Args:
        sources: files and folders.
        form: one of FORMS; empty to tell it from each file's first row.
        most: how many are looked for.

    Raises:
        DataError: if there is no such file.
    """
    found = 0
    for path in source_files(sources):
        for fault in _of_file(path, form):
            yield fault
            found += 1
            if found == most:
                return


def _of_file(path: Path, form: str) -> Iterator[Fault]:
    rows = 0
    chosen = form
    try:
        for line, row in numbered_rows(path):
            rows += 1
            chosen = chosen or form_of(row) or ""
            if not chosen:
                fields = ", ".join(map(str, row)) or "none"
                known = "; ".join(", ".join(needed) for needed, _ in FORMS.values())
                yield Fault(path, line, "*", f"unknown fields ({fields}); known are {known}")
                return
            for field, problem in problems(row, chosen):
                yield Fault(path, line, field, problem)
    except DataError as error:
        yield Fault(path, rows + 1, "*", error.problem)
        return
    if not rows:
        yield Fault(path, 1, "*", "the file holds no rows")


def problems(row: Row, form: str) -> Iterator[tuple[str, str]]:
    """(field, what is wrong with it) of one row.

    >>> list(problems({"instruction": "Add.", "output": ""}, "alpaca"))
    [('output', 'is empty')]
    """
    needed, _ = FORMS[form]
    wrong = list(types(row, form))
    yield from wrong
    for field in needed:
        if isinstance(row.get(field), str) and not row[field].strip():
            yield field, "is empty"
    if wrong:
        return
    if form == "messages":
        yield from _messages(row["messages"])
    elif form == "grounded":
        yield from _answers(row)
    elif form == "squad":
        yield from _quotes(row)


def types(row: Row, form: str) -> Iterator[tuple[str, str]]:
    """(field, what is wrong with it) where a field lacks or is not what its form needs."""
    needed, _ = FORMS[form]
    for field in needed:
        if field not in row:
            yield field, "is missing"
        elif field in ("messages", "passages", "answers"):
            yield from _list(field, row[field], form)
        elif not isinstance(row[field], str):
            yield field, f"is {str(row[field])[:40]!r}, not text"


def _list(field: str, value: object, form: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield field, f"is {str(value)[:40]!r}, not a list"
        return
    for number, item in enumerate(value):
        place = f"{field}[{number}]"
        if form == "squad":
            if not isinstance(item, str):
                yield place, f"is {str(item)[:40]!r}, not text"
        elif not isinstance(item, dict):
            yield place, f"is {str(item)[:40]!r}, not an object"
        elif field != "messages" and not isinstance(item.get("text"), str):
            yield f"{place}.text", "is missing or no text"


def _messages(messages: list[object]) -> Iterator[tuple[str, str]]:
    if not messages:
        yield "messages", "is empty"
    last = ""
    for number, message in enumerate(messages):
        field = f"messages[{number}]"
        if not isinstance(message, dict):
            yield field, f"is {str(message)[:40]!r}, not an object"
            continue
        role, content = message.get("role"), message.get("content")
        if role not in ROLES:
            yield f"{field}.role", f"is {role!r}, not one of {', '.join(ROLES)}"
        elif role == last:
            yield f"{field}.role", f"is {role!r} twice in a row"
        elif role == "system" and number:
            yield f"{field}.role", "is 'system' and not the first"
        if not isinstance(content, str) or not content.strip():
            yield f"{field}.content", "is missing or empty"
        last = str(role)
    if messages and last != "assistant":
        yield "messages", "does not end with the assistant"


def _answers(row: Row) -> Iterator[tuple[str, str]]:
    if row.get("previous") and not is_exchange(row["previous"]):
        yield "previous", "lacks question or answer"
    texts = [passage["text"] for passage in row["passages"]]
    for number, text in enumerate(texts):
        if not text.strip():
            yield f"passages[{number}].text", "is empty"
    for number, answer in enumerate(row["answers"]):
        field = f"answers[{number}]"
        try:
            quoted = texts[answer["passage"]][answer["start"] : answer["end"]]
        except (TypeError, KeyError, IndexError):
            yield field, "lacks text, passage, start or end, or names no passage"
            continue
        if quoted != answer.get("text"):
            yield f"{field}.text", f"is {answer.get('text')!r}, but there stands {quoted[:40]!r}"


def _quotes(row: Row) -> Iterator[tuple[str, str]]:
    for number, answer in enumerate(row["answers"]):
        if not isinstance(answer, str):
            yield f"answers[{number}]", f"is {str(answer)[:40]!r}, not text"
        elif answer not in str(row.get("context", "")):
            yield f"answers[{number}]", f"is {answer[:40]!r}, which the context does not hold"
