"""Several providers of a département's weather: how far they differ, and their joint history.

Differences are those of common days, by calendar month. With enough common years the days of a less
trusted provider are adjusted to a more trusted one by quantile mapping
(`indicators.quantile_mapping`) before the two are joined (`joined_histories`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline import dekads
from geo_pipeline.indicators.quantile_mapping import (
    LEAST_YEARS,
    cross_validated,
    quantile_mapped,
    yearly_difference,
)
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.transforms.joined_histories import joined
from geo_pipeline.transforms.weather import ADJUSTED, provider_of
from geo_pipeline.words import Message, message

TABLE = "provider_differences"

MONTHS = np.arange(1, 13)

LEAST_MONTH_DAYS = 25
"""Common days of a month that is compared; of dekads, all three."""


class Quantity(NamedTuple):
    """How a variable of the weather is compared and adjusted."""

    is_sum: bool
    """Whether months are compared by their sums; else by their means."""
    is_amount: bool
    """Whether it is never below 0: adjusted by ratios beyond the quantiles, else by differences."""


QUANTITIES = {
    "precip_mm": Quantity(is_sum=True, is_amount=True),
    "et0_mm": Quantity(is_sum=True, is_amount=True),
    "tmean_c": Quantity(is_sum=False, is_amount=False),
    "tmin_c": Quantity(is_sum=False, is_amount=False),
    "tmax_c": Quantity(is_sum=False, is_amount=False),
    "radiation_mj_m2": Quantity(is_sum=False, is_amount=True),
}
"""The variables, in the order of the table. Wind and humidity only enter the indicators by ET0,
which is adjusted itself."""

ESSENTIAL = ("precip_mm", "et0_mm", "tmean_c")
"""Without enough common years of all of these that both providers have, nothing is adjusted: water
balances would mix adjusted and unadjusted terms."""

FloatArray = NDArray[np.float64]


class History(NamedTuple):
    """The weather of a département from one or more providers."""

    rows: pd.DataFrame
    """Valid rows of `weather_daily`."""
    overlap: pd.DataFrame
    """How far the histories agree as they came: `joined_histories.REPORT`."""
    differences: pd.DataFrame
    """Valid rows of `provider_differences`; none where there is one provider."""

    @property
    def unadjusted(self) -> Message | None:
        """What is to be said where days of several providers were joined as they are; else None."""
        sources = self.rows["source"].drop_duplicates()
        providers = list(
            dict.fromkeys(provider_of(each) for each in sources if not each.endswith(ADJUSTED))
        )
        if len(providers) < 2:
            return None
        pairs = self.differences[self.differences["other_provider"].isin(providers)]
        years = 0 if pairs.empty else int(pairs["common_years"].min())
        return message(
            "histories.not_adjusted", providers=providers, years=years, least=LEAST_YEARS
        )


def history(parts: Sequence[pd.DataFrame]) -> History:
    """Return the days of `parts`, the most trusted first, as one history.

    Each provider is compared with the one of those before it with which it has the most common
    days, and adjusted to it if they have `LEAST_YEARS` of each calendar month. The `source` of an
    adjusted day ends with `ADJUSTED`. With fewer common years, days are joined as they are.

    Parameters
    ----------
    parts : valid rows of `weather_daily` of one département

    Raises
    ------
    GeoPipelineError : the parts are not of one département, or one of them has a day twice.
    """
    rows, overlap = joined(parts)
    providers = _by_provider(parts) if len(parts) > 1 else []
    told: list[pd.DataFrame] = []
    for place, other in enumerate(providers[1:], 1):
        trusted = max(
            providers[:place], key=lambda each: int(each["date"].isin(other["date"]).sum())
        )
        providers[place], rows_of_pair = _adjusted(trusted, other)
        told.append(rows_of_pair)
    if any(each["adjusted"].any() for each in told):
        rows, _ = joined(providers)
        rows = validate("weather_daily", rows)
    differences = [each for each in told if len(each)]
    table = validate(TABLE, pd.concat(differences)) if differences else empty(TABLE)
    return History(rows, overlap, table)


def _by_provider(parts: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Return one frame for each provider, the most trusted first: its files are one history."""
    of: dict[str, list[pd.DataFrame]] = {}
    for part in parts:
        if len(part):
            of.setdefault(provider_of(part["source"].iloc[0]), []).append(part)
    return [joined(several)[0] for several in of.values()]


