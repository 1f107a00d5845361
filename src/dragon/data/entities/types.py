"""What is found in a text: spans with a kind."""

from typing import Literal, NamedTuple, get_args

Kind = Literal["PERSON", "PLACE", "ORG", "WORK", "DATE", "NUMBER", "AMOUNT", "COINED"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Entity(NamedTuple):
    """Characters start to end of a text, and what they name."""

    start: int
    end: int
    kind: Kind
