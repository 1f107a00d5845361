"""One shape for every error that leaves the server: {"error": {message, type, param, code}}.

In: exceptions. Out: a status and that object. What is our mistake says only that, and which
request it was; the log has the rest.
"""

import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dragon.errors import DragonError, InputError, StoreError
from dragon.server.logs import log

_MEMBER = re.compile(r"function-|constrained-|list\[|(str|int)$")
_CODES = {401: "invalid_api_key", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}


class ApiError(Exception):
    """An error for the client.

    Args:
        status: of the answer.
        message: one line, with the remedy.
        code: for programs; None where the message is all.
        param: the field to blame.
        retry_after: seconds after which it is worth another try.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.code, self.param, self.retry_after = code, param, retry_after

    @property
    def body(self) -> dict[str, Any]:
        """The error as it is sent."""
        return {
            "error": {
                "message": self.message,
                "type": _kind(self.status),
                "param": self.param,
                "code": self.code,
            }
        }

    def response(self) -> JSONResponse:
        """The answer that carries it."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(self.body, self.status, headers)


def _kind(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"


def missing(what: str, name: str, code: str = "not_found", param: str | None = None) -> ApiError:
    """The 404 for something that is not there."""
    return ApiError(404, f"There is no {what} {name!r}.", code, param)


def refused(field: str, why: str, remedy: str = "Leave it out.") -> ApiError:
    """The 400 for a field that is not supported here: named, never ignored."""
    return ApiError(
        400, f"{field} is not supported: {why} {remedy}", "unsupported_parameter", field
    )


def as_api_error(error: BaseException, request_id: str = "") -> ApiError:
    """What the client is told about any exception."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, InputError):
        return ApiError(400, str(error))
    if isinstance(error, StoreError):
        log.error("store", problem=str(error), request=request_id)
        return ApiError(503, str(error), "store_unavailable", retry_after=5)
    if isinstance(error, DragonError):
        return ApiError(500, str(error))
    if isinstance(error, TimeoutError):
        return ApiError(503, "The answer took too long. Try again.", "timeout", retry_after=5)
    log.exception("failed", exc_info=error, request=request_id)
    where = f" The log of the server knows more under {request_id}." if request_id else ""
    return ApiError(500, f"The server failed.{where}", "internal_error")


def install(app: FastAPI) -> None:
    """Make the application answer every exception in this shape."""

    async def handle(request: Request, error: Exception) -> JSONResponse:
        return as_api_error(error, request.scope.get("dragon.request_id", "")).response()

    async def handle_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        message = f"{request.method} {request.url.path}: {error.detail}."
        response = ApiError(error.status_code, message, _CODES.get(error.status_code)).response()
        response.headers.update(error.headers or {})
        return response

    async def handle_validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return invalid(error).response()

    app.add_exception_handler(HTTPException, handle_http)
    app.add_exception_handler(RequestValidationError, handle_validation)
    for kind in (ApiError, DragonError, TimeoutError):
        app.add_exception_handler(kind, handle)


def invalid(error: RequestValidationError) -> ApiError:
    """The 400 for a request that does not fit its schema; names the first field that does not."""
    errors = error.errors()
    # Of a value that may be one of several kinds, the kind that it has tells what is wrong with it.
    first = next((e for e in errors if not e["type"].endswith("_type")), errors[0])
    # "body", "query" and the member of a union come first or in between; they say nothing.
    place = [str(part) for part in first["loc"][1:] if not _MEMBER.match(str(part))]
    field = ".".join(place) or None
    if first["type"] == "extra_forbidden":
        message = f"{field} is not supported. Leave it out."
        return ApiError(400, message, "unknown_parameter", field)
    if first["type"] == "json_invalid":
        return ApiError(400, "The body is not valid JSON.", "invalid_json")
    problem = str(first["msg"]).removeprefix("Value error, ")
    return ApiError(
        400, f"{field or 'The body'}: {problem}.".replace("..", "."), "invalid_value", field
    )
