"""Pages on paper, as Chromium prints them: read back from the PDF."""

import io
from pathlib import Path
from typing import Any

import pypdf
import pytest

from tests.browser.reader import Reader

A4 = (595, 842)
"""Width and height in points."""


def printed(reader: Reader, path: Path | None = None) -> list[pypdf.PageObject]:
    """Return the sheets that the browser's own dialogue would print."""
    pdf = reader.page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    return list(pypdf.PdfReader(io.BytesIO(pdf)).pages)


def said(sheet: pypdf.PageObject) -> str:
    return " ".join(sheet.extract_text().split())


def size(sheet: pypdf.PageObject) -> tuple[int, int]:
    return round(float(sheet.mediabox.width)), round(float(sheet.mediabox.height))


@pytest.mark.parametrize("departement", ["32", "51", "69", "2B"])
def test_a_departement_is_two_sheets(read: Any, artefacts: Path, departement: str) -> None:
    reader = read(f"page=departement&departement={departement}&period=2022-08-20")
    sheets = printed(reader, artefacts / f"departement_{departement}.pdf")
    assert [size(sheet) for sheet in sheets] == [A4, A4]
    assert "Ce qui peut venir" in said(sheets[0])
    assert "D'où viennent ces chiffres" in said(sheets[1])
    reader.assert_clean()


def test_all_columns_of_the_ranking_are_on_landscape_sheets(read: Any, artefacts: Path) -> None:
    reader = read("page=ranking&period=2022-08-20")
    sheets = printed(reader, artefacts / "ranking.pdf")
    assert {size(sheet) for sheet in sheets} == {A4[::-1]}
    assert len(sheets) == 3
    for sheet in sheets:
        for head in ("Rang", "Département", "Classe", "Note sur 100", "Depuis un an", "Région"):
            assert head in said(sheet)
    assert "Provence-Alpes-Côte d'Azur" in said(sheets[0])
    assert "Mayotte" in said(sheets[2])
    assert "▲ plus sec" in said(sheets[2])
    reader.page.set_viewport_size({"width": 1032, "height": 688})  # a sheet less its margins
    reader.page.emulate_media(media="print")
    right = "(cells) => Math.max(...cells.map((each) => each.getBoundingClientRect().right))"
    assert reader.page.eval_on_selector_all("#ranking-table :is(th, td)", right) <= 1032
    reader.assert_clean()


@pytest.mark.parametrize(
    ("query", "most"),
    [
        ("period=2022-08", 2),
        ("period=2022-08&departement=32", 2),
        ("page=ranking&level=region", 2),
        ("page=ranking&places=32,31,33,40,47", 7),
        ("page=droughts", 2),
        ("page=trends&departement=32", 5),
        ("page=about", 10),
    ],
)
def test_each_sheet_has_address_and_number_and_none_is_empty(
    read: Any, query: str, most: int
) -> None:
    reader = read(query)
    sheets = printed(reader)
    assert len(sheets) <= most
    address = reader.page.url.replace(" ", "")
    for number, sheet in enumerate(sheets, 1):
        text = sheet.extract_text()
        assert address in "".join(text.split())
        assert f"{number} / {len(sheets)}" in text
        assert len(text) > len(address) + 60, number
    reader.assert_clean()


def test_the_address_on_paper_is_that_of_the_view(read: Any) -> None:
    """Not the one that was opened, after a step to another département."""
    reader = read("page=departement&departement=32")
    reader.page.click(".place-walk a:has-text('Gironde')")
    reader.address_has(departement="33")
    assert "departement=33" in "".join(said(printed(reader)[0]).split())
    reader.assert_clean()


def test_dark_mode_prints_light_and_legends_in_one_piece(read: Any) -> None:
    reader = read("period=2022-08", scheme="dark")
    dark = reader.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    reader.page.emulate_media(media="print")
    light = reader.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (dark, light) != (light, dark)
    assert light == "rgb(255, 255, 255)"
    reader.page.emulate_media(media="screen")
    sheets = printed(reader)
    holding = [sheet for sheet in sheets if "Exceptionnelle" in said(sheet)]
    assert len(holding) == 1
    assert "Extrêmement humide" in said(holding[0])
    reader.assert_clean()


def test_wet_classes_are_striped_on_paper(read: Any) -> None:
    """In grey, very wet and severe drought would be alike."""
    reader = read("period=2021-07")
    fill = """() => [...document.querySelectorAll('[data-map="a"] .land use[fill="#67a9cf"]')]
        .map((each) => getComputedStyle(each).fill)"""
    assert set(reader.page.evaluate(fill)) == {"rgb(103, 169, 207)"}
    reader.page.emulate_media(media="print")
    assert all("paper-W1" in each for each in reader.page.evaluate(fill))
