"""Numbers, values, dates and periods as a reader of French or of English writes them.

Pure functions: nothing here opens a file or depends on the locale of the machine.
"""

from __future__ import annotations

import math
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal, cast, get_args

import pandas as pd

from geo_pipeline import dekads
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import MINUS, THIN, UnknownNameError, check_lang, with_unit
from geo_pipeline.words import NBSP, Lang, message

Period = Literal["day", "dekad", "month", "year"]

PERIODS: Final = get_args(Period)


def is_missing(value: object) -> bool:
    """Return whether a value is None, NaN, NaT or pd.NA."""
    if isinstance(value, float):  # by far the most
        return math.isnan(value)
    return value is None or bool(pd.isna(cast(float, value)))


def format_number(value: float | None, decimals: int = 0, lang: Lang = "fr") -> str:
    """Return `−1 234,5` in French and `−1,234.5` in English for -1234.5; n. d. or n/a for none."""
    french = check_lang(lang) == "fr"
    if value is None or is_missing(value) or math.isinf(value):
        return f"n.{NBSP}d." if french else "n/a"
    exact = Decimal(str(float(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    plain = f"{abs(exact):,}"
    if french:
        plain = plain.replace(",", THIN).replace(".", ",")
    return MINUS + plain if exact < 0 else plain


def format_value(indicator: str, value: float | None, lang: Lang = "fr") -> str:
    """Return a value with its unit, signed where it is a departure from the normal."""
    which = indicator_of(indicator)
    text = format_number(value, which.decimals, lang)
    if value is None or is_missing(value):
        return text
    if which.kind == "anomaly" and not text.startswith(MINUS) and text.strip("0.,"):
        text = f"+{text}"
    return with_unit(text, which.unit, lang)


def shown_value(indicator: str, value: float | None, percentile: float | None) -> float | None:
    """Return the number for readers: for the combined class its score, 100 less the percentile.

    The table of indicators keeps the index of the combined class, which means nothing to a reader.
    The score is rounded down like the years of `years_beaten`, so that both agree beside each
    other.
    """
    if indicator_of(indicator).scored and not is_missing(percentile):
        return math.floor(round(100 - float(cast(float, percentile)), 6))
    return value


_MONTHS_FR: Final = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip

_MONTHS_EN: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _of(word: str) -> str:
    """Return French « de », elided before a vowel: d'août, de mai."""
    return f"d'{word}" if word[0] in "aeiouéèêàâîôûAEIOUÉÈÊÀÂÎÔÛ" else f"de {word}"


def month_name(month: int, lang: Lang = "fr") -> str:
    """Return the name of month 1 to 12, as written inside a sentence."""
    return (_MONTHS_FR if check_lang(lang) == "fr" else _MONTHS_EN)[month - 1]


def format_years(first: int, last: int) -> str:
    """Return the years from `first` to `last`: `2022`, `2013-2022`."""
    return str(first) if first == last else f"{first}-{last}"


def format_date(day: date, lang: Lang = "fr") -> str:
    """Return `1er mai 2022`, `1 May 2022`."""
    number = "1er" if lang == "fr" and day.day == 1 else str(day.day)
    return f"{number}{NBSP}{month_name(day.month, lang)} {day.year}"


def format_period(period_end: date, step: Period = "month", lang: Lang = "fr") -> str:
    """Return `août 2022`, a day, `2022`, or ten days.

    These are `2e décade d'août 2022` in French, `11-20 August 2022` in English.
    """
    if step not in PERIODS:
        raise UnknownNameError(message("unknown.step", name=repr(step), known=", ".join(PERIODS)))
    if step == "day":
        return format_date(period_end, lang)
    if step == "year":
        return str(period_end.year)
    month = month_name(period_end.month, lang)
    if step == "month":
        return f"{month} {period_end.year}"
    rank = dekads.third(period_end) + 1
    if lang == "fr":
        return f"{'1re' if rank == 1 else f'{rank}e'} décade {_of(month)} {period_end.year}"
    return f"{10 * rank - 9}-{period_end.day}{NBSP}{month} {period_end.year}"


def format_span(period_end: date, months: int, lang: Lang = "fr") -> str:
    """Return the months an indicator looks back on: `juin à août 2022`."""
    if months <= 1:
        return format_period(period_end, "month", lang)
    first = period_end.year * 12 + period_end.month - months
    year, month = divmod(first, 12)
    start = month_name(month + 1, lang)
    if year != period_end.year:
        start = f"{start} {year}"
    return f"{start} {'à' if lang == 'fr' else 'to'} {format_period(period_end, 'month', lang)}"


def capitalise(text: str) -> str:
    """Return the text with its first letter in upper case and the rest unchanged."""
    return text[:1].upper() + text[1:]


def ordinal(number: int, lang: Lang) -> str:
    """Return `3e`, `3rd`."""
    if lang == "fr":
        return f"{number}{'er' if number == 1 else 'e'}"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"
