"""The pages without a browser: what is built once, and what a step of the period sends."""

import itertools
from datetime import date
from pathlib import Path

import numpy as np
import panel as pn
import pytest
from bokeh.document import Document
from bokeh.document.events import (
    ColumnDataChangedEvent,
    ColumnsPatchedEvent,
    DocumentPatchedEvent,
    ModelChangedEvent,
)

from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.publishing import look
from panel_app import charts
from panel_app.app import build
from panel_app.i18n import catalogue
from panel_app.pages.map import MapPage
from panel_app.pages.waiting import WaitingPage
from panel_app.state import from_query
from panel_app.store import Publication, Store


def page_of(store: Store, publication: Publication, **query: str) -> MapPage:
    state, notices = from_query(query, publication.indicators)
    return MapPage(store, publication, state, notices)


def test_all_101_departements_are_painted_in_the_colours_of_their_class(
    store: Store, publication: Publication
) -> None:
    page = page_of(store, publication, indicator="spi_6", period="2022-08")
    land = page._map.land.data
    assert len(set(land["code"])) == 101
    gers = land["code"].index("32")
    moderate = next(style for style in look.DROUGHT_CLASSES if style.code == "D1")
    assert land["fill"][gers] == moderate.colour
    assert land["fill"][land["code"].index("75")] == look.NO_DATA.colour
    assert land["head"][gers] == "Sécheresse modérée"
    assert "82" in land["body"][gers]
    hatched = sum(colour == look.NO_DATA.colour for colour in land["fill"])
    assert len(page._map.missing.data["xs"]) == hatched


def test_a_step_of_the_period_sends_colours_and_no_shapes(
    store: Store, publication: Publication
) -> None:
    page = page_of(store, publication, period="2022-08")
    document = Document()
    document.add_root(page._map.figure)
    sent: list[DocumentPatchedEvent] = []
    document.on_change(sent.append)
    page._row += 1
    page._paint()
    patches = [event for event in sent if isinstance(event, ColumnsPatchedEvent)]
    assert {name for event in patches for name in event.patches} == {"fill", "border"}
    assert not [
        event
        for event in sent
        if isinstance(event, ModelChangedEvent | ColumnDataChangedEvent) and event.attr == "data"
    ]


def test_moving_selecting_and_changing_the_indicator(
    store: Store, publication: Publication
) -> None:
    page = page_of(store, publication, period="2022-08")
    page._map.land.selected.indices = [page._map.codes.index("32")]
    assert page.state.departement == "32"
    assert page._departement.value == "32"
    assert "Gers" in page._said["head"]
    assert len(page._map.outline.data["xs"]) == 1
    page._cursor.value = page._row - 1
    assert page.state.period == date(2022, 7, 31)
    assert "Juillet 2022" in page._said["headline"]
    page._indicator.value = "precip_mm"
    assert page.state.indicator == "precip_mm"
    assert page.shown.period_end == date(2022, 7, 31)
    page._indicator.value = "water_restrictions"
    assert page.shown.period_end.year == 2026
    assert "juillet 2022" in page._said["notice"]
    page._indicator.value = "combined"
    assert page.shown.period_end == date(2022, 7, 31)
    assert "Gers" in page._said["head"]
    page._map.land.selected.indices = []
    assert page.state.departement == ""
    assert "France" in page._said["head"]


def test_only_what_changed_is_said_again(store: Store, publication: Publication) -> None:
    page = page_of(store, publication, period="2022-08")
    page._show_words()
    page._texts.data = {"slot": [], "html": []}
    page._show_words()
    assert page._texts.data["slot"] == []
    page._map.land.selected.indices = [0]
    assert "headline" not in page._texts.data["slot"]
    assert "head" in page._texts.data["slot"]


def test_two_sessions_do_not_know_each_other(store: Store, publication: Publication) -> None:
    one = page_of(store, publication, period="2022-08")
    other = page_of(store, publication, period="2011-06")
    one._map.land.selected.indices = [3]
    one._cursor.value = 5
    assert other.state.departement == ""
    assert other.shown.period_end == date(2011, 6, 30)


def test_the_neighbourhood_of_paris_is_drawn_twice(store: Store, publication: Publication) -> None:
    page = page_of(store, publication, departement="75")
    assert len(page._map.land.data["code"]) == 105
    assert len(page._map.outline.data["xs"]) == 2


def test_every_indicator_opens(store: Store, publication: Publication) -> None:
    # Each once, the places in turn: a page takes a quarter of a second to build.
    for indicator, code in zip(publication.indicators, itertools.cycle(("", "32", "75"))):
        page = page_of(store, publication, indicator=indicator, departement=code)
        assert page._said["headline"]


def test_without_a_publication_the_page_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(tmp_path))
    assert isinstance(build(), pn.Template)
    store = Store(tmp_path / "published" / "drought.duckdb")
    page = WaitingPage(store, catalogue("fr"), NotPublishedError("nothing"))
    assert "just run" in page.html()
    assert str(store.path) in page.html()
    assert not page.ready()
    store.path.parent.mkdir()
    store.path.write_bytes(b"x")
    assert page.ready()


def test_a_damaged_publication_says_so_and_waits_for_another(tmp_path: Path) -> None:
    path = tmp_path / "drought.duckdb"
    path.write_bytes(b"<b>not a database" * 99)
    store = Store(path)
    with pytest.raises(StorageError) as caught:
        store.publication()
    page = WaitingPage(store, catalogue("en"), caught.value)
    assert "cannot be read" in page.html()
    assert not page.ready()
    path.write_bytes(b"another")
    assert page.ready()


def test_the_app_opens_on_a_publication(
    published_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(published_home))
    template = build()
    assert template.title == "Sécheresse agricole en France"
    assert any(isinstance(each, Store) for each in pn.state.cache.values())


def test_stages_are_bars_of_one_height(publication: Publication) -> None:
    matrix = publication.matrix("cdi")
    column = matrix.column("32")
    drawn = charts.heights(matrix, column)
    assert set(np.unique(drawn[~np.isnan(drawn)])) == {0.0, 1.0}
    stages = matrix.drought_class[:, column]
    assert ((drawn == 1.0) == [stage not in (None, "normal") for stage in stages]).all()
