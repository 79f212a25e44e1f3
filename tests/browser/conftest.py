"""What every browser test shares: one Chromium, and pages that record what they must not do.

No Chromium: the tests skip and say so, unless REQUIRE_BROWSER=1 (as in CI), when they fail.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "unit" / "publishing"))  # sample_france

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _unavailable(reason: str) -> None:
    """Skip, or fail where the browser is part of the deal."""
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"{reason} (REQUIRE_BROWSER=1)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One headless Chromium for the session; CHROMIUM names another executable."""
    names = [os.environ["CHROMIUM"]] if "CHROMIUM" in os.environ else CHROMIUM_NAMES
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        _unavailable(f"no Chromium found ({', '.join(names)}): install it or set CHROMIUM")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _unavailable("playwright is not installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@dataclass
class Watched:
    """A page with what it complained about and what it tried to fetch from elsewhere."""

    page: Any
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def assert_clean(self) -> None:
        """No console error, no exception, not one request outside, not even an attempted one."""
        assert self.outside == []
        assert self.errors == []


OpenPage = Callable[..., Watched]


@pytest.fixture
def open_page(browser: Any) -> Iterator[OpenPage]:
    """Return `open_page(allow, viewport=, scheme=, touch=)`: a page that may fetch `allow` only.

    `allow` are the beginnings of permitted addresses, such as a file's URI or an app's
    `http://localhost:1234/`; any other request is aborted and recorded in `outside`.
    """
    contexts = []

    def build(
        *allow: str,
        viewport: tuple[int, int] = (1440, 900),
        scheme: str = "light",
        touch: bool = False,
    ) -> Watched:
        width, height = viewport
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=touch
        )
        contexts.append(context)
        watched = Watched(context.new_page())
        _watch(context, watched, ("data:", "blob:", "about:", *allow))
        return watched

    yield build
    for context in contexts:
        context.close()


def _watch(context: Any, watched: Watched, allow: tuple[str, ...]) -> None:
    """Record errors, and stop every request that is not allowed."""

    def decide(route: Any) -> None:
        if route.request.url.startswith(allow):
            route.continue_()
        else:
            watched.outside.append(route.request.url)
            route.abort()

    def log(message: Any) -> None:
        if message.type == "error":
            watched.errors.append(message.text)

    def socket(connection: Any) -> None:
        if not connection.url.replace("ws", "http", 1).startswith(allow):
            watched.outside.append(connection.url)

    context.route("**/*", decide)
    watched.page.on("console", log)
    watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
    watched.page.on("websocket", socket)


@pytest.fixture
def page(open_page: OpenPage) -> Watched:
    """A page of 1440 x 900 that may fetch nothing at all, for content set by the test itself."""
    return open_page()


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Folder for screenshots, to be looked at; ignored by git."""
    folder = HERE / "artefacts"
    folder.mkdir(exist_ok=True)
    return folder
