"""Bodies of answers: read completely, within limits, with Content-Encoding removed."""

import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from json import loads
from typing import Any

import requests
import urllib3

from geo_pipeline.sources.http.attempts import AGAIN, KEPT, Failed, Request, retry_after_s
from geo_pipeline.sources.http.received import MB
from geo_pipeline.words import message

CHUNK = 1 << 16


SLOWEST_BYTES_PER_S = 200
"""A body slower than this, after the read timeout, is given up."""


def body_of(answer: requests.Response, request: Request, patience_s: float) -> Iterator[bytes]:
    """Yield the body without Content-Encoding; a short or too long one is an error.

    The bytes are read as sent and decoded here, because a library would accept a gzip stream that
    stops early as a whole one.
    """
    length = answer.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > request.max_bytes:
        raise too_long(request.max_bytes)
    body = bounded(decoded(answer, sent(answer, patience_s)), request.max_bytes)
    yield from whole(body) if answer.status_code in KEPT - {206} else body


def whole(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a body, which may be cut though it is as long as was told.

    An empty body and unfinished JSON are known to be cut; archives detect it themselves.
    """
    start = end = b""
    for chunk in chunks:
        start = start or chunk.lstrip()[:1]
        end = chunk.rstrip()[-1:] or end
        yield chunk
    if not start or (start in b"{[" and end not in b"}]"):
        raise Failed(message("http.cut" if start else "http.empty"), again=True)


def decoded(answer: requests.Response, sent: Iterator[bytes]) -> Iterator[bytes]:
    """Return `sent` without Content-Encoding."""
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        return inflated(sent)
    if encoding not in ("", "identity"):
        raise Failed(message("http.encoding", encoding=encoding[:20]), again=False)
    return sent


def sent(answer: requests.Response, patience_s: float) -> Iterator[bytes]:
    """Yield the body as sent; one that is too slow is given up."""
    started = time.monotonic()
    length = 0
    while chunk := answer.raw.read1(CHUNK, decode_content=False):
        length += len(chunk)
        beyond_s = time.monotonic() - started - patience_s
        if beyond_s > 0 and length < beyond_s * SLOWEST_BYTES_PER_S:
            raise Failed(
                message("http.trickles", bytes=length, seconds=beyond_s + patience_s),
                again=True,
                slow=True,
            )
        yield chunk


def inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of gzip members; a damaged or unfinished member is an error."""
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
        raise Failed(message("http.encoding_damaged"), again=True) from None
    if member is not None:
        raise Failed(message("http.cut"), again=True)


def bounded(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Yield `chunks`; more than `most` bytes are an error."""
    length = 0
    for chunk in chunks:
        length += len(chunk)
        if length > most:
            raise too_long(most)
        yield chunk


def too_long(most: int) -> Failed:
    """Return the failure for a body of more than `most` bytes."""
    return Failed(message("http.too_long", size=most / MB), message("advice.less"), again=False)


def noted(chunks: Iterable[bytes], into: list[bytes]) -> Iterator[bytes]:
    """Yield `chunks` and append them to `into`."""
    for chunk in chunks:
        into.append(chunk)
        yield chunk


def refusal(request: Request, answer: requests.Response) -> Failed:
    """Return the failure for an answer with an error status."""
    status = answer.status_code
    reason = reason_of(answer)
    reason = request.clean(reason) if reason else None
    what = message("http.answered", status=status)
    if reason:
        what = message("http.answered_why", status=status, why=reason)
    if status in AGAIN:
        return Failed(
            what, again=True, status=status, reason=reason,
            wait_s=retry_after_s(answer.headers) if status in (429, 503) else None,
        )  # fmt: skip
    advice = message("advice.question")
    if status in (401, 403):
        advice = message("advice.key" if request.secrets else "advice.refused")
    return Failed(what, advice, again=False, status=status, reason=reason)


def reason_of(answer: requests.Response) -> str | None:
    """Return the provider's own explanation of an error, on one line of at most 300 characters."""
    start = b""
    try:
        for chunk in decoded(answer, sent(answer, 5.0)):
            start += chunk
            if len(start) > 20_000:
                break
    except (Failed, urllib3.exceptions.HTTPError, OSError):
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
