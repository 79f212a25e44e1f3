"""What providers send, opened: archives, text, JSON and delimited tables, each fault told clearly.

Every function takes what was received and the name of who sent it (`open-meteo` or `open-meteo,
département 32`) for its errors. What turns out to be of no use is rejected in the raw store, so
that it is asked for anew; the answer kept before it still holds. Nothing is guessed: a cell that is
no number where one belongs is an error, never a missing value.
"""

import gzip
import io
import logging
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from csv import reader
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice
from json import JSONDecodeError, loads
from math import isfinite
from typing import Any, Literal, NoReturn, TypeVar, TypeVarTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute as pc
from pyarrow import csv

from geo_pipeline import judging
from geo_pipeline.errors import SourceError
from geo_pipeline.judging import Limits
from geo_pipeline.sources.http import MB, Received

CHUNK = 1 << 20
MOST_BYTES = 2_000 * MB
"""Most that an archive may hold when it is opened in memory."""
MOST_JSON_BYTES = 300 * MB
"""Most of JSON: read, it takes ten times as much memory."""

SPACES = " \u00a0\u202f\u2009"
"""What stands between thousands: space, and the ones that do not break."""

NUMBER = re.compile(
    rf"([+-]?)(\d{{1,3}}(?:[{SPACES}]\d{{3}})+|\d*)(?:[.,](\d*))?([eE][+-]?\d{{1,3}})?", re.ASCII
)

_log = logging.getLogger(__name__)

R = TypeVar("R")
More = TypeVarTuple("More")


def unusable(received: Received, source: str, what: str, advice: str | None = None) -> SourceError:
    """Reject `received` and return the one-line error that says `what` is wrong with it."""
    received.reject(what)
    advice = advice or "try again later, and report it if it stays so"
    return SourceError(f"{source}: {received.url} {what}; {advice}")


MOST_NAMED = 20
"""Of what is left out of one file, this many are named; the others are counted."""


class Sieve:
    """Takes what is good of what a file holds one by one, and notes what is left out and why.

    `most` is the share that may be left out: `Received.most_left_out`.
    """

    def __init__(self, most: float) -> None:
        self.most = most
        self.left_out: list[tuple[str, str]] = []
        """Name and reason."""
        self._first: Exception | None = None
        self._n_taken = 0

    def take(
        self, name: str, read: Callable[[*More], R], *of: *More, fault: type[Exception]
    ) -> R | None:
        """Return what `read` makes of one, None where it raises `fault`."""
        try:
            value = read(*of)
        except fault as error:
            self.leave_out(name, error)
            return None
        self._n_taken += 1
        return value

    def leave_out(self, name: str, error: Exception, *, taken: bool = False) -> None:
        """Note that one is left out; `taken` says that it counted as good before."""
        self._first = self._first or error
        self._n_taken -= taken
        self.left_out.append((name, str(error)))

    def require_most(self, of: int | None = None) -> None:
        """Raise the first fault where too much was left out for the rest to be trusted.

        `of` is how many there were, where not each was taken through `take`.
        """
        whole = self._n_taken + len(self.left_out) if of is None else of
        if self._first is not None and len(self.left_out) > self.most * whole:
            raise self._first

    def told(self) -> list[str]:
        """Return what was left out and why, a sentence each; beyond `MOST_NAMED`, how many more."""
        named = [
            f"left out {why if why.startswith(name) else f'{name}: {why}'}"
            for name, why in self.left_out[:MOST_NAMED]
        ]
        more = len(self.left_out) - MOST_NAMED
        return [*named, f"left out {more} more"] if more > 0 else named

    def tell(self, log: logging.Logger, source: str) -> None:
        """Log what was left out of what `source` sent."""
        for each in self.told():
            log.warning("%s: %s", source, each)


def judged(
    received: Received, limits: Limits | None, read: Callable[[Received, *More], R], *more: *More
) -> R:
    """Return what `read` makes of `received` in a process of its own, if there are `limits`.

    Raises:
        SourceError: `read` found that it is of no use; it is rejected in the raw store.
        ValueError: it took that process's memory, time or life, or whatever else `read` raises.
    """
    if limits is None:
        return read(received, *more)
    try:
        return judging.judged(limits, read, received, *more)
    except SourceError as error:
        received.reject(str(error))
        raise


