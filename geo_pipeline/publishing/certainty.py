"""Certainty of a class in words: the possible classes, and the chance that it is right.

Its figures are in each row of `drought_indicators`; `indicators.certainty` computes them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import ClassStyle
from geo_pipeline.indicators.classes import DROUGHT_CLASSES as CLASSES
from geo_pipeline.indicators.classes import (
    INDEX_DRY_LIMITS,
    PERCENTILE_DRY_LIMITS,
    PERCENTILE_WET_LIMITS,
)
from geo_pipeline.publishing.formats import is_missing
from geo_pipeline.words import Lang, catalogue

_OF_INDEX: Final = tuple(100.0 * float(ndtr(z)) for z in INDEX_DRY_LIMITS), PERCENTILE_WET_LIMITS
_OF_RANK: Final = PERCENTILE_DRY_LIMITS, PERCENTILE_WET_LIMITS
"""Limits of the classes as percentiles, of an index and of a rank among years."""


class ClassCertainty(NamedTuple):
    """Certainty of a class: the interval of its percentile, and the chance that it is right."""

    percentile_low: float
    percentile_high: float
    chance: float


def certainty_of(row: Mapping[Any, Any]) -> ClassCertainty | None:
    """Return the certainty of a row's class; None where the row has none."""
    values = [row.get(name) for name in ("percentile_low", "percentile_high", "class_chance")]
    if any(is_missing(each) for each in values):
        return None
    return ClassCertainty(*(float(cast(float, each)) for each in values))


def certainty_words(
    indicator: str, style: ClassStyle, certainty: ClassCertainty | None, lang: Lang = "fr"
) -> str:
    """Return `Classe incertaine : entre sécheresse modérée et extrême (8 chances sur 10)`.

    The class itself is always one of the possible ones. Empty where it is the only one, or where
    the interval is unknown.
    """
    if certainty is None or is_missing(certainty.chance):
        return ""
    styles = list(indicator_of(indicator).styles)
    codes = [
        _class_of(indicator, each) for each in (certainty.percentile_low, certainty.percentile_high)
    ]
    by_code = {each.code: place for place, each in enumerate(styles)}
    places = sorted(by_code[code] for code in (*codes, style.code))
    if places[0] == places[-1]:
        return ""
    driest, wettest = (styles[place].name(lang) for place in (places[0], places[-1]))
    first, last = (driest, wettest) if style.code.startswith("W") else (wettest, driest)
    return catalogue(lang)("legend.uncertain", first=first, last=last)


def _class_of(indicator: str, percentile: float) -> str:
    """Return the class of an indicator at a percentile."""
    record = indicator_of(indicator)
    dry, wet = _OF_INDEX if record.standardised or record.scored else _OF_RANK
    place = bisect_left(dry, percentile)
    return CLASSES[place if place < len(dry) else len(dry) + bisect_right(wet, percentile)]


def chance_note(chances: NDArray[np.float64], lang: Lang = "fr") -> str:
    """Return the mean chance that the classes of a map are right; empty where unknown."""
    if np.isnan(chances).all():  # also true without any
        return ""
    return catalogue(lang)("legend.right_class", n=round(100 * float(np.nanmean(chances))))
