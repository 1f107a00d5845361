"""Parts of the server by themselves: names, keys, uploads, the worker, settings."""

import asyncio
import io
import threading
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.errors import ConfigError, DocumentError, InputError, StoreError
from dragon.retrieval import Index
from dragon.server.database import Database
from dragon.server.errors import ApiError
from dragon.server.generation import Generator
from dragon.server.keys import Keys
from dragon.server.library import Library
from dragon.server.limits import Limits
from dragon.server.prompts import Prompts
from dragon.server.replies import Message, Whole
from dragon.server.routes.completions import CompletionRequest
from dragon.server.settings import ServerSettings
from dragon.server.uploads import clear_parts, keep, safe_name
from dragon.server.worker import Worker
from dragon.tokenizer import BpeTokenizer
from dragon.tokenizer.special import CHAT_TEMPLATE
from dragon.tokenizer.template import ChatTemplate
from dragon.tokenizer.word import WordTokenizer
from tests.answer.number_reader import write_language_model


@given(st.text(max_size=300))
def test_a_safe_name_is_one_visible_part_of_a_path(name: str) -> None:
    try:
        safe = safe_name(name)
    except DocumentError:
        return
    assert Path(safe).name == safe
    assert not set(safe) & set('/\\<>:"|?*\0\n')
    assert not safe.startswith(".")
    assert safe_name(safe) == safe


