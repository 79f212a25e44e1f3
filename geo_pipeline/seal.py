"""The seal of a Parquet file: a digest of all of its bytes and of its place in the lake.

Parquet's own checksums, where a writer adds them, do not cover the footer, and DuckDB does not
check them. The seal lies between the last page and the footer, which readers, who find everything
by offset, never read: any reader can read a sealed file. The footer's metadata say that there is a
seal and which file it belongs to. Either sign alone makes the digest mandatory, so no flipped bit
can make a sealed file look like an older, unsealed one.
"""

import hashlib
import io
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from geo_pipeline.errors import DamagedError
from geo_pipeline.objects import Place
from geo_pipeline.words import Message, message

SIGN = b"geo_pipeline.sealed"
"""Key in the footer's metadata; its value is the end of the file's path."""

MARK = b"\xff\x00" + SIGN + b"\x00\xff"
"""Bytes before the digest; not UTF-8, so that no text of a table can be mistaken for them."""

DIGEST_BYTES = 32
"""Length of the SHA-256 over all bytes but the mark and the digest itself."""

_TAIL_BYTES = 8
"""Length of what follows a Parquet footer: its length (little-endian, 4 bytes) and `PAR1`."""


class Opened(NamedTuple):
    """A file whose seal is valid, or that was written before there were seals."""

    file: pq.ParquetFile
    content: bytes
    sha256: str
    """SHA-256 of the whole file, its seal included."""
    is_sealed: bool


def sealed(content: pa.Table, place: str, **options: Any) -> bytes:
    """Return `content` as the bytes of a sealed Parquet file.

    Args:
        content: the rows, with the metadata for the footer.
        place: the end of the file's path, such as `weather_daily/departement=31/part.parquet`.
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


def opened(path: Place) -> Opened:
    """Open the Parquet file at `path` in memory, after checking every byte of it.

    Raises:
        FileNotFoundError: it does not exist.
        DamagedError: its bytes are not those that were written, or belong to another place.
    """
    try:
        content = path.read_bytes()
        sha256, holds = _hashed(content)
        if not holds:
            raise damaged(path, message("seal.bytes"))
        file = pq.ParquetFile(pa.BufferReader(content))
        place = (file.schema_arrow.metadata or {}).get(SIGN)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, str(error).splitlines()[0]) from error
    if place is not None and not path.as_posix().endswith(f"/{place.decode()}"):
        raise damaged(path, message("seal.another_place", place=place.decode()))
    return Opened(file, content, sha256, place is not None)


def damaged(path: Place, reason: Message | str) -> DamagedError:
    """Return the error for a damaged file at `path`."""
    return DamagedError(message("seal.damaged", path=path, why=reason), path)


def _hashed(content: bytes) -> tuple[str, bool]:
    """Return the SHA-256 of a file, and whether its seal is valid.

    A file is valid too where nothing in it says that it has a seal. Both hashes begin with the
    pages, nearly all of the file, which are hashed once.
    """
    mark = content.find(MARK)
    if mark < 0:
        return hashlib.sha256(content).hexdigest(), SIGN not in content
    digest, rest = mark + len(MARK), mark + len(MARK) + DIGEST_BYTES
    view = memoryview(content)
    found = hashlib.sha256(view[:mark])
    whole = found.copy()
    found.update(view[rest:])
    whole.update(view[mark:])
    return whole.hexdigest(), found.digest() == content[digest:rest]
