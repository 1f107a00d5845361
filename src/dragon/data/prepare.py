"""Sources in, a data folder out: the work spread over processes, the result the same for the same seed.

In: source files, a tokenizer. Out: a reading set or a language set (see `dragon.data.shards`), written
beside its target and renamed, so that half a set is never taken for a whole one.
"""

import multiprocessing
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dragon.checkpoint import TOKENIZER_FILE, written_beside
from dragon.data.examples import Example
from dragon.data.exercises import Recipe, exercises, load_synonyms
from dragon.data.names import Names, learn_names
from dragon.data.randomize import Randomizer
from dragon.data.shards import Prompts, ReadingWriter, file_hash, gather, write_manifest
from dragon.data.sources import read_rows
from dragon.errors import DataError
from dragon.tokenizer import Tokenizer, load_tokenizer
from dragon.tokenizer.reading import END, Reading, Segment, analyse, compose, token_span

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to prepare.

    Attributes:
        files: source files, each taken `passes` times with other names.
        tokenizer: folder with tokenizer.json.
        passes: by file name (its start), how often; 1 for others.
        held_out: titles that go to the val split only, with their own names.
        names: texts to learn names from, lists of first names and of places.
        synonyms: WordNet rows, or None.
        recipe: see `Recipe`.
        max_tokens: longest prompt.
        seed: of everything random.
        workers: processes.
    """

    files: tuple[Path, ...]
    tokenizer: Path
    passes: dict[str, int]
    held_out: frozenset[str]
    names: Names
    synonyms: Path | None
    recipe: Recipe
    max_tokens: int = 320
    seed: int = 0
    workers: int = 2


def corpus_names(files: Sequence[Path], lists: dict[str, Path], rows_each: int = 6000) -> Names:
    """Learn names from the first rows of some text files, and from name lists (first, places)."""
    texts = (r["text"] for f in files for r in islice(read_rows(f), rows_each) if "text" in r)
    listed = {key: [str(r["name"]) for r in read_rows(path)] for key, path in lists.items()}
    places = [name for key, names in listed.items() if key != "first_names" for name in names]
    return learn_names(texts, listed.get("first_names", []), places)


def prepare_reading(plan: Plan, out: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Write a reading set; returns its manifest's splits.

    Raises:
        DataError: for missing or malformed sources, or a vocabulary over 65,536.
    """
    jobs = [("train", path, n) for path in plan.files for n in range(_passes(plan, path))]
    random.Random(plan.seed).shuffle(jobs)
    jobs += [("val", path, -1) for path in plan.files if plan.held_out]
    with written_beside(out) as folder:
        writers = {split: ReadingWriter(folder, split) for split in ("train", "val")}
        with multiprocessing.get_context("spawn").Pool(
            plan.workers, _start_worker, (plan,)
        ) as pool:
            done = pool.imap(_work, jobs)
            for number, ((split, path, _), prompts) in enumerate(zip(jobs, done, strict=True), 1):
                writers[split].append(prompts)
                if progress:
                    progress(path.name, number, len(jobs))
        splits = {split: writer.close() for split, writer in writers.items()}
        if not splits["train"]["examples"]:
            raise DataError("No exercise came out of the sources.", "Give longer texts.")
        write_manifest(
            folder,
            "reading",
            splits=splits,
            seed=plan.seed,
            max_tokens=plan.max_tokens,
            recipe=asdict(plan.recipe),
            tokenizer_sha256=file_hash(plan.tokenizer / TOKENIZER_FILE),
            sources={p.name: file_hash(p) for p in plan.files},
            passes=plan.passes,
            held_out=sorted(plan.held_out),
        )
    return splits


def _passes(plan: Plan, path: Path) -> int:
    return next((n for start, n in plan.passes.items() if path.name.startswith(start)), 1)


class _Worker:
    """What one process needs: loaded once, used for every job."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tokenizer = load_tokenizer(plan.tokenizer)
        if self.tokenizer.vocab_size > 1 << 16:
            raise DataError(
                f"The vocabulary has {self.tokenizer.vocab_size} ids.", "At most 65536."
            )
        self.synonyms = load_synonyms(plan.synonyms)
        # A passage is asked several questions in a row: analyse it once.
        self.analyse = lru_cache(maxsize=64)(self._analyse)

    def _analyse(self, text: str) -> Segment:
        return analyse(text, self.tokenizer)

    def run(self, split: str, path: Path, number: int) -> Prompts:
        plan = self.plan
        rng = random.Random(f"{plan.seed} {path.name} {number}")
        if split == "train":
            made = exercises(path, plan.names, self.synonyms, plan.recipe, rng, plan.held_out)
        else:
            made = held_out_exercises(path, plan.held_out)
        return gather(filter(None, map(self.prompt, made)))

    def prompt(self, example: Example) -> tuple[Reading, int, int, str] | None:
        segments = (self.analyse(t) for t in (example.question, example.heading, example.passage))
        reading = compose(*segments, max_tokens=self.plan.max_tokens)
        if not example.answerable:
            return reading, 0, 0, example.source
        span = token_span(reading, example.start, example.end)
        return (reading, *span, example.source) if span else None


def held_out_exercises(path: Path, titles: frozenset[str]) -> Iterator[Example]:
    """The questions of held-out titles, as they stand."""
    from dragon.data.examples import from_squad

    rows = (r for r in read_rows(path) if r.get("title") in titles and "context" in r)
    return from_squad(rows, "held-out")


_worker: _Worker


def _start_worker(plan: Plan) -> None:
    global _worker
    _worker = _Worker(plan)


def _work(job: tuple[str, Path, int]) -> Prompts:
    return _worker.run(*job)


def prepare_language(
    files: Sequence[Path],
    tokenizer_folder: Path,
    out: Path,
    names: Names | None,
    seed: int = 0,
    held_out_share: float = 0.01,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write a language set: documents as token ids, entities randomised where names are given.

    Every document goes to `val` with probability `held_out_share`, the same ones for the same seed.
    """
    tokenizer = load_tokenizer(tokenizer_folder)
    rng = random.Random(seed)
    counts = {"train": 0, "val": 0}
    with written_beside(out) as folder:
        with (folder / "train.bin").open("wb") as train, (folder / "val.bin").open("wb") as val:
            for number, path in enumerate(files, 1):
                for text in _texts(path):
                    is_val = rng.random() < held_out_share
                    ids = _document(text, tokenizer, names, rng)
                    ids.tofile(val if is_val else train)
                    counts["val" if is_val else "train"] += len(ids)
                if progress:
                    progress(path.name, number, len(files))
        if not counts["train"]:
            raise DataError("The sources hold no text.", "Give files with running text.")
        splits = {split: {"tokens": n} for split, n in counts.items()}
        write_manifest(
            folder,
            "language",
            splits=splits,
            seed=seed,
            randomized=names is not None,
            tokenizer_sha256=file_hash(tokenizer_folder / TOKENIZER_FILE),
            sources={p.name: file_hash(p) for p in files},
        )
    return splits


def _texts(path: Path) -> Iterator[str]:
    for number, row in enumerate(read_rows(path), 1):
        if not isinstance(row.get("text"), str):
            raise DataError(f"{path}: row {number} has no text field.")
        yield row["text"]


def _document(
    text: str, tokenizer: Tokenizer, names: Names | None, rng: random.Random
) -> np.ndarray[Any, np.dtype[np.uint16]]:
    if names is not None:
        text = Randomizer(names, rng)(text)
    return np.array([*tokenizer.encode(text), END], dtype=np.uint16)
