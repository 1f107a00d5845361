"""Another server writes the answers: any that speaks OpenAI's chat completions.

In: messages. Out: text as it comes, and what it took. Whatever goes wrong there is told in our own
error shape; the key comes from an environment variable and is shown to nobody.
"""

import json
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from dragon.errors import ConfigError
from dragon.server.errors import ApiError
from dragon.server.replies import Message, Usage
from dragon.server.settings import ServerSettings, is_loopback

KEY_VARIABLE = "DRAGON_GENERATOR_KEY"
MOST_TOKENS = 512  # of an answer
CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 60.0  # until the first token, and between two
_CONTEXT = "context_length_exceeded"


@dataclass(frozen=True, slots=True)
class Wrote:
    """A piece of text; `usage` comes last, where the other server tells it."""

    text: str = ""
    usage: Usage | None = None


class TooLongError(Exception):
    """The prompt does not fit into the other model's context."""


class Remote:
    """The other server.

    Args:
        settings: `generator_url` up to and with /v1, and `generator_model`.

    Raises:
        ConfigError: for an address that is none, or without a model.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.url, self.model = settings.generator_url.rstrip("/"), settings.generator_model
        check_address(self.url, self.model)
        key = os.environ.get(KEY_VARIABLE, "").strip()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        host = urlsplit(self.url).hostname or ""
        self._client = httpx2.AsyncClient(
            headers=headers,
            timeout=httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
            trust_env=not is_loopback(host),
        )

    @property
    def name(self) -> str:
        """What the model is called towards clients."""
        return f"{self.model} at {urlsplit(self.url).netloc.rpartition('@')[2]}"

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def write(self, messages: Sequence[Message]) -> AsyncGenerator[Wrote]:
        """Stream the answer; closing the generator ends it there as well.

        Raises:
            TooLongError: if the messages do not fit.
            ApiError: 502 or 504, whatever went wrong; 503 where it is too busy.
        """
        body = {
            "model": self.model,
            "messages": [{"role": m.role, "content": m.text} for m in messages],
            "temperature": 0,
            "max_tokens": MOST_TOKENS,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        try:
            address = f"{self.url}/chat/completions"
            async with self._client.stream("POST", address, json=body) as response:
                if response.status_code != 200:
                    raise _refusal(response, await _start_of(response))
                async with aclosing(_chunks(response)) as chunks:
                    async for wrote in chunks:
                        yield wrote
        except httpx2.TimeoutException:
            raise ApiError(
                504, "The generator does not answer in time. Try again.", "generator_timeout"
            ) from None
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise _failed(f"cannot be reached or broke off ({type(error).__name__}).") from None


def check_address(url: str, model: str) -> None:
    """Raise ConfigError unless this names a model of another server."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"server.generator_url is {url!r}.", "Write it as http://127.0.0.1:8080/v1."
        )
    if not model:
        raise ConfigError(f"No model of {url} is named.", "Add: --generator-model NAME.")


async def _chunks(response: httpx2.Response) -> AsyncGenerator[Wrote]:
    ended = False
    async for line in response.aiter_lines():
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            return
        wrote, last = _understood(data)
        ended = ended or last
        yield wrote
    if not ended:
        raise _failed("broke off in the middle of its answer.")


def _understood(data: str) -> tuple[Wrote, bool]:
    """What an event says, and whether it ends the answer."""
    try:
        values: dict[str, Any] = json.loads(data)
        if error := values.get("error"):
            raise _failed(f"broke off: {_message(error)}")
        choices = values.get("choices") or [{}]
        text = (choices[0].get("delta") or {}).get("content") or ""
        used = values.get("usage")
        usage = used and Usage(int(used["prompt_tokens"]), int(used["completion_tokens"]))
        return Wrote(str(text), usage or None), bool(choices[0].get("finish_reason"))
    except (ValueError, TypeError, AttributeError, KeyError, IndexError):
        raise _failed("sends events that are not those of OpenAI's chat completions.") from None


def _refusal(response: httpx2.Response, body: bytes) -> Exception:
    try:
        error = json.loads(body)["error"]
        code = error.get("code") if isinstance(error, dict) else None
    except (ValueError, TypeError, KeyError):
        error, code = "", None
    status = response.status_code
    said = _message(error)
    if code == _CONTEXT or (status == 400 and "context" in said):
        return TooLongError()
    if status in (429, 503):
        wait = response.headers.get("retry-after", "")
        seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 5 else 5
        return ApiError(
            503, "The generator is busy. Try again.", "generator_busy", retry_after=seconds
        )
    if status in (401, 403):
        return _failed(f"refuses our key. Set {KEY_VARIABLE} where this server is started.")
    return _failed(f"answers with HTTP {status}{': ' if said else '.'}{said}")


def _failed(why: str) -> ApiError:
    return ApiError(502, f"The generator {why}", "generator_failed")


def _message(error: Any) -> str:
    text = error.get("message", "") if isinstance(error, dict) else error
    return str(text)[:300]


async def _start_of(response: httpx2.Response) -> bytes:
    """The first bytes of an error: what follows 64 KiB would help nobody."""
    found = b""
    async for part in response.aiter_bytes():
        found += part
        if len(found) > 65536:
            break
    return found
