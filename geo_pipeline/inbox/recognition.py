"""Recognition of a dropped file: its kind by its content, and whether it is safe to unpack."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from geo_pipeline.inbox.refusals import RefusedError, too_much, unknown
from geo_pipeline.sources import workbook
from geo_pipeline.sources.http import MB
from geo_pipeline.storage.inbox_files import Kind
from geo_pipeline.words import Message, message, printable

MOST_ZIPPED_BYTES = 1_000 * MB
"""Largest content of a zip archive: it is read into memory."""
MOST_GZIPPED_BYTES = 2_000 * MB
"""Largest content of a gzip file: stations since 1950 are 0.5 GB."""
MOST_MEMBERS = 1_000
CHUNK = 1 << 20
PEEK = 1 << 16


def recognised(path: Path) -> Kind:
    """Return the kind of a file by its content, whatever its name.

    Raises:
        RefusedError: the kind is unknown, or there is more content than may be unpacked.
    """
    with path.open("rb") as content:
        start = content.read(PEEK)
    if start.startswith(b"PK"):
        return _of_zip(path)
    if start.startswith(b"PAR1"):
        return "boundaries"
    if start.startswith(b"\x1f\x8b"):
        start = _start_of_gzip(path)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise RefusedError(message("inbox.old_workbook"))
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise unknown(message("inbox.empty"))
    if text.startswith(b"{"):
        return "boundaries"
    if text.startswith(b"<"):
        raise unknown(message("inbox.markup"))
    columns = set(columns_of(text.split(b"\n", 1)[0]))
    if "AAAAMM" in columns and "NUM_POSTE" in columns:
        raise RefusedError(message("inbox.monthly"))
    if columns & {"NUM_POSTE", "AAAAMMJJ"}:
        return "stations"
    raise unknown(message("inbox.not_recognised"))


def _of_zip(path: Path) -> Kind:
    """Return the kind of a zip archive once it is known to be safe to unpack."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = _weighed(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise unknown(message("inbox.zip_damaged", why=error)) from error
    if workbook.PART in names:
        return "crops"
    files = [name.rpartition("/")[2].lower() for name in names]
    if any(name.endswith((".xlsx", ".xls", ".ods")) for name in files):
        return "crops"
    if any(name.endswith((".geojson", ".json")) for name in files):
        return "boundaries"
    listed = printable(", ".join(names)[:200]) or "-"
    raise unknown(message("inbox.zip_of", listed=listed))


def _weighed(archive: zipfile.ZipFile, depth: int = 0) -> list[str]:
    """Return the names of the files in `archive` after unpacking all of it to count its bytes.

    The sizes stated in the archive are not believed; workbooks inside are unpacked and counted too.
    """
    members = [each for each in archive.infolist() if not each.is_dir()]
    if len(members) > MOST_MEMBERS:
        raise too_much(message("inbox.files", count=len(members)))
    total = 0
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise RefusedError(message("inbox.path", path=repr(member.filename[:80])))
        inner = depth == 0 and parts[-1].lower().endswith(".xlsx")
        kept, told = BytesIO(), member.file_size
        member.file_size = 2 * (MOST_ZIPPED_BYTES + CHUNK)  # read on, whatever size is stated
        with archive.open(member) as stream:
            while chunk := stream.read(CHUNK):
                total += len(chunk)
                if total > MOST_ZIPPED_BYTES:
                    raise too_much(_megabytes(MOST_ZIPPED_BYTES))
                if inner:
                    kept.write(chunk)
        member.file_size = told
        if inner:
            with zipfile.ZipFile(kept) as workbook:
                _weighed(workbook, depth + 1)
    return [member.filename for member in members]


def _start_of_gzip(path: Path) -> bytes:
    """Return the beginning of a gzip file after unpacking all of it to count its bytes."""
    total, start = 0, b""
    try:
        with gzip.open(path) as stream:
            while chunk := stream.read(CHUNK):
                start = start or chunk[:PEEK]
                total += len(chunk)
                if total > MOST_GZIPPED_BYTES:
                    raise too_much(_megabytes(MOST_GZIPPED_BYTES))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise unknown(message("inbox.gzip_damaged", why=error)) from error
    return start


@contextmanager
def opened(content: BinaryIO) -> Iterator[BinaryIO]:
    """Give `content`, unpacked if it is gzip."""
    start = content.read(2)
    content.seek(0)
    if start == b"\x1f\x8b":
        with gzip.open(content) as text:
            yield cast(BinaryIO, text)
    else:
        yield content


def columns_of(line: bytes) -> list[str]:
    """Return the names in the first line of a table."""
    text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").strip()
    return [name.strip().strip('"').upper() for name in text.split(";")]


def _megabytes(most: int) -> Message:
    return message("inbox.megabytes", size=most // MB)
