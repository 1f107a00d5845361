"""/v1/embeddings: the official client, both encodings, three kinds of models, and refusals."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import openai
import pytest
from openai import OpenAI

from dragon.server.settings import ServerSettings
from dragon.text.vectors import WordVectors
from tests.http.conftest import Models
from tests.http.running import Served, serving

WIDTH = 4


@pytest.fixture(scope="module")
def embedding(tmp_path_factory: pytest.TempPathFactory, models: Models) -> Iterator[Served]:
    """A server whose reader has word vectors and whose embedder reads in both directions."""
    folder = tmp_path_factory.mktemp("embedding")
    reader = Path(copytree(models.reader, folder / "numbers"))
    encoder = Path(copytree(models.writer, folder / "encoder"))
    config = (encoder / "config.json").read_text()
    (encoder / "config.json").write_text(config.replace('"causal"', '"bidirectional"'))
    stems = ("visitor", "guest", "canteen")
    rows = np.array([[1, 0, 0, 0], [0.9, 0.4, 0, 0], [0, 0, 1, 0]], np.float32)
    WordVectors.of_floats(stems, rows).save(reader)
    settings = ServerSettings(
        index=_index(folder),
        model=str(reader),
        generator=models.writer,
        embedder=encoder,
        state=folder / "state",
    )
    with serving(settings) as found:
        yield found


def _index(folder: Path) -> Path:
    from dragon.retrieval import Index

    with Index.open(folder / "index.db", create=True):
        return folder / "index.db"


@pytest.fixture(scope="module")
def embedder(embedding: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{embedding.url}/v1", api_key="none", max_retries=0) as found:
        yield found


def vectors(client: OpenAI, texts: list[str], **fields: Any) -> np.ndarray[Any, Any]:
    reply = client.embeddings.create(input=texts, **({"model": "dragon"} | fields))
    assert [one.index for one in reply.data] == list(range(len(texts)))
    return np.array([one.embedding for one in reply.data])


def test_texts_of_like_meaning_are_near(embedder: OpenAI) -> None:
    texts = ["Visitors!", "the guest of a visitor", "Our canteen", "visitors"]
    found = vectors(embedder, texts)
    assert found.shape == (4, WIDTH)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-6)
    assert found[0] == pytest.approx(found[3])
    assert found[0] @ found[1] > 0.8 > 0.1 > found[0] @ found[2]


@pytest.mark.parametrize("model", ["dragon", "dragon:raw", "dragon:embedder", "dragon:default"])
def test_numbers_and_base64_are_the_same(embedder: OpenAI, model: str) -> None:
    # The client asks for base64 unless it is told otherwise.
    packed = vectors(embedder, ["Visitors may stay.", "The canteen."], model=model)
    plain = vectors(
        embedder, ["Visitors may stay.", "The canteen."], model=model, encoding_format="float"
    )
    assert np.array_equal(packed.astype(np.float32), plain.astype(np.float32))
    assert not np.allclose(packed[0], packed[1])


def test_a_batch_gives_what_each_text_gives_alone(embedder: OpenAI) -> None:
    texts = [f"Visitors may stay {days} days." for days in range(20)]
    for model in ("dragon", "dragon:raw"):
        together = vectors(embedder, texts, model=model)
        alone = np.concatenate([vectors(embedder, [text], model=model) for text in texts[:3]])
        assert together[:3] == pytest.approx(alone, abs=1e-5)


def test_the_mean_is_over_all_tokens_of_the_model(embedding: Served, embedder: OpenAI) -> None:
    writer = embedding.state.writer("dragon:raw")
    ids = np.array(writer.tokenizer.encode("Visitors may stay."), np.int32)
    found = vectors(embedder, ["Visitors may stay."], model="dragon:raw")[0]
    states = writer.embedder._engine.states(ids).astype(np.float64).mean(0)
    assert found == pytest.approx(states / np.linalg.norm(states), abs=1e-5)


def test_tokens_are_counted(embedding: Served, embedder: OpenAI) -> None:
    texts = ["Visitors may stay.", "The canteen has 45 seats."]
    count = embedding.state.answers.reader.count
    usage = embedder.embeddings.create(model="dragon", input=texts).usage
    assert usage.prompt_tokens == usage.total_tokens == sum(map(count, texts))


@pytest.mark.parametrize(
    ("fields", "param", "part"),
    [
        ({"dimensions": 3}, "dimensions", "have 4 numbers"),
        ({"input": [1, 2, 3]}, "input", "another tokenizer"),
        ({"input": [[1, 2], [3]]}, "input", "another tokenizer"),
        ({"input": ""}, "input", "empty"),
        ({"input": ["x", " "]}, "input", "empty"),
        ({"input": []}, "input", "at least"),
        ({"input": "word " * 600, "model": "dragon:raw"}, "input", "the model reads"),
    ],
)
def test_what_cannot_be_embedded_is_refused_by_name(
    embedder: OpenAI, fields: dict[str, Any], param: str, part: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=part) as caught:
        embedder.embeddings.create(**({"model": "dragon", "input": "x"} | fields))
    assert (caught.value.param or "").startswith(param)


def test_the_width_may_be_named(embedder: OpenAI) -> None:
    assert vectors(embedder, ["x"], dimensions=WIDTH).shape == (1, WIDTH)


def test_models_that_are_not_there(served: Served, embedder: OpenAI, client: OpenAI) -> None:
    for name in ("nope", "dragon:nope", "ft:nope"):
        with pytest.raises(openai.NotFoundError):
            embedder.embeddings.create(model=name, input="x")
    # The other server's reader has no word vectors, and it was given no embedder.
    with pytest.raises(openai.BadRequestError, match="no word vectors"):
        client.embeddings.create(model="dragon", input="x")
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="dragon:embedder", input="x")


def test_the_embedder_is_listed_with_its_card(embedding: Served) -> None:
    names = [one["id"] for one in embedding.http.get("/v1/models").json()["data"]]
    assert names == ["dragon", "dragon:raw", "dragon:embedder"]
    assert embedding.http.get("/v1/models/dragon:embedder").json()["dragon"]["kind"] == "embedder"


def test_an_embedder_that_is_not_there_ends_the_start(fresh: ServerSettings) -> None:
    from dragon.errors import CheckpointError
    from dragon.server.state import State

    with pytest.raises(CheckpointError, match="No model folder"):
        State.open(replace(fresh, embedder=Path("nowhere")))