def test_keeping_replaces_whole_files_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    keep(io.BytesIO(b"old"), target)

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        keep(Broken(), target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
    (tmp_path / ".part-0").write_bytes(b"half")
    clear_parts(tmp_path)
    assert list(tmp_path.iterdir()) == [target]


def library(tmp_path: Path, *roots: str) -> Library:
    return Library("default", "x", tmp_path / "i.db", roots, tmp_path / "files", 0)


def test_documents_are_named_without_the_way_to_them(tmp_path: Path) -> None:
    one = library(tmp_path, "/home/me/docs")
    assert one.name_of("/home/me/docs/a/b.md") == "a/b.md"
    assert one.name_of(str(tmp_path / "files" / "c.md")) == "uploaded/c.md"
    # A folder that is called like ours keeps its whole path, so that names stay unique.
    assert one.name_of("/home/me/docs/uploaded/c.md") == "/home/me/docs/uploaded/c.md"
    two = library(tmp_path, "/a/docs", "/b/notes")
    assert two.name_of("/a/docs/x.md") == "docs/x.md"
    same = library(tmp_path, "/a/docs", "/b/docs")
    assert same.name_of("/a/docs/x.md") == "/a/docs/x.md"
    assert library(tmp_path, "/a/x.md").name_of("/a/x.md") == "x.md"


@pytest.mark.parametrize("roots", [("docs",), ("docs", "more"), ("docs/a.md",)])
def test_every_name_leads_back_to_its_document(tmp_path: Path, roots: tuple[str, ...]) -> None:
    for name in ("docs/a.md", "docs/sub/b.md", "docs/uploaded/c.md", "more/a.md", "files/a.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Some words.")
    one = library(tmp_path, *(str(tmp_path / root) for root in roots))
    with Index.open(tmp_path / "i.db", create=True) as index:
        index.add([*(Path(root) for root in one.roots), tmp_path / "files"])
        paths = [row.path for row in index.documents()]
        assert [one.path_of(index, one.name_of(path)) for path in paths] == paths
        for bad in ("../docs/a.md", "docs/../docs/a.md", "nope", "", "/etc/passwd", "a.md/"):
            with pytest.raises(ApiError):
                one.path_of(index, bad)


def test_a_library_changes_its_version_with_its_index(tmp_path: Path) -> None:
    one = library(tmp_path)
    assert one.version() == (0, 0)
    (tmp_path / "a.md").write_text("Some words.")
    with Index.open(one.index, create=True) as index:
        before = one.version()
        index.add([tmp_path / "a.md"])
    assert one.version() not in (before, (0, 0))


def test_keys_are_kept_as_hashes(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    assert not keys.are_set
    key, secret = keys.add("me", ("ask",))
    assert keys.find(secret) == key
    assert keys.find(secret + "x") is None
    assert secret not in (tmp_path / "keys.json").read_text()
    with pytest.raises(InputError, match="already"):
        keys.add("me", ("ask",))
    with pytest.raises(InputError, match="no scope 'all'"):
        keys.add("you", ("all",))
    assert keys.revoke(key.id) == key
    assert keys.find(secret) is None
    # Nobody is let in because the last key has gone.
    assert keys.are_set
    with pytest.raises(InputError, match="no key"):
        keys.revoke("me")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"keys": [{"id": 1}]}'])
def test_a_damaged_file_of_keys_lets_nobody_in(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.json").write_text(text)
    with pytest.raises(StoreError, match="damaged"):
        Keys(tmp_path / "keys.json")


def test_limits() -> None:
    limits = Limits("2/minute; 100/hour")
    limits.check("a")
    limits.check("a")
    limits.check("b")
    with pytest.raises(ApiError) as caught:
        limits.check("a")
    assert (caught.value.status, caught.value.code) == (429, "rate_limit_exceeded")
    assert caught.value.retry_after
    with pytest.raises(ConfigError, match="60/minute"):
        Limits("often")


@pytest.mark.parametrize(
    "fields", [{"port": 70000}, {"top_k": 0}, {"timeout": 0}, {"max_waiting": 0}, {"watch": -1}]
)
def test_settings_are_checked(tmp_path: Path, fields: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(fields))):
        ServerSettings(state=tmp_path, **fields)  # type: ignore[arg-type]


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "server.db"
    with Index.open(path, create=True):
        pass
    with pytest.raises(StoreError, match=r"server\.db"):
        Database(path)


def test_work_of_a_client_that_has_gone_ends() -> None:
    worker = Worker(1, 10)
    steps: list[int] = []
    more = threading.Event()

    def run() -> Iterator[int]:
        for step in range(3):
            steps.append(step)
            yield step
            more.wait(5)

    async def leave() -> None:
        async with aclosing(worker.stream(run)) as events:
            async for _ in events:
                break
        more.set()
        assert await worker.call(lambda: "next") == "next"

    asyncio.run(leave())
    worker.close()
    assert steps == [0, 1]


def test_errors_of_the_worker_reach_who_waits() -> None:
    worker = Worker(1, 10)

    def fail() -> int:
        raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(worker.call(fail))
    worker.close()


def test_tokens_are_told_with_the_blanks_of_the_text(tmp_path: Path) -> None:
    words = WordTokenizer.train(["Visitors may stay for thirty days, and so may dogs."])
    generator = Generator(write_language_model(tmp_path / "model", words))
    asked = CompletionRequest(prompt="", seed=1)
    whole = Whole()

    async def write() -> None:
        writing = generator.writing(asked, words.encode("Visitors may"), 20, logprobs=0)
        async with aclosing(generator.stream(writing)) as pieces:
            async for piece in pieces:
                whole.add(piece)

    asyncio.run(write())
    generator.close()
    assert " " in whole.text
    assert b"".join(bytes(one["bytes"]) for one in whole.logprobs).decode() == whole.text


def test_prompts_of_other_models_follow_their_template(tmp_path: Path) -> None:
    tokenizer = BpeTokenizer.train(["Hello there, how are you?"] * 4, vocab_size=300)
    tokenizer.save(tmp_path)
    ours = Prompts(tokenizer, tmp_path)
    talk = [Message("developer", "Be brief."), Message("user", "Hello <|end|>")]
    template = ChatTemplate(CHAT_TEMPLATE)
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": talk[1].text}]
    assert ours.chat(talk) == template.ids(tokenizer, said)
    assert tokenizer.id("<|end|>") in ours.ends
    assert ours.text("") == [tokenizer.id("<|end|>")]


def test_an_older_database_gains_what_it_lacks(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "server.db"
    fresh = Database(path)
    fresh.rows("INSERT INTO libraries VALUES ('a', 'b', 1)")
    fresh.close()
    newer = ("watched", "file_batches", "job_events", "jobs")
    for version, lacking in ((1, newer), (2, newer[:2]), (3, newer[:1])):
        with sqlite3.connect(path) as older:
            for table in lacking:
                older.execute(f"DROP TABLE {table}")
            older.execute(f"PRAGMA user_version = {version}")
        older.close()
        again = Database(path)
        assert [row["name"] for row in again.rows("SELECT name FROM libraries")] == ["b"]
        assert [again.rows(f"SELECT * FROM {table}") for table in newer] == [[]] * 4
        again.close()


@pytest.mark.parametrize(
    ("store", "part"),
    [("memcached://x", "redis://HOST"), ("redis://:secret@127.0.0.1:1", "does not answer")],
)
def test_a_store_of_rates_that_is_none_ends_the_start(store: str, part: str) -> None:
    with pytest.raises(ConfigError, match=part) as caught:
        Limits("2/minute", store)
    assert "secret" not in str(caught.value)


def test_nobody_passes_uncounted_when_the_store_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    from limits.errors import StorageError

    limits = Limits("2/minute")

    def lost(*_: object) -> bool:
        raise StorageError(ConnectionError("gone"))

    monkeypatch.setattr(limits._limiter, "hit", lost)
    with pytest.raises(ApiError) as caught:
        limits.check("a")
    assert (caught.value.status, caught.value.code) == (503, "rate_store")
