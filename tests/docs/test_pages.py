"""What the documentation says is so: commands parse, links lead somewhere, fields exist."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from dragon.answer.types import Answer
from dragon.cli import main as root
from dragon.cli.answer_view import as_object
from dragon.evaluate.questions import load_questions
from tests.docs.markdown import PAGES, ROOT, name, simple_commands

ASKING = ROOT / "docs" / "asking.md"
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FIELD = re.compile(r"^\| `([\w.\[\]]+)` \| (\w+) \|", re.MULTILINE)
JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "list"}
COMMANDS = [(name(page), words) for page in PAGES for words in simple_commands(page)]
DRAGON = [(page, words[1:]) for page, words in COMMANDS if Path(words[0]).name == "dragon"]
OTHERS = [(page, words) for page, words in COMMANDS if Path(words[0]).name != "dragon"]


def parse(arguments: list[str]) -> None:
    """Parse a command line of dragon without running it; what is wrong with it raises."""
    command_name, *rest = [word for word in arguments if word != "--debug"]
    command: Any = root._load(root.COMMANDS[command_name])
    while hasattr(command, "commands"):
        command_name, *rest = rest
        command = command.commands[command_name]
    command.make_context(command_name, rest)


def test_the_pages_show_commands() -> None:
    assert len(DRAGON) >= 25
    assert {arguments[0] for _, arguments in DRAGON} == root.COMMANDS.keys()


@pytest.mark.parametrize(
    ("page", "arguments"), [pytest.param(p, a, id=f"{p}:{' '.join(a)}"[:90]) for p, a in DRAGON]
)
def test_every_command_parses(page: str, arguments: list[str]) -> None:
    parse(arguments)


@pytest.mark.parametrize("line", ["ask", "ask why --nope", "index sho x", "nope"])
def test_a_wrong_command_does_not_parse(line: str) -> None:
    with pytest.raises(Exception, match=r"(?i)missing|no such|sho|nope"):
        parse(line.split())


def test_other_commands_exist() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for page, words in OTHERS:
        if words[0] == "make":
            assert words[1] in targets, f"{page}: {words}"
        elif Path(words[0]).name == "python":
            assert (ROOT / words[1]).exists(), f"{page}: {words}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text("utf-8")):
        if link.startswith(("http:", "https:")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page}: {link}"
        if anchor:
            headings = HEADING.findall(target.read_text("utf-8"))
            assert anchor in map(slug, headings), f"{page}: {link}"


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_json_fields_are_those_of_the_program() -> None:
    documented = dict(FIELD.findall(ASKING.read_text("utf-8")))
    assert documented == dict(described("", as_object(sample(Answer))))


def sample(kind: Any) -> Any:
    """Any value of a type: an answer with one citation and one passage, say."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{field.name: sample(hints[field.name]) for field in fields(kind)})
    if get_origin(kind) is tuple:
        return (sample(get_args(kind)[0]),)
    return kind()


def described(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Each field of a JSON object as the table names it: `a.b`, `list[].field`, with its type."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from described(f"{path}.{key}".lstrip("."), inner)
    elif isinstance(value, (list, tuple)):
        yield path, JSON_TYPES[list]
        yield from described(f"{path}[]", value[0])
    else:
        yield path, JSON_TYPES[type(value)]


def test_technical_questions_are_well_formed() -> None:
    questions = load_questions(ROOT / "benchmarks" / "technical_questions.jsonl")
    assert len({q.question for q in questions}) == 20
    assert sum(q.answerable for q in questions) == 16
    assert all(bool(q.document) == q.answerable for q in questions)
