"""Trends of seasons, clusters of places and shares of years: the numbers of the trends page.

Pure functions on a `Matrix`; at the end those of a publication, whose results are kept. Years are
calendar years; a winter belongs to the year of its January.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo_pipeline import dekads
from geo_pipeline.catalogue.indicator_record import Indicator, OverSeason
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.indicators.clusters import global_moran, local_moran
from geo_pipeline.indicators.significance import false_discovery
from geo_pipeline.indicators.trends import mann_kendall, theil_sen
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix, Matrix
from panel_app.data.kept import kept
from panel_app.data.period_steps import drier_sign
from panel_app.data.state import Season
from panel_app.data.store import Publication

MONTHS: Final[Mapping[Season, tuple[int, ...]]] = {
    "year": tuple(range(1, 13)),
    "winter": (12, 1, 2),
    "spring": (3, 4, 5),
    "summer": (6, 7, 8),
    "autumn": (9, 10, 11),
}
SEASONS: Final = tuple(MONTHS)
DECADE: Final = 10
FALSE_DISCOVERY: Final = 0.1
"""Expected share of false positives among the places called significant."""
ALONE: Final = 0.05
"""A p-value that is notable for a single place, but not on a map of many."""
PERMUTATIONS: Final = 4999
"""With these the smallest p-value is 0.0004; a single place among 101 needs 0.001."""
COVERED: Final = 0.8
"""Share of the usually known area that a year needs for a national mean."""
CROPPING_YEAR_END: Final = 23
"""The dekad that ends on 31 August."""
EDGES: Final = 4

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def has_trend(indicator: Indicator) -> bool:
    """Whether its values may be averaged over years.

    Stages and levels are only ordered names; of restrictions one day is known.
    """
    return indicator.kind != "stage" and indicator.step != "day"


def dry_sign(indicator: Indicator) -> int:
    """1 where a larger value is the drier (or the warmer) one, -1 where it is the wetter one."""
    return drier_sign(indicator) or 1


def says_dry(indicator: Indicator) -> bool:
    """Whether its extremes are called dry and wet; yields, warmth and frost are low and high."""
    if indicator.group == "days":
        return indicator.subject is not None
    return indicator.group != "yields" and not indicator.neutral


def seasons_of(indicator: Indicator) -> tuple[Season, ...]:
    """Seasons for which it has a trend; a harvest only has its year."""
    return ("year",) if indicator.over_season == "value" else SEASONS


# --------------------------------------------------------------------------------------------
# Seasons
# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Yearly:
    """A value for each year and place: `years` without gaps, `values` (years, places), NaN unknown.

    `rows` is the last row of the matrix in each year's season, -1 for none, `dekads` the number of
    dekads in the season for which the indicator exists.
    """

    years: Ints
    values: FloatMatrix
    rows: Ints
    dekads: int


def yearly(matrix: Matrix, season: Season) -> Yearly:
    """Return the season's value of each year; a year without some of its dekads is unknown.

    A dekad without a value in all years of a place (a crop out of season) does not count.
    """
    which = indicator_of(matrix.indicator)
    manner = which.over_season
    slots = _slots(season)
    ends = np.array(
        [_year_and_slot(matrix, row, season, manner) for row in range(len(matrix.periods))]
    )
    first, last = int(ends[:, 0].min()), int(ends[:, 0].max())
    cube = np.full((last - first + 1, dekads.A_YEAR, len(matrix.codes)), np.nan)
    cube[ends[:, 0] - first, ends[:, 1]] = matrix.value
    rows = np.full((last - first + 1, dekads.A_YEAR), -1)
    rows[ends[:, 0] - first, ends[:, 1]] = np.arange(len(ends))
    ever = ~np.isnan(cube).all(axis=0)
    if manner == "end":
        slots = _end_slot(ever.any(axis=1), slots, season)
    elif manner == "sum":
        slots = slots[slots % 3 == 2]
    elif manner == "value":
        slots = np.array([dekads.A_YEAR - 1])
    taken, asked = cube[:, slots], ever[slots]
    unknown = np.isnan(taken)
    complete = (~unknown | ~asked).all(axis=1) & asked.any(axis=0)
    total = np.where(unknown, 0.0, taken).sum(axis=1)
    count = np.ones(len(matrix.codes)) if manner == "sum" else np.maximum(asked.sum(axis=0), 1)
    values = np.where(complete, total / count, np.nan)
    return Yearly(
        years=np.arange(first, last + 1),
        values=values,
        rows=rows[:, slots].max(axis=1, initial=-1),
        dekads=int(asked.any(axis=1).sum()),
    )


def _slots(season: Season) -> Ints:
    return np.array([3 * (month - 1) + part for month in MONTHS[season] for part in range(3)])


def _year_and_slot(matrix: Matrix, row: int, season: Season, manner: OverSeason) -> tuple[int, int]:
    """The year in which a period counts, and its number among the 36 dekads."""
    end = matrix.periods[row]
    slot = dekads.A_YEAR - 1 if manner == "value" else dekads.of_year(end)
    return end.year + (season == "winter" and end.month == 12), slot


def _end_slot(ever: Bools, slots: Ints, season: Season) -> Ints:
    """The last dekad of the season, or of a year the last one before a count starts again."""
    if season == "year":
        ends = np.flatnonzero(ever & ~np.roll(ever, -1))
        return ends[-1:] if ends.size else np.array([CROPPING_YEAR_END])
    known = slots[ever[slots]]
    return known[-1:] if known.size else slots[-1:]


# --------------------------------------------------------------------------------------------
# Trends
# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Trend:
    """Sen's slope a decade, its 95 % limits and the Mann-Kendall p-value: one for each place.

    `national` are the means of the known places by area; the last element of each array below
    belongs to it. `significant` is for the places together as a map, and for the nation alone.
    """

    data: Yearly
    national: FloatMatrix
    slope: FloatMatrix
    low: FloatMatrix
    high: FloatMatrix
    p_value: FloatMatrix
    intercept: FloatMatrix
    used: Ints
    significant: Bools

    @property
    def places(self) -> FloatMatrix:
        """Slopes of the places, without that of the nation."""
        return self.slope[:-1]

    @property
    def known(self) -> Bools:
        """Places that have a trend."""
        return ~np.isnan(self.places)

    def series(self, place: int) -> FloatMatrix:
        """Values of a place, -1 for the nation."""
        return self.national if place == -1 else self.data.values[:, place]

    def line(self, place: int) -> FloatMatrix:
        """The trend's value in each year."""
        drawn: FloatMatrix = self.intercept[place] + self.slope[place] / DECADE * self.data.years
        return drawn

    def span(self, place: int = -1) -> tuple[int, int]:
        """First and last known year, 0 for none."""
        known = self.data.years[~np.isnan(self.series(place))]
        return (int(known[0]), int(known[-1])) if known.size else (0, 0)

    def counts(self, sign: int) -> "Counts":
        """Numbers of places by direction."""
        drier = np.sign(self.places) * sign
        certain = self.significant[:-1]
        return Counts(
            known=int(self.known.sum()),
            drier=int((drier > 0).sum()),
            wetter=int((drier < 0).sum()),
            surely_drier=int(((drier > 0) & certain).sum()),
            surely_wetter=int(((drier < 0) & certain).sum()),
        )


