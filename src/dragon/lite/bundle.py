"""Chapter 13: all chapters in one file, which runs by itself.

In: this package. Out: a Python file. The chapters stand one after the other as they are; only what
they import from each other is left out.
"""

import ast
from pathlib import Path

from dragon.lite.documents import LiteError

# Each needs only those before it.
CHAPTERS = (
    "words readers documents index points answers session pieces transformer explain page server "
    "__main__"
).split()
_HEADER = '''#!/usr/bin/env python3
"""dRAGon lite: ask your documents with the standard library alone; every answer is a quote.

    python {name} DOCS -q "How long is the notice period?"
    python {name} DOCS --explain
    python {name} DOCS --serve
"""
'''


def bundle(target: Path) -> int:
    """Write the one file.

    Args:
        target: where to; a file there is replaced.

    Returns:
        its number of lines.

    Raises:
        LiteError: if it cannot be written.
    """
    text = joined(target.name)
    try:
        target.write_text(text, "utf-8")
    except OSError as error:
        raise LiteError(f"Cannot write {str(target)!r} ({error.strerror}). Name a file.") from error
    return text.count("\n")


def joined(name: str) -> str:
    """The text of the one file, for a file of that name."""
    parts = [_HEADER.format(name=name)]
    known: dict[str, str] = {}
    for chapter in CHAPTERS:
        source = (Path(__file__).parent / f"{chapter}.py").read_text("utf-8")
        for defined in _defined(ast.parse(source)):
            owner = known.setdefault(defined, chapter)
            assert owner == chapter, f"{chapter}.py and {owner}.py both define {defined}"
        parts.append(f"\n# {'-' * 20} {chapter}.py {'-' * 20}\n\n{_alone(source)}")
    return "\n".join(parts)


def _defined(tree: ast.Module) -> set[str]:
    """The names that a chapter defines at its top."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names


def _alone(source: str) -> str:
    """A chapter without its imports of other chapters, also those inside functions."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dragon."):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    return "\n".join(lines).strip() + "\n"
