"""Water that crops would have to be given, by figures that can be worked out on paper."""

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.irrigation import irrigation_need
from tests.conftest import ROOT

BUNDLED = Bundled(ROOT / "assets_data")
CROPS, STORAGE = BUNDLED.crop_parameters(), BUNDLED.soil_storage()
MAIZE = CROPS.loc[["grain_maize_irrigated"]].assign(
    kc_ini=1.0, kc_mid=1.0, kc_end=1.0, kc_off=0.0, root_min_m=1.0, root_low_m=1.0, p=0.5
)
"""Maize of one crop coefficient and one depth of roots, from 20 April: the balance is a sum."""


def weather(years: range, et0_mm: float, rain_mm: float = 0.0, code: str = "31") -> pd.DataFrame:
    """Return days with the same demand; rain of winter fills the soil each January."""
    dates = pd.date_range(f"{years[0]}-01-01", f"{years[-1]}-12-31")
    rain = np.where(dates.dayofyear == 1, 1000.0, rain_mm)
    return pd.DataFrame({"departement": code, "date": dates, "precip_mm": rain, "et0_mm": et0_mm})


def statistics(area_ha: float | None = 100.0) -> pd.DataFrame:
    rows = [{"departement": "31", "year": 2003, "crop": "grain_maize_irrigated"}]
    return pd.DataFrame(rows).assign(area_ha=area_ha, yield_q_ha=100.0, production_q=1e4)


def at(frame: pd.DataFrame, day: str) -> pd.Series:  # type: ignore[type-arg]
    (row,) = frame[frame["period_end"] == pd.Timestamp(day)].to_dict("records")
    return pd.Series(row)


SOIL_MM = float(STORAGE.loc["31", "available_water_mm_per_m"])  # one metre of roots


def test_what_is_needed_is_the_demand_less_what_the_soil_gives_without_stress() -> None:
    """5 mm a day leave p at its 0.5: half of the soil's water is free, the rest must be given."""
    frame = irrigation_need(weather(range(2001, 2010), 5.0), statistics(), MAIZE, STORAGE)
    asked = 5.0 * (30 + 30 + 11)  # 20 April to 29 June: given at the start of the next day
    assert at(frame, "2005-06-30")["season_mm"] == pytest.approx(asked - 0.5 * SOIL_MM, abs=0.1)


def test_full_rain_needs_nothing() -> None:
    frame = irrigation_need(weather(range(2001, 2010), 5.0, 5.0), statistics(), MAIZE, STORAGE)
    assert (frame["season_mm"] == 0.0).all()


def test_the_next_thirty_days_are_those_of_the_years_before() -> None:
    """These ask for 5 mm a day from June on; the year itself and those after it for 6 and 7 mm."""
    days = weather(range(2001, 2010), 5.0)
    days.loc[days["date"].dt.year == 2006, "et0_mm"] = 6.0
    days.loc[days["date"].dt.year > 2006, "et0_mm"] = 7.0
    frame = irrigation_need(days, statistics(), MAIZE, STORAGE)
    row = at(frame, "2006-06-30")
    ahead = [row[f"next_30_days_{p}_mm"] for p in ("p10", "p50", "p90")]
    assert ahead == pytest.approx([150.0] * 3, abs=0.1)
    assert at(frame, "2007-06-30")["next_30_days_p50_mm"] == pytest.approx(150.0, abs=0.1)
    assert np.isnan(at(frame, "2005-06-30")["next_30_days_p50_mm"])  # four years are too few
    # Six millimetres leave less of the soil free: p falls by 0.04 a millimetre.
    assert row["season_mm"] - row["usual_season_mm"] == pytest.approx(
        71.0 + 0.04 * SOIL_MM, abs=0.1
    )


def test_the_next_thirty_days_begin_on_the_morrow() -> None:
    """From 20 June to 20 July it is thirty days: what was given then is the season's difference."""
    days = weather(range(2001, 2008), 5.0)
    days["et0_mm"] += np.random.default_rng(4).uniform(0.0, 3.0, len(days))
    frame = irrigation_need(days, statistics(), MAIZE, STORAGE)
    given = [
        at(frame, f"{year}-07-20")["season_mm"] - at(frame, f"{year}-06-20")["season_mm"]
        for year in range(2001, 2006)
    ]
    assert at(frame, "2006-06-20")["next_30_days_p50_mm"] == pytest.approx(
        np.median(given), abs=0.1
    )


def test_weather_after_the_date_changes_no_byte_of_what_is_told_for_the_next_days() -> None:
    days = weather(range(2001, 2010), 5.0)
    after = days["date"] > "2007-07-31"
    others = days.assign(et0_mm=days["et0_mm"].mask(after, 9.0))
    others["precip_mm"] = others["precip_mm"].mask(after, 3.0)
    told = [
        column
        for column in irrigation_need(days, statistics(), MAIZE, STORAGE)
        if "usual" not in column
    ]
    before, then = (
        irrigation_need(each, statistics(), MAIZE, STORAGE)[told].query(
            "period_end <= '2007-07-31'"
        )
        for each in (days, others)
    )
    assert before.to_csv() == then.to_csv()
    assert before["next_30_days_p50_mm"].notna().any()


def test_nothing_is_usual_of_fewer_than_five_other_years() -> None:
    frame = irrigation_need(weather(range(2001, 2006), 5.0), statistics(), MAIZE, STORAGE)
    assert frame["usual_season_mm"].isna().all()
    assert at(frame, "2003-06-30")["season_mm"] > 0.0
    assert np.isnan(at(frame, "2003-06-30")["usual_season_mm"])


def test_volumes_are_those_of_the_latest_area_by_then() -> None:
    frame = irrigation_need(weather(range(2001, 2010), 5.0), statistics(100.0), MAIZE, STORAGE)
    row = at(frame, "2005-06-30")
    assert (row["area_ha"], row["area_year"]) == (100.0, 2003)
    assert row["season_m3"] == pytest.approx(row["season_mm"] * 1000.0)  # 10 m3 a ha and mm
    before = at(frame, "2002-06-30")
    assert pd.isna(before["area_ha"])
    assert pd.isna(before["season_m3"])
    unknown = irrigation_need(weather(range(2001, 2010), 5.0), statistics(None), MAIZE, STORAGE)
    assert unknown["season_m3"].isna().all()


def test_a_missing_day_hides_the_rest_of_its_season_and_no_other() -> None:
    days = weather(range(2001, 2010), 5.0)
    days.loc[days["date"] == "2005-05-10", "precip_mm"] = np.nan
    frame = irrigation_need(days, statistics(), MAIZE, STORAGE)
    assert np.isnan(at(frame, "2005-08-31")["season_mm"])
    assert at(frame, "2006-08-31")["season_mm"] > 0.0
    assert at(frame, "2005-04-30")["season_mm"] == 0.0


def test_crops_stand_only_in_their_season_and_places_do_not_mix() -> None:
    both = pd.concat([weather(range(2001, 2008), 5.0), weather(range(2001, 2008), 2.0, code="32")])
    frame = irrigation_need(both, statistics(), MAIZE, STORAGE)
    assert set(frame["period_end"].dt.month) == {4, 5, 6, 7, 8, 9}  # its last day is 6 October
    alone = irrigation_need(weather(range(2001, 2008), 5.0), statistics(), MAIZE, STORAGE)
    pd.testing.assert_frame_equal(frame[frame["departement"] == "31"].reset_index(drop=True), alone)
    assert irrigation_need(both.iloc[:0], statistics(), MAIZE, STORAGE).empty
    assert set(frame["departement"]) <= set(CODES)
