"""How the départements and the régions stand at a period: what a ranking is made of."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline.departements import BY_CODE, REGIONS
from geo_pipeline.publishing import look
from panel_app.data.dekads import LONGEST_STEP
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix, Matrix
from panel_app.data.page_view import PageView

SPARK_STEPS: Final = 36
"""Dekads of the small bars: a year."""
YEAR_DAYS: Final = 5
"""A year before is the period that ends within so many days of it."""


@dataclass(frozen=True, eq=False)
class Standing:
    """How the départements stand at a period: a number a column of the matrix, NaN unknown."""

    dryness: FloatMatrix
    """The smaller, the drier."""
    value: FloatMatrix
    percentile: FloatMatrix
    change: FloatMatrix
    """Since the step before, in the unit of the value."""
    year: FloatMatrix
    """Since a year before."""
    age: FloatMatrix
    """Dekads of the drought under way, 0 in none."""
    crops: FloatMatrix
    """Known area of the crops that stand, in drought, ha."""
    restriction: FloatMatrix
    """Steps of restriction: 0 none to 4 crisis."""
    before: int
    """Row of the step before, -1 where there is none."""
    year_before: int
    drier: int
    """Into how many a drier class came since the step before."""
    wetter: int

    @property
    def known(self) -> int:
        """How many départements have data."""
        return int((~np.isnan(self.dryness)).sum())


def amounts(matrix: Matrix, row: int) -> FloatMatrix:
    """The numbers that readers are shown, before rounding; none where classes have only names."""
    which = look.indicator_of(matrix.indicator)
    if which.kind in ("restriction", "stage"):
        return np.full(len(matrix.codes), np.nan)
    score: FloatMatrix = np.floor(np.round(100 - matrix.percentile[row], 6))
    value: FloatMatrix = matrix.value[row]
    return score if matrix.indicator == "combined" else value


def drier_sign(indicator: look.Indicator) -> int:
    """1 where a shown number that grows means drier, -1 where it means wetter, 0 where neither."""
    if indicator.key.startswith("gdd_"):
        return 0
    return 1 if indicator.dry_is_high or indicator.key == "combined" else -1


def stand(view: PageView) -> Standing:
    """Return how the départements stand at the period that is shown."""
    matrix, row = view.matrix, view.row
    before, year_before = row_before(matrix, row, view.state.step), row_of_year_before(matrix, row)
    moved = _moved(view, before)
    return Standing(
        dryness=matrix.dryness(row),
        value=amounts(matrix, row),
        percentile=matrix.percentile[row],
        change=_difference(matrix, row, before),
        year=_difference(matrix, row, year_before),
        age=ages(view),
        crops=exposure(view).in_drought,
        restriction=restriction_steps(view),
        before=before,
        year_before=year_before,
        drier=int((moved > 0).sum()),
        wetter=int((moved < 0).sum()),
    )


def row_before(matrix: Matrix, row: int, step: str) -> int:
    """Row of the step before, -1 at the start of the record and after a hole in it."""
    earlier = [each for each in matrix.rows(step) if each < row]
    most = LONGEST_STEP[step_name(matrix, step)]
    if not earlier or (matrix.periods[row] - matrix.periods[earlier[-1]]).days > most:
        return -1
    return earlier[-1]


def row_of_year_before(matrix: Matrix, row: int) -> int:
    """Row of the same period a year before, -1 where it is not on record."""
    wanted = (pd.Timestamp(matrix.periods[row]) - pd.DateOffset(years=1)).date()
    near = min(range(len(matrix.periods)), key=lambda each: _days(matrix.periods[each], wanted))
    return near if _days(matrix.periods[near], wanted) <= YEAR_DAYS else -1


def _days(one: date, other: date) -> int:
    return abs((one - other).days)


def step_name(matrix: Matrix, step: str) -> str:
    """What the periods are walked by: of yields and restrictions the address does not tell."""
    if matrix.by_dekad:
        return step
    return look.indicator_of(matrix.indicator).step


def _difference(matrix: Matrix, row: int, before: int) -> FloatMatrix:
    """Difference of what is shown, so that it agrees with the two numbers a reader sees."""
    if before < 0:
        return np.full(len(matrix.codes), np.nan)
    decimals = look.indicator_of(matrix.indicator).decimals
    now, then = (np.round(amounts(matrix, each), decimals) for each in (row, before))
    return np.round(now - then, decimals) + 0.0


def _moved(view: PageView, before: int) -> NDArray[np.int64]:
    """1 where a drier class came since `before`, -1 where a wetter one, 0 elsewhere."""
    matrix = view.matrix
    if before < 0:
        return np.zeros(len(matrix.codes), dtype=np.int64)
    now, then = (matrix.style[each].astype(np.int64) for each in (view.row, before))
    moved = np.sign(then - now) if view.indicator.by_class else -np.sign(then - now)
    if not view.indicator.by_class and drier_sign(view.indicator) < 0:
        moved = -moved
    return np.where((now == NO_STYLE) | (then == NO_STYLE), 0, moved)


def ages(view: PageView) -> FloatMatrix:
    """Dekads of the drought under way; NaN unknown, or where the indicator knows no droughts."""
    if view.indicator.kind != "class":
        return np.full(len(view.matrix.codes), np.nan)
    return np.asarray(view.matrix.age[view.row])


@dataclass(frozen=True, eq=False)
class Exposure:
    """Crops that stand at the period where it is dry by what is shown, ha, a number a column."""

    area: FloatMatrix
    """Known area of those that stand, 0 where none does; NaN unknown."""
    in_drought: FloatMatrix
    """The area where it is in drought, else 0; NaN unknown."""
    crops: tuple[tuple[str, ...], ...]
    """Those that stand, of each département."""
    year: int
    """Of the areas, the latest; 0 where none is known."""

    @property
    def of_france(self) -> tuple[str, ...]:
        """Those that stand anywhere."""
        return tuple(sorted({crop for each in self.crops for crop in each}))


def exposure(view: PageView, day: date | None = None) -> Exposure:
    """Return what stands where it is in drought on `day`, the end of a dekad: that shown."""
    day = day or view.period_end
    risk = view.publication.risk(day).reindex(list(view.matrix.codes))
    area, dry = risk["crop_area_ha"].to_numpy(dtype=float), view.in_drought(day)
    years = risk["crop_area_year"].to_numpy(dtype=float, na_value=0)
    return Exposure(
        area=np.where(np.isnan(dry), np.nan, area),
        in_drought=area * dry,
        crops=tuple(
            () if pd.isna(each) else tuple(each.split(", ")) for each in risk["crop_area_crops"]
        ),
        year=int(years.max(initial=0)),
    )


def restriction_steps(view: PageView) -> FloatMatrix:
    """Steps of restriction at the period; NaN where none is published, or only of another date."""
    surveyed = view.restrictions(view.period_end)
    if surveyed is None or not surveyed[2]:
        return np.full(len(view.matrix.codes), np.nan)
    levels, row, _ = surveyed
    style = levels.style[row].astype(float)
    return np.where(style == NO_STYLE, np.nan, len(levels.styles) - 1 - style)


def ranks(dryness: FloatMatrix) -> FloatMatrix:
    """1 for the driest; those alike share the better rank; NaN unknown."""
    known = np.sort(dryness[~np.isnan(dryness)])
    place = np.searchsorted(known, dryness, side="left") + 1.0
    ranked: FloatMatrix = np.where(np.isnan(dryness), np.nan, place)
    return ranked


def alphabetical(name: str) -> str:
    """The name as it is sorted: Île with I, whatever the case."""
    bare = unicodedata.normalize("NFD", name)
    return "".join(each for each in bare if not unicodedata.combining(each)).casefold()


def in_order(keys: Sequence[float] | Sequence[str], descending: bool) -> list[int]:
    """Positions in order of their keys, those alike as they come, missing ones always last."""
    missing = [index for index, key in enumerate(keys) if look.is_missing(key)]
    known = [index for index, key in enumerate(keys) if not look.is_missing(key)]
    known.sort(key=lambda index: keys[index], reverse=descending)
    return known + missing


def has_any(values: FloatMatrix) -> bool:
    """Whether any of the numbers is known."""
    return bool((~np.isnan(values)).any())


def spark_heights(matrix: Matrix, row: int) -> FloatMatrix:
    """How high the small bars of the last steps stand, dry below zero: steps by départements.

    An index as it is; else the index of its rank; else, where no rank is told, how far its class
    is from the one that is not drawn: the mildest of the classes, the middle of departures.
    """
    which = look.indicator_of(matrix.indicator)
    rows = slice(max(0, row - SPARK_STEPS + 1), row + 1)
    if which.standardised or has_any(matrix.percentile[rows]):
        return matrix.index(rows)
    style = matrix.style[rows].astype(float)
    style[style == NO_STYLE] = np.nan
    last = len(matrix.styles) - 1
    if which.kind == "anomaly":
        return 2.5 * (style - last / 2) / (last / 2)
    if which.dry_is_high:
        return -2.5 * style / last
    return -2.5 * (last - style) / last


class Regions:
    """How the régions stand: means weighed by area (or by a crop's area), NaN unknown."""

    def __init__(self, view: PageView, standing: Standing) -> None:
        matrix = view.matrix
        members = [BY_CODE[code].region_code for code in matrix.codes]
        self.codes = list(dict.fromkeys(sorted(members)))
        self.names = [REGIONS[code] for code in self.codes]
        self.belongs = np.array([[each == code for each in members] for code in self.codes])
        area = view.publication.crop_areas.get(view.state.crop, matrix.area_km2)
        self.weight = np.where(np.isnan(area), 0.0, area)
        self.known = (self.belongs & ~np.isnan(standing.dryness)).sum(axis=1)
        self.members = self.belongs.sum(axis=1)
        self.value = self.mean(standing.value)
        self.percentile = self.mean(standing.percentile)
        self.change = self.mean(standing.change)
        self.year = self.mean(standing.year)
        self.crops = self.total(standing.crops)
        style = matrix.style[view.row]
        self.shares = np.stack(
            [self.share(style == index, style != NO_STYLE) for index in range(len(matrix.styles))],
            axis=1,
        )
        self.in_drought = self.shares[:, matrix.drought_styles].sum(axis=1)
        self.rank = ranks(np.where(self.known > 0, self._dryness(view, standing), np.nan))
        self.worst = [
            min(
                np.flatnonzero(belongs & ~np.isnan(standing.dryness)).tolist(),
                key=lambda column: standing.dryness[column],
                default=-1,
            )
            for belongs in self.belongs
        ]

    def _dryness(self, view: PageView, standing: Standing) -> FloatMatrix:
        """The mean that régions are ranked by."""
        if view.indicator.kind == "class":
            return np.round(self.percentile, 6)
        sign = -1 if view.indicator.dry_is_high else 1
        mean = self.value if has_any(self.value) else self.mean(standing.dryness)
        return np.round(sign * mean, 6)

    def mean(self, values: FloatMatrix) -> FloatMatrix:
        """Mean of what is known, weighed by area."""
        known = np.where(np.isnan(values), 0.0, self.weight) * self.belongs
        total = known.sum(axis=1)
        summed = known @ np.nan_to_num(values)
        return _over(summed, total)

    def total(self, values: FloatMatrix) -> FloatMatrix:
        """Sum of what is known."""
        known = ~np.isnan(values) & self.belongs
        summed: FloatMatrix = np.where(known.any(axis=1), known @ np.nan_to_num(values), np.nan)
        return summed

    def share(self, which: NDArray[np.bool_], among: NDArray[np.bool_]) -> FloatMatrix:
        """Share of the area of `among`, %."""
        total = (self.belongs & among).astype(float) @ self.weight
        part = (self.belongs & which).astype(float) @ self.weight
        return _over(100 * part, total)

    def course(self, bars: FloatMatrix) -> FloatMatrix:
        """Mean heights of the small bars: steps by régions."""
        weight = np.where(np.isnan(bars), 0.0, self.weight)
        total = weight @ self.belongs.T
        summed = (np.nan_to_num(bars) * weight) @ self.belongs.T
        return _over(summed, total)

    def widest(self, style: NDArray[np.int8], count: int) -> NDArray[np.int64]:
        """Index of the class with the largest area, steps by régions; only where one is known."""
        areas = np.stack(
            [((style == index) * self.weight) @ self.belongs.T for index in range(count)]
        )
        return np.asarray(areas.argmax(axis=0))


def _over(part: FloatMatrix, total: FloatMatrix) -> FloatMatrix:
    """A quotient, NaN where there is nothing to divide by."""
    quotient: FloatMatrix = np.divide(
        part, total, out=np.full(total.shape, np.nan), where=total > 0
    )
    return quotient