def unzipped(
    received: Received, source: str, *, member: str | None = None, max_bytes: int = MOST_BYTES
) -> bytes:
    """Return the content out of its gzip or zip archive; content of neither as it is.

    Args:
        received: what was sent.
        source: who sent it.
        member: which file of a zip archive, as a pattern (`*.csv`); needed when it has several.
        max_bytes: most that the content may have.

    Raises:
        SourceError: nothing was sent, HTML was, the archive is damaged or ends early, no or several
            members match, or the content is too long.
    """
    content = _something(received, source)
    if content.startswith(b"\x1f\x8b"):
        return _gunzipped(content, received, source, max_bytes)
    if content.startswith(b"PK\x03\x04") or content.startswith(b"PK\x05\x06"):
        return _member(content, member, received, source, max_bytes)
    name = received.url.partition("?")[0].lower()
    if member is not None or name.endswith((".zip", ".xlsx")):
        raise unusable(received, source, "sent no zip archive where one belongs")
    return content


def members(received: Received, source: str) -> list[str]:
    """Return the names of the files in a zip archive.

    Raises:
        SourceError: it is none, or damaged.
    """
    content = _something(received, source)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [name for name in archive.namelist() if not name.endswith("/")]
    except zipfile.BadZipFile as error:
        raise unusable(received, source, f"sent a damaged zip archive ({error})") from None


def text(received: Received, source: str, *, member: str | None = None) -> str:
    """Return the content as text, out of its archive and without byte order mark.

    It is UTF-8 (or UTF-16 with its mark), else Windows-1252, of which Latin-1 is a part.

    Raises:
        SourceError: as `unzipped`, or the content is binary, or ends inside a character.
    """
    return decoded(unzipped(received, source, member=member), received, source)


def decoded(content: bytes, received: Received, source: str) -> str:
    """Return `content`, which came in `received`, as text; see `text`."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise unusable(received, source, "sent damaged UTF-16 text") from None
    if b"\0" in content[:CHUNK]:
        raise unusable(received, source, "sent binary data in place of text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.end == len(content):
            raise unusable(received, source, "sent text that ends inside a character") from None
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def json(received: Received, source: str) -> Any:
    """Return the content read as JSON.

    Raises:
        SourceError: nothing was sent, HTML was, or it is no JSON, or a part of it.
    """
    said = decoded(unzipped(received, source, max_bytes=MOST_JSON_BYTES), received, source)

    def refuse(name: str) -> NoReturn:
        raise unusable(received, source, f"sent JSON with the value {name}")

    try:
        return loads(said, parse_constant=refuse)
    except JSONDecodeError as error:
        if error.pos >= len(said.rstrip()) or error.msg.startswith("Unterminated"):
            what = f"sent JSON that ends too early (after {len(said)} characters)"
        else:
            what = f"sent no JSON ({error.msg}, line {error.lineno}, column {error.colno})"
    except RecursionError:
        what = "sent JSON that is nested too deeply"
    raise unusable(received, source, what)


@dataclass(frozen=True)
class Column:
    """A column of a delimited table: what it is called and what may stand in it."""

    name: str
    kind: Literal["text", "number", "whole", "date"] = "number"
    also: tuple[str, ...] = ()
    """Other names that providers give it."""
    lowest: float | str = -np.inf
    highest: float | str = np.inf
    """Range of its values, in it; dates as `2020-01-31`."""
    optional: bool = False
    """It may be absent: then it is empty."""
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

    Numbers may have a decimal point or comma and spaces between thousands. Text is stripped of
    spaces around it. Types: str, float64, Int64, datetime64[ns].

    Args:
        said: the text, its first line the names of columns.
        received: what it came in.
        source: who sent it.
        columns: what is wanted of it, every one required unless `optional`.
        delimiter: what stands between cells.
        missing: the provider's own marks for a missing value.
        key: columns that identify a row: rows that are twice the same collapse, rows that differ
            under one key are an error.
        skip_lines: lines before the names.
        newlines: quoted cells may have line breaks in them.
        most_left_out: share of the rows that may be left out for a cell of the wrong kind or out of
            range; they are logged.

    Raises:
        SourceError: HTML, no rows of names, a column is missing (the message says which are there),
            a line has too few or too many cells, a cell is of the wrong kind or out of range (the
            message names line and cell), a key stands for two different rows.
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
            raise unusable(received, source, f"has column {column.name} more than once")
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
            f"has no column {', '.join(absent)}; there are {', '.join(there)[:300]}",
            "the provider may have changed its format: look for a newer version of this program",
        )
    sieve.tell(_log, source)
    rows = pd.DataFrame(frame)[~bad].reset_index(drop=True)
    return unique(rows, key, received, source) if key else rows


def unique(rows: pd.DataFrame, key: Sequence[str], received: Received, source: str) -> pd.DataFrame:
    """Return `rows` with one row a `key`: those twice the same collapse, which is logged.

    Raises:
        SourceError: two rows of one key differ.
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
        what = f"has two different rows for {_row(rows[differs].iloc[0], key)}"
        raise unusable(received, source, what)
    return rows


