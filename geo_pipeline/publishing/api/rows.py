"""Rows of published tables: selected, sorted by their key, in pages or in batches.

Conditions are expressions of DuckDB with constants: no value is ever part of a query's text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
from duckdb import (
    CoalesceOperator,
    ColumnExpression,
    ConstantExpression,
    DuckDBPyRelation,
    Expression,
)

from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.publishing.api.offers import Offer
from geo_pipeline.publishing.api.questions import Question
from geo_pipeline.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from geo_pipeline.table_rows import Column

BATCH_ROWS: Final = 50_000
"""Rows of a whole table that are in memory at the same time."""


class Page(NamedTuple):
    """Some rows, and the key of the last of them where there are more."""

    rows: pa.Table
    last: tuple[Any, ...] | None


def page(warehouse: Warehouse, question: Question) -> Page:
    """Return the rows that a question asks for, `question.limit` at most.

    Raises:
        StorageError: the publication cannot be read, or lacks the table.
    """
    with warehouse.reading(question.offer.name) as table:
        found = _chosen(table, question).limit(question.limit + 1).to_arrow_table()
    if found.num_rows <= question.limit:
        return Page(found, None)
    kept = found.slice(0, question.limit)
    last = kept.slice(question.limit - 1).to_pylist()[0]
    return Page(kept, tuple(last[name] or "" for name in question.offer.key))


@contextmanager
def batches(warehouse: Warehouse, question: Question) -> Iterator[pa.RecordBatchReader]:
    """Give all rows that a question asks for, whatever its limit, in batches.

    Raises:
        StorageError: the publication cannot be read, or lacks the table.
    """
    with warehouse.reading(question.offer.name) as table:
        yield _chosen(table, question).to_arrow_reader(BATCH_ROWS)


def count(warehouse: Warehouse, question: Question) -> int:
    """Return the number of rows that a question asks for, whatever its limit."""
    with warehouse.reading(question.offer.name) as table:
        return int(_filtered(table, question).count("*").fetchall()[0][0])


def some(warehouse: Warehouse, question: Question, most: int) -> pa.Table:
    """Return at most so many of the rows that a question asks for, whichever are read first."""
    with warehouse.reading(question.offer.name) as table:
        kept = _filtered(table, question).limit(most)
        return kept.select(*map(_shown, question.offer.columns)).to_arrow_table()


def _filtered(table: DuckDBPyRelation, question: Question) -> DuckDBPyRelation:
    conditions = list(_conditions(question))
    return table.filter(reduce(and_, conditions)) if conditions else table


def _chosen(table: DuckDBPyRelation, question: Question) -> DuckDBPyRelation:
    columns = question.offer.columns
    keys = (_sorted_by(each) for each in columns if each.in_key)
    return _filtered(table, question).sort(*keys).select(*map(_shown, columns))


def _shown(column: "Column") -> Expression:
    """Return a column as readers get it: all times are days."""
    plain = ColumnExpression(column.name)
    return plain.cast("DATE").alias(column.name) if column.kind == "date" else plain


def _sorted_by(column: "Column") -> Expression:
    """Return what rows are sorted by; a missing part of a key comes first."""
    plain = ColumnExpression(column.name)
    return CoalesceOperator(plain, ConstantExpression("")) if column.may_be_missing else plain


def _conditions(question: Question) -> Iterator[Expression]:
    offer = question.offer
    if question.departements:
        yield _one_of("departement", question.departements)
    if question.indicators:
        yield _one_of("indicator", question.indicators)
    if question.crops and offer.has("crop"):
        yield _one_of("crop", question.crops)
    elif question.crops:
        of_crops = [key for key, which in INDICATORS.items() if which.crop in question.crops]
        yield _one_of("indicator", of_crops) if of_crops else ConstantExpression(False)
    if offer.time is not None:
        time = ColumnExpression(offer.time.name)
        if question.first is not None:
            yield time >= ConstantExpression(_moment(offer, question.first))
        if question.last is not None:
            yield time <= ConstantExpression(_moment(offer, question.last))
    if question.after:
        yield _after([each for each in offer.columns if each.in_key], question.after)


def _moment(offer: Offer, day: date) -> date | int:
    return day.year if offer.time is not None and offer.time.kind == "integer" else day


def _one_of(column: str, values: Any) -> Expression:
    return ColumnExpression(column).isin(*(ConstantExpression(value) for value in values))


def _after(columns: "list[Column]", key: tuple[Any, ...]) -> Expression:
    """Return whether a row comes after the row with this key."""
    either = []
    for place, column in enumerate(columns):
        same = [
            _sorted_by(each) == ConstantExpression(value)
            for each, value in zip(columns[:place], key, strict=False)
        ]
        either.append(reduce(and_, [*same, _sorted_by(column) > ConstantExpression(key[place])]))
    return reduce(or_, either)
