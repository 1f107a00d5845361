"""Conversations in the server's database: each key sees its own.

In: ids and what was said. Out: conversations and messages as the API shows them.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from dragon.server.database import Database, new_id, now
from dragon.server.errors import missing

UNTITLED = "New conversation"
_LONGEST_TITLE = 80
_SNIPPET = 120
_LIST = """
SELECT c.*, (SELECT count(*) FROM messages WHERE conversation = c.id) AS messages
FROM conversations AS c WHERE owner = ?
"""
_FOUND = """
 AND (title LIKE ? ESCAPE '\\' OR EXISTS (
    SELECT 1 FROM messages WHERE conversation = c.id AND content LIKE ? ESCAPE '\\'))
"""


class Conversations:
    """Of one owner: the id of a key, or "" where none is needed."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database, self._owner = database, owner

    def page(self, words: str, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Some conversations, the newest first, and how many there are in all."""
        query, values = _LIST, [self._owner]
        if words.strip():
            query += _FOUND
            values += [_like(words)] * 2
        (total,) = self._database.rows(f"SELECT count(*) FROM ({query})", *values)[0]
        query += " ORDER BY updated DESC, c.rowid DESC LIMIT ? OFFSET ?"
        rows = self._database.rows(query, *values, limit, offset)
        return [_conversation(row, self._snippet(row["id"], words)) for row in rows], total

    def create(self, title: str, model: str) -> dict[str, Any]:
        """Begin a conversation."""
        name, time = new_id("conv"), now()
        self._database.rows(
            "INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?)",
            name,
            self._owner,
            title or UNTITLED,
            model,
            time,
            time,
        )
        return self.get(name)

    def get(self, name: str) -> dict[str, Any]:
        """A conversation.

        Raises:
            ApiError: 404 if this owner has none of this id.
        """
        row = self._database.row(f"{_LIST} AND id = ?", self._owner, name)
        if row is None:
            raise missing("conversation", name, "conversation_not_found")
        return _conversation(row, None)

    def change(self, name: str, title: str | None, model: str | None) -> dict[str, Any]:
        """Rename a conversation, or give it another model."""
        self.get(name)
        self._database.rows(
            "UPDATE conversations SET title = coalesce(?, title), model = coalesce(?, model)"
            " WHERE id = ?",
            title,
            model,
            name,
        )
        return self.get(name)

    def delete(self, name: str) -> None:
        """Delete a conversation with its messages."""
        self.get(name)
        self._database.rows("DELETE FROM conversations WHERE id = ?", name)

    def delete_all(self) -> int:
        """Delete all conversations of the owner; returns their number."""
        where = "DELETE FROM conversations WHERE owner = ? RETURNING id"
        return len(self._database.rows(where, self._owner))

    def messages(self, name: str) -> list[dict[str, Any]]:
        """The messages of a conversation, in order."""
        self.get(name)
        query = "SELECT * FROM messages WHERE conversation = ? ORDER BY number"
        return [_message(row) for row in self._database.rows(query, name)]

    def ask(self, name: str, question: str, replace: str | None, model: str) -> dict[str, Any]:
        """Append a question; with `replace`, in the place of a message and all after it.

        Raises:
            ApiError: 404 if there is no such conversation or user's message in it.
        """
        conversation = self.get(name)
        with self._database.transaction():
            if replace is not None:
                self._cut(name, replace)
            message = self._append(name, "user", question, None, None, stopped=False)
            title = conversation["title"]
            if title == UNTITLED:
                title = _title(question)
            self._database.rows(
                "UPDATE conversations SET title = ?, model = ?, updated = ? WHERE id = ?",
                title,
                model,
                now(),
                name,
            )
        return message

    def reply(
        self,
        name: str,
        id: str,
        text: str,
        model: str,
        dragon: dict[str, Any] | None,
        stopped: bool,
    ) -> None:
        """Append a reply, unless the conversation has gone meanwhile."""
        with self._database.transaction():
            if self._database.row("SELECT 1 FROM conversations WHERE id = ?", name):
                self._append(name, "assistant", text, model, dragon, stopped=stopped, id=id)

    def feedback(self, message: str, value: dict[str, Any] | None) -> dict[str, Any]:
        """Set or take back what the owner thinks of a message.

        Raises:
            ApiError: 404 if there is none.
        """
        self._message_row(message)
        values = None if value is None else json.dumps(value)
        self._database.rows("UPDATE messages SET feedback = ? WHERE id = ?", values, message)
        return _message(self._message_row(message))

    def _cut(self, name: str, message: str) -> None:
        row = self._database.row(
            "SELECT number FROM messages WHERE id = ? AND conversation = ? AND role = 'user'",
            message,
            name,
        )
        if row is None:
            raise missing("message", message, "message_not_found", "replace")
        self._database.rows(
            "DELETE FROM messages WHERE conversation = ? AND number >= ?", name, row["number"]
        )

    def _append(
        self,
        name: str,
        role: str,
        text: str,
        model: str | None,
        dragon: dict[str, Any] | None,
        *,
        stopped: bool,
        id: str = "",
    ) -> dict[str, Any]:
        id = id or new_id("msg")
        self._database.rows(
            "INSERT INTO messages"
            " (id, conversation, role, content, created, model, stopped, dragon)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            id,
            name,
            role,
            text,
            now(),
            model,
            stopped,
            json.dumps(dragon) if dragon else None,
        )
        row = self._database.row("SELECT * FROM messages WHERE id = ?", id)
        assert row is not None
        return _message(row)

    def _message_row(self, message: str) -> sqlite3.Row:
        row = self._database.row(
            "SELECT messages.* FROM messages JOIN conversations ON conversations.id = conversation"
            " WHERE messages.id = ? AND owner = ?",
            message,
            self._owner,
        )
        if row is None:
            raise missing("message", message, "message_not_found")
        return row

    def _snippet(self, name: str, words: str) -> str | None:
        if not words.strip():
            return None
        row = self._database.row(
            "SELECT content FROM messages WHERE conversation = ? AND content LIKE ? ESCAPE '\\'"
            " ORDER BY number LIMIT 1",
            name,
            _like(words),
        )
        return _around(row["content"], words) if row else None


def as_markdown(conversation: dict[str, Any], messages: Sequence[dict[str, Any]]) -> str:
    """A conversation as a text that people read."""
    parts = [f"# {conversation['title']}"]
    for message in messages:
        who = "You" if message["role"] == "user" else "dRAGon"
        parts.append(f"**{who}:** {message['content']}")
        dragon = message["dragon"] or {}
        parts += [
            f"> [{c['number']}] {c['document']} [{c['start']}:{c['end']}]: {c['sentence']}"
            for c in dragon.get("citations", [])
        ]
    return "\n\n".join(parts) + "\n"


def _conversation(row: sqlite3.Row, snippet: str | None) -> dict[str, Any]:
    values = dict(row) | {"snippet": snippet}
    values.pop("owner")
    return values


def _message(row: sqlite3.Row) -> dict[str, Any]:
    values = dict(row)
    for hidden in ("number", "conversation"):
        values.pop(hidden)
    values["stopped"] = bool(values["stopped"])
    for name in ("dragon", "feedback"):
        values[name] = json.loads(values[name]) if values[name] else None
    return values


def _title(question: str) -> str:
    words = " ".join(question.split())
    return words if len(words) <= _LONGEST_TITLE else words[: _LONGEST_TITLE - 1] + "…"


def _like(words: str) -> str:
    for special in "\\%_":
        words = words.replace(special, f"\\{special}")
    return f"%{words.strip()}%"


def _around(text: str, words: str) -> str:
    at = max(0, text.casefold().find(words.strip().casefold()) - _SNIPPET // 2)
    end = at + _SNIPPET
    return ("…" if at else "") + " ".join(text[at:end].split()) + ("…" if end < len(text) else "")