def within(
    rows: pd.DataFrame,
    ranges: Mapping[str, tuple[float, float]],
    key: Sequence[str],
    received: Received,
    source: str,
) -> pd.DataFrame:
    """Return `rows` when every value lies in its column's range (ends in it) or is missing.

    Raises:
        SourceError: one does not; the message names the first by its `key`.
    """
    for name, (lowest, highest) in ranges.items():
        values = rows[name]
        wrong = values.notna() & ~values.between(lowest, highest)
        if wrong.any():
            first = rows[wrong].iloc[0]
            what = f"has {name} {first[name]} for {_row(first, key)}"
            raise unusable(received, source, f"{what}, not within {lowest} to {highest}")
    return rows


def number(cell: str) -> float | None:
    """Return the number that `cell` is, with decimal point or comma; None when it is none."""
    match = NUMBER.fullmatch(cell.strip(SPACES + "\t"))
    if match is None or not (match[2] or match[3]):
        return None
    sign, whole, decimals, exponent = match.groups()
    digits = re.sub(rf"[{SPACES}]", "", whole)
    value = float(f"{sign}{digits or 0}.{decimals or 0}{exponent or ''}")
    return value if isfinite(value) else None


def _something(received: Received, source: str) -> bytes:
    """Return the content unless it is empty or a web page."""
    content = received.content
    if not content.strip():
        raise unusable(received, source, "sent nothing")
    start = content[:5000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")) or (
        start.startswith(b"<") and b"<html" in start
    ):
        title = re.search(rb"<title[^>]*>([^<]{1,200})", content[:20_000], re.IGNORECASE)
        words = " ".join(title[1].decode("utf-8", "replace").split())[:80] if title else ""
        called = f" titled '{words}'" if words else ""
        raise unusable(received, source, f"sent HTML in place of data (a page{called})")
    return content


def _gunzipped(content: bytes, received: Received, source: str, most: int) -> bytes:
    """Return what all members of the gzip file hold."""
    pieces: list[bytes] = []
    length = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            while piece := file.read(CHUNK):
                length += len(piece)
                if length > most:
                    break
                pieces.append(piece)
    except EOFError:
        raise unusable(received, source, "sent a gzip file that ends too early") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise unusable(received, source, f"sent a damaged gzip file ({error})") from None
    if length > most:
        raise unusable(received, source, f"holds more than {most / MB:g} MB when uncompressed")
    return b"".join(pieces)


