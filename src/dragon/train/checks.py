"""What must fit together before the first step: model, data, tokenizer, starting weights.

In: both configurations. Out: nothing, or one error that names what does not fit.
"""

from pathlib import Path

from dragon.checkpoint import TOKENIZER_FILE
from dragon.config import LoraConfig, ModelConfig, TrainConfig
from dragon.data.shards import file_hash, read_manifest
from dragon.errors import CheckpointError, ConfigError
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.base import LibraryTokenizer
from dragon.tokenizer.reading import FEATURE_SIZES

# Objectives that learn from data folders, and the kind of each (None for either); the others read
# the rows of a file.
KINDS = {
    "reader": "reading",
    "language": "language",
    "masked": "language",
    "context": "language",
    "forget": "language",
    "distill": None,
}
# Who must see only what came before, and who what comes as well.
CAUSAL, BIDIRECTIONAL = ("language", "instruct", "forget"), ("masked", "embedder")


def check_fit(model: ModelConfig, config: TrainConfig, lora: LoraConfig | None = None) -> None:
    """Check that a run can begin.

    Raises:
        ConfigError: if model and objective, or tokenizer and data, do not belong together.
        DataError: if a data folder is missing, unfinished or of another kind.
        TokenizerError, CheckpointError: if those files are missing or damaged.
    """
    _check_objective(model, config)
    _check_lora(model, config, lora)
    if not config.data:
        raise ConfigError(
            "train.data is empty.",
            "Name a folder made by `dragon data prepare`, or add a section [data]."
            if config.objective in KINDS
            else "Name a file or folder of rows to learn from.",
        )
    tokenizer = tokenizer_folder(config)
    size = load_tokenizer(tokenizer).vocab_size
    # A published model may have more rows than its tokenizer has ids.
    if size > model.vocab_size or (size < model.vocab_size and not config.init):
        raise ConfigError(
            f"model.vocab_size is {model.vocab_size} but the tokenizer at {tokenizer} has {size} "
            "ids.",
            f"Set model.vocab_size={size}.",
        )
    digest = _digest(tokenizer)
    if config.objective in KINDS:
        _check_folders(config, tokenizer, digest)
    _check_init(config, digest)
    _check_length(model, config)


def _check_length(model: ModelConfig, config: TrainConfig) -> None:
    most = model.max_position_embeddings
    if config.sequence_length > most:
        raise ConfigError(
            f"train.sequence_length is {config.sequence_length} and "
            f"model.max_position_embeddings is {most}.",
            f"Set it to at most {most}, or 0 for that.",
        )


def _check_folders(config: TrainConfig, tokenizer: Path, digest: str) -> None:
    for folder in {config.data, config.validation or config.data}:
        manifest = read_manifest(Path(folder), KINDS[config.objective])
        if manifest.get("tokenizer_sha256", digest) != digest:
            raise ConfigError(
                f"{folder} was made with another tokenizer than that of {tokenizer}.",
                "Prepare it again, or set train.tokenizer.",
            )


def _digest(folder: Path) -> str:
    """The hash of tokenizer.json; empty for an older form without that file."""
    file = folder / TOKENIZER_FILE
    return file_hash(file) if file.is_file() else ""


def tokenizer_folder(config: TrainConfig) -> Path:
    """The folder of the tokenizer: the one that is named, or the data's or the first model's own.

    Raises:
        ConfigError: if there is none.
    """
    if config.objective not in KINDS:
        if not (config.tokenizer or config.init):
            raise ConfigError(
                "train.init and train.tokenizer are empty.",
                "Set train.init to the model that is to learn, or train.tokenizer.",
            )
        return Path(config.tokenizer or config.init)
    folder = Path(config.tokenizer or config.data)
    if not config.tokenizer and not (folder / TOKENIZER_FILE).is_file():
        read_manifest(folder)  # a missing data folder is the better complaint
        raise ConfigError(
            f"train.tokenizer is empty and {folder} holds no {TOKENIZER_FILE}.",
            "Set train.tokenizer to the folder of the tokenizer that made the data.",
        )
    return folder


def _check_objective(model: ModelConfig, config: TrainConfig) -> None:
    if config.objective == "reader" and model.reader_features != FEATURE_SIZES:
        raise ConfigError(
            f"train.objective is reader and model.reader_features is "
            f"{list(model.reader_features)}.",
            f"Set model.reader_features={list(FEATURE_SIZES)}.",
        )
    if config.objective == "context" and not model.reader_context:
        raise ConfigError(
            "train.objective is context and model.reader_context is false.",
            "Set model.reader_context=true.",
        )
    if config.objective in CAUSAL and model.attention == "bidirectional":
        raise ConfigError(
            f"train.objective is {config.objective} and model.attention is bidirectional: each "
            "token would see the one that it must predict.",
            "Set model.attention=causal.",
        )
    if config.objective in BIDIRECTIONAL and model.attention != "bidirectional":
        raise ConfigError(
            f"train.objective is {config.objective} and model.attention is {model.attention}.",
            "Set model.attention=bidirectional.",
        )
    if config.objective in BIDIRECTIONAL and model.pointer_head:
        raise ConfigError(
            f"train.objective is {config.objective} and model.pointer_head is true.",
            "Set model.pointer_head=false.",
        )
    for objective, name in (("forget", "init"), ("forget", "facts"), ("distill", "teachers")):
        if config.objective == objective and not getattr(config, name):
            raise ConfigError(
                f"train.objective is {objective} and train.{name} is empty.", f"Set train.{name}."
            )


def _check_lora(model: ModelConfig, config: TrainConfig, lora: LoraConfig | None) -> None:
    if lora is not None and not model.num_hidden_layers:
        raise ConfigError(
            "There is a section [lora] and model.num_hidden_layers is 0: adapters are of blocks.",
            "Leave [lora] out and train the whole model.",
        )
    if lora is not None and not config.init:
        raise ConfigError(
            "There is a section [lora] and train.init is empty.",
            "Set train.init to the model that is to be adapted, or leave [lora] out.",
        )


def _check_init(config: TrainConfig, digest: str) -> None:
    if not config.init:
        return
    init = Path(config.init)
    if not init.is_dir():
        raise CheckpointError(f"No model folder at {init}.", "Set train.init to a checkpoint.")
    if _digest(init) in ("", digest):
        return
    if not is_extension(load_tokenizer(init), load_tokenizer(tokenizer_folder(config))):
        raise ConfigError(
            f"train.init is {init}, whose tokenizer is another one.",
            "Set train.tokenizer to that folder and prepare the data with it, or with one that "
            "`dragon tokenizer extend` made of it.",
        )


def is_extension(old: LibraryTokenizer, new: LibraryTokenizer) -> bool:
    """Whether every id of a tokenizer means the same in another, which may have more."""
    return old.vocab_size <= new.vocab_size and all(
        old.token(id) == new.token(id) for id in range(old.vocab_size)
    )
