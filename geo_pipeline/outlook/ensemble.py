r"""Ensembles of soil water: today's soil, continued with the weather of each other year.

Each member is the weather of another year after the same day of the year. The only thing known
about the future is the state of the soil; the weather to come is as varied as that of past years.
In hydrology this method is called extended streamflow prediction.

Members follow the calendar: the weather of 3 June is used for 3 June. Where the target has a 29
February and the member none, its 28 February is used twice; where only the member has one, it is
left out. A member is left out if its window is that of the target itself, is not completely in the
record or has a missing day.

References
----------
Day, G. N. (1985). Extended streamflow forecasting using NWSRFS. J. Water Resour. Plan. Manage.
111(2), 157-170.
Shukla, S., Lettenmaier, D. P. (2011). Seasonal hydrologic prediction in the United States:
understanding the role of initial hydrologic conditions and seasonal climate forecast skill. Hydrol.
Earth Syst. Sci. 15, 3529-3538: for how long the state of the soil gives skill.
"""

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline import dekads
from geo_pipeline.indicators.root_zone import Output, SoilWater
from geo_pipeline.indicators.soil_water import InitialState, soil_water_balance

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LEADS = 9
"""Dekads that an ensemble looks ahead."""

LONGEST_DAYS = 11 * LEADS
"""Days after the day of issue for which coefficients of crops are needed."""


class Weather(NamedTuple):
    """Daily weather of places in a record of consecutive days."""

    dates: pd.DatetimeIndex
    rain_mm: Array
    """(places, days), NaN where it is missing."""
    et0_mm: Array

    def of_places(self, chosen: slice) -> Self:
        """Return the places at these positions."""
        return self._replace(rain_mm=self.rain_mm[chosen], et0_mm=self.et0_mm[chosen])


class Soils(NamedTuple):
    """Crops on soils, as inputs of `soil_water_balance`.

    Their days may extend beyond those of the weather; p, drainage and tolerance are constant.
    """

    kc: Array
    """(crops, days)."""
    taw_mm: Array
    """(places, crops, days)."""
    p: Array
    """(crops, 1)."""
    irrigated: Mask
    """(crops, days)."""
    drainage: Array
    """(places, crops, 1)."""
    tolerance_mm: Array
    """(places, crops)."""

    @property
    def profile_mm(self) -> Array:
        """TAW of the whole soil, (places, crops, 1): the deepest that roots ever get."""
        return np.asarray(self.taw_mm.max(axis=-1, keepdims=True))

    def of_places(self, chosen: slice) -> Self:
        """Return the places at these positions."""
        return self._replace(
            taw_mm=self.taw_mm[chosen],
            drainage=self.drainage[chosen],
            tolerance_mm=self.tolerance_mm[chosen],
        )

    def until(self, days: int) -> Self:
        """Return the first of the days."""
        return self._replace(
            kc=self.kc[:, :days],
            taw_mm=self.taw_mm[..., :days],
            irrigated=self.irrigated[:, :days],
        )

    def of_crops(self, chosen: Positions) -> Self:
        """Return the crops at these positions."""
        return type(self)(
            self.kc[chosen],
            self.taw_mm[:, chosen],
            self.p[chosen],
            self.irrigated[chosen],
            self.drainage[:, chosen],
            self.tolerance_mm[:, chosen],
        )

    def alike(self, crops: Positions) -> list[Positions]:
        """Return positions among `crops`, grouped by irrigation and drainage of the soil.

        The balance is faster for each group, since it leaves out what none of its crops needs.
        """
        kinds = self.irrigated[crops].any(axis=1) + 2 * (self.drainage[:, crops] > 0).any(
            axis=(0, 2)
        )
        return [np.flatnonzero(kinds == each) for each in np.unique(kinds)]


