"""The one door to the network: the only place that opens a connection.

One rule for what is tried again: connection errors, timeouts, bodies that end too early, 408, 429
and 5xx; never another 4xx. What was received is kept (`raw.py`); final content is asked for once.
"""

import logging
import re
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from http.cookiejar import DefaultCookiePolicy
from importlib import metadata
from io import BytesIO
from json import loads
from pathlib import Path
from typing import Any, BinaryIO, Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit
from urllib.request import url2pathname

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from geo_pipeline.errors import SourceError
from geo_pipeline.judging import Limits
from geo_pipeline.logs import about
from geo_pipeline.providers import PROVIDERS
from geo_pipeline.sources.pace import Pace
from geo_pipeline.sources.raw import About, Kept, RawStore, open_content

MB = 1_000_000
MOST_LIST_BYTES = 50 * MB
"""Most of a list of files, which sensors read beside all else: those of data.gouv.fr have 5."""
CHUNK = 1 << 16
AGAIN = frozenset({408, 429, *range(500, 600)})
"""Statuses after which the same request may succeed."""
KEPT = frozenset({200, 201, 203, 206})
"""Statuses whose content is kept; others (202 accepted, 204 not ready) say nothing lasting."""
SECRET_PARAMS = frozenset(
    {"apikey", "key", "token", "accesstoken", "auth", "authorization", "password", "passwd"}
    | {"secret", "clientsecret", "signature", "sig"}
    | {"xamzsignature", "xamzcredential", "xamzsecuritytoken"}
)
"""Query parameters that are secrets, without `-`, `_` and case."""
RATES = {host: rate for each in PROVIDERS for host, rate in each.rates.items()}
"""What providers publish as their limits, in requests a second."""
CLOCKS_APART = timedelta(minutes=5)
"""How far a provider's clock may be ahead of ours."""
MOST_LEFT_OUT = 0.1
"""Share of what an answer holds that may be left out of it: beyond, its form is not what it was."""
HIDDEN = "***"
SLOWEST_BYTES_PER_S = 200
"""A body that comes slower than this, beyond the read timeout, is given up."""

Params = Mapping[str, str | int | float]

_log = logging.getLogger(__name__)


