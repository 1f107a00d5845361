"""Conversations that the server keeps for its page."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.http.running import Served, wait_until

STAY = "How many days may visitors stay?"


def say(served: Served, conversation: str, content: str, **fields: Any) -> list[dict[str, Any]]:
    """Ask, and return the chunks of the reply."""
    address = f"/api/conversations/{conversation}/messages"
    response = served.http.post(address, json={"content": content} | fields)
    assert response.status_code == 200, response.text
    return list(chunks(response.text))


def chunks(text: str) -> Iterator[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    yield from map(json.loads, lines[:-1])


@pytest.fixture
def talk(served: Served) -> Iterator[str]:
    name = served.http.post("/api/conversations", json={}).json()["id"]
    yield name
    served.http.delete(f"/api/conversations/{name}")


def messages(served: Served, talk: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.http.get(f"/api/conversations/{talk}").json()["messages"]
    return found


def test_question_and_answer_are_kept(served: Served, talk: str) -> None:
    first, *rest = say(served, talk, STAY)
    assert first["choices"][0]["delta"]["role"] == "assistant"
    assert first["dragon"]["conversation"]["title"] == STAY
    cited = [c["dragon"]["citations"] for c in rest if "citations" in c.get("dragon", {})]
    assert cited[0][0]["quote"] == "30"
    asked, answered = messages(served, talk)
    assert asked == first["dragon"]["user_message"]
    assert answered["id"] == first["dragon"]["message_id"]
    assert answered["content"] == "Visitors may stay 30 days. [1]"
    assert answered["dragon"]["citations"] == cited[0]
    assert not answered["stopped"]


def test_a_follow_up_needs_no_history_from_the_page(served: Served, talk: str) -> None:
    say(served, talk, STAY)
    *_, end, _usage = say(served, talk, "And their dogs?")
    assert "visitors" in end["dragon"]["asked"]


def test_a_question_can_be_replaced(served: Served, talk: str) -> None:
    first = say(served, talk, STAY)[0]["dragon"]["user_message"]["id"]
    say(served, talk, "And their dogs?")
    say(served, talk, "How many seats has the canteen?", replace=first)
    asked, answered = messages(served, talk)
    assert asked["content"] == "How many seats has the canteen?"
    assert "45" in answered["content"]
    address = f"/api/conversations/{talk}/messages"
    gone = served.http.post(address, json={"content": "x y z", "replace": first})
    assert gone.status_code == 404
    assert len(messages(served, talk)) == 2


@pytest.mark.parametrize("content", ["", "  \n", "x" * 2001])
def test_what_is_refused_is_not_kept(served: Served, talk: str, content: str) -> None:
    address = f"/api/conversations/{talk}/messages"
    assert served.http.post(address, json={"content": content}).status_code == 400
    assert messages(served, talk) == []


def test_search_rename_export_delete(served: Served, talk: str) -> None:
    say(served, talk, STAY)
    served.http.patch(f"/api/conversations/{talk}", json={"title": "100% dogs_"})
    for words in ("100% dogs_", "30 DAYS"):
        found = served.http.get("/api/conversations", params={"q": words}).json()
        assert [one["id"] for one in found["conversations"]] == [talk]
    assert "30 days" in found["conversations"][0]["snippet"]
    nothing = served.http.get("/api/conversations", params={"q": "100_ dogs"}).json()
    assert nothing == {"conversations": [], "total": 0}
    export = served.http.get(f"/api/conversations/{talk}/export")
    assert export.headers["Content-Disposition"].startswith("attachment")
    assert "Visitors may stay 30 days. [1]" in export.text
    assert "visits.md [" in export.text
    exported = served.http.get(f"/api/conversations/{talk}/export?format=json").json()
    assert exported["count"] == 2
    assert served.http.delete(f"/api/conversations/{talk}").status_code == 200
    assert served.http.get(f"/api/conversations/{talk}").status_code == 404


def test_feedback(served: Served, talk: str) -> None:
    message = say(served, talk, STAY)[0]["dragon"]["message_id"]
    address = f"/api/messages/{message}/feedback"
    given = {"rating": "up", "comment": "right"}
    assert served.http.put(address, json=given).json()["feedback"] == given
    assert messages(served, talk)[1]["feedback"] == given
    assert served.http.put(address, json={"rating": None}).json()["feedback"] is None
    assert served.http.put(address, json={"rating": "great"}).status_code == 400
    assert served.http.put("/api/messages/msg_x/feedback", json=given).status_code == 404


def test_what_was_said_is_kept_when_the_client_leaves(served: Served, talk: str) -> None:
    body = {"content": "Write.", "model": "dragon:raw"}
    address = f"/api/conversations/{talk}/messages"
    with served.http.stream("POST", address, json=body) as response:
        for line in response.iter_lines():
            if line.startswith("data: ") and json.loads(line[6:])["choices"][0]["delta"].get(
                "content"
            ):
                break
    wait_until(lambda: len(messages(served, talk)) == 2)
    reply = messages(served, talk)[1]
    assert reply["content"]
    wait_until(lambda: served.state.writer("dragon:raw").serving.stats().running == 0)


def test_the_source_of_a_quote(served: Served, talk: str) -> None:
    (citation,) = say(served, talk, STAY)[-2]["dragon"]["citations"]
    place = {"document": citation["document"], "start": citation["start"], "end": citation["end"]}
    source = served.http.get("/api/source", params=place | {"around": 12}).json()
    assert source["quote"] == citation["quote"] == "30"
    text = source["before"] + source["quote"] + source["after"]
    assert text in "# Visits\n\nVisitors may stay 30 days. Their dogs may stay 7 days.\n"
    assert served.http.get("/api/source", params=place | {"end": 9999}).status_code == 400
    headings = served.http.get("/api/headings").json()["headings"]
    assert {"Canteen", "Leave > Annual leave"} <= {one["heading"] for one in headings}
