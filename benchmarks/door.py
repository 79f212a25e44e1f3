"""What the door to the network costs: `python -m benchmarks.door`.

A server on loopback answers each request in 100 ms with a year of a département as Open-Meteo sends
it (about 60 kB). 101 départements are asked for, eight at a time, by `requests` alone in threads
and by `sources.http.Http`, which keeps, hashes and paces; the pace is set out of the way. Then once
more by the door, from what is kept.
"""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from rich.console import Console
from rich.table import Table

from benchmarks.common import asked, machine
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.raw import RawStore

ANSWER_S = 0.1
WORKERS = 8
DEPARTEMENTS = 101
BODY = json.dumps({"daily": {f"variable_{n}": [1.25] * 1100 for n in range(8)}}).encode()


class Slow(BaseHTTPRequestHandler):
    """Answers each request after `ANSWER_S`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        time.sleep(ANSWER_S)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *arguments: object) -> None:
        pass


def timed(ask: Callable[[int], object], count: int) -> float:
    """Return the seconds that all départements take."""
    start = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(ask, range(count)))
    return time.perf_counter() - start


def main() -> None:
    """Measure and print the table."""
    _, smallest = asked()
    count = WORKERS if smallest else DEPARTEMENTS
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/archive"
    least = -(-count // WORKERS) * ANSWER_S
    with (
        TemporaryDirectory() as folder,
        requests.Session() as session,
        Http(RawStore(Path(folder)), default_rate=10_000.0) as http,
    ):

        def alone(number: int) -> object:
            return session.get(f"{url}?n={number}", timeout=9).content

        def door(number: int) -> object:
            return http.get(f"{url}?n={number}", source="x", final=True)

        rows = [
            ("the server's own time", least),
            ("requests alone", timed(alone, count)),
            ("the door", timed(door, count)),
            ("the door, kept", timed(door, count)),
        ]
    server.shutdown()
    server.server_close()
    table = Table(f"{count} départements, {WORKERS} at a time")
    table.title = f"{machine()}\n100 ms an answer"
    table.add_column("seconds", justify="right")
    table.add_column("beyond the server, ms each", justify="right")
    for name, seconds in rows:
        beyond = 1e3 * (seconds - least) / count if name != "the door, kept" else 0.0
        kept = f"{1e3 * seconds / count:.1f} in all" if name == "the door, kept" else ""
        table.add_row(name, f"{seconds:.2f}", kept or f"{beyond:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
