"""What `make docs` adds to MkDocs: navigation from the index, links, formulas and examples."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest
from markdown import Markdown

from tests.docs.markdown import ROOT

INDEX = """# Documentation

## Use

- [Asking](asking.md): a page.
- [New](new.md): a page that is still being written.
- [Tutorial](tutorial/index.md): a folder.
"""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "hooks"))
    return importlib.import_module(request.param)


@pytest.mark.parametrize("hook", ["navigation"], indirect=True)
def test_the_navigation_follows_the_index_and_loses_no_page(hook: ModuleType) -> None:
    pages = ["asking.md", "index.md", "other.md", "tutorial/01.md", "tutorial/index.md"]
    assert list(hook._sections(INDEX, pages)) == [
        {"Start": ["index.md"]},
        {"Use": [{"Asking": "asking.md"}, {"Tutorial": ["tutorial/index.md", "tutorial/01.md"]}]},
        {"More": ["other.md"]},
    ]


@pytest.mark.parametrize("hook", ["places"], indirect=True)
@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("docs/asking.md", "asking.md"),
        ("README.md", "project/README.md"),
        ("examples/notebooks/a.ipynb", "notebooks/a.md"),
        ("examples/notebooks", "notebooks/"),
        ("src/dragon", "api/"),
    ],
)
def test_every_file_has_its_place(hook: ModuleType, path: str, uri: str) -> None:
    assert hook.site_uri(path) == uri
    assert Path(hook.repository_path(uri)).with_suffix("") == Path(path).with_suffix("")


@pytest.mark.parametrize("hook", ["markup"], indirect=True)
def test_a_bar_in_the_code_of_a_table_has_no_backslash(hook: ModuleType) -> None:
    extensions = ["tables", "pymdownx.inlinehilite", hook.Docstrings()]
    html = Markdown(extensions=extensions).convert(
        "| a | b |\n|---|---|\n| `x \\| y` | z |\n\n`\\|`"
    )
    assert html.count("<td>") == 2
    assert "<code>x | y</code>" in html
    assert "<code>\\|</code>" in html


@pytest.mark.parametrize("hook", ["markup"], indirect=True)
def test_formulas_and_examples_are_set(hook: ModuleType) -> None:
    page = Markdown(extensions=["pymdownx.superfences", hook.Docstrings()])
    html = page.convert("Half, $\\frac{1}{2}$, of $5 is\n\n>>> 5 / 2\n2.5\n\nor `$x$`; [1] [B, T].")
    assert html.count("<math") == 1
    assert "<mfrac>" in html
    assert "of $5 is" in html
    assert "<code>$x$</code>; [1] [B, T]." in html
    assert "<pre>" in html


@pytest.mark.parametrize("hook", ["api"], indirect=True)
def test_the_api_has_every_package_but_the_command_line(hook: ModuleType) -> None:
    packages = hook._packages(ROOT / "src")
    folders = {f"dragon.{p.parent.name}" for p in (ROOT / "src" / "dragon").glob("*/__init__.py")}
    assert packages.keys() == {"dragon", *folders} - {"dragon.cli"}
    assert "dragon.reference.softmax" in packages["dragon.reference"]
