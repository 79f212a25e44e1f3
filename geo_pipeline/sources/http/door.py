"""The HTTP client of all providers: the only place that opens a connection.

One rule decides on another attempt: after connection errors, timeouts, bodies that end too early,
408, 429 and 5xx; never after another 4xx. What was received is kept (`raw.py`); final content is
requested once.
"""

import logging
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlsplit

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from geo_pipeline.judging import Limits
from geo_pipeline.sources.http import local_files, probing
from geo_pipeline.sources.http.addresses import (
    NO_SECRETS,
    Params,
    mirrored,
    secrets_of,
    user_agent,
    with_params,
    without_secrets,
)
from geo_pipeline.sources.http.attempts import (
    KEPT,
    Checksum,
    Failed,
    Request,
    Session,
    Turns,
    conditions_for,
    error_of,
    log_again,
    log_line,
    never_received,
    next_in_s,
    opened,
)
from geo_pipeline.sources.http.bodies import CHUNK, body_of, noted, refusal
from geo_pipeline.sources.http.received import MB, MOST_LEFT_OUT, Probe, Received
from geo_pipeline.sources.http.resuming import OnBytes, Partial, can_resume, partial_of, unheard
from geo_pipeline.sources.http.waiting import until_next_window, within_quota
from geo_pipeline.sources.pace import RATES, Pace
from geo_pipeline.sources.quotas import Quotas, quotas_with
from geo_pipeline.sources.raw import About, Kept, RawStore
from geo_pipeline.sources.slots import Slots
from geo_pipeline.words import message

_log = logging.getLogger("geo_pipeline.sources.http")


