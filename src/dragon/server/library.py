"""A library: its index, the folders and uploads that it is made of, and its documents' names.

In: names that a client gives. Out: paths, but only of documents that the index holds: a name never
leads to the file system by itself.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dragon.retrieval import Index, Progress
from dragon.server.errors import missing

DEFAULT_ID = "default"
UPLOADED = "uploaded"
Version = tuple[int, int]


@dataclass(slots=True, eq=False)
class Library:
    """One library and what is being done to it.

    Attributes:
        id: in model names and addresses.
        name: for people.
        index: its index file.
        roots: the user's own folders and files in it, absolute, links resolved.
        files: the folder of what was uploaded to it.
        created: Unix time.
        busy: indexing runs that wait or work.
        progress: of the run that works.
        problem: why the last run failed.
        watch: seconds between looks at its folders for changed files; 0 looks never.
    """

    id: str
    name: str
    index: Path
    roots: tuple[str, ...]
    files: Path
    created: int
    busy: int = 0
    progress: Progress | None = None
    problem: str | None = None
    watch: int = 0
    pending: set[str] = field(default_factory=set)

    @property
    def is_default(self) -> bool:
        """True for the library of the model `dragon`."""
        return self.id == DEFAULT_ID

    @property
    def model(self) -> str:
        """The model that answers from it."""
        return "dragon" if self.is_default else f"dragon:{self.id}"

    @property
    def source(self) -> str:
        """Where its documents come from: the user's folders, an index file, or uploads alone."""
        if self.roots:
            return "folder"
        return "index" if self.is_default else "uploads"

    def version(self) -> Version:
        """Changes whenever the index does: SQLite counts the transactions in its header."""
        try:
            with self.index.open("rb") as file:
                header = file.read(28)
                return os.fstat(file.fileno()).st_ino, int.from_bytes(header[24:28], "big")
        except OSError:
            return 0, 0

    def name_of(self, path: str) -> str:
        """How a document is called towards clients: relative, with slashes, unique here."""
        own = _below(path, str(self.files))
        if own is not None:
            return f"{UPLOADED}/{own}" if self.roots or self.is_default else own
        for root in self.roots:
            if path == root:
                return Path(path).name if len(self.roots) == 1 else path
            inner = _below(path, root)
            if inner is not None:
                return self._below_root(root, inner) or path
        return path

    def _below_root(self, root: str, inner: str) -> str | None:
        if inner.split("/", 1)[0] == UPLOADED:
            return None
        if len(self.roots) == 1:
            return inner
        base = Path(root).name
        same = [r for r in self.roots if Path(r).name == base]
        return f"{base}/{inner}" if len(same) == 1 and base != UPLOADED else None

    def path_of(self, index: Index, name: str) -> str:
        """The path of a document that the index holds.

        Raises:
            ApiError: 404 if it holds none of this name.
        """
        for path in self._candidates(name):
            if self.name_of(path) == name and index.holds(path):
                return path
        raise missing("document", name, "document_not_found", "document")

    def is_removable(self, path: str) -> bool:
        """Whether the server may forget a document: not while it lies in the user's own folder."""
        return _below(path, str(self.files)) is not None or not self.roots

    def own_file(self, name: str) -> Path:
        """Where an upload of this (checked) name lies."""
        return self.files / PurePosixPath(name.removeprefix(f"{UPLOADED}/"))

    def _candidates(self, name: str) -> list[str]:
        found = [name]
        for root in self.roots:
            found += [root, f"{root}/{name}", f"{root}/{name.partition('/')[2]}"]
        return [*found, str(self.own_file(name))]


def _below(path: str, folder: str) -> str | None:
    prefix = folder.rstrip(os.sep) + os.sep
    return path[len(prefix) :].replace(os.sep, "/") if path.startswith(prefix) else None
