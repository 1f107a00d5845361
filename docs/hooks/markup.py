"""What docstrings are written in: formulas between dollars, and examples after `>>>`.

A formula becomes MathML, which browsers draw themselves: no script, nothing loaded.
"""

import re

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from mkdocs.config.defaults import MkDocsConfig

# A formula touches its dollars, and no digit follows it: "$5 or $6" is none.
FORMULA = r"(?<!\\)(\$\$?)(?=[^\s$])([^$]+?)(?<=\S)\1(?![\d$])"
EXAMPLE = re.compile(r"(?:^```.*?^```$)|(?P<lines>^>>> .*?(?=\n\n|\Z))", re.DOTALL | re.MULTILINE)
CELL = re.compile(r"<td.*?</td>", re.DOTALL)
CODE = re.compile(r"<code.*?</code>", re.DOTALL)


class Formula(InlineProcessor):
    """One formula between dollars."""

    def handleMatch(self, m, data):  # type: ignore[no-untyped-def]
        display = "block" if m.group(1) == "$$" else "inline"
        mathml = convert(" ".join(m.group(2).split()), display=display)
        return self.md.htmlStash.store(mathml), m.start(0), m.end(0)


class Examples(Preprocessor):
    """A doctest, up to the next empty line, becomes a block of code."""

    def run(self, lines: list[str]) -> list[str]:
        return EXAMPLE.sub(_fenced, "\n".join(lines)).split("\n")


def _fenced(found: re.Match[str]) -> str:
    example = found["lines"]
    return f"\n```pycon\n{example}\n```" if example else found[0]


class Bars(Postprocessor):
    """A bar that is escaped for the table's sake loses its backslash in code too, as elsewhere."""

    def run(self, text: str) -> str:
        return CELL.sub(
            lambda cell: CODE.sub(lambda code: code[0].replace("\\|", "|"), cell[0]), text
        )


class Docstrings(Extension):
    """Formulas, examples and bars in tables, in pages and docstrings alike."""

    def extendMarkdown(self, md: Markdown) -> None:
        # After `code` (190), before escapes (180): a backslash belongs to the formula.
        md.inlinePatterns.register(Formula(FORMULA, md), "formula", 185)
        md.preprocessors.register(Examples(md), "examples", 29)  # before fenced blocks (25)
        md.postprocessors.register(Bars(md), "bars", 0)  # after all that is put back
        # "[a, b] [B, T]" is a shape, no link by reference: those are not used here.
        for name in ("reference", "short_reference", "mkdocs-autorefs"):
            if name in md.inlinePatterns:
                md.inlinePatterns.deregister(name)


# Not at on_config: the plugins have added what is theirs by now.
def on_pre_build(config: MkDocsConfig) -> None:
    config.markdown_extensions.append(Docstrings())  # type: ignore[arg-type]
