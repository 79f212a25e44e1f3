"""How much of a département is in each class: shares by hand, in words and as a chart."""

from pathlib import Path

import pandas as pd
import pytest

from geo_pipeline.settings import Settings
from panel_app.data.store import Publication, Store
from panel_app.pages.departement import departement_page
from panel_app.pages.departement.departement_area import COLUMNS, UNKNOWN, at_least, sentence
from panel_app.pages.departement.departement_place import Place, record
from tests.app.conftest import plain, view_of
from tests.grid_home import grid_home


@pytest.fixture(scope="module")
def gridded(of_all: Path) -> Publication:
    return Store(Settings(home=grid_home(of_all)).warehouse).publication()


def place(gridded: Publication, lang: str = "fr", code: str = "32") -> Place:
    asked = {"departement": code, "indicator": "spi_3", "period": "2025-12-31", "lang": lang}
    return Place(view_of(gridded, page="departement", **asked), record(gridded, code))


def shares(**known: float) -> "pd.Series[float]":
    """Return a row of these shares; the rest is normal."""
    row = pd.Series(dict.fromkeys([*COLUMNS, UNKNOWN], 0.0) | known)
    row["normal_pct"] = 100.0 - row.drop("normal_pct").sum()
    return row


ROW = shares(d4_pct=10, d3_pct=10, d2_pct=5, d1_pct=15, unknown_pct=20)
"""Of the 80 % that are known, 40 are in drought: 50 %; 25 gravely: 31.25 %; 20 extremely: 25 %."""


def test_shares_are_of_what_is_known() -> None:
    assert [at_least(ROW, code) for code in ("D1", "D2", "D3")] == [50.0, 31.25, 25.0]
    assert at_least(shares(unknown_pct=100), "D1") == 0.0


def test_the_sentence_tells_classes_and_what_is_unknown(gridded: Publication) -> None:
    said = plain(sentence(place(gridded), ROW))
    assert said == (
        "50 % de la surface était en sécheresse modérée ou pire (D1), 31 % en sécheresse grave ou "
        "pire (D2), 25 % en sécheresse extrême ou pire (D3). 20 % de la surface était sans classe."
    )
    said = plain(sentence(place(gridded, "en"), shares(d1_pct=30)))
    assert said == "30% of the area was in moderate drought or worse (D1)."


def test_no_drought_and_too_much_unknown_are_told(gridded: Publication) -> None:
    said = plain(sentence(place(gridded), shares()))
    assert said == "Aucune partie du département n'était en sécheresse (D1 ou pire)."
    said = plain(sentence(place(gridded), shares(d4_pct=40, unknown_pct=60)))
    assert said == "60 % de la surface était sans classe."


def test_the_page_has_the_shares_of_three_years(gridded: Publication) -> None:
    slots = departement_page.slots(place(gridded).view)
    rows = slots["area"].count('<tr><th scope="row">')
    assert rows == 108
    assert "Pluie sur 3 mois, part de la surface par classe" in plain(slots["area"])
    # One without cells, and a publication without any.
    assert departement_page.slots(place(gridded, code="31").view)["area"] == ""


def test_without_a_grid_there_is_no_such_section(publication: Publication) -> None:
    view = view_of(publication, page="departement", departement="32")
    assert departement_page.slots(view)["area"] == ""
