"""`dragon chat`: questions one after the other; a follow-up keeps the context of what was asked."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dragon.cli.ask import Docs, File, Model, TopK
from dragon.cli.asking import opened
from dragon.errors import InputError
from dragon.models import DEFAULT

if TYPE_CHECKING:
    from dragon.answer import Answerer
    from dragon.answer.followups import Conversation

HELP = "Ask a question; a follow-up may leave out what was said before. /new forgets, /quit ends."


def chat(docs: Docs = None, index: File = None, model: Model = DEFAULT, top_k: TopK = 5) -> None:
    """Ask on and on; follow-up questions keep their context."""
    from dragon.answer.followups import Conversation

    interactive = sys.stdin.isatty()
    with opened(docs, index, model, top_k) as answerer:
        if interactive:
            import readline

            assert readline  # line editing and history for input()
            print(HELP)
        talk = Conversation()
        for line in typed_lines(interactive):
            if line == "/new":
                talk = Conversation()
            elif line.startswith("/"):
                print(HELP)
            elif line:
                _answer(answerer, talk, line, interactive)


def _answer(answerer: "Answerer", talk: "Conversation", question: str, interactive: bool) -> None:
    """Print one answer; Ctrl-C leaves it unfinished and the talk goes on."""
    from dragon.answer.answerer import checked
    from dragon.cli.answer_view import print_stream

    try:
        asked = talk.standalone(checked(question))
        print_stream(answerer.stream(question, asked), context=True)
    except InputError as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        if not interactive:
            raise
    print(flush=True)


def typed_lines(interactive: bool) -> Iterator[str]:
    """What is typed, line by line, to the end of the input or /quit.

    Raises:
        KeyboardInterrupt: at the second Ctrl-C in a row at the prompt, at the first without one.
    """
    interrupted = False
    while True:
        try:
            line = input("> " if interactive else "").strip()
        except EOFError:
            return
        except KeyboardInterrupt:
            if interrupted or not interactive:
                raise
            interrupted = True
            print("\nCtrl-C again ends; so does /quit.")
            continue
        interrupted = False
        if line in ("/quit", "/exit", "/q"):
            return
        yield line
