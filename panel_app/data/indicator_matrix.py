"""One indicator of a publication as a matrix of periods by départements, and its texts.

All periods are in memory, so a step of the slider costs no query. `store.py` reads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from geo_pipeline import dekads
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import NO_DATA, ClassStyle
from geo_pipeline.indicators import drought_age
from geo_pipeline.indicators.classes import INDEX_DROUGHT_LIMIT, PERCENTILE_DROUGHT_LIMIT
from geo_pipeline.publishing import selection
from geo_pipeline.publishing.certainty import ClassCertainty
from geo_pipeline.publishing.formats import Period, format_period, format_value, shown_value
from geo_pipeline.publishing.legend import IN_DROUGHT, LITTLE_GROWN, class_words, is_unclassed
from geo_pipeline.publishing.selection import LONGEST_STEP
from geo_pipeline.publishing.sentences import Ranked, Statement, drought_words, is_past, statement
from geo_pipeline.words import Lang

FloatMatrix = NDArray[np.float64]

NO_STYLE: Final = -1
"""Index of the style for no data."""


@dataclass(frozen=True, eq=False)
class Share:
    """One class at one period: its départements, its shares of the known area and of a crop's."""

    style: ClassStyle
    departements: int
    area_pct: float
    crop_pct: float = float("nan")


