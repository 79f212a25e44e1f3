"""Joined histories: weather of a département from several providers, and how well they agree.

The figures of two providers differ: cells are not stations, and rain is divided into days at 00 or
at 06 UTC. They are joined as they are given, each day with its source, and the differences where
they overlap are reported. What adjusts one to the other first is in `provider_differences`.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline import dekads
from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.transforms.weather import UNKNOWN
from geo_pipeline.words import message

LEAST_DAYS = 30
"""Fewest common days for a judged comparison; with fewer it is only reported."""


class Bounds(NamedTuple):
    """Largest differences between two histories of a variable to be read as one; None: any."""

    bias: float | None = None
    """Largest difference of the means, in the variable's unit."""
    ratio: float | None = None
    """Largest ratio of the means; its inverse is the smallest."""
    correlation: float | None = None
    """Smallest correlation, of days or of dekads."""


BOUNDS: Mapping[str, Bounds] = {
    "tmin_c": Bounds(bias=1.5, correlation=0.9),
    "tmax_c": Bounds(bias=1.5, correlation=0.9),
    "tmean_c": Bounds(bias=1.0, correlation=0.95),
    "precip_mm": Bounds(ratio=1.2, correlation=0.6),
    "radiation_mj_m2": Bounds(ratio=1.1, correlation=0.9),
    "wind_m_s": Bounds(ratio=1.5, correlation=0.6),
    "rh_pct": Bounds(bias=8.0, correlation=0.7),
    "et0_source_mm": Bounds(ratio=1.2, correlation=0.9),
    "swi_source": Bounds(bias=0.1, correlation=0.8),
}
"""The compared variables.

In summer 1 °C changes ET0 by 2 % to 3 %, and a fifth of the rain changes a 3-month SPI by half a
unit or more: a difference beyond these bounds may look like a change of climate where only the
provider changed.
"""

BY_MONTH = ("tmin_c", "tmax_c", "tmean_c", "precip_mm")
"""Variables compared by calendar month too: a bias may cancel out over the year."""

REPORT = {
    "departement": "object",
    "first": "object",
    "other": "object",
    "variable": "object",
    "month": "Int64",
    "resolution": "object",
    "days": "int64",
    "first_mean": "float64",
    "other_mean": "float64",
    "bias": "float64",
    "ratio": "float64",
    "correlation": "float64",
    "judged": "bool",
    "out_of_bounds": "object",
}
"""Columns of the report and their types."""


