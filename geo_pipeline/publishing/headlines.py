"""Headlines: the finding of a map in one sentence, shown above it and in titles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from geo_pipeline.catalogue.indicator_record import Indicator
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import (
    NO_DATA,
    ClassStyle,
)
from geo_pipeline.publishing.formats import (
    format_value,
)
from geo_pipeline.publishing.legend import (
    GRAVE,
    IN_DROUGHT,
    styles_of,
)
from geo_pipeline.publishing.sentences import (
    in_past,
)
from geo_pipeline.territory import RESTRICTION_LEVELS
from geo_pipeline.words import Lang, Message, Words, catalogue, message


def _share(
    count: int, total: int, verbs: tuple[Words | Message, Words | Message], lang: Lang
) -> str:
    """Return `54 départements sur 93 sont ...`: `verbs` (of one, of many) with their complement.

    French negates the verb with « aucun »: « Aucun département sur 93 n'est ... ».
    """
    words = catalogue(lang)
    verb = verbs[count > 1](lang)
    if count == 0:
        negation = "headline.not_before_vowel" if verb[0] in "aeé" else "headline.not"
        return words("headline.none_of", total=total, verb=words(negation) + verb)
    key = "headline.many_of" if count > 1 else "headline.one_of"
    return words(key, n=count, total=total, verb=verb)


def _counted(count: int, worst: int, total: int, what: str, lang: Lang) -> str:
    """Return how many of `total` are affected, and how many gravely (`headline.<what>`)."""
    verbs = (message(f"headline.{what}.one"), message(f"headline.{what}.many"))
    text = _share(count, total, verbs, lang)
    if worst:
        text += catalogue(lang)(f"headline.{what}.worst", n=worst)
    return f"{text}."


def _finding_by_class(styles: Sequence[ClassStyle], lang: Lang) -> str:
    """Return how many départements are in drought, and how many in its two worst classes."""
    codes = [style.code for style in styles if style is not NO_DATA]
    drought = sum(code in IN_DROUGHT for code in codes)
    worst = sum(code in GRAVE for code in codes)
    return _counted(drought, worst, len(codes), "drought", lang)


def _finding_by_restriction(styles: Sequence[ClassStyle], lang: Lang) -> str:
    """Return how many départements restrict water, and how many at the strictest level."""
    codes = [style.code for style in styles if style is not NO_DATA]
    limited = sum(code in RESTRICTION_LEVELS[1:] for code in codes)
    crisis = codes.count(RESTRICTION_LEVELS[-1])
    return _counted(limited, crisis, len(codes), "restriction", lang)


def _finding_by_stage(styles: Sequence[ClassStyle], lang: Lang) -> str:
    """Return how many départements have a drought under way, and how many an alert."""
    codes = [style.code for style in styles if style is not NO_DATA]
    under_way = sum(code not in ("normal", "recovery") for code in codes)
    return _counted(under_way, codes.count("alert"), len(codes), "stage", lang)


def _finding_by_rain_anomaly(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """Return how many départements had less rain than normal, and less than half of it."""
    less, half = int((values < 0).sum()), int((values < -50).sum())
    return _counted(less, half, len(values), "rain", lang)


def _finding_by_yield(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """Return how many départements harvested less than in the years before, and far less."""
    less, far = int((values < 0).sum()), int((values < -20).sum())
    return _counted(less, far, len(values), "yield", lang)


def _finding_by_area(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """Return in how many départements it is most of the area, and in how many nearly all."""
    most, nearly_all = int((values > 50).sum()), int((values >= 95).sum())
    where = which.short_name(lang)
    verbs = message("headline.area.one", where=where), message("headline.area.many", where=where)
    text = _share(most, len(values), verbs, lang)
    if nearly_all:
        text += catalogue(lang)("headline.area.worst", n=nearly_all)
    return f"{text}."


def _finding_by_anomaly(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """Return how many départements are below normal, in the words of the indicator."""
    count = int((values < which.below_from).sum())
    return f"{_share(count, len(values), which.below, lang)}."


def _finding_by_amount(
    which: Indicator, values: pd.Series[float], names: pd.Series[str], lang: Lang
) -> str:
    """Return the amount below which half of the départements lie, and who has least and most.

    Where half of them or more have the least, that is said instead.
    """
    middle, low, high = (
        format_value(which.key, float(each), lang)
        for each in (values.median(), values.min(), values.max())
    )
    said = pd.Series([format_value(which.key, each, lang) for each in values], index=values.index)
    lowest, highest = (_who(names[values.index][said == each], lang) for each in (low, high))
    if middle == low:
        least = int((said == low).sum())
        words = {"n": least, "total": len(values), "low": low}
        if least == len(values):
            return catalogue(lang)("headline.all_alike", **words)
        return catalogue(lang)("headline.least", **words, high=high, highest=highest)
    key = "headline.half_rain" if which.key == "precip_mm" else "headline.half"
    return catalogue(lang)(key, middle=middle, low=low, lowest=lowest, high=high, highest=highest)


def _who(names: pd.Series[str], lang: Lang) -> str:
    """Return the name of one place, or the number of several."""
    if len(names) == 1:
        return str(names.iloc[0])
    return catalogue(lang)("headline.several", n=len(names))


_BY_CLASS: Final = {
    "class": _finding_by_class,
    "restriction": _finding_by_restriction,
    "stage": _finding_by_stage,
}
"""The finding on classes, by the kind of the indicator."""
_ANOMALIES: Final = {"rain": _finding_by_rain_anomaly, "yields": _finding_by_yield}
"""The finding on departures, by the group of the indicator."""


def finding(indicator: str, values: pd.DataFrame, lang: Lang = "fr", *, past: bool = False) -> str:
    """Return the finding of the map in one sentence, the first thing that a reader sees.

    With `past` the period is over and the sentence is in the past tense.
    """
    said = _finding(indicator, values, lang)
    return in_past(said, lang) if past else said


def _finding(indicator: str, values: pd.DataFrame, lang: Lang) -> str:
    which = indicator_of(indicator)
    styles = styles_of(indicator, values)
    if all(style is NO_DATA for style in styles):
        return catalogue(lang)("headline.no_data")
    if which.kind in _BY_CLASS:
        return _BY_CLASS[which.kind](styles, lang)
    known = values["value"].dropna().astype(float)
    if which.of_area:
        return _finding_by_area(which, known, lang)
    if which.kind == "amount":
        return _finding_by_amount(which, known, values["name"], lang)
    return _ANOMALIES.get(which.group, _finding_by_anomaly)(which, known, lang)