class Http:
    """Requests to providers, each kept in the raw store. Threads may share it.

    Args:
        raw: the store of answers; without it, a temporary folder that is removed with this object.
        offline: use only what is kept; nothing is requested over the network.
        rates: requests a second by host (`127.0.0.1:8000`), besides or instead of `RATES`.
        quotas: calls a day by host, in place of what its provider publishes.
        default_rate: requests a second for any other host.
        mirrors: prefixes of URLs, and their replacements.
        connect_timeout_s, read_timeout_s: longest silence before and during an answer.
        attempts: most attempts at one request.
        backoff_s: wait before the second attempt; it doubles each time.
        patience_s: longest total of all waits of a request: Retry-After, backoff, timeouts.
        max_bytes, max_file_bytes: largest content of `get` and `download`, after Content-Encoding.
        contact: URL or address of the operator, for the User-Agent.
        limits: of the child process that reads foreign files; without limits there is none.
        most_left_out: share of an answer's values that its reader may leave out.
        sleep: called to wait a number of seconds.
        on_bytes: told of each piece of a download.
    """

    def __init__(
        self,
        raw: RawStore | None = None,
        *,
        offline: bool = False,
        rates: Mapping[str, float] | None = None,
        quotas: Mapping[str, float] | None = None,
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
        on_bytes: OnBytes = unheard,
    ) -> None:
        self.limits = limits
        self.most_left_out = most_left_out
        self.raw = raw or RawStore.temporary()
        self.offline = offline
        self._mirrors = dict(mirrors or {})
        shared = self.raw.folder / ".pace"
        self._pace = Pace({**RATES, **(rates or {})}, default_rate, shared if raw else None, sleep)
        self.quotas = Quotas(shared, quotas_with(quotas or {}))
        self._timeouts = (connect_timeout_s, read_timeout_s)
        self._attempts = attempts
        self._backoff_s = backoff_s
        self._patience_s = patience_s
        self._max_bytes = max_bytes
        self._max_file_bytes = max_file_bytes
        self._sleep = sleep
        self._on_bytes = on_bytes
        self._slots = Slots(shared, sleep=sleep)
        self._turns = Turns()
        self._down: set[str] = set()
        self._intact: set[tuple[Path, int, int]] = set()
        self._session = Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update(
            {"User-Agent": user_agent(contact), "Accept-Encoding": "gzip", "Accept": "*/*"}
        )
        adapter = HTTPAdapter(pool_connections=32, pool_maxsize=32, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        logging.getLogger("urllib3.connectionpool").addFilter(NO_SECRETS)

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
        """Return the content of `url`, in memory.

        Args:
            url: http, https or file.
            source: the provider, for errors and for the raw store: its name, and for errors only
                what follows after a comma (`open-meteo, département 32`).
            params: added to the URL's query.
            headers: added to the request; never kept, logged or sent to another host.
            final: whether the content never changes: once kept as final it is not requested again.
            keep_as: name in the raw store instead of the URL, where the URL differs each time.
            keep: False neither reads nor writes the raw store.
            max_age_s: content received or confirmed less than so many seconds ago is not requested.
            max_bytes: largest content, in place of the constructor's.
            attempts: most attempts, in place of the constructor's.
            weight: how many requests the provider counts it as.

        Raises:
            StatusError: the provider refuses, or still fails after the last attempt.
            NotKeptError: offline, and it was never received.
            SourceError: it cannot be received for another reason.
            StorageError: it cannot be stored.
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
        checksum: Checksum | None = None,
        unread: Callable[[str], bool] | None = None,
    ) -> Received:
        """Return the content of `url` as a file of the raw store (`path`), never whole in memory.

        A compressed file is stored as received; any other is compressed with gzip. What was cut is
        gone on with (`resuming`). Arguments and errors are those of `get`; `checksum` is that of
        the publisher. The bytes of a kept file are not checked where they are not going to be read:
        `unread` tells that by their SHA-256.
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
            checksum=checksum,
        )
        return self._receive(replace(request, unread=unread), max_age_s, in_memory=False)

    def kept(
        self,
        url: str = "",
        *,
        source: str,
        params: Params | None = None,
        keep_as: str | None = None,
    ) -> Received | None:
        """Return what is kept of `url` (or as `keep_as`), None where nothing complete is kept."""
        request = self._request(url, source=source, params=params, keep_as=keep_as)
        kept = self.raw.find(request.place)
        return None if kept is None else self._from_raw(kept, in_memory=False)

    def has_final(self, source: str, keep_as: str = "", url: str = "") -> bool:
        """Return whether an answer is kept that will not be asked for again."""
        kept = self.raw.find(self.raw.place(source, url, keep_as or None))
        return kept is not None and kept.final

    def probe(
        self,
        url: str,
        *,
        source: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        method: str = "GET",
    ) -> Probe:
        """Request only the headers of `url`, once; nothing is kept or raised.

        With GET, which every provider answers, the body is left unread.
        """
        request = self._request(url, source=source, params=params, headers=headers, keep=False)
        return probing.probe(self._session, request, timeout_s, method)

    def start(self, url: str, *, source: str, bytes_: int = CHUNK) -> Received:
        """Return the first bytes of the content of `url`, requested once; nothing is kept.

        Raises:
            StatusError: the provider refuses.
            SourceError: they cannot be received for another reason.
        """
        request = self._request(url, source=source, params=None, keep=False)
        return probing.first_bytes(self._session, request, self._timeouts, bytes_)

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
        checksum: Checksum | None = None,
    ) -> Request:
        full = with_params(url, params)
        asked = without_secrets(full)
        return Request(
            source=source,
            asked=asked,
            params=dict(parse_qsl(urlsplit(asked).query, keep_blank_values=True)),
            url=mirrored(full, self._mirrors),
            headers=dict(headers or {}),
            secrets=secrets_of(full, headers or {}),
            final=final,
            keep_as=keep_as,
            keep=keep,
            place=self.raw.place(source.partition(",")[0], asked, keep_as),
            max_bytes=max_bytes,
            attempts=attempts or self._attempts,
            # A mirror does not count as the provider does.
            weight=weight if mirrored(full, self._mirrors) == full else 1.0,
            checksum=checksum,
        )

    def _receive(self, request: Request, max_age_s: float, *, in_memory: bool) -> Received:
        """Return the answer to `request`, from the raw store where that is allowed."""
        with self._turns.of(request.place):
            kept = self.raw.find(request.place) if request.keep else None
            received = None
            if kept is not None:
                trusted = request.is_unread(kept.sha256)
                received = self._from_raw(kept, in_memory=in_memory, trusted=trusted)
            if kept is not None and received is not None:
                age = (datetime.now(UTC) - kept.checked_at).total_seconds()
                if self.offline or (request.final and kept.final) or 0 <= age < max_age_s:
                    log_line(request, kept.status, "raw", length=kept.length)
                    return received
            if self.offline and not request.url.startswith("file:"):
                raise never_received(request, kept, self.raw.rejected(request.place))
            return self._ask(request, kept if received else None, received, in_memory=in_memory)

    def _from_raw(self, kept: Kept, *, in_memory: bool, trusted: bool = False) -> Received | None:
        """Return what is kept if its bytes are those received, or are `trusted`, else None."""
        content: bytes | None = None
        try:
            about = self.raw.fetched(kept).stat()
            seen = (kept.path, about.st_mtime_ns, about.st_size)
            if in_memory:
                with kept.open() as stream:
                    content = stream.read()
                intact = sha256(content).hexdigest() == kept.sha256
            else:
                intact = trusted or seen in self._intact or self.raw.intact(kept)
        except (OSError, EOFError, zlib.error):
            intact = False
        if not intact:
            _log.warning("%s: %s is damaged or gone: it is requested again", kept.source, kept.path)
            return None
        if not trusted:
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
        self, request: Request, kept: Kept | None, before: Received | None, *, in_memory: bool
    ) -> Received:
        """Return the answer to `request`, with the attempts that the one rule allows."""
        retry = Retry(
            total=request.attempts - 1,
            backoff_factor=self._backoff_s,
            backoff_jitter=self._backoff_s,
            backoff_max=60.0,
        )
        started = time.monotonic()
        waited_s = 0.0
        # An unreachable host gets one more attempt only, so that not each of 101 départements
        # waits.
        attempts = min(2, request.attempts) if request.host in self._down else request.attempts
        for attempt in range(1, attempts + 1):
            if request.host:
                within_quota(self.quotas, request)
                self._pace.wait(request.host, request.weight)
            asked_at = time.monotonic()
            try:
                received, length, status = self._once(request, kept, in_memory=in_memory)
            except Failed as failed:
                waited_s += time.monotonic() - asked_at if failed.slow else 0.0
                wait_s = next_in_s(retry, failed, self._backoff_s)
                if failed.status == 429:
                    wait_s = until_next_window(self.quotas, request, failed) or wait_s
                    # A host that demands a longer wait than patience is asked less often, but
                    # nobody waits for it.
                    self._pace.pause(request.host, wait_s if wait_s <= self._patience_s else 0.0)
                last = attempt == attempts or waited_s + wait_s > self._patience_s
                if failed.again and not last:
                    log_again(request, failed, attempt, wait_s)
                    retry = retry.increment("GET", None, error=urllib3.exceptions.ProtocolError())
                    waited_s += wait_s
                    self._sleep(wait_s)
                    continue
                if failed.down:
                    self._down.add(request.host)
                seconds = time.monotonic() - started
                log_line(request, failed.status, "network", seconds=seconds, attempts=attempt)
                raise error_of(request, failed, attempt, seconds, self._patience_s) from None
            self._down.discard(request.host)
            self._pace.ease(request.host)
            seconds = time.monotonic() - started
            log_line(request, status, "network", seconds=seconds, length=length, attempts=attempt)
            if received is not None:
                return received
            if kept is not None and before is not None:
                self.raw.confirm(kept, final=request.final)
                return before
        raise AssertionError("unreachable")

    def _once(
        self, request: Request, kept: Kept | None, *, in_memory: bool
    ) -> tuple[Received | None, int, int]:
        """Make one attempt: the content (None: what is kept is still valid), bytes, status."""
        if request.url.startswith("file:"):
            take = partial(self._take, request, in_memory=in_memory)
            return local_files.read(request, kept, take) or (None, 0, 304)
        if in_memory:
            return self._exchange(request, kept, None)
        with self._slots.of(request.host), partial_of(request.place) as begun:
            # A cut download that brought something is gone on with at once, and is no failed
            # attempt: a file of gigabytes may be cut more often than a request is repeated.
            while True:
                before = begun.size if begun is not None else 0
                try:
                    return self._exchange(request, kept, begun, in_memory=False)
                except Failed as failed:
                    if begun is None or begun.size <= before or failed.slow or not failed.again:
                        raise
                    log_again(request, failed, 1, 0.0)
                    self._pace.wait(request.host, request.weight)

    def _exchange(
        self,
        request: Request,
        kept: Kept | None,
        begun: Partial | None,
        *,
        in_memory: bool = True,
    ) -> tuple[Received | None, int, int]:
        """Send the request and take its answer; `begun` is what was received of it before."""
        url = without_secrets(request.url)
        conditions = conditions_for(kept, url)
        rest = begun.conditions(url) if begun is not None else {}
        with opened(self._session, request, {**conditions, **rest}, self._timeouts) as answer:
            status = answer.status_code
            if status == 416 and begun is not None and rest:
                kept = begun.settled(self.raw, request, answer)
                return self._received(kept, None), kept.length, status
            if status == 304 and conditions:
                answer.raw.drain_conn()
                return None, 0, status
            if status >= 300:
                raise refusal(request, answer)
            if not in_memory and status not in KEPT:
                raise Failed(message("http.no_file_but", status=status), again=False, status=status)
            about = request.about(status, answer.headers)
            if answer.history:
                about = replace(about, redirected_to=without_secrets(answer.url))
            body = body_of(answer, request, self._timeouts[1])
            if begun is not None and can_resume(request, answer):
                begun.take(answer, url, body, self._on_bytes)
                kept = begun.keep(
                    self.raw, request.place, replace(about, status=200), request.checksum
                )
                return self._received(kept, None), kept.length, status
            return self._take(request, about, body, in_memory=in_memory)

    def _take(
        self, request: Request, about: About, chunks: Iterable[bytes], *, in_memory: bool
    ) -> tuple[Received, int, int]:
        """Store `chunks` and return them as received."""
        content: list[bytes] = []
        chunks = noted(chunks, content) if in_memory else chunks
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
