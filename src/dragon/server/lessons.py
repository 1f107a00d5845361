"""What a job learns from a library: questions about its documents, answered from their passages.

In: an index. Out: its texts, for `dragon data synthesize`; and of the questions that this makes,
conversations: passages in the system's place, the question, and the words of the passage that
answer it, or the plain word that the documents do not say.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from dragon.checkpoint import replaced_beside
from dragon.data.sources import read_rows, source_files
from dragon.errors import DataError, InputError
from dragon.retrieval import Index
from dragon.server.library import Library
from dragon.text.replies import NOT_FOUND
from dragon.tokenizer import Tokenizer

# A second passage makes it harder; more of them do not fit into a small model.
SYNTHESIS = ("--distractors", "1", "--workers", "1")


def write_texts(library: Library, path: Path) -> None:
    """Write the documents that a library holds now, one row of `title` and `text` each."""
    with (
        Index.open(library.index, read_only=True) as index,
        replaced_beside(path) as fresh,
        fresh.open("w", encoding="utf-8", errors="replace") as file,
    ):
        for document in index.documents():
            with suppress(InputError):  # it has gone meanwhile
                row = {"title": document.title, "text": index.document_text(document.path)}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_lessons(questions: Path, path: Path, tokenizer: Tokenizer, context: int) -> None:
    """Write the questions in a folder as conversations that a model of this context can read.

    Raises:
        DataError: if none fits.
    """
    made = 0
    with replaced_beside(path) as fresh, fresh.open("w", encoding="utf-8") as file:
        for messages in _lessons(questions, tokenizer, context):
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
            made += 1
        if not made:
            raise DataError(
                f"No passage of the library fits into the model's {context} tokens.",
                "Teach a model with a longer context.",
            )


def _lessons(questions: Path, tokenizer: Tokenizer, context: int) -> Iterator[list[dict[str, str]]]:
    for source in source_files([questions]):
        for row in read_rows(source):
            needed = [row["passages"][answer["passage"]] for answer in row["answers"]]
            for passages in (row["passages"], needed or row["passages"][:1]):
                messages = _messages(row, passages)
                # A frame of two tokens stands around each message.
                if sum(2 + len(tokenizer.encode(m["content"])) for m in messages) <= context:
                    yield messages
                    break


def _messages(row: dict[str, Any], passages: list[dict[str, str]]) -> list[dict[str, str]]:
    answers, before = row["answers"], row.get("previous")
    said = [("system", "\n\n".join(map(_shown, passages)))]
    said += [("user", before["question"]), ("assistant", before["answer"])] if before else []
    said += [("user", row["question"])]
    said += [("assistant", answers[0]["text"] if answers else NOT_FOUND)]
    return [{"role": role, "content": text} for role, text in said]


def _shown(passage: dict[str, str]) -> str:
    """A passage under its title, unless it begins with that."""
    title, text = passage["title"], passage["text"]
    return text if text.lstrip("# ").startswith(title) else f"{title}\n{text}"
