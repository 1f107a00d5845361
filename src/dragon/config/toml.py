"""A TOML file and `section.key=value` overrides become configurations."""

import tomllib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from dragon.errors import ConfigError

T = TypeVar("T")

Sections = dict[str, dict[str, Any]]
SECTIONS = ("data", "model", "train", "lora")


def from_dict(cls: type[T], values: dict[str, Any], section: str) -> T:
    """Build a configuration dataclass from a TOML table, naming any unknown key.

    Raises:
        ConfigError: for an unknown key or a value that does not fit.
    """
    known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise ConfigError(
                f"{section}.{key} is not a setting.", f"Known: {', '.join(sorted(known))}."
            )
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def read_toml(
    path: Path, overrides: Sequence[str] = (), known: Sequence[str] = SECTIONS
) -> Sections:
    r"""Read a TOML file of sections and apply `section.key=value` overrides.

    Args:
        path: the TOML file.
        overrides: strings as given to `--set`, the value in TOML syntax or a bare word.
        known: names that a section may have.

    Returns:
        The sections as nested dictionaries.

    Raises:
        ConfigError: for a missing or malformed file or override, or an unknown section.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".toml") as f:
    ...     _ = f.write("[train]\nsteps = 3\n"); f.flush()
    ...     read_toml(Path(f.name), ["train.steps=5", "train.objective=reader"])
    {'train': {'steps': 5, 'objective': 'reader'}}
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"No configuration at {path}.", "Give --config one of configs/*.toml."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not readable TOML: {error}.") from None
    return override(table, overrides, known, str(path))


def override(
    table: dict[str, Any], overrides: Sequence[str], known: Sequence[str], where: str
) -> Sections:
    """Apply `section.key=value` strings to a table of sections, in place, and check its sections.

    Args:
        table: sections by name.
        overrides, known: as for `read_toml`.
        where: what the table is called in a message.

    Raises:
        ConfigError: for a malformed override or an unknown section.

    >>> override({}, ["train.steps=5"], ["train"], "the settings")
    {'train': {'steps': 5}}
    """
    for change in overrides:
        key, equals, value = change.partition("=")
        section, dot, name = key.strip().partition(".")
        if not (equals and dot and name):
            raise ConfigError(f"--set {change!r} is not understood.", "Use section.key=value.")
        if isinstance(table.setdefault(section, {}), dict):
            table[section][name.strip()] = _parse_value(value.strip())
    for section, values in table.items():
        if section not in known or not isinstance(values, dict):
            raise ConfigError(
                f"{section} is no section of {where}.",
                f"Sections: {', '.join(f'[{name}]' for name in known)}.",
            )
    return table


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text