@dataclass(frozen=True, eq=False)
class Matrix:
    """One indicator: rows are `periods`, columns the départements in order of their codes.

    `style` is the index in the indicator's styles, `NO_STYLE` where there is no data.
    """

    indicator: str
    periods: tuple[date, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]
    area_km2: FloatMatrix
    value: FloatMatrix
    percentile: FloatMatrix
    reference_years: FloatMatrix
    reference_period: NDArray[np.object_]
    drought_class: NDArray[np.object_]
    style: NDArray[np.int8]
    percentile_low: FloatMatrix | None = None
    """Range that holds the percentile 8 times in 10, and the chance that the class is right."""
    percentile_high: FloatMatrix | None = None
    class_chance: FloatMatrix | None = None
    dry_rank: FloatMatrix | None = None
    """Rank among the known years at the same dekad, 1 the driest, of `ranked_years` years."""
    ranked_years: FloatMatrix | None = None
    little_grown: frozenset[int] = frozenset()
    """Columns where too little of the indicator's crop is grown for it to be drawn."""
    published_on: date | None = None
    """Periods that were over long before are described in the past tense."""
    published_age: FloatMatrix | None = None
    """For the drought indicator, the published age in dekads."""

    @property
    def styles(self) -> tuple[ClassStyle, ...]:
        """The classes or bins of the indicator, driest first."""
        return indicator_of(self.indicator).styles

    @cached_property
    def by_dekad(self) -> bool:
        """Whether periods are dekads, so that months may be shown alone."""
        return selection.period_step(self.indicator, self.periods[0]) in ("dekad", "month")

    @cached_property
    def month_rows(self) -> list[int]:
        """Rows of the dekads that end a month."""
        return [row for row, period in enumerate(self.periods) if dekads.is_last_of_month(period)]

    def rows(self, step: str) -> list[int]:
        """Rows that a walk through time visits: all, or the ends of months."""
        if step == "month" and self.by_dekad and self.month_rows:
            return self.month_rows
        return list(range(len(self.periods)))

    def nearest(self, wanted: date | None, step: str = "dekad") -> int:
        """Row of the period nearest to `wanted`, the newest for None."""
        rows = self.rows(step)
        wanted = wanted or self.periods[self.newest]
        return min(rows, key=lambda row: abs((self.periods[row] - wanted).days))

    def nearest_rows(self, wanted: Sequence[date]) -> NDArray[np.intp]:
        """Rows of the periods nearest to each of `wanted`, the earlier of two equally near."""
        ends = np.array([period.toordinal() for period in self.periods])
        days = np.array([day.toordinal() for day in wanted])
        return np.asarray(np.abs(ends - days[:, np.newaxis]).argmin(axis=1))

    @cached_property
    def newest(self) -> int:
        """Row of the newest period for France; a period that only a few départements have is
        not."""
        return selection.newest((self.style != NO_STYLE).sum(axis=1))

    def column(self, code: str) -> int:
        """Column of a département."""
        return self.codes.index(code)

    def period_words(self, row: int, lang: Lang, step: str = "dekad") -> str:
        """The period in words: `août 2022`, `2e décade d'août 2022`, `3 octobre 2026`."""
        said: Period = "month" if step == "month" else "dekad"
        if not self.by_dekad:
            said = selection.period_step(self.indicator, self.periods[row])
        return format_period(self.periods[row], said, lang)

    def period_typed(self, row: int, step: str = "dekad") -> str:
        """The period as it is typed: `2022-08`, `2022-08-20`."""
        if not self.by_dekad:
            return selection.period_text(self.indicator, self.periods[row])
        text = self.periods[row].isoformat()
        return text[:7] if step == "month" else text

    def frame(self, row: int) -> pd.DataFrame:
        """One row for each département at a period, in the form of the exported maps."""
        return pd.DataFrame(
            {
                "departement": self.codes,
                "name": self.names,
                "value": self.value[row],
                "percentile": self.percentile[row],
                "drought_class": self.drought_class[row],
            }
        )

    def style_at(self, row: int, column: int) -> ClassStyle:
        """The class of a département at a period, or the style for no data."""
        index = int(self.style[row, column])
        return NO_DATA if index == NO_STYLE else self.styles[index]

    def ranked(self, row: int, column: int) -> Ranked | None:
        """Rank of a département among the known years, 1 the driest, and the number of years."""
        if self.dry_rank is None or self.ranked_years is None:
            return None
        return float(self.dry_rank[row, column]), float(self.ranked_years[row, column])

    def class_words(self, row: int, column: int, lang: Lang) -> str:
        """Name of the class of a département, marked where its reference is short."""
        style = self.style_at(row, column)
        if self.is_unclassed(row, column):
            return self.statement(row, column, lang).head
        return class_words(style, self.reference_years[row, column], lang)

    def is_unclassed(self, row: int, column: int) -> bool:
        """Whether there is a value, and too few years of reference for a class."""
        at = row, column
        return is_unclassed(self.indicator, self.value[at], self.drought_class[at])

    def shown_value(self, row: int, column: int, lang: Lang) -> str:
        """The number of a département, with its unit; the combined class has its score."""
        if indicator_of(self.indicator).kind in ("restriction", "stage"):
            return ""
        value = shown_value(
            self.indicator, float(self.value[row, column]), float(self.percentile[row, column])
        )
        return format_value(self.indicator, value, lang)

    def statement(self, row: int, column: int, lang: Lang, reason: str | None = None) -> Statement:
        """The words on a département at a period."""
        which = indicator_of(self.indicator)
        if column in self.little_grown:
            reason = LITTLE_GROWN(lang)
        elif self.is_unclassed(row, column):
            reason = None  # there are data, but no class
        return statement(
            self.indicator,
            value=float(self.value[row, column]),
            percentile=float(self.percentile[row, column]),
            drought_class=self.drought_class[row, column],
            reference_years=float(self.reference_years[row, column]),
            ranked=self.ranked(row, column),
            reference_period=self.reference_period[row, column],
            reason=reason,
            lang=lang,
            past=is_past(self.periods[row], self.published_on) and not which.ahead,
            certainty=self.certainty(row, column),
        )

    def certainty(self, row: int, column: int) -> ClassCertainty | None:
        """How sure the class of a département is, None where that is not known."""
        known = self.percentile_low, self.percentile_high, self.class_chance
        values = [float(each[row, column]) for each in known if each is not None]
        if len(values) < len(known) or np.isnan(values).any():
            return None
        return ClassCertainty(*values)

    def shares_by(self, weight: FloatMatrix) -> FloatMatrix:
        """Share of `weight` (one number for each département) in each style, %: periods x styles.

        Départements without data do not count; 0 where nothing is known.
        """
        known = np.where(np.isnan(weight), 0.0, weight)
        counted = np.stack(
            [(self.style == index) @ known for index in range(len(self.styles))], axis=1
        )
        total = counted.sum(axis=1, keepdims=True)
        shares: FloatMatrix = np.divide(
            100.0 * counted, total, out=np.zeros_like(counted), where=total > 0
        )
        return shares

    @cached_property
    def area_shares(self) -> FloatMatrix:
        """Share of the known area in each style, %: periods x styles."""
        return self.shares_by(self.area_km2)

    def shares(self, row: int, crop_ha: FloatMatrix | None = None) -> list[Share]:
        """Each class at a period, driest first, with its share of a crop's area if given."""
        nothing = np.full(len(self.styles), np.nan)
        crop = nothing if crop_ha is None else self._one_row(row).shares_by(crop_ha)[0]
        return [
            Share(
                style,
                int((self.style[row] == index).sum()),
                float(self.area_shares[row, index]),
                float(crop[index]),
            )
            for index, style in enumerate(self.styles)
        ]

    def _one_row(self, row: int) -> "Matrix":
        return replace(self, style=self.style[row : row + 1])

    @property
    def drought_styles(self) -> list[int]:
        """Indices of the styles that count as drought (D1 or worse)."""
        return [index for index, style in enumerate(self.styles) if style.code in IN_DROUGHT]

    def drought_share(self, row: int) -> float:
        """Share of the known area in drought (D1 or worse), %."""
        return float(self.area_shares[row, self.drought_styles].sum())

    def missing(self, row: int) -> int:
        """Number of départements without data."""
        return int((self.style[row] == NO_STYLE).sum())

    def dryness(self, row: int) -> FloatMatrix:
        """A number for each département that ranks by dryness: smaller is drier; NaN unknown.

        It is the class first, where classes decide, then the percentile or the value.
        """
        which = indicator_of(self.indicator)
        amount = self.percentile[row] if which.kind == "class" else self.value[row]
        amount = -amount if which.dry_is_high else amount
        known = self.style[row] != NO_STYLE
        if not which.by_class:
            return np.where(known, amount, np.nan)
        within = np.where(np.isnan(amount), 0.0, (amount + 1e-9) / 1e4)
        return np.where(known, self.style[row] + within, np.nan)

    def driest(self, row: int, count: int) -> list[int]:
        """Columns of the driest départements, the driest first, equal ones by their code."""
        dryness = self.dryness(row)
        known = np.flatnonzero(~np.isnan(dryness))
        return [int(column) for column in known[np.argsort(dryness[known], kind="stable")][:count]]

    def follows(self, row: int) -> bool:
        """Whether a dekad directly follows the one in the row before."""
        return (self.periods[row] - self.periods[row - 1]).days <= LONGEST_STEP["dekad"]

    def index(self, where: Any) -> FloatMatrix:
        """Values `where` (a numpy index) as an index: 0 is usual, negative is dry.

        A standardised indicator is its own index; for any other it is the index of its rank.
        """
        if indicator_of(self.indicator).standardised:
            return np.asarray(self.value[where])
        return np.asarray(ndtri(np.clip(self.percentile[where], 0.2, 99.8) / 100))

    @cached_property
    def age(self) -> FloatMatrix:
        """Dekads of the drought under way, 0 for none, NaN unknown; the basis of all "since when".

        For the drought indicator it is the published age; for another index the same run theory is
        applied to it.
        """
        if self.published_age is not None:
            return self.published_age
        start = INDEX_DROUGHT_LIMIT
        if not indicator_of(self.indicator).standardised:
            start = float(ndtri(PERCENTILE_DROUGHT_LIMIT / 100))
        holes = [row for row in range(1, len(self.periods)) if not self.follows(row)]
        whole = np.insert(self.index(slice(None)), holes, np.nan, axis=0)
        age = drought_age(whole.T, start=start).T
        return np.delete(age, np.array(holes, dtype=int) + np.arange(len(holes)), axis=0)

    def drought_words(self, row: int, column: int, lang: Lang) -> str:
        """How long it has been in drought, or that a drought is not over yet; empty without one."""
        return drought_words(
            self.periods[row],
            self.age[row, column],
            self.drought_class[row, column],
            lang,
            past=is_past(self.periods[row], self.published_on),
        )


def style_indices(
    indicator: str, value: FloatMatrix, classes: NDArray[np.object_]
) -> NDArray[np.int8]:
    """Index of the style of each value, from its class or from its bin."""
    which = indicator_of(indicator)
    index = np.full(value.shape, NO_STYLE, dtype=np.int8)
    if which.by_class:
        for position, style in enumerate(which.styles):
            index[classes == style.code] = position
        return index
    lowers = np.array([style.lower for style in which.styles])
    known = ~np.isnan(value)
    index[known] = np.searchsorted(lowers, value[known], side="right") - 1
    return index
