"""Imports go down the floors of the house only, in no circle, and PyTorch stays in its rooms."""

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import dragon

SOURCE = Path(dragon.__file__).parent
FLOORS = (
    {"errors", "config", "lite"},
    {"text", "tokenizer", "data", "weights", "rotary", "checkpoint", "models"},
    {"model", "quantize", "engine", "_native", "reference"},
    {"train", "retrieval", "interop"},
    {"answer", "evaluate"},
    {"server", "inspect"},
    {"cli"},
    {"__main__"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
TORCH_ROOMS = {"model", "train"}
FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Full names of all modules that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_used(path: Path) -> set[str]:
    """The rooms of dragon that a file imports from, its own left out."""
    parts = (name.split(".") for name in imports(path))
    named = {p[1] for p in parts if p[0] == "dragon" and len(p) > 1}
    return {room for room in named if not room.startswith("__version")} - {room_of(path)}


def test_every_module_has_a_floor() -> None:
    assert {room_of(path) for path in FILES} - {"__init__"} <= FLOOR_OF.keys()


def test_imports_go_down_only() -> None:
    climbing = [
        f"{path.relative_to(SOURCE)} imports dragon.{room}"
        for path in FILES
        if room_of(path) != "__init__"
        for room in rooms_used(path)
        if FLOOR_OF[room] > FLOOR_OF[room_of(path)]
    ]
    assert not climbing


def test_rooms_import_each_other_in_no_circle() -> None:
    graph: dict[str, set[str]] = {}
    for path in FILES:
        graph.setdefault(room_of(path), set()).update(rooms_used(path))
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError
    assert order.index("errors") < order.index("cli")


def test_lite_needs_the_standard_library_only() -> None:
    files = [path for path in FILES if room_of(path) == "lite"]
    used = {name for path in files for name in imports(path)}
    others = {name for name in used if not name.startswith("dragon.lite.")}
    assert files
    assert {name.split(".")[0] for name in others} <= sys.stdlib_module_names


def test_torch_stays_in_its_rooms() -> None:
    outside = [
        str(path.relative_to(SOURCE))
        for path in FILES
        if room_of(path) not in TORCH_ROOMS
        and any(name.split(".")[0] == "torch" for name in imports(path))
    ]
    assert not outside
