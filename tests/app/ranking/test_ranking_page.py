"""The ranking without a browser: its order, its numbers, its régions, its charts."""

import re
from dataclasses import replace
from datetime import date
from html import unescape
from urllib.parse import parse_qs

import numpy as np
import pytest

from geo_pipeline.catalogue.indicator_record import Indicator
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing.formats import format_value
from panel_app.data import period_steps
from panel_app.data.indicator_matrix import Matrix
from panel_app.data.page_view import PageView
from panel_app.data.store import Publication
from panel_app.pages.ranking import (
    class_timeline,
    indicator_lines,
    place_comparison,
    ranked_departements,
    ranking_order,
    season_lines,
    yield_lines,
)
from panel_app.pages.ranking import ranking_page as page
from panel_app.pages.ranking.compared_places import broken, compared_places
from panel_app.pages.ranking.ranked_regions import RankedRegions
from tests.app.conftest import by_hand, plain, view_of

NAN = float("nan")
AUGUST = "2022-08"


class Fixed(PageView):
    """A view on a matrix made by hand."""

    def __init__(self, publication: Publication, matrix: Matrix, row: int) -> None:
        super().__init__(publication, view_of(publication).state)
        self.__dict__.update(matrix=matrix, row=row)

    @property
    def indicator(self) -> Indicator:
        return indicator_of(self.matrix.indicator)


def spoken(html: str) -> str:
    """What is read of HTML."""
    return " ".join(plain(re.sub(r"<[^>]+>", " ", html)).split())


def table_of(view: PageView) -> list[list[str]]:
    """The cells of the table in words, row by row."""
    return cells(page.slots(view)["table"])


def cells(html: str) -> list[list[str]]:
    body = html[html.index("<tbody>") : html.index("</tbody>")]
    rows = re.findall(r"<tr.*?</tr>", body, flags=re.DOTALL)
    return [
        [spoken(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, flags=re.DOTALL)]
        for row in rows
    ]


def row_of(view: PageView, name: str) -> list[str]:
    return next(row for row in table_of(view) if name in row)


# --------------------------------------------------------------------------------------------
# Order
# --------------------------------------------------------------------------------------------


def test_missing_ones_come_last_whichever_way() -> None:
    keys = [2.0, NAN, 1.0, 3.0, NAN]
    assert ranking_order.in_order(keys, False) == [2, 0, 3, 1, 4]
    assert ranking_order.in_order(keys, True) == [3, 0, 2, 1, 4]


def test_those_alike_share_the_better_rank() -> None:
    found = ranking_order.ranks(np.array([5.0, 1.0, 1.0, NAN, 3.0]))
    assert np.array_equal(found, [4, 1, 1, NAN, 3], equal_nan=True)


def test_names_sort_without_their_accents() -> None:
    names = ["Yonne", "Île-de-France", "Hérault", "Indre", "Haute-Loire"]
    assert sorted(names, key=ranking_order.alphabetical) == [
        "Haute-Loire", "Hérault", "Île-de-France", "Indre", "Yonne",
    ]  # fmt: skip


def test_the_step_before_is_not_told_across_a_hole(drought: Matrix) -> None:
    """The last dekad of January and the first of February follow on one another, April does not."""
    assert period_steps.row_before(drought, 1, "dekad") == 0
    assert period_steps.row_before(drought, 2, "dekad") == -1
    assert period_steps.row_before(drought, 0, "dekad") == -1
    assert period_steps.row_before(drought, 2, "month") == -1  # January and April are the months
    assert period_steps.row_of_year_before(drought, 2) == -1


def test_a_year_before_the_29th_of_february() -> None:
    matrix = by_hand(
        "spi_3",
        [[0.0] * 4, [1.0] * 4],
        [["normal"] * 4, ["W0"] * 4],
        (date(2019, 2, 28), date(2020, 2, 29)),
    )
    assert period_steps.row_of_year_before(matrix, 1) == 0


