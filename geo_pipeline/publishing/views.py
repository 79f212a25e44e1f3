"""What a map or a table shows: one indicator and one period, read from the published warehouse."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from geo_pipeline.errors import UsageError
from geo_pipeline.publishing import look
from geo_pipeline.publishing.look import Source, Words
from geo_pipeline.storage.warehouse import Warehouse

_NOT_COVERED = Words(
    "la source ne couvre pas ce département", "the source does not cover this département"
)
_NOT_THEN = Words("pas de valeur pour cette période", "no value for this period")
_NOT_GROWN = Words(
    "trop peu de récoltes connues de cette culture dans ce département",
    "too few harvests of this crop are known in this département",
)
_NO_HARVEST = Words(
    f"rendement inconnu, ou moins de 3 des 5{look.NBSP}récoltes précédentes",
    "yield unknown, or fewer than 3 of the 5 harvests before it",
)


@dataclass(frozen=True)
class View:
    """One indicator at one period: `values` has a row for each département."""

    indicator: str
    period_end: date
    values: pd.DataFrame
    sources: tuple[Source, ...] = ()
    """Who is to be named beside it."""

    @property
    def name(self) -> str:
        """Name for files: `spi_3_2022-08`."""
        return f"{self.indicator}_{period_text(self.indicator, self.period_end)}"

    def with_reasons(self, lang: look.Lang) -> pd.DataFrame:
        """Return `values` with `reason`: why a département has none, in `lang`."""
        missing = self.values["value"].isna() & self.values["drought_class"].isna()
        then, ever = (_NO_HARVEST, _NOT_GROWN) if self.step == "year" else (_NOT_THEN, _NOT_COVERED)
        why = self.values["covered"].map({True: then(lang), False: ever(lang)})
        return self.values.assign(reason=why.where(missing))

    @property
    def step(self) -> look.Period:
        """How the period is said: a day, a year, a dekad or, at the end of one, a month."""
        return period_step(self.indicator, self.period_end)

    @property
    def reference_period(self) -> str | None:
        """First and last year of the longest reference among the départements."""
        known = self.values.dropna(subset="reference_period")
        if known.empty:
            return None
        return str(known.sort_values("reference_years")["reference_period"].iloc[-1])


def period_step(indicator: str, period_end: date) -> look.Period:
    """Return what a period is: the last dekad of a month stands for the month."""
    step = look.indicator_of(indicator).step
    if step != "dekad":
        return step
    return "month" if (period_end + timedelta(days=1)).day == 1 else "dekad"


def period_text(indicator: str, period_end: date) -> str:
    """Return a period as it is typed: `2022-08`, `2022-08-20` for a dekad or a day, or `2022`."""
    text = period_end.isoformat()
    shown = {"month": 7, "year": 4}
    return text[: shown.get(period_step(indicator, period_end), len(text))]


def periods(warehouse: Warehouse, indicator: str) -> list[date]:
    """Return the periods for which at least one département has a value, oldest first.

    Raises:
        UsageError: there is no such indicator.
        NotPublishedError: nothing has been published yet.
    """
    look.indicator_of(indicator)
    table = warehouse.query("indicator_periods")
    return [each.date() for each in table.loc[table["indicator"] == indicator, "period_end"]]


def select(warehouse: Warehouse, indicator: str, period: str | None = None) -> View:
    """Return `indicator` at `period` (`2022-08`, or `2022-08-20`), by default the latest.

    A month is its last dekad that has a value. Of yields a period is a year (`2022`).

    Raises:
        UsageError: no such indicator, or no département has a value then.
        NotPublishedError: nothing has been published yet.
    """
    known = periods(warehouse, indicator)
    yearly = look.indicator_of(indicator).step == "year"
    pattern = r"\d{4}(-12-31)?" if yearly else r"\d{4}-\d{2}(-\d{2})?"
    if period is not None and not re.fullmatch(pattern, period):
        raise UsageError(
            f"'{period}' is not a period: write it as {'2022' if yearly else '2022-08'}"
        )
    if not known:
        needs = (
            "(three of the five harvests before one must be known)"
            if yearly
            else "(measures of days need daily weather, not dekads)"
        )
        raise UsageError(
            f"no {indicator} is published, no département has a value of it: run `geo-pipeline "
            f"run` with more data {needs}"
        )
    chosen = [each for each in known if period is None or each.isoformat().startswith(period)]
    if not chosen:
        first, last = (period_text(indicator, each) for each in (known[0], known[-1]))
        near = min(known, key=lambda each: _distance(each, str(period)))
        raise UsageError(
            f"no {indicator} for {period}: the data run from {first} to {last}; "
            f"the nearest period is {period_text(indicator, near)}"
        )
    period_end = chosen[-1]
    values = warehouse.query("map_values", indicator=indicator, period_end=period_end)
    return View(indicator, period_end, values, sources_of(warehouse, indicator))


def sources_of(warehouse: Warehouse, indicator: str) -> tuple[Source, ...]:
    """Return who is to be named beside `indicator`: of its observations, then of the outlines."""
    observed = look.indicator_of(indicator).asset
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


def before(warehouse: Warehouse, view: View) -> View | None:
    """Return the same indicator one month (of yields a year) earlier, None where it has no value.

    A day is held against the end of the month before it.
    """
    if view.step == "year":
        earlier = pd.Timestamp(view.period_end) - pd.DateOffset(years=1)
    elif view.step == "dekad":
        earlier = pd.Timestamp(view.period_end) - pd.DateOffset(months=1)
    else:
        earlier = pd.Timestamp(view.period_end) - pd.offsets.MonthEnd(1)
    known = periods(warehouse, view.indicator)
    if earlier.date() not in known:
        return None
    return select(warehouse, view.indicator, earlier.date().isoformat())


def _distance(known: date, period: str) -> int:
    """Return how far `known` is from the typed `period`, in days or so."""
    year, month = int(period[:4]), int(period[5:7] or 12)
    return abs((known.year - year) * 372 + (known.month - month) * 31)