def _member(
    content: bytes, pattern: str | None, received: Received, source: str, most: int
) -> bytes:
    """Return the one file of the zip archive that `pattern` names."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [info for info in archive.infolist() if not info.is_dir()]
            fitting = [
                info
                for info in files
                if pattern is None or fnmatchcase(info.filename.lower(), pattern.lower())
            ]
            if len(fitting) != 1:
                names = ", ".join(info.filename for info in files)[:300] or "nothing"
                wanted = f" like {pattern}" if pattern else ""
                raise unusable(
                    received, source,
                    f"is a zip archive with {len(fitting)} files{wanted} in place of 1 ({names})",
                )  # fmt: skip
            if fitting[0].file_size > most:
                what = f"holds more than {most / MB:g} MB when uncompressed"
                raise unusable(received, source, what)
            return archive.read(fitting[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise unusable(received, source, f"sent a damaged zip archive ({error})") from None


def _cells(
    said: str,
    received: Received,
    source: str,
    *,
    delimiter: str,
    skip_lines: int,
    newlines: bool,
) -> pa.Table:
    """Return the cells of `said`, all text; a line of another length is an error."""
    if said.lstrip()[:1] == "<":
        raise unusable(received, source, "sent HTML or XML in place of a table")
    lines = said.split("\n", skip_lines + 1)
    if len(lines) <= skip_lines or not lines[skip_lines].strip():
        raise unusable(received, source, "sent a table without names of columns")
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
        what = f"sent no table ({str(error).splitlines()[0][:200]})"
        raise unusable(received, source, what) from None
    if odd:
        where = _row_line(said, skip_lines, odd[0].number - 1)
        what = f"has {odd[0].actual_columns} cells in place of {len(names)} in line {where}"
        raise unusable(received, source, what)
    open_quote = newlines and said.count('"') % 2 == 1
    if not newlines:
        open_quote = any(pc.any(pc.match_substring(c, "\n")).as_py() for c in cells.columns)
    if open_quote:
        raise unusable(received, source, "has a quoted cell that does not end")
    return cells.rename_columns(names)


def _row_line(said: str, skip_lines: int, row: int) -> int:
    """Return the line of the row (from 0) of a table, whose empty lines are no rows."""
    lines = enumerate(said.split("\n"), start=1)
    full = (number for number, line in lines if number > skip_lines + 1 and line.strip("\r"))
    return next(islice(full, row, None), skip_lines + 2 + row)


def _typed(
    cells: pa.ChunkedArray, column: Column, missing: Sequence[str]
) -> tuple["pd.Series[Any]", "pd.Series[bool]"]:
    """Return the values of `cells`, and which of them are not of the column's kind."""
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
    """Return the values of `cells`, and which are of another kind or out of range.

    Raises:
        SourceError: there is one, and the `sieve` lets none through.
    """
    values, wrong = _typed(cells, column, missing)
    kinds = {"number": "a number", "whole": "a whole number", "date": "a date", "text": "text"}
    what = f"is not {kinds[column.kind]}"
    if not wrong.any() and column.kind != "text":
        wrong = values.notna() & ~values.between(
            _bound(column, column.lowest), _bound(column, column.highest)
        )
        what = f"is not within {column.lowest} to {column.highest}"
    for row in np.flatnonzero(wrong.to_numpy(dtype=bool)):
        cell = cells[int(row)].as_py()[:60]
        told = f"has {column.name} '{cell}' in line {line(int(row))}, which {what}"
        if len(sieve.left_out) + 1 > sieve.most * len(cells):
            raise unusable(received, source, told)
        sieve.leave_out(f"line {line(int(row))}", ValueError(told))
    return values, wrong.to_numpy(dtype=bool)


def _bound(column: Column, bound: float | str) -> Any:
    """Return an end of the column's range as its values are."""
    if column.kind != "date":
        return bound
    if isinstance(bound, str):
        return pd.Timestamp(bound)
    return pd.Timestamp.min if bound < 0 else pd.Timestamp.max


def _empty(kind: str, n_rows: int) -> "pd.Series[Any]":
    """Return a column without a value."""
    types: dict[str, Any] = {
        "text": object,
        "number": np.float64,
        "whole": "Int64",
        "date": "datetime64[ns]",
    }
    return pd.Series([None] * n_rows, dtype=types[kind])


def _row(row: "pd.Series[Any]", key: Sequence[str]) -> str:
    """Return the key of a row as text."""
    shown = {
        name: f"{row[name]:%Y-%m-%d}" if isinstance(row[name], pd.Timestamp) else row[name]
        for name in key
    }
    return ", ".join(f"{name} {value}" for name, value in shown.items()) or "an empty key"
