"""Who asks, and whether they may.

In: a request's headers and address. Out: a key, or the error that refuses it before its body is
read.
"""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from dragon.server.errors import ApiError
from dragon.server.keys import ANYONE, Key
from dragon.server.settings import ServerSettings, is_loopback
from dragon.server.state import State

OPEN = ("/", "/web", "/health", "/ready", "/api/config")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_open(path: str) -> bool:
    """Whether a path is for anybody: the page itself and the signs of life."""
    return path in OPEN or path.startswith("/web/")


def identify(state: State, headers: Headers, address: str, path: str) -> Key:
    """The key of a request, counted against its limits.

    Raises:
        ApiError: 401 without a valid key where one is needed, 429 for too many requests or guesses.
    """
    sent = _sent(headers)
    key = ANYONE if not state.keys.are_set else None
    if key is None and sent:
        state.limits.check_guesses(address)
        key = state.keys.find(sent)
        if key is None:
            state.limits.count_guess(address)
    if key is None and not is_open(path):
        raise ApiError(
            401,
            "The API key is wrong." if sent else "An API key is needed: Authorization: Bearer KEY.",
            "invalid_api_key",
        )
    key = key or Key("", "nobody", (), 0, "")
    if not is_open(path):
        state.limits.check(counted_as(key, address))
    return key


def counted_as(key: Key, address: str) -> str:
    """Under which name requests are counted: the key's, or the address's without one."""
    return key.id or address


def _sent(headers: Headers) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def check_site(settings: ServerSettings, protected: bool, headers: Headers, method: str) -> None:
    """Refuse other web sites: pages of theirs that call us, and names of theirs that lead to us.

    Without keys the browser's user is all that protects the documents, so the host's name must be
    one of ours (a site may point its own name at 127.0.0.1).

    Raises:
        ApiError: 403 or 421.
    """
    host = _name(f"//{headers.get('host', '')}")
    names = {*_LOCAL_NAMES, settings.host.strip("[]"), *settings.hosts}
    if not protected and settings.is_local and host not in names:
        raise ApiError(
            421, f"This server is not {host[:80]!r}. Name it with --allow-host.", "wrong_host"
        )
    origin = headers.get("origin")
    if origin is None or method in _SAFE or origin in settings.cors:
        return
    if _authority(origin) != headers.get("host", "").lower():
        raise ApiError(403, "Pages of other sites may not do this. See --cors.", "wrong_origin")


def _name(url: str) -> str:
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return "?"
    return "127.0.0.1" if is_loopback(name) else name


def _authority(origin: str) -> str:
    return origin.lower().partition("://")[2]


def state_of(connection: HTTPConnection) -> State:
    """The state of the server that got a request."""
    state: Any = connection.app.state.dragon
    assert isinstance(state, State)
    return state


def check_scope(key: Key, scope: str) -> None:
    """Raise the ApiError 403 for a key that lacks a scope."""
    if scope not in key.scopes:
        raise ApiError(
            403, f"This key may not do that: it lacks the scope {scope!r}.", "insufficient_scope"
        )


def needs(scope: str) -> Callable[[HTTPConnection], Key]:
    """A dependency: the request's key, which must have a scope."""

    def check(connection: HTTPConnection) -> Key:
        key: Key = connection.scope["dragon.key"]
        check_scope(key, scope)
        return key

    return check


Running = Annotated[State, Depends(state_of)]
Asker = Annotated[Key, Depends(needs("ask"))]
Writer = Annotated[Key, Depends(needs("documents"))]
Teacher = Annotated[Key, Depends(needs("train"))]
