"""A record that ended is told in the past, under a band that says so; other dates stand apart."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from geo_pipeline.publishing import exports, selection
from geo_pipeline.publishing.sentences import in_past, is_past
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.territory import DEPARTEMENTS
from panel_app.data.gazetteer import Gazetteer
from panel_app.data.page_words import catalogue
from panel_app.data.pipeline_snapshot import PipelineStore
from panel_app.data.store import Publication, Store
from panel_app.pages.departement import departement_page
from panel_app.pages.departement.departement_place import Place, record
from panel_app.pages.map import map_page as page
from panel_app.pages.map import map_place
from panel_app.pages.pipeline import pipeline_sections
from panel_app.pages.ranking import ranking_page
from panel_app.serving.session import Session
from tests.app.conftest import plain, view_of

BAND = "Archive : données jusqu'au 31 décembre 2022."


@pytest.mark.parametrize("shown", ["map", "departement", "ranking", "trends", "embed"])
def test_every_page_has_the_band(
    store: Store, places: Gazetteer, tmp_path: Any, shown: str
) -> None:
    """The embedded weather ends on 31 December 2022."""
    snapshots = PipelineStore(tmp_path / "none.json")
    session = Session(store, snapshots, places, {"page": shown, "departement": "32"})
    slots = session._whole()
    assert BAND in plain(slots["band"])
    assert session._main(slots).startswith('<div data-slot="band"><p class="band">Archive')


def test_what_has_not_ended_has_no_band(publication: Publication) -> None:
    view = view_of(publication)
    assert view.ended == date(2022, 12, 31)
    maize = view_of(publication, indicator="crop_stress_pct_grain_maize_rainfed")
    assert maize.ended == view.ended  # its season ends in October, its weather does not
    assert is_past(date(2022, 12, 31), date(2023, 2, 15))
    assert not is_past(date(2022, 12, 31), date(2023, 2, 14))  # 45 days
    assert not is_past(date(2022, 12, 31), None)


@pytest.mark.parametrize(
    ("lang", "now", "then"),
    [
        ("fr", "54 départements sur 93 sont en sécheresse.", "étaient en sécheresse."),
        ("fr", "Aucun département sur 93 n'est en sécheresse.", "n'était en sécheresse."),
        ("fr", "Le sol est plus sec que 9 années sur 10", "Le sol était plus sec que 9"),
        ("fr", "12 % de l'eau demandée manque", "demandée manquait"),
        ("fr", "Le manque d'eau", "Le manque d'eau"),
        ("fr", "3 départements limitent l'usage de l'eau", "limitaient l'usage"),
        ("fr", "C'est plus sec", "C'était plus sec"),
        ("en", "54 départements of 93 are in drought.", "were in drought."),
        ("en", "12% of the water asked for is missing", "was missing"),
    ],
)
def test_verbs_are_put_into_the_past(lang: Any, now: str, then: str) -> None:
    assert then in in_past(now, lang)


def test_no_name_of_a_place_is_taken_for_a_verb() -> None:
    for name in DEPARTEMENTS:
        assert in_past(f"({name.name})", "fr") == f"({name.name})"
        assert in_past(f"({name.name})", "en") == f"({name.name})"


def test_pages_speak_of_what_is_over_in_the_past(publication: Publication) -> None:
    view = view_of(publication, period="2022-08", departement="32")
    place = Place(view, record(publication, "32"))
    said = [
        page.headline(view)["finding"],
        ranking_page.slots(view)["headline"],
        departement_page.neighbours(place)["finding"],
        departement_page.crops(place)["finding"],
    ]
    for each in map(plain, said):
        assert "était" in each or "étaient" in each or "manquai" in each, each
        assert " est " not in each, each
        assert " sont " not in each, each
    last = Place(view_of(publication, departement="05"), record(publication, "05"))
    states = [row["state"] for row in departement_page.events(last)["rows"]]
    assert "en cours" not in states
    fresh = replace(publication.matrix("swi"), published_on=date(2022, 9, 1))
    row, column = fresh.nearest(date(2022, 8, 31)), fresh.column("32")
    assert "Le sol est" in fresh.statement(row, column, "fr").body
    assert "Le sol était" in publication.matrix("swi").statement(row, column, "fr").body


def test_files_speak_of_what_is_over_in_the_past(store: Store, tmp_path: Any) -> None:
    with closing(Warehouse(store.path)) as warehouse:
        view = selection.select(warehouse, "combined", "2022-08")
        for day, band in ((date(2026, 11, 1), True), (date(2022, 9, 5), False)):
            target = exports.export_map(
                warehouse, view, "fr", tmp_path / "map.html", published_on=day
            )
            each = plain(target.read_text(encoding="utf-8"))
            assert (BAND in each) == band
            assert ("étaient en sécheresse" in each) == band
            assert ("sont en sécheresse" in each) != band


def test_restrictions_of_another_date_stand_apart(publication: Publication) -> None:
    """Those embedded are of 3 October 2026, the weather is of 2022."""
    view = view_of(publication, period="2022-08", departement="32")
    assert "Restriction d'eau" not in {each["label"] for each in map_place.figures(view, "32")}
    assert plain(map_place.apart(view, "32")) == "Crise, le 3 octobre 2026"
    assert "Restriction d'eau, à une autre date" in plain(page.slots(view)["detail"])
    tiles = departement_page.figures(Place(view, record(publication, "32")))
    assert "Restriction d'eau la plus forte" not in {each["label"] for each in tiles}
    table = plain(ranking_page.slots(view)["table"])
    assert 'data-sort="restriction"' not in table
    assert "le relevé le plus proche est du 3 octobre 2026" in table


def test_all_is_well_only_where_nothing_is_to_be_looked_at() -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def headline(*states: str) -> str:
        taken = {
            "made_at": now.isoformat(),
            "departements": [{"departement": "31", "state": each} for each in states],
            "troubles": [],
            "system": [],
            "runs": [],
            "tables": [],
            "published_at": now.isoformat(),
            "published_bytes": 1,
            "daemons": [],
        }
        return str(pipeline_sections._headline(taken, catalogue("fr"), now, now)["finding"])

    assert headline("fresh", "fresh") == catalogue("fr")("pipeline.well")
    assert headline("fresh", "warned") == "Aucune panne, mais 1 département à vérifier"
    assert "archive" in headline("fresh", "archive")
    for state in ("late", "held", "warned", "archive", "outdated"):
        assert "Tout va bien" not in headline("fresh", state)
