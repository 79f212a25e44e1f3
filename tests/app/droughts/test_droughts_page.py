"""Droughts on record: years whose widest dekad can be counted by hand, events in their order."""

import re
from datetime import date

from geo_pipeline.publishing.formats import format_number, format_period
from panel_app.data.store import Publication
from panel_app.pages.droughts import droughts_page as page
from tests.app.conftest import by_hand, plain, view_of

DAYS = (date(2019, 8, 10), date(2019, 8, 20), date(2019, 8, 31), date(2020, 1, 10))
CLASSES: list[list[str | None]] = [
    ["D1", "D1", "normal", None],
    ["D1", "D3", "D0", None],
    ["D2", "D1", "normal", "normal"],
    ["W0", "D0", "normal", "normal"],
]


def spoken(html: str) -> str:
    """What a page says, without its tags."""
    return " ".join(plain(re.sub(r"<[^>]+>", " ", html)).split())


def test_a_year_is_told_at_its_widest_dekad() -> None:
    """Two are in drought at each dekad of August; at the second one of them gravely."""
    matrix = by_hand("combined", [[50.0] * 4] * 4, CLASSES, DAYS)
    assert page.years_of(matrix) == [
        page.Year(2019, date(2019, 8, 20), hit=2, grave=1, known=3),
        page.Year(2020, None, hit=0, grave=0, known=4),
    ]


def test_what_lies_before_the_first_class_is_not_told() -> None:
    matrix = by_hand("combined", [[50.0] * 4] * 2, [[None] * 4, CLASSES[0]], DAYS[2:])
    assert [each.year for each in page.years_of(matrix)] == [2020]
    assert page.years_of(by_hand("combined", [[50.0] * 4], [[None] * 4], DAYS[:1])) == []


def test_a_year_without_data_is_shown_as_that(publication: Publication) -> None:
    """The embedded weather has no day of 2014."""
    days = (date(2018, 8, 10), date(2020, 1, 10))
    matrix = by_hand("combined", [[50.0] * 4] * 2, [CLASSES[0], CLASSES[3]], days)
    assert page.years_of(matrix)[1] == page.Year(2019, None, hit=0, grave=0, known=0)
    html = page.slots(view_of(publication))["years"]
    assert re.search(r"2014</th><td[^>]*>pas de données<", html)


def test_the_counts_are_those_of_the_map(publication: Publication) -> None:
    matrix = publication.matrix("combined")
    found = {each.year: each for each in page.years_of(matrix)}
    assert min(found) > 2009
    year = found[2022]
    assert year.widest is not None
    day = matrix.periods.index(year.widest)
    in_drought = view_of(publication, period=year.widest.isoformat()).in_drought(year.widest)
    assert year.hit == int((in_drought == 1).sum())
    assert year.known == len(matrix.codes) - matrix.missing(day)
    classes = matrix.drought_class[day]
    assert year.grave == sum(each in ("D3", "D4") for each in classes)


def test_the_headline_names_the_year_hit_most_widely(publication: Publication) -> None:
    years = page.years_of(publication.matrix("combined"))
    most = max(years, key=lambda each: (each.hit, each.grave))
    said = spoken(page.slots(view_of(publication))["headline"])
    assert most.widest is not None
    day = plain(format_period(most.widest, "dekad", "fr"))
    assert f"{most.year}, la sécheresse la plus étendue : {most.hit} des {most.known}" in said
    assert day in said


def test_the_gravest_come_first_and_none_is_missing(publication: Publication) -> None:
    events = publication.rows_of("app_events", "")
    html = page.slots(view_of(publication))["events"]
    rows = re.findall(r"<tr><td class=\"num soft\">(\d+)</td>.*?</tr>", html)
    assert [int(rank) for rank in rows] == list(range(1, len(events) + 1))
    gravest = events.sort_values("severity").iloc[-1]
    first = spoken(re.findall(r"<tr><td class=\"num soft\">1</td>.*?</tr>", html)[0])
    assert publication.name(gravest["departement"]) in first
    assert plain(format_number(float(gravest["severity"]), 1, "fr")) in first


def test_a_region_narrows_the_list(publication: Publication) -> None:
    html = page.slots(view_of(publication, region="76"))["events"]  # Occitanie
    codes = set(re.findall(r"<td>(\w+)</td></tr>", html))
    assert codes
    assert codes <= {
        *("09", "11", "12", "30", "31", "32", "34"),
        *("46", "48", "65", "66", "81", "82"),
    }


def test_both_languages_link_to_the_map_of_that_dekad(publication: Publication) -> None:
    for lang in ("fr", "en"):
        html = page.slots(view_of(publication, lang=lang, page="droughts"))["years"]
        links = re.findall(r'href="(\?[^"]*)"', html)
        assert links
        assert all("page=" not in link for link in links)
        assert all(re.search(r"period=\d{4}-\d\d-\d\d", link) for link in links)
