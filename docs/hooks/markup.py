"""What docstrings are written in: formulas between dollars, and examples after `>>>`.

A formula becomes MathML, which browsers draw themselves: no script, nothing loaded.
"""

import re

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from mkdocs.config.defaults import MkDocsConfig

# A formula touches its dollars, and no digit follows it: "$5 or $6" is none.
FORMULA = r"(?<!\\)(\$\$?)(?=[^\s$])([^$]+?)(?<=\S)\1(?![\d$])"
EXAMPLE = re.compile(r"(?:^```.*?^```$)|(?P<lines>^>>> .*?(?=\n\n|\Z))", re.DOTALL | re.MULTILINE)


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


class Docstrings(Extension):
    """Formulas and examples, in pages and docstrings alike."""

    def extendMarkdown(self, md: Markdown) -> None:
        # After `code` (190), before escapes (180): a backslash belongs to the formula.
        md.inlinePatterns.register(Formula(FORMULA, md), "formula", 185)
        md.preprocessors.register(Examples(md), "examples", 29)  # before fenced blocks (25)
        # "[a, b] [B, T]" is a shape, no link by reference: those are not used here.
        for name in ("reference", "short_reference", "mkdocs-autorefs"):
            if name in md.inlinePatterns:
                md.inlinePatterns.deregister(name)


# Not at on_config: the plugins have added what is theirs by now.
def on_pre_build(config: MkDocsConfig) -> None:
    config.markdown_extensions.append(Docstrings())  # type: ignore[arg-type]
