"""How much one key or address may ask, and how often it may guess at keys.

In: who asks. Out: nothing, or the 429 that says when to come back.
"""

import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from dragon.errors import ConfigError
from dragon.server.errors import ApiError

WRONG_KEYS = parse("10/minute")


class Limits:
    """Counts in memory: they start anew with the server.

    Args:
        rate: "60/minute", "10/second;1000/day"; "" for no limit.
    """

    def __init__(self, rate: str) -> None:
        self._rates = [_parsed(part) for part in rate.split(";") if part.strip()]
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, who: str) -> None:
        """Count a request.

        Raises:
            ApiError: 429 where it is one too many.
        """
        for rate in self._rates:
            if not self._limiter.hit(rate, "request", who):
                raise self._too_many(rate, "request", who, f"More than {rate} requests.")

    def check_guesses(self, address: str) -> None:
        """Let an address try a key.

        Raises:
            ApiError: 429 after ten wrong ones in a minute.
        """
        if not self._limiter.test(WRONG_KEYS, "key", address):
            raise self._too_many(WRONG_KEYS, "key", address, "Too many wrong keys.")

    def count_guess(self, address: str) -> None:
        """Remember a wrong key."""
        self._limiter.hit(WRONG_KEYS, "key", address)

    def _too_many(self, rate: RateLimitItem, kind: str, who: str, why: str) -> ApiError:
        reset = self._limiter.get_window_stats(rate, kind, who).reset_time
        seconds = max(1, round(reset - time.time() + 0.5))
        return ApiError(
            429, f"{why} Try again in {seconds} s.", "rate_limit_exceeded", retry_after=seconds
        )


def _parsed(text: str) -> RateLimitItem:
    try:
        return parse(text.strip())
    except ValueError:
        raise ConfigError(f"server.rate is {text!r}.", 'Write it as "60/minute".') from None
