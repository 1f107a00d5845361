"""Plain values become one HTML file that needs nothing else: no network, no library.

The page's policy allows the one script and the one style sheet that it was written with, by their
hashes; what a text says can never run.
"""

import html
import json
from pathlib import Path

from dragon.errors import InputError
from dragon.inspect.look import Look
from dragon.text.page import digest, style_sheet

_PARTS = Path(__file__).parent / "web"
# One script in the page; in this order, because each part uses the ones before it.
_SCRIPTS = ("state", "tokens", "detail", "heads", "scores", "start")


def page(look: Look) -> str:
    """The HTML of a look."""
    style = style_sheet(_part("page.css"))
    script = '"use strict";\n' + "\n".join(_part(f"{name}.js") for name in _SCRIPTS)
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    # In a script element nothing ends the data but "</script": no "<" may stand in it.
    data = json.dumps(look, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return (
        _part("page.html")
        .replace("{{policy}}", policy)
        .replace("{{title}}", html.escape(f"{look['model']} · dragon inspect"))
        .replace("{{style}}", style)
        .replace("{{script}}", script)
        .replace("{{data}}", data)
    )


def write_page(path: Path, look: Look) -> None:
    """Write the page.

    Raises:
        InputError: if the file cannot be written.
    """
    text = page(look)
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}.", "Give --html another file."
        ) from None


def _part(name: str) -> str:
    return (_PARTS / name).read_text("utf-8").strip()
