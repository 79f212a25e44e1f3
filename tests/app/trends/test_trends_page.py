"""Trends: seasons, slopes, clusters and shares whose values can be worked out by hand."""

import copy
import re
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from geo_pipeline.catalogue.indicators import indicator_of
from panel_app.data.indicator_matrix import Matrix
from panel_app.data.state import Season
from panel_app.data.store import Publication
from panel_app.pages.trends import season_trends, trend_map
from panel_app.pages.trends import trends_page as page
from panel_app.pages.trends.trends_charts import COLOURS, Shown
from tests.app.conftest import by_hand, plain, view_of

NAN = float("nan")
PLACES = 4


def dekads(first: int, last: int) -> tuple[date, ...]:
    """The last days of all dekads from one year to another."""
    ends = []
    for year in range(first, last + 1):
        for month in range(1, 13):
            after = date(year + month // 12, month % 12 + 1, 1)
            ends += [date(year, month, 10), date(year, month, 20), after - timedelta(days=1)]
    return tuple(ends)


def made(
    indicator: str, value: Callable[[date], float | None], first: int = 2001, last: int = 2012
) -> Matrix:
    """A matrix in which all places have the same value; a period of None is not in it."""
    rows = [(each, value(each)) for each in dekads(first, last)]
    kept = [(each, number) for each, number in rows if number is not None]
    values = [[number] * PLACES for _, number in kept]
    classes: list[list[str | None]] = [
        [None if number != number else "normal"] * PLACES for _, number in kept
    ]
    return by_hand(indicator, values, classes, tuple(each for each, _ in kept))


def of_year(data: season_trends.Yearly, year: int, place: int = 0) -> float:
    return float(data.values[list(data.years).index(year), place])


def spoken(html: str) -> str:
    """What a page says, without its tags."""
    return " ".join(plain(re.sub(r"<[^>]+>", " ", html)).split())


# --- seasons ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("season", "mean"),
    # Dekads are worth their month: a winter is 12, 1 and 2, a summer 6, 7 and 8.
    [("year", 6.5), ("winter", 5.0), ("spring", 4.0), ("summer", 7.0), ("autumn", 10.0)],
)
def test_a_season_is_the_mean_of_its_dekads(season: Season, mean: float) -> None:
    data = season_trends.yearly(made("spi_3", lambda day: float(day.month)), season)
    assert of_year(data, 2005) == pytest.approx(mean)
    assert data.dekads == (36 if season == "year" else 9)


def test_a_winter_belongs_to_the_year_of_its_january() -> None:
    """December 2003 and two months of 2004: (2003 + 2 x 2004) / 3."""
    data = season_trends.yearly(made("spi_3", lambda day: float(day.year)), "winter")
    assert of_year(data, 2004) == pytest.approx((2003 + 2 * 2004) / 3)
    assert np.isnan(of_year(data, 2001)), "its December is before the record"
    assert np.isnan(of_year(data, 2013)), "its January is after the record"


@pytest.mark.parametrize("lost", [NAN, None])
def test_a_season_that_lacks_a_dekad_is_unknown(lost: float | None) -> None:
    hole = date(2005, 7, 20)
    matrix = made("spi_3", lambda day: lost if day == hole else 1.0)
    summer = season_trends.yearly(matrix, "summer")
    assert np.isnan(of_year(summer, 2005))
    assert of_year(summer, 2006) == pytest.approx(1)
    assert np.isnan(of_year(season_trends.yearly(matrix, "year"), 2005))
    assert of_year(season_trends.yearly(matrix, "spring"), 2005) == pytest.approx(1)


def test_a_crop_out_of_season_is_not_missed() -> None:
    """A crop from May to the middle of July has a summer of five dekads."""
    matrix = made(
        "crop_stress_pct_sunflower",
        lambda day: 10.0 if (5, 1) <= (day.month, day.day) <= (7, 20) else None,
    )
    summer = season_trends.yearly(matrix, "summer")
    assert summer.dekads == 5
    assert of_year(summer, 2005) == pytest.approx(10)
    assert np.isnan(season_trends.yearly(matrix, "winter").values).all()


def test_rain_is_summed_by_whole_months() -> None:
    """Each month has 30 mm at its end; the sums of three dekads in between do not count."""
    matrix = made("precip_mm", lambda day: 30.0 if (day + timedelta(days=1)).day == 1 else 999.0)
    assert of_year(season_trends.yearly(matrix, "summer"), 2005) == pytest.approx(90)
    assert of_year(season_trends.yearly(matrix, "winter"), 2005) == pytest.approx(90)
    assert of_year(season_trends.yearly(matrix, "year"), 2005) == pytest.approx(360)


