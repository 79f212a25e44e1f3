"""A reader of the app in Chromium: what the browser tests see it through."""

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from geo_pipeline.catalogue.indicators import indicator_of
from panel_app.page_list import NAVIGATION

Picture = Callable[..., None]
"""What takes a picture of a page (`tests.browser.conftest.picture`)."""

PAGES = tuple(page.key for page in NAVIGATION)
"""Those of the navigation; `embed` is the map alone, for other sites."""

WIDE, LAPTOP, PHONE = (1440, 900), (1024, 768), (390, 844)
READY = "html[data-ready]"

OVERFLOW = """() => {
    // Not the window's width: room for a scroll bar is kept free.
    const root = document.documentElement, width = document.body.getBoundingClientRect().right;
    if (root.scrollWidth <= Math.ceil(width)) return [];
    return [`${root.scrollWidth} px in ${width}`,
        ...[...document.querySelectorAll("body *")]
            .filter((each) => each.getBoundingClientRect().right > width + 0.5)
            .filter((each) => !each.closest("nav") && (!each.closest(".scroll")
                || getComputedStyle(each).position === "absolute"))
            .map((each) => each.outerHTML.slice(0, 120))];
}"""
FILLS = """(map) => [...document.querySelectorAll(`[data-map="${map}"] .land use`)]
    .map((each) => each.getAttribute("fill")).join()"""


@dataclass
class Watched:
    """A page with what it complained about and what it tried to fetch from elsewhere."""

    page: Any
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def assert_clean(self) -> None:
        """No console error, no exception, not one request outside, not even an attempted one."""
        assert self.outside == [], self.outside
        assert self.errors == [], self.errors


@dataclass
class Reader(Watched):
    """A page of the app, connected to its session."""

    home: str = ""
    """Address of the app."""

    def visit(self, query: str = "") -> None:
        """Open an address of the app and wait for its session."""
        self.page.goto(f"{self.home}?{query}")
        self.page.wait_for_selector(READY)

    @property
    def told(self) -> int:
        """How often the session has answered."""
        return int(self.page.get_attribute("html", "data-told") or 0)

    @contextmanager
    def answered(self) -> Any:
        """Wait until the session has answered what is asked within."""
        before = self.told
        yield
        self.until(lambda: self.told > before)
        self.page.wait_for_selector("html:not([data-asking])")

    def click(self, selector: str) -> None:
        """Click, and wait for the answer."""
        with self.answered():
            self.page.click(selector)

    def choose_indicator(self, key: str) -> None:
        """Type what an indicator is called, choose it by Enter, and wait for the answer."""
        self.page.fill("#indicator", indicator_of(key).name("fr"))
        with self.answered():
            self.page.press("#indicator", "Enter")
        self.address_has(indicator=key)

    def painted(self, key: str) -> None:
        """Wait until the map shows `indicator|2022-08-31`, and nothing is asked any more."""
        self.page.wait_for_selector(f"html[data-map-painted='{key}']")

    def query(self) -> dict[str, str]:
        """The parameters of the address."""
        found: dict[str, str] = self.page.evaluate(
            "() => Object.fromEntries(new URLSearchParams(window.location.search))"
        )
        return found

    def address_has(self, **parameters: str) -> None:
        """Wait until the address says so; an empty one is not in it."""
        self.until(
            lambda: all(self.query().get(name, "") == value for name, value in parameters.items())
        )

    def text(self, selector: str) -> str:
        """What the first of these says, all spaces alike."""
        return " ".join(self.page.locator(selector).first.inner_text().split())

    def says(self, selector: str, text: str) -> None:
        """Wait until a place says `text`."""
        self.until(lambda: self.page.locator(selector).count() > 0 and text in self.text(selector))

    def fills(self, name: str = "a") -> str:
        """The colours of a map, département by département."""
        return str(self.page.evaluate(FILLS, name))

    def overflow(self) -> list[str]:
        """What makes the page wider than its window; nothing should."""
        return list(self.page.evaluate(OVERFLOW))

    def focused(self) -> str:
        """What has the focus, as HTML."""
        return str(self.page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)"))

    def until(self, true: Callable[[], bool], seconds: float = 10) -> None:
        """Wait until something is true."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"never came true at {self.page.url}"
            self.page.wait_for_timeout(40)
