"""Which files are source code or settings: a line of theirs is what a sentence is elsewhere."""

CODE = frozenset(
    f".{ending}"
    for ending in (
        "py pyi js mjs cjs ts tsx jsx java kt c h cc cpp cxx hpp cs go rs rb php pl lua scala "
        "swift sh gradle bash zsh ps1 bat sql yaml yml toml ini cfg conf env properties xml css "
        "scss tex proto"
    ).split()
)


def is_code(path: str) -> bool:
    """Whether a file of this name is read line by line.

    >>> is_code("/srv/app.conf"), is_code("notes.md")
    (True, False)
    """
    return path[path.rfind(".") :].lower() in CODE
