"""Places, times, sizes and numbers of the pipeline page, in words."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.catalogue.styles import RESTRICTION_LEVELS
from geo_pipeline.publishing.formats import format_date, format_number
from geo_pipeline.territory import TIME_ZONE
from geo_pipeline.words import NBSP, Message
from panel_app.data.page_words import Catalogue

PARIS: Final = ZoneInfo(TIME_ZONE)
Taken = Mapping[str, Any]


def place_words(each: Taken, words: Catalogue) -> str:
    """`Gers (32)`, or all of France."""
    if each["departement"] == "france":
        return words("control.france")
    return f"{each['name']} ({each['departement']})"


def table_words(name: str, words: Catalogue) -> str:
    """Name of a table, or of an asset of the publication; an unknown one keeps its own name."""
    return words.texts.get(f"pipeline.table.{name}") or words.table(name)


def check_words(name: str, words: Catalogue) -> str:
    """Name of a check in words; an unknown one keeps its own name."""
    return words.texts.get(f"pipeline.check_name.{name}", name)


def finding_words(told: Message, words: Catalogue) -> str:
    """A finding, with readable names of crops, variables, indicators and levels."""
    return _with_names(told, words)(words.lang)


def _with_names(told: Message, words: Catalogue) -> Message:
    return Message(
        told.key, {name: _named(name, value, words) for name, value in told.values.items()}
    )


def _named(name: str, value: Any, words: Catalogue) -> Any:
    if isinstance(value, Message):
        return _with_names(value, words)
    if isinstance(value, list):
        return [_named(name, each, words) for each in value]
    if name == "crop":
        return words.crop(value)
    known: dict[str, str] = {}
    if name == "variable":
        known = {value: words.texts.get(f"pipeline.variable.{value}", value)}
    elif name == "indicator":
        known = {key: each.name(words.lang) for key, each in INDICATORS.items()}
    elif name in ("level", "level_max"):
        known = {style.code: style.name(words.lang) for style in RESTRICTION_LEVELS}
    return known.get(value, value) if isinstance(value, str) else value


def day(text: str | None, words: Catalogue) -> str:
    """A date in words, a dash for none."""
    return "–" if not text else format_date(datetime.fromisoformat(text).date(), words.lang)


def moment(value: str | datetime | None, words: Catalogue) -> str:
    """A time on French clocks, a date as it is."""
    if value is None:
        return ""
    if isinstance(value, str) and len(value) <= len("2026-11-23"):
        return day(value, words)
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(PARIS)
    clock = f"{moment:%H:%M}"
    return words("pipeline.moment", day=format_date(moment.date(), words.lang), clock=clock)


def ago(age: timedelta, words: Catalogue) -> str:
    """An age in the largest suitable unit."""
    minutes = max(0, int(age.total_seconds() // 60))
    if minutes < 1:
        return words("pipeline.now")
    if minutes < 60:
        return words.count("pipeline.minutes", minutes)
    if minutes < 48 * 60:
        return words.count("pipeline.hours", minutes // 60)
    return words.count("pipeline.days", minutes // (24 * 60))


def seconds_words(seconds: float | None, words: Catalogue) -> str:
    """A duration; empty where it is not known."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{format_number(seconds, 1, words.lang)}{NBSP}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}{NBSP}min {rest:02d}{NBSP}s"


def number(value: float | None, words: Catalogue) -> str:
    """A whole number."""
    return format_number(value, 0, words.lang)


def short_number(value: float, words: Catalogue) -> str:
    """A number of rows, millions as such."""
    if value >= 1e6:
        return f"{format_number(value / 1e6, 0 if value >= 1e7 else 1, words.lang)}{NBSP}M"
    return number(value, words)


def round_up(value: float) -> float:
    """The smallest number 1, 2 or 5 times a power of ten that is not below `value`."""
    if value <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value))
