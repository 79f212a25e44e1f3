"""Words on weather of several providers that was joined without adjustment.

A map says so beside its normal, and a window that holds days of both providers is counted. Which
days are adjusted is decided in `transforms.provider_differences`.
"""

from datetime import date

import pandas as pd

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.words import Lang, catalogue

WEATHER = "weather_daily"


def joins_note(joins: pd.DataFrame, indicator: str, period_end: date, lang: Lang) -> str:
    """Return the note for a map of `indicator`; empty where it is not made from such weather.

    `joins` is the result of `sql/unadjusted_weather.sql`.
    """
    which, words = indicator_of(indicator), catalogue(lang)
    if which.asset != WEATHER or joins.empty:
        return ""
    newest = sorted({each[0] for each in joins["providers"]})
    others = sorted({name for each in joins["providers"] for name in each[1:]})
    where = words.count("joins.departements", len(joins))
    note = words("joins.not_adjusted", where=where, newest=newest, others=others)
    mixed = sum(
        is_mixed(row["since"], row["others_until"], which.months, period_end)
        for row in joins.to_dict("records")
    )
    if not mixed:
        return note
    return f"{note} {words('joins.mixed', where=words.count('joins.departements', mixed))}"


def is_mixed(since: date, others_until: date, months: int | None, period_end: date) -> bool:
    """Return whether the window of `months` that ends at `period_end` has days of both.

    `since` is the first day of the newest provider, `others_until` the last one of the others.
    """
    if months is None:
        return False
    end = pd.Timestamp(period_end)
    is_reached = pd.Timestamp(since) <= end
    return is_reached and bool(pd.Timestamp(others_until) > end - pd.DateOffset(months=months))
