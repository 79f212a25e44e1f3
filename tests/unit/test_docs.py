"""Documents that must stay true to the code."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from geo_pipeline.table_rows import dictionary
from tools import documents

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_data_dictionary_is_that_of_the_tables() -> None:
    written = (ROOT / "docs" / "data_dictionary.md").read_text(encoding="utf-8")
    assert written == dictionary(), "run `just docs`"


def test_the_list_of_indicators_is_that_of_the_code() -> None:
    assert documents.PAGE.read_text(encoding="utf-8") == documents.page(), "run `just docs`"


def test_the_page_of_settings_is_that_of_the_code() -> None:
    written = documents.SETTINGS.read_text(encoding="utf-8")
    assert written == documents.settings_page(), "run `just docs`"


def test_version_licence_and_words_are_the_same_wherever_they_are_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.findall(
        r"^## (\S+?),? ", (ROOT / "docs/changelog.md").read_text(encoding="utf-8"), re.M
    )
    assert cited["version"] == project["version"] == newest[0]
    assert cited["license"] == project["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert set(cited["keywords"]) <= set(project["keywords"])
    assert [each["name"] for each in cited["authors"]] == [
        each["name"] for each in project["authors"]
    ]


def test_links_and_pictures_exist() -> None:
    missing = [
        f"{document.name} points to {target}"
        for document in DOCUMENTS
        for target in re.findall(
            r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")
        )
        if not target.startswith(("http:", "https:", "mailto:"))
        and not (document.parent / target).exists()
    ]
    assert not missing


def test_modules_and_queries_that_are_named_exist() -> None:
    """`spatial/grid.py`, `crops.py`, `sql/sim2_weights.sql`: the end of a path in the project."""
    paths = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    named = {
        (document.name, name)
        for document in DOCUMENTS
        for name in re.findall(r"`([\w./]+\.(?:py|sql|js|css))`", document.read_text("utf-8"))
    }
    assert named
    ends = {
        "/".join(parts[i:]) for parts in (p.split("/") for p in paths) for i in range(len(parts))
    }
    assert not {each for each in named if each[1] not in ends}


def test_tests_that_are_named_exist() -> None:
    """`tests/unit/test_x.py::test_y`."""
    missing = [
        f"{document.name}: {path}::{name}"
        for document in DOCUMENTS
        for path, name in re.findall(
            r"`(tests/[\w/]+\.py)(?:::(\w+))?`", document.read_text("utf-8")
        )
        if not (ROOT / path).is_file() or f"def {name}" not in (ROOT / path).read_text("utf-8")
    ]
    assert not missing


def test_recipes_and_commands_exist() -> None:
    """Each `just x` and `geo-pipeline x` that a document names is there to be typed."""
    recipes = re.findall(
        r"^([a-z][a-z-]*)(?: [^\n]*)?:(?!=)", (ROOT / "justfile").read_text(), re.M
    )
    shown = subprocess.run(
        [sys.executable, "-m", "geo_pipeline", "--help"], capture_output=True, text=True, check=True
    ).stdout
    missing = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        named = re.findall(r"`just ([a-z-]+)", text) + re.findall(r"^\s*just ([a-z-]+)", text, re.M)
        missing += [f"{document.name}: just {name}" for name in named if name not in recipes]
        missing += [
            f"{document.name}: geo-pipeline {name}"
            for name in re.findall(r"geo-pipeline ([a-z]+)", text)
            if not re.search(rf"^\W*{name}\b", shown, re.M)
        ]
    assert not missing
