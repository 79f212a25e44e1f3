"""Sentences to quote, and the days of a year in each class."""

from datetime import date

import pytest

from panel_app.data.store import Publication
from panel_app.pages.map.map_quotes import (
    cited,
    days_in_classes,
    france_quote,
    place_quote,
    year_in_classes,
)
from tests.app.conftest import plain, view_of


def test_a_quote_of_france_is_complete_by_itself(publication: Publication) -> None:
    """64 of 92 départements in August 2022, by the published table."""
    view = view_of(publication, period="2022-08-31")
    said = plain(france_quote(view))
    assert said.startswith("3e décade d'août 2022 : 64 des 92 départements suivis étaient en")
    assert "soit" in said
    assert "Un an plus tôt" in said
    assert plain(cited(view)) == "Sécheresse agricole en France, d'après AgERA5."
    assert france_quote(view_of(publication, indicator="precip_mm", period="2022-08")) == ""


def test_a_quote_of_a_place_names_it_and_its_period(publication: Publication) -> None:
    said = plain(place_quote(view_of(publication, period="2022-08-31", departement="32")))
    assert said.startswith("Gers, Sécheresse agricole, 3e décade d'août 2022 : sécheresse grave")
    assert place_quote(view_of(publication, period="2022-08-31", departement="974")) == ""


def test_days_of_a_year_in_classes_are_those_of_its_dekads(publication: Publication) -> None:
    """Counted dekad by dekad from the published classes: 10, 10 and the rest of each month."""
    matrix = publication.matrix("combined")
    row, column = matrix.nearest(date(2022, 8, 31)), matrix.column("32")
    expected: dict[str, int] = {}
    for each, end in enumerate(matrix.periods[: row + 1]):
        if end > date(2021, 8, 31):
            days = 10 if end.day in (10, 20) else end.day - 20
            code = matrix.drought_class[each, column]
            expected[code] = expected.get(code, 0) + days
    spent = {style.code: days for style, days in days_in_classes(matrix, row, column) if days}
    assert spent == expected
    assert sum(spent.values()) == 365


def test_a_year_with_a_hole_says_how_much_is_known(publication: Publication) -> None:
    view = view_of(publication, period="2015-08-31", departement="32")
    told = year_in_classes(view)
    assert told is not None
    known, *words = plain(told["note"]).split()
    assert " ".join(words) == "jours connus sur un an."
    drawn = sum(float(part["width"]) for part in told["parts"])
    assert drawn == pytest.approx(100 * int(known) / 365, abs=0.05)
    assert drawn < 50  # nothing of 2014 is known, and the first months after it look back on it
    assert year_in_classes(view_of(publication, indicator="precip_mm", departement="32")) is None
