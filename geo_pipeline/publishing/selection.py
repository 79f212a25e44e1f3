"""Selection of one indicator and one period for a map or a table, from the warehouse."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline.catalogue.indicators import INDICATORS, indicator_of
from geo_pipeline.errors import UsageError
from geo_pipeline.publishing.formats import Period, format_date
from geo_pipeline.publishing.legend import LITTLE_GROWN
from geo_pipeline.publishing.sentences import Source, is_past
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import Lang, Words, catalogue, message

LONGEST_STEP: Final = {"dekad": 11, "month": 31, "year": 366, "day": 31}
"""Largest gap in days, by step, between the ends of two periods that follow each other."""

LEAST_SHARE = 0.5
"""Share of the most départements with a value that a period needs to be the newest."""


@dataclass(frozen=True)
class Selection:
    """One indicator at one period: `values` has a row for each département."""

    indicator: str
    period_end: date
    values: pd.DataFrame
    sources: tuple[Source, ...] = ()
    """The sources to be named beside it."""
    issued: date | None = None
    """Of a forecast, the day on which it was issued."""

    @property
    def name(self) -> str:
        """Name for files: `spi_3_2022-08`."""
        return f"{self.indicator}_{period_text(self.indicator, self.period_end)}"

    def with_reasons(self, lang: Lang) -> pd.DataFrame:
        """Return `values` with a column `reason`, in `lang`: why a département has no value."""
        missing = self.values["value"].isna() & self.values["drought_class"].isna()
        words, of = catalogue(lang), "harvest" if self.step == "year" else "value"
        then, ever = words(f"reason.no_{of}_then"), words(f"reason.no_{of}_ever")
        why = self.values["covered"].map({True: then, False: ever})
        why = why.mask(self.values["little_grown"], LITTLE_GROWN(lang))
        if self.issued is not None:
            ended = self.values["known_until"].map(partial(ended_before, self.issued, lang=lang))
            why = ended.where(ended.notna(), why)
        return self.values.assign(reason=why.where(missing))

    @property
    def step(self) -> Period:
        """Kind of the period: a day, a year, a dekad or, where a dekad ends one, a month."""
        return period_step(self.indicator, self.period_end)

    @property
    def reference_period(self) -> str | None:
        """First and last year of the longest reference among the départements."""
        known = self.values.dropna(subset="reference_period")
        if known.empty:
            return None
        return str(known.sort_values("reference_years")["reference_period"].iloc[-1])


def ended_before(issued: date, known_until: date | None, lang: Lang) -> str | None:
    """Return why a département has no forecast of the day `issued`: its weather ended before.

    None where it reaches that day, or there is none. `known_until` is its last day.
    """
    if pd.isna(known_until) or known_until is None:
        return None
    day = pd.Timestamp(known_until).date()
    if day >= issued:
        return None
    told = {"day": format_date(day, lang), "issued": format_date(issued, lang)}
    return catalogue(lang)("reason.weather_ended", **told)


def period_step(indicator: str, period_end: date) -> Period:
    """Return the kind of a period; the last dekad of a month stands for the month."""
    step = indicator_of(indicator).step
    if step != "dekad":
        return step
    return "month" if (period_end + timedelta(days=1)).day == 1 else "dekad"


def period_text(indicator: str, period_end: date) -> str:
    """Return a period as it is typed: `2022-08`, `2022-08-20` for a dekad or a day, or `2022`."""
    text = period_end.isoformat()
    shown = {"month": 7, "year": 4}
    return text[: shown.get(period_step(indicator, period_end), len(text))]


def periods(warehouse: Warehouse, indicator: str) -> "pd.Series[int]":
    """Return the number of départements with a value by period, the oldest first.

    Raises:
        UsageError: there is no such indicator.
        NotPublishedError: nothing has been published yet.
    """
    indicator_of(indicator)
    table = warehouse.query("indicator_periods")
    table = table[table["indicator"] == indicator]
    return pd.Series(table["departements"].to_numpy(), index=table["period_end"].dt.date)


def of_most(departements: Sequence[int] | NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which periods have at least half as many départements as the period with the most."""
    counts = np.asarray(departements)
    return np.asarray(counts >= LEAST_SHARE * counts.max(initial=0)) & (counts > 0)


