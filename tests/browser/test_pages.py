"""Every page in Chromium: both languages, three widths, two themes. `PICTURES=1` keeps pictures."""

import re
from typing import Any

import pytest

from tests.browser.reader import LAPTOP, PAGES, PHONE, WIDE, Picture

pytestmark = pytest.mark.browser

TITLES = {
    "fr": {
        "map": "Sécheresse agricole, août 2022 · Sécheresse agricole en France",
        "departement": "Gers · Sécheresse agricole en France",
        "ranking": "Classement · Sécheresse agricole en France",
        "droughts": "Sécheresses · Sécheresse agricole en France",
        "trends": "Tendances · Sécheresse agricole en France",
        "bulletins": "Bulletins · Sécheresse agricole en France",
        "data": "Données · Sécheresse agricole en France",
        "pipeline": "Données à jour ? · Sécheresse agricole en France",
        "about": "À propos · Sécheresse agricole en France",
        "embed": "Sécheresse agricole, août 2022 · Sécheresse agricole en France",
    },
    "en": {
        "map": "Agricultural drought, August 2022 · Agricultural drought in France",
        "departement": "Gers · Agricultural drought in France",
        "ranking": "Ranking · Agricultural drought in France",
        "droughts": "Droughts · Agricultural drought in France",
        "trends": "Trends · Agricultural drought in France",
        "bulletins": "Bulletins · Agricultural drought in France",
        "data": "Data · Agricultural drought in France",
        "pipeline": "Data health · Agricultural drought in France",
        "about": "About · Agricultural drought in France",
        "embed": "Agricultural drought, August 2022 · Agricultural drought in France",
    },
}
SAYS = {
    "fr": {
        "map": "Août 2022",
        "departement": "2e décade d'août 2022",
        "ranking": "sécheresse extrême",
        "droughts": "la sécheresse la plus étendue",
        "trends": "par décennie",
        "bulletins": "Chaque chiffre y a sa source",
        "data": "Toutes les données à télécharger",
        "pipeline": "Fraîcheur par département",
        "about": "AgERA5",
        "embed": "Août 2022",
    },
    "en": {
        "map": "August 2022",
        "departement": "11-20 August 2022",
        "ranking": "extreme drought",
        "droughts": "the year hit most widely",
        "trends": "per decade",
        "bulletins": "Each figure has its source",
        "data": "All data, to download",
        "pipeline": "Freshness by département",
        "about": "AgERA5",
        "embed": "August 2022",
    },
}
"""Something that only the right language and the right page say."""
EMPTY = """() => [...document.querySelectorAll("main :is(h1, h2, h3, figcaption, p)")]
    .filter((each) => each.checkVisibility() && !each.textContent.trim() && !each.children.length)
    .map((each) => each.outerHTML)"""
LEFTOVERS = re.compile(r"\b(undefined|NaN|None|null|nan|NaT)\b|\[object|\{\{|<\w+>")
"""What a value that was forgotten looks like on a page."""


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("name", [*PAGES, "embed"])
def test_every_page_in_both_languages_at_three_widths(
    read: Any, picture: Picture, name: str, lang: str
) -> None:
    place = "&departement=32" if name == "departement" else ""
    period = "2022-08-20" if name == "departement" else "2022-08"
    reader = read(f"page={name}&lang={lang}&period={period}{place}")
    page = reader.page
    assert page.title().replace("\xa0", " ") == TITLES[lang][name]
    assert page.get_attribute("html", "lang") == lang
    assert page.locator("h1").count() == 1
    assert reader.text("h1")
    body = reader.text("body")
    assert SAYS[lang][name].lower() in body.lower()
    assert LEFTOVERS.search(body) is None
    assert page.evaluate(EMPTY) == []
    assert page.locator(".notice").count() == 0
    assert page.locator("nav [aria-current=page]").count() == (name != "embed")
    for width, height in (WIDE, LAPTOP, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        picture(page, f"{name}_{width}_{lang}.png", full_page=True)
        assert reader.overflow() == [], width
    page.set_viewport_size({"width": 2560, "height": 1440})
    assert reader.overflow() == []
    reader.assert_clean()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["1440", "390"])
