"""Requests for the headers or the first bytes of an answer, of which nothing is kept."""

import time
from datetime import UTC, datetime
from hashlib import sha256

from geo_pipeline.sources.http.addresses import file_of
from geo_pipeline.sources.http.attempts import (
    Failed,
    Request,
    Session,
    error_of,
    http_date,
    opened,
)
from geo_pipeline.sources.http.bodies import decoded, refusal, sent
from geo_pipeline.sources.http.received import Probe, Received
from geo_pipeline.words import Message, message


def probe(session: Session, request: Request, timeout_s: float, method: str) -> Probe:
    """Request only the headers of an answer, once; nothing is raised."""
    started = time.monotonic()
    if request.url.startswith("file:"):
        try:
            about = file_of(request.url).stat()
        except OSError:
            gone = message("http.no_file")
            return Probe(request.asked, 404, 0.0, None, gone)
        modified = datetime.fromtimestamp(about.st_mtime, UTC)
        return Probe(request.asked, 200, 0.0, modified, None, length=about.st_size)
    try:
        with opened(session, request, {}, (timeout_s, timeout_s), method) as answer:
            error: Message | None = None
            length = answer.headers.get("Content-Length", "")
            if answer.status_code >= 400:
                error = message("http.answered", status=answer.status_code)
            return Probe(
                request.asked,
                answer.status_code,
                time.monotonic() - started,
                http_date(answer.headers.get("Last-Modified")),
                error,
                answer.headers.get("ETag"),
                int(length) if length.isdigit() else None,
            )
    except Failed as failed:
        what = request.cleaned(failed.what)
        return Probe(request.asked, None, time.monotonic() - started, None, what)


def first_bytes(
    session: Session, request: Request, timeouts: tuple[float, float], count: int
) -> Received:
    """Return the first `count` bytes of the content, requested once.

    Raises:
        StatusError: the provider refuses.
        SourceError: they cannot be received for another reason.
    """
    content, status = b"", 200
    try:
        if request.url.startswith("file:"):
            with file_of(request.url).open("rb") as stream:
                content = stream.read(count)
        else:
            with opened(session, request, {}, timeouts) as answer:
                status = answer.status_code
                if status >= 300:
                    raise refusal(request, answer)
                for chunk in decoded(answer, sent(answer, timeouts[1])):
                    content += chunk
                    if len(content) >= count:
                        break
    except OSError as error:
        what = message("fault.unreadable", why=error.strerror or error)
        raise request.failed(what, message("advice.file"), None, None) from None
    except Failed as failed:
        raise error_of(request, failed, 1, 0.0, 0.0) from None
    digest = sha256(content).hexdigest()
    return Received(request.asked, status, datetime.now(UTC), digest, content[:count])
