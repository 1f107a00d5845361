"""The addresses of the server, a file a family."""

from fastapi import APIRouter

from dragon.server.routes import (
    chat,
    conversations,
    documents,
    health,
    libraries,
    models,
    page,
    source,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    models.router,
    chat.router,
    libraries.router,
    documents.router,
    source.router,
    conversations.router,
    page.router,
)
