"""Files in the background, and what they leave of a host for the runs."""

import threading
import time
from pathlib import Path

import pytest

from geo_pipeline.commands.fetching import Fetching
from geo_pipeline.sources.slots import AT_ONCE, DEFAULT


def nowhere(_path: Path, _size: int) -> None:
    """Ignore the bytes of a download."""


@pytest.mark.parametrize(
    ("host", "expected"),
    [("example.org:8080", DEFAULT - 1), *((host, max(n - 1, 1)) for host, n in AT_ONCE.items())],
)
def test_a_slot_of_the_host_is_left_for_runs(host: str, expected: int) -> None:
    lock, under_way, most = threading.Lock(), 0, 0

    def fetch(url: str) -> str:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        with lock:
            under_way -= 1
        return url

    fetching = Fetching([f"https://{host}/{n}" for n in range(3 * expected)], fetch, nowhere)
    fetching.start()
    assert [url == each.result(10) for url, each in fetching.files.items()] == [True] * 3 * expected
    assert most == expected


def test_nothing_to_fetch_starts_nothing() -> None:
    fetching = Fetching([], pytest.fail, nowhere)
    fetching.start()
    assert (fetching.files, fetching.bytes_per_s) == ({}, None)
