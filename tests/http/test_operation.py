"""A server at work: cache, metrics, watching, ending."""

import asyncio
import json
import socket
import threading
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from dragon.retrieval import Index
from dragon.server.run import Connection
from dragon.server.settings import ServerSettings
from tests.http.running import DOCUMENTS, Served, ask, serving, settled, wait_until


def test_an_answer_is_kept_until_the_documents_change(fresh: ServerSettings) -> None:
    with serving(replace(fresh, watch=1)) as served:
        question = "How many days may visitors stay?"
        replies: list[Any] = [ask(served, question) for _ in range(2)]
        assert [reply["dragon"]["cached"] for reply in replies] == [False, True]
        assert replies[0]["choices"][0]["message"] | {"dragon": 0} == (
            replies[1]["choices"][0]["message"] | {"dragon": 0}
        )
        assert replies[1]["usage"]["prompt_tokens_details"]["cached_tokens"] > 0
        text = DOCUMENTS["visits.md"].replace("30", "44")
        (fresh.docs[0] / "visits.md").write_text(text, "utf-8")
        wait_until(lambda: "44" in _content(ask(served, question)))


def test_folders_are_watched_when_somebody_wishes_it(fresh: ServerSettings) -> None:
    with serving(fresh) as served:
        library = "/api/libraries/default"
        assert served.http.get(library).json()["watch"] == 0
        assert served.http.patch(library, json={"watch": 1}).json()["watch"] == 1
        (fresh.docs[0] / "late.md").write_text("The late note has 9 lines.")
        wait_until(lambda: "late.md" in {row["document"] for row in settled(served)})
        assert served.http.patch(library, json={"watch": -1}).status_code == 400
        own = served.http.post("/api/libraries", json={"name": "Own"}).json()["id"]
        refused = served.http.patch(f"/api/libraries/{own}", json={"watch": 5})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_folders")


def test_a_watched_folder_is_remembered(fresh: ServerSettings) -> None:
    library = "/api/libraries/default"
    with serving(fresh) as served:
        served.http.patch(library, json={"watch": 1})
    (fresh.docs[0] / "late.md").write_text("The late note has 9 lines.")
    with serving(fresh) as served:
        assert served.http.get(library).json()["watch"] == 1
        settled(served)
        (fresh.docs[0] / "later.md").write_text("The later note has 8 lines.")
        wait_until(lambda: "later.md" in {row["document"] for row in settled(served)})
    with serving(replace(fresh, watch=0)) as served:  # told otherwise, this once
        assert served.http.get(library).json()["watch"] == 0
    other = replace(fresh, docs=(fresh.docs[0] / "people",), index=fresh.state / "other.db")
    with Index.open(fresh.state / "other.db", create=True):
        pass
    with serving(other) as served:
        assert served.http.get(library).json()["watch"] == 0


def test_many_files_are_indexed_in_batches(
    fresh: ServerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dragon.server.indexing.BATCH_FILES", 2)
    for number in range(5):
        (fresh.docs[0] / f"note-{number}.md").write_text(f"Note {number} has 7 lines.")
    with serving(fresh) as served:
        rows = {row["document"]: row["status"] for row in settled(served)}
        assert len(rows) == 8
        assert set(rows.values()) == {"ready"}
        (fresh.docs[0] / "note-0.md").unlink()
        served.http.post("/api/libraries/default/reindex")
        assert "note-0.md" not in {row["document"] for row in settled(served)}
        shown = served.http.get("/api/libraries/default").json()
        assert (shown["documents"], shown["failed"], shown["problem"]) == (7, 0, None)


def _content(reply: Any) -> str:
    return str(reply["choices"][0]["message"]["content"])


def test_metrics_count(served: Served) -> None:
    ask(served, "How many seats has the canteen?")
    lines = served.http.get("/metrics").text.splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    name = 'dragon_requests_total{method="POST",route="/v1/chat/completions",status="200"}'
    assert float(values[name]) >= 1
    assert float(values['dragon_replies_total{ended="done"}']) >= 1
    assert float(values['dragon_first_token_seconds_count{model="documents"}']) >= 1
    assert float(values["dragon_queue"]) == 0
    assert float(values["dragon_raw_running"]) == 0
    assert float(values["dragon_raw_kv_bytes_used"]) >= 0


def test_what_is_written_is_sent_at_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[asyncio.Transport] = []
    begin = Connection.connection_made

    def keep(self: Connection, transport: asyncio.Transport) -> None:
        begin(self, transport)
        made.append(transport)

    monkeypatch.setattr(Connection, "connection_made", keep)
    with httpx2.Client() as fresh:
        assert fresh.get(f"{served.url}/health").status_code == 200
        connection = made[0].get_extra_info("socket")
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_unknown_addresses_make_no_new_series(served: Served) -> None:
    served.http.get("/secret-path-of-somebody")
    assert "secret-path" not in served.http.get("/metrics").text


@pytest.mark.parametrize("model", ["dragon", "dragon:raw"])
def test_sixty_four_clients_at_once(served: Served, model: str) -> None:
    question, limit = "How many days may visitors stay?", {"max_tokens": 20, "seed": 3}
    fields = {"model": model, **(limit if model == "dragon:raw" else {})}
    alone = _content(ask(served, question, **fields))
    found: list[str] = []

    def work(number: int) -> None:
        # Other documents' questions are new; the same seed writes the same beside others.
        asked = question if model == "dragon:raw" else f"{question} {number}"
        found.append(_content(ask(served, asked, **fields)))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert found == [alone] * 64
    assert model == "dragon:raw" or alone == "Visitors may stay 30 days. [1]"


def test_it_says_that_it_is_loading(fresh: ServerSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    from dragon.answer.reader import Reader

    load, hold = Reader.open, threading.Event()

    def slowly(*args: Any, **fields: Any) -> Reader:
        hold.wait(30)
        return load(*args, **fields)

    monkeypatch.setattr(Reader, "open", slowly)
    with serving(fresh, ready=False) as served:
        health = served.http.get("/health")
        assert (health.status_code, health.json()) == (503, {"status": "loading"})
        refused = served.http.post(
            "/v1/chat/completions", json={"messages": [{"role": "user", "content": "x?"}]}
        )
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "loading")
        assert refused.headers["Retry-After"]
        hold.set()
        wait_until(lambda: served.http.get("/health").status_code == 200)


def test_a_stream_under_way_ends_cleanly(
    fresh: ServerSettings, models: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dragon.server.run.FINISH_SECONDS", 2.0)
    body = {"model": "dragon:raw", "messages": [{"role": "user", "content": "x"}], "n": 16}
    with serving(replace(fresh, generator=models.writer)) as served:
        address = "/v1/chat/completions"
        with served.http.stream("POST", address, json=body | {"stream": True}) as response:
            lines = response.iter_lines()
            next(lines)
            served.stop()
            last = [line for line in lines if line][-1].removeprefix("data: ")
    # Either it came to its end in time, or it says why not.
    assert last == "[DONE]" or json.loads(last)["error"]["code"] == "stopping"
