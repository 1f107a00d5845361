"""Plain questions are read without typer, and mean what they mean to it."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.cli.main import COMMANDS, _load
from dragon.cli.plain import FLAGS, VALUES, plain

WORDS = [
    *VALUES, *FLAGS, "--", "-", "-h", "--help", "--top-k=7", "--docs=a=b", "--json=1",
    "5", "0", "101", "1_0", "many", "Who signs?", "~/a b", "--jso", "-k",
]  # fmt: skip
DEFAULTS = {"docs": None, "index": None, "top_k": 5, "as_json": False, "no_stream": False}


def as_typer_reads(arguments: list[str]) -> dict[str, object]:
    """The parameters of `dragon ask`; an error of typer's for what it refuses."""
    return _load(COMMANDS["ask"]).make_context("ask", list(arguments)).params  # type: ignore[no-any-return]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=5))
def test_what_is_plain_is_what_typer_reads(arguments: list[str]) -> None:
    if (found := plain(arguments)) is not None:
        read = as_typer_reads(arguments)
        assert {**DEFAULTS, "model": read["model"], **found} == {
            **read,
            "docs": read["docs"] or None,
        }


@pytest.mark.parametrize(
    "arguments",
    [
        ["Who?"],
        ["-"],
        ["--", "-x"],
        ["Who?", "--docs", "a", "--docs=b", "--index", "i", "--model=m", "--top-k", "7"],
        ["--json", "--no-stream", "Who?"],
    ],
)
def test_plain_questions_are_taken(arguments: list[str]) -> None:
    assert plain(arguments) is not None


def test_every_option_is_known() -> None:
    options = {flag for p in _load(COMMANDS["ask"]).params for flag in p.opts}
    assert options == {*VALUES, *FLAGS, "question"}


NOWHERE = ("--index", "nowhere.db")


def after(*arguments: str, expression: str, **environment: str) -> str:
    """What an expression says in a process that had a command look for an index in vain."""
    script = (
        "import os, sys; from dragon.cli.main import main; "
        f"main({[*arguments, *NOWHERE]}); print({expression})"
    )
    command = [sys.executable, "-c", script]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DRAGON_", "OPENBLAS_"))}
    done = subprocess.run(command, capture_output=True, text=True, env=kept | environment)
    assert done.stderr.startswith("error: No index at nowhere.db.")
    return done.stdout.strip()


def test_asking_loads_neither_typer_nor_rich() -> None:
    heavy = "{'typer', 'rich', 'pydantic', 'asyncio'} & set(sys.modules)"
    assert after("ask", "Who?", expression=heavy) == "set()"


@pytest.mark.parametrize(
    ("environment", "threads"),
    [
        ({}, "1" if find_spec("dragon._native") else "None"),
        ({"OPENBLAS_NUM_THREADS": "3"}, "3"),
        ({"DRAGON_KERNELS": "numpy"}, "None"),
    ],
)
@pytest.mark.parametrize("command", ["ask Who?", "serve --port 0"])
def test_threads_of_numpy_leave_the_processor_to_the_kernels(
    command: str, environment: dict[str, str], threads: str, tmp_path: Path
) -> None:
    environment = {**environment, "DRAGON_HOME": str(tmp_path)}  # a server writes there
    told = "os.environ.get('OPENBLAS_NUM_THREADS')"
    assert after(*command.split(), expression=told, **environment) == threads
