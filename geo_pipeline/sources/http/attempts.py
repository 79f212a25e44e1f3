"""One attempt at a request: what is requested, with which headers, and how it may fail."""

import logging
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import requests
import urllib3
from urllib3.util import Retry

from geo_pipeline.errors import SourceError
from geo_pipeline.logs import about
from geo_pipeline.sources.faults import LATER, fault
from geo_pipeline.sources.http.addresses import HIDDEN, is_secret, without_secrets
from geo_pipeline.sources.http.received import NoAnswerError, NotKeptError, StatusError
from geo_pipeline.sources.raw import About, Kept
from geo_pipeline.words import Message, message

_log = logging.getLogger("geo_pipeline.sources.http")

AGAIN = frozenset({408, 429, *range(500, 600)})
"""Statuses after which the same request may succeed."""


KEPT = frozenset({200, 201, 203, 206})
"""Statuses whose content is kept; others (202 accepted, 204 not ready) are temporary."""


CLOCKS_APART = timedelta(minutes=5)
"""Most that a provider's clock may be ahead of ours."""


@dataclass(frozen=True)
class Checksum:
    """The checksum that a publisher lists for a file, and when it was listed."""

    algorithm: str
    value: str
    listed_at: datetime | None = None

    def is_older_than(self, last_modified: str | None) -> bool:
        """Return whether the file was written after it was listed."""
        modified = http_date(last_modified)
        return modified is not None and self.listed_at is not None and self.listed_at < modified


