"""`just bench-live`: `geo-pipeline live` from nothing, end to end, on grid files of full size.

A server on loopback, in a process of its own, has a file of SIM2 for each year in its real size
(9,892 cells, 28 columns), that of the last 60 days, their list with checksums, and NASA POWER for
overseas. Ranges are answered as Météo-France's host does. Downloads so take hardly any time: what
is measured is our own. Each year has the days of one generated year with the cells in another
order. `python -m benchmarks.live 10` is since ten years ago; a second word names a folder that
keeps files and home, where a stopped command is gone on with. With `killed` as the third word the
command is first killed (`kill -9`) inside a file; the server tells from which byte a file was asked
for again. `LINE_MBIT=100` limits what all files together get to the rate of a line of 100 Mbit/s.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import parse_qs, urlsplit

from benchmarks.common import ROOT, asked, machine
from benchmarks.growth import Peak
from benchmarks.sources import CELLS, make_sim2_file
from geo_pipeline.sources.http.resuming import BYTES
from tests.cli.live_host import FOLDER, POWER, power

YEARS, FEW_YEARS, FEW_CELLS = 10, 0, 60
SMALLEST = ("--departements", "32")
LEAP_YEAR = 2024
LEAP_DAY = date(LEAP_YEAR, 2, 29).timetuple().tm_yday - 1
LATEST_DAYS = 60
KILLED_FROM_BYTES = 20_000_000
AIM_S = 900.0
SINCE = 1991
LINE_MBIT = "LINE_MBIT"
PIECE_BYTES = 1 << 18


# The files ------------------------------------------------------------------------------------


def make_files(folder: Path, years: int, cells: int) -> None:
    """Write the files since so many years ago up to the day before yesterday, and their list."""
    from isal import igzip

    base = folder / "base.csv.gz"
    if not base.exists():
        make_sim2_file(base, 366, start=f"{LEAP_YEAR}-01-01", cells=cells)
    known = datetime.now(UTC).date() - timedelta(days=2)
    with cast(BinaryIO, igzip.open(base)) as source:
        source.readline()
        names = [place(lines[0]) for lines in of_cells(source)]
    for year in range(known.year - years, known.year + 1):
        last = min(date(year, 12, 31), known.replace(day=1) - timedelta(days=1))
        write_days(base, folder / f"QUOT_SIM2_{year}.csv.gz", date(year, 1, 1), last, names)
    first = max(known - timedelta(days=LATEST_DAYS - 1), date(known.year, 1, 1))
    write_days(base, folder / "QUOT_SIM2_latest.csv.gz", first, known, names)


def write_days(base: Path, target: Path, first: date, last: date, names: Sequence[bytes]) -> None:
    """Write some days of a year, whose weather of a cell is that of another one in `base`."""
    from isal import igzip

    if target.exists():
        return
    days = [(day.replace(year=LEAP_YEAR)).timetuple().tm_yday - 1 for day in (first, last)]
    leap = last.year % 4 == 0  # none of the years is 1900 or 2100
    part = target.with_suffix(".part")
    with (
        cast(BinaryIO, igzip.open(base)) as source,
        cast(BinaryIO, igzip.open(part, "wb", compresslevel=2)) as file,
    ):
        file.write(source.readline())
        for number, lines in enumerate(of_cells(source)):
            name = names[(number + 17 * last.year) % len(names)]
            kept = [
                line
                for day, line in enumerate(lines[days[0] : days[1] + 1], days[0])
                if leap or day != LEAP_DAY
            ]
            of_year = b"%s;%d" % (place(lines[0]), LEAP_YEAR)
            file.write(b"".join(kept).replace(of_year, b"%s;%d" % (name, last.year)))
    part.rename(target)


def of_cells(source: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the lines of each cell."""
    while lines := [*islice(source, 366)]:
        yield lines


def place(line: bytes) -> bytes:
    """Return the coordinates at the start of a line."""
    return b";".join(line.split(b";", 2)[:2])


# The server -----------------------------------------------------------------------------------


class Line:
    """A line of so many Mbit/s that several connections share."""

    def __init__(self, mbit_per_s: float) -> None:
        self.bytes_per_s = mbit_per_s * 1e6 / 8
        self._lock = threading.Lock()
        self._free_at_s = 0.0

    def take(self, count: int) -> None:
        """Wait until so many bytes have gone through."""
        with self._lock:
            self._free_at_s = max(self._free_at_s, time.monotonic()) + count / self.bytes_per_s
            wait_s = self._free_at_s - time.monotonic()
        time.sleep(max(wait_s, 0.0))


