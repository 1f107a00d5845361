"""All evaluations by name: what each needs, which models it is for, and how it is run.

In: a model folder, a folder of evaluation data, settings. Out: `Result`s, one or two a name.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from dragon.checkpoint import read_config
from dragon.config import ModelConfig
from dragon.errors import DataError, InputError
from dragon.evaluate.questions import Question, file_name, load_questions
from dragon.evaluate.result import Cell, Result
from dragon.weights import tensor_shapes

Progress = Callable[[str, int, int], None]
PLACES = ("", "eval", "qa")
ENDINGS = (".jsonl", ".jsonl.xz", ".jsonl.gz")


class Need(NamedTuple):
    """A data file: its name without ending, and what it is."""

    stem: str
    says: str


BLIMP = Need(
    "blimp", "BLiMP's pairs (github.com/alexwarstadt/blimp, CC BY 4.0), all sets in one file"
)
SQUAD = Need("squad_40_articles", "SQuAD's development set (rajpurkar.github.io, CC BY-SA 4.0)")
POLICY = Need(
    "policyqa_test", "PolicyQA's test set (github.com/wasiahmad/PolicyQA, MIT) in SQuAD's fields"
)
WIKITEXT = Need("wikitext2_test", "WikiText-2's test lines (CC BY-SA 3.0) as rows with `text`")
CRANFIELD = tuple(
    Need(f"cranfield_{part}", f"the Cranfield collection's {part}")
    for part in ("documents", "queries", "relevance")
)
NEEDS: dict[str, tuple[Need, ...]] = {
    "grammar": (BLIMP,),
    "knowledge": (),
    "language": (WIKITEXT,),
    "grounding": (SQUAD, POLICY),
    "retrieval": CRANFIELD,
}
WRITERS = ("grammar", "knowledge", "language")  # for causal models; grounding is for readers


@dataclass(frozen=True, slots=True)
class Suite:
    """What is evaluated, and with what.

    Attributes:
        model: folder.
        data: folder of the evaluation data, with or without subfolders eval and qa.
        titles: file of the titles of SQuAD's articles that are asked about; all where None.
        articles, unseen, canaries: of `dragon.evaluate.knowledge`.
        limit: most questions, or pairs of a set; 0 for all.
        samples: free texts of the knowledge evaluation.
        seed: of everything random.
    """

    model: Path
    data: Path
    titles: Path | None = None
    articles: Path | None = None
    unseen: Path | None = None
    canaries: Path | None = None
    limit: int = 0
    samples: int = 1000
    seed: int = 0

    def why_not(self, name: str) -> str:
        """Why an evaluation cannot be run on this model; empty where it can."""
        reader = read_config(self.model).is_reader
        if reader and name in WRITERS:
            return "The model is a reader: it gives no text a probability."
        if not reader and name == "grounding":
            return "The model is no reader: it has no span scorer."
        if name == "knowledge" and self.articles is None:
            return "Give --articles, the text that the model was trained on."
        return ""

    def check_all(self, names: Sequence[str]) -> None:
        """Raise for what does not fit or is missing, before anything long begins.

        Raises:
            InputError: if an evaluation is not for this model.
            DataError: naming all files that are missing, and what to get.
        """
        for name in names:
            if why := self.why_not(name):
                raise InputError(f"{name} cannot be run. {why}", "Choose another model.")
        missing = [n for name in names for n in NEEDS[name] if not self._place(n)]
        if missing:
            wanted = "; ".join(f"{need.stem}.jsonl: {need.says}" for need in missing)
            raise DataError(
                f"{self.data} lacks {len(missing)} of the files that are needed.",
                f"Give --data a folder with {wanted}. docs/evaluation.md has the fields.",
            )
        for path in (self.articles, self.unseen, self.canaries, self.titles):
            if path and not path.is_file():
                raise DataError(f"There is no file {path}.", "Check the path.")

    def _place(self, need: Need) -> Path | None:
        named = (self.data / place / f"{need.stem}{end}" for place in PLACES for end in ENDINGS)
        return next((path for path in named if path.is_file()), None)

    def _file(self, need: Need) -> Path:
        path = self._place(need)
        assert path is not None  # see `check_all`
        return path

    def run(self, name: str, progress: Progress | None = None) -> Iterator[Result]:
        """The results of one evaluation.

        Raises:
            InputError, DataError: as `check_all`.
        """
        self.check_all([name])
        run: Callable[[Progress | None], Iterator[Result]] = getattr(self, f"_{name}")
        yield from run(progress)

    def _grammar(self, progress: Progress | None) -> Iterator[Result]:
        from dragon.evaluate.grammar import grammar, load_pairs
        from dragon.evaluate.likelihood import LanguageModel

        pairs = load_pairs(self._file(BLIMP), self.limit)
        yield grammar(LanguageModel.open(self.model), pairs, progress, self.seed)

    def _knowledge(self, progress: Progress | None) -> Iterator[Result]:
        from dragon.evaluate.facts import load_articles
        from dragon.evaluate.knowledge import knowledge, load_canaries
        from dragon.evaluate.likelihood import LanguageModel

        assert self.articles is not None  # see `why_not`
        yield knowledge(
            LanguageModel.open(self.model),
            load_articles(self.articles),
            load_articles(self.unseen) if self.unseen else (),
            load_canaries(self.canaries) if self.canaries else (),
            self.samples,
            self.limit,
            self.seed,
            progress,
        )

    def _language(self, progress: Progress | None) -> Iterator[Result]:
        from dragon.evaluate.language import language, load_text
        from dragon.evaluate.likelihood import LanguageModel

        lines = load_text(self._file(WIKITEXT))
        model = LanguageModel.open(self.model)
        yield language(model, lines, limit=self.limit, seed=self.seed, progress=progress)

    def _grounding(self, progress: Progress | None) -> Iterator[Result]:
        from dragon.answer.reader import Reader
        from dragon.evaluate.grounded import grounding

        reader = Reader.open(self.model)
        squad = chosen(load_questions(self._file(SQUAD)), self.titles)
        policy = load_questions(self._file(POLICY))
        for name, questions in (("squad", squad), ("policyqa", policy)):
            yield grounding(name, reader, questions, self.limit, self.seed, progress)

    def _retrieval(self, progress: Progress | None) -> Iterator[Result]:
        from dragon.evaluate.retrieval import load_collection, retrieval
        from dragon.text.vectors import load_vectors

        documents, queries, relevance = map(self._file, CRANFIELD)
        collection = load_collection(documents, queries, relevance)
        yield retrieval(collection, load_vectors(self.model), progress)


def chosen(questions: list[Question], titles: Path | None) -> list[Question]:
    """The questions about articles of these titles, one a line.

    Raises:
        DataError: if the file cannot be read, or no question is about any of them.
    """
    if titles is None:
        return questions
    try:
        lines = titles.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The titles in {titles} cannot be read: {error}.") from None
    wanted = {f"{file_name(line.strip().replace(' ', '_'))}.md" for line in lines if line.strip()}
    found = [q for q in questions if q.document in wanted]
    if not found:
        raise DataError(f"No question is about an article of {titles}.", "Check the titles.")
    return found


def model_facts(folder: Path) -> dict[str, Cell]:
    """What a model is, in figures."""
    config: ModelConfig = read_config(folder)
    count = sum(_size(shape) for shape in tensor_shapes(config).values())
    return {
        "parameters": f"{count / 1e6:.1f}M",
        "tokens of vocabulary": config.vocab_size,
        "tokens of context": config.max_position_embeddings,
        "attention": config.attention,
    }


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size
