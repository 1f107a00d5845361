"""The files of a tokenizer, wherever it comes from, on their way into a checkpoint."""

import shutil
from pathlib import Path

from dragon.checkpoint import GENERATION_FILE, TOKENIZER_FILES
from dragon.tokenizer.foreign import ADDED_FILE, MERGES_FILE, VOCAB_FILE
from dragon.tokenizer.template import TEMPLATE_FILE

COPIED = (
    *TOKENIZER_FILES,
    TEMPLATE_FILE,
    VOCAB_FILE,
    MERGES_FILE,
    ADDED_FILE,
    "special_tokens_map.json",
    GENERATION_FILE,  # says which tokens end an answer
)


def copy_tokenizer(source: Path, folder: Path) -> None:
    """Copy what belongs to a tokenizer from one folder into another."""
    for name in COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
