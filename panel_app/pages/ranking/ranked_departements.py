"""The numbers of the départements at a period, for a ranking."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.territory import BY_CODE
from panel_app.data.crop_exposure import exposure
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix, Matrix
from panel_app.data.page_view import PageView
from panel_app.data.period_steps import drier_sign, row_before, row_of_year_before
from panel_app.pages.ranking.ranking_order import has_any

SPARK_STEPS: Final = 36
"""Dekads of the small bars: a year."""


@dataclass(frozen=True, eq=False)
class RankedDepartements:
    """Numbers of the départements at a period, one for each column of the matrix, NaN unknown."""

    dryness: FloatMatrix
    """Smaller is drier."""
    value: FloatMatrix
    percentile: FloatMatrix
    change: FloatMatrix
    """Since the step before, in the unit of the value."""
    year: FloatMatrix
    """Since a year before."""
    age: FloatMatrix
    """Dekads of the drought under way, 0 in none."""
    crops: FloatMatrix
    """Known area of the growing crops in drought, ha."""
    restriction: FloatMatrix
    """Rank of the restriction: 0 none to 4 crisis."""
    before: int
    """Row of the step before, -1 where there is none."""
    year_before: int
    drier: int
    """Number of départements in a drier class than at the step before."""
    wetter: int

    @property
    def known(self) -> int:
        """Number of départements with data."""
        return int((~np.isnan(self.dryness)).sum())


def amounts(matrix: Matrix, row: int) -> FloatMatrix:
    """The shown numbers before rounding; NaN where classes only have names."""
    which = indicator_of(matrix.indicator)
    if which.kind in ("restriction", "stage"):
        return np.full(len(matrix.codes), np.nan)
    score: FloatMatrix = np.floor(np.round(100 - matrix.percentile[row], 6))
    value: FloatMatrix = matrix.value[row]
    return score if which.scored else value


def rank_departements(view: PageView) -> RankedDepartements:
    """Return the numbers of the départements at the period that is shown."""
    matrix, row = view.matrix, view.row
    before, year_before = row_before(matrix, row, view.state.step), row_of_year_before(matrix, row)
    moved = _moved(view, before)
    return RankedDepartements(
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


def _difference(matrix: Matrix, row: int, before: int) -> FloatMatrix:
    """Difference of the shown numbers, so that it agrees with both."""
    if before < 0:
        return np.full(len(matrix.codes), np.nan)
    decimals = indicator_of(matrix.indicator).decimals
    now, then = (np.round(amounts(matrix, each), decimals) for each in (row, before))
    return np.round(now - then, decimals) + 0.0


def _moved(view: PageView, before: int) -> NDArray[np.int64]:
    """1 where the class is drier than in row `before`, -1 where wetter, 0 elsewhere."""
    matrix = view.matrix
    if before < 0:
        return np.zeros(len(matrix.codes), dtype=np.int64)
    now, then = (matrix.style[each].astype(np.int64) for each in (view.row, before))
    moved = np.sign(then - now) if view.indicator.by_class else -np.sign(then - now)
    if not view.indicator.by_class and drier_sign(view.indicator) < 0:
        moved = -moved
    return np.where((now == NO_STYLE) | (then == NO_STYLE), 0, moved)


def ages(view: PageView) -> FloatMatrix:
    """Dekads of the drought under way; NaN unknown, or for an indicator without droughts."""
    if view.indicator.kind != "class":
        return np.full(len(view.matrix.codes), np.nan)
    return np.asarray(view.matrix.age[view.row])


def inside_region(view: PageView) -> NDArray[np.bool_]:
    """Which départements are in the chosen région."""
    region = view.state.region
    return np.array(
        [not region or BY_CODE[code].region_code == region for code in view.matrix.codes]
    )


def restriction_steps(view: PageView) -> FloatMatrix:
    """Rank of the restriction at the period; NaN if none is published, or only of another date."""
    surveyed = view.restrictions(view.period_end)
    if surveyed is None or not surveyed[2]:
        return np.full(len(view.matrix.codes), np.nan)
    levels, row, _ = surveyed
    style = levels.style[row].astype(float)
    return np.where(style == NO_STYLE, np.nan, len(levels.styles) - 1 - style)


def spark_heights(matrix: Matrix, row: int) -> FloatMatrix:
    """Heights of the small bars of the last steps, dry below zero: steps x départements.

    An index as it is; else the index of its rank; without ranks, the distance of its class from the
    one that is not drawn: the mildest class, or the middle one of departures.
    """
    which = indicator_of(matrix.indicator)
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
