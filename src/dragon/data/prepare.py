"""Sources in, a data folder out; the same sources, settings and seed give the same folder.

In: a `DataConfig`. Out: a reading set or a language set (see `dragon.data.shards`) with the
tokenizer that made it, written beside its target and renamed, so that half a set is never taken for
a whole one.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from dragon.checkpoint import TOKENIZER_FILE, TOKENIZER_FILES, written_beside
from dragon.config import DataConfig
from dragon.data.language_set import write_language_set
from dragon.data.names import Names, learn_names
from dragon.data.reading_set import Plan, Progress, write_reading_set
from dragon.data.shards import file_hash, read_manifest, write_manifest
from dragon.data.sources import read_rows, source_files, title_of
from dragon.errors import DataError
from dragon.tokenizer import BpeTokenizer, Tokenizer, load_tokenizer

ROWS_FOR_NAMES = 6000  # of a file: names that stand only further down are rare ones
MOST_IDS = 1 << 16  # ids are stored in 16 bits


def prepare(config: DataConfig, out: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Make a data folder.

    Args:
        config: see `DataConfig`.
        out: replaced as a whole.
        progress: called with what is being done, and how many of how many pieces are finished.

    Returns:
        The manifest.

    Raises:
        DataError: for missing, malformed or empty sources, or a vocabulary over 65,536.
        TokenizerError: if there is no tokenizer in its folder.
    """
    files = _files(config, config.sources)
    with written_beside(out) as folder:
        tokenizer = _bring_tokenizer(config, files, folder, progress)
        names = _learn_names(config, files) if config.randomize else None
        held_out = _held_out(config, files)
        if config.objective == "language":
            splits = write_language_set(
                files,
                tokenizer,
                folder,
                names,
                config.seed,
                held_out,
                progress,
                config.passes,
                config.workers,
            )
        else:
            synonyms = _below(config, config.synonyms) if config.synonyms else None
            plan = Plan(
                config, tuple(files), out=folder, names=names, held_out=held_out, synonyms=synonyms
            )
            splits = write_reading_set(plan, progress)
        return write_manifest(
            folder,
            "language" if config.objective == "language" else "reading",
            splits=splits,
            tokenizer_sha256=file_hash(folder / TOKENIZER_FILE),
            vocab_size=tokenizer.vocab_size,
            settings=asdict(config),
            sources={str(path): file_hash(path) for path in files},
            held_out=sorted(held_out),
        )


def is_prepared(config: DataConfig, folder: Path) -> bool:
    """Whether a folder was made with these settings; its sources may have changed since."""
    try:
        settings = read_manifest(folder).get("settings")
    except DataError:
        return False
    return bool(settings == json.loads(json.dumps(asdict(config))))


def _below(config: DataConfig, path: str) -> Path:
    return Path(config.root, path)


def _files(config: DataConfig, paths: Iterable[str]) -> list[Path]:
    return list(dict.fromkeys(source_files(_below(config, path) for path in paths)))


def _bring_tokenizer(
    config: DataConfig, files: list[Path], folder: Path, progress: Progress | None
) -> Tokenizer:
    """Copy the tokenizer into the data folder, or train it there."""
    if config.tokenizer:
        tokenizer = load_tokenizer(Path(config.tokenizer))
        if tokenizer.vocab_size > MOST_IDS and config.objective == "reader":
            raise DataError(
                f"The tokenizer at {config.tokenizer} has {tokenizer.vocab_size} ids.",
                f"Use one with at most {MOST_IDS}.",
            )
        for name in TOKENIZER_FILES:
            if (Path(config.tokenizer) / name).exists():
                shutil.copyfile(Path(config.tokenizer) / name, folder / name)
        return tokenizer
    if progress:
        progress("training a tokenizer", 0, 1)
    trained = BpeTokenizer.train(_running_text(files), config.vocab_size)
    trained.save(folder)
    return trained


def _learn_names(config: DataConfig, files: list[Path]) -> Names:
    texts = _files(config, config.name_sources) if config.name_sources else files
    firsts = list(_listed(config, [config.first_names] if config.first_names else []))
    return learn_names(_running_text(texts, ROWS_FOR_NAMES), firsts, _listed(config, config.places))


def _running_text(files: Iterable[Path], most: int | None = None) -> Iterator[str]:
    """Texts, and for question sets the passages that are asked about."""
    for path in files:
        for row in islice(read_rows(path), most):
            text = row.get("text", row.get("context", row.get("sentence", row.get("meaning"))))
            if isinstance(text, str):
                yield text
            for passage in row.get("passages", ()):
                yield passage["text"]


def _listed(config: DataConfig, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        for row in read_rows(_below(config, path)):
            if not isinstance(row.get("name"), str):
                raise DataError(
                    f"{path} is no list of names.", "Its rows must have a field `name`."
                )
            yield row["name"]


def _held_out(config: DataConfig, files: list[Path]) -> frozenset[str]:
    if config.held_out:
        path = Path(config.held_out)
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"The titles in {path} cannot be read: {error}.") from None
        return frozenset(title_of({"title": line}) for line in lines if line.strip())
    if not config.held_out_every:
        return frozenset()
    rows = (row for path in files for row in read_rows(path))
    asked = [row for path in files for row in islice(read_rows(path), 1) if "context" in row]
    titles = {title_of(row) for row in rows if not asked or "context" in row} - {""}
    return frozenset(sorted(titles)[:: config.held_out_every])