class StatusError(SourceError):
    """A provider answered with a status that is an error: `status`, and its own `reason`."""

    def __init__(self, message: str, status: int, reason: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class NoAnswerError(SourceError):
    """A provider could not be reached, or its answer did not come whole."""


class NotKeptError(SourceError):
    """Offline, and what is asked for was never received."""


class Received:
    """What a provider sent.

    Attributes:
        url: what was asked for, parameters and all, without secrets.
        status: HTTP status of the answer.
        received_at: when the content came (UTC).
        sha256: of the bytes received, hexadecimal.
        path: the file that keeps it; None when it is not kept.
        compression: `gzip` when the file was compressed here, None when it is what was received.
        content_type: as the provider said.
        most_left_out: share of what it holds that may be left out when it is read.
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
        reject: Callable[[str], None] | None = None,
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
        """All bytes received; of a download they are read from its file each time."""
        if self._content is not None:
            return self._content
        with self.open() as stream:
            return stream.read()

    def open(self) -> BinaryIO:
        """Return a stream of the bytes received."""
        if self.path is None or self._content is not None:
            return BytesIO(self._content or b"")
        return open_content(self.path, self.compression)

    def reject(self, why: str) -> None:
        """Say that this is not what it should be: it is never given again, but asked for anew."""
        if self._reject is not None:
            self._reject(why)

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process can have: what is rejected there is rejected by who asked."""
        return {**vars(self), "_reject": None}

    def __repr__(self) -> str:
        return f"Received({self.url!r}, {self.status}, {self.sha256[:12]})"


@dataclass(frozen=True)
class Probe:
    """What came of one look at a provider."""

    url: str
    status: int | None
    seconds: float
    last_modified: datetime | None
    error: str | None
    etag: str | None = None
    length: int | None = None
    """Bytes of the body as sent, where the provider tells."""

    @property
    def mark(self) -> str | None:
        """What changes when the content does; None where nothing tells, or it could not be had."""
        if self.error is not None:
            return None
        told = (self.etag, self.last_modified and self.last_modified.isoformat(), self.length)
        return None if told == (None, None, None) else " ".join(str(each) for each in told)


@dataclass(frozen=True)
class _Request:
    """One thing to be had: where, in whose name, and what is known of it."""

    source: str
    asked: str
    """Its URL without secrets."""
    params: dict[str, str]
    url: str = field(repr=False)
    """Where it is really fetched from."""
    headers: dict[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    final: bool
    keep_as: str | None
    keep: bool
    place: Path
    max_bytes: int
    attempts: int
    weight: float

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def clean(self, text: str) -> str:
        """Return `text` without the secrets of the request."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN).replace(quote(secret, safe=""), HIDDEN)
        return text

    def about(self, status: int, headers: Mapping[str, str]) -> About:
        """Return what its answer's head says."""
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

    def failed(self, what: str, advice: str, status: int | None, reason: str | None) -> SourceError:
        """Return the one-line error of this request."""
        message = f"{self.source}: {without_secrets(self.url)} {self.clean(what)}; {advice}"
        if status is None:
            return NoAnswerError(message)
        return StatusError(message, status, reason)


class _Failed(Exception):
    """One attempt came to nothing."""

    def __init__(
        self,
        what: str,
        advice: str = "try again later",
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


class _Session(requests.Session):
    """A session that never hands a secret header on to another host."""

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
        before, after = response.request.url or "", prepared_request.url or ""
        if self.should_strip_auth(before, after):  # type: ignore[no-untyped-call]
            for name in [name for name in prepared_request.headers if _is_secret(name)]:
                del prepared_request.headers[name]


class _NoSecrets(logging.Filter):
    """Takes secrets out of what urllib3 logs: it writes the URLs of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                without_secrets(value) if isinstance(value, str) and "=" in value else value
                for value in record.args
            )
        return True


_NO_SECRETS = _NoSecrets()


class Http:
    """Requests to providers, each kept in the raw store. Threads may share it.

    Args:
        raw: where answers are kept; without it, in a temporary folder that goes with this object.
        offline: give what is kept only; nothing is asked over the network.
        rates: requests a second by host (`api.example.org` or `127.0.0.1:8000`), beside or in place
            of those in `RATES`.
        default_rate: requests a second of a host that neither names.
        mirrors: beginnings of URLs and what to put in their place.
        connect_timeout_s, read_timeout_s: longest silence before and during an answer.
        attempts: how often one request is made at most.
        backoff_s: first wait before another attempt; it doubles.
        patience_s: longest that all waits of one request may take together: Retry-After, backoff,
            silence up to a timeout.
        max_bytes, max_file_bytes: most that `get` and `download` take, after Content-Encoding.
        contact: URL or address of who runs this, for the User-Agent.
        limits: of the process that reads an answer where that needs one of its own; without them
            it is read in this one.
        most_left_out: share of what an answer holds that who reads it may leave out.
        sleep: what waits a number of seconds.
    """

    def __init__(
        self,
        raw: RawStore | None = None,
        *,
        offline: bool = False,
        rates: Mapping[str, float] | None = None,
        default_rate: float = 10.0,
        mirrors: Mapping[str, str] | None = None,
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 60.0,
        attempts: int = 8,
        backoff_s: float = 0.5,
        patience_s: float = 180.0,
        max_bytes: int = 256 * MB,
        max_file_bytes: int = 8_000 * MB,
        contact: str | None = None,
        limits: Limits | None = None,
        most_left_out: float = MOST_LEFT_OUT,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.limits = limits
        self.most_left_out = most_left_out
        self.raw = raw or RawStore.temporary()
        self.offline = offline
        self._mirrors = dict(mirrors or {})
        pace_folder = raw.folder / ".pace" if raw else None
        self._pace = Pace({**RATES, **(rates or {})}, default_rate, pace_folder, sleep)
        self._timeouts = (connect_timeout_s, read_timeout_s)
        self._attempts = attempts
        self._backoff_s = backoff_s
        self._patience_s = patience_s
        self._max_bytes = max_bytes
        self._max_file_bytes = max_file_bytes
        self._sleep = sleep
        self._lock = threading.Lock()
        self._busy: dict[Path, tuple[threading.Lock, int]] = {}
        self._down: set[str] = set()
        self._intact: set[tuple[Path, int, int]] = set()
        self._session = _Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update(
            {"User-Agent": user_agent(contact), "Accept-Encoding": "gzip", "Accept": "*/*"}
        )
        adapter = HTTPAdapter(pool_connections=32, pool_maxsize=32, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        logging.getLogger("urllib3.connectionpool").addFilter(_NO_SECRETS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(
        self,
        url: str,
        *,
        source: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        final: bool = False,
        keep_as: str | None = None,
        keep: bool = True,
        max_age_s: float = 0.0,
        max_bytes: int | None = None,
        attempts: int | None = None,
        weight: float = 1.0,
    ) -> Received:
        """Return what is at `url`, in memory.

        Args:
            url: http, https or file.
            source: who is asked, for errors and for the raw store: its name, and what may follow
                after a comma for errors only (`open-meteo, département 32`).
            params: added to the URL's query.
            headers: added to the request; never kept, logged or sent on to another host.
            final: the content never changes: once kept as such it is given without any request.
            keep_as: what it is kept under in place of its URL, where that is another each time.
            keep: False neither looks in the raw store nor keeps anything.
            max_age_s: what came or was confirmed so few seconds ago is given without any request.
            max_bytes: most that is taken, in place of the constructor's.
            attempts: how often it is tried at most, in place of the constructor's.
            weight: how many requests it counts for with the provider.

        Raises:
            StatusError: the provider refuses, or still fails when patience ends.
            NotKeptError: offline, and it was never received.
            SourceError: it cannot be had otherwise.
            StorageError: it cannot be kept.
        """
        request = self._request(
            url,
            source=source,
            params=params,
            headers=headers,
            final=final,
            keep_as=keep_as,
            keep=keep,
            attempts=attempts,
            weight=weight,
            max_bytes=max_bytes or self._max_bytes,
        )
        return self._receive(request, max_age_s, in_memory=True)

    def download(
        self,
        url: str,
        *,
        source: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        final: bool = False,
        keep_as: str | None = None,
        max_age_s: float = 0.0,
        max_bytes: int | None = None,
        attempts: int | None = None,
        weight: float = 1.0,
    ) -> Received:
        """Return what is at `url` as a file of the raw store (`path`), never whole in memory.

        A file that is compressed already lies there as received; another is compressed with gzip.
        Arguments and errors are those of `get`.
        """
        request = self._request(
            url,
            source=source,
            params=params,
            headers=headers,
            final=final,
            keep_as=keep_as,
            attempts=attempts,
            weight=weight,
            max_bytes=max_bytes or self._max_file_bytes,
        )
        return self._receive(request, max_age_s, in_memory=False)

    def kept(
        self,
        url: str = "",
        *,
        source: str,
        params: Params | None = None,
        keep_as: str | None = None,
    ) -> Received | None:
        """Return what is kept of `url` (or as `keep_as`), None when there is nothing whole."""
        request = self._request(url, source=source, params=params, keep_as=keep_as)
        kept = self.raw.find(request.place)
        return None if kept is None else self._from_raw(kept, in_memory=False)

    def probe(
        self,
        url: str,
        *,
        source: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> Probe:
        """Ask `url` once, for the head of the answer only; nothing is kept or raised."""
        request = self._request(url, source=source, params=params, headers=headers, keep=False)
        started = time.monotonic()
        if request.url.startswith("file:"):
            try:
                about = _file(request.url).stat()
            except OSError:
                return Probe(request.asked, 404, 0.0, None, "no such file")
            modified = datetime.fromtimestamp(about.st_mtime, UTC)
            return Probe(request.asked, 200, 0.0, modified, None, length=about.st_size)
        try:
            with self._open(request, {}, (timeout_s, timeout_s)) as answer:
                error, length = None, answer.headers.get("Content-Length", "")
                if answer.status_code >= 400:
                    error = f"answered {answer.status_code}"
                return Probe(
                    request.asked,
                    answer.status_code,
                    time.monotonic() - started,
                    _date(answer.headers.get("Last-Modified")),
                    error,
                    answer.headers.get("ETag"),
                    int(length) if length.isdigit() else None,
                )
        except _Failed as failed:
            what = request.clean(failed.what)
            return Probe(request.asked, None, time.monotonic() - started, None, what)

    def start(self, url: str, *, source: str, bytes_: int = CHUNK) -> Received:
        """Return the first bytes of what is at `url`, asked for once; nothing is kept.

        Raises:
            StatusError: the provider refuses.
            SourceError: it cannot be had otherwise.
        """
        request = self._request(url, source=source, params=None, keep=False)
        content, status = b"", 200
        try:
            if request.url.startswith("file:"):
                with _file(request.url).open("rb") as stream:
                    content = stream.read(bytes_)
            else:
                with self._open(request, {}, self._timeouts) as answer:
                    status = answer.status_code
                    if status >= 300:
                        raise _refusal(request, answer)
                    for chunk in _plain(answer, _sent(answer, self._timeouts[1])):
                        content += chunk
                        if len(content) >= bytes_:
                            break
        except OSError as error:
            what = f"cannot be read ({error.strerror or error})"
            raise request.failed(what, "check the URL and the file", None, None) from None
        except _Failed as failed:
            raise self._error(request, failed, 1, 0.0) from None
        digest = sha256(content).hexdigest()
        return Received(request.asked, status, datetime.now(UTC), digest, content[:bytes_])

    def _request(
        self,
        url: str,
        *,
        source: str,
        params: Params | None,
        headers: Mapping[str, str] | None = None,
        final: bool = False,
        keep_as: str | None = None,
        keep: bool = True,
        attempts: int | None = None,
        weight: float = 1.0,
        max_bytes: int = 0,
    ) -> _Request:
        full = with_params(url, params)
        asked = without_secrets(full)
        return _Request(
            source=source,
            asked=asked,
            params=dict(parse_qsl(urlsplit(asked).query, keep_blank_values=True)),
            url=self._mirrored(full),
            headers=dict(headers or {}),
            secrets=_secrets(full, headers or {}),
            final=final,
            keep_as=keep_as,
            keep=keep,
            place=self.raw.place(source.partition(",")[0], asked, keep_as),
            max_bytes=max_bytes,
            attempts=attempts or self._attempts,
            # What a mirror counts is not what the provider does.
            weight=weight if self._mirrored(full) == full else 1.0,
        )

    def _mirrored(self, url: str) -> str:
        """Return `url` with its longest mirrored beginning replaced."""
        for prefix in sorted(self._mirrors, key=len, reverse=True):
            rest = url.removeprefix(prefix)
            if rest != url and (not rest or rest[0] in "/?#" or prefix.endswith(("/", "?"))):
                return self._mirrors[prefix] + rest
        return url

    def _receive(self, request: _Request, max_age_s: float, *, in_memory: bool) -> Received:
        """Return the answer to `request`, from the raw store where that may be."""
        with self._alone(request.place):
            kept = self.raw.find(request.place) if request.keep else None
            received = None if kept is None else self._from_raw(kept, in_memory=in_memory)
            if kept is not None and received is not None:
                age = (datetime.now(UTC) - kept.checked_at).total_seconds()
                if self.offline or (request.final and kept.final) or 0 <= age < max_age_s:
                    _line(request, kept.status, "raw", length=kept.length)
                    return received
            if self.offline and not request.url.startswith("file:"):
                raise self._never_received(request, kept)
            return self._ask(request, kept if received else None, received, in_memory=in_memory)

    def _never_received(self, request: _Request, damaged: Kept | None) -> NotKeptError:
        """Return the error of an offline run for what it does not have."""
        why = "was never received"
        if damaged is not None:
            why = f"is kept, but damaged ({damaged.path})"
        elif (rejected := self.raw.rejected(request.place)) is not None:
            why = f"was received, but of no use ({rejected})"
        name = f" ({request.keep_as})" if request.keep_as else ""
        return NotKeptError(
            f"{request.source}: {request.asked}{name} {why}; run once without --offline"
        )

    def _from_raw(self, kept: Kept, *, in_memory: bool) -> Received | None:
        """Return what is kept if its bytes are those received, else None."""
        content: bytes | None = None
        try:
            about = kept.path.stat()
            seen = (kept.path, about.st_mtime_ns, about.st_size)
            if in_memory:
                with kept.open() as stream:
                    content = stream.read()
                intact = sha256(content).hexdigest() == kept.sha256
            else:
                intact = seen in self._intact or self.raw.intact(kept)
        except (OSError, EOFError, zlib.error):
            intact = False
        if not intact:
            _log.warning("%s: %s is damaged or gone: it is asked for anew", kept.source, kept.path)
            return None
        self._intact.add(seen)
        return self._received(kept, content)

    def _received(self, kept: Kept, content: bytes | None) -> Received:
        raw = self.raw
        return Received(
            kept.url,
            kept.status,
            kept.received_at,
            kept.sha256,
            content,
            path=kept.path,
            compression=kept.compression,
            content_type=kept.content_type,
            most_left_out=self.most_left_out,
            reject=lambda why: raw.reject(kept, why),
        )

    def _ask(
        self, request: _Request, kept: Kept | None, before: Received | None, *, in_memory: bool
    ) -> Received:
        """Return the answer to `request`, asking as often as the one rule allows."""
        retry = Retry(
            total=request.attempts - 1,
            backoff_factor=self._backoff_s,
            backoff_jitter=self._backoff_s,
            backoff_max=60.0,
        )
        started = time.monotonic()
        waited_s = 0.0
        # A host that nobody could reach is tried once more only, lest 101 départements wait for it.
        attempts = min(2, request.attempts) if request.host in self._down else request.attempts
        for attempt in range(1, attempts + 1):
            if request.host:
                self._pace.wait(request.host, request.weight)
            asked_at = time.monotonic()
            try:
                received, length, status = self._once(request, kept, in_memory=in_memory)
            except _Failed as failed:
                waited_s += time.monotonic() - asked_at if failed.slow else 0.0
                wait_s = self._wait_s(retry, failed)
                last = attempt == attempts or waited_s + wait_s > self._patience_s
                if failed.status == 429:
                    # Who asks for more than patience is asked less often, but nobody waits for it.
                    self._pace.pause(request.host, wait_s if wait_s <= self._patience_s else 0.0)
                if failed.again and not last:
                    what = request.clean(failed.what)
                    _log.info(
                        "%s: %s attempt %d: %s, again in %.1f s",
                        *(request.source, request.asked, attempt, what, wait_s),
                    )
                    retry = retry.increment("GET", None, error=urllib3.exceptions.ProtocolError())
                    waited_s += wait_s
                    self._sleep(wait_s)
                    continue
                if failed.down:
                    self._down.add(request.host)
                seconds = time.monotonic() - started
                _line(request, failed.status, "network", seconds=seconds, attempts=attempt)
                raise self._error(request, failed, attempt, seconds) from None
            self._down.discard(request.host)
            self._pace.ease(request.host)
            seconds = time.monotonic() - started
            _line(request, status, "network", seconds=seconds, length=length, attempts=attempt)
            if received is not None:
                return received
            if kept is not None and before is not None:
                self.raw.confirm(kept, final=request.final)
                return before
        raise AssertionError("unreachable")

    def _error(
        self, request: _Request, failed: _Failed, attempts: int, seconds: float
    ) -> SourceError:
        """Return the error of a request that is given up."""
        what, advice = failed.what, failed.advice
        if attempts > 1:
            what += f" ({attempts} attempts in {seconds:.0f} s)"
        if failed.wait_s is not None and failed.wait_s > self._patience_s:
            what += f" and asks to wait {failed.wait_s:.0f} s"
            advice = "try again after that"
        error = request.failed(what, advice, failed.status, failed.reason)
        error.passing = failed.again and (failed.wait_s or 0.0) <= self._patience_s
        return error

    def _wait_s(self, retry: Retry, failed: _Failed) -> float:
        """Return the seconds until the next attempt."""
        backoff_s = max(retry.get_backoff_time(), self._backoff_s)
        if failed.wait_s is not None:
            return failed.wait_s + min(backoff_s, self._backoff_s)
        # A provider that counts requests by the minute and tells no time needs longer to forget.
        return 4 * backoff_s if failed.status == 429 else backoff_s

    def _once(
        self, request: _Request, kept: Kept | None, *, in_memory: bool
    ) -> tuple[Received | None, int, int]:
        """Ask once: what was received (None: what is kept still holds), bytes, status."""
        if request.url.startswith("file:"):
            return self._read_file(request, kept, in_memory=in_memory)
        conditions = _conditions(kept, without_secrets(request.url))
        with self._open(request, conditions, self._timeouts) as answer:
            status = answer.status_code
            if status == 304 and conditions:
                answer.raw.drain_conn()
                return None, 0, status
            if status >= 300:
                raise _refusal(request, answer)
            if not in_memory and status not in KEPT:
                raise _Failed(f"answered {status} in place of a file", again=False, status=status)
            about = request.about(status, answer.headers)
            if answer.history:
                about = replace(about, redirected_to=without_secrets(answer.url))
            body = _body(answer, request, self._timeouts[1])
            return self._take(request, about, body, in_memory=in_memory)

    def _take(
        self, request: _Request, about: About, chunks: Iterable[bytes], *, in_memory: bool
    ) -> tuple[Received, int, int]:
        """Keep `chunks` and return them as received."""
        content: list[bytes] = []
        if in_memory:
            chunks = _noted(chunks, content)
        if request.keep and about.status in KEPT:
            kept = self.raw.put(request.place, about, chunks)
            return (
                self._received(kept, b"".join(content) if in_memory else None),
                kept.length,
                about.status,
            )
        for _ in chunks:
            pass
        body = b"".join(content)
        received = Received(
            request.asked, about.status, datetime.now(UTC), sha256(body).hexdigest(), body,
            content_type=about.content_type, most_left_out=self.most_left_out,
        )  # fmt: skip
        return received, len(body), about.status

    def _read_file(
        self, request: _Request, kept: Kept | None, *, in_memory: bool
    ) -> tuple[Received | None, int, int]:
        """Return the local file that a file:// URL names; None when it is what is kept."""
        path = _file(request.url)
        try:
            about = path.stat()
            modified = f"{about.st_mtime_ns} ns"
            said = request.about(200, {"Last-Modified": modified})
            if kept is not None and (kept.fetched_from, kept.last_modified, kept.length) == (
                said.fetched_from, modified, about.st_size,
            ):  # fmt: skip
                return None, 0, 304
            with path.open("rb") as stream:
                chunks = _bounded(iter(lambda: stream.read(CHUNK), b""), request.max_bytes)
                return self._take(request, said, chunks, in_memory=in_memory)
        except OSError as error:
            raise _Failed(
                f"cannot be read ({error.strerror or error})",
                "check the URL and the file",
                again=False,
            ) from None

    @contextmanager
    def _open(
        self, request: _Request, headers: Mapping[str, str], timeouts: tuple[float, float]
    ) -> Iterator[requests.Response]:
        """Give the answer with its body unread; errors of the connection are `_Failed`."""
        try:
            with self._session.get(
                request.url,
                headers={**request.headers, **headers},
                timeout=timeouts,
                stream=True,
            ) as answer:
                yield answer
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise _Failed(
                    "has a certificate that cannot be verified",
                    "check the date of this machine and its proxy (REQUESTS_CA_BUNDLE)",
                    again=False,
                ) from None
            raise _Failed("broke off the TLS connection", again=True) from None
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            down = isinstance(error, requests.ConnectTimeout)
            silence_s = timeouts[0] if down else timeouts[1]
            raise _Failed(
                f"did not answer within {silence_s:g} s", again=True, down=down, slow=True
            ) from None
        except requests.exceptions.ProxyError:
            raise _Failed(
                "cannot be reached through the proxy",
                "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
                again=True,
                down=True,
            ) from None
        except requests.ConnectionError as error:
            what, down = _unreachable(error)
            raise _Failed(
                what, "check the network, or run with --offline", again=True, down=down
            ) from None
        except (
            urllib3.exceptions.ProtocolError,
            requests.exceptions.ChunkedEncodingError,
            urllib3.exceptions.SSLError,
            ssl.SSLError,
            ConnectionError,
        ):
            raise _Failed("sent a body that ends too early", again=True) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _Failed(
                f"cannot be asked ({type(error).__name__})", "check the URL", again=False
            ) from None

    @contextmanager
    def _alone(self, place: Path) -> Iterator[None]:
        """Let one thread at a time see to what is in `place`."""
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


def user_agent(contact: str | None = None) -> str:
    """Return who asks: name, version, and where to find out more."""
    try:
        version = metadata.version("geo-pipeline")
    except metadata.PackageNotFoundError:
        version = "0"
    return f"geo-pipeline/{version} (+{contact or 'drought monitor of France'})"


def with_params(url: str, params: Params | None) -> str:
    """Return `url` with `params` added to its query."""
    if not params:
        return url
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode(params, safe=",:/")]))
    return urlunsplit(parts._replace(query=query))


