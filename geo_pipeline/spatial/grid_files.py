"""Grid files of SAFRAN-ISBA (SIM2) as blocks of rows: their header, and errors in them.

A file of ten years has 36 million rows: it is unzipped block by block, and several blocks are
parsed at the same time. The checksum of the archive is verified on the way, because parsers would
take an archive that ends too early for a shorter file. Arrow parses, in half the time that DuckDB
takes; a block that it refuses is given to DuckDB, which takes more notations of a number and names
the line that is wrong.
"""

import gzip
import os
import re
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import duckdb
import numpy as np
import pyarrow as pa
from isal import igzip, isal_zlib
from pyarrow import csv

from geo_pipeline.errors import SourceError
from geo_pipeline.spatial import database
from geo_pipeline.spatial.growing import Growing
from geo_pipeline.words import Message, message

KEYS = ("LAMBX", "LAMBY", "DATE")
REQUIRED = ("PRENEI", "PRELIQ", "T", "FF", "SSI", "HU", "ETP", "SWI")
OPTIONAL = ("TINF_H", "TSUP_H")
"""Columns that are used if present, whether their names end in `_Q` or not."""

KINDS = {**dict.fromkeys(KEYS, "INTEGER"), **dict.fromkeys((*REQUIRED, *OPTIONAL), "DOUBLE")}
"""Columns that are read, with their types in DuckDB."""

MISSING = ["", "NA", "NaN", "nan"]
"""Texts of cells without a value."""

BLOCK = 1 << 24
"""Bytes of a block, some 120,000 rows: memory for larger ones costs more than it saves."""

MOST_PARSERS = 4
"""Most blocks that are parsed at the same time: one thread unzips no faster."""

_PART = 1 << 21
"""Bytes of a block that are parsed at a time, of which a core's cache holds the columns."""

_LONGEST_LINE = 1 << 16
_GZIP = b"\x1f\x8b"
_DAMAGED = gzip.BadGzipFile, cast(type[Exception], isal_zlib.error)
"""Errors of a damaged archive; the types that come with `isal` take the second for an object."""


class Cell(NamedTuple):
    """Centre of a cell, hectometres of Lambert II étendu (EPSG:27572)."""

    x_hm: int
    y_hm: int


def head(file: Path | Growing) -> tuple[list[str], Cell]:
    """Return the names of the columns, without `_Q`, and the cell of the first row.

    Raises:
        SourceError: it is no grid, lacks a column, or has no row.
    """
    with _whole(), _open(file) as stream:
        line = stream.readline(_LONGEST_LINE)
        row = next(filter(bytes.strip, iter(lambda: stream.readline(_LONGEST_LINE), b"")), b"")
    text = line.decode("utf-8-sig", errors="replace").strip()
    if not text or text.startswith("<"):
        raise SourceError(message("grid.html" if text else "grid.empty"))
    given = [name.strip(' "').upper().removesuffix("_Q") for name in text.split(";")]
    missing = [name for name in (*KEYS, *REQUIRED) if name not in given]
    if missing:
        raise SourceError(message("grid.no_column", columns=missing, there=text[:120]))
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise SourceError(message("grid.two_columns", columns=twice))
    cells = row.decode("utf-8", errors="replace").strip().split(";")
    if cells == [""]:
        raise SourceError(message("grid.no_rows"))
    try:
        x_hm, y_hm = (round(float(cells[given.index(name)])) for name in ("LAMBX", "LAMBY"))
    except (ValueError, OverflowError, IndexError) as error:
        raise SourceError(message("grid.no_place", row=repr(row[:80]))) from error
    return given, Cell(x_hm, y_hm)


