"""API keys: made once, shown once, kept as hashes.

In: keys that clients send. Out: who they are and what they may do. A key is 256 random bits, so
that one round of SHA-256 is enough: there is nothing to guess.
"""

import hmac
import json
import os
import secrets
import threading
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from dragon.errors import InputError, StoreError
from dragon.server.database import now

SCOPES = ("ask", "documents", "train", "metrics")
VARIABLE = "DRAGON_API_KEYS"
_PREFIX = "sk-dragon-"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: `digest` is SHA-256 of it, in hexadecimal."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created: int
    digest: str


ANYONE = Key("", "anyone", SCOPES, 0, "")
"""Who asks where no keys are set: may do everything."""


class Keys:
    """The keys of a file, and of the environment (separated by commas; they may do everything).

    A change of the file counts at the next request.

    Args:
        path: JSON, written by `dragon keys`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._stored: list[Key] = []
        given = [key.strip() for key in os.environ.get(VARIABLE, "").split(",")]
        self._given = [
            Key(f"env-{i}", f"{VARIABLE} {i}", SCOPES, 0, digest_of(key))
            for i, key in enumerate(filter(None, given), 1)
        ]
        self.all()

    def all(self) -> list[Key]:
        """All keys.

        Raises:
            StoreError: if the file is damaged: then nobody is let in.
        """
        with self._lock:
            try:
                stat = self.path.stat()
                stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            except FileNotFoundError:
                self._stamp, self._stored = None, []
                return list(self._given)
            if stamp != self._stamp:
                self._stored = _read(self.path)
                self._stamp = stamp
            return [*self._stored, *self._given]

    @property
    def are_set(self) -> bool:
        """Whether a key is needed. A file whose keys are all revoked still asks for one."""
        return bool(self.all()) or self.path.exists()

    def find(self, sent: str) -> Key | None:
        """The key that was sent, compared in the same time for any answer."""
        digest = digest_of(sent)
        found = None
        for key in self.all():
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def add(self, name: str, scopes: tuple[str, ...]) -> tuple[Key, str]:
        """Make a key; returns it and the secret that nobody can read again.

        Raises:
            InputError: for an unknown scope, or a name that is there already.
        """
        if unknown := set(scopes) - set(SCOPES):
            raise InputError(
                f"There is no scope {sorted(unknown)[0]!r}.", f"Scopes: {', '.join(SCOPES)}."
            )
        if any(key.name == name for key in self.all()):
            raise InputError(f"There is a key {name!r} already.", "Choose another name.")
        secret = _PREFIX + secrets.token_urlsafe(32)
        key = Key(f"key_{secrets.token_hex(4)}", name, scopes, now(), digest_of(secret))
        self._write([*self._stored, key])
        return key, secret

    def revoke(self, name: str) -> Key:
        """Remove a key, by its name or id.

        Raises:
            InputError: if there is none.
        """
        self.all()
        for key in self._stored:
            if name in (key.name, key.id):
                self._write([k for k in self._stored if k is not key])
                return key
        raise InputError(f"There is no key {name!r}.", "See: dragon keys list.")

    def _write(self, keys: list[Key]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self.path.with_name(f".{self.path.name}.new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"keys": [asdict(key) for key in keys]}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        self.all()


def digest_of(secret: str) -> str:
    """SHA-256 of a key, in hexadecimal."""
    return sha256(secret.encode(errors="replace")).hexdigest()


def _read(path: Path) -> list[Key]:
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return [Key(**key | {"scopes": tuple(key["scopes"])}) for key in values["keys"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"The file of keys {path} is damaged ({error}).", "Remove it and add the keys again."
        ) from None
