"""Hindcasts: they use no data of the target year, and their scores are right."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from geo_pipeline.outlook import hindcast as module
from geo_pipeline.outlook.ensemble import LEADS, Weather, wetness, windows
from geo_pipeline.outlook.hindcast import (
    class_limits,
    damped_persistence,
    hindcasts,
    other_years,
    past,
)
from geo_pipeline.outlook.verification import fair_crps, skill, skill_range
from tests.unit.outlook.places import GRASS, MAIZE, crops, replaced, weather

TOLD = ("low", "median", "high", "members", "drought_chance")
"""What is forecast; the rest compares it with what came."""


def collected(record: Weather) -> dict[tuple[int, int], dict[str, np.ndarray]]:
    """Return what is told by crop and issue, each (places, leads)."""
    soils, grows = crops(record)
    shape = len(record.rain_mm), LEADS
    found: dict[tuple[int, int], dict[str, np.ndarray]] = {}
    for some in hindcasts(record, soils, grows):
        for row, crop in enumerate(some.crops):
            for column, issue in enumerate(some.issues):
                told = found.setdefault((int(crop), int(issue)), {})
                for name, values in some.scored._asdict().items():
                    told.setdefault(name, np.full(shape, -1.0))[some.places] = values[
                        :, row, column
                    ]
    return found


RECORD = weather()


@cache
def of_record() -> dict[tuple[int, int], dict[str, np.ndarray]]:
    """Return what is told of `RECORD`, once."""
    return collected(RECORD)


def by_year(score: str, *, crop: int = GRASS, lead: int = 1) -> np.ndarray:
    """Return sums of a score by year."""
    sums = np.zeros(12)
    for (which, issue), told in of_record().items():
        both = told["crps"] + told["crps_climatology"] + told["crps_persistence"]
        if which == crop:
            each = np.where(np.isnan(both), 0.0, told[score])[:, lead - 1]
            sums[RECORD.dates[issue].year - 2008] += each.sum()
    return sums


def test_every_past_issue_is_there_as_soon_as_the_soil_is_known() -> None:
    issues = sorted(issue for crop, issue in of_record() if crop == GRASS)
    assert len(issues) > 12 * 36 - 12
    last = of_record()[GRASS, issues[-1]]
    assert np.isnan(last["observed"]).all()
    assert np.isfinite(of_record()[GRASS, issues[-2]]["observed"][:, 0]).all()


def test_places_in_groups_are_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = of_record()
    groups = len([*hindcasts(RECORD, *crops(RECORD))])
    monkeypatch.setattr(module, "VALUES_AT_ONCE", 1)
    assert len([*hindcasts(RECORD, *crops(RECORD))]) == groups * len(RECORD.rain_mm)
    alone = collected(RECORD)
    assert alone.keys() == at_once.keys()
    for key, told in at_once.items():
        for name, values in told.items():
            np.testing.assert_array_equal(alone[key][name], values)


def test_a_crop_has_hindcasts_in_its_season_only() -> None:
    """From 20 April to 6 October: the last whole dekad ends on 30 September."""
    day = RECORD.dates.get_loc("2014-07-31")
    told = of_record()[MAIZE, day]["median"]
    assert np.isfinite(told[:, :6]).all()
    assert np.isnan(told[:, 6:]).all()
    assert (MAIZE, RECORD.dates.get_loc("2014-04-10")) not in of_record()


@pytest.mark.parametrize("issue", ["2013-05-31", "2012-02-20", "2016-11-30"])
def test_observed_weather_does_not_change_its_own_forecast(issue: str) -> None:
    """All weather of the window replaced: no byte of the forecast changes, but its scores do."""
    day = RECORD.dates.get_loc(issue)
    other = collected(replaced(RECORD, day, day + 100))
    for crop in (GRASS, MAIZE):
        if (crop, day) in of_record():
            for name in TOLD:
                before, after = of_record()[crop, day][name], other[crop, day][name]
                assert before.tobytes() == after.tobytes(), name
    assert (other[GRASS, day]["observed"] != of_record()[GRASS, day]["observed"]).any()


def test_the_same_dekad_of_other_years_without_the_target() -> None:
    """Years 10, 11, 12 with the values 0 to 107: of step 5 of year 11 there are 5 and 77."""
    values = np.arange(108.0)
    offsets = np.array([[-1, 0, 1]])
    found = other_years(values, np.array([[36 + 5, 36 + 35]]), offsets)
    np.testing.assert_array_equal(found[0], [[5, 35], [np.nan, np.nan], [77, 107]])
    beyond = other_years(values, np.array([[72 + 5]]), np.array([[-2, -1, 0, 1]]))
    np.testing.assert_array_equal(beyond[0, :, 0], [5, 41, np.nan, np.nan])


def test_persistence_carries_an_anomaly_on_as_far_as_other_years_did() -> None:
    """Other years lose half of theirs by the target, so 0.2 above the mean is 0.1 then."""
    before = np.array([[[[0.3], [0.5], [0.7], [np.nan]]]])
    usual = 0.4 + 0.5 * (before - 0.5)
    told = damped_persistence(np.array([[[0.7]]]), before, usual)
    np.testing.assert_allclose(told[0, 0, :, 0], [0.5, 0.5, 0.5, np.nan])


def test_the_spread_of_persistence_is_that_of_residuals() -> None:
    """Residuals of +-0.1 about a mean of 0.5, four years: wider by the root of 4 / 2."""
    before = np.full((1, 1, 4, 1), 0.6)
    usual = np.array([0.4, 0.6, 0.4, 0.6]).reshape(1, 1, 4, 1)
    told = damped_persistence(np.array([[[0.9]]]), before, usual)
    off = 0.1 * np.sqrt(2)
    np.testing.assert_allclose(told.ravel(), [0.5 - off, 0.5 + off, 0.5 - off, 0.5 + off])


def test_persistence_starts_from_the_day_of_issue() -> None:
    """Written out for grass at the end of May 2013, two dekads ahead, by least squares."""
    soils, _ = crops(RECORD)
    known = past(RECORD, soils)
    ends = RECORD.dates[known.ends]
    day = RECORD.dates.get_loc("2013-05-31")
    others = [year for year in range(2008, 2020) if year != 2013]
    may = [int(np.flatnonzero(ends == f"{year}-05-31").item()) for year in others]
    at_end, mean = known.at_end[0, GRASS], known.mean[0, GRASS]
    now = at_end[ends == "2013-05-31"].item()
    came = mean[ends == "2013-06-20"].item()
    then = np.array(may) + 2
    there = ~np.isnan(at_end[may] + mean[then])
    before, usual = at_end[may][there], mean[then][there]
    slope, start = np.polyfit(before, usual, 1)
    assert slope > 0.0
    wider = np.sqrt(len(usual) / (len(usual) - 2))
    told = start + slope * now + wider * (usual - start - slope * before)
    expected = fair_crps(np.clip(told, 0.0, 1.0), came)
    assert of_record()[GRASS, day]["crps_persistence"][0, 1] == pytest.approx(float(expected))


def test_limits_that_few_years_cannot_estimate_are_missing() -> None:
    """Eleven years 1 to 11: 30, 20, 10 % are 3.6, 2.4, 1.2; 5 and 2 % need 19 and 49 years."""
    limits = class_limits(np.arange(1.0, 12.0))
    np.testing.assert_allclose(limits, [3.6, 2.4, 1.2, np.nan, np.nan])


def test_the_state_of_the_soil_gives_skill_that_falls_with_lead() -> None:
    skills = [
        skill(by_year("crps", lead=lead), by_year("crps_climatology", lead=lead))
        for lead in range(1, 10)
    ]
    assert skills[0] > 0.5
    assert all(before > after - 0.01 for before, after in pairwise(skills))
    assert skills[8] < 0.1
    against = skill(by_year("crps"), by_year("crps_persistence"))
    assert 0.0 < against < skills[0]


def test_the_range_of_eighty_per_cent_holds_as_often() -> None:
    grass = [told for (crop, _), told in of_record().items() if crop == GRASS]
    low, high, came = (
        np.array([each[name] for each in grass]) for name in ("low", "high", "observed")
    )
    known = ~np.isnan(low + came)
    share = ((low <= came) & (came <= high))[known].mean()
    assert share == pytest.approx(0.8, abs=0.06)


def scores_of_june(shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sums of scores by year of what is told at the end of May, and of climatology.

    From the state of the soil `shift` years before. It is the state that is permuted: were it what
    came, a year's own weather would be among the members that it is compared with.
    """
    soils, _ = crops(RECORD)
    known = past(RECORD, soils)
    may = np.flatnonzero((RECORD.dates.month == 5) & (RECORD.dates.day == 31))
    (found,) = windows(RECORD.dates, may)
    state = {
        "initial_depletion_mm": np.roll(known.depletion_mm[..., may], shift, axis=-1),
        "initial_below_mm": np.roll(known.below_mm[..., may], shift, axis=-1),
        "initial_taw_mm": soils.taw_mm[..., may],
    }
    members = wetness(RECORD, soils, state, found, found.others)[:, [GRASS]]
    issue = np.searchsorted(known.ends, found.issues)[:, np.newaxis]
    target = issue + 1 + np.arange(LEADS)
    usual = other_years(known.mean[:, [GRASS]], target, found.offsets)
    came = known.mean[:, [GRASS]][..., target]
    return tuple(
        fair_crps(np.moveaxis(each, -2, -1), came).sum(axis=(0, 1)).T for each in (members, usual)
    )


def test_permuted_years_have_no_skill() -> None:
    assert (skill_range(*scores_of_june(0)).lower[:2] > 0.0).all()
    for shift in (1, 4, 7):
        lower = skill_range(*scores_of_june(shift)).lower
        assert (lower[:2] < 0.0).all()
        assert (lower < 0.02).all()


def test_no_forecast_with_too_few_other_years() -> None:
    short = weather("2014-01-01", "2018-12-31")
    assert all(np.isnan(told["median"]).all() for told in collected(short).values())
