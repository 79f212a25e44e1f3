"""Delimited tables from providers, read strictly into the requested columns.

Nothing is guessed: a cell that should be a number and is not is an error, never a missing value.
Archives and encodings are handled in `payload`.
"""

import io
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from csv import reader
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import isfinite
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute as pc
from pyarrow import csv

from geo_pipeline.sources.faults import listed
from geo_pipeline.sources.http import Received
from geo_pipeline.sources.payload import Sieve, unusable
from geo_pipeline.words import Message, message

SPACES = " \u00a0\u202f\u2009"
"""Separators of thousands: the space and no-break spaces."""

NUMBER = re.compile(
    rf"([+-]?)(\d{{1,3}}(?:[{SPACES}]\d{{3}})+|\d*)(?:[.,](\d*))?([eE][+-]?\d{{1,3}})?", re.ASCII
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Column:
    """A column of a delimited table: its name, its type and its range."""

    name: str
    kind: Literal["text", "number", "whole", "date"] = "number"
    also: tuple[str, ...] = ()
    """Other names that providers use for it."""
    lowest: float | str = -np.inf
    highest: float | str = np.inf
    """Range of its values, inclusive; dates as `2020-01-31`."""
    optional: bool = False
    """Whether it may be absent; then it is empty."""
    date_format: str = "%Y-%m-%d"


def table(
    said: str,
    received: Received,
    source: str,
    *,
    columns: Sequence[Column],
    delimiter: str = ";",
    missing: Sequence[str] = ("",),
    key: Sequence[str] = (),
    skip_lines: int = 0,
    newlines: bool = False,
    most_left_out: float = 0.0,
) -> pd.DataFrame:
    """Return the delimited table `said` with `columns` only, in their order.

    Numbers may have a decimal point or comma and spaces between thousands. Spaces around texts are
    removed. Types: str, float64, Int64, datetime64[ns].

    Args:
        said: the text, with the names of columns in its first line.
        received: the answer or file that it came from.
        source: the provider.
        columns: the requested columns, all required unless `optional`.
        delimiter: the separator of cells.
        missing: the provider's own marks for a missing value.
        key: columns that identify a row: identical rows are merged, different rows with one key are
            an error.
        skip_lines: number of lines before the names.
        newlines: whether quoted cells may contain line breaks.
        most_left_out: share of the rows that may be left out because of a cell of the wrong type or
            out of range; they are logged.

    Raises:
        SourceError: HTML, no header, a missing column (the message lists those present), a line
            with too few or too many cells, a cell of the wrong type or out of range (the message
            names line and cell), two different rows with one key.
    """
    cells = _cells(
        said, received, source, delimiter=delimiter, skip_lines=skip_lines, newlines=newlines
    )
    there = cells.column_names
    frame = {}
    absent = []
    sieve, bad = Sieve(most_left_out), np.zeros(cells.num_rows, dtype=bool)
    for column in columns:
        places = [place for place, name in enumerate(there) if name in (column.name, *column.also)]
        if len(places) > 1:
            raise unusable(received, source, message("delimited.column_again", column=column.name))
        if places:
            line = partial(_row_line, said, skip_lines)
            frame[column.name], wrong = _checked(
                cells.column(places[0]), column, missing, received, source, line=line, sieve=sieve
            )
            bad |= wrong
        elif column.optional:
            frame[column.name] = _empty(column.kind, cells.num_rows)
        else:
            absent.append(column.name)
    if absent:
        raise unusable(
            received,
            source,
            message("fault.no_column_among", columns=absent, there=listed(there, 300)),
            message("advice.format_newer"),
        )
    sieve.tell(_log, source)
    rows = pd.DataFrame(frame)[~bad].reset_index(drop=True)
    return unique(rows, key, received, source) if key else rows


def unique(rows: pd.DataFrame, key: Sequence[str], received: Received, source: str) -> pd.DataFrame:
    """Return `rows` with one row for each `key`; identical rows are merged, which is logged.

    Raises:
        SourceError: two rows with one key differ.
    """
    again = rows.duplicated()
    if again.any():
        _log.warning(
            "%s: %s has %d rows twice, the first of them %s; one of each is taken",
            source, received.url, again.sum(), _row(rows[again].iloc[0], key),
        )  # fmt: skip
        rows = rows[~again].reset_index(drop=True)
    differs = rows.duplicated(list(key))
    if differs.any():
        first = _row(rows[differs].iloc[0], key)
        what = message("delimited.rows_differ", row=first)
        raise unusable(received, source, what)
    return rows


def within(
    rows: pd.DataFrame,
    ranges: Mapping[str, tuple[float, float]],
    key: Sequence[str],
    received: Received,
    source: str,
) -> pd.DataFrame:
    """Return `rows` if every value is missing or within the range (inclusive) of its column.

    Raises:
        SourceError: a value is not; the message names the first by its `key`.
    """
    for name, (lowest, highest) in ranges.items():
        values = rows[name]
        wrong = values.notna() & ~values.between(lowest, highest)
        if wrong.any():
            first = rows[wrong].iloc[0]
            what = message(
                "delimited.value_beyond",
                column=name,
                value=first[name],
                row=_row(first, key),
                lowest=lowest,
                highest=highest,
            )
            raise unusable(received, source, what)
    return rows


def number(cell: str) -> float | None:
    """Return `cell` as a number, with decimal point or comma; None if it is not one."""
    match = NUMBER.fullmatch(cell.strip(SPACES + "\t"))
    if match is None or not (match[2] or match[3]):
        return None
    sign, whole, decimals, exponent = match.groups()
    digits = re.sub(rf"[{SPACES}]", "", whole)
    value = float(f"{sign}{digits or 0}.{decimals or 0}{exponent or ''}")
    return value if isfinite(value) else None


def _cells(
    said: str,
    received: Received,
    source: str,
    *,
    delimiter: str,
    skip_lines: int,
    newlines: bool,
) -> pa.Table:
    """Return the cells of `said` as text; a line with another number of cells is an error."""
    if said.lstrip()[:1] == "<":
        raise unusable(received, source, message("delimited.markup"))
    lines = said.split("\n", skip_lines + 1)
    if len(lines) <= skip_lines or not lines[skip_lines].strip():
        raise unusable(received, source, message("delimited.no_names"))
    names = [name.strip() for name in next(reader([lines[skip_lines]], delimiter=delimiter))]
    if len(lines) == skip_lines + 1:
        return pa.table([pa.array([], pa.string())] * len(names), names=names)
    odd: list[csv.InvalidRow] = []

    def note(row: csv.InvalidRow) -> str:
        odd.append(row)
        return "skip"

    places = [str(place) for place in range(len(names))]
    try:
        cells = csv.read_csv(
            io.BytesIO(lines[-1].encode() or b"\n"),
            read_options=csv.ReadOptions(use_threads=False, column_names=places),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, invalid_row_handler=note, newlines_in_values=newlines
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(places, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        what = message("delimited.no_table", why=str(error).splitlines()[0][:200])
        raise unusable(received, source, what) from None
    if odd:
        where = _row_line(said, skip_lines, odd[0].number - 1)
        what = message(
            "delimited.cells", cells=odd[0].actual_columns, wanted=len(names), line=where
        )
        raise unusable(received, source, what)
    open_quote = newlines and said.count('"') % 2 == 1
    if not newlines:
        open_quote = any(pc.any(pc.match_substring(c, "\n")).as_py() for c in cells.columns)
    if open_quote:
        raise unusable(received, source, message("delimited.open_quote"))
    return cells.rename_columns(names)


def _row_line(said: str, skip_lines: int, row: int) -> int:
    """Return the line of a row (from 0) of a table; empty lines are not rows."""
    lines = enumerate(said.split("\n"), start=1)
    full = (number for number, line in lines if number > skip_lines + 1 and line.strip("\r"))
    return next(islice(full, row, None), skip_lines + 2 + row)


def _typed(
    cells: pa.ChunkedArray, column: Column, missing: Sequence[str]
) -> tuple["pd.Series[Any]", "pd.Series[bool]"]:
    """Return the values of `cells`, and which of them are not of the column's type."""
    coded = pc.dictionary_encode(cells).combine_chunks()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    texts = [cell.strip(SPACES + "\t") for cell in coded.dictionary.to_pylist()]
    blank = np.array([text in missing for text in texts], dtype=bool)
    values: pd.Series[Any]
    if column.kind == "text":
        distinct = np.array(texts, dtype=object)
        wrong = np.zeros(len(texts), dtype=bool)
        distinct[blank] = None
        values = pd.Series(distinct[codes] if texts else [], dtype=object)
    elif column.kind == "date":
        days = pd.to_datetime(
            pd.Series(texts, dtype=object), format=column.date_format, errors="coerce"
        )
        written = days.dt.strftime(column.date_format)
        wrong = (written != pd.Series(texts, dtype=object)).to_numpy() & ~blank
        days = days.where(~blank & ~wrong)
        values = days.astype("datetime64[ns]").take(codes).reset_index(drop=True)
    else:
        read = [None if empty else number(text) for text, empty in zip(texts, blank, strict=True)]
        floats = np.array([np.nan if value is None else value for value in read], dtype=np.float64)
        wrong = np.isnan(floats) & ~blank
        if column.kind == "whole":
            wrong |= ~blank & (floats % 1 != 0)
        values = pd.Series(floats[codes] if texts else floats)
        if column.kind == "whole" and not wrong.any():
            values = values.astype("Int64")
    return values, pd.Series(wrong[codes] if texts else wrong)


def _checked(
    cells: pa.ChunkedArray,
    column: Column,
    missing: Sequence[str],
    received: Received,
    source: str,
    *,
    line: Callable[[int], int],
    sieve: Sieve,
) -> tuple["pd.Series[Any]", NDArray[np.bool_]]:
    """Return the values of `cells`, and which are of the wrong type or out of range.

    Raises:
        SourceError: there is one, and the `sieve` accepts none.
    """
    values, wrong = _typed(cells, column, missing)
    is_off = message(f"delimited.not_{column.kind}")
    if not wrong.any() and column.kind != "text":
        wrong = values.notna() & ~values.between(
            _bound(column, column.lowest), _bound(column, column.highest)
        )
        is_off = message("delimited.beyond", lowest=column.lowest, highest=column.highest)
    for row in np.flatnonzero(wrong.to_numpy(dtype=bool)):
        cell = cells[int(row)].as_py()[:60]
        told = message(
            "delimited.cell", column=column.name, cell=cell, line=line(int(row)), what=is_off
        )
        if len(sieve.left_out) + 1 > sieve.most * len(cells):
            raise unusable(received, source, told)
        sieve.leave_out(message("delimited.line", line=line(int(row))), ValueError(told))
    return values, wrong.to_numpy(dtype=bool)


def _bound(column: Column, bound: float | str) -> Any:
    """Return a limit of the column's range in the type of its values."""
    if column.kind != "date":
        return bound
    if isinstance(bound, str):
        return pd.Timestamp(bound)
    return pd.Timestamp.min if bound < 0 else pd.Timestamp.max


def _empty(kind: str, n_rows: int) -> "pd.Series[Any]":
    """Return a column without values."""
    types: dict[str, Any] = {
        "text": object,
        "number": np.float64,
        "whole": "Int64",
        "date": "datetime64[ns]",
    }
    return pd.Series([None] * n_rows, dtype=types[kind])


def _row(row: "pd.Series[Any]", key: Sequence[str]) -> Message | str:
    """Return the key of a row as text."""
    shown = {
        name: f"{row[name]:%Y-%m-%d}" if isinstance(row[name], pd.Timestamp) else row[name]
        for name in key
    }
    return ", ".join(f"{name} {value}" for name, value in shown.items()) or message(
        "delimited.empty_key"
    )
