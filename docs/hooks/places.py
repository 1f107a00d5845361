"""Where a file of the repository stands on the site, and back."""

# docs/ is the site's root; the rest keeps its place below a folder of its own.
_FOLDERS = {"docs/": "", "examples/notebooks/": "notebooks/", "src/dragon/": "api/", "": "project/"}


def site_uri(path: str) -> str:
    """`docs/asking.md` is `asking.md`, `examples/notebooks/a.ipynb` is `notebooks/a.md`."""
    path += "" if "." in path else "/"  # a folder
    ours, theirs = next(pair for pair in _FOLDERS.items() if path.startswith(pair[0]))
    return theirs + path.removeprefix(ours).replace(".ipynb", ".md")


def repository_path(uri: str) -> str:
    """The folder is what counts: links are relative to it."""
    for ours, theirs in _FOLDERS.items():
        if theirs and uri.startswith(theirs):
            return ours + uri.removeprefix(theirs)
    return f"docs/{uri}"
