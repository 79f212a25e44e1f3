"""Places of cells in the drawing, and what a page that asks for cells is sent."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from geo_pipeline.settings import Settings
from panel_app.data.store import Publication, Store
from panel_app.drawing.cells import cells, grids
from tests.grid_home import grid_home

pytestmark = pytest.mark.slow

AT = "spi_3|2025-12-31"


@pytest.fixture(scope="module")
def gridded(of_all: Path) -> Publication:
    return Store(Settings(home=grid_home(of_all)).warehouse).publication()


def test_cells_are_drawn_where_they_are(gridded: Publication) -> None:
    """Within 50 m of what pyproj makes of their corners; the drawing is to 100 m."""
    grid = grids(gridded)["32"]
    a, b, c, d, e, f = grid["to"]
    column, row = np.array(grid["at"]).reshape(-1, 2).T - 0.5
    table = gridded.grid_cells
    corners = gpd.points_from_xy(
        100 * table["x_hm"] - 4000, 100 * table["y_hm"] - 4000, crs="EPSG:27572"
    ).to_crs(2154)
    assert a * column + c * row + e == pytest.approx(corners.x / 1e3, abs=0.05)
    assert -(b * column + d * row + f) == pytest.approx(corners.y / 1e3, abs=0.05)


def test_what_is_sent_is_small_and_of_those_asked_for(gridded: Publication) -> None:
    told = cells(gridded, {"cells": "32,31", "grids": "32,31", "of": AT})
    sent = json.loads(told)
    assert sent["of"] == AT
    assert sent["classes"]["31"] == ""
    assert len(sent["classes"]["32"]) == len(gridded.grid_cells)
    assert set(sent["classes"]["32"]) <= set("012345678~")
    assert set(sent["grids"]) == {"32"}
    assert len(told) < 1200
    again = cells(gridded, {"cells": "32", "grids": "", "of": AT})
    assert len(again) < 250


@pytest.mark.parametrize(
    "of", ["precip_mm|2025-12-31", "spi_3|soon", "spi_3", "", "spi_3|2025-12-31'--"]
)
def test_what_is_not_published_is_not_sent(gridded: Publication, of: str) -> None:
    assert cells(gridded, {"cells": "32", "of": of}) == ""


def test_unknown_places_and_periods_have_no_cells(gridded: Publication) -> None:
    told = cells(gridded, {"cells": "32,99,<b>", "grids": "99", "of": "spi_3|1999-12-31"})
    assert json.loads(told) == {"of": "spi_3|1999-12-31", "classes": {"32": ""}, "grids": {}}


def test_without_a_grid_there_is_nothing(publication: Publication) -> None:
    assert publication.cell_indicators == frozenset()
    assert cells(publication, {"cells": "32", "of": AT}) == ""
    assert grids(publication) == {}