@pytest.mark.parametrize("name", [*PAGES, "embed"])
def test_every_page_at_night(
    read: Any, picture: Picture, name: str, viewport: tuple[int, int]
) -> None:
    reader = read(f"page={name}&period=2022-08&departement=32", viewport=viewport, scheme="dark")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    assert reader.page.evaluate(ground) == "rgb(20, 23, 26)"
    assert reader.overflow() == []
    if name != "embed":  # on a phone the row of pages is moved to where one is
        box = reader.page.locator("nav [aria-current=page]").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= viewport[0]
    picture(reader.page, f"{name}_{viewport[0]}_dark.png", full_page=True)
    reader.assert_clean()


def test_a_page_is_not_styled_by_another(read: Any) -> None:
    """Keys of colours in a comparison are a line long and high, not as high as the map's legend."""
    reader = read("page=ranking&period=2022-08&places=31,32")
    keys = reader.page.locator(".beside-places .key")
    boxes = [keys.nth(at).bounding_box() for at in range(keys.count())]
    assert len(boxes) == 2
    assert all(box["height"] <= 24 and box["width"] <= 48 for box in boxes), boxes


def test_the_pages_lead_to_each_other_without_loading_anew(read: Any) -> None:
    reader = read("period=2022-08&departement=32&lang=en")
    page = reader.page
    page.evaluate("() => { window.same = true; }")
    for name in (*PAGES[1:], "map"):
        reader.click(f"nav [data-page-link={name}]")
        reader.address_has(page="" if name == "map" else name)
        assert page.get_attribute("nav [aria-current]", "data-page-link") == name
        place = "Gers, " if name == "map" else ""
        assert page.title().replace("\xa0", " ") == place + TITLES["en"][name]
        assert page.locator("h1").count() == 1
    # Through all of them, the selection is the same.
    assert reader.query()["departement"] == "32"
    assert reader.query()["period"] == "2022-08"
    page.wait_for_selector("html[data-map-painted='combined|2022-08-31']")
    for name in ("about", "pipeline"):
        page.go_back()
        reader.address_has(page=name)
        reader.until(lambda name=name: page.title().replace("\xa0", " ") == TITLES["en"][name])
    assert page.evaluate("() => window.same")
    reader.assert_clean()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_laptop_shows_the_tables_of_a_departement_whole(read: Any, lang: str) -> None:
    """Droughts and crops, all their columns: nothing is to be scrolled to, which nobody would."""
    reader = read(f"page=departement&departement=31&period=2022-08&lang={lang}", viewport=LAPTOP)
    hidden_px = """tables => tables.map(
        each => each.parentElement.scrollWidth - each.parentElement.clientWidth)"""
    tables = reader.page.locator(".place-crops, .place-events")
    assert tables.evaluate_all(hidden_px) == [0, 0]
    reader.assert_clean()


def test_without_a_departement_the_page_offers_all(read: Any) -> None:
    reader = read("page=departement&period=2022-08")
    page = reader.page
    assert page.locator("#departement-list a[href*='departement=']").count() >= 101
    page.fill("[data-filter]", "côte d'or")
    page.fill("[data-filter]", "hauts")
    assert page.locator("#departement-list tr:visible").count() >= 1
    page.fill("[data-filter]", "")
    reader.click("#departement-list a[href*='departement=974']")
    assert "La Réunion" in reader.text("h1")
    reader.assert_clean()


def test_the_embed_view_is_the_map_alone(read: Any) -> None:
    reader = read("page=embed&period=2022-08&lang=en")
    page = reader.page
    assert page.locator("nav").count() == 0
    assert page.locator("[data-map=a] .land use").count() == 105
    page.click("#previous")
    reader.painted("combined|2022-07-31")
    reader.address_has(page="embed", period="2022-07")
    with page.expect_popup() as opened:
        page.click("header.slim a")
    opened.value.wait_for_selector("nav")
    opened.value.wait_for_selector("html[data-page=map]")
    reader.assert_clean()
