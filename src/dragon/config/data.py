"""What training data is made of."""

from dataclasses import dataclass, field
from typing import Literal

from dragon.config.checks import check_at_least, check_share, check_types
from dragon.errors import ConfigError


@dataclass(frozen=True, slots=True)
class DataConfig:
    """What `dragon data prepare` makes, and from what.

    Attributes:
        objective: `reader` for exercises (a question, a passage, where the answer stands),
            `language` for running text.
        root: folder that the relative paths of sources and lists start from; empty for the working
            folder, from which `tokenizer` and `held_out` always start.
        sources: files and folders: running text, and question sets in known fields (see
            `dragon.data.sources` and `dragon.data.examples`).
        tokenizer: folder with tokenizer.json; empty to train one on the sources.
        vocab_size: ids at most of a tokenizer that is trained here.
        randomize: exchange names and numbers, so that nothing read is true.
        name_sources: text files to learn from what is a name; empty for the sources.
        first_names, places: lists of known names (rows with `name`).
        synonyms: WordNet rows (`members`), for questions in other words than the text's.
        passes: by the start of a file's name, how often it is taken, each time with other names;
            0.5 for half of it.
        licences: by the start of a file's name, the licence that the manifest names for it.
        held_out: file of titles, one a line, that go to the val split only.
        held_out_every: or every so many of all titles, sorted; 0 for none.
        articles, passages: most articles of a file and passages of an article.
        cloze, recurring: most questions of each kind a passage.
        tables: questions on made-up tables, for a source of WordNet rows (`members`).
        unanswerable: share of questions asked again of a passage without the answer.
        reworded: share of people's questions in which words are exchanged for synonyms.
        natural: share of documents whose names are left as they are.
        longest: characters of the longest passage.
        max_tokens: of a prompt.
        seed: of everything random.
        workers: processes; 0 for one a core.
    """

    objective: Literal["reader", "language"] = "reader"
    root: str = ""
    sources: tuple[str, ...] = ()
    tokenizer: str = ""
    vocab_size: int = 16384
    randomize: bool = True
    name_sources: tuple[str, ...] = ()
    first_names: str = ""
    places: tuple[str, ...] = ()
    synonyms: str = ""
    passes: dict[str, float] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)
    held_out: str = ""
    held_out_every: int = 0
    articles: int = 100_000
    passages: int = 6
    cloze: int = 2
    recurring: int = 1
    tables: int = 20_000
    unanswerable: float = 0.3
    reworded: float = 0.0
    natural: float = 0.0
    longest: int = 900
    max_tokens: int = 320
    seed: int = 0
    workers: int = 0

    def __post_init__(self) -> None:
        check_types(self, "data")
        check_at_least(self, "data", 1, "articles passages longest vocab_size")
        check_at_least(self, "data", 0, "cloze recurring tables held_out_every seed workers")
        check_share(self, "data", "unanswerable reworded natural")
        for name, least, most in (("max_tokens", 128, 65535), ("vocab_size", 1, 1 << 16)):
            if not least <= getattr(self, name) <= most:
                raise ConfigError(
                    f"data.{name} is {getattr(self, name)}.", f"It must be {least} to {most}."
                )
        for start, times in self.passes.items():
            if times <= 0:
                raise ConfigError(f"data.passes.{start} is {times}.", "It must be above 0.")
        if self.held_out and self.held_out_every:
            raise ConfigError(
                "data.held_out and data.held_out_every are both set.", "Set one of them."
            )