def continuous(
    weather: Weather,
    soils: Soils,
    keep: tuple[Output, ...],
    *,
    begin: int = 0,
    state: InitialState | None = None,
) -> SoilWater:
    """Return the soil water of crops on the days of the weather, (places, crops, days).

    With a `state`, that of the end of the day before `begin`, the days are those from `begin` on.
    """
    days = slice(begin, len(weather.dates))
    return soil_water_balance(
        weather.rain_mm[:, np.newaxis, days],
        weather.et0_mm[:, np.newaxis, days],
        soils.kc[:, days],
        soils.taw_mm[..., days],
        soils.p,
        profile_mm=soils.profile_mm,
        drainage=soils.drainage,
        irrigated=soils.irrigated[:, days],
        tolerance_mm=soils.tolerance_mm,
        keep=keep,
        initial_depletion_mm=None if state is None else state["initial_depletion_mm"],
        initial_below_mm=None if state is None else state["initial_below_mm"],
        initial_taw_mm=None if state is None else state["initial_taw_mm"],
    )


class Windows(NamedTuple):
    """The days after issues at the same step of the year, in the target and member years."""

    issues: Positions
    """(issues,), position of the day of each issue, the last of its dekad."""
    ahead: Positions
    """(issues, days), positions of the days to come; they may lie beyond the record."""
    lengths: Positions
    """(leads,), days of each dekad to come."""
    offsets: Positions
    """(issues, members), years from the target to the member: 0 is the target itself."""
    days: Positions
    """(issues, members, days), positions of the member's days, 0 outside the record."""
    in_record: Mask
    """(issues, members), whether the record holds all of its days."""

    @property
    def others(self) -> Mask:
        """(issues, members), whether the member is in the record and not the target's own year."""
        return np.asarray(self.in_record & (self.offsets != 0))


def windows(dates: pd.DatetimeIndex, issues: Positions, leads: int = LEADS) -> Iterator[Windows]:
    """Yield the windows after `issues`, one for each step of the year and length of its dekads.

    Parameters
    ----------
    dates : the days of the record, without a gap
    issues : positions among them, each the last day of a dekad
    leads : dekads to come

    Raises
    ------
    ValueError : an issue is not the last day of a dekad.
    """
    calendar = pd.date_range(dates[0], periods=len(dates) + 11 * leads)
    starts = np.flatnonzero(np.diff(dekads.numbers(calendar), prepend=-1))
    first = np.searchsorted(starts, issues, side="right")
    if (starts[first] != issues + 1).any():
        raise ValueError("a forecast is issued at the end of a dekad")
    lengths = np.diff(starts)[first[:, np.newaxis] + np.arange(leads)]
    steps = dekads.steps(calendar[issues])
    layouts, group = np.unique(np.column_stack([steps, lengths]), axis=0, return_inverse=True)
    years = np.arange(dates[0].year, dates[-1].year + 1)
    for number, layout in enumerate(layouts):
        chosen = issues[group.ravel() == number]
        ahead = chosen[:, np.newaxis] + 1 + np.arange(layout[1:].sum())
        dated = calendar.to_numpy().astype("datetime64[D]")
        offsets, days, in_record = _members(dated[ahead], dated[: len(dates)], years)
        yield Windows(chosen, ahead, layout[1:], offsets, days, in_record)


def _members(
    ahead: npt.NDArray[np.datetime64], record: npt.NDArray[np.datetime64], years: Positions
) -> tuple[Positions, Positions, Mask]:
    """Return offsets of years, positions of their days, and whether all are in the record."""
    year, month = ahead.astype("datetime64[Y]"), ahead.astype("datetime64[M]")
    of_month = (ahead - month).astype(np.int64)[:, np.newaxis]
    offsets = years - (year[:, :1].astype(np.int64) + 1970)
    of_year = (month - year.astype("datetime64[M]"))[:, np.newaxis]
    moved = (year[:, np.newaxis] + offsets[..., np.newaxis]).astype("datetime64[M]") + of_year
    start = moved.astype("datetime64[D]")
    last = ((moved + 1).astype("datetime64[D]") - start).astype(np.int64) - 1
    days = (start - record[0]).astype(np.int64) + np.minimum(of_month, last)
    in_record: Mask = np.asarray(((days >= 0) & (days < len(record))).all(axis=-1))
    return offsets, np.where(in_record[..., np.newaxis], days, 0), in_record


