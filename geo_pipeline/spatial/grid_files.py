"""Grid files of SAFRAN-ISBA (SIM2) as blocks of lines: their header, and errors in them.

A file of ten years has 36 million rows: it is unzipped block by block, the next one while one is
parsed. The checksum of the archive is verified on the way, because DuckDB would take an archive
that ends too early for a shorter file.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from geo_pipeline.errors import SourceError
from geo_pipeline.words import Message, message

KEYS = ("LAMBX", "LAMBY", "DATE")
REQUIRED = ("PRENEI", "PRELIQ", "T", "FF", "SSI", "HU", "ETP", "SWI")
OPTIONAL = ("TINF_H", "TSUP_H")
"""Columns that are used if present, whether their names end in `_Q` or not."""

BLOCK = 1 << 25
"""Bytes of a block, some 250,000 cells and days."""

_LONGEST_LINE = 1 << 16
_GZIP = b"\x1f\x8b"


class Cell(NamedTuple):
    """Centre of a cell, hectometres of Lambert II étendu (EPSG:27572)."""

    x_hm: int
    y_hm: int


def head(path: Path) -> tuple[list[str], Cell]:
    """Return the names of the columns, without `_Q`, and the cell of the first row.

    Raises:
        SourceError: it is no grid, lacks a column, or has no row.
    """
    with _whole(), _open(path) as stream:
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


def blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of `path` after its header in blocks, with the number of lines before each.

    A thread unzips the next block while one is parsed.

    Raises:
        SourceError: the archive is damaged or ends too early; the last block is then not yielded.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="grid") as unzipper, _open(path) as stream:

        def unzip() -> bytes:
            with _whole():
                return stream.read(BLOCK) + stream.readline(_LONGEST_LINE)

        with _whole():
            stream.readline(_LONGEST_LINE)
        lines_before = 1
        following = unzipper.submit(unzip)
        while lines := following.result():
            following = unzipper.submit(unzip)
            yield lines_before, lines
            lines_before += lines.count(b"\n")


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


def _open(path: Path) -> BinaryIO:
    """Return a stream of the lines of `path`, plain or gzip."""
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP
    return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")


@contextmanager
def _whole() -> Iterator[None]:
    """Report a damaged archive in one line."""
    try:
        yield
    except EOFError as error:
        raise SourceError(message("grid.gzip_cut")) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(message("grid.gzip_damaged", why=error)) from error
