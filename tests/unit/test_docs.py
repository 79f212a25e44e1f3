"""Documents that must stay true to the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from geo_pipeline.tables import dictionary
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


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_pictures_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (document.parent / target).exists(), f"{document.name} points to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_recipes_and_commands_exist(document: Path) -> None:
    """Each `just x` and `geo-pipeline x` that a document names is there to be typed."""
    text = document.read_text(encoding="utf-8")
    recipes = re.findall(
        r"^([a-z][a-z-]*)(?: [^\n]*)?:(?!=)", (ROOT / "justfile").read_text(), re.M
    )
    for name in re.findall(r"`just ([a-z-]+)", text) + re.findall(
        r"^\s*just ([a-z-]+)", text, re.M
    ):
        assert name in recipes, f"{document.name}: just {name}"
    shown = subprocess.run(
        [sys.executable, "-m", "geo_pipeline", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for name in re.findall(r"geo-pipeline ([a-z]+)", text):
        assert re.search(rf"^\W*{name}\b", shown, re.M), f"{document.name}: geo-pipeline {name}"
