"""POST /v1/embeddings: vectors of texts, as numbers or as base64 of little-endian float32."""

from base64 import b64encode
from contextlib import aclosing
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from pydantic import Field, StrictInt
from starlette.concurrency import run_in_threadpool

from dragon.server.access import Asker, Running
from dragon.server.embeddings import Embedded, Embedder, each
from dragon.server.errors import ApiError, refused
from dragon.server.requests import Body, Text, check_encodable
from dragon.server.state import State
from dragon.server.streams import while_there

router = APIRouter(tags=["embeddings"])
MOST_TEXTS = 2048
_Tokens = Annotated[list[StrictInt], Field(min_length=1, max_length=100_000)]


class EmbeddingRequest(Body):
    """POST /v1/embeddings; token ids are only there to be refused by name."""

    model: Annotated[str, Field(max_length=200)] = "dragon"
    input: (
        Text
        | Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)]
        | _Tokens
        | Annotated[list[_Tokens], Field(min_length=1, max_length=MOST_TEXTS)]
    )
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1)] | None = None
    user: Annotated[str, Field(max_length=512)] | None = None

    def texts(self) -> list[str]:
        """What is to be embedded.

        Raises:
            ApiError: 400 for an empty text, or for token ids.
        """
        values = [self.input] if isinstance(self.input, str) else list(self.input)
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) < len(values):
            raise refused("input", "ids of another tokenizer mean nothing here.", "Send texts.")
        for text in texts:
            if not text.strip():
                raise ApiError(400, "input holds an empty text.", "invalid_value", "input")
            check_encodable(text, "input")
        return texts


@router.post("/v1/embeddings", response_model=None)
async def embeddings(
    body: EmbeddingRequest, request: Request, state: Running, _: Asker
) -> dict[str, Any]:
    """Vectors of length 1, one for each text."""
    texts = body.texts()
    embedder = await run_in_threadpool(state.embedder, body.model)
    if body.dimensions not in (None, embedder.width):
        raise refused("dimensions", f"the vectors of {body.model} have {embedder.width} numbers.")
    found = await while_there(state, request, _all(state, embedder, texts))
    tokens = sum(one.tokens for one in found)
    return {
        "object": "list",
        "model": body.model,
        "data": [
            {"object": "embedding", "index": i, "embedding": _written(one, body.encoding_format)}
            for i, one in enumerate(found)
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


async def _all(state: State, embedder: Embedder, texts: list[str]) -> list[Embedded]:
    async with aclosing(state.worker.stream(lambda: each(embedder, texts))) as vectors:
        return [vector async for vector in vectors]


def _written(one: Embedded, form: str) -> list[float] | str:
    vector = np.ascontiguousarray(one.vector, dtype="<f4")
    return b64encode(vector.tobytes()).decode() if form == "base64" else vector.tolist()
