"""Findings made from cases, for any table: one row for each département, check and severity.

A case has departement, first, last, score and the values for its text. The module of each table
decides which rows are cases and sets the limits; what two tables measure in the same way (gaps of a
record, the climate of a group, the fewest neighbours) is here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.words import joined, message, message_of

COLUMNS = ["departement", "check", "severity", "what", "cases", "first", "last"]
"""Columns of findings. `what` is a message; `first` and `last` are ISO dates or years, as text."""

DAY = len("2022-08-01")

_NONE = pd.DataFrame(columns=COLUMNS).astype({"cases": "int64"})
"""Most checks find nothing in most départements, and to make a frame takes a millisecond."""

LEAST_NEIGHBOURS = 2
"""With only one neighbour it is unknown which of the two is wrong."""


def none() -> pd.DataFrame:
    """Return a frame without findings."""
    return _NONE.copy()


def graded(cases: pd.DataFrame, check: str, limits: tuple[float, float], key: str) -> pd.DataFrame:
    """Return warnings of cases whose score is over the first limit, errors over the second."""
    is_error = cases["score"] > limits[1]
    is_warning = (cases["score"] > limits[0]) & ~is_error
    return merged(
        [
            findings_of(cases[is_error], check, "error", key),
            findings_of(cases[is_warning], check, "warning", key),
        ]
    )


def warned(cases: pd.DataFrame, check: str, key: str) -> pd.DataFrame:
    """Return warnings of all the cases."""
    return findings_of(cases, check, "warning", key)


def findings_of(cases: pd.DataFrame, check: str, severity: str, key: str) -> pd.DataFrame:
    """Return one finding for each département from its cases: departement, score, first, last, ...

    Its text is `quality.<key>`, filled from the columns of the worst case.
    """
    if cases.empty:
        return none()
    told = cases.assign(
        departement=cases["departement"].astype(str),
        first=cases["first"].astype(str).str[:DAY],
        last=cases["last"].astype(str).str[:DAY],
    ).sort_values("score", kind="stable")
    groups = told.groupby("departement")
    sums = groups.agg(cases=("score", "size"), first=("first", "min"), last=("last", "max"))
    worst = groups.tail(1).set_index("departement").loc[sums.index]
    told_of: list[Any] = []
    for row, count in zip(worst.to_dict("records"), sums["cases"], strict=True):
        what = message_of(f"quality.{key}", {str(name): value for name, value in row.items()})
        told_of.append(message("quality.worst", what=what, cases=count) if count > 1 else what)
    found: pd.DataFrame = sums.assign(check=check, severity=severity, what=told_of).reset_index()
    return pd.DataFrame(found[COLUMNS])


def merged(parts: Any) -> pd.DataFrame:
    """Return findings together; several of one check and severity become one."""
    several: list[pd.DataFrame] = [part for part in parts if len(part)]
    if not several:
        return none()
    if len(several) == 1:
        return several[0]
    groups = pd.concat(several).groupby(["departement", "check", "severity"], as_index=False)
    told = groups.agg(
        what=("what", joined),
        cases=("cases", "sum"),
        first=("first", "min"),
        last=("last", "max"),
    )
    return pd.DataFrame(told[COLUMNS])


def dated(cases: pd.DataFrame) -> pd.DataFrame:
    """Return cases of one day (or month) each, with its `date` as first and last."""
    day = cases["date"].dt.strftime("%Y-%m-%d")
    return cases.assign(first=day, last=day)


def gaps_between(rows: pd.DataFrame, ordinal: pd.Series) -> pd.DataFrame:
    """Return the gaps between consecutive rows: first and last missing day.

    `ordinal` numbers the periods consecutively; `score` is how many are missing.
    """
    missing = np.diff(ordinal.to_numpy()) - 1
    at = np.flatnonzero((missing > 0) & same_departement(rows["departement"]))
    ends = rows["period_end"].to_numpy()
    return pd.DataFrame(
        {
            "departement": rows["departement"].to_numpy()[at],
            "first": ends[at] + np.timedelta64(1, "D"),
            "last": ends[at + 1],
            "score": missing[at].astype(float),
        }
    )


def same_departement(codes: "pd.Series[Any]") -> npt.NDArray[np.bool_]:
    """Return whether each row, except the first, has the same département as the row before."""
    numbers = pd.factorize(codes)[0]
    same: npt.NDArray[np.bool_] = numbers[1:] == numbers[:-1]
    return same


def own_climate(
    values: "pd.Series[float]", keys: Sequence["pd.Series[Any]"], least: int
) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Return median and interquartile range of each row's group; NaN for fewer than `least`."""
    numbers, uniques = zip(*(pd.factorize(key) for key in keys), strict=True)
    group = pd.factorize(numbers[0] * len(uniques[1]) + numbers[1])[0]
    groups = values.groupby(group)
    quartiles = groups.quantile(np.array([0.25, 0.5, 0.75])).to_numpy().reshape(-1, 3)
    low, middle, high = quartiles.T
    is_known = groups.count().to_numpy() >= least
    medians = np.where(is_known, middle, np.nan)[group]
    ranges = np.where(is_known, high - low, np.nan)[group]
    return pd.Series(medians, values.index), pd.Series(ranges, values.index)
