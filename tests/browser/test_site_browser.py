"""The site of files in a browser: a plain file server under a sub-path, and no server of ours."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from geo_pipeline.catalogue.styles import DROUGHT_CLASSES
from geo_pipeline.settings import Settings
from panel_app.site.export import Piece, export
from tests.browser.reader import LAPTOP, PHONE, READY, WIDE, Picture, Reader

pytestmark = pytest.mark.browser

HATCHED = "url(#hatch-wide)"
COLOURS = {each.code: each.colour for each in DROUGHT_CLASSES}
SHOWN = """() => Object.fromEntries([...document.querySelectorAll('[data-map="a"] .land use')]
    .map((each) => [each.dataset.code, each.getAttribute("fill")]))"""
PAGES = (
    "index", "departement", "departement-32", "ranking", "droughts", "trends", "bulletins", "data",
    "about",
)  # fmt: skip


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Python's own file server, without its log."""

    def log_message(self, format: str, *args: Any) -> None:
        """Tell nobody."""


def kept(pieces: list[Piece]) -> list[Piece]:
    """The maps, a page of each kind, and two other choices."""
    others = {"departement-32.html", "pages/trends.winter.fr.html", "pages/ranking.swi.fr.html"}
    return [
        each
        for each in pieces
        if each.part in ("frame", "maps")
        or (each.part == "pages" and "departement-" not in each.name)
        or each.name in others
    ]