def _adjusted(trusted: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `other`, adjusted to `trusted` where possible, and the rows on how far they differ."""
    pairs = trusted.merge(other, on="date", suffixes=("", "_other"))
    steps = _Steps.of(pairs["date"], by_dekad=_is_spread(trusted) or _is_spread(other))
    compared = {
        name: _Compared.of(steps, pairs[name], pairs[f"{name}_other"], QUANTITIES[name])
        for name in QUANTITIES
        if trusted[name].notna().any() and other[name].notna().any()
    }
    is_enough = {name: each.common_years >= LEAST_YEARS for name, each in compared.items()}
    if not all(is_enough.get(name, True) for name in ESSENTIAL) or not any(is_enough.values()):
        is_enough = dict.fromkeys(is_enough, False)
    rows = [_rows(name, each, is_adjusted=is_enough[name]) for name, each in compared.items()]
    about = {
        "departement": other["departement"].iloc[0],
        "provider": provider_of(trusted["source"].iloc[0]),
        "other_provider": provider_of(other["source"].iloc[0]),
    }
    told = pd.concat(rows).assign(**about) if rows else pd.DataFrame(columns=["adjusted"])
    if not any(is_enough.values()):
        return other, told
    of_other = _Steps.of(other["date"], by_dekad=steps.by_dekad)
    mapped = {
        name: _mapped(other[name], of_other, compared[name])
        for name, enough in is_enough.items()
        if enough
    }
    frame = other.assign(**mapped, source=other["source"] + ADJUSTED)
    # Each variable is mapped for itself: the order of a day's temperatures is kept.
    frame["tmin_c"] = frame["tmin_c"].clip(upper=frame["tmean_c"])
    frame["tmax_c"] = frame["tmax_c"].clip(lower=frame["tmean_c"])
    return frame, told


def _is_spread(part: pd.DataFrame) -> bool:
    return bool((part["resolution"] == "dekad").any())


class _Steps(NamedTuple):
    """Days grouped to the steps that are mapped: dekads where a provider has no true days."""

    by_dekad: bool
    first: pd.DatetimeIndex
    """First day of each day's step."""

    @classmethod
    def of(cls, dates: "pd.Series[pd.Timestamp]", *, by_dekad: bool) -> "_Steps":
        days = pd.DatetimeIndex(dates)
        return cls(by_dekad, pd.DatetimeIndex(dekads.first_days(days)) if by_dekad else days)


class _Compared(NamedTuple):
    """A variable of two providers, over what they have in common."""

    quantity: Quantity
    months: NDArray[np.int64]
    """Calendar month of each step, and its year."""
    years: NDArray[np.int64]
    days: FloatArray
    """Common days of each step, and the means of both providers over them."""
    first: FloatArray
    other: FloatArray

    @classmethod
    def of(
        cls,
        steps: _Steps,
        first: "pd.Series[float]",
        other: "pd.Series[float]",
        quantity: Quantity,
    ) -> "_Compared":
        """Return the steps that both providers know completely."""
        is_common = (first.notna() & other.notna()).to_numpy()
        frame = pd.DataFrame({"first": first, "other": other, "days": 1.0})[is_common]
        grouped = frame.groupby(steps.first[is_common])
        means = grouped.agg({"first": "mean", "other": "mean", "days": "sum"})
        starts = pd.DatetimeIndex(means.index)
        if steps.by_dekad:
            is_whole = means["days"].to_numpy() == dekads.lengths(starts)
            means, starts = means[is_whole], starts[is_whole]
        return cls(
            quantity,
            starts.month.to_numpy(dtype=np.int64),
            starts.year.to_numpy(dtype=np.int64),
            *(means[name].to_numpy(dtype=np.float64) for name in ("days", "first", "other")),
        )

    @property
    def common_years(self) -> int:
        """Years in which each calendar month is known to both, of the month with the fewest."""
        known = ~np.isnan(self.by_month(self.first))
        return int(known.sum(axis=-1).min())

    def by_month(self, values: FloatArray) -> FloatArray:
        """Return the months of `values`, (12, years): sums or means, NaN where not comparable."""
        years = np.unique(self.years)
        shape = len(MONTHS), len(years)
        at = (self.months - 1) * len(years) + np.searchsorted(years, self.years)
        days = np.bincount(at, self.days, len(MONTHS) * len(years))
        sums = np.bincount(at, self.days * values, len(MONTHS) * len(years))
        with np.errstate(invalid="ignore"):
            means = np.where(days >= LEAST_MONTH_DAYS, sums / days, np.nan).reshape(shape)
        return means * _month_lengths(years) if self.quantity.is_sum else means

    def mapped_unseen(self) -> FloatArray:
        """Return the other provider's steps, each year mapped without its own values."""
        mapped = np.full(self.other.shape, np.nan)
        for month in MONTHS:
            is_month = self.months == month
            of_month = self.other[is_month], self.first[is_month], self.years[is_month]
            mapped[is_month] = cross_validated(*of_month, is_amount=self.quantity.is_amount)
        return mapped


def _month_lengths(years: NDArray[np.int64]) -> FloatArray:
    """Return the days of each month, (12, years)."""
    starts = (years - 1970) * 12 + (MONTHS - 1)[:, np.newaxis]
    first = starts.astype("datetime64[M]").astype("datetime64[D]")
    after = (starts + 1).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((after - first).astype(np.float64))


def _rows(name: str, compared: _Compared, *, is_adjusted: bool) -> pd.DataFrame:
    """Return a row for each calendar month on how far two providers differ in a variable."""
    first = compared.by_month(compared.first)
    found = yearly_difference(first, compared.by_month(compared.other))
    error_after = np.full(len(MONTHS), np.nan)
    if is_adjusted:
        error_after = yearly_difference(first, compared.by_month(compared.mapped_unseen())).error
    return pd.DataFrame(
        {
            "variable": name,
            "month": MONTHS,
            "common_years": found.years.astype(np.int64),
            "provider_mean": found.mean,
            "other_mean": found.other_mean,
            "difference": found.difference,
            "standard_error": found.standard_error,
            "ratio": found.ratio if compared.quantity.is_amount else np.nan,
            "adjusted": is_adjusted,
            "error_before": found.error,
            "error_after": error_after,
        }
    )


def _mapped(values: "pd.Series[float]", steps: _Steps, compared: _Compared) -> FloatArray:
    """Return all days of a variable, adjusted: their step is mapped, its days follow in proportion.

    Days of variables that may be below 0 are shifted by the difference instead.
    """
    given = values.to_numpy(dtype=np.float64)
    means = values.groupby(steps.first).transform("mean").to_numpy(dtype=np.float64)
    mapped = np.full(means.shape, np.nan)
    months = steps.first.month.to_numpy()
    for month in MONTHS:
        is_month, was = months == month, compared.months == month
        mapped[is_month] = quantile_mapped(
            means[is_month],
            compared.other[was],
            compared.first[was],
            is_amount=compared.quantity.is_amount,
        )
    if not compared.quantity.is_amount:
        return np.asarray(given + (mapped - means))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(means > 0.0, given * (mapped / means), given)
