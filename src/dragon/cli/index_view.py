"""What is said of an index and its documents: the run that made it, its passages, its gaps.

In: reports and hits. Out: lines of text; a bar while files are read.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from dragon.retrieval import AddReport, Hit, Index, Progress, Skipped
from dragon.text.printable import is_shown, plain, printable
from dragon.text.sentences import sentence_spans
from dragon.text.tables import is_rule
from dragon.text.words import content_stems

_SHOWN_SKIPPED = 20
_SNIPPET = 240
_ROW_BORDER = re.compile(r"[ \t]*\|[ \t]*\n[ \t]*\|[ \t]*")


def add_with_progress(index: Index, paths: Sequence[Path]) -> AddReport:
    """`Index.add` with a bar on a terminal: files, megabytes a second, time left."""
    if not sys.stderr.isatty():
        return index.add(paths)
    with ExitStack() as stack:
        show: Callable[[Progress], None] | None = None

        def step(now: Progress) -> None:
            # Made when there is something to show: most calls find nothing to read.
            nonlocal show
            if now.files_total:
                show = show or _bar(stack)
                show(now)

        return index.add(paths, step)


def _bar(stack: ExitStack) -> Callable[[Progress], None]:
    from dragon.cli.progress import moving

    move = stack.enter_context(moving())

    def show(now: Progress) -> None:
        name = printable(Path(now.path).name)
        move(f"{now.files}/{now.files_total} {name}", now.size, now.size_total)

    return show


def summary(report: AddReport) -> str:
    """One line on what an indexing run did."""
    counts = {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "not readable": len(report.skipped),
        "of kinds it does not read": report.ignored,
    }
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{said or 'nothing to do'} ({report.bytes / 1e6:.1f} MB in {report.seconds:.1f} s)"


def skipped_lines(skipped: Iterable[Skipped]) -> list[str]:
    """A line for each file that could not be read: the first 20, then their number."""
    everything = [f"  {shown(str(s.path))}: {s.reason}" for s in skipped]
    more = len(everything) - _SHOWN_SKIPPED
    return everything[:_SHOWN_SKIPPED] + ([f"  ... and {more} more"] if more > 0 else [])


def shown(path: str) -> str:
    """A path as the user would write it: relative where it is below the working folder.

    What could move the cursor is spelt as in Python.
    """
    here = str(Path.cwd()) + os.sep
    return "".join(c if is_shown(c) else ascii(c)[1:-1] for c in path.removeprefix(here))


def hit_lines(number: int, hit: Hit, query: str) -> str:
    """A passage as search found it: place, headings, and what it says of the query."""
    passage = hit.passage
    heading = f"  {printable(passage.heading)}" if passage.heading else ""
    where = f"{shown(passage.document)}[{passage.start}:{passage.end}]"
    words = snippet(passage.text, query, _SNIPPET)
    return f"{number}. {hit.score:.2f}  {where}{heading}\n   {words}"


def snippet(text: str, question: str, most: int) -> str:
    r"""What a passage says of a question, on one line: from the sentence on that shares most words.

    >>> snippet("Ada has the key. Water is off in winter. Ask first.", "Is the water off?", 40)
    '… Water is off in winter. Ask first.'
    >>> snippet("| Day | From |\n|---|---|\n| Mon | 8:00 |\n| Tue | 9:00 |", "When?", 40)
    'Day | From; Mon | 8:00; Tue | 9:00'
    >>> snippet("Ask first.\n---\nThen dig.", "What first?", 40)
    'Ask first. --- Then dig.'
    """
    whole = _flat(text)
    if len(whole) <= most:
        return whole
    asked = content_stems(question)
    spans = sentence_spans(text)
    best = max(spans, key=lambda s: len(asked & content_stems(text[slice(*s)])), default=(0, 0))
    line = _flat(text[best[0] :])
    begun = line if len(line) <= most else line[:most].rsplit(" ", 1)[0] + " …"
    return begun if best in spans[:1] else f"… {begun}"


def _flat(text: str) -> str:
    """A passage on one line; of a table the rows without their outer bars."""
    lines = [line for line in text.split("\n") if not _is_table_rule(line)]
    return plain(_ROW_BORDER.sub("; ", "\n".join(lines)).strip("| \n"))


def _is_table_rule(line: str) -> bool:
    # Without a bar before it, it may as well part two paragraphs.
    return line.lstrip(" \t").startswith("|") and is_rule(line)


def documents(count: int) -> str:
    """A number of documents in words."""
    return f"{count} document" + ("" if count == 1 else "s")