# --------------------------------------------------------------------------------------------
# Numbers
# --------------------------------------------------------------------------------------------


def test_changes_by_hand(publication: Publication) -> None:
    """From 10 to 20 February: 01 falls from D1 to D3, 02 stays, 03 gets wetter, 2A is unknown."""
    matrix = by_hand(
        "spi_3",
        [[-1.0, -1.0, 0.0, NAN], [-1.7, -1.0, 1.2, NAN]],
        [["D1", "D1", "normal", None], ["D3", "D1", "W0", None]],
        (date(2020, 2, 10), date(2020, 2, 20)),
    )
    found = ranked_departements.rank_departements(Fixed(publication, matrix, 1))
    assert found.change[:3] == pytest.approx([-0.7, 0.0, 1.2])
    assert np.isnan(found.change[3])
    assert (found.drier, found.wetter, found.known) == (1, 1, 3)
    assert found.age[:3].tolist() == [2, 2, 0]
    assert np.isnan(found.age[3])
    assert np.isnan(found.year).all()


def test_of_the_score_a_rise_is_drier_and_of_an_index_a_fall() -> None:
    signs = {"combined": 1, "spi_3": -1, "precip_mm": -1, "crop_stress_pct": 1, "gdd_vineyard": 0}
    for key, sign in signs.items():
        assert period_steps.drier_sign(indicator_of(key)) == sign, key


def test_an_area_weighted_mean_by_hand(publication: Publication, drought: Matrix) -> None:
    """Auvergne-Rhône-Alpes is Ain (100 km², -2.1, D4) and Allier (300 km², 0.0, normal)."""
    percentile = np.array([[2.0, 16.0, 50.0, NAN]] * 3)
    view = Fixed(publication, replace(drought, percentile=percentile), 0)
    regions = RankedRegions(view, ranked_departements.rank_departements(view))
    at = {name: index for index, name in enumerate(regions.names)}
    alps, north, corsica = (
        at[name] for name in ("Auvergne-Rhône-Alpes", "Hauts-de-France", "Corse")
    )
    assert regions.value[alps] == pytest.approx(-2.1 / 4)
    assert regions.percentile[alps] == pytest.approx((2 + 3 * 50) / 4)
    assert regions.in_drought[[alps, north]] == pytest.approx([25, 100])
    assert regions.rank[[north, alps]].tolist() == [1, 2]
    assert drought.codes[regions.worst[alps]] == "01"
    assert np.isnan(regions.rank[corsica])
    assert np.isnan(regions.value[corsica])
    assert regions.worst[corsica] == -1
    assert (regions.known[corsica], regions.members[corsica]) == (0, 1)


# --------------------------------------------------------------------------------------------
# The page
# --------------------------------------------------------------------------------------------


def test_august_2022_is_a_drought_over_much_of_france(publication: Publication) -> None:
    """64 of the 92 départements that have a class (Corsica has too few years)."""
    said = spoken(page.slots(view_of(publication, period=AUGUST))["headline"])
    assert "92 départements ont une classe. 64 étaient en sécheresse" in said
    assert "Sécheresse agricole, août 2022" in said
    assert said.startswith("Les plus secs : ")


def test_october_2018_was_worst_in_the_centre_and_the_east(publication: Publication) -> None:
    """70 of the 92 départements that have a class (Corsica has too few years)."""
    said = spoken(page.slots(view_of(publication, period="2018-10", level="region"))["headline"])
    assert said.startswith("Les plus secs : Centre-Val de Loire, Grand Est")
    assert "92 départements ont une classe. 70 étaient en sécheresse" in said


def test_every_departement_has_a_row_and_those_without_data_are_last(
    publication: Publication,
) -> None:
    for sort in ("dryness", "-dryness", "value", "-value", "-age", "-crops", "percentile"):
        rows = table_of(view_of(publication, period=AUGUST, sort=sort))
        assert len(rows) == 101
        assert [row[1] for row in rows[93:]] == [""] * 8, sort
        assert all("pas de données" in row for row in rows[93:])
        (corsica,) = [row for row in rows if "pas de classe" in row]
        assert corsica[2] == "Corse-du-Sud"
        assert "73" in corsica
    html = page.slots(view_of(publication, period=AUGUST))["table"]
    assert html.count('class="swatch hatched"') == 9


