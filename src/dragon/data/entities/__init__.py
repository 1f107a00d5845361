"""Names, dates and numbers in running text: found without a model, exchanged consistently."""

from dragon.data.entities.detect import find_entities
from dragon.data.entities.lexicon import Lexicon
from dragon.data.entities.types import KINDS, Entity, Kind

__all__ = ["KINDS", "Entity", "Kind", "Lexicon", "find_entities"]
