"""Files, file batches and vector stores, with the official client."""

import io
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.http.running import Served, wait_until


def test_file_batches(client: OpenAI) -> None:
    named = {f"room-{n}.md": f"# Room {n}\n\nRoom {n} has {n}0 chairs.\n" for n in (3, 4)}
    files = [
        client.files.create(file=(name, io.BytesIO(text.encode())), purpose="assistants").id
        for name, text in named.items()
    ]
    batches = client.vector_stores.file_batches
    store = client.vector_stores.create(name="Rooms")
    with pytest.raises(openai.NotFoundError, match="file-nope"):
        batches.create(store.id, file_ids=[*files, "file-nope"])
    assert not list(client.vector_stores.files.list(store.id))
    batch = batches.create(store.id, file_ids=files)
    assert batch.file_counts.total == 2
    wait_until(lambda: batches.retrieve(batch.id, vector_store_id=store.id).status == "completed")
    done = batches.retrieve(batch.id, vector_store_id=store.id)
    assert done.file_counts.completed == 2
    listed = batches.list_files(batch.id, vector_store_id=store.id, filter="completed")
    assert [one.id for one in listed] == files[::-1]
    with pytest.raises(openai.ConflictError, match="is over"):
        batches.cancel(batch.id, vector_store_id=store.id)
    client.vector_stores.files.delete(files[0], vector_store_id=store.id)
    counts = batches.retrieve(batch.id, vector_store_id=store.id).file_counts
    assert (counts.completed, counts.cancelled, counts.total) == (1, 1, 2)
    with pytest.raises(openai.NotFoundError):
        batches.retrieve("vsfb_nope", vector_store_id=store.id)
    with pytest.raises(openai.ConflictError):
        batches.create("default", file_ids=files)
    client.vector_stores.delete(store.id)
    for file in files:
        client.files.delete(file)


def test_files_and_vector_stores(client: OpenAI, served: Served) -> None:
    text = b"# Parking\n\nThe garage holds 88 cars.\n"
    file = client.files.create(file=("parking.md", io.BytesIO(text)), purpose="assistants")
    assert client.files.content(file.id).read() == text
    store = client.vector_stores.create(name="Garage", file_ids=[file.id])
    wait_until(lambda: client.vector_stores.retrieve(store.id).status == "completed")
    assert client.vector_stores.files.retrieve(file.id, vector_store_id=store.id).status == (
        "completed"
    )
    listed = client.vector_stores.files.list(store.id, filter="completed", order="asc")
    assert [one.id for one in listed] == [file.id]
    assert not list(client.vector_stores.files.list(store.id, filter="failed"))
    assert file.id in {one.id for one in client.files.list(purpose="assistants", order="asc")}
    assert not list(client.files.list(purpose="user_data"))
    (hit,) = client.vector_stores.search(store.id, query="How many cars?")
    assert (hit.file_id, hit.filename) == (file.id, "parking.md")
    assert "88 cars" in hit.content[0].text
    reply = client.responses.create(
        model="dragon",
        input="How many cars are in the garage?",
        tools=[{"type": "file_search", "vector_store_ids": [store.id]}],
    )
    assert "88" in reply.output_text
    assert reply.output[0].content[0].annotations[0].file_id == file.id  # type: ignore[union-attr]
    asked: Any = [{"role": "user", "content": "How many cars are in the garage?"}]
    chat = client.chat.completions.create(model=f"dragon:{store.id}", messages=asked)
    assert "88" in (chat.choices[0].message.content or "")
    client.files.delete(file.id)
    assert list(client.vector_stores.search(store.id, query="How many cars?")) == []
    with pytest.raises(openai.BadRequestError, match="holds no documents"):
        client.chat.completions.create(model=f"dragon:{store.id}", messages=asked)
    client.vector_stores.delete(store.id)
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.retrieve(store.id)
    assert not (served.state.settings.state / "libraries" / store.id).exists()