def test_the_gers_in_august_2022(publication: Publication) -> None:
    """39,332 ha of maize in severe drought; 2022 was the driest of 11 Augusts, just before 2016."""
    row = row_of(view_of(publication, period=AUGUST), "Gers")
    assert "sécheresse grave" in row
    assert "39 300" in row
    assert "1 sur 11" in row
    assert row[-2:] == ["32", "Occitanie"]


def test_sorting(publication: Publication) -> None:
    by_name = table_of(view_of(publication, period=AUGUST, sort="name"))
    assert [row[2] for row in by_name[:2]] == ["Ain", "Aisne"]
    assert by_name[-1][2] == "Yvelines"
    turned = table_of(view_of(publication, period=AUGUST, sort="-name"))
    assert [row[2] for row in turned] == [row[2] for row in by_name][::-1]
    html = page.slots(view_of(publication, period=AUGUST, sort="-name"))["table"]
    assert html.count("aria-sort") == 1
    assert (
        'aria-sort="descending"><button type="button" data-ask-params=\'{"sort": "name"}\'' in html
    )


def test_the_region_narrows_the_table_but_keeps_the_ranks(publication: Publication) -> None:
    everywhere = {row[2]: row[1] for row in table_of(view_of(publication, period=AUGUST))}
    rows = table_of(view_of(publication, period=AUGUST, region="53"))
    assert {row[2] for row in rows} == {
        "Côtes-d'Armor", "Finistère", "Ille-et-Vilaine", "Morbihan",
    }  # fmt: skip
    assert all(row[1] == everywhere[row[2]] for row in rows)
    said = spoken(page.slots(view_of(publication, period=AUGUST, region="53"))["headline"])
    assert said.startswith("Bretagne. Les plus secs")


def test_the_regions_of_august_2022(publication: Publication) -> None:
    """All eighteen, the five overseas without data at the end; all of Bretagne was in drought."""
    rows = table_of(view_of(publication, period=AUGUST, level="region"))
    assert len(rows) == 18
    assert {row[1] for row in rows[13:]} == {
        "Guadeloupe",
        "Martinique",
        "Guyane",
        "La Réunion",
        "Mayotte",
    }
    brittany = next(row for row in rows if row[1] == "Bretagne")
    assert "100 %" in brittany
    corsica = next(row for row in rows if row[1].startswith("Corse"))
    assert corsica[0] == ""  # neither of the two has a class


def test_the_periods_to_step_to(publication: Publication) -> None:
    """From August 2022 by month to July and September; as a dekad to the second of August."""
    html = page.slots(view_of(publication, period=AUGUST))["filters"]
    assert '<option value="2022-08" selected>août 2022</option>' in html
    assert html.count(" selected>") == 1
    for typed in ("2022-07", "2022-09", "2022-08-31"):
        assert f"period={typed}&" in unescape(html)
    html = unescape(page.slots(view_of(publication, period="2022-08-31"))["filters"])
    assert '<option value="2022-08-31" selected>3e décade d\'août 2022</option>' in html
    assert "period=2022-08-20&" in html
    assert "period=2022-09-10&" in html
    latest = unescape(page.slots(view_of(publication))["filters"])
    assert latest.count('<span class="button"') == 1


def test_five_are_the_most_that_can_be_compared(publication: Publication) -> None:
    html = page.slots(view_of(publication, period=AUGUST, places="32,62,2B,31,80"))["table"]
    assert len(re.findall(r"<input[^>]* checked>", html)) == 5
    assert len(re.findall(r"<input[^>]* disabled>", html)) == 96
    html = page.slots(view_of(publication, period=AUGUST, places="32"))["table"]
    assert "disabled" not in html


