"""The exported map in a real browser: it opens alone, answers the pointer, prints."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sample_france

from geo_pipeline.publishing import maps
from geo_pipeline.publishing.sentences import Source
from tests.browser.reader import Picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not sample_france.LIGHT.exists(), reason="assets_data has no light boundaries"
    ),
]

VIEWPORTS = {"wide": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
WIDTH_OF_29 = "document.querySelector('[data-departement=\"29\"]').getBoundingClientRect().width"
IS_STILL = f"""() => new Promise(done => {{
  const before = {WIDTH_OF_29};
  setTimeout(() => done({WIDTH_OF_29} === before), 500);
}})"""
HOSTILE = '</script><img src=x onerror=alert(1)> "L\'Île" {{ 7*7 }}'


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The map of France as the pipeline would write it."""
    shapes = sample_france.france()
    text = maps.render_map(
        shapes,
        sample_france.dry_south(shapes),
        indicator="spi_3",
        period_end=date(2022, 8, 31),
        sources=[Source("AgERA5", "https://cds.climate.copernicus.eu/", "Copernicus")],
        published_on=date(2022, 9, 3),
        reference_period="2010-2022",
    )
    path = tmp_path_factory.mktemp("export") / "spi_3_2022-08.html"
    path.write_text(text, encoding="utf-8")
    return path


def opened(open_page: Any, path: Path, **options: Any) -> Any:
    """Open a file with nothing but itself allowed, and wait for its map."""
    watched = open_page(path.as_uri(), **options)
    watched.page.goto(path.as_uri())
    watched.page.wait_for_selector("path.departement")
    return watched


