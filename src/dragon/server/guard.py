"""The outermost layer: every request passes it before anything of it is parsed.

In: ASGI. Out: the application's answer with security headers, a request id, a line in the log and
counted; or a refusal: wrong site, no key, too much, too slow.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragon.server.access import check_site, identify, needs
from dragon.server.database import new_id
from dragon.server.errors import ApiError, as_api_error
from dragon.server.logs import log
from dragon.server.state import State

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MOST_HEADERS = 32 * 1024  # bytes
BODY_SILENCE = 20.0  # seconds that a client may pause within its request
_PROBES = ("/health", "/ready", "/metrics")
DRAIN_BYTES, DRAIN_SECONDS = 256 * 1024, 1.0
_UPLOADS = ("/api/documents", "/v1/files")
_ROOM = 1_000_000  # what multipart adds to an upload


class Guard:
    """Wraps the application of one server."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app, self._state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await _Exchange(self._state, scope, receive, send).run(self._app)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            # A WebSocket is never safe: browsers let every page open one.
            _admit(self._state, scope, "POST")
            needs("ask")(HTTPConnection(scope))
        except ApiError as error:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": error.message[:120]})
            return
        await self._app(scope, receive, send)


def _admit(state: State, scope: Scope, method: str) -> None:
    headers = Headers(scope=scope)
    if sum(len(name) + len(value) for name, value in headers.raw) > MOST_HEADERS:
        raise ApiError(
            431, f"The headers are larger than {MOST_HEADERS:,} bytes.", "headers_too_large"
        )
    scope["dragon.request_id"] = new_id("req")
    check_site(state.settings, state.keys.are_set, headers, method)
    address = scope["client"][0] if scope.get("client") else ""
    scope["dragon.key"] = identify(state, headers, address, scope["path"])


class _Exchange:
    """One request and its answer."""

    def __init__(self, state: State, scope: Scope, receive: Receive, send: Send) -> None:
        self._state, self._scope = state, scope
        self._receive, self._send = receive, send
        self._began = time.perf_counter()
        self._status = 0
        self._size = 0
        self._complete = False
        self._limit = _limit(state, scope["path"])
        self._refusal: ApiError | None = None

    async def run(self, app: ASGIApp) -> None:
        """Let the application answer; whatever it raises becomes an error of the API's shape."""
        try:
            _admit(self._state, self._scope, self._scope["method"])
            self._check_length()
            await app(self._scope, self.receive, self.send)
        except Exception as error:
            request_id = self._scope.get("dragon.request_id", "")
            api_error = as_api_error(self._refusal or error, request_id)
            self._refusal = None
            if not self._status:
                await self._drain()
                await api_error.response()(self._scope, self._receive, self.send)
        finally:
            self._record()

    async def receive(self) -> Message:
        """The next part of the body, within its limits of size and time."""
        if self._complete:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), BODY_SILENCE)
        except TimeoutError:
            self._refusal = ApiError(408, "The request came too slowly.", "request_timeout")
            raise self._refusal from None
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            self._refusal = self._too_large()
            raise self._refusal
        self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer; its head gets our headers."""
        if message["type"] == "http.response.start":
            if self._refusal is not None:
                # FastAPI takes what its reading raised for a malformed body.
                raise self._refusal
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            headers["X-Request-Id"] = self._scope.get("dragon.request_id", "")
            if not self._complete and self._status >= 400:
                # What is left of a refused body is not worth reading.
                headers["Connection"] = "close"
        await self._send(message)

    async def _drain(self) -> None:
        """Read the rest of a small refused body: closing on unread bytes may lose our answer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                size = 0
                while not self._complete and size < DRAIN_BYTES:
                    message = await self._receive()
                    size += len(message.get("body", b""))
                    self._complete = not message.get("more_body", False)

    def _check_length(self) -> None:
        length = Headers(scope=self._scope).get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length[:20]) > self._limit:
            raise self._too_large()

    def _too_large(self) -> ApiError:
        return ApiError(
            413,
            f"The request is larger than {self._limit:,} bytes. Send less.",
            "request_too_large",
        )

    def _record(self) -> None:
        route: Any = self._scope.get("route")
        name = getattr(route, "path", "") or "other"
        seconds = time.perf_counter() - self._began
        method, status = self._scope["method"], self._status or 499
        metrics = self._state.metrics
        known = method if method in ("GET", "POST", "PUT", "PATCH", "DELETE") else "other"
        metrics.requests.labels(known, name, str(status)).inc()
        metrics.seconds.labels(name).observe(seconds)
        # Probes ask every few seconds; they count and are not worth a line.
        write = log.debug if name in _PROBES else log.info
        write(
            "request",
            request=self._scope.get("dragon.request_id", ""),
            method=known,
            route=name,
            status=status,
            ms=round(1000 * seconds, 1),
            key=getattr(self._scope.get("dragon.key"), "id", ""),
        )


def _limit(state: State, path: str) -> int:
    if path.startswith(_UPLOADS):
        return state.settings.max_upload + _ROOM
    return state.settings.max_body
