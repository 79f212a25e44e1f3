"""`just bench-app`: what the app costs its readers, in Chromium, on what is published.

First paint, a step through time, another page, what is sent, many readers at once, memory. Medians
with the aims beside them; nothing fails for being slow. The smallest measurement is of one visit,
on a publication of its own where there is none.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.common import asked, kept_home, machine, told
from benchmarks.runs import process
from geo_pipeline.settings import Settings
from tests.serving import served


class Size(NamedTuple):
    """How often each thing is measured."""

    visits: int = 7
    steps: int = 60
    turns: int = 5
    readers: int = 25
    reader_steps: int = 12


SMALL = Size(visits=2, steps=2, turns=1, readers=2, reader_steps=1)

STEP = """(key) => new Promise((done) => {
    const start = performance.now();
    const painted = () => done(performance.now() - start);
    document.documentElement.addEventListener("map-painted", painted, {once: true});
    document.getElementById(key).click();
})"""
OPEN = """(page) => new Promise((done) => {
    const start = performance.now();
    const look = () => {
        const there = document.documentElement.dataset.page === page
            && document.querySelector("main h1");
        if (!there) return requestAnimationFrame(look);
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
    };
    document.querySelector(`nav [data-page-link="${page}"]`).click();
    look();
})"""
WALK = """async ([count, rest]) => {
    const painted = [], told = [], root = document.documentElement;
    for (let i = 0; i < count; i++) {
        const start = performance.now(), before = root.dataset.told;
        await new Promise((done) => {
            root.addEventListener("map-painted", done, {once: true});
            document.getElementById("previous").click();
        });
        painted.push(performance.now() - start);
        while (root.dataset.told === before && performance.now() - start < 20000) {
            await new Promise((again) => setTimeout(again, 5));
        }
        told.push(performance.now() - start);
        await new Promise((again) => setTimeout(again, rest));
    }
    return [painted, told];
}"""
FAST_3G = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1.44e6 / 8,
    "uploadThroughput": 675e3 / 8,
}
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
SENT = "() => performance.getEntriesByType('navigation')[0].responseEnd"
READY = "() => performance.getEntriesByName('ready')[0].startTime"

Row = tuple[str, str, str]


class Sent:
    """Bytes that a page received, those of the library files apart."""

    def __init__(self, page: Any) -> None:
        self.bytes = 0
        self.library = 0
        page.on("response", self._response)
        page.on("websocket", lambda line: line.on("framereceived", self._frame))

    def _response(self, response: Any) -> None:
        size = len(response.body()) if response.status == 200 else 0
        if "/static/" in response.url:
            self.library += size
        else:
            self.bytes += size

    def _frame(self, content: str | bytes) -> None:
        self.bytes += len(content.encode() if isinstance(content, str) else content)


def one_reader(browser: Any, address: str, size: Size) -> Iterator[Row]:
    """Visits, steps and pages of one reader."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    paints, readies = [], []
    sent = Sent(page := context.new_page())
    for visit in range(size.visits):
        page.goto(f"{address}?period=2022-08-31")
        page.wait_for_selector("html[data-ready]")
        page.wait_for_timeout(300)
        paints.append(page.evaluate(PAINT))
        readies.append(page.evaluate(READY))
        if visit == 0:
            yield (
                "sent on the first load, besides library files",
                f"{sent.bytes / 1e6:.2f} MB",
                "1.5 MB",
            )
            yield "  library files, cached after", f"{sent.library / 1e6:.2f} MB", ""
            yield "first visit: map seen after", f"{paints[0]:.0f} ms", ""
    yield "later visits: map seen after", ms(paints[1:]), "1500 ms"
    yield "  answers to the hand after", ms(readies[1:]), ""
    for what, taken in _on_3g(browser, address).items():
        yield f"first visit on fast 3G: {what} after", f"{taken:.0f} ms", "2500 ms"
    steps = []
    for _ in range(size.steps):
        steps.append(page.evaluate(STEP, "previous"))
        page.wait_for_timeout(120)
    yield "slider step to painted map", ms(steps), "100 ms"
    yield "  95th percentile", f"{percentile(steps, 95):.0f} ms", "200 ms"
    for name in ("departement", "ranking", "trends", "about", "pipeline", "map"):
        turns = []
        for _ in range(size.turns):
            page.evaluate(OPEN, "about" if name != "about" else "map")
            page.wait_for_timeout(150)
            turns.append(page.evaluate(OPEN, name))
            page.wait_for_timeout(150)
        yield f"page change: {name}", ms(turns), "400 ms"
    context.close()


def _on_3g(browser: Any, address: str) -> dict[str, float]:
    """Milliseconds to the first paint, and to the map, on what DevTools calls "Fast 3G"."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", FAST_3G)
    page.goto(f"{address}?period=2022-08-31")
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    taken = {"first paint": page.evaluate(PAINT), "page with its map received": page.evaluate(SENT)}
    context.close()
    return taken


def many_readers(browser: Any, address: str, server: psutil.Process, size: Size) -> Iterator[Row]:
    """Readers at once, each stepping; what a session weighs."""
    before = server.memory_info().rss
    pages = []
    for _ in range(size.readers):
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(f"{address}?period=2022-08-31")
        page.wait_for_selector("html[data-ready]")
        pages.append(page)
    weight = (server.memory_info().rss - before) / size.readers / 1e6
    for page in pages:
        page.evaluate(
            "(walk) => { window.walked = null; ("
            + WALK
            + ")(walk).then((found) => { window.walked = found; }); }",
            [size.reader_steps, 700],
        )
    painted, told = [], []
    for page in pages:
        page.wait_for_function("() => window.walked", timeout=300_000)
        one, two = page.evaluate("() => window.walked")
        painted += one
        told += two
    yield f"{size.readers} readers stepping: painted map", ms(painted), "300 ms"
    yield "  95th percentile", f"{percentile(painted, 95):.0f} ms", ""
    yield "  words beside the map follow after", ms(told), ""
    yield "memory of the server for each session", f"{weight:.1f} MB", "15 MB"
    for page in pages:
        page.context.close()


def ms(values: list[float]) -> str:
    """Median with its extremes."""
    return told(values, "ms", 0)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` per cent do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share / 100 * len(values)))]


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium; ends the bench where there is none."""
    executable = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if executable is None:
        sys.exit("no Chromium found: install it or set CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@contextmanager
def published(smallest: bool) -> Iterator[Path]:
    """Give the home whose publication is shown; the smallest makes one where none is kept."""
    if not smallest:
        settings = Settings()
        if not settings.warehouse.exists():
            sys.exit("nothing is published: `just run` first")
        yield settings.home
        return
    if (kept := kept_home()) is not None:
        yield kept
        return
    with TemporaryDirectory(prefix="bench-app-") as name:
        process(Path(name), "-m", "geo_pipeline", "run", "--departements", "31")
        yield Path(name)


def main() -> None:
    """Measure and print the table."""
    _, smallest = asked()
    size = SMALL if smallest else Size()
    table = Table("what", "median (extremes)", "aim", title=machine())
    with published(smallest) as home, served(home) as address, chromium() as browser:
        children = psutil.Process().children()
        server = next(each for each in children if "panel_app" in " ".join(each.cmdline()))
        for row in one_reader(browser, address, size):
            table.add_row(*row)
        for row in many_readers(browser, address, server, size):
            table.add_row(*row)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
