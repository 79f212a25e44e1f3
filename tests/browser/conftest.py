"""What every browser test shares: one Chromium, one server, and pages that record what they must
not do.

No Chromium: the tests skip and say so, unless REQUIRE_BROWSER=1 (as in CI), when they fail.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.browser.reader import WIDE, Picture, Reader, Watched
from tests.serving import Served, serving

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "unit" / "publishing"))  # sample_france

CHROMIUM_NAMES = (
    "chromium-headless-shell",  # the same engine without windows: half of the work
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)

Serve = Callable[..., AbstractContextManager[Served]]
W = TypeVar("W", bound=Watched)


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


# ------------------------------------------------------------------------------- the server


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Return `serve(home, port=0, **settings)`: `python -m panel_app` on a home, for a while.

    Settings are those of the app, without GEO_PIPELINE_APP_.
    """

    @contextmanager
    def without_tracebacks(home: Path, port: int = 0, **settings: object) -> Iterator[Served]:
        log = tmp_path_factory.mktemp("app") / "log.txt"
        with serving(home, log, port=port, **settings) as served:
            yield served
        # What went wrong behind the page is an error too, whatever the page showed.
        assert "Traceback" not in log.read_text(encoding="utf-8"), log.read_text(encoding="utf-8")

    return without_tracebacks


@pytest.fixture(scope="session")
def app(published_home: Path, serve: Serve) -> Iterator[str]:
    """Address of the app on all of France."""
    with serve(published_home) as (_, address):
        yield address


# ------------------------------------------------------------------------------- pages

OpenPage = Callable[..., Watched]
Read = Callable[..., Reader]


@pytest.fixture
def open_page(browser: Any) -> Iterator[OpenPage]:
    """Return `open_page(allow, viewport=, scheme=, touch=)`: a page that may fetch `allow` only.

    `allow` are the beginnings of permitted addresses, such as a file's URI or an app's
    `http://localhost:1234/`; any other request is aborted and recorded in `outside`. `kind` is the
    class of what is returned, other options go to the browser's context.
    """
    contexts = []

    def build(
        *allow: str,
        viewport: tuple[int, int] = WIDE,
        scheme: str = "light",
        touch: bool = False,
        kind: type[W] = Watched,  # type: ignore[assignment]
        **options: Any,
    ) -> W:
        width, height = viewport
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            has_touch=touch,
            **options,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        watched = kind(context.new_page())
        _watch(context, watched, ("data:", "blob:", "about:", *allow))
        return watched

    yield build
    for context in contexts:
        context.close()


@pytest.fixture
def read(open_page: OpenPage, request: pytest.FixtureRequest) -> Read:
    """Return `read(query, app=, viewport=, scheme=)`: a reader of the app, connected."""

    def build(query: str = "", *, app: str = "", connected: bool = True, **options: Any) -> Reader:
        home = app or request.getfixturevalue("app")
        site = home.rsplit("/", 1)[0] + "/"
        reader = open_page(site, site.replace("http", "ws", 1), kind=Reader, **options)
        assert isinstance(reader, Reader)
        reader.home = home
        if connected:
            reader.visit(query)
        return reader

    return build


def _watch(context: Any, watched: Watched, allow: tuple[str, ...]) -> None:
    """Record errors, and stop every request that is not allowed."""
    # Only those that are not allowed come here, and not each script of each page.
    others = re.compile(f"^(?!{'|'.join(map(re.escape, allow))})")

    def stop(route: Any) -> None:
        watched.outside.append(route.request.url)
        route.abort()

    def log(message: Any) -> None:
        if message.type == "error":
            watched.errors.append(message.text)

    def socket(connection: Any) -> None:
        if not connection.url.replace("ws", "http", 1).startswith(allow):
            watched.outside.append(connection.url)

    context.route(others, stop)
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


@pytest.fixture(scope="session")
def picture(artefacts: Path) -> Picture:
    """Return `picture(page, name, **options)`: a picture to be looked at, where `PICTURES` is set.

    To draw and pack those of whole pages takes as long as many of the tests.
    """

    def taken(shown: Any, name: str, **options: Any) -> None:
        if os.environ.get("PICTURES"):
            shown.screenshot(path=artefacts / name, **options)

    return taken
