"""The models that ship with the package, and how a name becomes a folder."""

from pathlib import Path

from dragon.errors import CheckpointError

DEFAULT = "dragon-reader"
_HERE = Path(__file__).parent


def shipped() -> list[str]:
    """Names of the models in the package."""
    return sorted(path.parent.name for path in _HERE.glob("*/config.json"))


def model_folder(name: str = DEFAULT) -> Path:
    """The folder of a model, given by the name of a shipped one or as a path.

    Raises:
        CheckpointError: if there is neither.
    """
    if name in shipped():
        return _HERE / name
    folder = Path(name).expanduser()
    if not name or not folder.is_dir():
        raise CheckpointError(
            f"There is no model {name!r}.",
            f"Shipped: {', '.join(shipped()) or 'none'}; or give the path of a model folder.",
        )
    return folder
