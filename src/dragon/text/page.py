"""What our HTML files share: one palette, light or dark as the reader has it, and nothing loaded.

In: the style sheet of a page. Out: the same with the common one before it; what a content security
policy calls a text by.
"""

import base64
import hashlib
from pathlib import Path

_BASE = Path(__file__).with_name("page.css")


def style_sheet(own: str) -> str:
    """The common rules, then those of a page."""
    return f"{_BASE.read_text('utf-8').strip()}\n{own.strip()}"


def digest(text: str) -> str:
    """What a content security policy allows an inline script or style sheet by.

    >>> digest("")
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
