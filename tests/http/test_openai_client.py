"""The official client of OpenAI, end to end."""

import json
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.http.running import Served

QUESTION: Any = [{"role": "user", "content": "How many days may visitors stay?"}]


def test_an_answer_cites_its_document(client: OpenAI) -> None:
    reply = client.chat.completions.create(model="dragon", messages=QUESTION)
    (choice,) = reply.choices
    text = choice.message.content or ""
    assert text == "Visitors may stay 30 days. [1]"
    assert choice.finish_reason == "stop"
    (note,) = choice.message.annotations or []
    cited = note.url_citation
    assert text[cited.start_index : cited.end_index] == "[1]"
    dragon = choice.message.model_extra["dragon"]  # type: ignore[index]
    (citation,) = dragon["citations"]
    assert (citation["document"], citation["quote"]) == ("visits.md", "30")
    assert not dragon["abstained"]
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


def test_a_stream_comes_in_the_documented_order(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="dragon", messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "Visitors may stay 30 days. [1]"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_follow_up_keeps_its_context(client: OpenAI) -> None:
    reply = client.chat.completions.create(
        model="dragon",
        messages=[
            *QUESTION,
            {"role": "assistant", "content": "Visitors may stay 30 days. [1]"},
            {"role": "user", "content": "And their dogs?"},
        ],
    )
    dragon = reply.choices[0].message.model_extra["dragon"]  # type: ignore[index]
    assert "visitors" in dragon["asked"]
    assert dragon["asked"].startswith("their dogs?")


def test_it_says_that_it_does_not_know(client: OpenAI) -> None:
    reply = client.chat.completions.create(
        model="dragon", messages=[{"role": "user", "content": "Who wrote Hamlet?"}]
    )
    message = reply.choices[0].message
    assert message.content == "The documents do not say."
    assert message.model_extra["dragon"]["abstained"]  # type: ignore[index]


def test_max_tokens_ends_an_answer(client: OpenAI) -> None:
    reply = client.chat.completions.create(model="dragon", messages=QUESTION, max_tokens=4)
    whole = "Visitors may stay 30 days. [1]"
    text = reply.choices[0].message.content or ""
    assert reply.choices[0].finish_reason == "length"
    assert whole.startswith(text)
    assert 0 < len(text) < len(whole)
    assert reply.usage is not None
    assert 1 <= reply.usage.completion_tokens <= 4
    full = client.chat.completions.create(model="dragon", messages=QUESTION)
    assert full.usage is not None
    assert full.usage.completion_tokens > 4


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"temperature": 0.7}, "temperature"),
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"stop": "x"}, "stop"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"extra_body": {"mystery": 1}}, "mystery"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    client: OpenAI, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="dragon", messages=QUESTION, **fields)
    assert caught.value.param == param
    assert param in caught.value.message


def test_errors_have_all_four_keys(served: Served) -> None:
    for response in (
        served.http.get("/v1/models/nope"),
        served.http.get("/nowhere"),
        served.http.put("/v1/models"),
        served.http.post("/v1/chat/completions", content=b"{", headers={"Content-Type": "a/b"}),
        served.http.post("/v1/chat/completions", json={"messages": "x"}),
        served.http.post("/v1/embeddings", json={"input": "x", "model": "y"}),
    ):
        assert 400 <= response.status_code < 500
        assert response.json()["error"].keys() == {"message", "type", "param", "code"}
        assert response.headers["X-Request-Id"]


def test_models_are_listed(client: OpenAI) -> None:
    assert {model.id for model in client.models.list()} >= {"dragon", "dragon:raw"}
    assert client.models.retrieve("dragon").id == "dragon"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("dragon:nope")


def test_what_is_not_served_is_refused_by_name(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="moderations is not served"):
        client.moderations.create(input="x")
    with pytest.raises(openai.NotFoundError, match="images/generations is not served"):
        client.images.generate(prompt="x")


