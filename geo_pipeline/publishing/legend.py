"""Classes and amounts in a legend: the style of a row, and what the style means.

The app, the exported maps and the reports all use this module, so that a class has the same colour
and the same words everywhere. Rarity is given in years out of a hundred where the reference is
thirty years long, and in ranks where it is shorter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple, cast

import pandas as pd

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import NO_DATA, ClassStyle, Rarity, UnknownNameError
from geo_pipeline.publishing.formats import is_missing, ordinal
from geo_pipeline.words import NBSP, Lang, catalogue, message

FULL_REFERENCE_YEARS: Final = 30
"""Years of a climate normal; a shorter reference is marked as short."""

IN_DROUGHT: Final = ("D1", "D2", "D3", "D4")
"""The classes that count as drought; D0 is a warning only."""

GRAVE: Final = ("D3", "D4")
"""The classes of grave drought, extreme or exceptional."""


def style_of(indicator: str, value: object = None, drought_class: object = None) -> ClassStyle:
    """Return the class of a row, from its class code or its value, as the indicator defines."""
    which = indicator_of(indicator)
    if which.by_class:
        if is_missing(drought_class):
            return NO_DATA
        for style in which.styles:
            if style.code == drought_class:
                return style
        known = ", ".join(style.code for style in which.styles)
        raise UnknownNameError(
            message("unknown.class", name=repr(drought_class), indicator=indicator, known=known)
        )
    if is_missing(value):
        return NO_DATA
    amount = float(cast(float, value))
    return next(style for style in reversed(which.styles) if amount >= style.lower)


def is_unclassed(indicator: str, value: object, drought_class: object) -> bool:
    """Return whether there is a value, but too few years of reference for a class."""
    known = not is_missing(value)
    return indicator_of(indicator).kind == "class" and known and is_missing(drought_class)


def styles_of(indicator: str, frame: pd.DataFrame) -> list[ClassStyle]:
    """Return the class style of each row of `frame`, in order."""
    empty: list[object] = [None] * len(frame)
    values = list(frame["value"]) if "value" in frame else empty
    classes = list(frame["drought_class"]) if "drought_class" in frame else empty
    return [style_of(indicator, value, code) for value, code in zip(values, classes, strict=True)]


def years_beaten(percentile: float, *, dry: bool, lang: Lang = "fr") -> str:
    """Return the number of years in a hundred than which the place is drier, or wetter.

    It is rounded down, so that the words never claim more than the number: the 8th percentile is
    drier than 92 years in 100, the 0.3rd than 99, never than all of them.
    """
    share = 100 - percentile if dry else percentile
    years = min(99, max(1, math.floor(round(share, 6))))
    key = "legend.years_in_100.many" if years > 1 else "legend.years_in_100.one"
    return catalogue(lang)(key, n=years)


SHORT_MARK: Final = f"{NBSP}†"
"""Mark behind the extreme classes of a short reference, wherever they are shown."""


def class_words(style: ClassStyle, reference_years: object, lang: Lang = "fr") -> str:
    """Return the name of a class, marked where it is an extreme one of a short reference."""
    mark = style.code in GRAVE and is_short(reference_years)
    return style.name(lang) + (SHORT_MARK if mark else "")


def class_meaning(style: ClassStyle, reference_years: object, lang: Lang = "fr") -> str:
    """Return what a class means with a reference of so many years, for every legend.

    With a climate normal it is given in years out of a hundred. With a shorter reference it is
    given as the ranks that the limits of the class correspond to among its years; the class of a
    single year follows a fitted distribution, so these are the usual ranks.
    """
    if style.rarity is None:
        return style.meaning(lang)
    if is_short(reference_years):
        return _usual_ranks(style.rarity, int(cast(float, reference_years)), lang)
    low, high = style.rarity.low, style.rarity.high
    key = "legend.rare.from_to" if low else "legend.rare.at_most"
    side = "dry" if style.rarity.dry else "wet"
    return catalogue(lang)(f"{key}.{side}", low=low, high=high)


def _usual_ranks(rarity: Rarity, years: int, lang: Lang) -> str:
    """Return `d'ordinaire le 2e ou le 3e plus sec des 12 années connues`."""
    first = rarity.low * years // 100 + 1
    last = max(math.ceil(rarity.high * years / 100), first)
    one, other = ordinal(first, lang), ordinal(last, lang)
    if last == 1:
        ranks = "first"
    elif last == first:
        ranks = "one"
    else:
        ranks = "either" if last == first + 1 else "range"
    words, side = catalogue(lang), "dry" if rarity.dry else "wet"
    among = words(f"legend.ranks.{ranks}", one=one, other=other)
    said = words(f"legend.usual.{side}", ranks=among, years=years)
    return said + words("legend.by_far") if rarity.low == 0 else said


class Hatched(NamedTuple):
    """Meaning of hatching: `name` is for a legend, `told` for a sentence."""

    name: str
    told: str


def hatching(*, unclassed: bool, little_grown: bool, lang: Lang = "fr") -> Hatched:
    """Return the meaning of hatching on a map.

    Départements may have a value but too few years of reference for a class (`unclassed`), or grow
    too little of a crop (`little_grown`).
    """
    words, no_data = catalogue(lang), NO_DATA.name(lang)
    few = [words("legend.too_few_years")] * unclassed + [LITTLE_GROWN(lang)] * little_grown
    name = words("legend.no_data_or_too_few") if few else no_data
    return Hatched(name, words("legend.or").join((no_data, *few)))


LITTLE_GROWN: Final = message("legend.little_grown")
"""Why a crop's shortage of water is not drawn."""


def longest_reference(reference_years: Iterable[float]) -> float:
    """Return the longest reference of a map, in years, for its legend; NaN if unknown."""
    return max((each for each in reference_years if not is_missing(each)), default=math.nan)


def is_short(reference_years: object) -> bool:
    """Return whether the normal has fewer years than a climate normal."""
    return not is_missing(reference_years) and float(cast(float, reference_years)) < (
        FULL_REFERENCE_YEARS
    )


def reference_note(
    reference_period: str | tuple[int, int] | None = None,
    reference_years: object = None,
    lang: Lang = "fr",
) -> str:
    """Return `normale 2010-2022, référence courte de 12 ans †`; empty when nothing is known."""
    parts, words = [], catalogue(lang)
    if reference_period is not None:
        span = (
            reference_period
            if isinstance(reference_period, str)
            else f"{reference_period[0]}-{reference_period[1]}"
        )
        parts.append(words("legend.normal", span=span))
    if is_short(reference_years):
        years = int(cast(float, reference_years))
        key = "legend.short_reference.many" if years > 1 else "legend.short_reference.one"
        parts.append(words(key, n=years) + SHORT_MARK)
    return ", ".join(parts)