def test_what_counts_on_stands_at_its_end() -> None:
    """Since 1 September: the cropping year ends on 31 August, a summer too, an autumn before."""
    matrix = made("season_precip_mm", lambda day: day.month + day.day / 100)
    assert of_year(season_trends.yearly(matrix, "year"), 2005) == pytest.approx(8.31)
    assert of_year(season_trends.yearly(matrix, "summer"), 2005) == pytest.approx(8.31)
    assert of_year(season_trends.yearly(matrix, "autumn"), 2005) == pytest.approx(11.30)
    until_july = made("gdd_soft_wheat", lambda day: float(day.month) if day.month <= 7 else None)
    assert of_year(season_trends.yearly(until_july, "year"), 2005) == pytest.approx(7)


def test_a_harvest_has_its_year_alone() -> None:
    key = "yield_anomaly_pct_soft_wheat"
    years = range(2001, 2013)
    matrix = by_hand(
        key,
        [[float(year - 2000)] * PLACES for year in years],
        [[None] * PLACES] * len(years),
        tuple(date(year, 12, 31) for year in years),
    )
    assert season_trends.seasons_of(indicator_of(key)) == ("year",)
    assert of_year(season_trends.yearly(matrix, "year"), 2007) == pytest.approx(7)


# --- slopes -----------------------------------------------------------------------------------


def rising(indicator: str, by: float) -> Matrix:
    return made(indicator, lambda day: by * (day.year - 2001))


def test_the_slope_of_a_line_is_its_own() -> None:
    """A tenth a year is one a decade, with no doubt at all: all pairs have the same slope."""
    found = season_trends.trend(rising("spi_3", 0.1), "summer")
    assert found.slope == pytest.approx(np.ones(PLACES + 1))
    assert found.low == pytest.approx(found.high)
    assert found.line(0)[[0, -1]] == pytest.approx([0.0, 1.1])
    assert found.span() == (2001, 2012)
    assert list(found.used) == [12] * (PLACES + 1)
    assert found.significant.all()


def test_of_seven_years_there_is_no_trend() -> None:
    found = season_trends.trend(made("spi_3", lambda day: float(day.year), 2001, 2007), "summer")
    assert np.isnan(found.slope).all()
    assert not found.significant.any()
    assert found.counts(-1).known == 0


@pytest.mark.parametrize(
    ("indicator", "drier"),
    [("spi_3", False), ("swi", False), ("precip_mm", False), ("combined", True),
     ("crop_stress_pct", True), ("drought_age_dekads", True)],
)  # fmt: skip
def test_which_way_is_drier(indicator: str, drier: bool) -> None:
    """More of an index, of rain, of soil water is wetter; more score, stress or age is drier."""
    which = indicator_of(indicator)
    found = season_trends.trend(rising(indicator, 1.0), "summer")
    many = found.counts(season_trends.dry_sign(which))
    assert (many.drier, many.wetter) == ((PLACES, 0) if drier else (0, PLACES))
    assert many.surely_drier + many.surely_wetter == PLACES
    assert season_trends.says_dry(which)
    colour = season_trends.bins(found.places, 0.01, season_trends.dry_sign(which))
    assert set(colour) == {0 if drier else 8}


def test_not_everything_is_called_dry() -> None:
    for key in ("gdd_soft_wheat", "yield_anomaly_pct_soft_wheat", "frost_days_vineyard"):
        assert not season_trends.says_dry(indicator_of(key))
    assert season_trends.says_dry(indicator_of("days_since_rain"))
    assert season_trends.dry_sign(indicator_of("yield_anomaly_pct_soft_wheat")) == -1


def test_classes_of_slopes_are_round() -> None:
    assert season_trends.step_of(np.array([NAN, 4.0, -4.0])) == 1.0  # 4 / 5 = 0.8
    assert season_trends.step_of(np.array([60.0, 60.0])) == 20.0
    assert season_trends.step_of(np.array([NAN])) == 1.0
    classes = season_trends.bins(np.array([-4.5, -1.5, 0.0, 0.9, 1.0, 4.0, NAN]), 1.0, -1)
    assert classes.tolist() == [0, 3, 4, 4, 5, 8, -1]


def test_the_national_mean_is_by_area_and_of_the_same_places() -> None:
    """Of 1000 km²: a year in which the largest place is missing covers 60 % and is left out."""
    values = np.array([[1.0, 1.0, 1.0, 2.0], [1.0, 1.0, 1.0, NAN], [NAN, 1.0, 1.0, 1.0]])
    area = np.array([100.0, 200.0, 300.0, 400.0])
    mean = season_trends.national_mean(values, area)
    assert mean[0] == pytest.approx(1.4)
    assert np.isnan(mean[1])
    assert mean[2] == pytest.approx(1)


