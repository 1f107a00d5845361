"""Documents in, cited passages out; parsers load when first needed, so importing is cheap."""

from dragon.retrieval.index import Index
from dragon.retrieval.paths import default_index_path, index_path_for
from dragon.retrieval.types import AddReport, DocumentRow, Hit, Passage, Progress, Skipped

__all__ = [
    "AddReport",
    "DocumentRow",
    "Hit",
    "Index",
    "Passage",
    "Progress",
    "Skipped",
    "default_index_path",
    "index_path_for",
]
