"""Checks that every configuration shares; each error names the field, its value and the remedy."""

import math
from typing import Any, Literal, get_args, get_origin, get_type_hints

from dragon.errors import ConfigError


def check_types(config: Any, section: str) -> None:
    """Raise ConfigError for a field whose value is not of its declared type, or not finite."""
    for name, hint in get_type_hints(type(config)).items():
        value = getattr(config, name)
        if not _fits(value, hint):
            raise ConfigError(f"{section}.{name} is {value!r}.", f"Expected {_say(hint)}.")


def check_at_least(config: Any, section: str, least: int, names: str) -> None:
    """Raise ConfigError unless each of some fields, given in one string, is `least` or more."""
    for name in names.split():
        value = getattr(config, name)
        if value < least:
            raise ConfigError(f"{section}.{name} is {value}.", f"It must be at least {least}.")


def check_share(config: Any, section: str, names: str) -> None:
    """Raise ConfigError unless each of some fields lies in [0, 1)."""
    for name in names.split():
        value = getattr(config, name)
        if not 0 <= value < 1:
            raise ConfigError(
                f"{section}.{name} is {value}.", "It must be at least 0 and less than 1."
            )


def check_divides(config: Any, section: str, divisor: str, number: str) -> None:
    """Raise ConfigError unless field `divisor` divides field `number`."""
    d, n = getattr(config, divisor), getattr(config, number)
    if n % d:
        raise ConfigError(
            f"{section}.{number} is {n} and {section}.{divisor} is {d}.",
            f"{divisor} must divide {number}.",
        )


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_fits(v, get_args(hint)[0]) for v in value)
    if get_origin(hint) is dict:
        return isinstance(value, dict) and all(_fits(v, get_args(hint)[1]) for v in value.values())
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, (int, float)) and math.isfinite(value)
    return isinstance(value, hint)


def _say(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    if get_origin(hint) is tuple:
        return f"a list of {_say(get_args(hint)[0])}"
    if get_origin(hint) is dict:
        return f"a table of {_say(get_args(hint)[1])}"
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[hint]