# --- hot spots --------------------------------------------------------------------------------


def ring(size: int) -> np.ndarray:
    """Each place borders on two on either side."""
    codes = [str(each) for each in range(size)]
    return season_trends.weights_of(
        codes,
        {str(each): [str((each + step) % size) for step in (-2, -1, 1, 2)] for each in range(size)},
    )


def test_a_dry_cluster_on_a_ring() -> None:
    """Five in a row of forty are dry: the middle one has nothing but dry neighbours.

    Four of the 39 others drawn at random are these four once in 82 251 times.
    """
    values = np.where(np.arange(40) < 5, -3.0, 0.0)
    found = season_trends.hot_spots(values, ring(40), sign=-1)
    assert found.kind[2] == season_trends.DRY_CLUSTER
    assert found.p_value[2] == pytest.approx(2 / 5000)
    assert found.kind[20] == season_trends.NEITHER
    assert found.alike > 0.5
    other = season_trends.hot_spots(values, ring(40), sign=1)
    assert other.kind[2] == season_trends.WET_CLUSTER


def test_one_wet_place_among_dry_ones() -> None:
    values = np.where(np.arange(40) < 5, -3.0, 0.0)
    values[2] = 3.0
    assert season_trends.hot_spots(values, ring(40), sign=-1).kind[2] == season_trends.WET_ALONE
    assert season_trends.hot_spots(-values, ring(40), sign=-1).kind[2] == season_trends.DRY_ALONE


def test_islands_are_left_out_altogether() -> None:
    values = np.where(np.arange(40) < 5, -3.0, 0.0)
    weights = np.zeros((41, 41))
    weights[:40, :40] = ring(40)
    alone = season_trends.hot_spots(values, ring(40), sign=-1)
    beside = season_trends.hot_spots(np.append(values, 1e6), weights, sign=-1)
    assert beside.kind[40] == -1
    assert beside.kind[:40].tolist() == alone.kind.tolist()


def test_a_map_of_equal_values_has_no_clusters() -> None:
    found = season_trends.hot_spots(np.zeros(40), ring(40), sign=-1)
    assert set(found.kind) == {season_trends.NEITHER}
    assert np.isnan(found.alike)


# --- shares -----------------------------------------------------------------------------------


def test_shares_of_a_year_by_hand(drought: Matrix) -> None:
    """In drought: 300 of 600 km² twice, then 300 of 1000."""
    found = season_trends.yearly_shares(drought, drought.area_shares)
    assert found.mean.sum(axis=1) == pytest.approx([100])
    assert found.mean[0, drought.drought_styles].sum() == pytest.approx((50 + 50 + 30) / 3)
    assert (found.periods[0], found.asked) == (3, 3)
    assert (found.quarter[0], found.half[0]) == (3, 0)


def test_a_year_without_data_and_one_with_some() -> None:
    matrix = made("spi_3", lambda day: None if day.year == 2003 or day < date(2001, 3, 1) else 1.0)
    found = season_trends.yearly_shares(matrix, matrix.area_shares)
    years = dict(zip(found.years, found.periods, strict=True))
    assert (years[2001], years[2002], years[2003]) == (30, 36, 0)
    assert np.isnan(found.mean[2]).all()
    assert found.complete[:4].tolist() == [False, True, False, True]


# --- the page ---------------------------------------------------------------------------------


def test_the_page_says_how_short_the_record_is(publication: Publication) -> None:
    said = spoken(page.slots(view_of(publication, indicator="spei_3", season="summer"))["headline"])
    assert said.startswith("En été, ")
    assert "12 années connues" in said
    assert "De 2010 à 2022" in said
    assert "trente ans" in said


def test_a_period_changes_the_hot_spots_alone(publication: Publication) -> None:
    one = page.slots(view_of(publication, indicator="spei_3", period="2022-08"))
    two = page.slots(view_of(publication, indicator="spei_3", period="2022-07"))
    assert {name for name in one if one[name] != two[name]} == {"hot"}


def test_a_season_leaves_hot_spots_and_shares(publication: Publication) -> None:
    one = page.slots(view_of(publication, indicator="spei_3", season="winter"))
    two = page.slots(view_of(publication, indicator="spei_3", season="summer"))
    changed = {name for name in one if one[name] != two[name]}
    assert changed == {"headline", "choose", "trend", "place"}


def test_a_departement_has_its_own_chart(publication: Publication) -> None:
    without = page.slots(view_of(publication, indicator="spei_3"))["place"]
    beside = page.slots(view_of(publication, indicator="spei_3", departement="32"))["place"]
    assert without.count("<figure") == 1
    assert beside.count("<figure") == 2
    assert "Gers, sur l'année : " in spoken(beside)


