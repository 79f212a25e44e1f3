"""Readers at once, links and the way back, and what nobody should be able to smuggle in."""

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest

from tests.browser.reader import PAGES, Picture

pytestmark = pytest.mark.browser

LINK = (
    "indicator=spi_3&period=2018-10-20&departement=67&crop=soft_wheat&compare=side"
    "&with=swi&at=2011-05-31&places=67%2C68&lang=en"
)
HOSTILE = """<img src=x onerror=alert(1)>"'{{7*7}}</script><b>"""
ALERTED = "window.alerted = 0; window.alert = () => { window.alerted += 1; };"


def test_two_readers_have_a_state_each(read: Any) -> None:
    one = read("period=2022-08")
    two = read("period=2011-05&lang=en")
    one.click("[data-map=a] [data-code='32']")
    with two.answered():
        two.page.fill("#indicator", "SPI 6")
        two.page.press("#indicator", "Enter")
    two.click("[data-map=a] [data-code='67']")
    one.click("nav [data-page-link=ranking]")
    two.says(".detail h2", "Bas-Rhin")
    two.painted("spi_6|2011-05-31")
    one.says("h1", "Les plus secs")
    one.address_has(indicator="combined", departement="32", period="2022-08", lang="fr")
    two.address_has(indicator="spi_6", departement="67", period="2011-05", lang="en")
    one.assert_clean()
    two.assert_clean()


def test_a_link_brings_back_the_whole_state(read: Any) -> None:
    one = read(LINK)
    two = read(one.page.url.split("?", 1)[1])
    for reader in (one, two):
        page = reader.page
        reader.painted("spi_3|2018-10-20")
        assert page.get_attribute("html", "lang") == "en"
        assert reader.text(".detail h2").startswith("Bas-Rhin")
        assert "May 2011".lower() in reader.text("[data-map-name=b]").lower()
        assert page.get_attribute("[data-walk=dekad]", "aria-pressed") == "true"
        assert page.input_value("[data-param=crop]") == "soft_wheat"
        assert page.input_value("[data-param=with]") == "swi"
        assert page.locator(".notice").count() == 0
        reader.assert_clean()
    assert one.query() == two.query()
    assert one.fills("a") == two.fills("a")
    assert one.fills("b") == two.fills("b")


def test_back_and_forward_walk_the_pages(read: Any) -> None:
    reader = read("period=2022-08")
    page = reader.page
    reader.click("[data-map=a] [data-code='32']")
    reader.click(".more a")
    reader.says("h1", "Gers")
    reader.address_has(page="departement")
    reader.click("nav [data-page-link=ranking]")
    reader.address_has(page="ranking")
    page.go_back()
    reader.says("h1", "Gers")
    page.go_back()
    reader.says(".detail h2", "Gers")
    reader.painted("combined|2022-08-31")
    page.go_forward()
    reader.says("h1", "Gers")
    assert page.title().startswith("Gers")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert reader.text("h1").startswith("Gers")
    reader.assert_clean()


@pytest.mark.parametrize("name", [*PAGES, "embed"])
def test_the_language_switch_keeps_the_selection(read: Any, name: str) -> None:
    reader = read(f"page={name}&{LINK.removesuffix('&lang=en')}")
    page = reader.page
    before = reader.query()
    assert before["lang"] == "fr"
    if name == "embed":  # it has no switch: the address of the frame has the language
        reader.visit("&".join(f"{key}={value}" for key, value in {**before, "lang": "en"}.items()))
    else:
        page.click("[data-lang-link=en]")
        page.wait_for_selector("html[lang=en][data-ready]")
    assert reader.query() == {**before, "lang": "en"}
    reader.assert_clean()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("indicator=nonsense&departement=<b>99&period=2150-01", ["nonsense", "<b>99", "2150"]),
        ("page=../../etc/passwd&compare=all&crop=hops&with=%00&at=yesterday", ["etc/passwd"]),
        ("sort=';DROP TABLE departements;--&level=%22&region=999&years=1,2,x&season=monsoon", []),
        ("lang=de&period=99999999999-99", ["de"]),
        ("period=2022-02-31&places=32,32,99,<script>alert(1)</script>", []),
        ("period=2022-08&period=2011-05&departement=%F0%9F%92%A3%FF&x=1", []),
        (f"departement={quote(HOSTILE)}&indicator={quote(HOSTILE)}", []),
        ("indicator=" + "A" * 3000, ["AAAA"]),
    ],
    ids=["unknown", "paths", "sql", "language", "dates", "bytes", "markup", "long"],
)
def test_what_the_address_asks_in_vain_is_told_discreetly(
    read: Any, picture: Picture, query: str, told: list[str]
) -> None:
    reader = read(connected=False)
    page = reader.page
    page.add_init_script(ALERTED)
    reader.visit(query)
    reader.painted(page.get_attribute("html", "data-map-painted"))
    assert page.locator("[data-map=a] .land use").count() == 105
    notice = reader.text(".notices")
    assert all(each in notice for each in told)
    assert page.locator(".notice :is(b, img, script)").count() == 0
    assert page.evaluate("() => window.alerted") == 0
    assert reader.overflow() == []
    if "nonsense" in query:
        picture(page, "map_notice.png")
    if notice:
        page.click("[data-dismiss]")
        assert page.locator(".notice").count() == 0
    reader.assert_clean()