def joined(parts: Sequence[pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the days of `parts` as one history, and how far they agree where they overlap.

    A whole day comes from the first of `parts` that has any value of it: the columns of one row are
    of one provider, named in `source` and `resolution`. The others fill the days that those before
    them lack; nothing is corrected or averaged.

    Parameters
    ----------
    parts : frames of daily weather of one département (columns departement, date, source,
        resolution and any of `BOUNDS`), the most trusted first

    Returns
    -------
    rows : the days known to any part, sorted by date, columns as in the parts
    report : a row for every two parts that overlap, variable that both have, resolution and
        calendar month (missing: the whole year), columns `REPORT`:

        - first, other: their sources; `first` comes first in `parts`
        - resolution: `day`, or `dekad` for days that either part has spread over a dekad. For
          these, dekads that both know completely are compared by their means (for rain, sums over
          their days)
        - days: number compared; first_mean, other_mean: means over them, mm a day for rain
        - bias: other_mean - first_mean; ratio: other_mean / first_mean, NaN for temperatures, which
          have no true zero, and where the first is 0; correlation: of the days or dekads, NaN where
          it is not defined
        - judged: whether there are 30 days or more; out_of_bounds: which of `bias, ratio,
          correlation` are beyond `BOUNDS`, empty where none is or it is not judged. A correlation
          within one month is not judged, because it lacks the annual cycle that the bounds assume

    Raises
    ------
    GeoPipelineError : the parts are not of one département, or one of them has a day twice.
    """
    _check(parts)
    known = [part[part[_variables(part)].notna().any(axis=1)] for part in parts]
    filled = [part for part in known if len(part)] or list(known[:1])
    columns = list(dict.fromkeys(str(name) for part in parts for name in part))
    rows = pd.concat([_with(columns, part) for part in filled]) if filled else pd.DataFrame()
    if len(filled) > 1:
        rows = rows.drop_duplicates("date", keep="first")
    if len(rows):
        rows = rows.sort_values("date", ignore_index=True)
    comparisons = [
        row for first, other in combinations(known, 2) for row in _comparisons(first, other)
    ]
    return rows, pd.DataFrame(comparisons, columns=list(REPORT)).astype(REPORT)


def _with(columns: Sequence[str], part: pd.DataFrame) -> pd.DataFrame:
    """Return `part` with all of `columns`; added columns have no values."""
    absent = {name: UNKNOWN.get(name, np.nan) for name in columns if name not in part}
    filled = part.assign(**absent)[list(columns)]
    if "stations" in columns:
        filled["stations"] = filled["stations"].astype("Int64")
    return filled


def _check(parts: Sequence[pd.DataFrame]) -> None:
    """Raise GeoPipelineError unless the parts can be joined."""
    codes = sorted({str(code) for part in parts for code in part["departement"].unique()})
    if len(codes) > 1:
        raise GeoPipelineError(message("histories.several", codes=codes))
    for part in parts:
        twice = part.loc[part["date"].duplicated(), "date"]
        if len(twice):
            raise GeoPipelineError(
                message(
                    "histories.twice",
                    source=_source(part),
                    departement=codes[0],
                    day=twice.iloc[0].date(),
                )
            )


def _variables(part: pd.DataFrame) -> list[str]:
    return [name for name in BOUNDS if name in part]


def _source(part: pd.DataFrame) -> str:
    return ", ".join(sorted(part["source"].astype(str).unique()))


def _comparisons(first: pd.DataFrame, other: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Yield the rows of the report on two histories, none where they have no common day."""
    both = first.merge(other, on="date", suffixes=("_first", "_other"))
    both = both.assign(
        month=both["date"].dt.month, dekad=dekads.first_days(pd.DatetimeIndex(both["date"]))
    )
    spread = (both["resolution_first"] == "dekad") | (both["resolution_other"] == "dekad")
    about = {"first": _source(first), "other": _source(other)}
    for resolution, days in (("day", both[~spread]), ("dekad", both[spread])):
        if days.empty:
            continue
        about |= {"departement": days["departement_first"].iloc[0], "resolution": resolution}
        for name in _variables(first):
            if name not in other:
                continue
            compared = _compared(days, name, resolution)
            if compared.empty:
                continue
            yield {**about, "variable": name, "month": None, **_agreement(compared, name)}
            if name in BY_MONTH:
                for month, of_month in compared.groupby("month"):
                    judged = _agreement(of_month, name, correlated=False)
                    yield {**about, "variable": name, "month": month, **judged}


def _compared(both: pd.DataFrame, name: str, resolution: str) -> pd.DataFrame:
    """Return the compared values: first, other (means of a step), days in it, its month."""
    pairs = both[["date", "month", "dekad"]].assign(
        first=both[f"{name}_first"], other=both[f"{name}_other"], days=1
    )
    pairs = pairs.dropna(subset=["first", "other"])
    if resolution == "day":
        return pairs
    means = pairs.groupby("dekad", as_index=False).agg(
        first=("first", "mean"),
        other=("other", "mean"),
        days=("days", "sum"),
        month=("month", "first"),
    )
    return means[means["days"] == dekads.lengths(pd.DatetimeIndex(means["dekad"]))]


def _agreement(compared: pd.DataFrame, name: str, *, correlated: bool = True) -> dict[str, object]:
    """Return how far two histories of `name` agree over `compared`."""
    days = compared["days"].to_numpy()
    first, other = compared["first"].to_numpy(), compared["other"].to_numpy()
    first_mean, other_mean = np.average(first, weights=days), np.average(other, weights=days)
    bounds = BOUNDS[name]
    bias = other_mean - first_mean
    ratio = other_mean / first_mean if bounds.ratio and first_mean > 0 else np.nan
    varied = len(compared) > 1 and np.ptp(first) > 0 and np.ptp(other) > 0
    correlation = np.corrcoef(first, other)[0, 1] if varied else np.nan
    judged = bool(days.sum() >= LEAST_DAYS)
    beyond = {
        "bias": bounds.bias is not None and abs(bias) > bounds.bias,
        "ratio": bounds.ratio is not None and _far(first_mean, other_mean, bounds.ratio),
        "correlation": correlated
        and bounds.correlation is not None
        and correlation < bounds.correlation,
    }
    return {
        "days": int(days.sum()),
        "first_mean": first_mean,
        "other_mean": other_mean,
        "bias": bias,
        "ratio": ratio,
        "correlation": correlation,
        "judged": judged,
        "out_of_bounds": ", ".join(what for what, is_so in beyond.items() if judged and is_so),
    }


def _far(first: float, other: float, most: float) -> bool:
    """Return whether one mean is over `most` times the other; False where both are 0."""
    return max(first, other) > most * min(first, other)