@dataclass(frozen=True)
class Counts:
    """Numbers of places with a trend, by direction, and of significant ones among them."""

    known: int
    drier: int
    wetter: int
    surely_drier: int
    surely_wetter: int


def trend(matrix: Matrix, season: Season) -> Trend:
    """Test each place, and the mean of all, for a trend of the season."""
    data = _trimmed(yearly(matrix, season))
    mean = national_mean(data.values, matrix.area_km2)
    series = np.column_stack([data.values, mean]).T
    line, test = theil_sen(series, data.years), mann_kendall(series)
    return Trend(
        data=data,
        national=mean,
        slope=line.slope * DECADE,
        low=line.low * DECADE,
        high=line.high * DECADE,
        p_value=test.p_value,
        intercept=line.intercept,
        used=np.count_nonzero(~np.isnan(series), axis=1).astype(np.int64),
        significant=np.append(
            false_discovery(test.p_value[:-1], FALSE_DISCOVERY), test.p_value[-1] <= ALONE
        ),
    )


def national_mean(values: FloatMatrix, area: FloatMatrix) -> FloatMatrix:
    """Mean by area of the known values in each year; NaN where much less is known than usual."""
    known = ~np.isnan(values)
    covered = known @ area
    total = np.where(known, values, 0.0) @ area
    enough = (covered > 0) & (covered >= COVERED * covered.max(initial=0.0))
    mean: FloatMatrix = np.divide(total, covered, out=np.full(len(values), np.nan), where=enough)
    return mean


def _trimmed(data: Yearly) -> Yearly:
    """The same without the years before and after all known values."""
    known = np.flatnonzero(~np.isnan(data.values).all(axis=1))
    kept = slice(known[0], known[-1] + 1) if known.size else slice(0, 1)
    return Yearly(data.years[kept], data.values[kept], data.rows[kept], data.dekads)


def step_of(slopes: FloatMatrix) -> float:
    """Width of a class of slopes: 1, 2, 2.5 or 5 times a power of ten, for 4 on either side."""
    known = np.abs(slopes[~np.isnan(slopes)])
    wanted = float(np.quantile(known, 0.95)) / (EDGES + 1) if known.size else 0.0
    if not wanted > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * each for each in (1.0, 2.0, 2.5, 5.0, 10.0) if power * each >= wanted)


def bins(slopes: FloatMatrix, step: float, sign: int) -> Ints:
    """Class of each slope, 0 the driest to 8 the wettest, 4 near none, -1 where unknown."""
    edges = step * np.array([-4, -3, -2, -1, 1, 2, 3, 4])
    index = np.searchsorted(edges, -sign * slopes, side="right")
    return np.where(np.isnan(slopes), -1, index)


