"""Another server writes and ours proves: a scripted endpoint, and our own raw model."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

from dragon.errors import ConfigError
from dragon.server import remote
from dragon.server.settings import ServerSettings
from dragon.server.state import State
from tests.http.running import Served, ask, serving, wait_until

QUESTION = "How many days may visitors stay?"
QUOTE = "Visitors may stay 30 days."
Script = Callable[["Endpoint", dict[str, Any]], None]


class Endpoint(BaseHTTPRequestHandler):
    """Answers as the test says; what was asked is kept."""

    script: Script
    asked: list[dict[str, Any]]
    keys: list[str]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        self.keys.append(self.headers.get("Authorization", ""))
        type(self).script(self, body)

    def refuse(self, status: int, error: dict[str, Any], **headers: str) -> None:
        text = json.dumps({"error": error}).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)

    def begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()

    def event(self, values: object) -> None:
        self.wfile.write(f"data: {json.dumps(values)}\n\n".encode())
        self.wfile.flush()

    def write(self, *pieces: str) -> None:
        self.begin()
        for piece in pieces:
            self.event({"choices": [{"index": 0, "delta": {"content": piece}}]})
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.event({"choices": [], "usage": {"prompt_tokens": 80, "completion_tokens": 9}})
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def endpoint(script: Script) -> Iterator[tuple[str, type[Endpoint]]]:
    kind = type("Scripted", (Endpoint,), {"script": script, "asked": [], "keys": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", kind
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def scripted(
    tmp_path_factory: pytest.TempPathFactory, settings: ServerSettings
) -> Iterator[tuple[Served, type[Endpoint]]]:
    """A server whose generator does what a test puts into `script`."""
    with endpoint(lambda endpoint, body: endpoint.write("nothing")) as (url, kind):
        folder = tmp_path_factory.mktemp("scripted")
        given = replace(
            settings,
            generator=None,
            generator_url=url,
            generator_model="other",
            state=folder / "state",
            cached_answers=2,
        )
        with serving(given) as served:
            yield served, kind


def reply(served: Served, question: str = QUESTION, **fields: Any) -> Any:
    return ask(served, question, **fields)["choices"][0]["message"]  # type: ignore[index]


def test_what_it_writes_is_shown_as_far_as_quotes_prove_it(
    scripted: tuple[Served, type[Endpoint]],
) -> None:
    served, other = scripted
    other.script = lambda endpoint, body: endpoint.write(
        "As ever. ", 'The rule is "Visitors may', ' stay 30 days." [7]', ", and not ", '"45 years".'
    )
    other.asked.clear()
    message = reply(served)
    assert message["content"] == f'As ever. The rule is "{QUOTE}" [1], and not 45 years.'
    dragon = message["dragon"]
    assert not dragon["abstained"]
    assert dragon["unproven"] == 1
    assert dragon["model"].startswith("other at 127.0.0.1:")
    (citation,) = dragon["citations"]
    assert (citation["document"], citation["quote"]) == ("visits.md", QUOTE)
    assert citation["score"] is None
    (note,) = message["annotations"]
    place = note["url_citation"]
    assert message["content"][place["start_index"] : place["end_index"]] == "[1]"
    source = served.http.get(
        "/api/source",
        params={k: citation[k] for k in ("document", "start", "end")},
    ).json()
    assert source["quote"] == QUOTE
    # The other server got the passages and the question, and the same again costs it nothing.
    (sent,) = other.asked
    assert sent["model"] == "other"
    assert QUOTE in sent["messages"][1]["content"]
    assert sent["messages"][1]["content"].endswith(f"Question: {QUESTION}")
    again = reply(served)
    assert again["dragon"].pop("cached")
    assert not dragon.pop("cached")
    assert again == message
    assert len(other.asked) == 1


def test_a_stream_shows_a_quote_as_soon_as_it_is_proven(
    scripted: tuple[Served, type[Endpoint]],
) -> None:
    served, other = scripted
    go_on = threading.Event()

    def script(endpoint: Endpoint, body: dict[str, Any]) -> None:
        endpoint.begin()
        for piece in (f'It is: "{QUOTE}"', " That is all."):
            endpoint.event({"choices": [{"delta": {"content": piece}}]})
            go_on.wait(20)
        endpoint.event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        endpoint.wfile.write(b"data: [DONE]\n\n")

    other.script = script
    body = {"model": "dragon", "stream": True, "messages": [{"role": "user", "content": "Stay?"}]}
    with served.http.stream("POST", "/v1/chat/completions", json=body) as response:
        text = ""
        for line in response.iter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line[6:])["choices"]
                text += "".join(c["delta"].get("content") or "" for c in choices)
            if QUOTE in text:
                go_on.set()
    assert text == f'It is: "{QUOTE}" [1] That is all.'
    assert go_on.is_set()


@pytest.mark.parametrize(
    "written",
    ["They may stay 31 days.", 'It says "Visitors may stay 31 days."', "", "The documents do not"],
)
def test_without_a_proven_quote_it_abstains(
    scripted: tuple[Served, type[Endpoint]], written: str
) -> None:
    served, other = scripted
    other.script = lambda endpoint, body: endpoint.write(written)
    message = reply(served, f"May visitors stay? {written[:9]}{len(written)}")
    assert message["content"] == "The documents do not say."
    assert message["dragon"]["abstained"]
    assert message["dragon"]["citations"] == []
    assert message["dragon"]["passages"]


def _late(endpoint: Endpoint, body: dict[str, Any]) -> None:
    endpoint.begin()
    time.sleep(1.5)


def _cut(endpoint: Endpoint, body: dict[str, Any]) -> None:
    endpoint.begin()
    endpoint.event({"choices": [{"delta": {"content": "It"}}]})


def _strange(endpoint: Endpoint, body: dict[str, Any]) -> None:
    endpoint.begin()
    endpoint.wfile.write(b"data: [1, 2]\n\n")


@pytest.mark.parametrize(
    ("script", "status", "part"),
    [
        (lambda e, b: e.refuse(401, {"message": "no"}), 502, "DRAGON_GENERATOR_KEY"),
        (lambda e, b: e.refuse(404, {"message": "no model other"}), 502, "no model other"),
        (lambda e, b: e.refuse(429, {}, Retry_After="7"), 503, "busy"),
        (lambda e, b: e.refuse(500, {}), 502, "HTTP 500"),
        (lambda e, b: e.connection.close(), 502, "cannot be reached"),
        (_cut, 502, "broke off"),
        (_strange, 502, "not those of"),
        (_late, 504, "in time"),
    ],
)
def test_what_goes_wrong_there_is_told_in_our_words(
    scripted: tuple[Served, type[Endpoint]],
    monkeypatch: pytest.MonkeyPatch,
    script: Script,
    status: int,
    part: str,
) -> None:
    served, other = scripted
    other.script = script
    assert served.state.remote
    patience = 0.5 if script is _late else 30  # a busy machine is slow to answer
    monkeypatch.setattr(served.state.remote._client, "timeout", httpx2.Timeout(patience))
    body = {"messages": [{"role": "user", "content": QUESTION + part}], "model": "dragon"}
    for stream in (False, True):
        response = served.http.post("/v1/chat/completions", json=body | {"stream": stream})
        error = response.json()["error"]
        assert (response.status_code, part in error["message"]) == (status, True), error
        assert error["type"] == "server_error"
        assert error["code"].startswith("generator_")
    if status == 503:
        assert response.headers["Retry-After"] == "7"


def test_fewer_passages_are_sent_where_all_do_not_fit(
    scripted: tuple[Served, type[Endpoint]],
) -> None:
    served, other = scripted

    def script(endpoint: Endpoint, body: dict[str, Any]) -> None:
        if "Passage 2" in body["messages"][1]["content"]:
            error = {"message": "too long", "code": "context_length_exceeded"}
            endpoint.refuse(400, error)
        else:
            endpoint.write(f'"{QUOTE}"')

    other.script = script
    message = reply(served, "Visitors may stay, have days, seats, noon?")
    assert message["content"] == f'"{QUOTE}" [1]'
    assert len(message["dragon"]["passages"]) == 1


def test_a_client_that_leaves_ends_it_there_as_well(
    scripted: tuple[Served, type[Endpoint]],
) -> None:
    served, other = scripted
    left = threading.Event()

    def script(endpoint: Endpoint, body: dict[str, Any]) -> None:
        endpoint.begin()
        try:
            for _ in range(2000):
                endpoint.event({"choices": [{"delta": {"content": f'"{QUOTE}" '}}]})
                time.sleep(0.01)
        except OSError:
            left.set()

    other.script = script
    body = {"model": "dragon", "stream": True, "messages": [{"role": "user", "content": "Days?"}]}
    with served.http.stream("POST", "/v1/chat/completions", json=body) as response:
        next(response.iter_lines())
    assert left.wait(20)


def test_our_own_server_may_be_the_other_one(
    served: Served, fresh: ServerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The raw model babbles, so what it writes proves nothing: an abstention, and no error.
    monkeypatch.setattr(remote, "MOST_TOKENS", 12)
    given = replace(fresh, generator_url=f"{served.url}/v1/", generator_model="dragon:raw", top_k=1)
    with serving(given) as second:
        message = reply(second)
        assert message["dragon"]["abstained"]
        assert message["dragon"]["model"].startswith("dragon:raw at ")
        named = second.http.get("/v1/models/dragon").json()
        assert named["dragon"]["reader"].startswith("dragon:raw at ")
    wait_until(lambda: served.state.writer("dragon:raw").is_idle)


def test_the_key_comes_from_the_environment_and_goes_nowhere_else(
    fresh: ServerSettings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(remote.KEY_VARIABLE, "sk-secret")
    with endpoint(lambda e, b: e.refuse(401, {"message": "bad"})) as (url, other):
        given = replace(fresh, generator_url=url, generator_model="m")
        with serving(given) as served:
            body = {"messages": [{"role": "user", "content": QUESTION}]}
            response = served.http.post("/v1/chat/completions", json=body)
            assert "sk-secret" not in response.text + served.http.get("/v1/models").text
    assert other.keys == ["Bearer sk-secret"]
    assert "sk-secret" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("url", "model", "part"),
    [("ftp://x/v1", "m", "Write it as"), ("http://", "m", "Write it as"), ("http://x", "", "Add:")],
)
def test_an_address_that_is_none_ends_the_start(
    fresh: ServerSettings, url: str, model: str, part: str
) -> None:
    with pytest.raises(ConfigError, match=part):
        State.open(replace(fresh, generator_url=url, generator_model=model))
