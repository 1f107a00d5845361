"""What the server is told at its start: frozen, checked, with defaults for one user at home."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from dragon.config.checks import check_at_least
from dragon.errors import ConfigError
from dragon.models import DEFAULT
from dragon.retrieval.paths import data_folder


def server_folder() -> Path:
    """Where the server keeps conversations, uploads and keys, in the user's data folder."""
    return data_folder() / "server"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Settings of one server.

    Attributes:
        host, port: where it listens.
        docs: folders and files of the default library; empty takes `index` as it is.
        index: index file of the default library; None is the folders' own, or the per-user one.
        model: the reader: a shipped model's name or a model folder.
        generator: folder of a causal model for `dragon:raw`; None refuses that name.
        generator_url, generator_model: another server's address up to and with /v1, and a model of
            it, which answers from the documents in the reader's place; its key is in
            DRAGON_GENERATOR_KEY.
        embedder: folder of a model, of any kind, whose states are served as vectors under the name
            `dragon:embedder`.
        top_k: passages read for each question.
        state: folder of conversations, uploads and keys.
        watch: seconds between looks at the folders for changed files; 0 looks never, None as it was
            last wished in the page.
        hosts: names, beside those of `host`, under which a browser may reach the server.
        cors: origins of other sites whose pages may call the API.
        rate: requests that a key, or an address without one, may make: "60/minute"; "" is no limit.
        rate_store: address of a Redis that counts for several servers: "redis://HOST:6379"; ""
            counts here.
        max_body, max_upload: bytes of a JSON request and of an upload.
        max_waiting: requests that wait for an answer; the next ones are told to come back.
        timeout: seconds that a request may take.
        cached_answers: answers that are kept for the same question on the same documents.
        nice: by how much the priority of fine-tuning is lowered (the `nice` of Unix).
        unprotected: listen publicly without keys.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    docs: tuple[Path, ...] = ()
    index: Path | None = None
    model: str = DEFAULT
    generator: Path | None = None
    generator_url: str = ""
    generator_model: str = ""
    embedder: Path | None = None
    top_k: int = 5
    state: Path = field(default_factory=server_folder)
    watch: int | None = None
    hosts: tuple[str, ...] = ()
    cors: tuple[str, ...] = ()
    rate: str = ""
    rate_store: str = ""
    max_body: int = 2_000_000
    max_upload: int = 150_000_000
    max_waiting: int = 64
    timeout: float = 120.0
    cached_answers: int = 1000
    nice: int = 10
    unprotected: bool = False

    def __post_init__(self) -> None:
        check_at_least(self, "server", 1, "top_k max_body max_upload max_waiting")
        check_at_least(self, "server", 0, "port cached_answers nice")
        if self.watch is not None:
            check_at_least(self, "server", 0, "watch")
        if self.port > 65535:
            raise ConfigError(f"server.port is {self.port}.", "It must be at most 65535.")
        if not 0 < self.timeout < 86400:
            raise ConfigError(f"server.timeout is {self.timeout}.", "Give seconds above 0.")

    @property
    def is_local(self) -> bool:
        """True where only this machine can reach the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own.

    >>> [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