def test_what_a_page_asks_in_vain_does_no_harm(read: Any) -> None:
    """A session answers whatever comes over its line, or is silent; it never ends."""
    reader = read("period=2022-08")
    page = reader.page
    for asked in (
        {"href": "?page=%00&departement=<i>"},
        {"departement": "32", "indicator": "x" * 300},
        {"take": "exe"},
        {"page": "__init__"},
        {"": ""},
        {"sort": "-" * 50, "years": "," * 90},
    ):
        page.evaluate("(asked) => app.ask(asked)", asked)
    page.evaluate("() => { app.ask({ departement: 'y'.repeat(200000) }); }")  # too long to be heard
    page.evaluate("() => { app.model('asked').data = { name: ['a', 'b'], value: [1, { a: 2 }] }; }")
    with reader.answered():
        page.evaluate("() => app.ask({ page: 'map', indicator: 'combined', departement: '31' })")
    reader.says(".detail h2", "Haute-Garonne")
    reader.assert_clean()


@pytest.fixture(scope="module")
def hostile(published_home: Path, tmp_path_factory: pytest.TempPathFactory, serve: Any) -> Any:
    """Address of the app on a publication in which names and texts are markup."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    (home / "published").mkdir(parents=True)
    target = home / "published" / "drought.duckdb"
    shutil.copy(published_home / "published" / "drought.duckdb", target)
    with duckdb.connect(str(target)) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "JOIN information_schema.tables USING (table_name) "
            "WHERE data_type = 'VARCHAR' AND table_type = 'BASE TABLE' AND column_name IN "
            "('name', 'region', 'url', 'licence', 'attribution', 'source', 'reference_period')"
        ).fetchall()
        for table, column in columns:
            connection.execute(
                f'UPDATE "{table}" SET "{column}" = ? || "{column}" WHERE "{column}" IS NOT NULL',
                [HOSTILE],
            )
        assert ("departements", "name") in columns
    with serve(home) as (_, address):
        yield address


@pytest.mark.parametrize("name", [*PAGES, "embed"])
def test_names_that_are_markup_are_text_everywhere(
    read: Any, hostile: str, picture: Picture, name: str
) -> None:
    reader = read(app=hostile, connected=False)
    page = reader.page
    page.add_init_script(ALERTED)
    reader.visit(f"page={name}&period=2022-08&departement=32&compare=side&places=31,32&lang=en")
    if name == "departement":
        assert HOSTILE in reader.text("h1")
    page.evaluate("() => document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    for selector in ("[data-map] .land use[data-code='31']", "[data-tips]", "[data-tip]"):
        for each in page.locator(selector).all()[:4]:
            if each.is_visible():
                each.scroll_into_view_if_needed()
                each.hover(force=True)
    if name in ("map", "embed"):
        page.hover("[data-map=a] .land use[data-code='31']")
        assert HOSTILE in reader.text("#tip")
        with reader.answered():
            page.click("[data-map=a] .land use[data-code='31']")
        assert HOSTILE in reader.text("#plate")
    if name == "map":
        assert HOSTILE in reader.text(".detail h2")
        for kind in ("svg", "html", "csv", "parquet"):
            with page.expect_download():
                page.click(f".compare [data-take={kind}]")
    if name == "ranking":
        reader.click("#ranking-table th button")
        reader.click("#ranking-table th a")
    picture(page, f"hostile_{name}.png")
    assert page.evaluate("() => window.alerted") == 0
    assert page.locator("img").count() == 0
    assert page.locator("body b:empty").count() == 0
    assert page.title().count("<img") == (1 if "<img" in page.title() else 0)
    reader.assert_clean()
