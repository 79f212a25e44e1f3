"""Accessibility in Chromium: axe-core on every page (WCAG 2.2 A and AA), and the keyboard alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.reader import PAGES, PHONE

pytestmark = pytest.mark.browser

WAREHOUSE = Path("published") / "drought.duckdb"

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}

TARGETS = """() => [...document.querySelectorAll(
        "a[href], button, select, input, summary, [tabindex='0']")]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled)
    .filter((each) => !each.closest("[aria-hidden=true], .bk-notifications"))
    .map((each, i) => { each.dataset.walked ??= String(i); return each.dataset.walked; })"""
"""What can be worked by hand, numbered: the keyboard has to reach each of them."""

FOCUS = """() => {
    const each = document.activeElement, style = getComputedStyle(each);
    const box = each.getBoundingClientRect();
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        || each.matches("svg use") && parseFloat(style.strokeWidth) >= 4;
    return { mark: each.dataset.walked ?? null, ring, page: each === document.body,
        inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        html: each.outerHTML.slice(0, 160) };
}"""

CHARTS = """() => {
    const behind = (each) => each.querySelector("table") ? each : each.parentNode;
    return [...document.querySelectorAll("figure")].map((each) => ({
        title: each.querySelector("figcaption, caption")?.textContent.trim() ?? "",
        rows: behind(each).querySelectorAll("tbody tr").length,
        heads: behind(each).querySelectorAll("th[scope=col]").length,
    }));
}"""
"""Each picture of figures, with the table behind it."""


OPENED = """() => {
    document.querySelectorAll("details").forEach((each) => { each.open = true; });
    const look = (each) =>
        `${each.tagName} ${each.getAttribute("class")} ${each.getAttribute("style")}`;
    for (const body of document.querySelectorAll("tbody")) {
        const seen = {};
        for (const row of [...body.rows]) {
            const kind = [row, ...row.querySelectorAll("*")].map(look).join();
            seen[kind] = (seen[kind] ?? 0) + 1;
            if (seen[kind] > 3) row.remove();
        }
    }
}"""
"""Every table is opened; of rows that look alike, of which one has 900, three are kept."""


def _violations(page: Any) -> list[str]:
    """What axe-core finds, one line a place."""
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['html'][:160]} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("name", [*PAGES, "embed"])
def test_axe_finds_nothing_on_any_page(read: Any, name: str) -> None:
    """With a département selected and every table opened, by day and by night."""
    lang = "en" if name in ("ranking", "about") else "fr"
    reader = read(f"page={name}&period=2022-08&departement=32&lang={lang}")
    page = reader.page
    page.evaluate(OPENED)
    assert _violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert _violations(page) == []
    reader.assert_clean()


@pytest.mark.parametrize("name", ["map", "departement", "pipeline"])
def test_axe_finds_nothing_on_a_phone(read: Any, name: str) -> None:
    reader = read(f"page={name}&period=2022-08&departement=32&lang=en", viewport=PHONE)
    assert _violations(reader.page) == []
    reader.assert_clean()


@pytest.mark.parametrize(
    ("query", "scheme"),
    [
        ("compare=side&with=spi_3&period=2022-08", "dark"),
        ("compare=swipe&period=2022-08&departement=32&crop=soft_wheat", "light"),
        ("indicator=nonsense&departement=%3Cb%3E99&period=2150-01", "light"),
        ("indicator=nonsense&departement=%3Cb%3E99&period=2150-01&page=about", "dark"),
        ("indicator=crop_stress_pct_grassland&period=2022-08", "light"),
        ("page=departement&departement=974", "dark"),
        ("page=departement", "light"),
        ("page=ranking&level=region&places=31,32,73&period=2022-08", "light"),
        ("page=trends&season=summer", "dark"),
        ("compare=change&period=2022-08&zoom=4.00,350,-6500", "light"),
    ],
    ids=[
        "side", "swipe", "notice", "notice-dark", "crop", "unknown", "chooser", "regions", "summer",
        "change",
    ],
)  # fmt: skip
def test_axe_finds_nothing_in_other_states(read: Any, query: str, scheme: str) -> None:
    reader = read(query, scheme=scheme)
    assert reader.page.locator(".notice").count() == ("nonsense" in query)
    assert _violations(reader.page) == []
    reader.assert_clean()


def test_axe_sees_what_is_wrong(read: Any) -> None:
    reader = read("page=about")
    reader.page.evaluate("() => document.querySelector('h1').append(document.createElement('img'))")
    (found,) = _violations(reader.page)
    assert found.startswith("image-alt")


@pytest.mark.parametrize("name", [*PAGES, "embed"])
def test_every_chart_has_a_table_behind_it(read: Any, name: str) -> None:
    reader = read(f"page={name}&period=2022-08&departement=32&places=31,32")
    for chart in reader.page.evaluate(CHARTS):
        assert chart["title"], chart
        assert chart["rows"] > 0, chart
        assert chart["heads"] >= 2, chart
    drawn = reader.page.locator("main svg:not([aria-hidden=true], [role=img], [role=group])")
    assert drawn.count() == 0  # whatever is drawn has a name, or is told to be decoration


def _walk(page: Any, most: int) -> Iterator[dict[str, Any]]:
    """Press Tab through the page until it is left."""
    page.evaluate("() => document.activeElement.blur()")
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if at["page"]:
            return
        yield at


@pytest.mark.parametrize("name", [*PAGES, "embed"])
def test_tab_reaches_everything_and_the_focus_is_seen(read: Any, name: str) -> None:
    reader = read(f"page={name}&period=2022-08&departement=32&lang=en")
    page = reader.page
    there = set(page.evaluate(TARGETS))
    assert len(there) >= (5 if name == "embed" else 12)
    reached = list(_walk(page, len(there) + 60))
    unseen = [each["html"] for each in reached if not each["ring"]]
    assert unseen == []
    hidden = [each["html"] for each in reached if not each["inside"]]
    assert hidden == []
    missed = there - {each["mark"] for each in reached}
    outer = "(each) => each.outerHTML.slice(0, 160)"
    assert [page.locator(f"[data-walked='{mark}']").evaluate(outer) for mark in missed] == []
    if name != "embed":  # the first stop leads past the navigation
        assert "skip" in reached[0]["html"]
    reader.assert_clean()


def test_the_skip_link_leads_to_the_content(read: Any) -> None:
    reader = read("page=about")
    page = reader.page
    page.keyboard.press("Tab")
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert 'id="main"' in reader.focused()


def test_the_map_is_walked_by_arrows(read: Any) -> None:
    reader = read("period=2022-08")
    page = reader.page
    page.focus("[data-map=a] .land use[tabindex='0']")
    page.focus("[data-map=a] .land use[data-code='32']")
    page.keyboard.press("ArrowRight")
    assert 'data-code="31"' in reader.focused()
    assert reader.text("#tip").startswith("Haute-Garonne (31)")
    page.keyboard.press("ArrowDown")
    assert 'data-code="09"' in reader.focused()
    assert page.locator("[data-map=a] .land use[tabindex='0']").count() == 1
    page.focus("[data-map=a] .land use[data-code='32']")
    with reader.answered():
        page.keyboard.press("Enter")
    reader.says(".detail h2", "Gers")
    assert 'data-code="32"' in reader.focused()  # the map is not drawn anew
    with reader.answered():
        page.keyboard.press("Escape")
    reader.says(".detail h2", "France")
    reader.assert_clean()


def test_every_departement_can_be_walked_to(read: Any) -> None:
    """From any to any, by arrows alone: nobody is on an island that no key leads to."""
    reader = read("period=2022-08")
    lost = reader.page.evaluate(
        """() => {
            const shapes = [...document.querySelectorAll("[data-map=a] .land use")]
                .filter((each) => !each.getAttribute("href").endsWith("x"));
            const seen = new Set(), todo = [shapes.find((each) => each.dataset.code === "32")];
            while (todo.length) {
                const from = todo.pop();
                if (seen.has(from)) continue;
                seen.add(from);
                for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
                    from.focus();
                    from.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
                    todo.push(document.activeElement);
                }
            }
            return shapes.filter((each) => !seen.has(each)).map((each) => each.dataset.code);
        }"""
    )
    assert lost == []
    reader.assert_clean()


def test_slash_searches_by_name_without_accents_or_by_number(read: Any) -> None:
    reader = read("period=2022-08")
    page = reader.page
    for typed, name in [("cotes", "Côtes-d'Armor"), ("2a", "Corse-du-Sud"), ("32000", "Gers")]:
        page.keyboard.press("/")
        assert 'id="place"' in reader.focused()
        page.keyboard.type(typed)  # over what was there, which is selected
        page.keyboard.press("Enter")
        reader.says(".detail h2", name)
        assert name in page.input_value("#place")
        page.focus("#timeline")
    page.keyboard.press("/")
    page.keyboard.type("atlantis")
    page.keyboard.press("Enter")
    reader.until(lambda: page.get_attribute("#place", "aria-invalid") == "true")
    assert "Aucun lieu « atlantis »" in reader.text("#place-said")
    reader.says(".detail h2", "Gers")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.input_value("#place") == "32 Gers"
    reader.assert_clean()


def test_suggested_places_are_heard_and_chosen_by_arrows(read: Any) -> None:
    reader = read("period=2022-08")
    page = reader.page
    box = page.get_by_role("combobox", name="Chercher un lieu")
    assert box.get_attribute("aria-expanded") == "false"
    box.press_sequentially("saint-denis")
    reader.until(lambda: box.get_attribute("aria-expanded") == "true")
    assert reader.text("#place-said").startswith("Les 8 premiers lieux")
    offered = page.get_by_role("listbox", name="Lieux trouvés").get_by_role("option")
    assert offered.count() == 8
    assert box.get_attribute("aria-activedescendant") is None
    for key, place in [("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", 7)]:
        page.keyboard.press(key)
        active = offered.nth(place)
        assert active.get_attribute("aria-selected") == "true"
        assert box.get_attribute("aria-activedescendant") == active.get_attribute("id")
        assert 'id="place"' in reader.focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    reader.says(".detail h2", "Seine-Saint-Denis")
    reader.says(".notice", "Saint-Denis est en Seine-Saint-Denis")
    assert page.get_by_role("listbox").count() == 0
    assert box.get_attribute("aria-expanded") == "false"
    page.go_back()
    reader.says(".detail h2", "France")
    reader.until(lambda: page.input_value("#place") == "")
    box.press_sequentially("xyzzy")
    reader.says("#place-said", "Aucun lieu « xyzzy », ni rien qui y ressemble.")
    assert box.get_attribute("aria-expanded") == "false"
    page.keyboard.press("Escape")
    assert reader.text("#place-said") == ""
    reader.assert_clean()


OFFERED = "#indicator-options [role=option]"


def test_the_list_of_indicators_is_searched_by_keyboard(read: Any) -> None:
    """Near-twins are one entry; accents, case and hyphens do not matter; nothing found is told."""
    reader = read("period=2022-08")
    page = reader.page
    box = page.get_by_role("combobox", name="Que montrer")
    box.focus()
    assert box.get_attribute("aria-expanded") == "false"
    page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-expanded") == "true"
    active = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
    assert active.inner_text().startswith("Sécheresse agricole")  # what is shown
    # One entry for each family: 21 where days are not known (66 indicators were as many rows).
    names = [each.split("\n")[0] for each in page.locator(OFFERED).all_inner_texts()]
    assert len(names) == len(set(names)) < 25
    for typed, first in [
        ("spi", "Pluie comparée aux autres années (SPI)"),
        ("SPI-3", "Pluie sur 3 mois (SPI-3)"),
        ("swi", "Humidité du sol (SWI, SSWI)"),
        ("MAIS grain", "Manque d'eau : maïs grain non irrigué"),
        ("nappe", "Restrictions d'eau"),  # only its explanation speaks of it
    ]:
        page.fill("#indicator", typed)
        said = page.locator(OFFERED).first.inner_text().replace("\u00a0", " ")
        assert said.startswith(first), typed
        assert f"Indicateurs : {page.locator(OFFERED).count()}" in reader.text("#indicator-said")
    page.fill("#indicator", "xyzzy")
    assert page.locator(OFFERED).count() == 0
    assert "Aucun indicateur « xyzzy »" in reader.text("#indicator-said")
    assert page.locator(".field.indicator .options p").is_visible()
    page.keyboard.press("Escape")
    assert page.input_value("#indicator") == "Sécheresse agricole"
    assert page.is_hidden("#variant")
    # A family, then which of it; another family keeps the months.
    page.fill("#indicator", "spi")
    with reader.answered():
        page.keyboard.press("Enter")
    reader.address_has(indicator="spi_1")
    with reader.answered():
        page.select_option("#variant", label="sur 6 mois")
    reader.address_has(indicator="spi_6")
    page.fill("#indicator", "spei")
    with reader.answered():
        page.keyboard.press("Enter")
    reader.address_has(indicator="spei_6")
    assert page.input_value("#indicator") == "Pluie moins évaporation (SPEI)"
    assert page.input_value("#variant") == "spei_6"
    reader.assert_clean()


def test_a_place_is_found_by_touch(read: Any) -> None:
    reader = read("period=2022-08", viewport=PHONE, touch=True)
    page = reader.page
    page.tap("#place")
    page.keyboard.type("tolouse")
    offered = page.locator("[role=option]")
    offered.first.wait_for()
    assert reader.overflow() == []
    for each in (offered.first, offered.last):
        box = each.bounding_box()
        assert box["height"] >= 44
        assert (box["x"] >= 0, box["x"] + box["width"] <= PHONE[0]) == (True, True)
    offered.first.tap()
    reader.says(".notice", "Toulouse est en Haute-Garonne")
    reader.address_has(departement="31")
    assert 'id="place"' not in reader.focused()  # so a phone puts its keyboard away
    reader.assert_clean()


def test_a_region_is_found_from_any_page_and_the_box_can_be_emptied(read: Any) -> None:
    reader = read("page=trends&departement=32")
    page = reader.page
    page.fill("#place", "Bretagne")
    page.locator("[role=option]").first.click()
    reader.address_has(page="ranking", region="53", departement="32")
    reader.says("h1", "Bretagne")
    page.fill("#place", "")
    page.keyboard.press("Enter")
    reader.address_has(departement="")
    reader.assert_clean()


def test_a_chart_is_read_by_arrows(read: Any) -> None:
    reader = read("period=2022-08&departement=32")
    page = reader.page
    page.focus("#chart-history .plot")
    page.keyboard.press("End")
    last = reader.text("#tip")
    assert "2022" in last
    page.keyboard.press("ArrowLeft")
    assert reader.text("#tip") != last
    page.keyboard.press("Home")
    first = reader.text("#tip")
    assert "2016" in first
    with reader.answered():
        page.keyboard.press("Enter")
    reader.until(lambda: "|2016" in page.get_attribute("html", "data-map-painted"))
    page.keyboard.press("Escape")
    reader.assert_clean()


def test_play_and_pause_by_the_space_bar(read: Any) -> None:
    reader = read("period=2011-01")
    page = reader.page
    page.keyboard.press("Space")
    assert page.get_attribute("#play", "aria-pressed") == "true"
    reader.painted("combined|2011-03-31")
    page.keyboard.press("Space")
    assert page.get_attribute("#play", "aria-pressed") == "false"
    page.focus("#play")
    page.keyboard.press("Enter")
    assert page.get_attribute("#play", "aria-pressed") == "true"
    page.keyboard.press("ArrowLeft")  # whoever steps by hand has stopped it
    assert page.get_attribute("#play", "aria-pressed") == "false"
    reader.assert_clean()


def test_the_worst_hit_of_maize_in_august_2022_taken_home_by_keyboard_alone(
    read: Any, published_home: Path
) -> None:
    """`Which maize départements were worst hit in August 2022?`, and the map goes home."""
    reader = read("lang=en", accept_downloads=True)
    page = reader.page

    def go(selector: str) -> None:
        """Tab until it is reached."""
        for _ in range(200):
            if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{selector} is not reached by Tab")

    go("#indicator")
    page.keyboard.type("shortage of water maize")
    page.keyboard.press("Enter")
    indicator = "crop_stress_pct_grain_maize_rainfed"
    reader.address_has(indicator=indicator)
    go("#timeline")
    while not page.get_attribute("html", "data-map-painted").endswith("|2022-08-31"):
        page.keyboard.press("ArrowLeft")
    reader.says(".detail h2", "August 2022")
    with duckdb.connect(str(published_home / WAREHOUSE), read_only=True) as connection:
        rows = connection.execute(
            "SELECT name FROM drought_indicators JOIN departements USING (departement) "
            "JOIN (SELECT departement, arg_max(area_ha, year) AS grown FROM crop_statistics "
            "WHERE crop = 'grain_maize_rainfed' AND area_ha IS NOT NULL GROUP BY ALL) "
            "USING (departement) WHERE indicator = ? AND period_end = '2022-08-31' "
            "AND grown >= 1000 ORDER BY value DESC LIMIT 10",
            [indicator],
        ).fetchall()
    worst = [" ".join(each.split()) for each in page.locator(".driest b").all_inner_texts()]
    assert worst == [name for (name,) in rows]
    go("[data-take=html]")
    with page.expect_download() as taken:
        page.keyboard.press("Enter")
    assert taken.value.suggested_filename.startswith(f"{indicator}_2022-08")
    html = taken.value.path().read_text(encoding="utf-8")
    assert all(name in html for name in worst)
    reader.assert_clean()
