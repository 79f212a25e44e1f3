"""The grid files of SAFRAN-ISBA (SIM2) as blocks of lines: what their header says, what is wrong.

A file of ten years has 36 million rows: it is unzipped block by block, the next one while one is
worked on. The checksum of the archive is checked on the way: DuckDB itself would take an archive
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

KEYS = ("LAMBX", "LAMBY", "DATE")
REQUIRED = ("PRENEI", "PRELIQ", "T", "FF", "SSI", "HU", "ETP", "SWI")
OPTIONAL = ("TINF_H", "TSUP_H")
"""Columns that are read of a file, whether their names end in `_Q` or not."""

BLOCK = 1 << 25
"""Bytes that are worked on at a time, some 250,000 cells and days."""

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
        what = "HTML in place of a grid" if text else "an empty file"
        raise SourceError(f"sent {what}")
    given = [name.strip(' "').upper().removesuffix("_Q") for name in text.split(";")]
    missing = [name for name in (*KEYS, *REQUIRED) if name not in given]
    if missing:
        raise SourceError(
            f"has no column {', '.join(missing)} among {text[:120]}: its format may have changed"
        )
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise SourceError(f"has two columns {', '.join(twice)}")
    cells = row.decode("utf-8", errors="replace").strip().split(";")
    if cells == [""]:
        raise SourceError("has no rows")
    try:
        x_hm, y_hm = (round(float(cells[given.index(name)])) for name in ("LAMBX", "LAMBY"))
    except (ValueError, OverflowError, IndexError) as error:
        raise SourceError(f"has no LAMBX and LAMBY in line 2: {row[:80]!r}") from error
    return given, Cell(x_hm, y_hm)


def blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of `path` after its header in blocks, with the number of lines before each.

    The next block is unzipped by a thread of its own while one is worked on.

    Raises:
        SourceError: the archive is damaged or ends too early; what came last is then not yielded.
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


def explain(message: str, lines_before: int) -> str:
    """Return in one line what DuckDB says of a block, with the line where it says one."""
    found = re.search(r"CSV Error on Line: (\d+)", message)
    if found is None:
        return "cannot be used: " + message.partition(": ")[2].partition("\n")[0]
    line = lines_before + int(found[1])
    malformed = re.search(
        r'converting column "(\w+)"\. Could not convert string "(.*?)" to \'(\w+)\'', message
    )
    if malformed:
        column, given, kind = malformed.groups()
        wanted = "a whole number" if kind == "INTEGER" else "a number"
        return f"has {given[:40]!r} in place of {wanted} in line {line}, column {column}"
    found = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if found:
        return f"has {found[2]} columns in place of {found[1]} in line {line}"
    rest = [part for part in message.splitlines()[1:3] if part]
    return f"cannot be read in line {line}: {'; '.join(rest)[:160]}"


def _open(path: Path) -> BinaryIO:
    """Return a stream of the lines of `path`, plain or gzip."""
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP
    return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")


@contextmanager
def _whole() -> Iterator[None]:
    """Tell in one line that an archive is damaged."""
    try:
        yield
    except EOFError as error:
        raise SourceError("sent a gzip archive that ends too early") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"sent a damaged gzip archive ({error})") from error
