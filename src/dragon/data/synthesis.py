"""The stage `synthesize`: questions with passages and answers from running text.

In: source files, or documents. Out: JSON Lines, one question a line (see docs/data.md), which
`dragon data prepare` takes as a source.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from dragon.data.entities.words import countries, places, word_list
from dragon.data.exercises import load_synonyms, passages
from dragon.data.grounded import Wanted, grounded
from dragon.data.licences import of_row
from dragon.data.names import Names, learn_names
from dragon.data.sources import numbered_rows, source_files, text_of, title_of
from dragon.data.stage import Block, Moved, json_line, output_names, run_stage
from dragon.data.unfinished import Made
from dragon.errors import DataError

LEARNED_FROM = 6000  # rows of a file
_NAMES = "names.json"


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What `dragon data synthesize` does; can be sent to another process."""

    outputs: tuple[str, ...]
    seed: int
    wanted: Wanted
    names: Names
    synonyms: Path | None
    text: str

    def start(self) -> Callable[[Block], Made]:
        """The function that makes the questions of a block."""
        synonyms = load_synonyms(self.synonyms)

        def work(block: Block) -> Made:
            made = Made()
            lines: list[bytes] = []
            for line, row in block.rows:
                made.counts["documents"] += 1
                rng = random.Random(block.seed(self.seed, self.outputs[block.file], line))
                licence = {"licence": of_row(row)} if of_row(row) else {}
                text = text_of(block.path, line, row, self.text)
                cut = passages(text, self.wanted.longest, rng)
                for q in grounded(cut, title_of(row), self.names, synonyms, rng, self.wanted):
                    made.counts[q.example.source] += 1
                    lines.append(json_line(q.row(rng) | licence))
            made.files = {self.outputs[block.file]: b"".join(lines)}
            return made

        return work


def synthesize(
    sources: list[Path],
    out: Path,
    wanted: Wanted | None = None,
    *,
    seed: int = 0,
    synonyms: Path | None = None,
    text: str = "text",
    licences: Mapping[str, str] | None = None,
    documents: Sequence[Path] = (),
    workers: int = 0,
    progress: Moved | None = None,
) -> dict[str, Any]:
    """Write a folder with questions about the sources.

    Args:
        sources: files and folders with running text.
        out: folder to write.
        wanted: how many questions of which kind; None for the defaults.
        seed: the same gives the same questions.
        synonyms: WordNet rows (`members`), for questions in other words than the text's; or None.
        text: field of the running text.
        licences: of the sources (see `dragon.data.licences`).
        documents: what the only source was read from, for the manifest to name in its place.
        workers: processes; 0 for one a core.
        progress: told how many characters are done.

    Returns:
        The manifest, with the number of questions of each kind.

    Raises:
        DataError: for missing or malformed sources, or if no question comes out of them.
    """
    wanted = wanted or Wanted()
    files = source_files(sources)
    outputs = tuple(output_names(files))

    def begin(folder: Path) -> None:
        firsts = [*word_list("male_names"), *word_list("female_names")]
        spots = [*places(), *(row[0] for row in countries())]
        learn_names(_texts(files, text), firsts, spots).save(folder / _NAMES)

    def make(folder: Path) -> Synthesis:
        return Synthesis(outputs, seed, wanted, Names.load(folder / _NAMES), synonyms, text)

    def finish(_: Path, counts: Counter[str]) -> Sequence[str]:
        if counts.total() == counts["documents"]:
            raise DataError("No question came out of the sources.", "Give longer texts.")
        return [_NAMES]

    return run_stage(
        "questions",
        make,
        files,
        out,
        {
            "outputs": outputs,
            "seed": seed,
            "text": text,
            "synonyms": str(synonyms or ""),
            **asdict(wanted),
        },
        begin=begin,
        finish=finish,
        licences=licences,
        documents=documents,
        workers=workers,
        progress=progress,
    )


def _texts(files: list[Path], name: str) -> Iterator[str]:
    for path in files:
        for line, row in islice(numbered_rows(path), LEARNED_FROM):
            yield text_of(path, line, row, name)
