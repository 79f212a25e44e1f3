"""The régions at a period: means and shares of their départements, in ranking order."""

import numpy as np
from numpy.typing import NDArray

from geo_pipeline.territory import BY_CODE, REGIONS
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix
from panel_app.data.page_view import PageView
from panel_app.pages.ranking.ranked_departements import RankedDepartements
from panel_app.pages.ranking.ranking_order import has_any, ranks


class RankedRegions:
    """The régions at a period: means weighted by area (or by a crop's area), NaN unknown."""

    def __init__(self, view: PageView, ranked: RankedDepartements) -> None:
        matrix = view.matrix
        members = [BY_CODE[code].region_code for code in matrix.codes]
        self.codes = list(dict.fromkeys(sorted(members)))
        self.names = [REGIONS[code] for code in self.codes]
        self.belongs = np.array([[each == code for each in members] for code in self.codes])
        area = view.publication.crop_areas.get(view.state.crop, matrix.area_km2)
        self.weight = np.where(np.isnan(area), 0.0, area)
        self.known = (self.belongs & ~np.isnan(ranked.dryness)).sum(axis=1)
        self.members = self.belongs.sum(axis=1)
        self.value = self.mean(ranked.value)
        self.percentile = self.mean(ranked.percentile)
        self.change = self.mean(ranked.change)
        self.year = self.mean(ranked.year)
        self.crops = self.total(ranked.crops)
        style = matrix.style[view.row]
        self.shares = np.stack(
            [self.share(style == index, style != NO_STYLE) for index in range(len(matrix.styles))],
            axis=1,
        )
        self.in_drought = self.shares[:, matrix.drought_styles].sum(axis=1)
        self.rank = ranks(np.where(self.known > 0, self._dryness(view, ranked), np.nan))
        self.worst = [
            min(
                np.flatnonzero(belongs & ~np.isnan(ranked.dryness)).tolist(),
                key=lambda column: ranked.dryness[column],
                default=-1,
            )
            for belongs in self.belongs
        ]

    def _dryness(self, view: PageView, ranked: RankedDepartements) -> FloatMatrix:
        """The mean by which régions are ranked."""
        if view.indicator.kind == "class":
            return np.round(self.percentile, 6)
        sign = -1 if view.indicator.dry_is_high else 1
        mean = self.value if has_any(self.value) else self.mean(ranked.dryness)
        return np.round(sign * mean, 6)

    def mean(self, values: FloatMatrix) -> FloatMatrix:
        """Mean of the known values, weighted by area."""
        known = np.where(np.isnan(values), 0.0, self.weight) * self.belongs
        total = known.sum(axis=1)
        summed = known @ np.nan_to_num(values)
        return _over(summed, total)

    def total(self, values: FloatMatrix) -> FloatMatrix:
        """Sum of the known values."""
        known = ~np.isnan(values) & self.belongs
        summed: FloatMatrix = np.where(known.any(axis=1), known @ np.nan_to_num(values), np.nan)
        return summed

    def share(self, which: NDArray[np.bool_], among: NDArray[np.bool_]) -> FloatMatrix:
        """Share of the area of `among`, %."""
        total = (self.belongs & among).astype(float) @ self.weight
        part = (self.belongs & which).astype(float) @ self.weight
        return _over(100 * part, total)

    def course(self, bars: FloatMatrix) -> FloatMatrix:
        """Mean heights of the small bars: steps x régions."""
        weight = np.where(np.isnan(bars), 0.0, self.weight)
        total = weight @ self.belongs.T
        summed = (np.nan_to_num(bars) * weight) @ self.belongs.T
        return _over(summed, total)

    def widest(self, style: NDArray[np.int8], count: int) -> NDArray[np.int64]:
        """Index of the class with the largest area, steps x régions; only where one is known."""
        areas = np.stack(
            [((style == index) * self.weight) @ self.belongs.T for index in range(count)]
        )
        return np.asarray(areas.argmax(axis=0))


def _over(part: FloatMatrix, total: FloatMatrix) -> FloatMatrix:
    """A quotient, NaN where the divisor is 0."""
    quotient: FloatMatrix = np.divide(
        part, total, out=np.full(total.shape, np.nan), where=total > 0
    )
    return quotient