def test_places_are_taken_away_one_by_one_or_all_at_once(publication: Publication) -> None:
    html = page.slots(view_of(publication, period=AUGUST, places="32,62"))["comparison"]
    links = [unescape(each) for each in re.findall(r'<a [^>]*href="([^"]*)"', html)]
    places = [parse_qs(link.removeprefix("?")).get("places") for link in links]
    assert places == [["32,62"], ["62"], ["32,62"], ["32"], None]
    assert all(parse_qs(link.removeprefix("?"))["period"] == [AUGUST] for link in links)
    assert 'value="32,62,01"' in html  # the list to add one from


def test_nothing_chosen_offers_the_three_driest(publication: Publication) -> None:
    view = view_of(publication, period=AUGUST)
    html = page.slots(view)["comparison"]
    driest = [view.matrix.codes[column] for column in view.matrix.driest(view.row, 3)]
    assert f"places={'%2C'.join(driest)}" in html
    assert "<figure" not in html
    html = page.slots(view_of(publication, period=AUGUST, departement="32"))["comparison"]
    assert "Gers et ses voisins" in spoken(html)


@pytest.mark.slow
@pytest.mark.parametrize("level", ["departement", "region"])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_indicator_can_be_ranked(publication: Publication, level: str, lang: str) -> None:
    for indicator in publication.indicators:
        slots = page.slots(view_of(publication, indicator=indicator, level=level, lang=lang))
        assert slots["headline"].count("<h1>") == 1
        for name, html in slots.items():
            assert not re.search(r"\bnan\b|None", html), (indicator, name)


def test_restrictions_are_ranked_in_their_own_words(publication: Publication) -> None:
    view = view_of(publication, indicator="water_restrictions")
    said = spoken(page.slots(view)["headline"])
    assert said.startswith("79 départements à égalité en tête : crise")
    assert "secs" not in said
    wide = view_of(publication, indicator="water_restrictions", level="region")
    assert spoken(page.slots(wide)["headline"]).startswith("Les plus contraints")
    assert table_of(view)[0][3] == "crise"


# --------------------------------------------------------------------------------------------
# Comparison
# --------------------------------------------------------------------------------------------


def test_no_line_crosses_a_hole() -> None:
    x, y = broken(np.array([0.0, 10.0, 400.0]), np.array([1.0, 2.0, 3.0]), 11)
    assert x.tolist() == [0, 10, 400, 400]
    assert np.array_equal(y, [1, 2, NAN, 3], equal_nan=True)


def test_the_missing_year_2014_breaks_the_lines(publication: Publication) -> None:
    view = view_of(publication, indicator="spi_3", places="32,31")
    chart = indicator_lines.record(view, compared_places(view))
    assert chart is not None
    lines = {mark.kind: mark.d for mark in chart.marks if mark.kind.startswith("series")}
    assert set(lines) == {"series-1", "series-2"}
    assert all(path.count("M") == 2 for path in lines.values())


def test_a_season_beside_the_published_sum(publication: Publication) -> None:
    """The Gers at the end of the season 2021-22: the table behind the chart says what is stored."""
    view = view_of(publication, period=AUGUST, places="32")
    chart = season_lines.this_season(view, compared_places(view), "season_precip_mm")
    assert chart is not None
    assert chart.table is not None
    matrix = publication.matrix("season_precip_mm")
    value = matrix.value[matrix.nearest(date(2022, 8, 31)), matrix.column("32")]
    assert len(chart.table.rows) == 36
    assert chart.table.rows[-1][1] == format_value("season_precip_mm", float(value), "fr")


