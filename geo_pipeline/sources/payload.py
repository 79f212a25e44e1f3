"""Payloads of providers: archives, text and JSON, opened with one-line errors.

Every function takes what was received and the name of the provider (`open-meteo` or `open-meteo,
département 32`) for its errors. Unusable content is rejected in the raw store, so that it is
requested anew; the answer kept before it stays valid. Delimited tables are read in `delimited`,
workbooks in `workbook`.
"""

import gzip
import io
import logging
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from json import JSONDecodeError, loads
from typing import Any, NoReturn, TypeVar, TypeVarTuple

from geo_pipeline import judging
from geo_pipeline.errors import SourceError
from geo_pipeline.judging import Limits
from geo_pipeline.sources.faults import LATER_OR_REPORT, fault, listed
from geo_pipeline.sources.http import MB, Checksum, Received
from geo_pipeline.words import Message, message, verbatim

CHUNK = 1 << 20
MOST_BYTES = 2_000 * MB
"""Largest content of an archive that is opened in memory."""
MOST_JSON_BYTES = 300 * MB
"""Largest JSON: parsed, it takes ten times as much memory."""

_log = logging.getLogger(__name__)

R = TypeVar("R")
More = TypeVarTuple("More")


def unusable(
    received: Received, source: str, what: Message, advice: Message = LATER_OR_REPORT
) -> SourceError:
    """Reject `received` and return the one-line error that says `what` is wrong with it."""
    received.reject(what)
    return SourceError(fault(source, received.url, what, advice))


MOST_NAMED = 20
"""Items left out of one file that are named; the others are counted."""


class Sieve:
    """Takes the good items of a file one by one, and notes what is left out and why.

    `most` is the share that may be left out: `Received.most_left_out`.
    """

    def __init__(self, most: float) -> None:
        self.most = most
        self.left_out: list[tuple[str, str]] = []
        """Name and reason, in English."""
        self._told: list[Message] = []
        self._first: Exception | None = None
        self._n_taken = 0

    def take(
        self, name: str, read: Callable[[*More], R], *of: *More, fault: type[Exception]
    ) -> R | None:
        """Return the result of `read` for one item, None where it raises `fault`."""
        try:
            value = read(*of)
        except fault as error:
            self.leave_out(name, error)
            return None
        self._n_taken += 1
        return value

    def leave_out(self, name: Message | str, error: Exception, *, taken: bool = False) -> None:
        """Note that an item is left out; `taken` means that it was counted as good before."""
        self._first = self._first or error
        self._n_taken -= taken
        self.left_out.append((str(name), str(error)))
        why = verbatim(error)
        if not str(error).startswith(str(name)):
            why = message("left_out.named", name=name, why=why)
        self._told.append(message("left_out.one", what=why))

    def require_most(self, of: int | None = None) -> None:
        """Raise the first fault where too much was left out for the rest to be trusted.

        `of` is the number of items, where not each went through `take`.
        """
        whole = self._n_taken + len(self.left_out) if of is None else of
        if self._first is not None and len(self.left_out) > self.most * whole:
            raise self._first

    def told(self) -> list[Message]:
        """Return what was left out and why, one sentence each, and the number beyond
        `MOST_NAMED`."""
        named, more = self._told[:MOST_NAMED], len(self._told) - MOST_NAMED
        return [*named, message("left_out.more", count=more)] if more > 0 else named

    def tell(self, log: logging.Logger, source: str) -> None:
        """Log what was left out of the content from `source`."""
        for each in self.told():
            log.warning("%s: %s", source, each)


def judged(
    received: Received, limits: Limits | None, read: Callable[[Received, *More], R], *more: *More
) -> R:
    """Return the result of `read` for `received`, in a child process if there are `limits`.

    Raises:
        SourceError: `read` found the content unusable; it is rejected in the raw store.
        ValueError: the child ran out of memory or time or crashed, or `read` raised it.
    """
    if limits is None:
        return read(received, *more)
    try:
        return judging.judged(limits, read, received, *more)
    except SourceError as error:
        received.reject(error.message)
        raise


def unzipped(
    received: Received, source: str, *, member: str | None = None, max_bytes: int = MOST_BYTES
) -> bytes:
    """Return the content of a gzip or zip archive; other content is returned as it is.

    Args:
        received: what was sent.
        source: the provider.
        member: the file of a zip archive, as a pattern (`*.csv`); needed when it has several.
        max_bytes: largest content.

    Raises:
        SourceError: nothing or HTML was sent, the archive is damaged or ends early, no or several
            members match, or the content is too long.
    """
    content = _something(received, source)
    if content.startswith(b"\x1f\x8b"):
        return _gunzipped(content, received, source, max_bytes)
    if content.startswith(b"PK\x03\x04") or content.startswith(b"PK\x05\x06"):
        return _member(content, member, received, source, max_bytes)
    name = received.url.partition("?")[0].lower()
    if member is not None or name.endswith((".zip", ".xlsx")):
        raise unusable(received, source, message("payload.no_zip"))
    return content


