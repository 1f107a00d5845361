"""The error tree: everything that a user can put right is a `DragonError`.

    DragonError
    +-- ConfigError        a configuration field or a flag holds a value that it cannot have
    +-- InputError         a question, prompt or argument that cannot be worked with
    +-- DataError          a training file or shard is missing, malformed or for another vocabulary
    +-- TokenizerError     a tokenizer file is missing, malformed or does not fit the model
    +-- CheckpointError    a model folder is missing, damaged, or of an architecture we do not read
    +-- DocumentError      a document cannot be read (the reason is in the message)
    +-- StoreError         an index is missing, corrupt, in use, or out of disk space

A message names the value and the remedy on one line. `assert` guards our own mistakes only.
"""


class DragonError(Exception):
    """Base of all errors that are shown to the user as one line.

    Args:
        problem: what is wrong, with the offending value in it.
        remedy: what to do about it; printed after the problem.
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem} {remedy}".strip())


class ConfigError(DragonError):
    """A configuration value is unknown, of the wrong type or out of its range."""

    exit_code = 2


class InputError(DragonError):
    """A question, a prompt or a command-line argument cannot be worked with."""

    exit_code = 2


class DataError(DragonError):
    """Training data is missing, malformed or does not fit the vocabulary."""


class TokenizerError(DragonError):
    """A tokenizer file is missing, malformed or does not fit the model."""


class CheckpointError(DragonError):
    """A model folder is missing, damaged or of an unsupported architecture."""


class DocumentError(DragonError):
    """A document cannot be read; the others go on."""


class StoreError(DragonError):
    """An index is missing, corrupt, locked by another process or out of space."""
