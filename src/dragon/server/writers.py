"""The models that write: the plain one, given at the start, and those fine-tuned from it.

In: names. Out: `Generator`s, opened when first asked; of the fine-tuned ones the last two used stay
open.
"""

import threading
from pathlib import Path

from dragon.server.errors import ApiError, missing
from dragon.server.generation import Generator

RAW = "dragon:raw"
FINE_TUNED = "ft:"
MOST_OPEN = 2


def writes(model: str) -> bool:
    """Whether a name is that of a model which writes freely."""
    return model == RAW or model.startswith(FINE_TUNED)


class Writers:
    """All models of a server that write.

    Args:
        raw: folder of the plain one; None serves none.
    """

    def __init__(self, raw: Path | None) -> None:
        self._folders = {RAW: raw} if raw else {}
        self._open: dict[str, Generator] = {}  # the least recently used first
        self._lock = threading.Lock()

    def __contains__(self, name: str) -> bool:
        return name in self._folders

    def names(self) -> list[str]:
        """The plain one first, then the others as they were made."""
        return list(self._folders)

    def folder(self, name: str) -> Path:
        """The folder of a model.

        Raises:
            ApiError: 404 if there is none of this name.
        """
        if name in self._folders:
            return self._folders[name]
        if name == RAW:
            raise ApiError(
                404,
                f"There is no model {RAW!r} here. Start the server with --generator FOLDER.",
                "model_not_found",
                "model",
            )
        raise missing("model that writes,", name, "model_not_found", "model")

    def add(self, name: str, folder: Path) -> None:
        """Serve one more model."""
        with self._lock:
            self._folders[name] = folder

    def remove(self, name: str) -> None:
        """Serve a model no more; what it writes ends."""
        with self._lock:
            self._folders.pop(name, None)
            gone = self._open.pop(name, None)
        if gone:
            gone.close()

    def is_open(self, name: str) -> bool:
        """Whether a model is in memory."""
        return name in self._open

    def get(self, name: str) -> Generator:
        """A model at work; opens it if need be, so for a thread that may wait.

        Raises:
            ApiError: 404 if there is none of this name.
            CheckpointError: if it is damaged.
        """
        folder = self.folder(name)
        with self._lock:
            found = self._open.pop(name, None) or Generator(folder)
            self._open[name] = found
            late = self._superfluous()
        for generator in late:
            generator.close()
        return found

    def stats(self) -> list[object]:
        """What each open model's serving core counts."""
        return [generator.serving.stats() for generator in list(self._open.values())]

    def close(self) -> None:
        """End what is being written; streams say so and close."""
        with self._lock:
            closing, self._open = list(self._open.values()), {}
        for generator in closing:
            generator.close()

    def _superfluous(self) -> list[Generator]:
        """Take out the fine-tuned ones that were not used for longest and write nothing."""
        tuned = [name for name in self._open if name != RAW]
        idle = [name for name in tuned[:-1] if self._open[name].is_idle]
        return [self._open.pop(name) for name in idle[: max(0, len(tuned) - MOST_OPEN)]]
