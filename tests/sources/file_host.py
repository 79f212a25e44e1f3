"""A host of files on loopback, as S3 answers: ranges, validators, and the faults of a bad line."""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIECE = 1 << 14


@dataclass
class FileHost:
    """Files by path. `cuts` of the answers end early at a random byte; `faults` are sent first."""

    files: dict[str, bytes] = field(default_factory=dict)
    cuts: int = 0
    seed: int = 0
    faults: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    validators: bool = True
    bytes_per_s: float = 0.0
    """Speed of each connection; 0 for no limit."""
    asked: list[tuple[str, str, str | None, int]] = field(default_factory=list)
    """Method, path, Range and status of each request."""
    at_once: int = 0
    """Most bodies under way at the same time; one is over for its client with its last piece."""
    on_cut: Callable[["FileHost", str], object] | None = None

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()
        self._busy = 0
        host = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with suppress(OSError):
                    host._answer(self)

            do_HEAD = do_GET

            def log_message(self, *arguments: object) -> None:
                """Keep still."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def sent(self, path: str) -> list[tuple[str | None, int]]:
        """Return Range and status of each GET of `path`."""
        return [(part, status) for method, at, part, status in self.asked
                if (method, at) == ("GET", path)]  # fmt: skip

    def _answer(self, door: BaseHTTPRequestHandler) -> None:
        path, part = door.path.partition("?")[0], door.headers.get("Range")
        status, headers, body = self._reply(path, part, door.headers)
        with self._lock:
            self.asked.append((door.command, path, part, status))
            cut = len(body)
            if status < 300 and body and self.cuts > 0 and door.command == "GET":
                self.cuts -= 1
                cut = self._random.randrange(len(body))
        door.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            door.send_header(name, value)
        door.end_headers()
        if door.command == "HEAD":
            return
        with self._under_way():
            for start in range(0, cut - PIECE, PIECE):
                door.wfile.write(body[start : start + PIECE])
                if self.bytes_per_s:
                    time.sleep(PIECE / self.bytes_per_s)
        door.wfile.write(body[:cut][-((cut - 1) % PIECE + 1) :] if cut else b"")
        if cut < len(body):
            door.close_connection = True
            # Before the client can know, or it may ask again first.
            if self.on_cut is not None:
                self.on_cut(self, path)
            door.connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        with self._lock:
            self._busy += 1
            self.at_once = max(self.at_once, self._busy)
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    def _reply(self, path: str, part: str | None, asked: Any) -> tuple[int, dict[str, str], bytes]:
        if path not in self.files:
            return 404, {}, b"no such file"
        with self._lock:
            if self.faults and not path.startswith("/api/"):
                status, headers = self.faults.pop(0)
                return status, headers, b""
        content = self.files[path]
        etag = f'"{md5(content, usedforsecurity=False).hexdigest()}"'
        validators = {"ETag": etag, "Last-Modified": formatdate(1_700_000_000, usegmt=True)}
        if not self.validators:
            validators = {}
        elif asked.get("If-None-Match") == etag:
            return 304, {**validators, "Content-Length": "0"}, b""
        if part is None or (asked.get("If-Range") not in (None, etag)):
            return 200, validators, content
        start = int(part.removeprefix("bytes=").partition("-")[0])
        if start >= len(content):
            return 416, {**validators, "Content-Range": f"bytes */{len(content)}"}, b""
        told = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return 206, {**validators, "Content-Range": told}, content[start:]
