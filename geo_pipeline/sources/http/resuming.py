"""Downloads that go on where they were cut.

The bytes of a download that was cut lie in `.partial` beside the answer, and in `.partial.json`
what they belong to: address, validator and whole length. The next request, of this run or a later
one, asks for the rest only (`Range`), and for all of it if the file has changed (`If-Range`).
Without a strong validator nothing is kept of a cut download.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import new
from http import HTTPStatus
from io import FileIO
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock, Timeout

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError, StorageError
from geo_pipeline.sources.http.attempts import Checksum, Failed, Request
from geo_pipeline.sources.raw import About, Kept, RawStore, disk, write_whole
from geo_pipeline.words import message

BYTES = ".partial"
NOTE = ".partial.json"
LOCK = ".partial.lock"
CHUNK = 1 << 20
MB = 1_000_000

ROOM_MB = 20
"""Space that a download leaves free on the disk, for the records of the run, MB."""

RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")

OnBytes = Callable[[str, Path, int, int | None], object]
"""Is told the address of a download, the file that it is written to and which is moved once it is
whole, the bytes that are there, and those of the whole file."""


@dataclass(frozen=True)
class _Belongs:
    """What the bytes of a cut download belong to."""

    url: str
    etag: str | None
    last_modified: str | None
    length: int | None

    @property
    def validator(self) -> str | None:
        """The strong validator of the file; None where it has none."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


def unheard(_url: str, _path: Path, _done: int, _length: int | None) -> None:
    """Ignore the bytes of a download."""


class Partial:
    """The bytes received so far of the answer in `place`, used by one process at a time."""

    def __init__(self, place: Path) -> None:
        self.path = place / BYTES
        self._note = place / NOTE
        self._belongs = self._read()

    @property
    def size(self) -> int:
        """Bytes that are there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def conditions(self, url: str) -> dict[str, str]:
        """Return the headers that ask for the rest of `url`; none where nothing of it is there."""
        known = self._belongs
        if known is None or known.url != url or known.validator is None or not self.size:
            return {}
        return {
            "Range": f"bytes={self.size}-",
            "If-Range": known.validator,
            # A range of compressed content would be one of other bytes.
            "Accept-Encoding": "identity",
        }

    def settled(self, raw: RawStore, request: Request, answer: requests.Response) -> Kept:
        """Keep a file whose last byte had come, as an answer 416 says, but that was not kept yet.

        Raises:
            Failed: the bytes are of another file, or the file is unusable; they are dropped.
        """
        whole = answer.headers.get("Content-Range", "") == f"bytes */{self.size}"
        if not (whole and self._is_same(answer)):
            self.drop()
            raise Failed(message("http.other_part"), again=True)
        about = replace(request.about(HTTPStatus.OK, answer.headers), content_type=None)
        return self.keep(raw, request.place, about, request.checksum)

    def take(
        self, answer: requests.Response, url: str, body: Iterable[bytes], told: OnBytes
    ) -> None:
        """Add the `body` of an answer: the rest of the file (206), or all of it.

        Raises:
            Failed: the body ends too early, or the part is not the one that was asked for.
            StorageError: the disk cannot take it.
        """
        if answer.status_code == HTTPStatus.PARTIAL_CONTENT:
            length = self._continued(answer)
        else:
            length = _length(answer)
            self.drop()
            validators = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
            self._belongs = _Belongs(url, *validators, length)
            with disk(self.path.parent):
                notes.write(self._note, asdict(self._belongs))
        room_for(self.path.parent, (length or 0) - self.size)
        with disk(self.path.parent):
            file = FileIO(self.path, "ab")
        with file:
            size = self.size
            told(url, self.path, size, length)
            for chunk in body:
                with disk(self.path.parent):
                    write_whole(file, chunk)
                size += len(chunk)
                told(url, self.path, size, length)
        if length is not None and size != length:
            raise Failed(message("http.cut"), again=True)

    def keep(self, raw: RawStore, place: Path, about: About, checksum: Checksum | None) -> Kept:
        """Keep the whole file as the answer in `place`.

        Raises:
            Failed: it is empty, or has another checksum than its publisher lists; it is dropped.
        """
        why = None
        if not self.size:
            why = message("http.empty")
        elif checksum is not None and not checksum.is_older_than(about.last_modified):
            with self.path.open("rb") as stream:
                digest = _digest(stream, checksum.algorithm)
            if digest is not None and digest != checksum.value.lower():
                why = message("http.checksum", algorithm=checksum.algorithm)
        if why is not None:
            self.drop()
            raise Failed(why, again=True)
        kept = raw.adopt(place, about, self.path)
        self.drop()
        return kept

    def drop(self) -> None:
        """Forget what was received."""
        self._belongs = None
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _continued(self, answer: requests.Response) -> int | None:
        """Return the whole length that an answer 206 tells.

        Raises:
            Failed: it is not the part that was asked for; what was received is dropped.
        """
        told = RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        known = self._belongs
        if known is None or told is None or int(told[1]) != self.size or not self._is_same(answer):
            self.drop()
            raise Failed(message("http.other_part"), again=True)
        return known.length if told[3] == "*" else int(told[3])

    def _is_same(self, answer: requests.Response) -> bool:
        """Return whether no validator of `answer` says that the file has changed."""
        known = self._belongs
        now = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        if known is None or now == (None, None):
            return False
        before = known.etag, known.last_modified
        return all(one in (other, None) for one, other in zip(now, before, strict=True))

    def _read(self) -> _Belongs | None:
        """Return what the bytes belong to; None where nobody can tell."""
        try:
            said: Any = notes.read(self._note)
            return _Belongs(**said)
        except (FileNotFoundError, DamagedError, TypeError):
            return None


@contextmanager
def partial_of(place: Path) -> Iterator[Partial | None]:
    """Give what was received of the answer in `place`; None while another process adds to it."""
    with disk(place):
        place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        yield None
        return
    try:
        yield Partial(place)
    finally:
        lock.release()


def room_for(folder: Path, length: int) -> None:
    """Raise StorageError where the disk of `folder` has no room for `length` more bytes."""
    free = shutil.disk_usage(folder).free
    if length > 0 and length + ROOM_MB * MB > free:
        raise StorageError(
            message("raw.no_room", place=folder, need_mb=length / MB, free_mb=free / MB)
        )


def can_resume(request: Request, answer: requests.Response) -> bool:
    """Return whether a cut body of `answer` could be gone on with."""
    plain = answer.headers.get("Content-Encoding", "identity").strip().lower() in ("", "identity")
    return (
        plain and request.keep and answer.status_code in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)
    )


def _length(answer: requests.Response) -> int | None:
    told = answer.headers.get("Content-Length", "")
    return int(told) if told.isdigit() else None


def _digest(stream: Any, algorithm: str) -> str | None:
    """Return the digest of `stream`; None where there is no such `algorithm` here."""
    try:
        digest = new(algorithm.replace("-", "").lower(), usedforsecurity=False)
    except ValueError:
        return None
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
