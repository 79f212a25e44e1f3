"""The finding of a map in one sentence: what stands above it, in the title of its page and file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from geo_pipeline.publishing.formats import (
    format_value,
)
from geo_pipeline.publishing.indicator_record import Indicator
from geo_pipeline.publishing.indicators import indicator_of
from geo_pipeline.publishing.legend import (
    GRAVE,
    IN_DROUGHT,
    styles_of,
)
from geo_pipeline.publishing.sentences import (
    in_past,
)
from geo_pipeline.publishing.styles import (
    NO_DATA,
    THIN,
    ClassStyle,
)
from geo_pipeline.words import NBSP, Lang, Words


def _share(count: int, total: int, one: Words, many: Words, lang: Lang) -> str:
    """`54 départements sur 93 sont ...`: `one` and `many` are the verb and what follows it.

    French negates the verb with « aucun »: « Aucun département sur 93 n'est ... ».
    """
    verb = (many if count > 1 else one)(lang)
    if lang == "en":
        subject = f"{count or 'No'}{NBSP}département{'s' if count > 1 else ''} of {total}"
        return f"{subject} {verb}"
    if count == 0:
        negation = "n'" if verb[0] in "aeé" else "ne "
        return f"Aucun département sur {total} {negation}{verb}"
    return f"{count}{NBSP}département{'s' if count > 1 else ''} sur {total} {verb}"


def _finding_by_class(styles: Sequence[ClassStyle], lang: Lang) -> str:
    """How many départements are in drought, and how many of them in its two worst classes."""
    codes = [style.code for style in styles if style is not NO_DATA]
    drought = sum(code in IN_DROUGHT for code in codes)
    worst = sum(code in GRAVE for code in codes)
    one = Words("est en sécheresse", "is in drought")
    text = _share(drought, len(codes), one, Words("sont en sécheresse", "are in drought"), lang)
    if worst:
        text += Words(
            f", dont {worst}{NBSP}en sécheresse extrême ou exceptionnelle",
            f", {worst} of them in extreme or exceptional drought",
        )(lang)
    return f"{text}."


def _finding_by_restriction(styles: Sequence[ClassStyle], lang: Lang) -> str:
    """How many départements restrict water, and how many of them at the strictest level."""
    codes = [style.code for style in styles if style is not NO_DATA]
    limited = sum(code in ("alerte", "alerte_renforcee", "crise") for code in codes)
    crisis = codes.count("crise")
    one = Words("limite l'usage de l'eau", "restricts water use")
    many = Words("limitent l'usage de l'eau", "restrict water use")
    text = _share(limited, len(codes), one, many, lang)
    if crisis:
        text += Words(f", dont {crisis}{NBSP}en crise", f", {crisis} of them in crisis")(lang)
    return f"{text}."


def _finding_by_stage(styles: Sequence[ClassStyle], lang: Lang) -> str:
    """How many départements have a drought under way, and how many of them an alert."""
    codes = [style.code for style in styles if style is not NO_DATA]
    under_way = sum(code not in ("normal", "recovery") for code in codes)
    alerts = codes.count("alert")
    one = Words("connaît une sécheresse", "has a drought under way")
    many = Words("connaissent une sécheresse", "have a drought under way")
    text = _share(under_way, len(codes), one, many, lang)
    if alerts:
        text += Words(f", dont {alerts}{NBSP}en alerte", f", {alerts} of them in alert")(lang)
    return f"{text}."


def _finding_by_rain_anomaly(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """How many départements had less rain than normal, and less than half of it."""
    less, half = int((values < 0).sum()), int((values < -50).sum())
    one = Words("a reçu moins de pluie que la normale", "had less rain than normal")
    many = Words("ont reçu moins de pluie que la normale", "had less rain than normal")
    text = _share(less, len(values), one, many, lang)
    if half:
        text += Words(f", dont {half} moins de la moitié", f", {half} of them less than half")(lang)
    return f"{text}."


def _finding_by_yield(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """How many départements harvested less than in the years before, and far less."""
    less, far = int((values < 0).sum()), int((values < -20).sum())
    mean = Words(
        f"sous la moyenne des 5{NBSP}récoltes précédentes",
        "below the mean of the 5 harvests before",
    )
    one = Words(f"est {mean.fr}", f"is {mean.en}")
    text = _share(less, len(values), one, Words(f"sont {mean.fr}", f"are {mean.en}"), lang)
    if far:
        text += Words(
            f", dont {far}{NBSP}de plus de 20{THIN}%", f", {far} of them by more than 20%"
        )(lang)
    return f"{text}."


def _finding_by_anomaly(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """How many départements are below normal, as the indicator tells that."""
    count = int((values < which.below_from).sum())
    return f"{_share(count, len(values), *which.below, lang)}."


def _finding_by_amount(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """What half of the départements have less of; from the least to the most."""
    middle, low, high = (
        format_value(which.key, float(each), lang)
        for each in (values.median(), values.min(), values.max())
    )
    half = Words(
        f"La moitié des départements sont au-dessous de {middle}",
        f"Half of the départements are below {middle}",
    )
    if which.key == "precip_mm":
        half = Words(
            f"La moitié des départements ont reçu moins de {middle} de pluie",
            f"Half of the départements had less than {middle} of rain",
        )
    return Words(
        f"{half.fr}{NBSP}; les extrêmes vont de {low} à {high}.",
        f"{half.en}; extremes run from {low} to {high}.",
    )(lang)


_ANOMALIES: Final = {"rain": _finding_by_rain_anomaly, "yields": _finding_by_yield}
"""What is told of departures, by the group of the indicator."""


def finding(indicator: str, values: pd.DataFrame, lang: Lang = "fr", *, past: bool = False) -> str:
    """The map's answer in one sentence, the first thing a reader should meet.

    `past` tells of a period that is over.
    """
    said = _finding(indicator, values, lang)
    return in_past(said, lang) if past else said


def _finding(indicator: str, values: pd.DataFrame, lang: Lang) -> str:
    which = indicator_of(indicator)
    styles = styles_of(indicator, values)
    if all(style is NO_DATA for style in styles):
        return Words("Aucune donnée pour cette période.", "No data for this period.")(lang)
    if which.kind == "class":
        return _finding_by_class(styles, lang)
    if which.kind == "restriction":
        return _finding_by_restriction(styles, lang)
    if which.kind == "stage":
        return _finding_by_stage(styles, lang)
    known = values["value"].dropna().astype(float)
    if which.kind == "amount":
        return _finding_by_amount(which, known, lang)
    return _ANOMALIES.get(which.group, _finding_by_anomaly)(which, known, lang)
