"""Conversations to learn from: rows of several known shapes become messages.

In: .jsonl, .json or .csv files, plain or compressed. Out: lists of {"role", "content"}. A row has

    messages                        [{"role": "user", "content": "..."}, ...] (in CSV as JSON text)
    conversations                   [{"from": "human", "value": "..."}, ...]
    prompt, response                or prompt, completion; question, answer; beside them `system`
    instruction, input, output      Alpaca's; `input` may be missing or empty
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dragon.data.sources import read_rows, source_files
from dragon.errors import DataError

Message = dict[str, str]
PAIRS = (
    ("prompt", "response"),
    ("prompt", "completion"),
    ("question", "answer"),
    ("instruction", "output"),
)
SHARE_ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant"}
SHAPES = "messages; prompt and response; question and answer; or instruction, input and output"


def read_conversations(path: Path) -> Iterator[tuple[str, list[Message]]]:
    """The conversations of a file or of all files in a folder.

    Yields:
        Where it stands, and its messages: the last one of the assistant is there and not empty.

    Raises:
        DataError: naming file, row and field of the first one that is malformed.
    """
    for file in source_files([path]):
        for number, row in enumerate(read_rows(file), 1):
            where = f"{file}, row {number}"
            yield where, messages_of(row, where)


def messages_of(row: dict[str, Any], where: str) -> list[Message]:
    r"""The messages of one row.

    Raises:
        DataError: if it has none of the known shapes, or the assistant says nothing in it.

    >>> messages_of({"instruction": "Add.", "input": "1, 2", "output": "3"}, "x")
    [{'role': 'user', 'content': 'Add.\n\n1, 2'}, {'role': 'assistant', 'content': '3'}]
    """
    listed = row.get("messages") or row.get("conversations")
    messages = _listed(listed, where) if listed else _pair(row, where)
    if not any(m["role"] == "assistant" and m["content"].strip() for m in messages[1:]):
        raise DataError(
            f"{where}: the assistant says nothing.", "Give each conversation an answer to learn."
        )
    return messages


def _listed(value: Any, where: str) -> list[Message]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise DataError(f"{where}: messages are not JSON: {error}.") from None
    if not isinstance(value, list):
        raise DataError(f"{where}: messages are {value!r:.60}.", "Give a list.")
    return [_message(one, f"{where}, message {n}") for n, one in enumerate(value, 1)]


def _message(value: Any, where: str) -> Message:
    if isinstance(value, dict):
        role, text = value.get("role", value.get("from")), value.get("content", value.get("value"))
        role = SHARE_ROLES.get(str(role), role)
        if isinstance(role, str) and isinstance(text, str):
            return {"role": role, "content": text}
    raise DataError(f"{where} is {value!r:.60}.", "Give each a role and a content, both text.")


def _pair(row: dict[str, Any], where: str) -> list[Message]:
    for asked, answered in PAIRS:
        if asked in row and answered in row:
            question = _text(row, asked, where)
            if row.get("input"):
                question += "\n\n" + _text(row, "input", where)
            said = [("user", question), ("assistant", _text(row, answered, where))]
            if row.get("system"):
                said.insert(0, ("system", _text(row, "system", where)))
            return [{"role": role, "content": text} for role, text in said]
    raise DataError(
        f"{where} has the fields {', '.join(map(str, row)) or 'none'}.", f"Give {SHAPES}."
    )


def _text(row: dict[str, Any], field: str, where: str) -> str:
    value = row[field]
    if not isinstance(value, str):
        raise DataError(f"{where}: {field} is {value!r:.60}.", "It must be text.")
    return value
