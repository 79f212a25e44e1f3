"""Claims: where in the published warehouse each figure of a bulletin comes from.

A sentence has an id and the facts that it rests on; a fact has a value, its table and key, and the
query that returns it from `warehouse/drought.duckdb`. Rows of the table `bulletin_claims` are made
here; a test runs the query of every one.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pandas as pd

Value = float | int | str | date | None
Key = Mapping[str, Any]
"""Columns with their value, or several values, any of which is meant."""

COLUMNS: Final = (
    *("place", "period_end", "sentence", "value", "table", "key", "query"),
    "as_known_on",
)
"""Columns of `bulletin_claims`: one row for each figure of a sentence.

The query is to be run in the published warehouse or, where `as_known_on` has a day, in the
publication as it was known on it (`vintages.publication`).
"""

SAME_DEKAD: Final = (
    "month(period_end) = {month} AND least((day(period_end) - 1) // 10, 2) = {third}"
)
"""The same dekad of all years, as a condition of SQL."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure of the warehouse: its value, and the table, key and query that it comes from."""

    value: Value
    table: str
    key: str
    query: str
    known_on: date | None = None
    """The day on which it was known, of a figure that is computed again; None for a published one.

    All figures of a past issue are of its day, whatever stands here.
    """


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence (or one row of a table) with its id and the facts that it rests on."""

    id: str
    text: str
    facts: tuple[Fact, ...] = ()

    @property
    def known(self) -> tuple[Fact, ...]:
        """The facts with a value: what is missing is no figure."""
        return tuple(each for each in self.facts if each.value is not None and not _is_nan(each))


def _is_nan(fact: Fact) -> bool:
    return isinstance(fact.value, float) and math.isnan(fact.value)


def literal(value: Value) -> str:
    """Return a value as it is written in SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, date):
        return f"DATE '{value:%Y-%m-%d}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def conditions(key: Key) -> str:
    """Return a key as a condition of SQL; several values mean any of them."""
    tests = []
    for name, value in key.items():
        if value is None:
            tests.append(f"{name} IS NULL")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            tests.append(f"{name} IN ({', '.join(literal(each) for each in value)})")
        else:
            tests.append(f"{name} = {literal(value)}")
    return " AND ".join(tests)


def fact(value: Value, table: str, select: str, key: Key, also: str = "") -> Fact:
    """Return the fact that `SELECT select FROM table WHERE key AND also` gives `value`."""
    told = conditions(key)
    where = " AND ".join(each for each in (told, also) if each)
    query = f"SELECT {select} FROM {table} WHERE {where}"  # noqa: S608  told, not run
    return Fact(value, table, told, query)


def indicator(value: Value, column: str, name: str, code: str, day: date) -> Fact:
    """Return a column of one row of `drought_indicators`."""
    key = {"departement": code, "period_end": day, "indicator": name}
    return fact(value, "drought_indicators", column, key)


def rank_fact(value: int, column: str, name: str, code: str, day: date, *, dry: bool) -> Fact:
    """Return the rank of a day among the same dekads of the years until then, 1 the first."""
    key = {"departement": code, "indicator": name}
    of_day = conditions({**key, "period_end": day})
    own = f"(SELECT {column} FROM drought_indicators WHERE {of_day})"  # noqa: S608  told, not run
    also = f"{_until(day)} AND {column} {'<' if dry else '>'} {own}"
    return fact(value, "drought_indicators", "1 + count(*)", key, also)


def years_fact(value: int, column: str, name: str, code: str, day: date) -> Fact:
    """Return the number of years until then in which the same dekad is known."""
    key = {"departement": code, "indicator": name}
    return fact(value, "drought_indicators", f"count({column})", key, _until(day))


def median_fact(value: float, column: str, name: str, code: str, day: date) -> Fact:
    """Return the median of the same dekads of the years before."""
    key = {"departement": code, "indicator": name}
    also = f"{_until(day)} AND period_end <> {literal(day)}"
    return fact(value, "drought_indicators", f"median({column})", key, also)


def _until(day: date) -> str:
    same = SAME_DEKAD.format(month=day.month, third=min((day.day - 1) // 10, 2))
    return f"{same} AND period_end <= {literal(day)}"


def table_of(
    place: str, day: date, sentences: Iterable[Sentence], known_on: date | None
) -> pd.DataFrame:
    """Return the rows of `bulletin_claims` of one document, the same in both languages.

    `known_on` is the day of a past issue, None for the newest.
    """
    rows = [
        (
            *(place, day, sentence.id, _text(each.value), each.table, each.key, each.query),
            _text(known_on or each.known_on),
        )
        for sentence in sentences
        for each in sentence.known
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _text(value: Value) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