# --------------------------------------------------------------------------------------------
# Hot spots
# --------------------------------------------------------------------------------------------

NEITHER, DRY_CLUSTER, WET_CLUSTER, DRY_ALONE, WET_ALONE = 0, 1, 2, 3, 4
_KIND: Final = np.array([NEITHER, WET_CLUSTER, DRY_ALONE, DRY_CLUSTER, WET_ALONE])
"""Kind by Moran's quadrant, for values whose low end is dry."""


@dataclass(frozen=True, eq=False)
class HotSpots:
    """Which places are dry or wet together with their neighbours, or unlike them.

    `kind` is one of the five kinds for each place, -1 where unknown; dry means below the mean of
    the map. `alike`, `expected` and `p_value_of_all` are of the map as a whole.
    """

    kind: Ints
    p_value: FloatMatrix
    alike: float
    expected: float
    p_value_of_all: float


def hot_spots(
    values: FloatMatrix, weights: FloatMatrix, sign: int, permutations: int = PERMUTATIONS
) -> HotSpots:
    """Find clusters in a map; places without neighbours are left out entirely."""
    linked = weights.sum(axis=1) > 0
    wetness = np.where(linked, -sign * values, np.nan)
    compared = ~np.isnan(wetness) & (weights @ ~np.isnan(wetness) > 0)
    local = local_moran(wetness, weights, permutations=permutations, significance=1.0)
    overall = global_moran(wetness, weights)
    holds = false_discovery(local.p_value, FALSE_DISCOVERY)
    return HotSpots(
        kind=np.where(compared, np.where(holds, _KIND[local.quadrant], NEITHER), -1),
        p_value=local.p_value,
        alike=float(overall.i),
        expected=float(overall.expected),
        p_value_of_all=float(overall.p_value),
    )


def weights_of(codes: Sequence[str], neighbours: Mapping[str, Sequence[str]]) -> FloatMatrix:
    """1 where two places share a border."""
    column = {code: index for index, code in enumerate(codes)}
    weights = np.zeros((len(codes), len(codes)))
    for code, others in neighbours.items():
        for other in others:
            if code in column and other in column:
                weights[column[code], column[other]] = 1.0
    return weights


# --------------------------------------------------------------------------------------------
# Shares of years
# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Shares:
    """Mean share of each class in a year, %: (years, styles), NaN where nothing is known.

    `periods` is the number of known periods of a year, `asked` that of a complete year; `quarter`
    and `half` are those with more than 25 and 50 % in drought.
    """

    years: Ints
    mean: FloatMatrix
    periods: Ints
    asked: int
    quarter: Ints
    half: Ints

    @property
    def complete(self) -> Bools:
        """Years without missing periods."""
        return np.asarray(self.periods >= self.asked)


def yearly_shares(matrix: Matrix, shares: FloatMatrix) -> Shares:
    """Average the shares (periods x styles, %) over each year's known periods."""
    known = (matrix.style != NO_STYLE).any(axis=1) & (shares.sum(axis=1) > 0)
    of_year = np.array([period.year for period in matrix.periods])
    slots = {dekads.of_year(end) for end in _of(matrix.periods, known)}
    years = np.arange(of_year.min(), of_year.max() + 1)
    inside = (years[:, None] == of_year) & known
    periods = inside.sum(axis=1)
    total = inside @ shares
    drought = shares[:, matrix.drought_styles].sum(axis=1)
    return Shares(
        years=years,
        mean=np.divide(
            total, periods[:, None], out=np.full(total.shape, np.nan), where=periods[:, None] > 0
        ),
        periods=periods,
        asked=len(slots),
        quarter=(inside & (drought > 25)).sum(axis=1),
        half=(inside & (drought > 50)).sum(axis=1),
    )


def _of(items: Sequence[date], kept: Bools) -> list[date]:
    return [each for each, wanted in zip(items, kept, strict=True) if wanted]


# --------------------------------------------------------------------------------------------
# Of a publication, kept with it
# --------------------------------------------------------------------------------------------


@kept(1)
def weights(publication: Publication) -> FloatMatrix:
    """Which départements share a border."""
    return weights_of(publication.codes, publication.neighbours)


@kept(128)
def published_trend(publication: Publication, indicator: str, season: Season) -> Trend:
    """The trend of an indicator in a season."""
    return trend(publication.matrix(indicator), season)


@kept(128)
def published_step(publication: Publication, indicator: str, season: Season) -> float:
    """Width of the classes of slopes, the same in seasons that are to be compared."""
    which = indicator_of(indicator)
    alike = [each for each in seasons_of(which) if (each == "year") == (season == "year")]
    if which.over_season == "mean":
        alike = list(seasons_of(which))
    trends = [published_trend(publication, indicator, each) for each in alike]
    return step_of(np.concatenate([each.places for each in trends]))


@kept(256)
def published_hot_spots(publication: Publication, indicator: str, row: int) -> HotSpots:
    """Clusters of an indicator at a period."""
    sign = dry_sign(indicator_of(indicator))
    return hot_spots(publication.matrix(indicator).value[row], weights(publication), sign)