def test_a_departement_without_data_says_so(publication: Publication) -> None:
    said = spoken(page.slots(view_of(publication, indicator="spei_3", departement="971"))["place"])
    assert "Guadeloupe : 0 année connue, il en faut 8 pour une tendance." in said


def test_the_summer_of_2022_was_drier_than_that_of_2021(publication: Publication) -> None:
    found = season_trends.published_trend(publication, "spei_3", "summer")
    national = dict(zip(found.data.years, found.national, strict=True))
    assert national[2022] < -0.5 < 0.5 < national[2021]
    assert np.isnan(national[2014]), "the embedded observations have no 2014"


def test_2011_or_2022_was_the_worst_year(publication: Publication) -> None:
    said = spoken(page.slots(view_of(publication, indicator="spei_3"))["shares"])
    assert re.search(r"L'année le plus longtemps touchée : (2011|2022),", said)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_indicator_has_its_page(publication: Publication, lang: str) -> None:
    for indicator in publication.indicators:
        for season in ("year", "winter"):
            view = view_of(publication, indicator=indicator, season=season, lang=lang)
            said = page.slots(view)
            assert set(said) == {"headline", "choose", "trend", "place", "hot", "shares", "notes"}
            assert not re.search(r"\bnan\b|None|\binf\b", spoken("".join(said.values())))


def test_stages_have_no_trend_and_offer_others(publication: Publication) -> None:
    said = page.slots(view_of(publication, indicator="cdi"))
    assert said["trend"] == said["hot"] == ""
    assert '{"indicator": "spei_3"}' in said["choose"]
    assert "<figure" in said["shares"]


def test_a_significant_trend_is_marked_without_colour(publication: Publication) -> None:
    """Degrees above zero rose nearly everywhere: the warm end of the record is known."""
    said = page.slots(view_of(publication, indicator="gdd_grassland"))["trend"]
    marked = re.findall(r'<use [^>]*fill="(#\w+)"[^>]*class="significant"', said)
    assert len(marked) > 40
    assert set(marked) <= set(COLOURS[:4])


def test_harvests_have_no_seasons(publication: Publication) -> None:
    """A publication in which wheat yields 1 % more each year, everywhere."""
    key = "yield_anomaly_pct_soft_wheat"
    own = copy.copy(publication)
    count = len(publication.codes)
    years = range(2001, 2013)
    small = by_hand(
        key, [[float(year - 2000)] * PLACES for year in years], [[None] * PLACES] * 12,
        tuple(date(year, 12, 31) for year in years),
    )  # fmt: skip

    def wide(matrix: np.ndarray) -> np.ndarray:
        return np.repeat(matrix[:, :1], count, axis=1)

    own._matrices = {
        key: Matrix(
            key, small.periods, publication.codes, publication.names, publication.area_km2,
            wide(small.value), wide(small.percentile), wide(small.reference_years),
            wide(small.reference_period), wide(small.drought_class), wide(small.style),
        )
    }  # fmt: skip
    own.indicators = (key,)
    said = page.slots(view_of(own, indicator=key, season="summer"))
    assert "Sur l'année, tendance significative à la hausse dans 101 des 101" in spoken(
        said["headline"]
    )
    assert "+10,0 points par décennie" in spoken(said["place"])
    assert said["choose"].count("data-ask-params") == 1


def test_classes_of_the_legend_are_told_with_their_sign(publication: Publication) -> None:
    rain = Shown(view_of(publication, indicator="precip_mm"))
    names = [plain(trend_map.bin_name(rain, index, 20.0)) for index in (0, 3, 4, 5, 8)]
    assert names == ["moins de −80 mm", "−20 à −40 mm", "± 20 mm", "+20 à +40 mm", "plus de +80 mm"]
    score = Shown(view_of(publication, indicator="combined"))
    assert plain(trend_map.bin_name(score, 0, 10.0)) == "plus de +40 points"


def test_how_often_chance_does_as_much(publication: Publication) -> None:
    view = view_of(publication)
    assert plain(page.chance(0.304, view)) == "30 fois sur 100"
    assert plain(page.chance(0.0001, view)) == "moins d'une fois sur 100"
    assert plain(trend_map.p_text(0.0001, "fr")) == "< 0,001"
    assert trend_map.p_text(0.034, "fr") == "0,034"


def test_shares_are_weighed_by_the_crop_that_is_chosen(publication: Publication) -> None:
    area = page.slots(view_of(publication, indicator="spei_3"))["shares"]
    crop = page.slots(view_of(publication, indicator="spei_3", crop="soft_wheat"))["shares"]
    assert "Part de la culture (blé tendre)" in spoken(crop)
    assert spoken(area) != spoken(crop)
