"""One indicator of many places and dekads, and its rows in `drought_indicators`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from geo_pipeline.indicators import usdm_class
from geo_pipeline.indicators.aggregation import empirical_percentile, valid_years
from geo_pipeline.indicators.certainty import Certainty, Fit, index_certainty
from geo_pipeline.schemas import CLASSES
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.daily_arrays import Array, Dekads, Mask


@dataclass(frozen=True, eq=False)
class Measure:
    """An indicator as arrays, places x dekads; what is None is missing everywhere."""

    value: Array
    percentile: Array | None = None
    drought_class: npt.NDArray[np.object_] | None = None
    years: npt.NDArray[np.int64] | None = None
    """Years behind the normal of each place and dekad."""
    shown: Mask | None = None
    """Dekads that have a row, such as those of a season; all of them for None."""
    certainty: Certainty | None = None
    """Range of the percentile, and the chance that the class is right."""
    rests_on_class: bool = False
    """Whether the value means nothing without a class, such as the stage of a drought."""


@dataclass(frozen=True, eq=False)
class Ranked(Measure):
    """A measure with its percentile among other years."""

    percentile: Array = field(kw_only=True)
    years: npt.NDArray[np.int64] = field(kw_only=True)


def ranked(
    value: Array,
    dekads: Dekads,
    *,
    dry_is_high: bool = False,
    shown: Mask | None = None,
    rank: Array | None = None,
) -> Ranked:
    """Return `value` with its percentile among the same dekads of the reference, driest lowest.

    `rank` replaces the value in the ranking, where it is given.
    """
    wetness = value if rank is None else rank
    percentile = empirical_percentile(-wetness if dry_is_high else wetness, **dekads.calendar)
    years = valid_years(wetness, **dekads.calendar)[..., dekads.steps]
    return Ranked(value, percentile=percentile, years=years, shown=shown)


def standardised(index: Array, totals: Array, dekads: Dekads, fit: Fit) -> Measure:
    """Return a standardised index with its percentile and class by the normal distribution.

    `totals` are the totals behind the index, from which its years of reference are counted. `fit`
    is its fitted distribution, on which its certainty depends.
    """
    years = valid_years(totals, **dekads.calendar)[..., dekads.steps]
    certainty = certain(index, years, fit)
    return Measure(index, 100.0 * ndtr(index), usdm_class(index), years, certainty=certainty)


def certain(index: Array, years: npt.NDArray[np.int64], fit: Fit) -> Certainty:
    """Return the certainty of an index, with its range as percentiles."""
    known = index_certainty(index, years, fit=fit)
    return Certainty(100.0 * ndtr(known.low), 100.0 * ndtr(known.high), known.class_chance)


def rows_of(results: Iterable[tuple[list[str], Dekads, Mapping[str, Measure]]]) -> pd.DataFrame:
    """Return measures by indicator, of places (their codes) and dekads, as rows of the table.

    Texts are categories from the start, because there are over a million rows. Not sorted.
    """
    blocks = [
        _Block(code, dekads, indicator, measure)
        for codes, dekads, measures in results
        for code in [np.array([CODES.index(each) for each in codes], np.int16)]
        for indicator, measure in measures.items()
    ]
    names = sorted({block.indicator for block in blocks})
    periods = sorted({block.dekads.reference_period for block in blocks})

    def column(of: Callable[[_Block], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        return np.concatenate([of(block) for block in blocks])

    def repeated(block: _Block, code: int) -> npt.NDArray[np.int16]:
        return np.full(len(block.place), code, np.int16)

    def categories(codes: Any, texts: Sequence[str]) -> pd.Categorical:
        return pd.Categorical.from_codes(codes, categories=pd.Index(texts, dtype=object))

    return pd.DataFrame(
        {
            "departement": categories(column(lambda block: block.code[block.place]), CODES),
            "period_end": column(lambda block: block.dekads.ends.to_numpy()[block.step]),
            "indicator": categories(
                column(lambda block: repeated(block, names.index(block.indicator))), names
            ),
            "value": column(lambda block: block.of(block.measure.value)),
            "percentile": column(lambda block: block.of(block.measure.percentile)),
            "drought_class": categories(column(_class_codes), CLASSES),
            "percentile_low": column(lambda block: block.sure("low", 1)),
            "percentile_high": column(lambda block: block.sure("high", 1)),
            "class_chance": column(lambda block: block.sure("class_chance", 2)),
            "reference_years": column(
                lambda block: block.of(block.measure.years, missing=0).astype(np.int64)
            ),
            "reference_period": categories(
                column(lambda block: repeated(block, periods.index(block.dekads.reference_period))),
                periods,
            ),
        }
    )


class _Block:
    """The rows of one measure: the position of each row's place and dekad."""

    def __init__(
        self, code: npt.NDArray[np.int16], dekads: Dekads, indicator: str, measure: Measure
    ) -> None:
        self.code, self.dekads, self.indicator, self.measure = code, dekads, indicator, measure
        shape = (len(code), len(dekads.ends))
        shown = np.broadcast_to(True if measure.shown is None else measure.shown, shape)
        self.place, self.step = np.nonzero(shown)

    def of(self, values: npt.NDArray[Any] | None, *, missing: float = np.nan) -> npt.NDArray[Any]:
        """Return the elements of `values` (places x dekads) in the rows; `missing` for None."""
        if values is None:
            return np.full(len(self.place), missing)
        return values[self.place, self.step]

    def sure(self, name: str, decimals: int) -> npt.NDArray[Any]:
        """Return a field of the rows' certainty, rounded to `decimals`."""
        known = self.measure.certainty
        return np.round(self.of(None if known is None else getattr(known, name)), decimals)


def _class_codes(block: _Block) -> npt.NDArray[np.int8]:
    """Return the position of each row's class in `CLASSES`, -1 for None."""
    return positions(block.of(block.measure.drought_class), CLASSES)


def positions(classes: npt.NDArray[Any], known: Sequence[str]) -> npt.NDArray[np.int8]:
    """Return the position of each class among `known`, -1 where it is none of them."""
    codes = np.full(classes.shape, -1, np.int8)
    if classes.dtype == object:  # else there is no class at all
        for position, name in enumerate(known):
            codes[classes == name] = position
    return codes
