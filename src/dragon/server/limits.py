"""How much one key or address may ask, and how often it may guess at keys.

In: who asks. Out: nothing, or the 429 that says when to come back. The counts are in memory and
start anew with the server, or in Redis, where several servers share them.
"""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from dragon.errors import ConfigError
from dragon.server.errors import ApiError
from dragon.server.logs import log

WRONG_KEYS = parse("10/minute")


class Limits:
    """Counts requests and guesses.

    Args:
        rate: "60/minute", "10/second;1000/day"; "" for no limit.
        store: address of a Redis, "redis://HOST:6379"; "" counts in memory.

    Raises:
        ConfigError: for a rate that is none, or a Redis that does not answer.
    """

    def __init__(self, rate: str, store: str = "") -> None:
        self._rates = [_parsed(part) for part in rate.split(";") if part.strip()]
        self._limiter = MovingWindowRateLimiter(_shared(store) if store else MemoryStorage())

    def check(self, who: str) -> None:
        """Count a request.

        Raises:
            ApiError: 429 where it is one too many.
        """
        for rate in self._rates:
            if not self._try(self._limiter.hit, rate, "request", who):
                raise self._too_many(rate, "request", who, f"More than {rate} requests.")

    def check_guesses(self, address: str) -> None:
        """Let an address try a key.

        Raises:
            ApiError: 429 after ten wrong ones in a minute.
        """
        if not self._try(self._limiter.test, WRONG_KEYS, "key", address):
            raise self._too_many(WRONG_KEYS, "key", address, "Too many wrong keys.")

    def count_guess(self, address: str) -> None:
        """Remember a wrong key."""
        self._try(self._limiter.hit, WRONG_KEYS, "key", address)

    def _try(self, ask: Callable[..., bool], rate: RateLimitItem, kind: str, who: str) -> bool:
        """Ask the store; where it does not answer nobody is let through uncounted."""
        try:
            return ask(rate, kind, who)
        except StorageError as error:
            log.error("rate store", problem=type(error.storage_error).__name__)
            raise ApiError(
                503, "The store of rate limits does not answer.", "rate_store", retry_after=5
            ) from None

    def _too_many(self, rate: RateLimitItem, kind: str, who: str, why: str) -> ApiError:
        reset = self._limiter.get_window_stats(rate, kind, who).reset_time
        seconds = max(1, round(reset - time.time() + 0.5))
        return ApiError(
            429, f"{why} Try again in {seconds} s.", "rate_limit_exceeded", retry_after=seconds
        )


def _shared(store: str) -> RedisStorage:
    if urlsplit(store).scheme not in ("redis", "rediss", "redis+unix"):
        raise ConfigError(f"server.rate_store is {store!r}.", 'Write it as "redis://HOST:6379".')
    try:
        found = RedisStorage(store, wrap_exceptions=True, socket_timeout=2.0)
    except ConfigurationError:
        raise ConfigError(
            "Counting in Redis needs the package redis, which is not installed.",
            "Run: pip install 'dragon-lm[redis]'.",
        ) from None
    if not found.check():
        # The address may hold a password.
        where = urlsplit(store).netloc.rpartition("@")[2]
        raise ConfigError(f"The Redis at {where} does not answer.", "Start it, or leave it out.")
    return found


def _parsed(text: str) -> RateLimitItem:
    try:
        return parse(text.strip())
    except ValueError:
        raise ConfigError(f"server.rate is {text!r}.", 'Write it as "60/minute".') from None