def wetness(
    weather: Weather, soils: Soils, state: InitialState, to_come: Windows, members: Mask
) -> Array:
    """Return the mean wetness of each dekad to come, for each member.

    Parameters
    ----------
    weather : the record
    soils : of the days of the record and of those to come
    state : at the end of the day of each issue, (places, crops, issues), NaN where not known
    to_come : the windows
    members : (issues, members), which to run: `Windows.others`

    Returns
    -------
    (places, crops, issues, members, leads), 0-1: NaN for members not run or with a missing day, and
    where the state is not known.
    """
    unknown_everywhere: Mask = np.asarray(np.isnan(weather.rain_mm + weather.et0_mm).all(axis=0))
    chosen = _packed(members & ~unknown_everywhere[to_come.days].any(axis=-1))
    days = np.take_along_axis(to_come.days, chosen[..., np.newaxis], axis=1)
    # The axis of members comes first: arrays without it are then contiguous, which is faster.
    first = np.moveaxis(days, 1, 0)
    rain, et0 = (np.moveaxis(each[:, first], 0, 1) for each in (weather.rain_mm, weather.et0_mm))
    missing: Mask = np.asarray(np.isnan(rain + et0).any(axis=-1))
    known = np.take_along_axis(members, chosen, axis=1).T[:, np.newaxis] & ~missing
    # Missing members are computed with dry days and set to NaN afterwards: with NaN in its input
    # the balance would run the slower way that bounds unknown states, for all members.
    rain, et0 = (np.where(known[..., np.newaxis], each, 0.0) for each in (rain, et0))
    run = soil_water_balance(
        rain[:, :, np.newaxis],
        et0[:, :, np.newaxis],
        soils.kc[:, to_come.ahead],
        soils.taw_mm[..., to_come.ahead],
        soils.p[:, np.newaxis],
        initial_depletion_mm=np.nan_to_num(state["initial_depletion_mm"]),
        initial_below_mm=np.nan_to_num(state["initial_below_mm"]),
        initial_taw_mm=state["initial_taw_mm"],
        profile_mm=soils.profile_mm[..., np.newaxis],
        drainage=soils.drainage[..., np.newaxis],
        irrigated=soils.irrigated[:, to_come.ahead],
        tolerance_mm=0.0,
        keep=("swi",),
        period=np.repeat(np.arange(len(to_come.lengths)), to_come.lengths),
    )["swi"]
    unknown = np.isnan(state["initial_depletion_mm"]) | ~known[:, :, np.newaxis]
    run[unknown] = np.nan
    by_member = np.full((*run.shape[1:-1], members.shape[-1], run.shape[-1]), np.nan)
    issue = np.arange(len(members))
    for number, member in enumerate(chosen.T):
        by_member[:, :, issue, member] = run[number]
    return by_member


def members_known(weather: Weather, to_come: Windows) -> Mask:
    """Return whether `wetness` runs a member: another year, with weather on all of its days.

    (places, issues, members).
    """
    missing: Mask = np.asarray(np.isnan(weather.rain_mm + weather.et0_mm))
    return to_come.others & ~missing[:, to_come.days].any(axis=-1)


def _packed(members: Mask) -> Positions:
    """Return the members to run: as many for each issue as the issue with most members has."""
    most = int(members.sum(axis=1).max(initial=0))
    return np.argsort(~members, axis=1, kind="stable")[:, :most]


def chances(members: Array, limits: Array) -> Array:
    """Return the share of the members below each limit, 0-1.

    Parameters
    ----------
    members : (..., members), NaN for missing ones
    limits : (..., limits), same unit, NaN where a limit is not known

    Returns
    -------
    (..., limits), NaN where the limit or all members are.

    Examples
    --------
    >>> chances(np.array([0.1, 0.3, 0.5, np.nan]), np.array([0.4, np.nan])).round(2)
    array([0.67,  nan])
    """
    ones = np.ones(members.shape[-1])
    count = ~np.isnan(members) @ ones
    share = np.empty(limits.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        for number in range(limits.shape[-1]):
            limit = limits[..., number]
            below = (members < limit[..., np.newaxis]) @ ones
            share[..., number] = np.where(np.isnan(limit) | (count == 0), np.nan, below / count)
    return share