def without_secrets(url: str) -> str:
    """Return `url` with the values of secret parameters hidden, and without user and password."""

    def hide(match: re.Match[str]) -> str:
        return f"{match[1]}={HIDDEN}" if _is_secret_param(match[1]) else match[0]

    url = re.sub(r"^(\w+://)[^/?#@]*@", r"\1", url)
    return re.sub(r"(?<=[?&])([^=&#]+)=([^&#]*)", hide, url)


def _is_secret_param(name: str) -> bool:
    return re.sub(r"[-_]", "", unquote(name)).lower() in SECRET_PARAMS


def _is_secret(header: str) -> bool:
    return bool(
        re.search(r"key|token|auth|secret|password|cookie|signature", header, re.IGNORECASE)
    )


def _secrets(url: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values that must not be seen, the longest first."""
    parts = urlsplit(url)
    found = [value for name, value in headers.items() if _is_secret(name)]
    found += [value.rpartition(" ")[2] for value in found]
    found += [value for name, value in parse_qsl(parts.query) if _is_secret_param(name)]
    if parts.password:
        found += [parts.password, unquote(parts.password)]
    return tuple(sorted({value for value in found if len(value) > 3}, key=len, reverse=True))


def _line(
    request: _Request,
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


def _file(url: str) -> Path:
    """Return the local file of a file:// URL; a query is part of its name."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path) + (f"?{parts.query}" if parts.query else ""))


def _conditions(kept: Kept | None, url: str) -> dict[str, str]:
    """Return the headers that ask for content only if it is not what is kept."""
    if kept is None or kept.fetched_from != url:
        return {}
    conditions = {}
    if kept.etag:
        conditions["If-None-Match"] = kept.etag
    modified = _date(kept.last_modified)
    # A date that was to come when it was sent, or that another file may have after a redirection,
    # would make a provider call old content unchanged.
    if (
        kept.last_modified
        and modified is not None
        and modified <= kept.received_at + CLOCKS_APART
        and kept.redirected_to is None
    ):
        conditions["If-Modified-Since"] = kept.last_modified
    return conditions


def _date(text: str | None) -> datetime | None:
    """Return an HTTP date, None when it is none."""
    try:
        when = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks to wait; None when it says nothing of use.

    A date is read against the provider's own clock (its Date) where it tells it.
    """
    said = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", said):
        return float(said)
    until = _date(said)
    if until is None:
        return None
    seconds = (until - (_date(headers.get("Date")) or datetime.now(UTC))) / timedelta(seconds=1)
    return seconds if seconds > 0 else None


def _refusal(request: _Request, answer: requests.Response) -> _Failed:
    """Return what an answer that is an error says."""
    status = answer.status_code
    reason = _reason(answer)
    reason = request.clean(reason) if reason else None
    what = f"answered {status}" + (f" ({reason})" if reason else "")
    if status in AGAIN:
        return _Failed(
            what, again=True, status=status, reason=reason,
            wait_s=_retry_after_s(answer.headers) if status in (429, 503) else None,
        )  # fmt: skip
    advice = "check the URL and what is asked for"
    if status in (401, 403):
        advice = (
            "check the key" if request.secrets else "check the URL, and whether a proxy refuses"
        )
    return _Failed(what, advice, again=False, status=status, reason=reason)


def _reason(answer: requests.Response) -> str | None:
    """Return the provider's own words for an error, in one line of at most 300 characters."""
    start = b""
    try:
        for chunk in _plain(answer, _sent(answer, 5.0)):
            start += chunk
            if len(start) > 20_000:
                break
    except (_Failed, urllib3.exceptions.HTTPError, OSError):
        return None
    text = start.decode("utf-8", errors="replace").strip()
    try:
        said: Any = loads(text)
    except ValueError:
        if text.startswith("<") or "<html" in text.lower():
            return None
        said = text
    if isinstance(said, Mapping):
        words = (said.get(name) for name in ("reason", "message", "error", "detail", "description"))
        said = next((word for word in words if isinstance(word, str) and word.strip()), None)
    if not isinstance(said, str) or not said.strip():
        return None
    line = said.strip().splitlines()[0].strip()
    return "".join(character for character in line if character.isprintable())[:300]


def _unreachable(error: requests.ConnectionError) -> tuple[str, bool]:
    """Return why there is no connection (the error itself has the URL), and if there was none."""
    text = str(error)
    if "NameResolution" in text or "getaddrinfo" in text:
        return "cannot be found (no such host name)", True
    if "refused" in text:
        return "refused the connection", True
    if "unreachable" in text or "No route" in text:
        return "cannot be reached", True
    return "broke off the connection", False


def _body(answer: requests.Response, request: _Request, patience_s: float) -> Iterator[bytes]:
    """Yield the body without Content-Encoding; less than promised or more than allowed is an error.

    The bytes are read as sent and decoded here, because a gzip stream that stops early passes for a
    whole one otherwise.
    """
    length = answer.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > request.max_bytes:
        raise _too_long(request.max_bytes)
    body = _bounded(_plain(answer, _sent(answer, patience_s)), request.max_bytes)
    chunked = "chunked" in answer.headers.get("Transfer-Encoding", "").lower()
    told = length or chunked or answer.status_code not in KEPT
    yield from body if told else _closed(body)


def _closed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a body whose end is only that the connection closed: it may have been cut.

    Nothing at all, and JSON that is not closed, are known to be cut; archives tell it themselves.
    """
    start = end = b""
    for chunk in chunks:
        start = start or chunk.lstrip()[:1]
        end = chunk.rstrip()[-1:] or end
        yield chunk
    if not start or (start in b"{[" and end not in b"}]"):
        raise _Failed("sent a body that ends too early", again=True)


def _plain(answer: requests.Response, sent: Iterator[bytes]) -> Iterator[bytes]:
    """Return `sent` without Content-Encoding."""
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        return _inflated(sent)
    if encoding not in ("", "identity"):
        raise _Failed(
            f"sent Content-Encoding {encoding[:20]}, which was not asked for", again=False
        )
    return sent


def _sent(answer: requests.Response, patience_s: float) -> Iterator[bytes]:
    """Yield the body as sent; one that trickles is given up."""
    started = time.monotonic()
    length = 0
    while chunk := answer.raw.read1(CHUNK, decode_content=False):
        length += len(chunk)
        beyond_s = time.monotonic() - started - patience_s
        if beyond_s > 0 and length < beyond_s * SLOWEST_BYTES_PER_S:
            raise _Failed(
                f"sent {length} bytes only in {beyond_s + patience_s:.0f} s", again=True, slow=True
            )
        yield chunk


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what gzip members hold; a member that is damaged or stops early is an error."""
    member = None
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if member is None:
                    member = zlib.decompressobj(wbits=31)
                yield member.decompress(rest, CHUNK * 16)
                rest = member.unconsumed_tail
                if member.eof:
                    rest = member.unused_data.lstrip(b"\0")
                    member = None
    except zlib.error:
        raise _Failed("sent a damaged gzip Content-Encoding", again=True) from None
    if member is not None:
        raise _Failed("sent a body that ends too early", again=True)


def _bounded(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Yield `chunks`; more than `most` bytes of them is an error."""
    length = 0
    for chunk in chunks:
        length += len(chunk)
        if length > most:
            raise _too_long(most)
        yield chunk


def _too_long(most: int) -> _Failed:
    return _Failed(
        f"sent more than the {most / MB:g} MB that are allowed", "ask for less", again=False
    )


def _noted(chunks: Iterable[bytes], into: list[bytes]) -> Iterator[bytes]:
    """Yield `chunks` and note them."""
    for chunk in chunks:
        into.append(chunk)
        yield chunk