def test_yields_are_those_published(publication: Publication) -> None:
    """AWA and SAA: 23 harvests of soft wheat from 2000 to 2022; grain maize by its latest kind."""
    view = view_of(publication, places="32,31")
    chosen = compared_places(view)
    crops = [yield_lines.harvests(view, place) for place in chosen]
    assert sorted(crops[0]["soft_wheat"]) == list(range(2000, 2023))
    assert yield_lines.maize(crops) == "grain_maize_irrigated"
    assert yield_lines.maize([{"grain_maize": {2001: 90.0}}, {}]) == "grain_maize"
    assert yield_lines.maize([{}]) == ""
    chart = yield_lines.yields(view, chosen, crops, "soft_wheat")
    assert chart is not None
    assert chart.table is not None
    known = crops[0]["soft_wheat"][2022]
    assert plain(chart.table.rows[-1][1]) == f"{known:.1f} q/ha".replace(".", ",")


def test_where_a_record_ends_early_the_name_says_when(publication: Publication) -> None:
    """Haute-Corse has weather from 2015 to 2020 only."""
    view = view_of(publication, places="2B,32")
    chart = indicator_lines.record(view, compared_places(view))
    assert chart is not None
    assert {"Haute-Corse (2020)", "Gers"} <= {label.text for label in chart.labels}


def test_a_place_keeps_its_colour_on_every_chart(publication: Publication) -> None:
    view = view_of(publication, period=AUGUST, places="32,62,31")
    charts = place_comparison.charts(view)
    names = [chart.name for chart in charts]
    assert len(set(names)) == len(names) == 8
    for chart in charts:
        for label in chart.labels:
            if label.text in ("Gers", "Pas-de-Calais", "Haute-Garonne"):
                kind = {"Gers": 1, "Pas-de-Calais": 2, "Haute-Garonne": 3}[label.text]
                assert label.kind.endswith(f"series-{kind}"), chart.name
        assert chart.table is not None
        assert chart.tips
        assert "Source" in chart.note
        assert all(0 <= label.x <= 1 and -0.001 <= label.y <= 1.001 for label in chart.labels)


def test_the_timeline_of_2011_and_of_the_hole(publication: Publication) -> None:
    """May 2011 was a drought in the Gers; nothing is drawn over 2014."""
    view = view_of(publication, places="32")
    chart = class_timeline.timeline(view, compared_places(view))
    assert chart is not None
    assert chart.table is not None
    rows = {row[0]: row[1] for row in chart.table.rows}
    assert rows["mai 2011"].startswith("sécheresse")
    assert not any("2014" in tip.text for tip in chart.tips)


def test_what_has_no_course_is_left_out(publication: Publication) -> None:
    view = view_of(publication, indicator="water_restrictions", places="32,75")
    names = [chart.name for chart in place_comparison.charts(view)]
    assert "compare-recent" not in names
    assert "compare-timeline" in names
    view = view_of(publication, period=AUGUST, places="75")
    assert [chart.name for chart in place_comparison.charts(view)] == ["compare-timeline"]


def test_a_region_shows_its_crops_at_stake(publication: Publication) -> None:
    """August 2022 in Occitanie, by the publication's rows; every région where all are ranked."""
    table = publication.at_stake(date(2022, 8, 10))
    maize = table[table["crop"] == "grain_maize_irrigated"].set_index("region")
    row = maize.loc["Occitanie"]
    chosen = {"period": "2022-08-10", "lang": "en"}
    said = plain(page.slots(view_of(publication, region="76", **chosen))["stakes"])
    assert "Crops at stake: Occitanie" in said
    assert f"{row['affected_pct']:.0f}%" in said
    assert f"{100 * row['risk']:.0f}</td>" in said
    assert "Nouvelle-Aquitaine" not in said
    all_of_them = plain(page.slots(view_of(publication, level="region", **chosen))["stakes"])
    known = maize["affected_pct"].notna() & maize.index.notna()
    assert len(maize[known]) > 8
    assert all(f"<td>{region}</td>" in all_of_them for region in maize.index[known])
    assert page.slots(view_of(publication, **chosen))["stakes"] == ""
    assert page.slots(view_of(publication, indicator="spi_3", region="76"))["stakes"].strip() == ""
