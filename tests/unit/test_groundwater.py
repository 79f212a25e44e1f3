"""Groundwater by month: indices that can be told by hand, and what is counted apart."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.transforms.groundwater import COLUMNS, groundwater, indices

UNTIL = date(2020, 12, 31)


def record(
    piezometer: str, levels: Any, *, last_year: int = 2020, month: int = 3, departement: str = "31"
) -> pd.DataFrame:
    """One level a year, on the 10th of `month`, the last of them in `last_year`."""
    levels = list(levels)
    years = range(last_year - len(levels) + 1, last_year + 1)
    return pd.DataFrame(
        {
            "departement": departement,
            "piezometer": piezometer,
            "date": pd.to_datetime([f"{year}-{month:02d}-10" for year in years]),
            "level_m": levels,
        }
    )


def of(frame: pd.DataFrame, period_end: str) -> pd.Series:
    return frame[frame["period_end"] == pd.Timestamp(period_end)].iloc[0]


def test_the_index_orders_the_years_and_is_even() -> None:
    """Levels 1 to 21 m: the 11th is the normal, others stand as far below it as above."""
    found = indices(record("A", np.arange(1.0, 22.0)), UNTIL)
    index = found["index"].to_numpy()
    assert list(found["period_end"].dt.strftime("%m-%d").unique()) == ["03-31"]
    assert np.all(np.diff(index) > 0)
    assert index[10] == pytest.approx(0.0, abs=1e-12)
    assert index == pytest.approx(-index[::-1], abs=1e-9)
    # The lowest of 21 is among the lowest 5 %: beyond the return period of ten years.
    assert index[0] < -1.6


def test_an_index_needs_fifteen_values_of_its_month() -> None:
    """Fourteen Marches are too few, fifteen are enough; other months do not help."""
    assert indices(record("A", range(14)), UNTIL)["index"].isna().all()
    assert indices(record("A", range(15)), UNTIL)["index"].notna().all()
    both = pd.concat([record("A", range(14)), record("A", range(30), month=4)])
    found = indices(both, UNTIL).set_index("period_end")["index"]
    assert found[found.index.month == 3].isna().all()
    assert found[found.index.month == 4].notna().all()


def test_months_are_means_of_days_and_of_their_own_calendar_month() -> None:
    """A level that is low for April and high for August is told by its month."""
    spring = record("A", np.linspace(20, 30, 20), month=4)
    summer = record("A", np.linspace(0, 10, 20), month=8)
    again = spring.assign(date=spring["date"] + pd.Timedelta(days=5), level_m=spring["level_m"] + 2)
    found = indices(pd.concat([spring, summer, again]), UNTIL).set_index("period_end")
    assert found.loc["2001-04-30", ["level_m", "days"]].tolist() == [21.0, 2]
    assert found.loc["2001-08-31", ["level_m", "days"]].tolist() == [0.0, 1]
    assert found.loc["2020-04-30", "index"] == pytest.approx(found.loc["2020-08-31", "index"])
    assert found.loc["2020-04-30", "index"] > 1.28


def test_a_constant_shift_or_scale_changes_nothing() -> None:
    """Depths or heights, metres or centimetres above any datum."""
    levels = np.random.default_rng(5).gamma(3.0, 2.0, 30)
    plain = indices(record("A", levels), UNTIL)["index"]
    assert indices(record("A", 1000 + 0.01 * levels), UNTIL)["index"].to_numpy() == pytest.approx(
        plain.to_numpy(), abs=1e-6
    )


def test_a_departement_is_the_share_and_median_of_its_piezometers() -> None:
    """Three of four stand at their lowest in 2020, one at its highest."""
    rising, falling = np.arange(20.0), np.arange(20.0)[::-1]
    levels = pd.concat(
        [record("A", falling), record("B", falling + 50), record("C", 2 * falling),
         record("D", rising), record("Z", rising, departement="32")]
    )  # fmt: skip
    found = groundwater(levels, UNTIL)
    assert tuple(found.columns) == COLUMNS
    gers = found[found["departement"] == "32"]
    haute_garonne = found[found["departement"] == "31"]
    now = of(haute_garonne, "2020-03-31")
    assert (now["piezometers"], now["piezometers_short"]) == (4, 0)
    assert now["below_normal_pct"] == 75.0
    assert now["index_median"] < -1.28
    assert now["groundwater_class"] == "tres_bas"
    assert of(haute_garonne, "2001-03-31")["below_normal_pct"] == 25.0
    assert of(gers, "2020-03-31")["groundwater_class"] == "tres_haut"
    assert of(gers, "2020-03-31")["below_normal_pct"] == 0.0


def test_short_and_constant_records_are_counted_apart() -> None:
    levels = pd.concat(
        [record("A", range(20)), record("short", range(5)), record("still", [7.0] * 20)]
    )
    now = of(groundwater(levels, UNTIL), "2020-03-31")
    assert (now["piezometers"], now["piezometers_short"]) == (1, 2)
    assert now["below_normal_pct"] == 0.0
    only_short = groundwater(record("short", range(5)), UNTIL)
    assert (only_short["piezometers"] == 0).all()
    assert (only_short["piezometers_short"] == 1).all()
    assert only_short["below_normal_pct"].isna().all()
    assert only_short["index_median"].isna().all()
    assert only_short["groundwater_class"].isna().all()


def test_piezometers_not_asked_for_are_counted_in_their_record() -> None:
    stations = pd.DataFrame(
        {
            "departement": ["31", "31", "31", "31", "32"],
            "piezometer": ["A", "old", "new", "unknown", "other"],
            "first_date": pd.to_datetime(["2000-01-01", "1990-01-01", "2020-03-31", None, None]),
            "last_date": pd.to_datetime(["2020-12-31", "2001-03-01", "2020-12-31", None, None]),
            "fetched": [True, False, False, False, False],
        }
    )
    found = groundwater(record("A", range(20)), UNTIL, stations)
    assert of(found, "2001-03-31")["piezometers_short"] == 1
    assert of(found, "2002-03-31")["piezometers_short"] == 0
    assert of(found, "2020-03-31")["piezometers_short"] == 1


def test_a_month_that_is_not_whole_is_left_out() -> None:
    found = groundwater(record("A", range(20)), date(2020, 3, 30))
    assert found["period_end"].max() == pd.Timestamp("2019-03-31")
    assert groundwater(record("A", range(20)), date(2020, 3, 31))["period_end"].max() == (
        pd.Timestamp("2020-03-31")
    )


def test_levels_that_are_missing_are_not_zero() -> None:
    levels = record("A", range(20))
    levels.loc[19, "level_m"] = np.nan
    assert groundwater(levels, UNTIL)["period_end"].max() == pd.Timestamp("2019-03-31")


def test_a_place_is_the_same_alone_and_among_others() -> None:
    rng = np.random.default_rng(1)
    many = [record(f"P{n}", rng.normal(size=25), last_year=2020 - n % 3) for n in range(12)]
    together = indices(pd.concat(many), UNTIL)
    alone = pd.concat([indices(one, UNTIL) for one in many])
    key = ["piezometer", "period_end"]
    pd.testing.assert_frame_equal(
        together.sort_values(key, ignore_index=True), alone.sort_values(key, ignore_index=True)
    )


def test_no_levels_no_rows() -> None:
    none = record("A", range(20)).iloc[:0]
    found = groundwater(none, UNTIL)
    assert found.empty
    assert tuple(found.columns) == COLUMNS
    assert indices(none, UNTIL).empty
