"""Tables of the soil outlook: no weather after the issue, figures by hand."""

import re
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest

from geo_pipeline import sql
from geo_pipeline.outlook_schemas import WHY_NOT
from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.spatial import database
from geo_pipeline.territory import CODES
from geo_pipeline.transforms import quality
from geo_pipeline.transforms.soil import soil_water_daily
from geo_pipeline.transforms.soil_outlook import (
    outlook_hindcast,
    outlook_skill,
    recovery,
    soil_outlook,
)
from geo_pipeline.words import catalogue
from tests.conftest import ROOT
from tests.unit.test_drought import weather

CROPS = crop_parameters(ROOT / "assets_data").loc[["grassland", "grain_maize_rainfed"]]
SOILS = Bundled(ROOT / "assets_data").soil_storage()
assert set(SOILS.index) == set(CODES)


def years(first: str, last: str, seed: int | None = 3) -> pd.DataFrame:
    """Return a record of 31 with seasons; without a seed each year is the same."""
    rows = weather(first, last, 0.0)
    dates = pd.DatetimeIndex(rows["date"])
    day = dates.dayofyear.to_numpy()
    et0 = 2.6 - 2.2 * np.cos(2 * np.pi * (day + 10) / 365)
    if seed is None:
        rain = np.where(dates.day % 4 == 0, 8.0, 0.0)
    else:
        random = np.random.default_rng(seed)
        rain = np.where(random.random(len(day)) < 0.3, random.gamma(0.8, 9.0, len(day)), 0.0)
    return rows.assign(precip_mm=rain, et0_mm=et0, et0_method="given")


RECORD = years("2009-01-01", "2020-12-31")


@cache
def hindcast() -> pd.DataFrame:
    """Return the past forecasts of `RECORD`, computed once."""
    return outlook_hindcast(RECORD, CROPS, SOILS)


def test_the_outlook_is_issued_at_the_end_of_the_last_whole_dekad() -> None:
    rows = soil_outlook(RECORD[RECORD["date"] <= "2020-06-17"], CROPS, SOILS)
    assert rows["period_end"].unique().tolist() == [pd.Timestamp("2020-06-10")]
    assert rows["target_end"].iloc[0] == pd.Timestamp("2020-06-20")
    assert (rows.groupby("crop", observed=True)["lead_dekads"].max() == 9).all()
    assert (rows["members"] == 11).all()
    assert (rows["p10"] <= rows["p90"]).all()
    # Eleven other years tell the limits of D0, D1 and D2, and no rarer ones.
    assert rows[["d0_pct", "d1_pct", "d2_pct"]].notna().all(axis=None)
    assert rows[["d3_pct", "d4_pct"]].isna().all(axis=None)


def test_a_crop_has_no_outlook_beyond_its_season() -> None:
    """Maize stands until 6 October, so until the dekad that ends on 30 September."""
    rows = soil_outlook(RECORD, CROPS, SOILS, issued=date(2020, 8, 20))
    maize = rows[rows["crop"] == "grain_maize_rainfed"]
    assert maize["target_end"].max() == pd.Timestamp("2020-09-30")
    winter = soil_outlook(RECORD, CROPS, SOILS)
    assert winter["crop"].unique().tolist() == ["grassland"]


def test_weather_after_the_issue_changes_no_byte_of_the_outlook() -> None:
    issued = date(2018, 5, 31)
    after = RECORD["date"] > pd.Timestamp(issued)
    other = years("2009-01-01", "2020-12-31", seed=77)
    replaced = pd.concat([RECORD[~after], other[after]])
    before, then = (soil_outlook(each, CROPS, SOILS, issued=issued) for each in (RECORD, replaced))
    assert before.to_csv() == then.to_csv()
    assert before["members"].eq(9).all()


def test_days_after_the_last_whole_dekad_change_no_byte_of_outlook_and_recovery() -> None:
    """Issued on 10 June 2020: the week that is known of the dekad under way has no part in it."""
    known = RECORD[RECORD["date"] <= "2020-06-17"]
    flood = known.assign(precip_mm=known["precip_mm"].where(known["date"] <= "2020-06-10", 40.0))
    for table in (soil_outlook, recovery):
        before, then = (table(each, CROPS, SOILS) for each in (known, flood))
        assert before["period_end"].unique().tolist() == [pd.Timestamp("2020-06-10")]
        assert before.to_csv() == then.to_csv()


def test_where_each_year_is_the_same_so_is_the_next() -> None:
    same = years("2009-01-01", "2020-12-31", seed=None)
    rows = soil_outlook(same, CROPS, SOILS, issued=date(2019, 6, 30))
    assert (rows["p90"] - rows["p10"]).max() < 0.002
    assert (rows["p50"] - rows["usual_p50"]).abs().max() < 0.002


def test_the_observed_wetness_is_the_mean_of_the_daily_table() -> None:
    daily = soil_water_daily(RECORD, CROPS, SOILS)
    july = daily[
        (daily["crop"] == "grain_maize_rainfed") & daily["date"].between("2016-07-11", "2016-07-20")
    ]
    told = hindcast()[
        (hindcast()["crop"] == "grain_maize_rainfed")
        & (hindcast()["period_end"] == "2016-06-20")
        & (hindcast()["lead_dekads"] == 3)
    ]
    assert told["observed"].item() == pytest.approx(july["swi"].mean(), abs=2e-4)
    assert told["p10"].item() <= told["p50"].item() <= told["p90"].item()


