"""Soil water of crops through the days, checked by hand on a soil and crops of our own."""

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.soil import soil_water_daily
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
