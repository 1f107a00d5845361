"""Chapter 12: the command line, `python -m dragon.lite DOCS`.

In: arguments. Out: an exit code: 0 done, also when the documents do not say; 2 wrong input; 130
interrupted.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence

from dragon.lite.answers import NOT_FOUND, Answer, as_object
from dragon.lite.documents import LiteError, read
from dragon.lite.index import Index
from dragon.lite.session import Session
from dragon.lite.words import clean, unmarked, visible


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    Args:
        argv: the arguments; by default those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = _parser().parse_args(argv)
    try:
        return _run(options)
    except LiteError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dragon.lite", description="Ask your documents; every answer is a quote."
    )
    add = parser.add_argument
    add("documents", nargs="+", metavar="DOCS", help="folders or text files")
    add("-q", "--ask", metavar="QUESTION", help="ask this and end; else questions are typed")
    add("--json", action="store_true", help="print one JSON object a question")
    add("--explain", action="store_true", help="show tokens, search, weighing and attention")
    add("--serve", action="store_true", help="serve a page on this machine")
    add("--port", type=int, default=8321, help="port of the page (%(default)s); 0 takes a free one")
    return parser


def _run(options: argparse.Namespace) -> int:
    session = Session(opened(options.documents))
    if options.serve:
        return _serve(session.index, options.port)
    if options.ask is not None:
        _print(session, session.ask(options.ask), options)
        return 0
    for question in _typed():
        try:
            _print(session, session.ask(question), options)
        except LiteError as error:
            print(f"error: {error}", file=sys.stderr)
    return 0


def opened(paths: Iterable[str]) -> Index:
    """Read and index documents; what cannot be read is named on stderr.

    Raises:
        LiteError: if a path does not exist, or nothing can be read.
    """
    documents, problems = read(paths)
    for problem in problems:
        print(f"skipped {clean(problem)}", file=sys.stderr)
    return Index(documents)


def _typed() -> Iterator[str]:
    if not sys.stdin.isatty():
        yield from (line for line in sys.stdin if line.strip())
        return
    print("Ask; an empty line ends.")
    while True:
        try:
            line = input("> ")
        except EOFError:
            return
        if not line.strip():
            return
        yield line


def _print(session: Session, answer: Answer, options: argparse.Namespace) -> None:
    if options.json:
        # ASCII only: control characters of a document stay escaped.
        print(json.dumps(as_object(answer)))
    else:
        print("\n".join(shown(answer)))
    if options.explain:
        from dragon.lite.explain import explain

        stream = sys.stderr if options.json else sys.stdout
        for line in explain(session.index, answer):
            print("\n".join(map(visible, line.split("\n"))), file=stream)


def shown(answer: Answer) -> Iterator[str]:
    """The lines of an answer: quotes and where they stand, or the nearest sentences."""
    if answer.abstained:
        yield NOT_FOUND
    for number, quote in enumerate(answer.quotes or answer.nearest, 1):
        mark = f"[{number}]" if answer.quotes else "  nearest:"
        yield f"{mark} {unmarked(quote.text)}"
        place = " · ".join(filter(None, (quote.document, quote.heading)))
        where = f"characters {quote.start}-{quote.end}, {quote.score:.0%} sure"
        yield f"    {clean(place)}  ({where})"
    if answer.asked != answer.question:
        yield f"    (asked: {clean(answer.asked)})"


def _serve(index: Index, port: int) -> int:
    from dragon.lite.server import HOST, Server

    with Server(index, port) as server:
        print(f"http://{HOST}:{server.server_port}/  (Ctrl-C ends)", flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
