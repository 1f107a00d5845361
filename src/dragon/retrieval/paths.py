"""Where indexes live without --index: in the user's data folder, never among the documents."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def data_folder() -> Path:
    """The per-user data folder of this platform; `DRAGON_HOME` overrides it."""
    if home := os.environ.get("DRAGON_HOME"):
        return Path(home)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "dragon"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "dragon"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "dragon"


def default_index_path() -> Path:
    """The index that is used without --index."""
    return data_folder() / "index.db"


def index_path_for(docs: Sequence[Path]) -> Path:
    """The own index of a set of folders, the same for any order and spelling of them."""
    from hashlib import blake2b  # here, because it loads OpenSSL

    roots = sorted({os.path.realpath(path.expanduser()) for path in docs})
    name = blake2b("\0".join(roots).encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()
    return data_folder() / "folders" / f"{name}.db"
