"""One view of a question with its context and answers, whatever form its row has.

In: a row of a form of `dragon.data.checking` (but running text). Out: an `Item`; and the way back.
"""

from dataclasses import dataclass, replace
from typing import Any

from dragon.data.checking import form_of
from dragon.data.sources import Row


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered, and where it stands.

    Attributes:
        text: the answer.
        passage: number of the passage that holds it word for word; -1 if none does.
        start: its first character there.
    """

    text: str
    passage: int = -1
    start: int = 0

    @property
    def end(self) -> int:
        """The character after its last one."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Item:
    """A question.

    Attributes:
        question: what is asked last.
        passages: the texts that it is about; may be none.
        titles: of the passages, empty where they have none.
        answers: ways to answer, the best first; none where nothing answers.
        earlier: what was said before, from the first on.
        title: of the whole row, if it has one.
    """

    question: str
    passages: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    earlier: tuple[str, ...] = ()
    title: str = ""

    @property
    def quoted(self) -> bool:
        """Whether every answer stands in a passage, word for word."""
        return bool(self.answers) and all(a.passage >= 0 for a in self.answers)

    def located(self) -> "Item":
        """The same, the answers that stand in a passage found there."""
        return replace(self, answers=tuple(_found(a, self.passages) for a in self.answers))


def _found(answer: Answer, passages: tuple[str, ...]) -> Answer:
    if answer.passage >= 0 or not answer.text:
        return answer
    places = ((n, text.find(answer.text)) for n, text in enumerate(passages))
    n, start = next(((n, at) for n, at in places if at >= 0), (-1, 0))
    return Answer(answer.text, n, start)


def opened(row: Row) -> Item | None:
    """The view of a row; None for running text and for a conversation that is no exchange.

    >>> opened({"question": "When?", "answer": "1902", "context": "It was 1902."}).quoted
    True
    """
    item = _opened(row)
    title = row.get("title")
    return replace(item, title=title) if item and isinstance(title, str) else item


def _opened(row: Row) -> Item | None:
    form = form_of(row)
    if form == "grounded":
        return _grounded(row)
    if form == "squad":
        given = row["answers"] if row.get("answerable", True) else []
        return _plain(row["question"], row["context"], *dict.fromkeys(filter(None, given)))
    if form == "qa":
        return _plain(row["question"], row.get("context") or "", row["answer"])
    if form == "alpaca":
        return _plain(row["instruction"], row.get("input") or "", row["output"])
    if form == "messages":
        return _talk([(m["role"], m["content"]) for m in row["messages"]])
    return None


def _plain(question: str, context: str, *answers: str) -> Item:
    passages = (context,) if context.strip() else ()
    return Item(question, passages, ("",) * len(passages), tuple(map(Answer, answers))).located()


def _talk(said: list[tuple[str, str]]) -> Item | None:
    system = tuple(text for role, text in said if role == "system")
    rest = [text for role, text in said if role != "system"]
    if len(rest) < 2:
        return None
    item = Item(rest[-2], system, ("",) * len(system), (Answer(rest[-1]),), tuple(rest[:-2]))
    return item.located()


def _grounded(row: Row) -> Item:
    previous = row.get("previous") or {}
    return Item(
        row["question"],
        tuple(p["text"] for p in row["passages"]),
        tuple(str(p.get("title") or "") for p in row["passages"]),
        tuple(Answer(a["text"], a["passage"], a["start"]) for a in row["answers"]),
        (previous["question"], previous["answer"]) if previous else (),
    )


def closed(row: Row, item: Item, refusal: str) -> Row:
    """A row of the same form that says what an item says.

    Args:
        row: the one that the item was made from; its other fields stay.
        item: what is said now.
        refusal: the answer where nothing answers, in forms that need one.
    """
    form = form_of(row)
    if item.title:
        row = row | {"title": item.title}
    answers = [a.text for a in item.answers]
    context = "\n\n".join(item.passages)
    said = answers[0] if answers else refusal
    if form == "grounded":
        return row | _as_grounded(row, item)
    if form == "squad":
        done = row | {"question": item.question, "context": context, "answers": answers}
        return done | {"answerable": bool(answers)}
    if form == "qa":
        return row | {"question": item.question, "context": context, "answer": said}
    if form == "alpaca":
        return row | {"instruction": item.question, "input": context, "output": said}
    texts = iter([*item.earlier, item.question, said])
    roles = [m["role"] for m in row["messages"] if m["role"] != "system"]
    messages = [{"role": "system", "content": context}] if context else []
    return row | {"messages": messages + [{"role": r, "content": next(texts)} for r in roles]}


def _as_grounded(row: Row, item: Item) -> dict[str, Any]:
    done: dict[str, Any] = {
        "question": item.question,
        "passages": [
            {"title": title, "text": text}
            for title, text in zip(item.titles, item.passages, strict=True)
        ],
        "answers": [
            {"text": a.text, "passage": a.passage, "start": a.start, "end": a.end}
            for a in item.answers
        ],
    }
    if item.earlier:
        done["previous"] = dict(zip(("question", "answer"), item.earlier, strict=True))
    kind = row.get("kind")
    if isinstance(kind, str) and not item.answers and not kind.endswith("-none"):
        done["kind"] = f"{kind}-none"
    return done
