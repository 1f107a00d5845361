"""Links are written for the repository; here they learn where their target stands on the site."""

import posixpath
import re
from functools import partial

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from places import repository_path, site_uri

FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s:#]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    parts = FENCE.split(markdown)
    parts[::2] = [LINK.sub(partial(_link, page.file.src_uri, files), part) for part in parts[::2]]
    return "".join(parts)


def _link(uri: str, files: Files, found: re.Match[str]) -> str:
    label, target, anchor = found[1], found[2], found[3] or ""
    there = posixpath.normpath(posixpath.join(posixpath.dirname(repository_path(uri)), target))
    for name in map(site_uri, (there, f"{there}/index.md", f"{there}/README.md")):
        if files.get_file_from_path(name):
            return f"[{label}]({posixpath.relpath(name, posixpath.dirname(uri) or '.')}{anchor})"
    # Source files and data are no part of the site; a missing page is a mistake, and is reported.
    return found[0] if target.endswith(".md") else label