def departement(page: Any, code: str) -> Any:
    return page.locator(f'path[data-departement="{code}"]')


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", VIEWPORTS)
def test_the_page_opens_alone_and_draws_every_departement(
    open_page: Any, exported: Path, picture: Picture, size: str, scheme: str
) -> None:
    watched = opened(open_page, exported, viewport=VIEWPORTS[size], scheme=scheme)
    page = watched.page
    picture(page, f"map-{size}-{scheme}.png", full_page=size == "phone")
    assert page.locator("path.departement").count() == 101
    boxes = page.eval_on_selector_all(
        "path.departement",
        "paths => paths.map(p => p.getBoundingClientRect()).map(r => [r.left, r.right, r.width])",
    )
    width = VIEWPORTS[size][0]
    assert all(left >= 0 and right <= width and wide > 0 for left, right, wide in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    watched.assert_clean()


def test_colours_are_the_classes_and_no_data_is_hatched(open_page: Any, exported: Path) -> None:
    page = opened(open_page, exported).page
    assert departement(page, "2A").get_attribute("fill") == "#730000"
    for code in sample_france.WITHOUT_DATA:
        assert departement(page, code).get_attribute("fill") == "url(#hatch)"


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_hover_tells_the_class_in_words_and_outlines(
    open_page: Any, exported: Path, picture: Picture, size: str
) -> None:
    watched = opened(open_page, exported, viewport=VIEWPORTS[size])
    page = watched.page
    tip = page.locator("#tip")
    assert not tip.is_visible()
    departement(page, "2A").hover()
    assert tip.is_visible()
    assert "Corse-du-Sud (2A)" in tip.inner_text()
    assert "Sécheresse exceptionnelle" in tip.inner_text()
    assert "Normale de 12" in tip.inner_text()
    assert len(page.locator("path.outline").get_attribute("d") or "") > 50
    box = tip.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= VIEWPORTS[size][0]
    picture(page, f"map-{size}-hover.png")
    departement(page, "75").hover()
    assert "Pas de données" in tip.inner_text()
    page.mouse.move(2, 2)
    assert not tip.is_visible()
    watched.assert_clean()


def test_a_tap_tells_and_a_tap_on_the_sea_dismisses(open_page: Any, exported: Path) -> None:
    page = opened(open_page, exported, viewport=VIEWPORTS["phone"], touch=True).page
    departement(page, "32").tap()
    assert "Gers (32)" in page.locator("#tip").inner_text()
    frame = page.locator("#map_0").bounding_box()
    page.touchscreen.tap(frame["x"] + frame["width"] - 10, frame["y"] + 10)
    assert not page.locator("#tip").is_visible()


def test_the_keyboard_walks_from_neighbour_to_neighbour(open_page: Any, exported: Path) -> None:
    watched = opened(open_page, exported)
    page = watched.page
    assert page.locator('path.departement[tabindex="0"]').count() == 1
    departement(page, "45").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.departement") == "18"
    assert "Cher (18)" in page.locator("#tip").inner_text()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.departement") == "45"
    page.keyboard.press("Escape")
    assert not page.locator("#tip").is_visible()
    watched.assert_clean()


def test_the_map_refits_when_the_window_changes_and_zooms_by_its_buttons(
    open_page: Any, exported: Path
) -> None:
    watched = opened(open_page, exported)
    page = watched.page
    before = departement(page, "29").bounding_box()["width"]
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_function(
        f"before => ({WIDTH_OF_29}) < 0.9 * before",
        arg=before,
    )
    page.wait_for_function(IS_STILL)  # the map is fitted once more when the text beside it moves
    # A département in the middle: Leaflet draws none that the zoom puts out of sight.
    fitted = departement(page, "18").bounding_box()["width"]
    page.locator(".leaflet-control-zoom-in").click()
    page.wait_for_function(
        "before => document.querySelector(\"[data-departement='18']\")"
        ".getBoundingClientRect().width > 1.3 * before",
        arg=fitted,
    )
    watched.assert_clean()


def test_the_table_opens_and_holds_all(open_page: Any, exported: Path, picture: Picture) -> None:
    watched = opened(open_page, exported)
    watched.page.locator("summary").click()
    assert watched.page.locator("tbody tr:visible").count() == 101
    picture(watched.page, "map-wide-table.png", full_page=True)
    watched.assert_clean()


def test_print_fits_map_legend_and_sources_on_the_first_sheet(
    open_page: Any, exported: Path, picture: Picture, artefacts: Path
) -> None:
    watched = opened(open_page, exported)
    page = watched.page
    wide = page.locator(".map").bounding_box()["width"]
    pdf = page.pdf(path=artefacts / "map.pdf", format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 3
    page.set_viewport_size({"width": 703, "height": 1032})  # A4 less its margins, in CSS pixels
    page.emulate_media(media="print")
    page.wait_for_function("() => document.documentElement.classList.contains('printing')")
    picture(page, "map-print.png", full_page=True)
    notes = page.locator(".notes").bounding_box()
    assert notes["y"] + notes["height"] < 1032
    boxes = page.eval_on_selector_all(
        "path.departement", "paths => paths.map(p => p.getBoundingClientRect().right)"
    )
    assert max(boxes) < 703
    assert page.locator("table").is_visible()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_function(
        "w => Math.abs(document.querySelector('.map').getBoundingClientRect().width - w) < 1",
        arg=wide,
    )
    assert not page.locator("table").is_visible()
    watched.assert_clean()


def test_hostile_names_stay_text(open_page: Any, tmp_path: Path) -> None:
    shapes = sample_france.squares(["Ain", HOSTILE, HOSTILE])
    values = sample_france.dry_south(shapes)
    text = maps.render_map(
        shapes,
        values,
        indicator="spi_3",
        period_end=date(2022, 8, 31),
        sources=[HOSTILE],
        published_on=date(2022, 9, 3),
        notes=[HOSTILE],
    )
    path = tmp_path / "hostile.html"
    path.write_text(text, encoding="utf-8")
    watched = opened(open_page, path)
    watched.page.on("dialog", lambda dialog: watched.errors.append(dialog.message))
    departement(watched.page, "02").hover()
    assert watched.page.locator("#tip b").inner_text() == f"{HOSTILE} (02)"
    assert watched.page.locator("img").count() == 0
    watched.assert_clean()


def test_the_policy_stops_what_the_page_was_made_to_ask_for(open_page: Any, exported: Path) -> None:
    page = opened(open_page, exported).page
    stopped = page.evaluate(
        """async () => {
            const seen = [];
            document.addEventListener(
                "securitypolicyviolation", event => seen.push(event.effectiveDirective)
            );
            await fetch("https://example.org/").catch(() => null);
            const image = new Image();
            image.src = "https://example.org/a.png";
            await new Promise(done => setTimeout(done, 200));
            return seen;
        }"""
    )
    assert sorted(stopped) == ["connect-src", "img-src"]
