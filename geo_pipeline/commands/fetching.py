"""Downloads in the background, with what is known of their progress and speed."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final
from urllib.parse import urlsplit

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError
from geo_pipeline.sources.http import MB
from geo_pipeline.sources.slots import slots_of

SLOTS_LEFT: Final = 1
"""Slots of a host that are left for the requests of runs, which would wait for whole files."""

LEAST_MEASURED: Final = 5 * MB
"""Fewest bytes from which a speed is measured."""


class Fetching:
    """Fetches files one after the other, several at a time; stops with the process.

    `fetch` fetches the file at an address. `heard` is to be called with each piece that comes;
    `arriving` is told the file that a download is written to, and the bytes in it.
    """

    def __init__(
        self,
        urls: Sequence[str],
        fetch: Callable[[str], object],
        arriving: Callable[[Path, int], object],
    ) -> None:
        self._fetch, self._arriving = fetch, arriving
        self._waiting: SimpleQueue[str] = SimpleQueue()
        self._lock = threading.Lock()
        self._there: dict[str, int] = {}
        self._came: dict[str, int] = {}
        self._begun_s = self._last_s = time.monotonic()
        self.files: dict[str, Future[object]] = {url: Future() for url in urls}
        for url in self.files:
            self._waiting.put(url)

    def start(self) -> None:
        """Begin."""
        slots = min((slots_of(urlsplit(url).netloc) for url in self.files), default=0)
        for _ in range(min(max(slots - SLOTS_LEFT, 1), len(self.files))):
            threading.Thread(target=self._work, daemon=True).start()

    def heard(self, url: str, path: Path, done: int, _length: int | None) -> None:
        """Note that `done` bytes of `url` are in `path`."""
        self._arriving(path, done)
        with self._lock:
            before = self._there.get(url, done)
            self._came[url] = self._came.get(url, 0) + max(done - before, 0)
            self._there[url] = done
            self._last_s = time.monotonic()

    def came(self, urls: Sequence[str]) -> int:
        """Return the bytes of some of the files that came in this run."""
        with self._lock:
            return sum(self._came.get(url, 0) for url in urls)

    @property
    def bytes_per_s(self) -> float | None:
        """Speed of all downloads of this run; None before enough has come."""
        with self._lock:
            came, seconds = sum(self._came.values()), self._last_s - self._begun_s
        return came / seconds if came >= LEAST_MEASURED and seconds > 0 else None

    def _work(self) -> None:
        while True:
            try:
                url = self._waiting.get_nowait()
            except Empty:
                return
            try:
                self.files[url].set_result(self._fetch(url))
            except Exception as error:  # noqa: BLE001 - it is raised where the file is awaited
                self.files[url].set_exception(error)


def known_speed(path: Path) -> float | None:
    """Return the speed of the last downloads, bytes a second; None where none was measured."""
    try:
        said: Any = notes.read(path)
        return float(said["bytes_per_s"])
    except (FileNotFoundError, DamagedError, KeyError, TypeError, ValueError):
        return None


def note_speed(path: Path, bytes_per_s: float) -> None:
    """Keep the speed of downloads for the next plan."""
    notes.write(path, {"bytes_per_s": round(bytes_per_s)})
