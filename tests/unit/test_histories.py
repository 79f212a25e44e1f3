"""Histories joined: who has which day, and how far they agree, by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.transforms.joined_histories import LEAST_DAYS, REPORT, joined
from geo_pipeline.transforms.weather import with_et0
from tests.conftest import ROOT


def history(first: str, last: str, source: str, **columns: object) -> pd.DataFrame:
    """Return days of the Gers at 10 °C with 2 mm of rain, unless told otherwise."""
    dates = pd.date_range(first, last, name="date").as_unit("ns")
    known = {"tmean_c": 10.0, "precip_mm": 2.0, "tmin_c": np.nan, "resolution": "day", **columns}
    return pd.DataFrame({"departement": "32", "date": dates, "source": source, **known})


def row(report: pd.DataFrame, variable: str, month: int | None = None, **about: str) -> pd.Series:
    """Return the only row of the report about `variable`."""
    found = report[report["variable"] == variable]
    found = found[found["month"].isna() if month is None else found["month"] == month]
    for name, value in about.items():
        found = found[found[name] == value]
    (index,) = found.index
    return found.loc[index]


def test_the_first_has_its_days_the_other_fills_the_rest() -> None:
    new = history("2020-01-03", "2020-01-05", "new", tmean_c=[3.0, 4.0, 5.0])
    old = history("2020-01-01", "2020-01-04", "old", tmean_c=[11.0, 12.0, 13.0, 14.0])
    rows, _ = joined([new, old])
    assert rows["tmean_c"].tolist() == [11.0, 12.0, 3.0, 4.0, 5.0]
    assert rows["source"].tolist() == ["old", "old", "new", "new", "new"]
    assert rows["date"].is_monotonic_increasing
    assert list(rows.columns) == list(new.columns)
    turned, _ = joined([old, new])
    assert turned["source"].tolist() == ["old"] * 4 + ["new"]


def test_a_day_the_first_knows_nothing_of_is_the_others() -> None:
    new = history("2020-01-01", "2020-01-03", "new")
    new.loc[1, ["tmean_c", "precip_mm"]] = np.nan
    new.loc[2, "precip_mm"] = np.nan
    old = history("2020-01-01", "2020-01-03", "old", precip_mm=7.0)
    rows, _ = joined([new, old])
    assert rows["source"].tolist() == ["new", "old", "new"]
    # The third day is the first's with what it lacks: a row is of one provider.
    assert rows["precip_mm"].tolist()[:2] == [2.0, 7.0]
    assert np.isnan(rows["precip_mm"].iloc[2])


def test_a_day_that_none_knows_has_no_row() -> None:
    new = history("2020-01-03", "2020-01-04", "new")
    old = history("2020-01-01", "2020-01-01", "old")
    rows, report = joined([new, old])
    assert rows["date"].dt.day.tolist() == [1, 3, 4]
    assert report.empty
    assert list(report.columns) == list(REPORT)


def test_bias_ratio_and_correlation_by_hand() -> None:
    n = np.arange(40.0)
    new = history("2021-01-01", "2021-02-09", "new", tmean_c=n, precip_mm=n % 4)
    old = history("2021-01-01", "2021-02-09", "old", tmean_c=n + 0.5, precip_mm=1.5 * (n % 4))
    rows, report = joined([new, old])
    assert rows["tmean_c"].tolist() == n.tolist()

    mean = row(report, "tmean_c")
    assert (mean["first"], mean["other"], mean["resolution"]) == ("new", "old", "day")
    assert (mean["days"], mean["first_mean"], mean["other_mean"]) == (40, 19.5, 20.0)
    assert mean["bias"] == pytest.approx(0.5)
    assert np.isnan(mean["ratio"])
    assert mean["correlation"] == pytest.approx(1.0)
    assert mean["judged"]
    assert mean["out_of_bounds"] == ""

    rain = row(report, "precip_mm")
    assert rain["first_mean"] == pytest.approx(1.5)
    assert rain["ratio"] == pytest.approx(1.5)
    assert rain["bias"] == pytest.approx(0.75)
    assert rain["out_of_bounds"] == "ratio"

    january, february = row(report, "precip_mm", 1), row(report, "precip_mm", 2)
    assert (january["days"], january["judged"], january["out_of_bounds"]) == (31, True, "ratio")
    assert (february["days"], february["judged"], february["out_of_bounds"]) == (9, False, "")
    assert february["ratio"] == pytest.approx(1.5)


def test_a_bias_that_cancels_out_in_the_year_shows_in_its_months() -> None:
    dates = pd.date_range("2021-01-01", "2021-12-31")
    winter = np.where(dates.month <= 6, 2.0, -2.0)
    new = history(
        "2021-01-01", "2021-12-31", "new", tmean_c=15.0 + 10 * np.sin(dates.dayofyear / 58)
    )
    old = new.assign(source="old", tmean_c=new["tmean_c"] + winter)
    _, report = joined([new, old])
    assert abs(row(report, "tmean_c")["bias"]) < 0.1
    assert row(report, "tmean_c", 2)["bias"] == pytest.approx(2.0)
    assert row(report, "tmean_c", 2)["out_of_bounds"] == ""  # 28 days: too few to judge
    assert row(report, "tmean_c", 3)["out_of_bounds"] == "bias"
    assert row(report, "tmean_c", 12)["bias"] == pytest.approx(-2.0)


def test_days_that_are_not_alike_are_told_by_their_correlation() -> None:
    alternating = np.tile([0.0, 4.0], 30)
    new = history("2021-01-01", "2021-03-01", "new", precip_mm=alternating)
    old = history("2021-01-01", "2021-03-01", "old", precip_mm=alternating[::-1])
    _, report = joined([new, old])
    rain = row(report, "precip_mm")
    assert rain["ratio"] == pytest.approx(1.0)
    assert rain["correlation"] == pytest.approx(-1.0)
    assert rain["out_of_bounds"] == "correlation"


def test_rain_against_none_at_all_is_out_of_bounds_without_a_ratio() -> None:
    new = history("2021-01-01", "2021-03-01", "new", precip_mm=0.0)
    old = history("2021-01-01", "2021-03-01", "old")
    _, report = joined([new, old])
    assert np.isnan(row(report, "precip_mm")["ratio"])
    assert row(report, "precip_mm")["out_of_bounds"] == "ratio"
    _, dry = joined([new, new.assign(source="old")])
    assert row(dry, "precip_mm")["out_of_bounds"] == ""


def test_too_few_days_are_told_and_not_judged() -> None:
    last = f"2021-01-{LEAST_DAYS - 1}"
    new, old = history("2021-01-01", last, "new"), history("2021-01-01", last, "old", tmean_c=30.0)
    _, report = joined([new, old])
    assert row(report, "tmean_c")["bias"] == pytest.approx(20.0)
    assert not row(report, "tmean_c")["judged"]
    assert row(report, "tmean_c")["out_of_bounds"] == ""


def test_days_spread_over_a_dekad_are_compared_by_dekads() -> None:
    """All rain on the last day against the same spread evenly: one and the same dekad."""
    days = pd.date_range("2021-01-01", "2021-03-31")
    n_days = np.where(days.day <= 20, 10, days.days_in_month - 20)
    total = 20.0 + 10.0 * np.minimum((days.day - 1) // 10, 2) + days.month
    new = history("2021-01-01", "2021-03-31", "new")
    new["precip_mm"] = np.where(np.isin(days.day, [10, 20]) | days.is_month_end, total, 0.0)
    old = history("2021-01-01", "2021-03-31", "old", resolution="dekad", precip_mm=total / n_days)
    rows, report = joined([new, old])
    rain = row(report, "precip_mm")
    assert rain["resolution"] == "dekad"
    assert rain["days"] == 90
    assert rain["ratio"] == pytest.approx(1.0)
    assert rain["correlation"] == pytest.approx(1.0)
    assert rain["out_of_bounds"] == ""
    # 3 dekads of 20 + 30 + 40 mm, and 3 mm for January, 6 for February, 9 for March: 288 mm.
    assert rain["first_mean"] == pytest.approx(288 / 90)
    assert row(report, "precip_mm", 2)["first_mean"] == pytest.approx((90 + 6) / 28)
    assert set(rows["resolution"]) == {"day"}


def test_a_dekad_that_one_knows_in_part_is_not_compared() -> None:
    new = history("2021-01-05", "2021-01-31", "new")
    old = history("2021-01-01", "2021-01-31", "old", resolution="dekad")
    rows, report = joined([new, old])
    assert row(report, "precip_mm")["days"] == 21
    assert rows["resolution"].tolist() == ["dekad"] * 4 + ["day"] * 27


def test_three_histories_are_compared_two_by_two() -> None:
    parts = [history("2021-01-01", "2021-01-31", name, tmean_c=t) for name, t in
             (("a", 1.0), ("b", 2.0), ("c", 4.0))]  # fmt: skip
    rows, report = joined(parts)
    assert set(rows["source"]) == {"a"}
    biases = {
        (first, other): row(report, "tmean_c", first=first, other=other)["bias"]
        for first, other in (("a", "b"), ("a", "c"), ("b", "c"))
    }
    assert biases == {("a", "b"): 1.0, ("a", "c"): 3.0, ("b", "c"): 2.0}


def test_what_a_part_lacks_is_not_known_in_its_days() -> None:
    new = history("2021-01-02", "2021-01-02", "new", provisional=True, et0_source_mm=1.0)
    new["stations"] = pd.array([3], dtype="Int64")
    rows, _ = joined([new, history("2021-01-01", "2021-01-01", "old")])
    assert rows["provisional"].tolist() == [False, True]
    assert rows["provisional"].dtype == np.bool_
    assert rows["stations"].dtype == "Int64"
    assert rows["stations"].isna().tolist() == [True, False]
    assert np.isnan(rows["et0_source_mm"].iloc[0])


def test_an_empty_history_is_no_hindrance() -> None:
    old = history("2021-01-01", "2021-01-03", "old")
    for parts in ([old.iloc[:0], old], [old, old.iloc[:0]], [old]):
        rows, report = joined(parts)
        pd.testing.assert_frame_equal(rows, old)
        assert report.empty
    rows, report = joined([old.iloc[:0]])
    assert rows.empty
    assert list(rows.columns) == list(old.columns)


def test_histories_of_two_departements_and_days_told_twice_are_refused() -> None:
    old = history("2021-01-01", "2021-01-03", "old")
    with pytest.raises(GeoPipelineError, match="histories of 31, 32 cannot be joined"):
        joined([old, old.assign(departement="31")])
    with pytest.raises(GeoPipelineError, match="old, département 32: 2021-01-02 is there twice"):
        joined([pd.concat([old, old.iloc[1:2]])])


def test_the_embedded_dekads_agree_with_the_days_they_were_made_from(shared_data: Path) -> None:
    """AgERA5 by day against its own dekads: no bias, and the joined years are whole."""
    observed = pd.read_parquet(
        shared_data / "observed" / "weather_daily.parquet", filters=[("code_dep", "==", "32")]
    )
    days = observed.rename(columns={"code_dep": "departement"}).assign(
        date=pd.to_datetime(observed["date"]), source="agera5", resolution="day"
    )
    days = days[days["date"] >= "2016-01-01"]
    embedded = Bundled(ROOT / "assets_data").weather_daily(["32"])
    rows, report = joined([days, embedded])
    assert set(rows.loc[rows["date"] < "2016-01-01", "resolution"]) == {"dekad"}
    assert set(rows.loc[rows["date"] >= "2016-01-01", "resolution"]) == {"day"}
    assert len(rows) == 12 * 365 + 3  # 2010 to 2022 without 2014; leap years 2012, 2016, 2020
    whole = report[report["month"].isna()].set_index("variable")
    assert set(whole["resolution"]) == {"dekad"}
    assert whole.loc["precip_mm", "ratio"] == pytest.approx(1.0, abs=1e-3)
    assert whole.loc["precip_mm", "correlation"] > 0.9999
    assert abs(whole.loc["tmean_c", "bias"]) < 0.01
    assert (report["out_of_bounds"] == "").all()
    assert len(with_et0(rows)) == len(rows)
