"""Sources in, a data folder out; the same sources, settings and seed give the same folder.

In: a `DataConfig`. Out: a reading set or a language set (see `dragon.data.shards`) with the
tokenizer that made it. It grows beside its target (see `dragon.data.unfinished`): half a set is
never taken for a whole one, and after kill -9 the same call goes on.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from dragon.checkpoint import TOKENIZER_FILE, TOKENIZER_FILES
from dragon.config import DataConfig
from dragon.data.language_set import end_of_text, write_language_set
from dragon.data.licences import Licences, census, records
from dragon.data.names import Names, learn_names
from dragon.data.reading_set import Plan, write_reading_set
from dragon.data.shapes import texts_of
from dragon.data.shards import file_hash, read_manifest
from dragon.data.sources import read_rows, source_files, title_of
from dragon.data.stage import Moved, described, plan_of
from dragon.data.unfinished import Unfinished, unfinished
from dragon.errors import DataError
from dragon.tokenizer import BpeTokenizer, load_tokenizer
from dragon.tokenizer.base import LibraryTokenizer
from dragon.tokenizer.reading import TEXT
from dragon.tokenizer.special import SPECIAL_TOKENS

ROWS_FOR_NAMES = 6000  # of a file: names that stand only further down are rare ones
MOST_IDS = 1 << 16  # ids of exercises are stored in 16 bits
_NAMES = "names.json"


def prepare(config: DataConfig, out: Path, progress: Moved | None = None) -> dict[str, Any]:
    """Make a data folder.

    Args:
        config: see `DataConfig`.
        out: replaced as a whole.
        progress: told what is being done, and how many bytes of how many are done.

    Returns:
        The manifest.

    Raises:
        DataError: for missing, malformed or empty sources, or a vocabulary over 65,536.
        TokenizerError: if there is no tokenizer in its folder.
    """
    files = _files(config, config.sources)
    licences = Licences(files, config.licences)
    decides = plan_of(
        "prepared", [*files, *_aids(config)], _deciding(asdict(config)), config.licences
    )
    with unfinished(out, decides) as run:
        if run.manifest is not None:
            return run.manifest
        if not run.begun:
            _bring_tokenizer(config, files, run.folder, progress)
            if config.randomize:
                _learn_names(config, files).save(run.folder / _NAMES)
            run.begin()
        plan = _looked_up(config, files, run.folder)
        is_language = config.objective == "language"
        values, rows = (_language_set if is_language else _reading_set)(plan, run, progress)
        drop = [_NAMES, *rows]
        values |= {
            "tokenizer_sha256": file_hash(run.folder / TOKENIZER_FILE),
            "vocab_size": load_tokenizer(run.folder).vocab_size,
            "settings": asdict(config),
            "files": described(run.folder, drop),
            "sources": records(files, census(files, licences), licences),
            "held_out": sorted(plan.held_out),
        }
        return run.finish("language" if is_language else "reading", values, drop)


def _looked_up(config: DataConfig, files: list[Path], folder: Path) -> Plan:
    return Plan(
        config,
        tuple(files),
        out=folder,
        names=Names.load(folder / _NAMES) if config.randomize else None,
        held_out=_held_out(config, files),
        synonyms=_below(config, config.synonyms) if config.synonyms else None,
    )


def _language_set(
    plan: Plan, run: Unfinished, progress: Moved | None
) -> tuple[dict[str, Any], list[str]]:
    """Write running text; returns what the manifest says of it, and no files to drop."""
    config = plan.config
    source = Path(config.tokenizer) if config.tokenizer else run.folder
    end = end_of_text(load_tokenizer(run.folder), source)
    splits = write_language_set(
        plan.files,
        run,
        plan.names,
        end,
        seed=config.seed,
        held_out=plan.held_out,
        passes=config.passes,
        workers=config.workers,
        progress=progress,
    )
    return {"end_id": end, "splits": splits}, []


def _reading_set(
    plan: Plan, run: Unfinished, progress: Moved | None
) -> tuple[dict[str, Any], list[str]]:
    """Write exercises; returns what the manifest says of them, and the files to drop."""
    splits, rows = write_reading_set(plan, run, progress)
    return {"splits": splits}, rows


def is_prepared(config: DataConfig, folder: Path) -> bool:
    """Whether a folder was made with these settings; its sources may have changed since."""
    try:
        settings = read_manifest(folder).get("settings")
    except DataError:
        return False
    if not isinstance(settings, dict):
        return False
    return _deciding(settings) == _deciding(json.loads(json.dumps(asdict(config))))


def _deciding(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that decide the set: any number of processes gives the same."""
    return {k: v for k, v in settings.items() if k not in ("workers", "licences")}


def _below(config: DataConfig, path: str) -> Path:
    return Path(config.root, path)


def _files(config: DataConfig, paths: Iterable[str]) -> list[Path]:
    return source_files(_below(config, path) for path in paths)


def _aids(config: DataConfig) -> list[Path]:
    """What else decides the result: lists, titles, the tokenizer."""
    listed = [*config.name_sources, *config.places, config.first_names, config.synonyms]
    paths = [_below(config, path) for path in listed if path]
    paths += [Path(config.held_out)] if config.held_out else []
    if config.tokenizer:
        paths += [Path(config.tokenizer, name) for name in TOKENIZER_FILES]
    return [path for path in paths if path.is_file()]


def _bring_tokenizer(
    config: DataConfig, files: list[Path], folder: Path, progress: Moved | None
) -> None:
    """Copy the tokenizer into the data folder, or train it there."""
    if not config.tokenizer:
        texts = _told(_running_text(files), files, progress)
        BpeTokenizer.train(texts, config.vocab_size).save(folder)
        return
    source = Path(config.tokenizer)
    tokenizer = load_tokenizer(source)
    if config.objective == "reader":
        _check_reader(tokenizer, source)
    for name in TOKENIZER_FILES:
        if (source / name).exists():
            shutil.copyfile(source / name, folder / name)
    if not (folder / TOKENIZER_FILE).exists():  # an older form: vocab.json and merges.txt
        tokenizer.save(folder)


def _check_reader(tokenizer: LibraryTokenizer, folder: Path) -> None:
    if tokenizer.vocab_size > MOST_IDS:
        raise DataError(
            f"The tokenizer at {folder} has {tokenizer.vocab_size} ids.",
            f"Use one with at most {MOST_IDS}, or --objective language.",
        )
    for id, token in enumerate(SPECIAL_TOKENS[: TEXT + 1]):
        if tokenizer.special_tokens.get(token) != id:
            raise DataError(
                f"The tokenizer at {folder} has no {token} with the id {id}, which exercises need.",
                "Train one with `dragon tokenizer train`, or use --objective language.",
            )


def _learn_names(config: DataConfig, files: list[Path]) -> Names:
    texts = _files(config, config.name_sources) if config.name_sources else files
    firsts = list(_listed(config, [config.first_names] if config.first_names else []))
    return learn_names(_running_text(texts, ROWS_FOR_NAMES), firsts, _listed(config, config.places))


def _running_text(files: Iterable[Path], most: int | None = None) -> Iterator[str]:
    """Texts, and for question sets the passages that are asked about."""
    for path in files:
        for row in islice(read_rows(path), most):
            yield from texts_of(row)


def _told(texts: Iterable[str], files: list[Path], progress: Moved | None) -> Iterator[str]:
    total, read = sum(path.stat().st_size for path in files), 0
    for text in texts:
        yield text
        read += len(text)
        if progress:
            progress("training a tokenizer", read, max(total, read))


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
