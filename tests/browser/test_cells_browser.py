"""Cells of the grid on the zoomed map, and the share of the area on the page of a département."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.reader import PHONE, Picture
from tests.grid_home import grid_home

pytestmark = pytest.mark.browser

ON_GERS = "zoom=9.00,420,-6350"
GERS = "[data-map=a] [data-cells-of='32']"
COLOURS = f"""() => [...document.querySelectorAll("{GERS} path[fill]")]
    .map((each) => each.getAttribute("fill")).sort()"""
COUNT = f"""() => [...document.querySelectorAll("{GERS} path[fill]")]
    .reduce((sum, each) => sum + each.getAttribute("d").split("M").length - 1, 0)"""
TOLD = """() => performance.getEntriesByType("mark").filter((mark) => mark.name === "cells")
    .map((mark) => mark.detail)"""


@pytest.fixture(scope="module")
def gridded(of_all: Path, serve: Any) -> Iterator[str]:
    """Address of the app on a home whose weather is of a grid."""
    with serve(grid_home(of_all)) as (_, address):
        yield address


def test_cells_come_with_zoom_and_follow_the_period(
    gridded: str, read: Any, picture: Picture
) -> None:
    reader = read("indicator=spi_3&period=2025-12-31", app=gridded)
    page = reader.page
    assert page.locator("[data-cells-of]").count() == 0
    assert not page.locator("[data-cells]").is_visible()
    reader.visit(f"indicator=spi_3&period=2025-12-31&{ON_GERS}")
    page.wait_for_selector(GERS)
    assert "mailles de 8 km de la grille SIM2" in reader.text("[data-cells]")
    assert page.locator("[data-cells]").is_visible()
    drawn = page.evaluate(COUNT)
    assert 100 < drawn < 160  # 6,257 km² are 98 cells of 64 km², and the borders cut some more
    at_the_end = page.evaluate(COLOURS)
    assert len(at_the_end) > 3
    assert any(colour.startswith("url") for colour in at_the_end)  # in the west, without a cell
    picture(page, "cells.png")
    # A step: the cells of before are gone at once, those of the new period come.
    with reader.answered():
        page.click("#previous")
    assert page.evaluate("() => document.documentElement.dataset.mapPainted") == "spi_3|2025-12-20"
    reader.until(lambda: page.evaluate(TOLD)[-1:] == ["spi_3|2025-12-20"])
    page.wait_for_selector(GERS)
    assert page.evaluate(COUNT) == drawn
    # An indicator without cells says so.
    reader.visit(f"indicator=precip_mm&period=2025-12-31&{ON_GERS}")
    assert "pour d'autres indicateurs" in reader.text("[data-cells]")
    assert page.locator("[data-cells-of]").count() == 0
    reader.assert_clean()


def test_the_cell_under_the_pointer_is_told_and_a_click_selects_its_departement(
    gridded: str, read: Any
) -> None:
    reader = read(f"indicator=spi_3&period=2025-12-31&{ON_GERS}", app=gridded)
    page = reader.page
    page.wait_for_selector(GERS)
    box = page.locator("[data-map=a] .land [data-code='32']").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    reader.says("#tip", "Maille :")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    reader.address_has(departement="32")
    reader.assert_clean()


def test_the_page_of_the_departement_tells_the_share_of_its_area(
    gridded: str, read: Any, picture: Picture
) -> None:
    reader = read(
        "page=departement&departement=32&indicator=spi_3&period=2025-12-31",
        app=gridded, viewport=PHONE, scheme="dark",
    )  # fmt: skip
    said = reader.text("[data-slot=area]")
    assert "% de la surface" in said
    assert "sécheresse modérée ou pire (D1)" in said
    assert "de la surface était sans classe" in said
    assert reader.overflow() == []
    picture(reader.page.locator("[data-slot=area]"), "area_dark_phone.png")
    reader.assert_clean()


def test_a_map_of_shares_is_offered(gridded: str, read: Any) -> None:
    reader = read("indicator=area_pct_spi_3_d1&period=2025-12-31", app=gridded)
    assert "Part du département en sécheresse modérée ou pire (D1)" in reader.text("h1")
    reader.assert_clean()


def test_without_a_grid_the_zoomed_map_says_so(read: Any) -> None:
    """The embedded data."""
    reader = read(f"period=2022-08&{ON_GERS}")
    reader.until(lambda: reader.page.locator("[data-cells]").is_visible())
    assert "n'est pas celle de la grille SIM2" in reader.text("[data-cells]")
    assert reader.page.locator("[data-cells-of]").count() == 0
    reader.assert_clean()
