"""An object store of one's own on loopback (SeaweedFS), and a proxy before it that fails on demand.

For tests and measurements. The server can be killed and started again on what it has.
"""

import http.client
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

KEY, SECRET = "monitor", "s3cret/of+the=store"
PATIENCE_S = 90

Fault = Literal["slow", "busy", "cut answer", "cut request", "lost answer"]
"""`busy`: 503. `lost answer`: the request is done, and the connection ends before the answer."""


class ObjectStore:
    """The server: its address, and its process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        master, volume, filer, s3 = free_ports(4)
        self.address = f"http://127.0.0.1:{s3}"
        rights = {"accessKey": KEY, "secretKey": SECRET}
        actions = ["Admin", "Read", "Write", "List"]
        users = {"identities": [{"name": "tests", "credentials": [rights], "actions": actions}]}
        (folder / "data").mkdir()
        (folder / "users.json").write_text(json.dumps(users), encoding="utf-8")
        self._command = [
            str(Path(sys.executable).with_name("weed")),
            *("-logdir", str(folder), "server", "-dir", str(folder / "data")),
            *("-ip", "127.0.0.1", "-ip.bind", "127.0.0.1", f"-master.port={master}"),
            *("-master.volumeSizeLimitMB=64", "-master.telemetry=false", "-volume.max=0"),
            *(f"-volume.port={volume}", "-filer", f"-filer.port={filer}", "-s3"),
            *(f"-s3.port={s3}", f"-s3.config={folder / 'users.json'}", "-s3.iam=false"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server on what it has, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                urllib.request.urlopen(self.address, timeout=5).close()
                return
            except urllib.error.HTTPError:  # it asks for a signature: it is there
                return
            except OSError:
                assert self._process.poll() is None, (self._folder / "log").read_text("utf-8")[
                    -2000:
                ]
                assert time.monotonic() < end, f"no answer within {PATIENCE_S} s"
                time.sleep(0.1)

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextmanager
def served() -> Iterator[ObjectStore]:
    """Give a server with nothing in it; a bucket comes with its first object."""
    folder = Path(tempfile.mkdtemp(prefix="store-"))
    store = ObjectStore(folder)
    try:
        store.start()
        yield store
    finally:
        store.kill()
        shutil.rmtree(folder, ignore_errors=True)


class Proxy(ThreadingHTTPServer):
    """Hands requests on to a store, and fails those that a test has asked to fail."""

    daemon_threads = True

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = store.address.removeprefix("http://")
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.seen: list[str] = []
        self._faults: list[tuple[str, str, Fault]] = []
        self._lock = threading.Lock()

    def fail(self, method: str, end: str, *faults: Fault) -> None:
        """Let the next requests of a key with this end fail, one fault each."""
        with self._lock:
            self._faults += [(method, end, fault) for fault in faults]

    def fault_of(self, method: str, path: str) -> Fault | None:
        """Return the fault of a request, which is used up."""
        with self._lock:
            self.seen.append(f"{method} {path}")
            for n, (of, end, fault) in enumerate(self._faults):
                if of == method and path.partition("?")[0].endswith(end):
                    del self._faults[n]
                    return fault
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass(self) -> None:
        fault = self.server.fault_of(self.command, self.path)
        self.close_connection = True
        length = int(self.headers.get("Content-Length", 0))
        if fault == "cut request":
            self.rfile.read(length // 2)
            return
        body = self.rfile.read(length)
        if fault == "slow":
            time.sleep(1.5)
        if fault == "busy":
            self._answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
            return
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():  # with the host that was signed
                upstream.putheader(name, value)
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            content = answer.read()
        except OSError:  # the server is gone
            return
        finally:
            upstream.close()
        if fault == "lost answer":
            return
        told = {k: v for k, v in answer.getheaders() if k.lower() not in ("connection", "date")}
        cut = len(content) // 2 if fault == "cut answer" else None
        self._answer(answer.status, told, content, cut)

    def _answer(
        self, status: int, headers: dict[str, str], content: bytes, cut: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding"):
                self.send_header(name, value)
        length = next((v for k, v in headers.items() if k.lower() == "content-length"), None)
        self.send_header("Content-Length", length or str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content[:cut])

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def proxied(store: ObjectStore) -> Iterator[Proxy]:
    """Give a proxy before a store."""
    proxy = Proxy(store)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()


def free_ports(count: int) -> list[int]:
    """Return free ports whose neighbour 10,000 above, which the server takes too, is free."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_000, 32_000)
        try:
            for each in (port, port + 10_000):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", each))
        except OSError:
            continue
        if port not in found:
            found.append(port)
    return found
