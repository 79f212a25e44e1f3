"""Classes and amounts in a legend: which style a row falls in, and what the style means.

The app, the exported maps and the reports all take them from here, so that a class has the same
colour and the same words wherever a reader meets it. What is rare is told in years out of a hundred
where the reference is thirty years long, in ranks where it is shorter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple, cast

import pandas as pd

from geo_pipeline.publishing.formats import is_missing, ordinal
from geo_pipeline.publishing.indicators import indicator_of
from geo_pipeline.publishing.styles import NO_DATA, THIN, ClassStyle, Rarity, UnknownNameError
from geo_pipeline.words import NBSP, Lang, Words

FULL_REFERENCE_YEARS: Final = 30
"""A climate normal has thirty years; anything shorter is marked as short."""

IN_DROUGHT: Final = ("D1", "D2", "D3", "D4")
"""The classes that count as drought; D0 is a warning only."""

GRAVE: Final = ("D3", "D4")
"""Those of a grave drought, extreme or exceptional."""


def style_of(indicator: str, value: object = None, drought_class: object = None) -> ClassStyle:
    """The class a row falls in: by its class code or by its value, as the indicator has it."""
    which = indicator_of(indicator)
    if which.by_class:
        if is_missing(drought_class):
            return NO_DATA
        for style in which.styles:
            if style.code == drought_class:
                return style
        known = ", ".join(style.code for style in which.styles)
        raise UnknownNameError(f"unknown class {drought_class!r} for {indicator}: expected {known}")
    if is_missing(value):
        return NO_DATA
    amount = float(cast(float, value))
    return next(style for style in reversed(which.styles) if amount >= style.lower)


def is_unclassed(indicator: str, value: object, drought_class: object) -> bool:
    """Whether there is a value, and too few years of reference for a class."""
    known = not is_missing(value)
    return indicator_of(indicator).kind == "class" and known and is_missing(drought_class)


def styles_of(indicator: str, frame: pd.DataFrame) -> list[ClassStyle]:
    """One class style a row of `frame`, in row order."""
    empty: list[object] = [None] * len(frame)
    values = list(frame["value"]) if "value" in frame else empty
    classes = list(frame["drought_class"]) if "drought_class" in frame else empty
    return [style_of(indicator, value, code) for value, code in zip(values, classes, strict=True)]


def colours_of(indicator: str, frame: pd.DataFrame) -> list[str | None]:
    """One `#rrggbb` a row of `frame`; None where there is no data, to be drawn hatched."""
    return [None if style is NO_DATA else style.colour for style in styles_of(indicator, frame)]


def years_beaten(percentile: float, *, dry: bool, lang: Lang = "fr") -> str:
    """How many years in a hundred the place is drier, or wetter, than.

    Rounded down, so that the words never claim more than the number does: the 8th percentile is
    drier than 92 years in 100, the 0.3rd than 99, never than all of them.
    """
    share = 100 - percentile if dry else percentile
    years = min(99, max(1, math.floor(round(share, 6))))
    if lang == "fr":
        return f"{years}{NBSP}année{'s' if years > 1 else ''} sur{NBSP}100"
    return f"{years} year{'s' if years > 1 else ''} in{NBSP}100"


SHORT_MARK: Final = f"{NBSP}†"
"""Behind the far classes of a short reference, wherever they stand."""


def class_words(style: ClassStyle, reference_years: object, lang: Lang = "fr") -> str:
    """Name of a class, marked where it is a far one and its reference short."""
    mark = style.code in GRAVE and is_short(reference_years)
    return style.name(lang) + (SHORT_MARK if mark else "")


def class_meaning(style: ClassStyle, reference_years: object, lang: Lang = "fr") -> str:
    """What a class means against a reference of so many years: what every legend says of it.

    A climate normal is told in years out of a hundred. A short one is told in the ranks that the
    limits of the class come to among its years; the class of a year follows a fitted law, so these
    are the usual ones.
    """
    if style.rarity is None:
        return style.meaning(lang)
    if is_short(reference_years):
        return _usual_ranks(style.rarity, int(cast(float, reference_years)), lang)
    low, high = style.rarity.low, style.rarity.high
    years = Words(f"{low} à {high}", f"{low} to {high}")
    if low == 0:
        years = Words(f"au plus {high}", f"at most {high}")
    dry = style.rarity.dry
    return Words(
        f"aussi {'sec' if dry else 'humide'} {years.fr} années sur{NBSP}100",
        f"this {'dry' if dry else 'wet'} {years.en} years in{NBSP}100",
    )(lang)


def _usual_ranks(rarity: Rarity, years: int, lang: Lang) -> str:
    """`d'ordinaire le 2e ou le 3e plus sec des 12 années connues`."""
    first = rarity.low * years // 100 + 1
    last = max(math.ceil(rarity.high * years / 100), first)
    one, other = ordinal(first, lang), ordinal(last, lang)
    if last == 1:
        ranks = Words("le ", "the ")
    elif last == first:
        ranks = Words(f"le {one} ", f"the {one} ")
    elif last == first + 1:
        ranks = Words(f"le {one} ou le {other} ", f"the {one} or {other} ")
    else:
        ranks = Words(f"du {one} au {other} ", f"the {one} to {other} ")
    dry = rarity.dry
    far = Words(", et de loin", ", by far") if rarity.low == 0 else Words("", "")
    return Words(
        f"d'ordinaire {ranks.fr}plus {'sec' if dry else 'humide'} des {years}{NBSP}années "
        f"connues{far.fr}",
        f"usually {ranks.en}{'driest' if dry else 'wettest'} of the {years}{NBSP}years "
        f"known{far.en}",
    )(lang)


_OR_TOO_FEW: Final = Words("pas de données, ou trop peu", "no data, or too few")

_TOO_FEW_YEARS: Final = Words(
    "trop peu d'années de référence pour une classe", "too few years of reference for a class"
)


class Hatched(NamedTuple):
    """What hatching stands for: the name is for a legend, `told` is for a sentence."""

    name: str
    told: str


def hatching(*, unclassed: bool, little_grown: bool, lang: Lang = "fr") -> Hatched:
    """What hatching stands for on a map.

    Some départements may have a value and too few years of reference for a class (`unclassed`), or
    too little of a crop.
    """
    few = [_TOO_FEW_YEARS] * unclassed + [LITTLE_GROWN] * little_grown
    name = _OR_TOO_FEW if few else NO_DATA.name
    told = Words(", ou ", ", or ")(lang).join(why(lang) for why in (NO_DATA.name, *few))
    return Hatched(name(lang), told)


LITTLE_GROWN: Final = Words(
    f"moins de 1{THIN}000{NBSP}ha de cette culture", f"under 1,000{NBSP}ha of this crop"
)
"""Why a crop's shortage of water is not drawn."""