def test_the_plain_model_writes(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": "dragon:raw", "messages": QUESTION, "max_tokens": 12}
    one = client.chat.completions.create(seed=5, **asked)
    same = client.chat.completions.create(seed=5, **asked)
    assert one.choices[0].message.content == same.choices[0].message.content
    assert one.usage is not None
    assert 1 <= one.usage.completion_tokens <= 12
    stream = client.chat.completions.create(seed=5, stream=True, **asked)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert text == one.choices[0].message.content


def test_choices_and_log_probabilities(client: OpenAI) -> None:
    reply = client.chat.completions.create(
        model="dragon:raw",
        messages=QUESTION,
        max_tokens=4,
        n=3,
        logprobs=True,
        top_logprobs=2,
        temperature=0,
    )
    assert [choice.index for choice in reply.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in reply.choices}) == 1
    logprobs = reply.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content
    for one in logprobs.content:
        assert one.top_logprobs[0].logprob == pytest.approx(one.logprob)
        assert len(one.top_logprobs) == 2


def test_a_stream_has_the_logprobs_of_every_token(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": "dragon:raw", "messages": QUESTION, "max_tokens": 12}
    asked |= {"logprobs": True, "seed": 5}
    logprobs = client.chat.completions.create(**asked).choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content
    chunks = [chunk.choices[0] for chunk in client.chat.completions.create(stream=True, **asked)]
    told = [one for c in chunks if c.logprobs for one in c.logprobs.content or ()]
    # Half a character is a token too, although it shows no text yet.
    assert [one.token for one in told] == [one.token for one in logprobs.content]


def test_json_that_obeys_a_schema(client: OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"seats": {"type": "integer", "enum": [7, 45]}},
        "required": ["seats"],
        "additionalProperties": False,
    }
    reply = client.chat.completions.create(
        model="dragon:raw",
        messages=QUESTION,
        response_format={"type": "json_schema", "json_schema": {"name": "s", "schema": schema}},
    )
    assert json.loads(reply.choices[0].message.content or "")["seats"] in (7, 45)


def test_completions(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": "dragon:raw", "prompt": "Visitors may", "temperature": 0}
    reply = client.completions.create(max_tokens=6, **asked)
    stream = client.completions.create(max_tokens=6, stream=True, **asked)
    assert "".join(chunk.choices[0].text for chunk in stream) == reply.choices[0].text
    assert reply.choices[0].finish_reason in ("length", "stop")
    with pytest.raises(openai.NotFoundError):
        client.completions.create(model="dragon", prompt="x")


def test_tokens_of_completions_stand_at_their_offsets(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": "dragon:raw", "prompt": "Visitors may", "logprobs": 1}
    asked |= {"max_tokens": 40, "n": 2, "seed": 5}
    whole = {choice.index: choice for choice in client.completions.create(**asked).choices}
    streamed: dict[int, list[int]] = {0: [], 1: []}
    for chunk in client.completions.create(stream=True, **asked):
        for part in chunk.choices:
            streamed[part.index] += (part.logprobs and part.logprobs.text_offset) or []
    for number, choice in whole.items():
        assert choice.logprobs is not None
        tokens, offsets = choice.logprobs.tokens, choice.logprobs.text_offset
        assert tokens is not None
        assert offsets is not None
        assert streamed[number] == offsets
        # Parts of characters and the special tokens are no text of their own.
        texts = [
            (t, at) for t, at in zip(tokens, offsets, strict=True) if t.isascii() and t[0] != "<"
        ]
        assert len(texts) > 5
        assert all(choice.text[at : at + len(token)] == token for token, at in texts)


def test_a_prompt_over_the_context_is_refused(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model="dragon:raw", prompt="visitors " * 5000)
    assert caught.value.code == "context_length_exceeded"


def test_responses(client: OpenAI) -> None:
    reply = client.responses.create(model="dragon", input="How many days may visitors stay?")
    assert reply.output_text == "Visitors may stay 30 days. [1]"
    (note,) = reply.output[0].content[0].annotations  # type: ignore[union-attr]
    assert note.type == "file_citation"
    assert reply.output_text[note.index :].startswith("[1]")
    assert client.responses.retrieve(reply.id).output_text == reply.output_text
    again = client.responses.create(
        model="dragon", input="And their dogs?", previous_response_id=reply.id
    )
    assert "visitors" in again.model_extra["dragon"]["asked"]  # type: ignore[index]
    client.responses.delete(reply.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(reply.id)


def test_responses_stream(client: OpenAI) -> None:
    events = list(client.responses.create(model="dragon", input="How many seats?", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events][:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == text == "The canteen has 45 seats. [1]"
