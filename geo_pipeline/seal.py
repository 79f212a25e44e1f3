"""The seal of a Parquet file: a digest over all of its bytes, and of whose place they are.

Parquet's own checksums, where a writer makes them, leave the footer out, and DuckDB does not look
at them. The seal lies between the last page and the footer, where readers, who find everything by
its offset, never look: any of them reads a sealed file like another. The footer's metadata say that
there is a seal and which file it is of; either sign alone demands that the digest holds, so that no
flipped bit makes a sealed file look like one of before there were seals.
"""

import hashlib
import io
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from geo_pipeline.errors import DamagedError
from geo_pipeline.words import Message, message

SIGN = b"geo_pipeline.sealed"
"""Key of the footer's metadata; its value is the end of the file's path."""

MARK = b"\xff\x00" + SIGN + b"\x00\xff"
"""Precedes the digest; not UTF-8, so that no text of a table can be taken for it."""

DIGEST_BYTES = 32
"""Of SHA-256, over all bytes but the mark and itself."""

_TAIL_BYTES = 8
"""What follows a Parquet footer: its length (little-endian, 4 bytes) and `PAR1`."""


class Opened(NamedTuple):
    """A file whose seal holds, or that is of before there were seals."""

    file: pq.ParquetFile
    content: bytes
    is_sealed: bool


def sealed(content: pa.Table, place: str, **options: Any) -> bytes:
    """Return `content` as the bytes of a sealed Parquet file.

    Args:
        content: the rows, with the metadata that the footer is to have.
        place: how the path of the file ends, such as `weather_daily/departement=31/part.parquet`.
        options: those of `pyarrow.parquet.write_table`.
    """
    metadata = {**(content.schema.metadata or {}), SIGN: place.encode()}
    buffer = io.BytesIO()
    pq.write_table(content.replace_schema_metadata(metadata), buffer, **options)
    plain = buffer.getvalue()
    footer_bytes = int.from_bytes(plain[-_TAIL_BYTES:-4], "little")
    pages = len(plain) - _TAIL_BYTES - footer_bytes
    digest = hashlib.sha256(plain).digest()
    return b"".join((plain[:pages], MARK, digest, plain[pages:]))


def opened(path: Path) -> Opened:
    """Open the Parquet file at `path` from memory, after a look at every byte of it.

    Raises:
        FileNotFoundError: it is not there.
        DamagedError: its bytes are not those that were written, or were written for another place.
    """
    try:
        content = path.read_bytes()
        if not _holds(content):
            raise damaged(path, message("seal.bytes"))
        file = pq.ParquetFile(pa.BufferReader(content))
        place = (file.schema_arrow.metadata or {}).get(SIGN)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, str(error).splitlines()[0]) from error
    if place is not None and not path.as_posix().endswith(f"/{place.decode()}"):
        raise damaged(path, message("seal.another_place", place=place.decode()))
    return Opened(file, content, place is not None)


def damaged(path: Path, reason: Message | str) -> DamagedError:
    """Return the error that says that the file at `path` cannot be believed."""
    return DamagedError(message("seal.damaged", path=path, why=reason), path)


def _holds(content: bytes) -> bool:
    """Return whether the seal of a file holds, or nothing in it says that there is one."""
    mark = content.find(MARK)
    if mark < 0:
        return SIGN not in content
    digest, rest = mark + len(MARK), mark + len(MARK) + DIGEST_BYTES
    view = memoryview(content)
    found = hashlib.sha256(view[:mark])
    found.update(view[rest:])
    return found.digest() == content[digest:rest]
