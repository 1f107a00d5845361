"""The addresses of the server, a file a family."""

from fastapi import APIRouter

from dragon.server.routes import (
    chat,
    completions,
    conversations,
    documents,
    embeddings,
    file_batches,
    files,
    fine_tuning,
    health,
    libraries,
    models,
    page,
    refused,
    responses,
    socket,
    source,
    vector_stores,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    models.router,
    chat.router,
    completions.router,
    responses.router,
    embeddings.router,
    socket.router,
    files.router,
    fine_tuning.router,
    vector_stores.router,
    file_batches.router,
    libraries.router,
    documents.router,
    source.router,
    conversations.router,
    page.router,
    refused.router,
)
