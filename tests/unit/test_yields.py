"""Yield forecasts of départements: windows of seasons, no later data, no repeated measurement."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime import yield_tables
from geo_pipeline.settings import Settings
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.storage.lake import Lake
from geo_pipeline.table_rows import validate
from geo_pipeline.transforms.crop_seasons import (
    CropSeasons,
    last_event,
    seasons_of_crops,
    without_doubtful,
)
from geo_pipeline.transforms.soil import STAGES
from geo_pipeline.transforms.weather import with_et0
from geo_pipeline.transforms.yields import measured, yield_outlook, yield_skill

CODES = ["31", "32", "51", "82"]
SOURCE = Bundled(Settings().embedded_data)
MAIZE = "grain_maize_irrigated"


@pytest.fixture(scope="module")
def weather() -> pd.DataFrame:
    return with_et0(SOURCE.weather_daily(CODES))


@pytest.fixture(scope="module")
def statistics() -> pd.DataFrame:
    rows = SOURCE.crop_statistics(CODES)
    return rows[rows["crop"].isin([MAIZE, "soft_wheat", "grain_maize_rainfed", "triticale"])]


def seasons(weather: pd.DataFrame, statistics: pd.DataFrame) -> dict[str, CropSeasons]:
    tables = SOURCE.crop_parameters(), SOURCE.soil_storage()
    return {each.crop: each for each in seasons_of_crops(weather, statistics, *tables)}


def told(weather: pd.DataFrame, statistics: pd.DataFrame, verdict: str) -> pd.DataFrame:
    """Return the outlook of maize where all its dates have a verdict."""
    of = seasons(weather, statistics)[MAIZE]
    rows = [{"crop": MAIZE, "issue": each.number, "verdict": verdict} for each in of.issues]
    return yield_outlook([of], pd.DataFrame(rows))


def test_a_crop_without_a_calendar_has_no_season(
    weather: pd.DataFrame, statistics: pd.DataFrame
) -> None:
    assert set(seasons(weather, statistics)) == {MAIZE, "soft_wheat", "grain_maize_rainfed"}


def test_dates_of_issue_are_the_ends_of_months_and_the_harvest(
    weather: pd.DataFrame, statistics: pd.DataFrame
) -> None:
    """Maize of 20 April has 170 days; wheat sown on 20 October of the year before has 268."""
    found = seasons(weather, statistics)
    of_2020 = {
        crop: [str(issue.days[list(each.years).index(2020)]) for issue in each.issues]
        for crop, each in found.items()
    }
    assert of_2020[MAIZE] == [
        "2020-04-30", "2020-05-31", "2020-06-30", "2020-07-31", "2020-08-31", "2020-09-30",
        "2020-10-06",
    ]  # fmt: skip
    assert of_2020["soft_wheat"][:5] == [
        "2019-10-31", "2019-11-30", "2019-12-31", "2020-01-31", "2020-02-29",
    ]  # fmt: skip
    assert of_2020["soft_wheat"][-1] == "2020-07-13"
    assert [issue.month for issue in found["soft_wheat"].issues] == [10, 11, 12, *range(1, 8)]


def test_a_doubtful_figure_is_not_a_harvest(
    weather: pd.DataFrame, statistics: pd.DataFrame
) -> None:
    """Marne has 17.4 q/ha of irrigated maize in 2020, after 100 and more."""
    maize = seasons(weather, statistics)[MAIZE]
    place, year = maize.codes.index("51"), list(maize.years).index(2020)
    assert np.isnan(maize.yields[year, place])
    assert not np.isnan(maize.yields[year - 1, place])


def test_a_doubtful_figure_is_compared_with_earlier_harvests_only() -> None:
    yields = np.array([[50.0]] * 5 + [[160.0], [140.0], [10.0], [60.0]])
    expected = [50.0] * 5 + [np.nan, 140.0, np.nan, 60.0]
    assert np.array_equal(without_doubtful(yields)[:, 0], expected, equal_nan=True)
    assert np.array_equal(without_doubtful(yields[:6])[:, 0], expected[:6], equal_nan=True)
    # Were the later ones known, their median of 155 would make the 160 a usual harvest.
    later = without_doubtful(np.append(yields[:6], np.full((30, 1), 155.0), axis=0))
    assert np.isnan(later[5:, 0]).all()


def test_later_weather_and_harvests_do_not_change_a_forecast(
    weather: pd.DataFrame, statistics: pd.DataFrame
) -> None:
    """All weather after the day of issue and all harvests from that year on: the same bytes."""
    issued = pd.Timestamp("2020-07-31")
    later = weather["date"] > issued
    columns = ["precip_mm", "et0_mm", "tmean_c", "radiation_mj_m2"]
    other, harvests = weather.copy(), statistics.copy()
    shuffled = other.loc[later, columns].sample(frac=1.0, random_state=1)
    other.loc[later, columns] = shuffled.to_numpy()
    harvests.loc[harvests["year"] >= issued.year, "yield_q_ha"] *= 1.7

    def then(rows: pd.DataFrame) -> pd.DataFrame:
        here = (rows["year"] == issued.year) & (rows["issued"] <= issued)
        return rows[here].reset_index(drop=True)

    for verdict in ("model", "no_skill"):
        before = then(told(weather, statistics, verdict))
        after = then(told(other, harvests, verdict))
        assert len(before) == len(CODES) * 4
        pd.testing.assert_frame_equal(before, after, check_exact=True)
        assert before["model_q_ha"].notna().any() == (verdict == "model")


def test_a_baseline_by_hand(weather: pd.DataFrame, statistics: pd.DataFrame) -> None:
    """The harvests of 2010 to 2012 have a mean; that of 2013 is told by it, without a range yet."""
    rows = told(weather, statistics, "no_skill")
    first = rows[(rows["departement"] == "31") & (rows["year"] == 2013)]
    known = statistics.query("departement == '31' and crop == @MAIZE and year < 2013")["yield_q_ha"]
    assert first["baseline_q_ha"].to_numpy() == pytest.approx(known.mean())
    assert set(first["last_harvest"]) == {2012}
    assert first["baseline_p10_q_ha"].isna().all()
    assert set(rows["why"]) == {"no_skill"}
    assert set(rows["published"]) == {"baseline"}
    late = rows[rows["year"] == 2022]
    assert (late["baseline_p10_q_ha"] < late["baseline_q_ha"]).all()
    assert (late["baseline_q_ha"] < late["baseline_p90_q_ha"]).all()


def test_a_model_forecasts_where_it_has_enough_years(
    weather: pd.DataFrame, statistics: pd.DataFrame
) -> None:
    """Before 2017 there are fewer than six harvests with their weather: 2014 has neither."""
    rows = told(weather, statistics, "model")
    assert set(rows.loc[rows["published"] == "model", "year"]) == set(range(2017, 2023))
    assert set(rows.loc[rows["published"] == "baseline", "why"]) == {"few_years"}
    model = rows[rows["published"] == "model"]
    assert (model["model_p10_q_ha"] < model["model_p90_q_ha"]).all()


PASSED = {
    "crop": MAIZE,
    "issue": 1,
    "issue_month": 7,
    "years": 12,
    "departements": 40,
    "skill": 0.2,
    "skill_low": 0.05,
    "skill_high": 0.3,
    "forward_years": 4,
    "forward_skill": 0.1,
    "p_value": 0.002,
    "placebo_before": 0.0,
    "placebo_before_low": -0.1,
    "placebo_after": 0.0,
    "placebo_after_low": -0.1,
}
"""What is measured of a model that passes."""


def test_each_measure_of_a_crop_can_refuse_its_model() -> None:
    """Changed one at a time: none is forgotten between what is measured and the rule."""
    refused = {
        "few_years": {"years": 5},
        "no_skill": {"skill_low": -0.01},
        "no_forward_skill": {"forward_skill": -0.01},
        "chance": {"p_value": 0.2},
        "placebo": {"placebo_before_low": 0.01, "placebo_before_p": 0.01},
    }
    after = {"placebo_after_low": 0.01, "placebo_after_p": 0.01}
    changes = [("model", {}), *refused.items(), ("placebo", after)]
    for verdict, change in changes:
        rows = yield_skill([PASSED | change])
        assert rows["verdict"].tolist() == [verdict], change


def test_what_was_judged_with_its_own_harvest_is_marked(
    weather: pd.DataFrame, statistics: pd.DataFrame
) -> None:
    """Twelve harvests until 2022 judge the model: of all seasons but that of 2023 in hindsight."""
    rows = told(weather, statistics, "model")
    assert (rows["in_hindsight"] == (rows["year"] <= 2022)).all()
    known = statistics[statistics["year"] < 2021]
    rows = told(weather, known, "model")
    assert set(rows.loc[rows["in_hindsight"], "year"]) == {2013, *range(2015, 2021)}
    assert {2021, 2022} <= set(rows.loc[~rows["in_hindsight"], "year"])
    few = statistics[statistics["year"].isin(range(2007, 2014))]
    assert not told(weather, few, "few_years")["in_hindsight"].any()


@pytest.fixture(scope="module")
def skills(weather: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    found = seasons(weather, statistics)
    return yield_skill([row for each in found.values() for row in measured(each)])


def test_skill_is_measured_for_each_date_of_issue(skills: pd.DataFrame) -> None:
    assert skills.groupby("crop").size().to_dict() == {
        MAIZE: 7,
        "grain_maize_rainfed": 7,
        "soft_wheat": 10,
    }
    rainfed = skills[skills["crop"] == "grain_maize_rainfed"]
    assert set(rainfed["verdict"]) == {"few_years"}
    assert rainfed["skill"].isna().all()
    maize = skills[skills["crop"] == MAIZE]
    assert set(maize["years"]) == {12}
    assert set(maize["forward_years"]) == {4}
    assert (maize["skill_low"] <= maize["skill"]).all()
    assert (maize["coverage_worst_year_pct"] < maize["coverage_pct"]).all()
    assert set(maize["coverage_worst_year_pct"]) <= {0.0, 25.0, 50.0, 75.0, 100.0}  # of 4 places
    ratio = (maize["model_rmse_q_ha"] / maize["baseline_rmse_q_ha"]) ** 2
    assert maize["skill"].to_numpy() == pytest.approx(1.0 - ratio.to_numpy())


@pytest.fixture
def lake(tmp_path: Path, weather: pd.DataFrame, statistics: pd.DataFrame) -> Lake:
    lake = Lake(tmp_path / "lake")
    origin = Provenance("bundled", "", "2026-11-23", "")
    for code in CODES[:2]:
        for table, rows in (("weather_daily", weather), ("crop_statistics", statistics)):
            of = rows[rows["departement"] == code]
            lake.write(table, validate(table, of), origin, code)
    return lake


def skill_of(lake: Lake) -> pd.DataFrame:
    """Return the skill as the lake holds it after it was made again."""
    tables = SOURCE.crop_parameters(), SOURCE.soil_storage()
    rows, origin = yield_tables.skill(yield_tables.Inputs.of(lake, tables, (), print))
    lake.write("yield_skill", rows, origin)
    return rows


def test_only_crops_that_changed_are_measured_again(lake: Lake) -> None:
    """A figure put into the file by hand stays where nothing is measured again."""
    rows = skill_of(lake)
    recorded = lake.footer("yield_skill").provenance
    mark = rows.assign(skill=rows["skill"].where(rows["skill"].isna(), -0.123))
    lake.write("yield_skill", mark, Provenance(**recorded))
    assert set(skill_of(lake)["skill"].dropna()) == {-0.123}

    harvests = lake.read("crop_statistics", "31")
    harvests.loc[harvests["crop"] == MAIZE, "yield_q_ha"] += 1.0
    lake.write("crop_statistics", harvests, lake.origin("crop_statistics", "31"), "31")
    again = skill_of(lake).set_index("crop")["skill"]
    assert set(again["soft_wheat"]) == {-0.123}
    assert -0.123 not in set(again[MAIZE])


def test_days_after_the_last_harvest_cause_no_measurement(lake: Lake) -> None:
    skill_of(lake)
    recorded = lake.footer("yield_skill").provenance
    days = lake.read("weather_daily", "31")
    days.loc[days["date"] > "2022-12-20", "precip_mm"] += 3.0
    lake.write("weather_daily", days, lake.origin("weather_daily", "31"), "31")
    mark = lake.read("yield_skill").assign(skill=-0.5)
    lake.write("yield_skill", mark, Provenance(**recorded))
    assert set(skill_of(lake)["skill"]) == {-0.5}


def test_skill_that_grew_with_the_weather_is_that_of_a_new_lake(
    lake: Lake, tmp_path: Path, weather: pd.DataFrame
) -> None:
    """In spring 2020 seasons are under way whose harvest nobody knows."""
    for code in CODES[:2]:
        harvests = lake.read("crop_statistics", code)
        origin = lake.origin("crop_statistics", code)
        lake.write("crop_statistics", harvests[harvests["year"] < 2020], origin, code)
    other = Lake(tmp_path / "other")
    shutil.copytree(lake.root, other.root)

    def until(of: Lake, day: str) -> pd.DataFrame:
        for code in CODES[:2]:
            rows = weather[(weather["departement"] == code) & (weather["date"] <= day)]
            origin = Provenance("bundled", "", "2026-11-23", "")
            of.write("weather_daily", validate("weather_daily", rows), origin, code)
        return skill_of(of)

    until(lake, "2020-05-31")
    grown, anew = (until(each, "2020-08-28").fillna(-99.0) for each in (lake, other))
    pd.testing.assert_frame_equal(grown, anew)


def test_the_outlook_stays_where_nothing_changed(lake: Lake) -> None:
    skill_of(lake)
    tables = SOURCE.crop_parameters(), SOURCE.soil_storage()
    written = []
    for _ in range(2):
        rows, origin = yield_tables.outlook(yield_tables.Inputs.of(lake, tables, (), print))
        written.append(lake.write("yield_outlook", validate("yield_outlook", rows), origin).sha256)
    assert written[0] == written[1]
    changed = replace(lake.origin("yield_skill"), made_of="{}")
    lake.write("yield_skill", lake.read("yield_skill").assign(verdict="chance"), changed)
    rows, _ = yield_tables.outlook(yield_tables.Inputs.of(lake, tables, (), print))
    assert set(rows["why"]) == {"chance"}


def test_departements_held_back_are_not_used(lake: Lake) -> None:
    said: list[str] = []
    tables = SOURCE.crop_parameters(), SOURCE.soil_storage()
    rows, _ = yield_tables.skill(yield_tables.Inputs.of(lake, tables, {"31"}, said.append))
    assert set(rows["departements"]) <= {0, 1}
    assert said == ["départements left out: 31"]


@pytest.mark.parametrize(
    ("until", "event"),
    [
        ("2021-04-08", "2021-03-31"),  # the end of a month: a date of issue
        ("2021-04-09", "2021-04-09"),  # the eve of sowing
        ("2021-04-20", "2021-04-10"),  # sowing
        ("2021-07-18", "2021-07-18"),  # harvest, 99 days later
        ("2021-07-30", "2021-07-19"),  # the days after harvest begin
        ("2021-10-30", "2021-10-26"),  # and end, 99 days later
        ("2021-10-31", "2021-10-31"),
    ],
)
def test_the_last_day_on_which_a_window_begins_or_ends(until: str, event: str) -> None:
    """A crop of a hundred days from 10 April."""
    lengths = dict(zip(STAGES, (20, 30, 30, 20), strict=True))
    crop = pd.DataFrame({"start_month": 4, "start_day": 10, **lengths}, index=["x"])
    assert last_event(np.datetime64(until), crop) == np.datetime64(event)


def test_days_between_two_events_change_no_season(
    weather: pd.DataFrame, statistics: pd.DataFrame
) -> None:
    days = np.arange("2021-07-01", "2021-12-01", dtype="datetime64[D]")
    events = [last_event(day, SOURCE.crop_parameters()) for day in days]
    event, last = max(zip(events, days, strict=True), key=lambda each: each[1] - each[0])
    assert event < last
    until, more = (
        seasons(weather[weather["date"] <= pd.Timestamp(day)], statistics) for day in (event, last)
    )
    for crop, each in until.items():
        assert each.digest == more[crop].digest
        for one, other in zip(each.issues, more[crop].issues, strict=True):
            assert one.inside == other.inside
            assert np.array_equal(one.known, other.known)
            assert np.array_equal(one.features, other.features, equal_nan=True)