def members(received: Received, source: str) -> list[str]:
    """Return the names of the files in a zip archive.

    Raises:
        SourceError: it is no zip archive, or damaged.
    """
    content = _something(received, source)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [name for name in archive.namelist() if not name.endswith("/")]
    except zipfile.BadZipFile as error:
        raise unusable(received, source, message("payload.zip_damaged", why=error)) from None


def text(received: Received, source: str, *, member: str | None = None) -> str:
    """Return the content as text, unpacked and without byte order mark.

    It is UTF-8 (or UTF-16 with its mark), else Windows-1252, of which Latin-1 is a part.

    Raises:
        SourceError: as in `unzipped`, or the content is binary, or ends inside a character.
    """
    return decoded(unzipped(received, source, member=member), received, source)


def decoded(content: bytes, received: Received, source: str) -> str:
    """Return `content`, which came in `received`, as text; see `text`."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise unusable(received, source, message("payload.utf16")) from None
    if b"\0" in content[:CHUNK]:
        raise unusable(received, source, message("payload.binary"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.end == len(content):
            raise unusable(received, source, message("payload.cut_text")) from None
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def json(received: Received, source: str) -> Any:
    """Return the content parsed as JSON.

    Raises:
        SourceError: nothing or HTML was sent, or it is not complete JSON.
    """
    said = decoded(unzipped(received, source, max_bytes=MOST_JSON_BYTES), received, source)

    def refuse(name: str) -> NoReturn:
        raise unusable(received, source, message("payload.json_value", value=name))

    try:
        return loads(said, parse_constant=refuse)
    except JSONDecodeError as error:
        if error.pos >= len(said.rstrip()) or error.msg.startswith("Unterminated"):
            what = message("payload.json_cut", length=len(said))
        else:
            what = message("payload.no_json", why=error.msg, line=error.lineno, column=error.colno)
    except RecursionError:
        what = message("payload.json_deep")
    raise unusable(received, source, what)


def checksum(resource: Mapping[str, Any]) -> Checksum | None:
    """Return the checksum that data.gouv.fr lists for a resource; None where it lists none."""
    said = resource.get("checksum")
    if not isinstance(said, dict):
        return None
    kind, value = said.get("type"), said.get("value")
    if not isinstance(kind, str) or not isinstance(value, str):
        return None
    try:
        listed_at = datetime.fromisoformat(str(resource.get("last_modified")))
    except ValueError:
        return Checksum(kind, value)
    return Checksum(kind, value, listed_at if listed_at.tzinfo else listed_at.replace(tzinfo=UTC))


def length(resource: Mapping[str, Any]) -> int | None:
    """Return the bytes of a resource of data.gouv.fr; None where nothing tells them.

    `filesize` is empty for files that lie elsewhere: what its checks of links have met is then
    among the `extras`.
    """
    extras = resource.get("extras")
    met = extras.get("check:headers:content-length") if isinstance(extras, dict) else None
    known = (each for each in (resource.get("filesize"), met) if isinstance(each, int))
    return next((each for each in known if each > 0), None)


def _something(received: Received, source: str) -> bytes:
    """Return the content, unless it is empty or a web page."""
    content = received.content
    if not content.strip():
        raise unusable(received, source, message("payload.nothing"))
    start = content[:5000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")) or (
        start.startswith(b"<") and b"<html" in start
    ):
        title = re.search(rb"<title[^>]*>([^<]{1,200})", content[:20_000], re.IGNORECASE)
        words = " ".join(title[1].decode("utf-8", "replace").split())[:80] if title else ""
        page = message("payload.titled", title=words) if words else message("payload.page")
        raise unusable(received, source, message("payload.html", page=page))
    return content


def _gunzipped(content: bytes, received: Received, source: str, most: int) -> bytes:
    """Return the content of all members of the gzip file."""
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
        raise unusable(received, source, message("payload.gzip_cut")) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise unusable(received, source, message("payload.gzip_damaged", why=error)) from None
    if length > most:
        raise unusable(received, source, message("payload.too_much", size=most / MB))
    return b"".join(pieces)


def _member(
    content: bytes, pattern: str | None, received: Received, source: str, most: int
) -> bytes:
    """Return the only file of the zip archive that matches `pattern`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [info for info in archive.infolist() if not info.is_dir()]
            fitting = [
                info
                for info in files
                if pattern is None or fnmatchcase(info.filename.lower(), pattern.lower())
            ]
            if len(fitting) != 1:
                raise unusable(
                    received,
                    source,
                    message(
                        "payload.zip_members",
                        count=len(fitting),
                        wanted=message("payload.like", pattern=pattern) if pattern else "",
                        names=listed([info.filename for info in files], 300),
                    ),
                )
            if fitting[0].file_size > most:
                raise unusable(received, source, message("payload.too_much", size=most / MB))
            return archive.read(fitting[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise unusable(received, source, message("payload.zip_damaged", why=error)) from None