@pytest.fixture(scope="module")
def site(published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a site of two indicators."""
    host = tmp_path_factory.mktemp("host")
    settings = Settings(home=published_home)
    export(settings, host / "some" / "folder", ["combined", "swi"], at_once=1, some=kept)
    handler = functools.partial(Quiet, directory=str(host))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/some/folder/"
        server.shutdown()


@pytest.fixture
def visit(open_page: Any, site: str) -> Any:
    """Return `visit(file, **options)`: a reader of the site."""

    def build(file: str = "", **options: Any) -> Reader:
        reader = open_page(site, kind=Reader, **options)
        assert isinstance(reader, Reader)
        reader.home = site
        reader.page.goto(f"{site}{file}")
        reader.page.wait_for_selector(READY)
        return reader

    return build


def classes(home: Path, indicator: str, day: str) -> dict[str, str | None]:
    with duckdb.connect(home / "published" / "drought.duckdb", read_only=True) as connection:
        rows = connection.execute(
            "SELECT departement, drought_class FROM drought_indicators "
            "WHERE indicator = ? AND period_end = CAST(? AS DATE)",
            [indicator, day],
        ).fetchall()
    return dict(rows)


def test_the_slider_shows_what_is_published(
    visit: Any, published_home: Path, picture: Picture
) -> None:
    reader = visit()
    for day in ("2022-12-20", "2022-12-10"):
        reader.click("#previous")
        reader.painted(f"combined|{day}")
    reader.page.fill("#day", "2022-08-10")
    reader.page.dispatch_event("#day", "change")
    reader.painted("combined|2022-08-10")
    reader.address_has(period="2022-08-10")
    known = classes(published_home, "combined", "2022-08-10")
    assert sum(each is not None and each.startswith("D") for each in known.values()) > 60
    for code, fill in reader.page.evaluate(SHOWN).items():
        assert fill == COLOURS.get(known.get(code) or "", HATCHED), code
    # The words beside the map are of this period too.
    reader.says(".headline", "1re décade d'août 2022")
    reader.says(".detail h2", "1re décade d'août 2022")
    assert reader.page.locator(".driest li").count() == 10
    picture(reader.page, "site-map.png", full_page=True)
    reader.assert_clean()


def test_a_departement_is_told_and_leads_to_its_page(visit: Any, published_home: Path) -> None:
    reader = visit("?period=2022-08-31&indicator=swi")
    reader.painted("swi|2022-08-31")
    reader.click('[data-map="a"] .land use[data-code="32"]')
    reader.address_has(departement="32", indicator="swi", period="2022-08-31")
    reader.says(".detail h2", "Gers")
    assert classes(published_home, "swi", "2022-08-31")["32"] == "D2"
    reader.says(".detail .verdict", "Sécheresse grave")
    reader.says(".detail .lead", "Le sol")
    reader.page.click(".detail a.button")
    reader.page.wait_for_url("**/departement-32.html")
    reader.page.wait_for_selector(READY)
    assert "Gers" in reader.text("h1")
    reader.page.go_back()
    reader.painted("swi|2022-08-31")
    reader.says(".detail h2", "Gers")
    reader.assert_clean()


def test_places_are_found(visit: Any) -> None:
    """Each first suggestion is the one of the app's own search."""
    reader = visit()
    for typed, first in (
        ("auch", "Auch 32000 Gers (32)"),
        ("63000", "Clermont-Ferrand 63000 Puy-de-Dôme (63)"),
        ("st denis reunion", "Saint-Denis 97400 La Réunion (974)"),
        ("toulous", "Toulouse 31000 Haute-Garonne (31)"),
        ("bordaux", "Bordeaux 33000 Gironde (33)"),
    ):
        reader.page.fill("#place", typed)
        reader.says("#place-options li", first)
    reader.page.press("#place", "Enter")
    reader.page.wait_for_selector("#place[aria-invalid]")  # the nearest must be chosen
    reader.page.fill("#place", "auch")
    reader.says("#place-options li", "Auch")
    with reader.answered():
        reader.page.press("#place", "Enter")
    reader.address_has(departement="32")
    reader.assert_clean()


def test_the_other_language_keeps_what_is_shown(visit: Any) -> None:
    reader = visit("?period=2022-08-31&departement=32")
    reader.says(".detail h2", "Gers")
    reader.page.click("[data-lang-link]")
    reader.page.wait_for_url("**/index.en.html?*")
    reader.painted("combined|2022-08-31")
    reader.says(".headline", "August 2022")
    reader.says(".detail h2", "Gers")
    reader.assert_clean()


def test_pages_follow_their_choices(visit: Any) -> None:
    reader = visit("trends.html")
    reader.click(".seasons tr:has-text('Hiver') button")
    reader.address_has(season="winter")
    assert reader.page.locator(".seasons tr.chosen").inner_text().startswith("Hiver")
    reader.page.click('nav [data-page-link="ranking"]')
    reader.page.wait_for_selector("#ranking-table")
    before = reader.page.locator("#ranking-table tbody th").all_inner_texts()
    reader.click("#ranking-table thead button:has-text('Département')")
    after = reader.page.locator("#ranking-table tbody th").all_inner_texts()
    assert sorted(before) == sorted(after)
    assert after[:2] == ["Ain", "Aisne"]
    reader.choose_indicator("swi")
    assert "Humidité" in reader.text("main")
    reader.assert_clean()


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "dark"), (LAPTOP, "light")])
def test_every_page_is_whole(
    visit: Any, picture: Picture, viewport: tuple[int, int], scheme: str
) -> None:
    reader = visit(viewport=viewport, scheme=scheme)
    for page in PAGES:
        reader.page.goto(f"{reader.home}{page}.html")
        reader.page.wait_for_selector(READY)
        assert reader.overflow() == [], page
        assert reader.page.locator("h1").count() == 1, page
        picture(reader.page, f"site-{page}-{scheme}.png")
    reader.assert_clean()


def test_without_a_script_the_newest_maps_are_read(
    open_page: Any, site: str, picture: Picture
) -> None:
    page = open_page(site, java_script_enabled=False, viewport=WIDE).page
    page.goto(site)
    assert page.locator('[data-map="a"] .land use').count() > 96
    assert page.locator("noscript").inner_text().startswith("Sans JavaScript")
    page.click('nav [data-page-link="departement"]')
    page.click("a:has-text('Gers')")
    assert "Gers" in page.locator("h1").inner_text()
    picture(page, "site-without-script.png")
