"""What must fit together before the first step: model, data, tokenizer, starting weights.

In: both configurations. Out: nothing, or one error that names what does not fit.
"""

from pathlib import Path

from dragon.checkpoint import TOKENIZER_FILE
from dragon.config import ModelConfig, TrainConfig
from dragon.data.shards import file_hash, read_manifest
from dragon.errors import CheckpointError, ConfigError
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.reading import FEATURE_SIZES

KINDS = {"reader": "reading", "language": "language"}


def check_fit(model: ModelConfig, config: TrainConfig) -> None:
    """Check that a run can begin.

    Raises:
        ConfigError: if model and objective, or tokenizer and data, do not belong together.
        DataError: if a data folder is missing, unfinished or of another kind.
        TokenizerError, CheckpointError: if those files are missing or damaged.
    """
    _check_objective(model, config)
    if not config.data:
        raise ConfigError(
            "train.data is empty.",
            "Name a folder made by `dragon data prepare`, or add a section [data].",
        )
    tokenizer = tokenizer_folder(config)
    size = load_tokenizer(tokenizer).vocab_size
    if size != model.vocab_size:
        raise ConfigError(
            f"model.vocab_size is {model.vocab_size} but the tokenizer at {tokenizer} has {size} "
            "ids.",
            f"Set model.vocab_size={size}.",
        )
    digest = file_hash(tokenizer / TOKENIZER_FILE)
    for folder in {config.data, config.validation or config.data}:
        manifest = read_manifest(Path(folder), KINDS[config.objective])
        if manifest.get("tokenizer_sha256", digest) != digest:
            raise ConfigError(
                f"{folder} was made with another tokenizer than that of {tokenizer}.",
                "Prepare it again, or set train.tokenizer.",
            )
    _check_init(config, digest)


def tokenizer_folder(config: TrainConfig) -> Path:
    """The folder of the tokenizer: the one that is named, or the data's own."""
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
    if config.objective == "language" and model.attention == "bidirectional":
        raise ConfigError(
            "train.objective is language and model.attention is bidirectional: each token would "
            "see the one that it must predict.",
            "Set model.attention=causal.",
        )


def _check_init(config: TrainConfig, digest: str) -> None:
    if not config.init:
        return
    init = Path(config.init)
    if not init.is_dir():
        raise CheckpointError(f"No model folder at {init}.", "Set train.init to a checkpoint.")
    theirs = init / TOKENIZER_FILE
    if theirs.is_file() and file_hash(theirs) != digest:
        raise ConfigError(
            f"train.init is {init}, whose tokenizer is another one.",
            "Set train.tokenizer to that folder and prepare the data with it.",
        )
