"""Reading exercises as prompts, worked out by several processes, the result the same for the same
seed.

In: a `Plan`. Out: the files of a reading set (see `dragon.data.shards`). One pass over one file is
a piece: what is lost when a process is killed.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dragon.config import DataConfig
from dragon.data.examples import Example
from dragon.data.exercises import exercises, held_out_exercises, load_synonyms
from dragon.data.mixture import Taken, mixture
from dragon.data.names import Names
from dragon.data.pool import cores, in_order
from dragon.data.shards import Prompts, ReadingWriter, gather
from dragon.data.stage import Moved
from dragon.data.unfinished import Made, Unfinished
from dragon.errors import DataError
from dragon.text.vectors import load_vectors
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.reading import Reading, Segment, analyse, compose, token_span

Job = tuple[str, Taken]  # split, pass over a source file


@dataclass(frozen=True, slots=True)
class Plan:
    """What to prepare, with everything looked up.

    Attributes:
        config: see `DataConfig`.
        files: the source files.
        out: folder that holds the tokenizer.
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


def write_reading_set(
    plan: Plan, run: Unfinished, progress: Moved | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Write both splits; returns the manifest's splits, and files that are needed no more.

    Raises:
        DataError: for missing or malformed sources, or if no exercise comes out of them.
    """
    jobs = _jobs(plan)
    writers = {
        split: ReadingWriter(run.folder, split, _counts(run.counts, split))
        for split in ("train", "val")
    }
    first = run.pieces
    sizes = [taken.path.stat().st_size for _, taken in jobs]
    made = in_order(plan, jobs[first:], min(plan.config.workers or cores(), len(jobs)))
    for number, ((split, taken), prompts) in enumerate(made, first + 1):
        before = dict(writers[split].counts)
        piece = Made(writers[split].parts(prompts))
        for name, count in writers[split].counts.items():
            piece.counts[f"{split} {name}"] = count - before.get(name, 0)
        run.append(piece)
        if progress:
            progress(taken.path.name, sum(sizes[:number]), sum(sizes))
    run.flush()
    splits = {split: writer.close() for split, writer in writers.items()}
    if not splits["train"]["examples"]:
        raise DataError("No exercise came out of the sources.", "Give longer texts.")
    return splits, [writer.rows for writer in writers.values()]


def _counts(counts: Mapping[str, int], split: str) -> dict[str, int]:
    start = f"{split} "
    return {n.removeprefix(start): count for n, count in counts.items() if n.startswith(start)}


def _jobs(plan: Plan) -> list[Job]:
    jobs: list[Job] = [("train", taken) for taken in mixture(plan.files, plan.config.passes)]
    random.Random(plan.config.seed).shuffle(jobs)
    return jobs + [("val", Taken(path, -1)) for path in plan.files if plan.held_out]


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
        split, (path, time, share) = job
        plan = self.plan
        rng = random.Random(f"{plan.config.seed} {path.name} {time}")
        make = exercises if split == "train" else held_out_exercises
        made = make(path, self.names, self.synonyms, plan.config, rng, plan.held_out)
        if share < 1:
            drawn = random.Random(rng.random())
            made = (example for example in made if drawn.random() < share)
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
