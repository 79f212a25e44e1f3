"""`just bench-api`: the data for programs, and what 50 clients cost the readers of the map.

Times of each form beside those of reading the same rows by pandas from Parquet, and steps of a
reader alone and beside the clients. Ratios and medians; nothing fails for being slow.
"""

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
import requests
from rich.console import Console
from rich.table import Table

from benchmarks.app import WALK, chromium, ms, percentile, published
from benchmarks.common import asked, machine
from tests.serving import served

CLIENTS = 50
PATHS = (
    "tables/indicator_values?indicator=spi_3&limit=10000",
    "tables/indicator_values?departement=31&format=csv&limit=10000",
    "tables/crop_statistics?limit=1000",
    "files/indicators/swi.csv",
    "files/indicators/spi_6.parquet",
)


def timed(work: Callable[[], Any], times: int) -> list[float]:
    """Return how long `work` took each time, ms."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - start))
    return found


@contextmanager
def clients(site: str, count: int) -> Iterator[list[float]]:
    """Have `count` clients ask without a pause; give the times of their answers, ms."""
    times: list[float] = []
    stop = threading.Event()

    def ask(number: int) -> None:
        with requests.Session() as session:
            while not stop.is_set():
                start = time.perf_counter()
                answer = session.get(f"{site}/{PATHS[number % len(PATHS)]}", timeout=120)
                assert answer.status_code == 200, answer.text
                times.append(1000 * (time.perf_counter() - start))
                number += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(count)]
    for each in threads:
        each.start()
    try:
        yield times
    finally:
        stop.set()
        for each in threads:
            each.join()


def walk(page: Any, steps: int) -> tuple[list[float], list[float]]:
    """Step back through time; return when the map was painted and when its texts followed, ms."""
    page.goto(page.url)
    page.wait_for_selector("html[data-ready]")
    painted, told = page.evaluate(WALK, [steps, 300])
    return painted, told


def main() -> None:
    """Measure and print the table."""
    _, smallest = asked()
    times, steps, count = (1, 2, 5) if smallest else (7, 20, CLIENTS)
    table = Table("what", "median (extremes)", "95th percentile", title=machine())

    def add(what: str, found: list[float]) -> None:
        table.add_row(what, ms(found), f"{percentile(found, 95):.0f} ms")

    with published(smallest) as home, served(home) as address, chromium() as browser:
        site = address.removesuffix("/app") + "/api/v1"
        parquet = requests.get(f"{site}/{PATHS[4]}", timeout=120).content
        add(
            "pandas reads SPI-6 of all dekads",
            timed(lambda: pd.read_parquet(io.BytesIO(parquet)), times),
        )
        for path in PATHS:
            add(path, timed(lambda path=path: requests.get(f"{site}/{path}", timeout=120), times))
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(address)
        painted, told = walk(page, steps)
        add("a reader alone: painted map", painted)
        add("  texts follow after", told)
        with clients(site, count) as answered:
            painted, told = walk(page, steps)
        add(f"a reader beside {count} clients: painted map", painted)
        add("  texts follow after", told)
        add("  answers to the clients", answered)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
