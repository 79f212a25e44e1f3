"""The server in Chromium: a session lives under its policy, what data smuggle in does not."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.app.serving.test_server import Serve, tiny

__all__ = ["tiny"]
pytestmark = pytest.mark.browser

READY = "html[data-ready]"
BLOCKED = "Executing inline script violates the following Content Security Policy"


@pytest.fixture(scope="module")
def server(tiny: Serve) -> Iterator[str]:
    """Address of the tiny app under a prefix, for one user."""
    settings = {"prefix": "/drought", "sign_in": "basic", "users": json.dumps({"ada": "pw"})}
    with tiny(**settings) as address:
        yield address


@pytest.fixture(scope="module")
def open_server(tiny: Serve) -> Iterator[str]:
    """Address of the tiny app for everybody."""
    with tiny() as address:
        yield address


def _site(address: str) -> str:
    return address.removesuffix(urlsplit(address).path) + "/"


def test_a_session_lives_without_eval_and_scripts_in_data_are_dead(
    open_server: str, open_page: Any
) -> None:
    site = _site(open_server)
    watched = open_page(site, site.replace("http", "ws"))
    page = watched.page
    page.goto(open_server)
    page.wait_for_selector(READY)
    page.click("#ask")
    page.locator("#said").filter(has_text="heard").wait_for()
    assert page.locator("html").get_attribute("data-bad") is None
    (error,) = watched.errors  # of the script in the data, and of nothing else
    assert error.startswith(BLOCKED)
    assert watched.outside == []


def test_signing_in_leads_to_the_page(server: str, open_page: Any) -> None:
    site = _site(server)
    watched = open_page(site, site.replace("http", "ws"))
    page = watched.page
    page.goto(f"{site}?lang=en")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", "pw")
    page.click("button")
    page.wait_for_selector(READY)
    assert page.url == f"{server}?lang=en"
    page.click("#ask")
    page.locator("#said").filter(has_text="heard").wait_for()
    page.goto(f"{site}drought/logout")
    page.goto(server)
    page.wait_for_selector("[name=password]")
    assert all(error.startswith(BLOCKED) for error in watched.errors)
    assert watched.outside == []


class _Elsewhere(BaseHTTPRequestHandler):
    """A page of another site that shows the address it is asked for in a frame."""

    def do_GET(self) -> None:
        shown = parse_qs(urlsplit(self.path).query).get("show", [""])[0]
        body = f'<link rel="icon" href="data:,"><iframe src="{shown}"></iframe>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.mark.parametrize(("query", "shown"), [("?page=embed", True), ("?page=map", False)])
def test_another_site_may_frame_the_embed_view_alone(
    open_server: str, open_page: Any, query: str, shown: bool
) -> None:
    elsewhere = ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)
    Thread(target=elsewhere.serve_forever, daemon=True).start()
    try:
        site = _site(open_server)
        # By name and by number: two sites to the browser.
        there = f"http://localhost:{elsewhere.server_port}/"
        watched = open_page(site, site.replace("http", "ws"), there)
        watched.page.goto(f"{there}?show={open_server}{query.replace('?', '%3F')}")
        frame = watched.page.frame_locator("iframe")
        if shown:
            frame.locator(READY).wait_for(state="attached")
            frame.locator("#ask").click()
            frame.locator("#said").filter(has_text="heard").wait_for()
        else:
            watched.page.wait_for_timeout(1500)
            assert frame.locator(READY).count() == 0
            assert any("frame" in error for error in watched.errors)
        assert watched.outside == []
    finally:
        elsewhere.shutdown()
        elsewhere.server_close()
