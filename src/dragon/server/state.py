"""What the parts of a running server share; made at its start, closed at its end."""

import asyncio
import threading
from dataclasses import dataclass, field

from dragon.answer.reader import Reader
from dragon.checkpoint import read_config
from dragon.errors import InputError
from dragon.models import model_folder
from dragon.server.answers import Answers
from dragon.server.database import Database
from dragon.server.embeddings import Embedder, StateEmbedder, WordEmbedder
from dragon.server.errors import ApiError, refused
from dragon.server.generation import Generator
from dragon.server.keys import Keys
from dragon.server.libraries import Libraries
from dragon.server.limits import Limits
from dragon.server.logs import log
from dragon.server.metrics import Metrics
from dragon.server.remote import Remote, check_address
from dragon.server.replies import library_of
from dragon.server.settings import ServerSettings
from dragon.server.training import Trainer
from dragon.server.worker import Worker
from dragon.server.writers import RAW, Writers, writes

EMBEDDER = "dragon:embedder"
ANSWERING_THREADS = 2  # one searches while the other reads


@dataclass(slots=True)
class State:
    """Of one server.

    Attributes:
        ready: set when questions can be answered.
        stopping: set when the server has been told to end.
    """

    settings: ServerSettings
    database: Database
    keys: Keys
    libraries: Libraries
    worker: Worker
    writers: Writers
    remote: Remote | None
    trainer: Trainer
    limits: Limits
    metrics: Metrics
    ready: threading.Event = field(default_factory=threading.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    failure: str = ""
    loaded: Answers | None = None
    encoder: StateEmbedder | None = None

    @classmethod
    def open(cls, settings: ServerSettings) -> "State":
        """Open what is on the disk; models come later, in `load`.

        Raises:
            StoreError: if the index or the database cannot be opened.
            CheckpointError: if there is no such model.
            InputError: for documents that do not exist.
        """
        _check(settings)
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        keys, limits = (
            Keys(settings.state / "keys.json"),
            Limits(settings.rate, settings.rate_store),
        )
        database = Database(settings.state / "server.db")
        try:
            libraries = Libraries(settings, database)
        except BaseException:
            database.close()
            raise
        worker = Worker(ANSWERING_THREADS, settings.max_waiting, lambda: state.close_indexes())
        writers = Writers(settings.generator)
        remote = Remote(settings) if settings.generator_url else None
        state = cls(
            settings=settings,
            database=database,
            keys=keys,
            libraries=libraries,
            worker=worker,
            writers=writers,
            remote=remote,
            trainer=Trainer(database, settings.state, writers, settings.nice),
            limits=limits,
            metrics=Metrics(),
        )
        state.metrics.watch(state)
        return state

    def writer(self, model: str) -> Generator:
        """A model that writes, at work; for a thread that may wait until it is opened.

        Raises:
            ApiError: 404 if there is none of this name, 503 while the server is loading.
        """
        self.writers.folder(model)
        if not self.ready.is_set():
            raise self._loading()
        return self.writers.get(model)

    def embedder(self, model: str) -> Embedder:
        """What makes vectors under a model's name; for a thread that may wait.

        Raises:
            ApiError: 404 if there is none of this name, 400 if it makes no vectors, 503 while the
                server is loading.
        """
        if writes(model):
            return self.writer(model).embedder
        if model == EMBEDDER and self.encoder:
            return self.encoder
        library_of(self, model)
        reader = self.answers.reader
        if reader.vectors is None:
            raise refused("model", f"{reader.name} has no word vectors.", "Choose another model.")
        return WordEmbedder(reader.vectors, reader.count)

    @property
    def answers(self) -> Answers:
        """The reader at work.

        Raises:
            ApiError: 503 while it is loading.
        """
        if self.loaded is None:
            raise self._loading()
        return self.loaded

    def _loading(self) -> ApiError:
        problem = self.failure or "The model is loading. Try again."
        return ApiError(503, problem, "loading", retry_after=2)

    def load(self) -> None:
        """Load the models; for a thread of its own."""
        try:
            reader = Reader.open(model_folder(self.settings.model))
            self.loaded = Answers(reader, self.settings.top_k, self.settings.cached_answers)
            if self.settings.embedder:
                self.encoder = StateEmbedder.open(self.settings.embedder)
            if self.settings.generator:
                self.writers.get(RAW)
            self.libraries.start()
            self.trainer.start()
            self.ready.set()
            log.info("ready", model=reader.name)
        except Exception as error:
            self.failure = f"The model could not be loaded: {error}"
            log.exception("loading")

    def end_writing(self) -> None:
        """End what is being written; its streams say so and close."""
        self.writers.close()

    def close_indexes(self) -> None:
        """Close what an answering thread has opened; called by it at its end."""
        if self.loaded:
            self.loaded.close_indexes()

    def close(self) -> None:
        """End the threads and close the files."""
        self.trainer.close()
        self.libraries.close()
        self.worker.close()
        self.end_writing()
        self.database.close()


def _check(settings: ServerSettings) -> None:
    """Raise, before anything is made, for what is named and not there."""
    read_config(model_folder(settings.model))
    if settings.generator_url:
        check_address(settings.generator_url, settings.generator_model)
    for folder in (settings.generator, settings.embedder):
        if folder:
            read_config(folder)
    for path in settings.docs:
        if not path.expanduser().exists():
            raise InputError(f"There is no file or folder {path}.", "Check the spelling.")