def test_a_hindcast_is_the_outlook_of_its_day_where_all_other_years_are_before() -> None:
    rows = soil_outlook(RECORD, CROPS, SOILS).set_index("lead_dekads")
    last = hindcast()[hindcast()["period_end"] == "2020-12-31"].set_index("lead_dekads")
    assert last["observed"].isna().all()
    np.testing.assert_allclose(last["p50"], rows["p50"], atol=2e-4)
    np.testing.assert_allclose(100 * last["drought_chance"], rows["d1_pct"], atol=0.06)


def test_no_outlook_without_a_known_state_or_with_too_few_years() -> None:
    assert soil_outlook(RECORD.iloc[:0], CROPS, SOILS).empty
    few = soil_outlook(RECORD[RECORD["date"] < "2012-01-01"], CROPS, SOILS)
    assert few["p50"].isna().all()
    assert (few["usual_years"] < 5).all()
    gap = RECORD.assign(precip_mm=RECORD["precip_mm"].where(RECORD["date"] != "2020-12-25"))
    unknown = soil_outlook(gap, CROPS, SOILS)
    assert unknown["p50"].isna().all()
    assert (unknown["usual_years"] >= 5).all()


def test_skill_is_of_sums_over_departements_and_years() -> None:
    """Ten years with a CRPS of 0.6 against 1 and 0.8: 0.4 and 0.25, and nothing to be unsure of."""
    scores = pd.DataFrame(
        {
            "crop": "grassland",
            "month": 5,
            "lead_dekads": 2,
            "year": range(2010, 2020),
            "forecasts": 10,
            "crps": 0.6,
            "crps_climatology": 1.0,
            "crps_persistence": 0.8,
            "rps": 1.0,
            "rps_climatology": 4.0,
            "within": [8] * 9 + [3],
            "drought_chance": 2.0,
            "drought": 1.0,
            "likely": 2,
            "likely_drought": 1,
        }
    )
    told = outlook_skill(scores).iloc[0]
    assert told["forecasts"] == 100
    assert told["years"] == 10
    assert told["crpss_climatology"] == pytest.approx(0.4)
    assert told["crpss_climatology_low"] == pytest.approx(0.4)
    assert told["crpss_persistence"] == pytest.approx(0.25)
    assert told["rpss"] == pytest.approx(0.75)
    assert told["coverage_pct"] == pytest.approx(75.0)
    assert told["coverage_worst_year_pct"] == pytest.approx(30.0)
    assert told["drought_chance_pct"] == pytest.approx(20.0)
    assert told["drought_frequency_pct"] == pytest.approx(10.0)
    assert told["likely_frequency_pct"] == pytest.approx(50.0)
    assert outlook_skill(scores.iloc[:0]).empty


def test_sums_of_scores_are_those_of_the_hindcasts() -> None:
    sums = database.run("outlook_scores", {"outlook_hindcast": hindcast()})
    skills = outlook_skill(sums)
    known = hindcast().dropna(subset=["crps", "crps_climatology", "crps_persistence"])
    of = (known["crop"] == "grassland") & (known["lead_dekads"] == 1)
    may = known[of & (known["period_end"].dt.month == 5)]
    told = skills[
        (skills["crop"] == "grassland") & (skills["month"] == 5) & (skills["lead_dekads"] == 1)
    ].iloc[0]
    assert told["forecasts"] == len(may)
    expected = 1 - may["crps"].sum() / may["crps_climatology"].sum()
    assert told["crpss_climatology"] == pytest.approx(expected, abs=1e-5)
    assert told["crpss_climatology"] > 0.3


def test_rain_until_recovery_is_more_than_usual_after_a_drought() -> None:
    dry = RECORD.assign(precip_mm=RECORD["precip_mm"].where(RECORD["date"] < "2020-04-01", 0.0))
    rows = recovery(dry[dry["date"] <= "2020-08-31"], CROPS, SOILS)
    grass = rows[rows["crop"] == "grassland"].set_index(["horizon_dekads", "goal"])
    assert len(grass) == 6
    assert not grass["reached"].any()
    assert (grass["rain_needed_mm"] > grass["rain_usual_mm"])[[3, 6]].all()
    easing, end = (grass.xs(goal, level="goal") for goal in ("easing", "end"))
    assert (easing["rain_needed_mm"] < end["rain_needed_mm"]).all()
    assert (easing["chance_pct"] >= end["chance_pct"]).all()
    wet = recovery(
        RECORD.assign(precip_mm=RECORD["precip_mm"].where(RECORD["date"] < "2020-04-01", 9.0)),
        CROPS,
        SOILS,
    )
    assert wet["reached"].all()


def test_quantiles_out_of_order_are_found() -> None:
    rows = soil_outlook(RECORD, CROPS, SOILS)
    assert quality.outlook(rows).empty
    wrong = rows.assign(p25=rows["p25"].where(rows["lead_dekads"] != 4, rows["p10"] - 0.1))
    found = quality.outlook(wrong)
    assert found[["check", "severity", "cases"]].to_numpy().tolist() == [["quantiles", "error", 1]]
    likelier = quality.outlook(rows.assign(d2_pct=100.0, d1_pct=50.0))
    assert likelier["cases"].tolist() == [len(rows)]


def test_reasons_for_no_forecast_have_texts_in_both_languages() -> None:
    named = set(re.findall(r"'(outlook\.\w+)'", sql.load("soil_outlook_told")))
    assert named == set(WHY_NOT)
    for language in ("fr", "en"):
        assert set(WHY_NOT) <= catalogue(language).texts.keys()
