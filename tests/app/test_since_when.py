"""One drought, one answer to since when: headline, tile, table, ranking and bulletin."""

import re
from contextlib import closing
from datetime import date
from html import unescape

import numpy as np
import pytest

from geo_pipeline import dekads
from geo_pipeline.publishing.bulletin import issues
from geo_pipeline.publishing.bulletin.places import places
from geo_pipeline.publishing.bulletin.records import Records
from geo_pipeline.publishing.formats import format_period
from geo_pipeline.publishing.legend import IN_DROUGHT
from geo_pipeline.storage.warehouse import Warehouse
from panel_app.data.indicator_matrix import Matrix
from panel_app.data.store import Publication, Store
from panel_app.pages.departement import departement_page as page
from panel_app.pages.departement.departement_place import Place, record
from panel_app.pages.map import map_place
from panel_app.pages.ranking import ranked_departements, ranking_page
from tests.app.conftest import by_hand, plain, view_of

DAYS = (date(2022, 8, 10), date(2011, 5, 20), date(2019, 9, 10))


def droughts_on(publication: Publication, day: date) -> dict[str, tuple[str, int]]:
    """What the table of droughts has under way: the first dekad in words, and how many so far."""
    found = {}
    for code in publication.codes:
        table = record(publication, code).events
        for first, last in zip(table["first_dekad"], table["last_dekad"], strict=True):
            if first.date() <= day <= last.date():
                years = 36 * (day.year - first.year)
                count = years + dekads.of_year(day) - dekads.of_year(first) + 1
                found[code] = format_period(first.date(), "dekad"), count
    return found


@pytest.mark.parametrize("day", DAYS)
def test_all_places_tell_the_same_drought(publication: Publication, day: date) -> None:
    """The table of droughts is the witness: what it has under way is told everywhere else."""
    events = droughts_on(publication, day)
    assert len(events) >= 10
    france = view_of(publication, period=day.isoformat())
    ages = ranked_departements.rank_departements(france).age
    ranked = ranking_page.slots(france)["table"]
    row = r'title="([^"]*)">\d+</td>(?:(?!</tr>).)*<td>(\w+)</td>'
    titles = {code: plain(unescape(said)) for said, code in re.findall(row, ranked)}
    assert titles.keys() == events.keys()
    for column, code in enumerate(publication.codes):
        view = view_of(publication, period=day.isoformat(), departement=code)
        place = Place(view, record(publication, code))
        if place.row is None:
            assert code not in events
            continue
        verdict = plain(page.head(place)["verdict"]["said"])
        tile = {each["label"]: plain(each["value"]) for each in page.figures(place)}
        now = [each for each in page.events(place)["rows"] if each["now"]]
        beside = plain(map_place.since(view, column))
        if code not in events:
            assert ages[column] == 0 or np.isnan(ages[column])
            assert (now, beside) == ([], "")
            assert tile.get("Durée de la sécheresse", "aucune") == "aucune"
            assert "en sécheresse depuis" not in verdict
            assert view.matrix.drought_class[view.row, column] not in IN_DROUGHT
            continue
        first, count = events[code]
        assert ages[column] == count
        assert (
            tile["Durée de la sécheresse"]
            == f"{10 * count} jours ({count} décade{'s' * (count > 1)})"
        )
        assert [each["first"] for each in now] == [first]
        for said in (verdict, beside, titles[code]):
            length = f"{10 * count} jours ({count} décades)"
            assert (first in said and length in said) or count == 1, (code, said)


def test_the_newest_bulletin_tells_the_same_drought(store: Store, publication: Publication) -> None:
    day = publication.bulletin_days[-1]
    events = droughts_on(publication, day)
    dry = [code for code, (_, count) in events.items() if count > 1][:10]
    with closing(Warehouse(store.path)) as warehouse:
        records = Records(warehouse)
        for code in dry:
            first, count = events[code]
            document = issues.document(records, places()[code], day, "fr")
            said = " ".join(plain(each.text) for each in document.lead)
            assert f"{first}, " in said
            assert f"{10 * count} jours ({count} décades)" in said


def test_a_drought_starts_where_its_class_does_and_ends_at_the_mean() -> None:
    """Of one place: normal, D1, D0 below the mean, normal below it, above it; then a hole, D2."""
    days = [date(2020, 1, 31), *(date(2020, 2, d) for d in (10, 20, 29)), date(2020, 3, 10)]
    values = [-0.4, -0.8, -0.6, -0.1, 0.1, -1.4]
    classes = ["normal", "D1", "D0", "normal", "normal", "D2"]
    matrix: Matrix = by_hand(
        "spi_3",
        [[value] * 4 for value in values],
        [[each] * 4 for each in classes],
        (*days, date(2020, 4, 30)),
    )
    np.testing.assert_array_equal(matrix.age[:, 0], [np.nan, 1, 2, 3, 0, 1])
    said = [plain(matrix.drought_words(row, 0, "fr")) for row in range(6)]
    assert said == [
        "",
        "entrée en sécheresse à cette date",
        "la sécheresse commencée à la 1re décade de février 2020, 20 jours (2 décades) plus tôt, "
        "n'est pas finie",
        "la sécheresse commencée à la 1re décade de février 2020, 30 jours (3 décades) plus tôt, "
        "n'est pas finie",
        "",
        "entrée en sécheresse à cette date",
    ]


@pytest.mark.parametrize(
    ("count", "day"),
    [(0, date(2022, 3, 10)), (1, date(2022, 2, 28)), (2, date(2022, 2, 20)),
     (7, date(2021, 12, 31)), (36, date(2021, 3, 10)), (75, date(2020, 2, 10)),
     (73, date(2020, 2, 29))],
)  # fmt: skip
def test_dekads_are_counted_back(count: int, day: date) -> None:
    assert dekads.before(date(2022, 3, 10), count) == day
