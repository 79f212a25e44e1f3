"""Figures on drought beside a map are of that map, and count the crops that stand at its date."""

from contextlib import closing
from datetime import date

import numpy as np

from geo_pipeline.publishing.bulletin import issues
from geo_pipeline.publishing.bulletin.places import places
from geo_pipeline.publishing.bulletin.records import Records
from geo_pipeline.publishing.legend import IN_DROUGHT
from geo_pipeline.storage.warehouse import Warehouse
from panel_app.data import crop_exposure
from panel_app.data.page_view import hectares
from panel_app.data.store import Publication, Store
from panel_app.pages.departement import departement_page
from panel_app.pages.departement.departement_place import Place, record
from panel_app.pages.map import map_page as page
from panel_app.pages.map import map_place
from panel_app.pages.ranking import ranked_departements, ranking_table
from tests.app.conftest import plain, view_of

MAIZE = ("grain_maize_irrigated", "grain_maize_rainfed")


def by_hand(publication: Publication, indicator: str, day: date) -> tuple[float, float]:
    """The latest known area of each maize: all of it, and that in D1 or worse."""
    matrix = publication.matrix(indicator)
    row = matrix.periods.index(day)
    total = dry = 0.0
    for column, code in enumerate(publication.codes):
        rows = publication.crops(code)
        rows = rows[rows["area_ha"].notna() & (rows["year"] <= day.year)]
        latest = rows[rows["crop"].isin(MAIZE)].sort_values("year").groupby("crop").tail(1)
        drought_class = matrix.drought_class[row, column]
        if drought_class is not None:
            total += latest["area_ha"].sum()
            dry += latest["area_ha"].sum() * (drought_class in IN_DROUGHT)
    return total, dry


def test_the_areas_are_of_the_map_shown_and_of_what_stands(publication: Publication) -> None:
    """On 31 August 2022 wheat is harvested, and SPI-3 has 17 départements in drought."""
    said = {}
    for indicator in ("spi_3", "combined"):
        view = view_of(publication, indicator=indicator, period="2022-08")
        total, dry = by_hand(publication, indicator, view.period_end)
        beside = page.france(view)["exposed"]
        assert beside["value"] == hectares(dry, "fr")
        assert plain(beside["note"]) == plain(
            f"d'après « {view.indicator.name('fr')} » ; maïs grain irrigué et "
            "maïs grain non irrigué, sur "
            f"{hectares(total, 'fr')} connus (surfaces de 2011-2022)"
        )
        assert np.nansum(ranked_departements.rank_departements(view).crops) == dry
        notes = " ".join(ranking_table.notes(view, True))
        assert view.indicator.name("fr") in notes
        assert "blé" not in notes
        said[indicator] = dry
    assert said["spi_3"] == 284348
    assert said["combined"] == 1203416


def test_wheat_counts_until_its_harvest(publication: Publication) -> None:
    """Of the Gers: 78,485 ha of wheat, 26,070 of irrigated maize (2022), 13,262 of other (2013)."""
    column = publication.codes.index("32")
    known = {"2022-04-10": 78485, "2022-07-10": 117817, "2022-07-20": 39332, "2022-10-10": 0}
    for day, area in known.items():
        assert crop_exposure.exposure(view_of(publication, period=day)).area[column] == area, day
    autumn = view_of(publication, period="2022-10-10")
    assert page.france(autumn)["exposed"] is None


def test_a_departement_is_told_of_the_map_shown(publication: Publication) -> None:
    """Gard in August 2022: by its rain of three months, and by the drought where that has none."""
    for indicator, named in (("spi_3", "Pluie sur 3 mois"), ("precip_mm", "Sécheresse agricole")):
        view = view_of(publication, indicator=indicator, period="2022-08", departement="30")
        dry = view.drought.drought_class[view.drought.periods.index(view.period_end)]
        around = [publication.codes.index(each) for each in publication.neighbours["30"]]
        known = [dry[each] in IN_DROUGHT for each in around if dry[each] is not None]
        figures = {each["label"]: each for each in map_place.figures(view, "30")}
        figure = figures["Voisins en sécheresse"]
        assert figure["value"] == f"{sum(known)}/{len(known)}"
        assert named in figure["note"]
        assert map_place.drivers(view, "30") == []
    told = view_of(publication, period="2022-08", departement="32")
    assert map_place.drivers(told, "32")
    figures = {
        each["label"]: each
        for each in departement_page.figures(Place(told, record(publication, "32")))
    }
    figure = figures["Cultures sur pied en zone de sécheresse"]
    assert plain(figure["value"]) == "39 300 ha"
    assert "maïs grain irrigué" in figure["note"]
    assert "blé" not in figure["note"]


def test_a_crop_that_is_weighed_after_its_harvest_is_said_to_be_gone(
    publication: Publication,
) -> None:
    def note(crop: str) -> str:
        return str(page.legend(view_of(publication, period="2022-08", crop=crop))["crop_note"])

    assert "elle n'était pas sur pied" in note("soft_wheat")
    assert "pas sur pied" not in note("grain_maize_irrigated")


def test_the_bulletin_counts_what_stands(store: Store, publication: Publication) -> None:
    """What is published (of past dekads: `tests/unit/publishing/test_bulletin.py`)."""
    newest = date(2022, 12, 31)
    with closing(Warehouse(store.path)) as warehouse:
        document = issues.document(Records(warehouse), places()["FR"], newest, "fr")
        said = " ".join(plain(each.text) for each in document.sentences)
        rows = warehouse.table("exposure").merge(
            warehouse.table("drought_indicators").query("indicator == 'combined'"),
            on=["departement", "period_end"],
        )
    rows = rows[rows["period_end"] == str(newest)]
    dry = rows.loc[rows["drought_class"].isin(["D1", "D2", "D3", "D4"]), "area_ha"].sum()
    told = f"{round(dry, -2):,.0f}".replace(",", " ")
    assert f"En France, {told} ha de cultures sur pied sont dans un département" in said
