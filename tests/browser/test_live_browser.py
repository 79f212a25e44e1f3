"""What happens to an open page: nothing published yet, damage, a new publication, a lost line."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.reader import Picture

pytestmark = pytest.mark.browser

SOCKETS = """
window.sockets = [];
window.WebSocket = class extends WebSocket {
    constructor(...given) { super(...given); window.sockets.push(this); }
};
"""
"""Keeps the page's lines where a test can cut them."""


def _publisher(home: Path, published_home: Path) -> Callable[[], None]:
    """Return what publishes in `home`, as the pipeline does: beside the old one, then over it."""
    published = home / "published"
    source = published_home / "published" / "drought.duckdb"

    def publish() -> None:
        published.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, published / "new")
        (published / "new").replace(published / "drought.duckdb")

    return publish


def test_from_nothing_to_a_map_and_on_to_the_next_publication(
    published_home: Path, tmp_path: Path, read: Any, serve: Any, picture: Picture
) -> None:
    """No warehouse, a damaged one, a good one, a newer one: never a reload by hand."""
    home = tmp_path / "home"
    publish = _publisher(home, published_home)
    target = home / "published" / "drought.duckdb"
    with serve(home) as (_, address):
        reader = read("departement=32&period=2022-08&compare=side", app=address)
        page = reader.page
        assert "just run" in reader.text(".state")
        assert page.locator("h1").count() == 1
        picture(page, "live_waiting.png")
        target.parent.mkdir(parents=True)
        target.write_bytes(b"not a database" * 400)
        page.get_by_text("ne se lisent pas").wait_for(timeout=20_000)
        picture(page, "live_damaged.png")
        publish()
        page.wait_for_selector("html[data-map-painted]", timeout=20_000)
        page.wait_for_selector("html[data-ready]")
        assert reader.text(".detail h2").startswith("Gers")
        reader.painted("combined|2022-08-31")
        page.evaluate("() => { window.same = true; }")
        page.click("#chart-history summary")
        publish()
        page.wait_for_selector(".notice", timeout=20_000)
        assert "publiées" in reader.text(".notice")
        picture(page, "live_fresh.png")
        # Discreet: the same page, the same selection, what was opened still open.
        assert page.evaluate("() => window.same")
        assert reader.text(".detail h2").startswith("Gers")
        assert page.get_attribute("html", "data-map-painted") == "combined|2022-08-31"
        assert page.locator("[data-map=b]").count() == 1
        assert page.locator("#chart-history details[open]").count() == 1
        page.click("[data-dismiss]")
        assert page.locator(".notice").count() == 0
        target.write_bytes(b"not a database" * 400)
        page.wait_for_selector(".notice", timeout=20_000)
        picture(page, "live_unreadable.png")
        reader.click("[data-map=a] [data-code='31']")  # what was read before is still there
        reader.says(".detail h2", "Haute-Garonne")
        reader.assert_clean()


def test_a_new_publication_leaves_every_page_where_it_is(
    published_home: Path, tmp_path: Path, read: Any, serve: Any
) -> None:
    home = tmp_path / "home"
    publish = _publisher(home, published_home)
    publish()
    with serve(home) as (_, address):
        readers = {
            name: read(f"page={name}&departement=32&period=2022-08&places=31,32", app=address)
            for name in ("departement", "ranking", "trends", "about", "embed")
        }
        heads = {name: reader.text("h1") for name, reader in readers.items()}
        publish()
        for name, reader in readers.items():
            reader.page.wait_for_selector(".notice", timeout=20_000)
            assert reader.text("h1") == heads[name]
            assert reader.query()["page"] == name
            assert reader.query()["departement"] == "32"
            reader.assert_clean()


def test_a_lost_line_is_said_and_taken_up_again(
    published_home: Path, read: Any, serve: Any, picture: Picture
) -> None:
    """The server goes, the map stays readable; it comes back, the page is as it was."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with serve(published_home, port) as (_, address):
        reader = read("period=2022-08&lang=en", app=address)
        page = reader.page
        reader.click("[data-map=a] [data-code='32']")
        page.wait_for_timeout(5000)  # a line that breaks at once is not mended
    page.wait_for_selector(".notice", timeout=20_000)
    assert "lost" in reader.text(".notice")
    assert page.get_by_text("Client connection").count() == 0  # Bokeh's own words
    page.click("#previous")
    reader.painted("combined|2022-07-31")
    picture(page, "live_lost.png")
    with serve(published_home, port):
        page.wait_for_selector("html:not([data-line])[data-ready]", timeout=40_000)
        reader.says(".detail h2", "Gers")
        reader.painted("combined|2022-07-31")  # where the reader went meanwhile
        assert page.locator(".notice").count() == 0
        assert reader.outside == []


def test_a_short_break_is_mended_by_itself(read: Any) -> None:
    reader = read(connected=False)
    page = reader.page
    page.add_init_script(SOCKETS)
    reader.visit("period=2022-08&compare=side")
    reader.click("[data-map=a] [data-code='32']")
    page.wait_for_timeout(5000)  # a line that breaks at once is not mended
    page.evaluate("() => { window.old = true; window.sockets.forEach((each) => each.close()); }")
    page.wait_for_selector("html[data-line=lost] .notice button")
    page.wait_for_selector("html:not([data-line])[data-ready]")
    assert page.evaluate("() => window.old === undefined")
    reader.says(".detail h2", "Gers")
    assert page.locator("[data-map=b]").count() == 1
    reader.click("[data-map=a] [data-code='31']")
    reader.says(".detail h2", "Haute-Garonne")
    assert page.locator(".notice").count() == 0
    reader.assert_clean()