def blocks(file: Path | Growing, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of `file` in their order, as `rows` returns those of a block.

    Threads unzip and parse the next blocks while one is used. `names` are those of all columns.
    What a growing file lacks is waited for.

    Raises:
        SourceError: the archive is damaged or ends too early, or a row is malformed; the blocks
            before it have been yielded.
        GivenUpError: a growing file is of no use.
    """

    def parsed(unzipped: "Future[tuple[int, bytes] | None]") -> list[pa.RecordBatch] | None:
        block = unzipped.result()
        if block is None:
            return None
        lines_before, lines = block
        batches: list[pa.RecordBatch] = (
            rows(lines, names, lines_before).combine_chunks().to_batches()
        )
        return batches

    parsers = min(os.cpu_count() or 1, MOST_PARSERS)
    with (
        closing(_unzipped(file)) as unzipped,
        ThreadPoolExecutor(1, thread_name_prefix="grid") as unzipper,
        ThreadPoolExecutor(parsers, thread_name_prefix="grid") as parser,
    ):

        def following() -> "Future[list[pa.RecordBatch] | None]":
            return parser.submit(parsed, unzipper.submit(next, unzipped, None))

        waiting = deque(following() for _ in range(parsers))
        while (batches := waiting.popleft().result()) is not None:
            waiting.append(following())
            yield from batches


def _unzipped(file: Path | Growing) -> Generator[tuple[int, bytes]]:
    """Yield the lines of `file` after its header in blocks, with the number of lines before each.

    Raises:
        SourceError: the archive is damaged or ends too early; the last block is then not yielded.
    """
    with _whole(), _open(file) as stream:
        stream.readline(_LONGEST_LINE)
        lines_before = 1
        while lines := stream.read(BLOCK) + stream.readline(_LONGEST_LINE):
            yield lines_before, lines
            lines_before += int(np.count_nonzero(np.frombuffer(lines, np.uint8) == ord("\n")))


def rows(lines: bytes, names: Sequence[str], lines_before: int) -> pa.Table:
    """Return the rows of a block of lines as the columns `KINDS`, null where a file has none.

    Args:
        lines: a block of the lines after the header.
        names: the names of all columns of the file, of `head`.
        lines_before: the number of lines before the block.

    Raises:
        SourceError: a row has too many or too few columns, or a malformed number.
    """
    types = {name: pa.int32() if name in KEYS else pa.float64() for name in KINDS}
    try:
        return csv.read_csv(
            pa.BufferReader(lines),
            read_options=csv.ReadOptions(
                column_names=list(names), block_size=_PART, use_threads=False
            ),
            parse_options=csv.ParseOptions(delimiter=";"),
            convert_options=csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                include_missing_columns=True,
                null_values=MISSING,
            ),
        )
    except pa.ArrowInvalid:
        return _patiently(lines, names, lines_before)


def _patiently(lines: bytes, names: Sequence[str], lines_before: int) -> pa.Table:
    """Return the rows of a block that Arrow refuses, as `rows` does."""
    absent = [f"CAST(NULL AS DOUBLE) AS {name}" for name in KINDS if name not in names]
    with (
        database.connect(functions=False) as connection,
        tempfile.TemporaryDirectory(prefix="geo-pipeline-grid-") as folder,
    ):
        block = Path(folder) / "block.csv"
        block.write_bytes(lines)
        try:
            given = connection.read_csv(
                str(block),
                columns={name: KINDS.get(name, "VARCHAR") for name in names},
                header=False,
                sep=";",
                quotechar='"',
                escapechar='"',
                na_values=MISSING,
                auto_detect=False,
            )
            known: pa.Table = given.project(", ".join(["*", *absent])).to_arrow_table()
        except duckdb.Error as error:
            raise SourceError(explain(str(error), lines_before)) from error
    return known.select(list(KINDS))


def explain(told: str, lines_before: int) -> Message:
    """Return DuckDB's error on a block in one line, with the line of the file where known."""
    found = re.search(r"CSV Error on Line: (\d+)", told)
    if found is None:
        return message("fault.unusable", what=told.partition(": ")[2].partition("\n")[0])
    line = lines_before + int(found[1])
    malformed = re.search(
        r'converting column "(\w+)"\. Could not convert string "(.*?)" to \'(\w+)\'', told
    )
    if malformed:
        column, given, kind = malformed.groups()
        wanted = message("grid.whole_number" if kind == "INTEGER" else "grid.number")
        value = {"text": repr(given[:40]), "line": line, "column": column}
        return message("grid.malformed", wanted=wanted, **value)
    found = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", told)
    if found:
        return message("grid.columns", columns=found[2], wanted=found[1], line=line)
    rest = [part for part in told.splitlines()[1:3] if part]
    return message("grid.unreadable", line=line, why="; ".join(rest)[:160])


def _open(file: Path | Growing) -> BinaryIO:
    """Return a stream of the lines of `file`, plain or gzip."""

    def plain() -> BinaryIO:
        return file.open("rb") if isinstance(file, Path) else file.open()

    with plain() as stream:
        is_zipped = stream.read(len(_GZIP)) == _GZIP
    if not is_zipped:
        return plain()
    unzipped: Callable[[Path | BinaryIO, str], BinaryIO] = igzip.open
    return unzipped(file if isinstance(file, Path) else file.open(), "rb")


@contextmanager
def _whole() -> Iterator[None]:
    """Report a damaged archive in one line."""
    try:
        yield
    except EOFError as error:
        raise SourceError(message("grid.gzip_cut")) from error
    except _DAMAGED as error:
        raise SourceError(message("grid.gzip_damaged", why=error)) from error
