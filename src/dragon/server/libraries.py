"""All libraries of a server, and the thread that keeps their indexes up to date.

In: what is to be indexed. Out: libraries whose `busy` and `progress` say how far that has come.
One run after the other: parsers use several processes already.
"""

import os
import queue
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from dragon.errors import DragonError, InputError
from dragon.retrieval import Index, Progress, default_index_path, index_path_for
from dragon.server.database import Database, new_id, now
from dragon.server.errors import ApiError, missing
from dragon.server.indexing import bring_up_to_date
from dragon.server.library import DEFAULT_ID, Library
from dragon.server.logs import log
from dragon.server.settings import ServerSettings
from dragon.server.uploads import clear_parts, safe_name

TICK = 0.5  # seconds between two thoughts of watching
_RESERVED = {DEFAULT_ID, "raw", "dragon"}


class Libraries:
    """The default library and those that clients made.

    Args:
        settings: which documents the default one holds, and where state lies.
        database: knows the others.
    """

    def __init__(self, settings: ServerSettings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._folder = settings.state / "libraries"
        self._lock = threading.Lock()
        self._runs: queue.SimpleQueue[tuple[Library, tuple[str, ...]] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._all = {DEFAULT_ID: self._default()}
        for row in database.rows("SELECT id, name, created FROM libraries ORDER BY created, id"):
            self._all[row["id"]] = self._made(row["id"], row["name"], row["created"])
        clear_parts(self._folder)
        self._thread = threading.Thread(target=self._serve, name="indexing", daemon=True)
        self._watcher = threading.Thread(target=self._watch, name="watching", daemon=True)

    def start(self) -> None:
        """Bring every index up to date, and go on doing so."""
        for library in self:
            # An index that was given by itself is taken as it is, but for what was uploaded to it.
            self.update(library)
        self._thread.start()
        self._watcher.start()

    def close(self, seconds: float = 10.0) -> None:
        """Stop after the run that works; nothing of it is lost, the next start goes on."""
        self._closing.set()
        self._runs.put(None)
        if self._thread.is_alive():
            self._thread.join(seconds)

    def __iter__(self) -> Iterator[Library]:
        with self._lock:
            return iter(list(self._all.values()))

    def get(self, name: str, param: str = "library") -> Library:
        """A library by its id.

        Raises:
            ApiError: 404 if there is none.
        """
        with self._lock:
            if name not in self._all:
                raise missing("library", name, "library_not_found", param)
            return self._all[name]

    def create(self, name: str, kind: str = "lib") -> Library:
        """Make an empty library."""
        library = self._made(new_id(kind), name, now())
        library.files.mkdir(parents=True)
        with Index.open(library.index, create=True):
            pass
        self._database.rows(
            "INSERT INTO libraries VALUES (?, ?, ?)", library.id, name, library.created
        )
        with self._lock:
            self._all[library.id] = library
        return library

    def rename(self, library: Library, name: str) -> None:
        """Give a library another name; the default one keeps it until the next start."""
        library.name = name
        self._database.rows("UPDATE libraries SET name = ? WHERE id = ?", name, library.id)

    def watch(self, library: Library, seconds: int) -> None:
        """Look at a library's folders every so often, after the next start too.

        Raises:
            ApiError: 409 for a library without folders.
        """
        if seconds and not library.roots:
            raise ApiError(
                409, f"{library.name!r} has no folders that could be watched.", "no_folders"
            )
        self._database.rows(
            "INSERT OR REPLACE INTO watched VALUES (?, ?)", library.files.parent.name, seconds
        )
        library.watch = seconds

    def delete(self, library: Library) -> None:
        """Delete a library with its index and uploads.

        Raises:
            ApiError: 409 for the default one.
        """
        if library.is_default:
            raise ApiError(409, "The default library cannot be deleted.", "default_library")
        self._database.rows("DELETE FROM libraries WHERE id = ?", library.id)
        with self._lock:
            self._all.pop(library.id, None)
        shutil.rmtree(library.index.parent, ignore_errors=True)

    def update(self, library: Library, paths: Sequence[str] = ()) -> None:
        """Index some files of a library, or look at all it is made of."""
        with self._lock:
            library.busy += 1
            library.pending.update(paths)
        self._runs.put((library, tuple(paths)))

    def _default(self) -> Library:
        settings = self._settings
        index = settings.index or (
            index_path_for(settings.docs) if settings.docs else default_index_path()
        )
        roots = tuple(dict.fromkeys(os.path.realpath(p.expanduser()) for p in settings.docs))
        name = Path(roots[0]).name if roots else index.stem if settings.index else "Documents"
        key = blake2b(os.path.realpath(index).encode(errors="surrogateescape"), digest_size=5)
        files = self._folder / f"default-{key.hexdigest()}" / "files"
        files.mkdir(parents=True, exist_ok=True)
        with Index.open(index, create=settings.index is None):
            pass
        real = Path(os.path.realpath(files))
        watch = self._watched(files.parent.name) if roots else 0
        return Library(DEFAULT_ID, name or "Documents", index, roots, real, now(), watch=watch)

    def _watched(self, folder: str) -> int:
        """Seconds between looks: as told at the start, else as wished before."""
        if self._settings.watch is not None:
            return self._settings.watch
        row = self._database.row("SELECT seconds FROM watched WHERE folder = ?", folder)
        return int(row["seconds"]) if row else 0

    def _made(self, name: str, title: str, created: int) -> Library:
        folder = Path(os.path.realpath(self._folder / name))
        return Library(name, title, folder / "index.db", (), folder / "files", created)

    def _watch(self) -> None:
        looked: dict[str, float] = {}
        while not self._closing.wait(TICK):
            for library in self:
                since = time.monotonic() - looked.setdefault(library.id, time.monotonic())
                if library.watch and since >= library.watch and not library.busy:
                    looked[library.id] = time.monotonic()
                    self.update(library)

    def _serve(self) -> None:
        while (run := self._runs.get()) is not None:
            library, paths = run
            if not self._closing.is_set():
                self._index(library, paths)
            with self._lock:
                library.busy -= 1
                library.pending.difference_update(paths)

    def _index(self, library: Library, paths: Sequence[str]) -> None:
        try:
            library.problem = None
            # An uploaded file may have been deleted while it waited.
            given = [path for path in paths if Path(path).exists()]
            if wanted := given if paths else self._sources(library):
                with Index.open(library.index, create=True) as index:
                    shown = Shown(library, self._closing)
                    bring_up_to_date(index, [Path(path) for path in wanted], shown)
        except DragonError as error:
            library.problem = str(error)
            log.warning("indexing", library=library.id, problem=str(error))
        except Exception as error:
            library.problem = f"Indexing failed ({type(error).__name__}). Re-index to try again."
            log.exception("indexing", library=library.id)
        finally:
            library.progress = None

    def _sources(self, library: Library) -> list[str]:
        own = [str(library.files)] if _holds_any(library.files) else []
        with Index.open(library.index, create=True) as index, suppress(InputError):
            if not own:
                # What was uploaded once and has gone must not answer any more.
                index.remove([library.files])
        return [*library.roots, *own]


class Shown:
    """Writes an indexing run's progress to its library; ends the run when the server stops."""

    def __init__(self, library: Library, closing: threading.Event) -> None:
        self._library, self._closing = library, closing

    def __call__(self, progress: Progress) -> None:
        """Take a step."""
        self._library.progress = progress
        if self._closing.is_set():
            raise InputError("The server stops.", "Indexing goes on at its next start.")


def _holds_any(folder: Path) -> bool:
    return any(path.is_file() and not path.name.startswith(".") for path in folder.rglob("*"))


def library_name(text: str) -> str:
    """A name for a library, fit to be shown.

    Raises:
        ApiError: 400 for an empty one.
    """
    try:
        name = safe_name(text)
    except DragonError as error:
        raise ApiError(400, str(error), "invalid_value", "name") from None
    if name.casefold() in _RESERVED:
        raise ApiError(400, f"The name {name!r} is taken. Choose another.", "invalid_value", "name")
    return name
