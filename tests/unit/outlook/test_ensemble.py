"""Ensembles of other years: which days they take, what they leave out, and where they start."""

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.outlook.ensemble import LEADS, Windows, chances, wetness, windows
from geo_pipeline.outlook.hindcast import past
from tests.unit.outlook.places import GRASS, IRRIGATED, MAIZE, crops, weather


def at(dates: pd.DatetimeIndex, *days: str) -> np.ndarray:
    return np.array([dates.get_loc(day) for day in days])


def only(dates: pd.DatetimeIndex, *days: str) -> Windows:
    (found,) = windows(dates, at(dates, *days))
    return found


def member_days(dates: pd.DatetimeIndex, found: Windows, year: int) -> list[str]:
    """Return the days of the member of a year, of the first issue."""
    (member,) = np.flatnonzero(found.offsets[0] == year - dates[found.ahead[0, 0]].year)
    return dates[found.days[0, member]].strftime("%Y-%m-%d").tolist()


def test_a_member_is_the_same_days_of_another_year() -> None:
    dates = weather().dates
    found = only(dates, "2015-05-31")
    assert found.lengths.tolist() == [10, 10, 10, 10, 10, 11, 10, 10, 11]
    days = member_days(dates, found, 2011)
    assert days[0] == "2011-06-01"
    assert days[-1] == "2011-08-31"
    assert not found.others[0, found.offsets[0] == 0].any()
    assert found.others.sum() == 11


def test_29_february_is_the_28_of_a_year_without_and_left_out_of_a_year_with() -> None:
    dates = weather().dates
    leap = member_days(dates, only(dates, "2012-02-20"), 2011)
    assert leap[6:11] == ["2011-02-27", "2011-02-28", "2011-02-28", "2011-03-01", "2011-03-02"]
    common = member_days(dates, only(dates, "2011-02-20"), 2012)
    assert common[6:10] == ["2012-02-27", "2012-02-28", "2012-03-01", "2012-03-02"]


def test_windows_of_one_length_go_together() -> None:
    dates = weather().dates
    issues = at(dates, "2011-02-20", "2012-02-20", "2013-02-20", "2016-02-20", "2013-03-10")
    found = {tuple(each.issues): each.lengths.tolist() for each in windows(dates, issues)}
    assert {len(each) for each in found} == {1, 2}
    assert found[tuple(issues[[0, 2]])][0] == 8
    assert found[tuple(issues[[1, 3]])][0] == 9


def test_a_member_that_the_record_does_not_hold_is_left_out() -> None:
    dates = weather().dates
    found = only(dates, "2015-11-30")
    # A window to the end of February: that of 2019 goes beyond the record, that of 2007 before it.
    assert (found.offsets[0][found.others[0]] + 2015).tolist() == [
        2008, 2009, 2010, 2011, 2012, 2013, 2014, 2016, 2017, 2018,
    ]  # fmt: skip


def test_an_issue_in_the_middle_of_a_dekad_is_refused() -> None:
    dates = weather().dates
    with pytest.raises(ValueError, match="at the end of a dekad"):
        list(windows(dates, at(dates, "2015-06-15")))


def run(days: list[str], members: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the ensemble of some issues of the same step, and what came, (..., issues, leads)."""
    record = weather()
    soils, _ = crops(record)
    known = past(record, soils)
    found = only(record.dates, *days)
    state = {
        "initial_depletion_mm": known.depletion_mm[..., found.issues],
        "initial_below_mm": known.below_mm[..., found.issues],
        "initial_taw_mm": soils.taw_mm[..., found.issues],
    }
    which = found.in_record if members == "all" else found.others
    issue = np.searchsorted(known.ends, found.issues)[:, np.newaxis]
    came = known.mean[..., issue + 1 + np.arange(LEADS)]
    return wetness(record, soils, state, found, which), came


@pytest.mark.parametrize(
    "days",
    [
        ["2010-04-10", "2015-04-10"],  # sowing and growth to come
        ["2011-05-31", "2013-05-31", "2016-05-31"],
        ["2012-02-20", "2016-02-20"],  # with a 29 February
        ["2014-08-31"],  # over the harvest
        ["2013-12-31"],
    ],
)
def test_the_member_of_the_target_year_equals_the_continuous_balance(days: list[str]) -> None:
    ensemble, came = run(days, "all")
    own = np.flatnonzero(np.isclose(ensemble, came[..., np.newaxis, :]).all(axis=(0, 1, 2, 4)))
    years = [pd.Timestamp(day) + pd.Timedelta(days=1) for day in days]
    members = np.array([year.year - 2008 for year in years])
    for issue, member in enumerate(members):
        np.testing.assert_allclose(
            ensemble[:, :, issue, member], came[:, :, issue], rtol=0, atol=1e-9
        )
    assert len(days) > 1 or own.tolist() == members.tolist()


def test_the_target_itself_is_no_member_of_its_forecast() -> None:
    ensemble, _ = run(["2011-05-31", "2013-05-31"], "others")
    assert np.isnan(ensemble[:, :, 0, 3]).all()
    assert np.isnan(ensemble[:, :, 1, 5]).all()
    assert np.isfinite(ensemble[:, :, 0, 5]).all()
    assert (~np.isnan(ensemble[0, 0, :, :, 0])).sum(axis=1).tolist() == [11, 11]


def test_an_irrigated_crop_keeps_its_water_and_a_soil_that_dries_forgets() -> None:
    ensemble, _ = run(["2011-06-30"], "others")
    spread = np.nanstd(ensemble, axis=3).mean(axis=0)[:, 0]
    assert spread[GRASS, -1] > spread[GRASS, 0]
    assert np.nanmin(ensemble[:, IRRIGATED, :, :, :6]) > np.nanmin(ensemble[:, MAIZE, :, :, :6])


def test_a_member_with_a_missing_day_is_left_out_at_its_place_alone() -> None:
    record = weather()
    record.rain_mm[0, record.dates.get_loc("2012-07-14")] = np.nan
    soils, _ = crops(record)
    known = past(record, soils)
    found = only(record.dates, "2016-06-30")
    state = {
        "initial_depletion_mm": known.depletion_mm[..., found.issues],
        "initial_below_mm": known.below_mm[..., found.issues],
        "initial_taw_mm": soils.taw_mm[..., found.issues],
    }
    ensemble = wetness(record, soils, state, found, found.others)
    assert np.isnan(ensemble[0, :, :, 2012 - 2008]).all()
    assert np.isfinite(ensemble[1, :, :, 2012 - 2008]).all()


def test_chances_are_shares_of_the_known_members() -> None:
    members = np.array([[0.1, 0.2, 0.3, np.nan], [0.5, 0.5, 0.5, 0.5]])
    limits = np.array([[0.25, 0.05], [0.5, 0.6]])
    np.testing.assert_allclose(chances(members, limits), [[2 / 3, 0.0], [0.0, 1.0]])
