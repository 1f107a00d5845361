"""The stage `randomize`: every document of a corpus under other names and numbers.

In: source files. Out: the same rows as JSON Lines, each renamed by itself, and on wish what became
what. A row's own number seeds it, so the result does not depend on the number of processes.
"""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragon.checkpoint import replaced_beside
from dragon.data.entities import find_entities
from dragon.data.names import Names, learn_names
from dragon.data.randomize import Randomizer, knowledge
from dragon.data.sources import numbered_rows, source_files, text_of, title_of
from dragon.data.stage import Block, Moved, json_line, output_names, run_stage
from dragon.data.unfinished import Made
from dragon.errors import DataError

# Fields that belong to one document and so to one renaming; the first one is read first.
FIELDS = ("text", "context", "title", "question", "answer", "answers", "passages")
_MAPPING, _NAMES = "mapping.jsonl", "names.json"
LEARNED_FROM = 6000  # rows of a file; names that stand only further down are rare ones


@dataclass(frozen=True, slots=True)
class Renaming:
    """What `dragon data randomize` does; can be sent to another process.

    Attributes:
        outputs: name of each source's output file.
        seed: of all substitutes.
        invented: share of names that become invented words.
        mapping: whether to write what became what.
        names: what a corpus shows of names, or None.
        text: field of the running text.
    """

    outputs: tuple[str, ...]
    seed: int
    invented: float
    mapping: bool
    names: Names | None
    text: str

    def start(self) -> Callable[[Block], Made]:
        """The function that renames a block."""
        names = self.names
        lexicon, _ = knowledge(names)

        def work(block: Block) -> Made:
            made, lines, maps = Made(), [], []
            for line, row in block.rows:
                text = text_of(block.path, line, row, self.text)
                rng = random.Random(block.seed(self.seed, self.outputs[block.file], line))
                rename = Randomizer(names, rng, self.invented)
                entities = find_entities(text, lexicon)
                made.counts.update(entity.kind for entity in entities)
                made.counts["documents"] += 1
                done = {**row, self.text: rename.replaced(text, entities)}
                for field in FIELDS:
                    if field in row and field != self.text:
                        done[field] = _renamed(row[field], rename)
                lines.append(json_line(done))
                if self.mapping:
                    where = {"file": block.path.name, "line": line, "title": title_of(row)}
                    maps.append(json_line({**where, "mapping": rename.mapping}))
            made.files = {self.outputs[block.file]: b"".join(lines)}
            if self.mapping:
                made.files[_MAPPING] = b"".join(maps)
            return made

        return work


def _renamed(value: Any, rename: Randomizer) -> Any:
    if isinstance(value, str):
        return rename(value)
    return [_renamed(v, rename) for v in value] if isinstance(value, list) else value


def randomize(
    sources: list[Path],
    out: Path,
    *,
    seed: int = 0,
    invented: float = 0.4,
    mapping: Path | None = None,
    learn: bool = False,
    text: str = "text",
    licences: Mapping[str, str] | None = None,
    workers: int = 0,
    progress: Moved | None = None,
) -> dict[str, Any]:
    """Write a folder with the same documents under other names and numbers.

    Args:
        sources: files and folders.
        out: folder to write.
        seed: the same gives the same substitutes.
        invented: share of names that become invented words rather than other real names.
        mapping: file for one JSON object a document with what became what, or None.
        learn: first count in the sources which words are names; better on large corpora.
        text: field of the running text.
        licences: of the sources (see `dragon.data.licences`).
        workers: processes; 0 for one a core.
        progress: told how many characters are done.

    Returns:
        The manifest, with how many entities of each kind were found.

    Raises:
        DataError: for missing or malformed sources, or a full disk.
    """
    files = source_files(sources)
    outputs = tuple(output_names(files))

    def begin(folder: Path) -> None:
        if learn:
            learn_names(_texts(files, text), (), ()).save(folder / _NAMES)

    def make(folder: Path) -> Renaming:
        names = Names.load(folder / _NAMES) if learn else None
        return Renaming(outputs, seed, invented, mapping is not None, names, text)

    def finish(folder: Path, counts: Counter[str]) -> Sequence[str]:
        if not counts["documents"]:
            raise DataError("The sources hold no text.", "Give files with running text.")
        if mapping is not None:
            with replaced_beside(mapping) as fresh:
                shutil.copyfile(folder / _MAPPING, fresh)
        return [_MAPPING, _NAMES]

    return run_stage(
        "randomized",
        make,
        files,
        out,
        {
            "outputs": outputs,
            "seed": seed,
            "invented": invented,
            "mapping": mapping is not None,
            "learn": learn,
            "text": text,
        },
        begin=begin,
        finish=finish,
        licences=licences,
        workers=workers,
        progress=progress,
    )


def _texts(files: list[Path], name: str) -> Iterator[str]:
    for path in files:
        for (line, row), _ in zip(numbered_rows(path), range(LEARNED_FROM), strict=False):
            yield text_of(path, line, row, name)
