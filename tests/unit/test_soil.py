"""Soil water of crops through the days, checked by hand on a soil and crops of our own."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.territory import CODES
from geo_pipeline.transforms import soil_stops
from geo_pipeline.transforms.soil import SoilWaterSince, soil_water_daily, soil_water_since
from tests.conftest import ROOT
from tests.unit.test_drought import weather

CROPS = crop_parameters(ROOT / "assets_data")
SOILS = pd.DataFrame(
    {"available_water_mm_per_m": 150.0, "soil_depth_m": 1.0, "drainage_per_day": 0.0},
    index=pd.Index(CODES),
)
"""FAO-56's silt loam everywhere, so that what comes out can be checked by hand."""


def days(first: str, last: str, rain_mm: float, et0_mm: float) -> pd.DataFrame:
    """Return weather with ET0 as given."""
    return weather(first, last, rain_mm).assign(et0_mm=et0_mm, et0_method="given")


def test_a_wet_winter_fills_the_soil_and_a_dry_summer_empties_it() -> None:
    wet = days("2019-10-01", "2020-04-30", 10.0, 1.0)
    dry = days("2020-05-01", "2020-09-30", 0.0, 5.0)
    rows = soil_water_daily(pd.concat([wet, dry]), CROPS, SOILS)
    grass = rows[rows["crop"] == "grassland"].set_index("date")
    assert grass.loc["2020-04-30", "depletion_mm"] == 0.0
    assert grass.loc["2020-04-30", "swi"] == 1.0
    # 150 mm of water, Kc 0.95, p 0.6 at 5 mm a day: the first day takes 4.75 mm, without stress
    assert grass.loc["2020-05-01", "taw_mm"] == 150.0
    assert grass.loc["2020-05-01", "depletion_mm"] == pytest.approx(4.75, abs=1e-3)
    assert grass.loc["2020-05-01", "ks"] == 1.0
    assert grass.loc["2020-09-30", "swi"] < 0.05
    assert grass.loc["2020-09-30", "ks"] < 0.15


def test_irrigated_maize_has_no_stress_where_rainfed_has() -> None:
    wet = days("2019-10-01", "2020-04-30", 10.0, 1.0)
    dry = days("2020-05-01", "2020-09-30", 0.0, 5.0)
    rows = soil_water_daily(pd.concat([wet, dry]), CROPS, SOILS)
    august = rows[rows["date"].between("2020-08-01", "2020-08-31")]
    ks = august.groupby("crop", observed=True)["ks"].mean()
    assert ks["grain_maize_irrigated"] == 1.0
    assert ks["grain_maize_rainfed"] < 0.3


def test_rows_are_those_of_the_season() -> None:
    rows = soil_water_daily(days("2019-10-01", "2020-12-31", 3.0, 2.0), CROPS, SOILS)
    season = rows[rows["date"].between("2020-01-01", "2020-12-31")].groupby("crop", observed=True)[
        "date"
    ]
    assert season.min()["grain_maize_rainfed"] == pd.Timestamp("2020-04-20")
    # 30 + 40 + 50 + 50 days from 20 April
    assert season.max()["grain_maize_rainfed"] == pd.Timestamp("2020-10-06")
    assert season.count()["grassland"] == 366


def test_after_a_gap_the_state_is_unknown_until_the_soil_is_full_again() -> None:
    before = days("2019-10-01", "2019-12-31", 10.0, 1.0)
    after = days("2020-02-01", "2020-04-30", 10.0, 1.0)
    rows = soil_water_daily(pd.concat([before, after]), CROPS, SOILS)
    grass = rows[rows["crop"] == "grassland"].set_index("date")["swi"]
    assert grass["2019-12-31"] == 1.0
    assert grass["2020-01-01":"2020-02-05"].isna().all()
    # at most 150 mm to fill, over 9 mm a day: known again within 17 days
    assert grass["2020-02-20":].notna().all()


def test_a_departement_alone_or_among_others_has_the_same_numbers() -> None:
    rng = np.random.default_rng(5)
    parts = []
    for code, first in (("01", "2018-01-01"), ("2A", "2019-03-01"), ("31", "2018-01-01")):
        part = weather(first, "2020-12-31", departement=code)
        parts.append(part.assign(precip_mm=rng.gamma(0.3, 8.0, len(part)), et0_mm=2.5))
    together = soil_water_daily(pd.concat(parts), CROPS, SOILS)
    for part in parts:
        alone = soil_water_daily(part, CROPS, SOILS)
        among = together[together["departement"] == part["departement"].iloc[0]]
        pd.testing.assert_frame_equal(alone, among.reset_index(drop=True), check_exact=True)


