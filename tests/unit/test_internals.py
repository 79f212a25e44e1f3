"""Dagster's private parts: used behind one door, on the version on which they were looked at."""

import ast
from importlib import import_module
from pathlib import Path

import dagster

from geo_pipeline.platform.internals import USES, VERIFIED
from tests.conftest import ROOT


def private_imports(path: Path) -> list[tuple[str, str]]:
    """Return the private modules of Dagster that a module imports, with what it takes of each."""
    return [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dagster._")
        for alias in node.names
    ]


def test_one_room_alone_knows_them() -> None:
    for package in ("geo_pipeline", "panel_app"):
        for path in (ROOT / package).rglob("*.py"):
            if "platform" not in path.parts:
                assert not private_imports(path), path


def test_each_use_says_why() -> None:
    room = (ROOT / "geo_pipeline" / "platform").glob("*.py")
    used = {module for path in room for module, _ in private_imports(path)}
    assert used == set(USES)


def test_they_are_what_they_were_when_they_were_looked_at() -> None:
    """At another version: says what is gone, then asks to look at each use anew."""
    gone = []
    for path in (ROOT / "geo_pipeline" / "platform").glob("*.py"):
        for module, name in private_imports(path):
            try:
                there = hasattr(import_module(module), name)
            except ImportError:
                there = False
            if not there:
                gone.append(f"{module}.{name} ({path.name}): {USES[module]}")
    assert not gone, "\n".join(gone)
    assert dagster.__version__ == VERIFIED, "look at each of `internals.USES`, then set VERIFIED"