@dataclass(frozen=True)
class Request:
    """One request: its address, its provider, and the conditions for its answer."""

    source: str
    asked: str
    """Its URL without secrets."""
    params: dict[str, str]
    url: str = field(repr=False)
    """The address that it is really sent to."""
    headers: dict[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    final: bool
    keep_as: str | None
    keep: bool
    place: Path
    max_bytes: int
    attempts: int
    weight: float
    checksum: Checksum | None = None
    unread: Callable[[str], bool] | None = None
    """Whether the content with this SHA-256 is not going to be read, but only named."""

    def is_unread(self, sha256: str) -> bool:
        """Return whether the bytes of kept content need not be checked."""
        return self.unread is not None and self.unread(sha256)

    @property
    def host(self) -> str:
        """The host that it is sent to."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def clean(self, text: str) -> str:
        """Return `text` without the secrets of the request."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN).replace(quote(secret, safe=""), HIDDEN)
        return text

    def cleaned(self, told: Message) -> Message:
        """Return a message without the secrets of the request."""
        values: dict[str, object] = {}
        for name, value in told.values.items():
            if isinstance(value, Message):
                values[name] = self.cleaned(value)
            else:
                values[name] = self.clean(value) if isinstance(value, str) else value
        return message(told.key, **values)

    def about(self, status: int, headers: Mapping[str, str]) -> About:
        """Return the record of an answer's status and headers."""
        return About(
            source=self.source.partition(",")[0],
            url=self.asked,
            params=self.params,
            status=status,
            content_type=headers.get("Content-Type"),
            etag=headers.get("ETag"),
            last_modified=headers.get("Last-Modified"),
            final=self.final,
            keep_as=self.keep_as,
            fetched_from=without_secrets(self.url),
            redirected_to=None,
        )

    def failed(
        self, what: Message, advice: Message, status: int | None, reason: str | None
    ) -> SourceError:
        """Return the one-line error of this request."""
        told = fault(self.source, without_secrets(self.url), self.cleaned(what), advice)
        return NoAnswerError(told) if status is None else StatusError(told, status, reason)


class Failed(Exception):
    """One attempt failed."""

    def __init__(
        self,
        what: Message,
        advice: Message = LATER,
        *,
        again: bool,
        status: int | None = None,
        reason: str | None = None,
        wait_s: float | None = None,
        down: bool = False,
        slow: bool = False,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice
        self.again = again
        self.status = status
        self.reason = reason
        self.wait_s = wait_s
        self.down = down
        """There was no connection at all."""
        self.slow = slow
        """Its time was spent waiting."""


class Session(requests.Session):
    """A session that never sends a secret header to another host."""

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Remove secret headers where a redirection leads to another host."""
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
        before, after = response.request.url or "", prepared_request.url or ""
        if self.should_strip_auth(before, after):  # type: ignore[no-untyped-call]
            for name in [name for name in prepared_request.headers if is_secret(name)]:
                del prepared_request.headers[name]


def conditions_for(kept: Kept | None, url: str) -> dict[str, str]:
    """Return the headers that request content only if it differs from what is kept."""
    if kept is None or kept.fetched_from != url:
        return {}
    conditions = {}
    if kept.etag:
        conditions["If-None-Match"] = kept.etag
    modified = http_date(kept.last_modified)
    # With a date that was in the future when it was sent, or that belongs to another file after a
    # redirection, a provider would call old content unchanged.
    if (
        kept.last_modified
        and modified is not None
        and modified <= kept.received_at + CLOCKS_APART
        and kept.redirected_to is None
    ):
        conditions["If-Modified-Since"] = kept.last_modified
    return conditions


def http_date(text: str | None) -> datetime | None:
    """Return an HTTP date, None where the text is not one."""
    try:
        when = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks to wait; None where it is absent or useless.

    A date is compared with the provider's own clock (its Date header), where it sends one.
    """
    said = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", said):
        return float(said)
    until = http_date(said)
    if until is None:
        return None
    seconds = (until - (http_date(headers.get("Date")) or datetime.now(UTC))) / timedelta(seconds=1)
    return seconds if seconds > 0 else None


def unreachable(error: requests.ConnectionError) -> tuple[Message, bool]:
    """Return why a connection failed (the error itself contains the URL), and whether it was never
    made."""
    text = str(error)
    if "NameResolution" in text or "getaddrinfo" in text:
        return message("http.no_host"), True
    if "refused" in text:
        return message("http.refused"), True
    if "unreachable" in text or "No route" in text:
        return message("http.unreachable"), True
    return message("http.broke_off"), False


@contextmanager
def opened(
    session: Session,
    request: Request,
    headers: Mapping[str, str],
    timeouts: tuple[float, float],
    method: str = "GET",
) -> Iterator[requests.Response]:
    """Give the answer with its body unread; errors of the connection are raised as `Failed`."""
    try:
        with session.request(
            method,
            request.url,
            headers={**request.headers, **headers},
            timeout=timeouts,
            stream=True,
            allow_redirects=True,
        ) as answer:
            yield answer
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise Failed(
                message("http.certificate"),
                message("advice.certificate"),
                again=False,
            ) from None
        raise Failed(message("http.broke_off_tls"), again=True) from None
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        down = isinstance(error, requests.ConnectTimeout)
        silence_s = timeouts[0] if down else timeouts[1]
        raise Failed(
            message("http.silent", seconds=silence_s), again=True, down=down, slow=True
        ) from None
    except requests.exceptions.ProxyError:
        raise Failed(
            message("http.proxy"),
            message("advice.proxy"),
            again=True,
            down=True,
        ) from None
    except requests.ConnectionError as error:
        what, down = unreachable(error)
        raise Failed(what, message("advice.network"), again=True, down=down) from None
    except (
        urllib3.exceptions.ProtocolError,
        requests.exceptions.ChunkedEncodingError,
        urllib3.exceptions.SSLError,
        ssl.SSLError,
        ConnectionError,
    ):
        raise Failed(message("http.cut"), again=True) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise Failed(
            message("http.not_asked", error=type(error).__name__),
            message("advice.url"),
            again=False,
        ) from None


def error_of(
    request: Request, failed: Failed, attempts: int, seconds: float, patience_s: float
) -> SourceError:
    """Return the error of a request after its last attempt."""
    what, advice = failed.what, failed.advice
    if attempts > 1:
        what = message("http.attempts", what=what, count=attempts, seconds=seconds)
    if failed.wait_s is not None and failed.wait_s > patience_s:
        what = message("http.asks_to_wait", what=what, seconds=failed.wait_s)
        advice = message("advice.after_that")
    error = request.failed(what, advice, failed.status, failed.reason)
    error.passing = failed.again and (failed.wait_s or 0.0) <= patience_s
    return error


def next_in_s(retry: Retry, failed: Failed, backoff_least_s: float) -> float:
    """Return the seconds until the next attempt."""
    backoff_s = max(retry.get_backoff_time(), backoff_least_s)
    if failed.wait_s is not None:
        return failed.wait_s + min(backoff_s, backoff_least_s)
    # A provider that counts requests by the minute and names no time needs a longer pause.
    return 4 * backoff_s if failed.status == 429 else backoff_s


def log_line(
    request: Request,
    status: int | None,
    origin: str,
    *,
    seconds: float = 0.0,
    length: int = 0,
    attempts: int = 0,
) -> None:
    """Log one request in one line."""
    _log.info(
        "%s: %s %s in %.2f s, %d bytes, %d attempts, from %s", request.source, request.asked,
        status or "no answer", seconds, length, attempts, origin,
        extra=about(source=request.source, seconds=round(seconds, 3)),
    )  # fmt: skip


class Turns:
    """Lets one thread at a time work on a place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: dict[Path, tuple[threading.Lock, int]] = {}

    @contextmanager
    def of(self, place: Path) -> Iterator[None]:
        """Let one thread at a time work on `place`."""
        with self._lock:
            lock, users = self._busy.get(place, (threading.Lock(), 0))
            self._busy[place] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, users = self._busy[place]
                if users == 1:
                    del self._busy[place]
                else:
                    self._busy[place] = (lock, users - 1)


def never_received(
    request: Request, damaged: Kept | None, rejected: Message | None
) -> NotKeptError:
    """Return the error of an offline run for what was never received."""
    why = message("http.never_received")
    if damaged is not None:
        why = message("http.kept_damaged", path=damaged.path)
    elif rejected is not None:
        why = message("http.received_useless", why=rejected)
    where = f"{request.asked} ({request.keep_as})" if request.keep_as else request.asked
    return NotKeptError(fault(request.source, where, why, message("advice.online")))


def log_again(request: Request, failed: Failed, attempt: int, wait_s: float) -> None:
    """Log that an attempt failed and when the next one is made."""
    _log.info(
        "%s: %s attempt %d: %s, again in %.1f s",
        *(request.source, request.asked, attempt, request.cleaned(failed.what), wait_s),
    )