def serve(folder: Path) -> None:
    """Serve the files of a folder until the process is ended; print the port."""
    resources = [
        {
            "url": f"{FOLDER}{path.name}",
            "filesize": path.stat().st_size,
            "checksum": {"type": "sha1", "value": sha1(path.read_bytes()).hexdigest()},
        }
        for path in sorted(folder.glob("QUOT_SIM2_*.csv.gz"))
    ]
    listed = json.dumps({"resources": resources}).encode()
    line = Line(float(os.environ.get(LINE_MBIT, "inf")))

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            at = urlsplit(self.path)
            if at.path.startswith(FOLDER):
                self._file(folder / at.path.removeprefix(FOLDER))
                return
            body = power(parse_qs(at.query)) if at.path == POWER else listed
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def _file(self, path: Path) -> None:
            size, part = path.stat().st_size, self.headers.get("Range")
            start = int(part.removeprefix("bytes=").partition("-")[0]) if part else 0
            tag = f'"{path.name}-{size}"'
            same, all_there = self.headers.get("If-None-Match") == tag, bool(part) and start >= size
            if same or all_there:
                self.send_response(304 if same else 416)
                self.send_header("ETag", tag)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if part else 200)
            if part:
                print(f"{path.name}: asked for from byte {start:,} of {size:,}", file=sys.stderr)
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(size - start))
            self.end_headers()
            if self.command == "HEAD":
                return
            with path.open("rb") as file:
                if line.bytes_per_s == math.inf:
                    self.connection.sendfile(file, start)
                    return
                file.seek(start)
                while piece := file.read(PIECE_BYTES):
                    line.take(len(piece))
                    self.wfile.write(piece)

        def log_message(self, *arguments: object) -> None:
            """Keep still."""

    class Host(ThreadingHTTPServer):
        def handle_error(self, *about: object) -> None:
            """Keep still: a killed command breaks its connections."""

    # Its address is that of an earlier time: what came of a file is known by where it is from.
    kept = folder / "port"
    port = int(kept.read_text()) if kept.exists() else 0
    server = Host(("127.0.0.1", port), Door)
    kept.write_text(str(server.server_port))
    print(server.server_port, flush=True)
    server.serve_forever()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the files of a folder in another process; give the host."""
    command = [sys.executable, "-m", "benchmarks.live", "serve", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


# The command ----------------------------------------------------------------------------------


def command_of(
    home: Path, host: str, options: Sequence[str]
) -> tuple[Sequence[str], Mapping[str, str]]:
    """Return the command, and its environment."""
    environment = {
        **os.environ,
        "GEO_PIPELINE_HOME": str(home),
        "GEO_PIPELINE_DATA_GOUV_URL": f"http://{host}",
        "GEO_PIPELINE_NASA_POWER_URL": f"http://{host}{POWER}",
        "GEO_PIPELINE_OPEN_METEO_SPACING_KM": "200",
        "GEO_PIPELINE_RATES": json.dumps({host: 1000.0}),
    }
    return [sys.executable, "-m", "geo_pipeline", "live", *options], environment


def killed(home: Path, host: str, options: Sequence[str]) -> None:
    """Run the command until it is inside a second file, and kill it."""
    command, environment = command_of(home, host, options)
    raw, begun = home / "raw" / "sim2", set[Path]()
    with subprocess.Popen(command, cwd=ROOT, env=environment) as child:
        while child.poll() is None:
            parts = {path for path in raw.rglob(BYTES) if _bytes(path) > KILLED_FROM_BYTES}
            begun |= parts
            if parts and len(begun) > 1:
                child.kill()
                told = ", ".join(f"{_bytes(path):,}" for path in sorted(parts))
                print(f"killed with {told} bytes of a file there", flush=True)
                break
            time.sleep(0.002)


def _bytes(path: Path) -> int:
    """Return the size of a file, 0 of one that is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def measured(home: Path, host: str, options: Sequence[str]) -> None:
    """Run the command; print what it says and what it took."""
    command, environment = command_of(home, host, options)
    began = datetime.now(UTC)
    before, started = os.times(), time.perf_counter()
    publication = home / "published" / "drought.duckdb"
    is_first = not publication.exists()
    with subprocess.Popen(command, cwd=ROOT, env=environment) as child:
        peak = Peak(child.pid)
        while is_first and child.poll() is None and not publication.exists():
            time.sleep(0.05)
        first_s = time.perf_counter() - started
        code = child.wait()
        most_mb = peak.end()
    after = os.times()
    cpu_s = after.children_user + after.children_system
    cpu_s -= before.children_user + before.children_system
    if is_first:
        rate = os.environ.get(LINE_MBIT, "all that loopback gives")
        print(f"first map: published after {first_s:.0f} s on the clock (line, Mbit/s: {rate})")
    for said in runs_since(began, home):
        print(said)
    print(
        f"exit code {code}: {cpu_s:.0f} s of processors, {time.perf_counter() - started:.0f} s on "
        f"the clock, {most_mb:.0f} MB with all processes (aim since {SINCE}: {AIM_S:.0f} s)"
    )
    if code:
        sys.exit(code)


def runs_since(began: datetime, home: Path) -> Iterator[str]:
    """Yield when each run of a home began and how long it took, by the pipeline's log."""
    for line in (home / "logs" / "pipeline.jsonl").read_text().splitlines():
        said = json.loads(line)
        if "seconds" in said and said["message"].startswith("run of "):
            after_s = (datetime.fromisoformat(said["time"]) - began).total_seconds()
            if after_s > 0:
                run, took_s = said["message"].partition(" ended")[0], said["seconds"]
                yield f"{run}: began after {after_s - took_s:.0f} s, took {took_s:.0f} s"


def main() -> None:
    """Make the files, serve them, run the command on them."""
    words, smallest = asked()
    years, kept, kills = (FEW_YEARS if smallest else YEARS), "", False
    match words:
        case ["serve", folder]:
            serve(Path(folder))
            return
        case [asked_for, *more]:
            years, kept, kills = int(asked_for), "".join(more[:1]), more[1:] == ["killed"]
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(kept or name)
        files = folder / "files"
        files.mkdir(parents=True, exist_ok=True)
        make_files(files, years, FEW_CELLS if smallest else CELLS)
        sizes = [path.stat().st_size / 1e6 for path in files.glob("QUOT_SIM2_*.csv.gz")]
        print(f"{len(sizes)} files, {sum(sizes):,.0f} MB, the largest {max(sizes):,.0f} MB")
        since = ["--since", str(datetime.now(UTC).year - years)]
        with served(files) as host:
            options = [*since, *(SMALLEST if smallest else ())]
            if kills:
                killed(folder / "home", host, options)
            measured(folder / "home", host, options)


if __name__ == "__main__":
    main()
