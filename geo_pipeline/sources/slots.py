"""Downloads at the same time from a host, bounded for all threads and processes of a home."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from geo_pipeline.providers import PROVIDERS

AT_ONCE = {host: count for each in PROVIDERS for host, count in each.downloads.items()}
"""Fair use of the hosts of files: downloads at the same time."""

DEFAULT = 4
"""Downloads at the same time from any other host."""

LOOK_S = 0.1
"""Time between two searches for a free slot."""


def slots_of(host: str, at_once: Mapping[str, int] = AT_ONCE) -> int:
    """Return how many downloads from `host`, with or without a port, may go on at a time."""
    return at_once.get(host, at_once.get(host.partition(":")[0], DEFAULT))


class Slots:
    """A number of slots for each host; each download takes one.

    A slot is a locked file in `folder`, which is free again when its process ends in any way.
    """

    def __init__(
        self,
        folder: Path,
        at_once: Mapping[str, int] = AT_ONCE,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._folder = folder
        self._at_once = at_once
        self._sleep = sleep

    @contextmanager
    def of(self, host: str) -> Iterator[None]:
        """Let the block download from `host` once a slot is free."""
        lock = self._taken(host)
        try:
            yield
        finally:
            lock.release()

    def _taken(self, host: str) -> FileLock:
        """Wait for a slot of `host` and return its lock."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]", "_", host)
        while True:
            for n in range(slots_of(host, self._at_once)):
                lock = FileLock(self._folder / f"{name}.slot-{n}", timeout=0)
                try:
                    lock.acquire()
                except Timeout:
                    continue
                return lock
            self._sleep(LOOK_S)
