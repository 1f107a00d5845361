"""The navigation follows docs/index.md: a heading is a section, a list item a page or a folder.

What nobody lists there comes last, under "More", so that no page is lost.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from places import site_uri

ENTRY = re.compile(r"^## (?P<section>.+)$|^- \[(?P<label>[^]]+)\]\((?P<target>[^)#:]+)\)", re.M)
FIRST = ("index.md", "README.md")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for folder in sorted({posixpath.dirname(uri) for uri in _uris(files)} - {""}):
        if not any(files.get_file_from_path(f"{folder}/{name}") for name in FIRST):
            files.append(File.generated(config, f"{folder}/index.md", content=_list(files, folder)))
    config.nav = list(_sections(Path(config.docs_dir, "index.md").read_text("utf-8"), _uris(files)))
    return files


def _sections(index: str, left: list[str]) -> Iterator[dict[str, Any]]:
    """The sections; what they show is taken out of `left`."""
    left.remove("index.md")
    title, entries = "Start", ["index.md"]
    for found in ENTRY.finditer(index):
        if found["section"]:
            yield {title: entries}
            title, entries = found["section"], []
        elif shown := _taken(left, site_uri(posixpath.normpath(f"docs/{found['target']}"))):
            entries.append({found["label"]: shown[0] if len(shown) == 1 else shown})
    yield {title: entries}
    if left:
        yield {"More": left}


def _taken(left: list[str], target: str) -> list[str]:
    """The pages that an entry stands for: one, or those of a folder."""
    folder = target.removesuffix("index.md").removesuffix("/") + "/"
    shown = [uri for uri in left if uri == target or uri.startswith(folder)]
    for uri in shown:
        left.remove(uri)
    return sorted(shown, key=lambda uri: (posixpath.basename(uri) not in FIRST, uri))


def _list(files: Files, folder: str) -> str:
    """A page for a folder without one."""
    pages = [files.get_file_from_path(uri) for uri in _uris(files)]
    lines = [
        f"- [{_title(page)}]({posixpath.basename(page.src_uri)})"
        for page in pages
        if posixpath.dirname(page.src_uri) == folder
    ]
    return f"# {folder.rpartition('/')[2].capitalize()}\n\n" + "\n".join(lines) + "\n"


def _title(page: File) -> str:
    found = re.search(r"^# (.+)$", page.content_string, re.MULTILINE)
    return found[1] if found else page.name


def _uris(files: Files) -> list[str]:
    return sorted(page.src_uri for page in files.documentation_pages())
