"""Two providers of the same weather: what sets them apart, and what is adjusted, by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.table_rows import empty
from geo_pipeline.transforms.provider_differences import History, history
from geo_pipeline.transforms.weather import with_et0

PLACES = pd.DataFrame({"departement": ["32"], "latitude_deg": [43.7]})


def observed(first: str, last: str, source: str, **columns: object) -> pd.DataFrame:
    """Return days of the Gers with a season, the same of every provider unless told otherwise."""
    dates = pd.date_range(first, last, name="date").as_unit("ns")
    n = (dates - pd.Timestamp("2000-01-01")).days.to_numpy()
    season = np.cos(2 * np.pi * (dates.dayofyear.to_numpy() - 200) / 365.25)
    tmean_c = 12.0 + 8.0 * season + (n * 37 % 11) / 2 - 2.5
    known = {
        "tmin_c": np.nan,
        "tmax_c": np.nan,
        "tmean_c": tmean_c,
        "precip_mm": np.where(n % 3 == 0, (n * 17 % 23) / 2, 0.0),
        "radiation_mj_m2": 14.0 + 8.0 * season,
        "wind_m_s": np.nan,
        "rh_pct": np.nan,
        "resolution": "day",
    }
    frame = pd.DataFrame({"departement": "32", "date": dates, "source": source, **known})
    for name, change in columns.items():
        frame[name] = change(frame[name]) if callable(change) else change
    return frame


def joint(*parts: pd.DataFrame) -> History:
    return history([with_et0(part, PLACES) for part in parts])


def of(found: History, variable: str, month: int) -> pd.Series:
    rows = found.differences
    (index,) = rows.index[(rows["variable"] == variable) & (rows["month"] == month)]
    return rows.loc[index]


def spread(part: pd.DataFrame) -> pd.DataFrame:
    """Return the days of `part` as dekads, spread evenly over their days."""
    third = np.minimum((part["date"].dt.day - 1) // 10, 2)
    dekad = [part["date"].dt.year, part["date"].dt.month, third]
    means = {
        name: part.groupby(dekad)[name].transform("mean")
        for name in ("tmean_c", "precip_mm", "radiation_mj_m2")
    }
    return part.assign(**means, resolution="dekad")


def test_one_provider_stays_as_it_is() -> None:
    part = with_et0(observed("2010-01-01", "2012-12-31", "new"), PLACES)
    found = history([part])
    pd.testing.assert_frame_equal(found.rows, part)
    assert found.differences.empty
    assert list(found.differences) == list(empty("provider_differences"))
    assert found.unadjusted is None


def test_a_provider_with_a_fifth_more_rain_is_brought_down_to_the_other() -> None:
    new = observed("2010-01-01", "2022-12-31", "new")
    old = observed("2000-01-01", "2021-12-31", "old:v2", precip_mm=lambda mm: 1.2 * mm)
    found = joint(new, old)

    july = of(found, "precip_mm", 7)
    true_mm = new[(new["date"].dt.month == 7) & (new["date"].dt.year <= 2021)]["precip_mm"].sum()
    assert (july["provider"], july["other_provider"]) == ("new", "old")
    assert july["common_years"] == 12
    assert july["provider_mean"] == pytest.approx(true_mm / 12)
    assert july["other_mean"] == pytest.approx(1.2 * true_mm / 12)
    assert july["difference"] == pytest.approx(-0.2 * true_mm / 12)
    assert july["ratio"] == pytest.approx(1 / 1.2)
    assert july["adjusted"]
    assert july["error_before"] > 5.0
    assert july["error_after"] < 0.2

    rows = found.rows.set_index("date")
    before = rows[:"2009-12-31"]
    truth = observed("2000-01-01", "2009-12-31", "truth").set_index("date")["precip_mm"]
    assert set(before["source"]) == {"old:v2:adjusted"}
    assert before["precip_mm"].to_numpy() == pytest.approx(truth.to_numpy(), abs=0.05)
    assert set(rows["2010-01-01":]["source"]) == {"new"}
    assert rows["2010-01-01":]["precip_mm"].to_numpy() == pytest.approx(new["precip_mm"])
    assert found.unadjusted is None


def test_a_warmer_provider_is_cooled_and_its_evapotranspiration_with_it() -> None:
    new = observed("2008-01-01", "2022-12-31", "new")
    old = observed("2000-01-01", "2022-12-31", "old", tmean_c=lambda c: c + 1.5)
    found = joint(new, old)
    assert of(found, "tmean_c", 1)["difference"] == pytest.approx(-1.5)
    assert of(found, "tmean_c", 1)["standard_error"] == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(of(found, "tmean_c", 1)["ratio"])
    assert of(found, "et0_mm", 7)["ratio"] < 0.98
    assert of(found, "et0_mm", 7)["error_after"] < 0.3 * of(found, "et0_mm", 7)["error_before"]
    truth = with_et0(observed("2000-01-01", "2007-12-31", "truth"), PLACES)
    before = found.rows[found.rows["date"] < "2008-01-01"]
    assert before["tmean_c"].to_numpy() == pytest.approx(truth["tmean_c"].to_numpy(), abs=0.05)
    assert before["et0_mm"].sum() == pytest.approx(truth["et0_mm"].sum(), rel=0.005)


def test_too_few_common_years_are_told_and_nothing_is_adjusted() -> None:
    new = observed("2013-01-01", "2022-11-30", "new")
    old = observed("2000-01-01", "2022-12-31", "old", precip_mm=lambda mm: 1.2 * mm)
    found = joint(new, old)
    assert of(found, "precip_mm", 11)["common_years"] == 10
    assert of(found, "precip_mm", 12)["common_years"] == 9
    assert of(found, "precip_mm", 11)["ratio"] == pytest.approx(1 / 1.2)
    assert not found.differences["adjusted"].any()
    assert found.differences["error_after"].isna().all()
    assert set(found.rows["source"]) == {"new", "old"}
    assert str(found.unadjusted) == (
        "days of old, new are joined without adjustment: 9 common years, 10 are needed"
    )


def test_without_a_common_day_there_are_rows_that_say_so() -> None:
    new = observed("2026-01-01", "2026-11-28", "sim2")
    old = spread(observed("2010-01-01", "2022-12-31", "bundled:agera5"))
    found = joint(new, old)
    assert (found.differences["common_years"] == 0).all()
    assert found.differences["difference"].isna().all()
    assert sorted(found.differences["variable"].unique()) == [
        "et0_mm", "precip_mm", "radiation_mj_m2", "tmean_c",
    ]  # fmt: skip
    assert "0 common years" in str(found.unadjusted)
    assert found.rows["precip_mm"].sum() == pytest.approx(
        new["precip_mm"].sum() + old["precip_mm"].sum()
    )


def test_a_provider_of_dekads_is_adjusted_by_dekads() -> None:
    """Its rain is spread over the dekad before and after; the sums are those of the other."""
    new = observed("2010-01-01", "2022-12-31", "new")
    old = spread(observed("2005-01-01", "2022-12-31", "old", precip_mm=lambda mm: 1.2 * mm))
    found = joint(new, old)
    assert of(found, "precip_mm", 5)["ratio"] == pytest.approx(1 / 1.2)
    before = found.rows[found.rows["date"] < "2010-01-01"]
    assert set(before["source"]) == {"old:adjusted"}
    first = before[before["date"] < "2005-01-11"]["precip_mm"]
    assert first.to_numpy() == pytest.approx(np.full(10, first.iloc[0]))
    truth = observed("2005-01-01", "2009-12-31", "truth")
    months = [before["date"].dt.to_period("M"), truth["date"].dt.to_period("M")]
    sums = before.groupby(months[0])["precip_mm"].sum()
    assert sums.to_numpy() == pytest.approx(
        truth.groupby(months[1])["precip_mm"].sum().to_numpy(), abs=0.5
    )


def test_the_order_of_a_days_temperatures_is_kept() -> None:
    extremes = {"tmin_c": lambda _: 5.0, "tmax_c": lambda _: 25.0}
    new = observed("2008-01-01", "2022-12-31", "new", **extremes)
    old = observed("2000-01-01", "2022-12-31", "old", tmean_c=lambda c: c * 1.1, **extremes)
    rows = joint(new, old).rows.dropna(subset=["tmin_c"])
    before = rows[rows["source"] == "old:adjusted"]
    assert len(before) > 2900
    assert (before["tmin_c"] <= before["tmean_c"]).all()
    assert (before["tmean_c"] <= before["tmax_c"]).all()


def test_files_of_one_provider_are_one_history() -> None:
    """Two station files take precedence over a grid; neither is compared with the other."""
    newest = observed("2022-01-01", "2022-12-31", "stations")
    older = observed("2021-01-01", "2022-06-30", "stations", precip_mm=0.0)
    grid = observed("2000-01-01", "2022-12-31", "grid")
    found = joint(newest, older, grid)
    assert set(found.differences["provider"]) == {"stations"}
    assert set(found.differences["other_provider"]) == {"grid"}
    assert (found.differences["common_years"] == 2).all()


def test_each_provider_is_compared_with_the_one_it_has_most_days_with() -> None:
    stations = observed("2022-01-01", "2022-12-31", "stations")
    grid = observed("2008-01-01", "2022-12-31", "grid")
    old = observed("1995-01-01", "2022-12-31", "old", precip_mm=lambda mm: 1.2 * mm)
    found = joint(stations, grid, old)
    pairs = found.differences.drop_duplicates("other_provider").set_index("other_provider")
    assert pairs["provider"].to_dict() == {"grid": "stations", "old": "grid"}
    assert pairs["adjusted"].to_dict() == {"grid": False, "old": True}
    sources = found.rows.groupby("source")["date"].min().dt.date.to_dict()
    assert sources == {
        "old:adjusted": date(1995, 1, 1),
        "grid": date(2008, 1, 1),
        "stations": date(2022, 1, 1),
    }
    # The grid and the stations are joined as they are, which is told.
    assert "days of grid, stations are joined without adjustment: 1 common" in str(found.unadjusted)
