"""`dragon chat`: questions one after the other; a follow-up keeps the context of what came before."""

import sys

from dragon.cli.ask import Docs, File, Model, TopK, opened
from dragon.errors import InputError
from dragon.models import DEFAULT

HELP = "Ask a question; a follow-up may leave out what was said before. /new forgets, /quit ends."


def chat(
    docs: Docs = None, index: File = None, model: Model = DEFAULT, top_k: TopK = 5
) -> None:
    """Ask on and on; follow-up questions keep their context."""
    from dragon.answer.followups import Conversation
    from dragon.cli.answer_view import print_stream

    interactive = sys.stdin.isatty()
    if interactive:
        import readline

        assert readline  # line editing and history for input()
        print(HELP)
    with opened(docs, index, model, top_k) as answerer:
        talk = Conversation()
        while (question := _next_question(interactive)) is not None:
            if question == "/new":
                talk = Conversation()
            elif question in ("/help", "/?"):
                print(HELP)
            elif question:
                try:
                    asked = talk.standalone(question)
                    print_stream(answerer.stream(question, asked), context=True)
                except InputError as error:
                    print(f"error: {error}", file=sys.stderr)
                print(flush=True)


def _next_question(interactive: bool) -> str | None:
    """The next line; None at the end of input or at /quit."""
    try:
        line = input("> " if interactive else "").strip()
    except EOFError:
        return None
    return None if line in ("/quit", "/exit", "/q") else line
