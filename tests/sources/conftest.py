"""A provider on loopback: a real HTTP server that answers as a test scripts it, faults and all."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


@dataclass(frozen=True)
class Asked:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    at_s: float

    def one(self, name: str) -> str:
        """Return the only value of the query's `name`."""
        (value,) = self.query[name]
        return value


@dataclass(frozen=True)
class Answer:
    """What is sent: `body` is bytes, or str sent as UTF-8; `json` takes its place.

    `cut` sends that many bytes only of what was promised, then closes; `drop` closes before any
    status line; `delay_s` waits before the status line, `drip_s` between single bytes; `etag` and
    `last_modified` are sent and give 304 to a request that names them; `encoding="gzip"` compresses
    as Content-Encoding; `chunked` sends chunks; `length=False` tells no length (as HTTP/1.0 did).
    """

    body: bytes | str = b""
    json: Any = None
    status: int = 200
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drip_s: float = 0.0
    cut: int | None = None
    drop: bool = False
    chunked: bool = False
    length: bool = True
    encoding: str | None = None
    etag: str | None = None
    last_modified: str | None = None

    def content(self) -> bytes:
        """Return the body's bytes before Content-Encoding."""
        if self.json is not None:
            return json.dumps(self.json, ensure_ascii=False).encode()
        return self.body.encode() if isinstance(self.body, str) else self.body

    def unchanged_for(self, asked: Asked) -> bool:
        """Say whether the request already has this very content."""
        if self.etag is not None and asked.headers.get("if-none-match") == self.etag:
            return True
        since = asked.headers.get("if-modified-since")
        return self.last_modified is not None and since == self.last_modified


Handler = Callable[[Asked], Answer]


class Provider:
    """The server: `url`, what it was asked (`asked`), and its script.

    `on(path, ...)` adds an answer to the script of a path (of any method): answers are given in
    order, the last one for ever; `times=3` gives one three times. `on(path, handler)` lets a
    function decide, `on("/files/*", ...)` holds for all paths that begin so and have no script of
    their own. Anything else is answered 404.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._scripts: dict[str, list[Handler]] = {}
        self._lock = threading.Lock()
        provider = self

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Clients that hang up are part of the play."""

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def log_message(self, format: str, *args: Any) -> None:
                """Keep still."""

            def do_GET(self) -> None:
                provider._answer(self)

            do_HEAD = do_POST = do_GET

        self._server = Server(("127.0.0.1", 0), Door)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @staticmethod
    def answer(body: bytes | str = b"", **said: Any) -> Answer:
        """Return an `Answer`, for a handler to give."""
        return Answer(body, **said)

    def on(
        self, path: str, body: bytes | str | Handler = b"", *, times: int = 1, **said: Any
    ) -> "Provider":
        """Add an answer (or a function of the request) to the script of `path`; return itself."""
        if isinstance(body, (bytes, str)):
            answer = Answer(body, **said)
            body = lambda asked: answer  # noqa: E731
        with self._lock:
            self._scripts.setdefault(path, []).extend([body] * times)
        return self

    def reset(self, path: str) -> "Provider":
        """Forget the script of `path`; return itself."""
        with self._lock:
            self._scripts.pop(path, None)
        return self

    def paths(self) -> list[str]:
        """Return the paths asked for, in order."""
        return [asked.path for asked in self.asked]

    def close(self) -> None:
        """Stop answering; the port is free again."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, path: str) -> Handler | None:
        with self._lock:
            script = self._scripts.get(path)
            if script is None:
                longest = max(
                    (
                        name
                        for name in self._scripts
                        if name.endswith("*") and path.startswith(name[:-1])
                    ),
                    key=len,
                    default="",
                )
                script = self._scripts.get(longest)
            if not script:
                return None
            return script.pop(0) if len(script) > 1 else script[0]

    def _answer(self, door: BaseHTTPRequestHandler) -> None:
        at = urlsplit(door.path)
        asked = Asked(
            door.command,
            at.path,
            parse_qs(at.query, keep_blank_values=True),
            {name.lower(): value for name, value in door.headers.items()},
            time.monotonic(),
        )
        with self._lock:
            self.asked.append(asked)
        handler = self._next(at.path)
        answer = handler(asked) if handler else Answer(f"no such path: {at.path}", status=404)
        if answer.delay_s:
            time.sleep(answer.delay_s)
        _send(door, asked, answer)


def _send(door: BaseHTTPRequestHandler, asked: Asked, answer: Answer) -> None:
    """Send `answer`, or as much of it as it says."""
    if answer.drop:
        _hang_up(door)
        return
    validators = {"ETag": answer.etag, "Last-Modified": answer.last_modified}
    headers = {name: value for name, value in validators.items() if value is not None}
    if answer.unchanged_for(asked):
        door.send_response(304)
        for name, value in headers.items():
            door.send_header(name, value)
        door.end_headers()
        return
    content = answer.content()
    if answer.encoding == "gzip":
        content = gzip.compress(content)
    if answer.encoding is not None:
        headers["Content-Encoding"] = answer.encoding
    kind = answer.content_type or (
        "application/json" if answer.json is not None else "application/octet-stream"
    )
    headers["Content-Type"] = kind
    bodiless = answer.status in (204, 304)
    if answer.chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif answer.length and not bodiless:
        headers["Content-Length"] = str(len(content))
    elif not bodiless:
        headers["Connection"] = "close"
    headers.update(answer.headers)
    date = headers.pop("Date", None)
    door.send_response_only(answer.status)
    door.send_header("Date", date or door.date_time_string())
    for name, value in headers.items():
        door.send_header(name, value)
    door.end_headers()
    if asked.method == "HEAD" or bodiless:
        return
    sent = content if answer.cut is None else content[: answer.cut]
    if answer.drip_s:
        for byte in sent:
            door.wfile.write(bytes([byte]))
            time.sleep(answer.drip_s)
    elif answer.chunked:
        for start in range(0, len(sent), 1000):
            piece = sent[start : start + 1000]
            door.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if answer.cut is None:
            door.wfile.write(b"0\r\n\r\n")
    else:
        door.wfile.write(sent)
    door.wfile.flush()
    if answer.cut is not None or headers.get("Connection") == "close":
        _hang_up(door)


def _hang_up(door: BaseHTTPRequestHandler) -> None:
    door.close_connection = True
    door.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Return a scriptable HTTP server on loopback that lasts for one test."""
    server = Provider()
    yield server
    server.close()
