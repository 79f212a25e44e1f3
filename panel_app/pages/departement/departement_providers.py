"""Providers of a département's weather: which days are of which, and how far they differ."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.catalogue.styles import with_unit
from geo_pipeline.indicators.quantile_mapping import LEAST_YEARS
from geo_pipeline.publishing.formats import (
    capitalise,
    format_date,
    format_number,
    is_missing,
    month_name,
)
from geo_pipeline.publishing.provider_joins import is_mixed
from geo_pipeline.words import Lang, Words
from panel_app.data.page_view import percent
from panel_app.data.page_words import Catalogue
from panel_app.pages.departement.departement_place import Place

SHOWN: Final = {
    "precip_mm": "departement.differs_rain",
    "et0_mm": "departement.differs_et0",
    "radiation_mj_m2": "departement.differs_radiation",
    "tmean_c": "departement.differs_tmean",
}
"""Columns of the table; the extremes of temperature are in the table of the publication."""

CELSIUS: Final = Words("°C", "°C")
PERCENT: Final = Words("%", "%")

LONGEST_MONTHS: Final = max(each.months or 0 for each in INDICATORS.values())
"""Longest window of an index."""


def several_sources(place: Place, spans: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return notes on weather of several sources: their days, and whether one is adjusted."""
    if len(spans) < 2:
        return []
    words, lang = place.view.words, place.view.lang
    told = []
    for span in spans:
        first, last = (
            format_date(pd.Timestamp(span[name]).date(), lang)
            for name in ("first_date", "last_date")
        )
        days = words("departement.from_to", first=first, last=last)
        told.append(f"{_name(place, _provider(span))} ({days})")
    notes = [words("departement.several_sources", sources="; ".join(told))]
    as_they_are = {_provider(span) for span in spans if not _is_adjusted(span)}
    if any(_is_adjusted(span) for span in spans):
        notes.append(words("departement.sources_adjusted"))
    if len(as_they_are) > 1:
        notes.append(words("departement.sources_not_adjusted"))
        notes.extend(_mixed(place, spans))
    return notes


def _provider(span: Mapping[str, Any]) -> str:
    return str(span["source"]).partition(":")[0]


def _is_adjusted(span: Mapping[str, Any]) -> bool:
    return str(span["source"]).endswith(":adjusted")


def _name(place: Place, provider: str) -> str:
    named = place.view.publication.attributions.set_index(["asset", "source"])["name"]
    return str(named.get(("weather_daily", provider), provider))


def _mixed(place: Place, spans: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the note that windows of this period have days of two sources, where they have."""
    newest = max(spans, key=lambda span: pd.Timestamp(span["last_date"]))
    since = pd.Timestamp(newest["first_date"]).date()
    until = max(pd.Timestamp(span["last_date"]).date() for span in spans if span is not newest)
    for months in range(1, LONGEST_MONTHS + 1):
        if is_mixed(since, until, months, place.day):
            words = place.view.words
            return [words.count("departement.mixed_windows", months)]
    return []


def provider_pairs(place: Place) -> list[dict[str, Any]]:
    """How far each two providers differ, by month; none where there is nothing to compare."""
    rows = place.record.provider_differences
    words, lang = place.view.words, place.view.lang
    pairs = []
    for (provider, other), pair in rows.groupby(["provider", "other_provider"]):
        names = {"provider": _name(place, str(provider)), "other": _name(place, str(other))}
        columns = [each for each in SHOWN if each in set(pair["variable"])]
        cells = {(row["variable"], row["month"]): row for row in pair.to_dict("records")}
        pairs.append(
            {
                "heading": words("departement.differs", **names),
                "finding": _finding(place, cells, names),
                "head": [words(SHOWN[each]) for each in columns],
                "rows": [
                    {
                        "month": capitalise(month_name(month, lang)),
                        "cells": [_apart(cells, each, month, lang) for each in columns],
                    }
                    for month in range(1, 13)
                ],
                "note": _certainty(pair, names, words),
            }
        )
    return pairs


Cells = Mapping[tuple[Any, Any], Mapping[Any, Any]]
"""Rows of a pair of providers, by variable and calendar month."""


def _apart(cells: Cells, variable: str, month: int, lang: Lang) -> str:
    """How much more the first provider has in a month: `+6 %`, of temperatures `+0,3 °C`."""
    if (variable, month) not in cells:
        return "–"
    row = cells[variable, month]
    if variable == "tmean_c":
        return with_unit(_signed(row["difference"], 1, lang), CELSIUS, lang)
    return with_unit(_signed(100 * (row["ratio"] - 1), 0, lang), PERCENT, lang)


def _signed(value: float, decimals: int, lang: Lang) -> str:
    text = format_number(value, decimals, lang)
    return f"+{text}" if value > 0 and text.strip("0,.") else text


def _finding(place: Place, cells: Cells, names: Mapping[str, str]) -> str:
    """The rain of the page's month by both, in a sentence; empty where it is not known."""
    month, words, lang = place.day.month, place.view.words, place.view.lang
    row = cells.get(("precip_mm", month))
    if row is None or is_missing(row["ratio"]):
        return ""
    share_pct = 100 * (row["ratio"] - 1)
    key = "departement.differs_same"
    if abs(share_pct) >= 0.5:
        key = "departement.differs_more" if share_pct > 0 else "departement.differs_less"
    said = words(
        key,
        month=month_name(month, lang),
        share=percent(abs(share_pct), lang),
        **names,
    )
    return capitalise(said)


def _certainty(pair: pd.DataFrame, names: Mapping[str, str], words: Catalogue) -> str:
    """Over how many years they are compared, and what an adjustment leaves of the difference."""
    years = int(pair["common_years"].min())
    rain = pair[pair["variable"] == "precip_mm"]
    if rain.empty or not rain["adjusted"].all():
        return words("departement.differs_few", years=years, least=LEAST_YEARS)
    before, after = (
        format_number(float(np.sqrt((rain[name] ** 2).mean())), 0, words.lang)
        for name in ("error_before", "error_after")
    )
    return words("departement.differs_left", years=years, before=before, after=after, **names)
