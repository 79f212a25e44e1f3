"""`/api/v1` on the app's server: the handler around `geo_pipeline.publishing.api`.

Answers are made in a few threads of their own, so that neither the map nor other readers wait for
them; they are sent in parts.
"""

import asyncio
import os
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, cast

from bokeh.server.views.auth_request_handler import AuthRequestHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from geo_pipeline.publishing.api.service import (
    MOST_KEPT_BYTES,
    Answer,
    Asked,
    Service,
    problem,
)
from geo_pipeline.words import message

ROUTE: Final = "/api/v1"
THREADS: Final = 2
"""Answers made at the same time."""
MOST_WAITING: Final = 200
"""Answers waiting to be made; further requests are told to come back."""
PART_BYTES: Final = 256 * 1024
"""What is sent at a time."""
NICE: Final = 5
"""By how much the threads give way to the one that serves the map (Linux)."""

READERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Content-Disposition, Content-Range, Retry-After",
}
_RANGE: Final = re.compile(r"bytes=(\d{0,12})-(\d{0,12})", re.ASCII)
ALLOWED: Final = "GET, HEAD, OPTIONS"


class Queue:
    """The threads that make answers, and how many requests wait for them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._threads = ThreadPoolExecutor(THREADS, "api", initializer=_give_way)
        self._waiting = 0

    async def answer(self, asked: Asked) -> Answer:
        """Return the answer, or a problem where too many wait."""
        if self._waiting >= MOST_WAITING:
            return problem(503, message("api.busy"))
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._service.answer, asked)
        finally:
            self._waiting -= 1


def _give_way() -> None:
    """Let the thread that serves the map go first, where the system has threads' priorities."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


class Api(AuthRequestHandler):
    """Answers GET, HEAD and OPTIONS; everything else is a problem."""

    def initialize(self, queue: Queue, may_read: Callable[[str, str | None], bool]) -> None:
        """Keep what makes answers, and who may read: by a token, or as a signed-in user."""
        self._queue, self._may_read = queue, may_read

    async def prepare(self) -> None:
        """Refuse those who may not read."""
        await super().prepare()
        if self.request.method == "OPTIONS":
            return  # browsers send it without any sign-in
        given = self.request.headers.get("Authorization", "")
        if not self._may_read(given, self.current_user):
            self.set_header("WWW-Authenticate", "Bearer")
            await self._send(problem(401, message("api.sign_in")))

    def check_xsrf_cookie(self) -> None:
        """Nothing can be changed here, so that nothing need be protected."""

    async def get(self, path: str | None) -> None:
        """Send the answer."""
        request = self.request
        asked = Asked(
            (path or "").strip("/"),
            request.query,
            request.headers.get("Accept", ""),
            "gzip" in request.headers.get("Accept-Encoding", "") and "Range" not in request.headers,
            request.headers.get("If-None-Match", ""),
            f"{request.protocol}://{request.host}{self.application.prefix}{ROUTE}",
        )
        await self._send(await self._queue.answer(asked))

    def options(self, _path: str | None) -> None:
        """Allow scripts of other sites to read."""
        self._allow()
        self.set_header("Access-Control-Allow-Methods", ALLOWED)
        self.set_header(
            "Access-Control-Allow-Headers", "Accept, Authorization, If-None-Match, Range"
        )
        self.set_header("Access-Control-Max-Age", "86400")
        self.set_status(204)
        self.finish()

    def write_error(self, status_code: int, **_options: Any) -> None:
        """Send a problem instead of a page."""
        self._allow()
        if status_code == 405:
            self.set_header("Allow", ALLOWED)
        told = message("api.method") if status_code == 405 else message("api.unreadable")
        answer = problem(status_code, told)
        for name, value in answer.headers.items():
            self.set_header(name, value)
        self.finish(cast(Any, answer.body).read())

    def _allow(self) -> None:
        for name, value in READERS.items():
            self.set_header(name, value)

    async def _send(self, answer: Answer) -> None:
        self._allow()
        self.set_status(answer.status)
        for name, value in answer.headers.items():
            self.set_header(name, value)
        if answer.body is None:
            self.finish()
            return
        with answer.body as body:
            first, size = self._range(answer)
            self.set_header("Content-Length", str(size))
            if self.request.method == "HEAD":
                self.finish()
                return
            body.seek(first)
            try:
                while size and (part := body.read(min(size, PART_BYTES))):
                    size -= len(part)
                    self.write(part)
                    await self.flush()
            except StreamClosedError:
                raise HTTPError(499) from None  # the client is gone
        await self.finish()

    def _range(self, answer: Answer) -> tuple[int, int]:
        """Return where the wished part of an answer begins, and its size; tell so in the headers.

        GIS read large files in parts. A part is only sent of answers that are kept: others would be
        made again for each.
        """
        whole = 0, answer.length
        if answer.status != 200 or answer.length > MOST_KEPT_BYTES:
            return whole
        self.set_header("Accept-Ranges", "bytes")
        wished = _RANGE.fullmatch(self.request.headers.get("Range", ""))
        if wished is None or not any(wished.groups()):
            return whole
        if self.request.headers.get("If-Range", answer.headers["ETag"]) != answer.headers["ETag"]:
            return whole
        if wished[1]:
            first = int(wished[1])
            last = min(int(wished[2] or answer.length), answer.length - 1)
        else:  # so many at the end
            first, last = max(0, answer.length - int(wished[2])), answer.length - 1
        if first > last:
            self.set_status(416)
            self.set_header("Content-Range", f"bytes */{answer.length}")
            return 0, 0
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {first}-{last}/{answer.length}")
        return first, last - first + 1
