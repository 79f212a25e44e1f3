"""Results of a request: the content that a provider sent, or an error."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.raw import open_content
from geo_pipeline.words import Message

MB = 1_000_000


MOST_LIST_BYTES = 50 * MB
"""Largest list of files, which sensors read: those of data.gouv.fr have 5 MB."""


MOST_LEFT_OUT = 0.1
"""Share of an answer's values that may be left out; beyond it the format must have changed."""


class StatusError(SourceError):
    """A provider answered with an error: its `status`, and its own `reason`."""

    def __init__(self, what: Message, status: int, reason: str | None) -> None:
        super().__init__(what)
        self.status = status
        self.reason = reason


class NoAnswerError(SourceError):
    """A provider could not be reached, or its answer was incomplete."""


class QuotaError(SourceError):
    """A request was not sent: the provider's quota is used up `until` then (UTC)."""

    def __init__(self, what: Message, until: datetime) -> None:
        super().__init__(what)
        self.args = (what, until)
        self.until = until

    def __str__(self) -> str:
        """Return the text of the error, which the time is no part of."""
        return str(self.args[0])


class NotKeptError(SourceError):
    """Offline, and the content was never received."""


class Received:
    """Content that a provider sent.

    Attributes:
        url: the requested URL with its parameters, without secrets.
        status: HTTP status of the answer.
        received_at: when the content came (UTC).
        sha256: of the bytes received, hexadecimal.
        path: the file that keeps it; None when it is not kept.
        compression: `gzip` when the file was compressed here, None when it is what was received.
        content_type: as the provider sent it.
        most_left_out: share of its values that may be left out when it is read.
    """

    def __init__(
        self,
        url: str,
        status: int,
        received_at: datetime,
        sha256: str,
        content: bytes | None = None,
        *,
        path: Path | None = None,
        compression: str | None = None,
        content_type: str | None = None,
        most_left_out: float = MOST_LEFT_OUT,
        reject: Callable[[Message], None] | None = None,
    ) -> None:
        if content is None and path is None:
            raise ValueError("an answer has content or a file of it")
        self.url = url
        self.status = status
        self.received_at = received_at
        self.sha256 = sha256
        self.path = path
        self.compression = compression
        self.content_type = content_type
        self.most_left_out = most_left_out
        self._content = content
        self._reject = reject

    @property
    def content(self) -> bytes:
        """All bytes received; those of a download are read from its file each time."""
        if self._content is not None:
            return self._content
        with self.open() as stream:
            return stream.read()

    def open(self) -> BinaryIO:
        """Return a stream of the bytes received."""
        if self.path is None or self._content is not None:
            return BytesIO(self._content or b"")
        return open_content(self.path, self.compression)

    def reject(self, why: Message) -> None:
        """Mark the content as wrong: it is not used again, but requested anew."""
        if self._reject is not None:
            self._reject(why)

    def __getstate__(self) -> dict[str, Any]:
        """Return the picklable part; content rejected in another process is rejected by the
        caller."""
        return {**vars(self), "_reject": None}

    def __repr__(self) -> str:
        return f"Received({self.url!r}, {self.status}, {self.sha256[:12]})"


@dataclass(frozen=True)
class Probe:
    """The result of a request for headers."""

    url: str
    status: int | None
    seconds: float
    last_modified: datetime | None
    error: Message | None
    etag: str | None = None
    length: int | None = None
    """Bytes of the body as sent, where the provider says so."""

    @property
    def mark(self) -> str | None:
        """A value that changes with the content; None where there is none, or the request
        failed."""
        if self.error is not None:
            return None
        told = (self.etag, self.last_modified and self.last_modified.isoformat(), self.length)
        return None if told == (None, None, None) else " ".join(str(each) for each in told)
