"""Markdown's tables, line by line: the border between cells, the rule under the columns' names."""

import re

# Between the cells of a row; a bar after a backslash is text.
CELL_BORDER = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\s*\|?[ \t:|-]*-[ \t:|-]*\s*$")


def is_rule(line: str) -> bool:
    """Whether a line only parts a Markdown table's head from its rows.

    >>> is_rule("|:--|--:|"), is_rule("| Moving house | 1 |")
    (True, False)
    """
    return _RULE.match(line) is not None