def test_soil_drains_under_grass_and_not_under_field_crops() -> None:
    """Full on 30 April, then neither rain nor demand: a tenth goes on each of two days."""
    wet = days("2019-10-01", "2020-04-30", 20.0, 1.0)
    still = days("2020-05-01", "2020-05-02", 0.0, 0.0)
    rows = soil_water_daily(pd.concat([wet, still]), CROPS, SOILS.assign(drainage_per_day=0.1))
    last = rows[rows["date"] == "2020-05-02"].set_index("crop")["depletion_mm"]
    assert last["grassland"] == pytest.approx(150.0 * (1 - 0.9**2), abs=1e-3)
    assert last["soft_wheat"] == 0.0


def test_a_state_counts_as_known_once_it_is_bounded_to_six_hundredths_of_the_soil() -> None:
    """From full or from empty, 150 mm: rain of 5 mm on no demand brings the two together."""
    rows = soil_water_daily(days("2020-01-01", "2020-02-15", 5.0, 0.0), CROPS, SOILS)
    swi = rows[rows["crop"] == "grassland"].set_index("date")["swi"]
    # 9 mm apart are few enough: on the 28th there are 10, on the 29th 5, told as 2.5 mm.
    assert swi[:"2020-01-28"].isna().all()
    assert swi["2020-01-29"] == pytest.approx(1 - 2.5 / 150, abs=1e-4)
    assert swi["2020-01-30"] == 1.0


LAST = date(2022, 12, 1)


def changing(first: str, last: date = LAST) -> pd.DataFrame:
    """Return weather of two départements in which no day is like another."""
    parts = []
    for code, seed in (("31", 1), ("32", 2)):
        part = weather(first, last.isoformat(), departement=code)
        rng = np.random.default_rng(seed)
        rain = np.where(rng.random(len(part)) < 0.3, rng.gamma(0.8, 9.0, len(part)), 0.0)
        parts.append(part.assign(precip_mm=rain, et0_mm=rng.uniform(0.5, 5.0, len(part))))
    return pd.concat(parts, ignore_index=True)


def since(days: pd.DataFrame, known: SoilWaterSince | None = None) -> SoilWaterSince:
    """Return what is computed of these days; stops are kept as text in between."""
    stops = {} if known is None else known.stops
    kept = {code: soil_stops.read(soil_stops.kept(each)) for code, each in stops.items()}
    return soil_water_since(days, CROPS, SOILS, kept)


def until(days: pd.DataFrame, last: str) -> pd.DataFrame:
    return days[days["date"] <= last].reset_index(drop=True)


def require_same(whole: SoilWaterSince, before: SoilWaterSince, grown: SoilWaterSince) -> None:
    """Check that the rows until where it went on, and the new ones, are all rows; and the stops."""
    for code in ("31", "32"):
        rows = [part.rows[part.rows["departement"] == code] for part in (whole, before, grown)]
        kept = rows[1][rows[1]["date"] <= pd.Timestamp(grown.before.get(code, date.min))]
        together = pd.concat([kept, rows[2]], ignore_index=True)
        pd.testing.assert_frame_equal(together, rows[0].reset_index(drop=True), check_exact=True)
    assert grown.stops == whole.stops


@pytest.mark.parametrize("known_until", ["2022-11-30", "2022-11-29", "2022-03-15", "2021-12-31"])
def test_a_balance_goes_on_where_it_stopped(known_until: str) -> None:
    days = changing("2018-03-05")
    before = since(until(days, known_until))
    grown = since(days, before)
    assert set(grown.before.values()) == {date.fromisoformat(known_until)}
    assert grown.rows["date"].min() == pd.Timestamp(known_until) + pd.Timedelta(days=1)
    require_same(since(days), before, grown)


@pytest.mark.parametrize(
    ("corrected", "goes_on_after"),
    [("2022-11-10", "2022-10-31"), ("2021-06-01", "2020-12-31"), ("2016-06-01", None)],
)
def test_corrected_weather_is_gone_back_before(corrected: str, goes_on_after: str | None) -> None:
    days = changing("2014-03-05")
    before = since(until(days, "2022-11-29"))
    is_corrected = (days["date"] == corrected) & (days["departement"] == "31")
    days.loc[is_corrected, "precip_mm"] += 12.0
    grown = since(days, before)
    expected = None if goes_on_after is None else date.fromisoformat(goes_on_after)
    assert grown.before.get("31") == expected
    assert grown.before["32"] == date(2022, 11, 29)
    require_same(since(days), before, grown)


def test_where_the_state_is_unknown_an_earlier_stop_is_taken() -> None:
    days = changing("2018-03-05")
    days.loc[days["date"].between("2022-11-20", "2022-11-25"), "precip_mm"] = np.nan
    before = since(until(days, "2022-11-26"))
    grown = since(days, before)
    assert set(grown.before.values()) == {date(2022, 10, 31)}
    require_same(since(days), before, grown)


def test_fewer_days_than_before_are_all_computed_where_stops_are_lacking() -> None:
    days = changing("2018-03-05")
    before = since(days)
    shorter = until(days, "2021-05-05")
    assert since(shorter, before).before == {}
    require_same(since(shorter), before, since(shorter, before))