def newest(departements: Sequence[int] | NDArray[np.integer]) -> int:
    """Return the position of the newest period, given the number of départements in each.

    It is the last period with at least half as many as the period with the most: a few départements
    that are ahead of the others, even by years, do not move the whole of France. Where no period
    has any (a record too short for a class), it is the last one.
    """
    known = np.flatnonzero(of_most(departements))
    return int(known[-1]) if len(known) else len(departements) - 1


def ended(warehouse: Warehouse, indicator: str, published_on: date) -> date | None:
    """Return the last day of the record of `indicator`, None where it reaches the publication.

    A crop's season ends before the weather does, so for dekads the record of all of them counts.
    """
    table = warehouse.query("indicator_periods")
    by_dekad = [key for key, which in INDICATORS.items() if which.step == "dekad"]
    known = [key for key in by_dekad if not INDICATORS[key].ahead]
    alike = known if indicator in by_dekad else [indicator]
    last = table.loc[table["indicator"].isin(alike), "period_end"].max()
    day: date = pd.Timestamp(last).date()
    return day if is_past(day, published_on) else None


def select(warehouse: Warehouse, indicator: str, period: str | None = None) -> Selection:
    """Return `indicator` at `period` (`2022-08`, or `2022-08-20`), by default the newest.

    A month is its last dekad that has a value. For yields a period is a year (`2022`).

    Raises:
        UsageError: there is no such indicator, or no département has a value then.
        NotPublishedError: nothing has been published yet.
    """
    counts = periods(warehouse, indicator)
    known = list(counts.index)
    yearly = indicator_of(indicator).step == "year"
    pattern = r"\d{4}(-12-31)?" if yearly else r"\d{4}-\d{2}(-\d{2})?"
    if period is not None and not re.fullmatch(pattern, period):
        example = "2022" if yearly else "2022-08"
        raise UsageError(message("selection.no_period", period=period, example=example))
    if not known:
        needs = message("selection.needs_harvests" if yearly else "selection.needs_days")
        raise UsageError(message("selection.none", indicator=indicator, needs=needs))
    chosen = known[: newest(counts.to_numpy()) + 1]
    if period is not None:
        chosen = [each for each in known if each.isoformat().startswith(period)]
    if not chosen:
        first, last = (period_text(indicator, each) for each in (known[0], known[-1]))
        near = min(known, key=lambda each: _distance(each, str(period)))
        raise UsageError(
            message(
                "selection.not_then",
                indicator=indicator,
                period=period,
                first=first,
                last=last,
                near=period_text(indicator, near),
            )
        )
    period_end = chosen[-1]
    values = warehouse.query("map_values", indicator=indicator, period_end=period_end)
    issued = None
    if indicator_of(indicator).ahead:
        issued = issued_on(warehouse)
    else:  # a new day of weather changes nothing in other files
        values = values.drop(columns="known_until")
    return Selection(indicator, period_end, values, sources_of(warehouse, indicator), issued)


def issued_on(warehouse: Warehouse) -> date | None:
    """Return the day on which the outlook of France was issued, None where there is none."""
    issued = warehouse.query("outlook_issued")["issued"].iloc[0]
    return None if pd.isna(issued) else pd.Timestamp(issued).date()


def sources_of(warehouse: Warehouse, indicator: str) -> tuple[Source, ...]:
    """Return the sources to be named beside `indicator`: its observations, then the outlines."""
    observed = indicator_of(indicator).asset
    named = warehouse.query("attributions")
    rows = pd.concat([named[named["asset"] == asset] for asset in (observed, "departements")])
    return tuple(
        Source(
            Words(row["text_fr"], row["text_en"]),
            row["url"],
            Words(row["licence_fr"], row["licence_en"]),
        )
        for row in rows.to_dict("records")
    )


def _distance(known: date, period: str) -> int:
    """Return roughly how many days `known` is from the typed `period`."""
    year, month = int(period[:4]), int(period[5:7] or 12)
    return abs((known.year - year) * 372 + (known.month - month) * 31)
