"""The notebooks run as they stand, and what is stored in them is small and tells no path."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.docs.markdown import ROOT

NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
LARGEST = 150_000  # bytes: plots of a few kB each
PATH = re.compile(r"(?<![\w.:/])/(home|root|tmp|usr|work|Users|opt)/")
everyone = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: NotebookNode) -> set[str]:
    """What a cell shows: plots, printed text, values; the same wherever it runs."""
    return {name for out in cell.outputs for name in out.get("data", {out.get("name"): 0})}


def test_there_are_three() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["1-", "2-", "3-"]


@everyone
def test_what_is_stored_is_small_and_tells_no_path(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text) < LARGEST
    assert not PATH.search(text), PATH.search(text)
    notebook = nbformat.reads(text, 4)
    nbformat.validate(notebook)
    assert sum("image/png" in kinds(cell) for cell in code(notebook)) >= 2
    assert not any("error" in out.output_type for cell in code(notebook) for out in cell.outputs)


@everyone
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_notebook_runs(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    stored = [kinds(cell) for cell in code(notebook)]
    folder = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=600, startup_timeout=180, resources=folder).execute()
    assert [kinds(cell) for cell in code(notebook)] == stored
