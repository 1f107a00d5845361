"""The HTTP service: an OpenAI-compatible API and a web chat over your documents.

In: `ServerSettings`. Out: an ASGI application. FastAPI loads when the application is made.
"""

from dragon.server.settings import ServerSettings

__all__ = ["ServerSettings"]
