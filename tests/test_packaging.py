"""What installs is what was promised: pinned, light to ask with, with its native module."""

import re
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAME = re.compile(r"[A-Za-z0-9._-]+")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonical(name): version for name, version in pins}


def needed(name: str, extra: str = "") -> set[str]:
    """Installed distributions that one needs, directly or not."""
    found: set[str] = set()
    waiting = [(name, extra)]
    while waiting:
        current, with_extra = waiting.pop()
        for requirement in distribution(current).requires or []:
            wanted, _, marker = requirement.partition(";")
            if "extra ==" in marker and f"extra == '{with_extra}'" not in marker.replace('"', "'"):
                continue
            match = NAME.match(wanted)
            assert match
            dependency = canonical(match.group())
            if dependency not in found and installed(dependency):
                found.add(dependency)
                waiting.append((dependency, ""))
    return found


def installed(name: str) -> str | None:
    try:
        return distribution(name).version
    except PackageNotFoundError:  # for another system or Python
        return None


@pytest.mark.parametrize("extra", ["", "train", "dev"])
def test_every_dependency_is_pinned_at_the_version_installed(extra: str) -> None:
    pins = pinned()
    for name in sorted(needed("dragon-lm", extra)):
        assert name in pins, f"{name} is missing in constraints.txt"
        version = installed(name) or ""
        assert version.split("+")[0] == pins[name], f"{name} {version} is not the version pinned"


def test_building_is_pinned() -> None:
    assert {"scikit-build-core", "nanobind", "cmake", "ninja"} <= pinned().keys()


def test_asking_needs_no_torch() -> None:
    assert not {"torch", "transformers", "scipy", "pandas"} & needed("dragon-lm")


@pytest.mark.skipif(shutil.which("c++") is None, reason="without a compiler NumPy's kernels run")
def test_the_native_module_is_there_where_a_compiler_is() -> None:
    # The install goes on without it when compiling fails, so a broken kernel must be caught here.
    assert find_spec("dragon._native") is not None
