"""docs/extending.md: the files that each example names are all that there are."""

import re

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def files_of(title: str) -> list[str]:
    """Return the files that the table of a section names."""
    section = PAGE.partition(f"## {title}")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


def naming(text: str) -> set[str]:
    """Return the modules and scripts of the project that hold `text`."""
    return {
        path.relative_to(ROOT).as_posix()
        for room in ("geo_pipeline", "panel_app")
        for path in (ROOT / room).rglob("*")
        if path.suffix in (".py", ".sql", ".js", ".j2", ".toml", ".css")
        and text in path.read_text(encoding="utf-8")
    }


@pytest.mark.parametrize("title", re.findall(r"^## (An? [^\n]+)$", PAGE, re.MULTILINE))
def test_the_files_of_an_example_are_there(title: str) -> None:
    files = files_of(title)
    assert files
    for file in files:
        assert (ROOT / file).exists(), file


def test_an_indicator_is_three_modules_a_test_and_a_line_of_docs() -> None:
    files = files_of("An indicator: flash drought")
    code = {file for file in files if file.startswith(("geo_pipeline/", "panel_app/"))}
    assert len(code) == 3
    assert len(files) == 5
    assert naming("swi_change") == {"geo_pipeline/catalogue/indicators.py"}
    assert naming("standardised_change") == code - naming("swi_change")


def test_a_table_is_at_most_six_modules() -> None:
    assert len(files_of("A table: groundwater")) <= 6


def test_a_table_has_its_words_in_its_record() -> None:
    assert naming('"Nappes", "Groundwater"') == {"geo_pipeline/tables.py"}
    # The page of data has a sentence on it in French; a table without one is told in English.
    said = {f"panel_app/pages/data/{lang}.toml" for lang in ("fr", "en")}
    assert naming('\ngroundwater = "') <= said


def test_a_source_is_a_module_a_record_and_its_address() -> None:
    files = files_of("A source: NASA POWER")
    code = {file for file in files if file.startswith(("geo_pipeline/", "panel_app/"))}
    assert len(code) == 3
    assert len(files) == 6
    assert naming("nasa-power") | naming("nasa_power") == code


def test_a_page_is_a_folder_and_a_line() -> None:
    files = files_of("A page: droughts on record")
    code = [file for file in files if file.startswith(("geo_pipeline/", "panel_app/"))]
    assert code == ["panel_app/pages/droughts", "panel_app/page_list.py"]
    assert len(files) == 4
    folder, line = code
    outside = {file for file in naming("droughts_page") if not file.startswith(f"{folder}/")}
    assert outside == {line}
