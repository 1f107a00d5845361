"""Reading exercises as prompts, worked out by several processes, the result the same for the same
seed.

In: a `Plan`. Out: the files of a reading set (see `dragon.data.shards`).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dragon.config import DataConfig
from dragon.data.examples import Example
from dragon.data.exercises import exercises, held_out_exercises, load_synonyms
from dragon.data.names import Names
from dragon.data.pool import cores, in_order
from dragon.data.shards import Prompts, ReadingWriter, gather
from dragon.errors import DataError
from dragon.text.vectors import load_vectors
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.reading import Reading, Segment, analyse, compose, token_span

Progress = Callable[[str, int, int], None]
Job = tuple[str, Path, int]  # split, source file, how often it was taken before


@dataclass(frozen=True, slots=True)
class Plan:
    """What to prepare, with everything looked up.

    Attributes:
        config: see `DataConfig`.
        files: the source files.
        out: folder that holds the tokenizer and gets the set.
        names: what is a name; None leaves the texts as they are.
        held_out: titles that go to the val split only, with their own names.
        synonyms: WordNet rows, or None.
    """

    config: DataConfig
    files: tuple[Path, ...]
    out: Path
    names: Names | None
    held_out: frozenset[str]
    synonyms: Path | None

    def start(self) -> "Callable[[Job], Prompts]":
        """Load what a process needs; gives the prompts of a job."""
        return _Worker(self).run


def write_reading_set(plan: Plan, progress: Progress | None = None) -> dict[str, Any]:
    """Write both splits; returns the manifest's splits.

    Raises:
        DataError: for missing or malformed sources, or if no exercise comes out of them.
    """
    jobs = _jobs(plan)
    writers = {split: ReadingWriter(plan.out, split) for split in ("train", "val")}
    made = in_order(plan, jobs, min(plan.config.workers or cores(), len(jobs)))
    for number, ((split, path, _), prompts) in enumerate(made, 1):
        writers[split].append(prompts)
        if progress:
            progress(path.name, number, len(jobs))
    splits = {split: writer.close() for split, writer in writers.items()}
    if not splits["train"]["examples"]:
        raise DataError("No exercise came out of the sources.", "Give longer texts.")
    return splits


def _jobs(plan: Plan) -> list[Job]:
    jobs: list[Job] = [
        ("train", path, n) for path in plan.files for n in range(_passes(plan, path))
    ]
    random.Random(plan.config.seed).shuffle(jobs)
    return jobs + [("val", path, -1) for path in plan.files if plan.held_out]


def _passes(plan: Plan, path: Path) -> int:
    return next((n for start, n in plan.config.passes.items() if path.name.startswith(start)), 1)


class _Worker:
    """What one process needs: loaded once, used for every job."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tokenizer = load_tokenizer(plan.out)
        self.vectors = load_vectors(plan.out)
        self.names = plan.names or Names({}, {"first": [], "place": [], "other": []})
        self.synonyms = load_synonyms(plan.synonyms)
        # A passage is asked several questions in a row: analyse it once.
        self.analyse = lru_cache(maxsize=64)(self._analyse)

    def _analyse(self, text: str) -> Segment:
        return analyse(text, self.tokenizer)

    def run(self, job: Job) -> Prompts:
        split, path, number = job
        plan = self.plan
        rng = random.Random(f"{plan.config.seed} {path.name} {number}")
        make = exercises if split == "train" else held_out_exercises
        made = make(path, self.names, self.synonyms, plan.config, rng, plan.held_out)
        return gather(filter(None, map(self.prompt, made)))

    def prompt(self, example: Example) -> tuple[Reading, int, int, str] | None:
        question, heading, text = map(
            self.analyse, (example.question, example.heading, example.passage)
        )
        reading = compose(question, heading, text, self.plan.config.max_tokens, self.vectors)
        if not example.answerable:
            return reading, 0, 0, example.source
        span = token_span(reading, example.start, example.end)
        return (reading, *span, example.source) if span else None