def longest_reference(reference_years: Iterable[float]) -> float:
    """Years of the longest reference of a map, by which its legend is worded; NaN if unknown."""
    return max((each for each in reference_years if not is_missing(each)), default=math.nan)


def is_short(reference_years: object) -> bool:
    """True when the normal rests on fewer years than a climate normal should."""
    return not is_missing(reference_years) and float(cast(float, reference_years)) < (
        FULL_REFERENCE_YEARS
    )


def reference_note(
    reference_period: str | tuple[int, int] | None = None,
    reference_years: object = None,
    lang: Lang = "fr",
) -> str:
    """`normale 2010-2022, référence courte de 12 ans †`; empty when nothing is known."""
    parts = []
    if reference_period is not None:
        span = (
            reference_period
            if isinstance(reference_period, str)
            else f"{reference_period[0]}-{reference_period[1]}"
        )
        parts.append(f"{'normale' if lang == 'fr' else 'normal'} {span}")
    if is_short(reference_years):
        years = int(cast(float, reference_years))
        unit_fr, unit_en = ("ans", "years") if years > 1 else ("an", "year")
        parts.append(
            (
                f"référence courte de {years}{NBSP}{unit_fr}"
                if lang == "fr"
                else f"short reference of {years}{NBSP}{unit_en}"
            )
            + SHORT_MARK
        )
    return ", ".join(parts)
