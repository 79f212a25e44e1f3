"""What tests of the app share: a publication of all of France, and a tiny one made by hand.

They lie as `panel_app` does, by page and by room; here are those that hold across pages.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import panel as pn
import pytest

from geo_pipeline.settings import Settings
from panel_app.data.gazetteer import Gazetteer, gazetteer
from panel_app.data.indicator_matrix import Matrix, style_indices
from panel_app.data.page_view import PageView
from panel_app.data.state import from_query
from panel_app.data.store import Publication, Store
from panel_app.page_list import BY_KEY

CODES = ("01", "02", "03", "2A")


@pytest.fixture(autouse=True)
def own_cache() -> Iterator[None]:
    """The store is shared through Panel's cache: each test begins with none."""
    kept = dict(pn.state.cache)
    pn.state.cache.clear()
    yield
    pn.state.cache.clear()
    pn.state.cache.update(kept)


@pytest.fixture(scope="session")
def store(published_home: Path) -> Store:
    return Store(Settings(home=published_home).warehouse)


@pytest.fixture(scope="session")
def places() -> Gazetteer:
    return gazetteer(Settings().embedded_data / "communes.parquet")


@pytest.fixture(scope="session")
def publication(store: Store) -> Publication:
    return store.publication()


def by_hand(
    indicator: str,
    values: list[list[float]],
    classes: list[list[str | None]],
    periods: tuple[date, ...],
) -> Matrix:
    """Four départements of 100, 200, 300 and 400 km²."""
    value = np.array(values, dtype=float)
    drought_class = np.array(classes, dtype=object)
    return Matrix(
        indicator=indicator,
        periods=periods,
        codes=CODES,
        names=("Ain", "Aisne", "Allier", "Corse-du-Sud"),
        area_km2=np.array([100.0, 200.0, 300.0, 400.0]),
        value=value,
        percentile=np.where(np.isnan(value), np.nan, 50.0),
        reference_years=np.full(value.shape, 12.0),
        reference_period=np.full(value.shape, "2010-2022", dtype=object),
        drought_class=drought_class,
        style=style_indices(indicator, value, drought_class),
    )


@pytest.fixture
def drought() -> Matrix:
    """SPI of three dekads: the last of January, the first of February, then (a hole) April."""
    nan = float("nan")
    return by_hand(
        "spi_3",
        [[-2.1, -1.0, 0.0, nan], [-2.2, -0.9, 0.1, nan], [-1.4, -0.9, 1.2, 0.0]],
        [["D4", "D1", "normal", None], ["D4", "D1", "normal", None], ["D2", "D1", "W0", "normal"]],
        (date(2020, 1, 31), date(2020, 2, 10), date(2020, 4, 30)),
    )


def view_of(publication: Publication, **query: str) -> PageView:
    """The view that an address opens; `with_` stands for the parameter `with`."""
    asked = {name.rstrip("_"): value for name, value in query.items()}
    state, notices = from_query(
        asked, tuple(BY_KEY), publication.indicators, tuple(publication.crop_areas)
    )
    assert notices == []
    return PageView(publication, state)


def plain(html: str) -> str:
    """Text with plain spaces."""
    return str(html).replace("\u00a0", " ").replace("\u202f", " ").replace("&#39;", "'")
