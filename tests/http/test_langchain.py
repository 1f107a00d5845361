"""LangChain's client, end to end: chat, streams, embeddings."""

import math

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import SecretStr

from tests.http.running import Served

QUESTION = "How many days may visitors stay?"
ANSWER = "Visitors may stay 30 days. [1]"


def chat(served: Served, model: str = "dragon", **fields: object) -> ChatOpenAI:
    return ChatOpenAI(
        base_url=f"{served.url}/v1",
        api_key=SecretStr("none"),
        model=model,
        max_retries=0,
        **fields,  # type: ignore[arg-type]
    )


@pytest.fixture(autouse=True)
def _nothing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "false")


def test_an_answer_from_documents(served: Served) -> None:
    said = chat(served).invoke([SystemMessage("Be brief."), HumanMessage(QUESTION)])
    assert said.content == ANSWER
    assert said.response_metadata["finish_reason"] == "stop"
    assert said.usage_metadata is not None
    assert said.usage_metadata["output_tokens"] > 0


def test_a_follow_up_in_a_conversation(served: Served) -> None:
    first = chat(served).invoke([HumanMessage(QUESTION)])
    said = chat(served).invoke([HumanMessage(QUESTION), first, HumanMessage("And their dogs?")])
    assert said.content == "Their dogs may stay 7 days. [1]"


def test_a_stream(served: Served) -> None:
    chunks = list(chat(served, stream_usage=True).stream(QUESTION))
    whole = sum(chunks[1:], chunks[0])
    assert isinstance(whole, AIMessageChunk)
    assert whole.content == ANSWER
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["total_tokens"] > 0


def test_the_plain_model_writes_with_its_settings(served: Served) -> None:
    writer = chat(served, "dragon:raw", temperature=0.7, seed=3, max_completion_tokens=5)
    said = writer.invoke("Write.")
    assert said.content == writer.invoke("Write.").content
    assert said.usage_metadata is not None
    assert 0 < said.usage_metadata["output_tokens"] <= 5


def test_embeddings(served: Served) -> None:
    embeddings = OpenAIEmbeddings(
        base_url=f"{served.url}/v1",
        api_key=SecretStr("none"),
        model="dragon:raw",
        max_retries=0,
        check_embedding_ctx_length=False,  # it would send another tokenizer's ids
    )
    one, two = embeddings.embed_documents(["visitors stay", "the canteen opens"])
    assert len(one) == len(two)
    assert math.isclose(sum(value * value for value in one), 1, rel_tol=1e-4)
    assert embeddings.embed_query("visitors stay") == pytest.approx(one, abs=1e-6)
