"""The map page in Chromium: what the hand, the keys and the address do to it."""

import statistics
from pathlib import Path
from typing import Any

import pytest

from geo_pipeline.catalogue.indicators import indicator_of
from tests.browser.reader import LAPTOP, PHONE, WIDE, Picture

pytestmark = pytest.mark.browser

STEP = """
async (count) => {
    const took = [], root = document.documentElement;
    for (let i = 0; i < count; i++) {
        const start = performance.now();
        const done = new Promise((seen) =>
            root.addEventListener("map-painted", seen, { once: true }));
        document.getElementById("previous").click();
        await done;
        took.push(performance.now() - start);
        await new Promise((rest) => setTimeout(rest, 150));
    }
    return took;
}
"""
LATE = """
window.WebSocket = class extends WebSocket {
    set onmessage(told) { super.onmessage = (event) => setTimeout(() => told(event), 400); }
};
"""
"""A server far away."""
GERS = "[data-map=a] [data-code='32']"
FRANCE_D1_TO_D4 = "64 départements sur 92"
"""In August 2022, by the published table: 2 + 10 + 22 + 31 départements are in D4 to D1."""


def _counts(reader: Any) -> list[str]:
    """Départements by class as the legend has them, driest first."""
    return [
        cell.strip() for cell in reader.page.locator(".legend td:nth-child(2)").all_inner_texts()
    ]


def _published(home: Path, indicator: str, period: str) -> dict[str, str]:
    """The published classes of one period, by département."""
    import duckdb

    with duckdb.connect(str(home / "published" / "drought.duckdb"), read_only=True) as connection:
        return dict(
            connection.execute(
                "SELECT departement, drought_class FROM drought_indicators "
                "WHERE indicator = ? AND period_end = ?",
                [indicator, period],
            ).fetchall()
        )


@pytest.mark.parametrize("viewport", [WIDE, LAPTOP, PHONE], ids=["1440", "1024", "390"])
def test_all_of_france_has_the_published_colours(
    read: Any, published_home: Path, viewport: tuple[int, int]
) -> None:
    reader = read("period=2022-08", viewport=viewport)
    page = reader.page
    reader.painted("combined|2022-08-31")
    published = _published(published_home, "combined", "2022-08-31")
    colours = {style.code: style.colour for style in indicator_of("combined").styles}
    drawn = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("[data-map=a] .land use")]
            .map((each) => [each.dataset.code, each.getAttribute("fill")]))"""
    )
    assert len(drawn) == 101
    for code, fill in drawn.items():
        known = published.get(code)
        assert fill == (colours[known] if known else "url(#hatch-wide)"), code
    assert FRANCE_D1_TO_D4 in reader.text("h1")
    assert _counts(reader)[:4] == ["–", "12", "22", "30"]
    box = page.locator(".france-map").bounding_box()
    assert abs(box["width"] / box["height"] - 1250 / 1210) < 0.2  # a kilometre is a kilometre
    reader.assert_clean()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["1440", "390"])
def test_a_click_selects_and_a_click_in_the_sea_lets_go(
    read: Any, picture: Picture, viewport: tuple[int, int]
) -> None:
    reader = read("period=2022-08", viewport=viewport)
    page = reader.page
    reader.click(GERS)
    reader.says(".detail h2", "Gers")
    assert "Sécheresse grave" in reader.text(".verdict")
    reader.address_has(departement="32")
    assert page.get_attribute(GERS, "aria-pressed") == "true"
    assert page.inner_text("#plate").replace("\xa0", " ") == "Gers (32)"
    assert page.input_value("#place") == "32 Gers"
    picture(page, f"map_gers_{viewport[0]}.png", full_page=True)
    assert reader.overflow() == []
    box = page.locator("#map-a").bounding_box()
    with reader.answered():
        page.mouse.click(box["x"] + 6, box["y"] + 0.65 * box["height"])
    reader.says(".detail h2", "France")
    reader.address_has(departement="")
    assert page.locator("#plate").is_hidden()
    reader.click(GERS)
    reader.click(GERS)  # once more lets go too
    reader.says(".detail h2", "France")
    reader.assert_clean()


def test_hover_tells_name_class_and_sentence(read: Any, picture: Picture) -> None:
    reader = read("period=2011-06")
    page = reader.page
    page.hover("[data-map=a] [data-code='18']")
    said = reader.text("#tip")
    assert said.startswith("Cher (18)")
    assert "e plus sec des 10 années connues" in said.replace("\xa0", " ")
    picture(page, "map_hover.png")
    page.hover("[data-map=a] [data-code='974']")
    assert "La Réunion (974)" in reader.text("#tip")
    assert "as de données" in reader.text("#tip")
    page.hover("#timeline", position={"x": 300, "y": 40})
    assert "20" in reader.text("#tip")
    page.hover("h1")
    assert page.locator("#tip").is_hidden()
    reader.assert_clean()


def test_buttons_keys_and_the_timeline_move_the_map(read: Any) -> None:
    reader = read("period=2022-08")
    page = reader.page
    before = reader.fills()
    page.keyboard.press("ArrowLeft")
    reader.painted("combined|2022-07-31")
    assert reader.fills() != before
    reader.says("h1", "juillet 2022")
    page.click("#next")
    reader.painted("combined|2022-08-31")
    assert reader.fills() == before
    page.focus("#timeline")
    page.keyboard.press("PageDown")
    reader.painted("combined|2021-08-31")
    page.keyboard.press("PageUp")
    reader.painted("combined|2022-08-31")
    page.keyboard.press("Home")
    page.wait_for_selector("#timeline[aria-valuenow='0'], #previous[disabled]")
    assert page.is_disabled("#previous")
    page.keyboard.press("End")
    reader.painted("combined|2022-12-31")
    assert page.get_attribute("#timeline", "aria-valuetext") == "Décembre 2022"
    assert page.is_disabled("#next")
    box = page.locator("#timeline").bounding_box()
    middle = box["y"] + 40
    page.mouse.move(box["x"] + box["width"] * 0.8, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.1, middle, steps=8)
    page.mouse.up()
    reader.until(lambda: "|2011-" in page.get_attribute("html", "data-map-painted"))
    reader.until(lambda: reader.query()["period"].startswith("2011-"))
    reader.says("h1", "2011")
    reader.assert_clean()


def test_steps_are_not_taken_back_by_answers_that_are_late(read: Any) -> None:
    reader = read(connected=False)
    page = reader.page
    page.add_init_script(LATE)
    reader.visit("period=2021-01")
    page.evaluate(
        """() => {
            window.seen = [];
            document.documentElement.addEventListener(
                "map-painted", (event) => window.seen.push(event.detail));
        }"""
    )
    for _ in range(5):
        page.click("#next")
        page.wait_for_timeout(130)
    reader.says("h1", "juin 2021")
    page.wait_for_timeout(500)
    seen = page.evaluate("() => window.seen")
    assert seen == sorted(seen)
    assert seen[-1] == "combined|2021-06-30"
    reader.address_has(period="2021-06")
    reader.assert_clean()


def test_dekads_and_months_are_walked_by_their_own_step(read: Any) -> None:
    reader = read("period=2022-08")
    page = reader.page
    assert page.inner_text("#period") == "Août 2022"
    reader.click("[data-walk=dekad]")
    assert reader.text("#period") == "3e décade d'août 2022"
    reader.address_has(period="2022-08-31")
    page.click("#previous")
    reader.painted("combined|2022-08-20")
    reader.address_has(period="2022-08-20")
    reader.click("[data-walk=month]")
    reader.until(lambda: len(reader.query()["period"]) == 7)
    assert page.get_attribute("[data-walk=month]", "aria-pressed") == "true"
    reader.assert_clean()


def test_play_runs_through_time_and_stops_when_told(read: Any) -> None:
    reader = read("period=2011-01")
    page = reader.page
    page.click("#play")
    assert page.get_attribute("#play", "aria-pressed") == "true"
    # Each step lasts a third of a second: a busy machine may look after it is over.
    reader.until(
        lambda: page.get_attribute("html", "data-map-painted").split("|")[1] >= "2011-04-30"
    )
    page.click("#play")
    assert page.get_attribute("#play", "aria-pressed") == "false"
    page.wait_for_timeout(100)  # the last paint that was asked for
    shown = page.get_attribute("html", "data-map-painted")
    page.wait_for_timeout(900)
    assert page.get_attribute("html", "data-map-painted") == shown
    # The session is told where the reader rests, and says the same as the map.
    reader.until(lambda: reader.query()["period"] == shown.split("|")[1][:7])
    reader.assert_clean()


def test_another_indicator_recolours_and_says_what_it_is(read: Any, picture: Picture) -> None:
    reader = read("period=2022-08")
    page = reader.page
    before = reader.fills()
    for key in ("precip_mm", "precip_anomaly_pct", "spi_12", "water_restrictions"):
        reader.choose_indicator(key)
        reader.until(
            lambda key=key: page.get_attribute("html", "data-map-painted").startswith(f"{key}|")
        )
        assert reader.fills() != before
        assert reader.text("h1").startswith(indicator_of(key).name("fr").split(",")[0])
        assert reader.overflow() == []
        picture(page, f"map_{key}.png")
    reader.says(".notice", "août 2022")  # restrictions are of another time
    reader.choose_indicator("combined")
    reader.painted("combined|2022-08-31")  # what was wished for survives the visit
    assert reader.fills() == before
    reader.assert_clean()


def test_weighing_by_a_crop_counts_its_fields(read: Any) -> None:
    reader = read("period=2022-08&lang=en")
    page = reader.page
    with reader.answered():
        page.select_option("[data-param=crop]", "soft_wheat")
    assert page.locator(".legend thead th").count() == 4
    shares = page.locator(".legend td:nth-child(4)").all_inner_texts()
    assert any(each.endswith("%") for each in shares)
    assert "crop" in reader.text("[data-slot=timeline_title]")
    first = page.locator("#timeline .track svg").inner_html()
    with reader.answered():
        page.select_option("[data-param=crop]", "")
    assert page.locator("#timeline .track svg").inner_html() != first
    reader.assert_clean()


def test_two_maps_side_by_side_and_under_a_curtain(read: Any, picture: Picture) -> None:
    reader = read("period=2022-08")
    page = reader.page
    reader.click("""[data-ask-params='{"compare": "side"}']""")
    assert "août 2022" in reader.text("[data-map-name=a]")
    assert "août 2021" in reader.text("[data-map-name=b]")
    assert reader.fills("a") != reader.fills("b")
    assert "plus secs à gauche" in reader.text(".finding")
    page.click("#previous")
    reader.says("[data-map-name=b]", "juillet 2021")
    page.click("#next")
    reader.painted("combined|2022-08-31")
    picture(page, "map_side.png")
    with reader.answered():
        page.select_option("[data-param=with]", "spi_3")
    reader.says("[data-map-name=b]", "3 mois")
    reader.click("""[data-ask-params='{"compare": "swipe"}']""")
    reader.address_has(compare="swipe", **{"with": "spi_3"})
    page.fill("#swipe", "20")
    clip = page.locator(".second .map").evaluate("(each) => getComputedStyle(each).clipPath")
    assert "20%" in clip
    picture(page, "map_swipe.png")
    reader.click("""[data-ask-params='{"compare": ""}']""")
    assert page.locator("[data-map=b]").count() == 0
    assert "with" not in reader.query()
    reader.assert_clean()


def test_a_map_of_changes_is_walked_like_the_map(read: Any, picture: Picture) -> None:
    reader = read("period=2022-08", viewport=WIDE)
    page = reader.page
    classes = reader.fills()
    reader.click("[data-ask-params*='change']")
    reader.says("h1", "plus secs qu'un mois plus tôt")
    reader.until(lambda: reader.fills() != classes)
    drier, wetter = ["#8c510a", "#bf812d", "#dfc27d"], ["#80cdc1", "#35978f", "#01665e"]
    assert set(reader.fills().split(",")) <= {*drier, *wetter, "#f5f5f5", "url(#hatch-wide)"}
    counts = [int(each) for each in _counts(reader) if each.isdigit()]
    assert sum(counts) == 101
    page.hover(GERS)
    assert "Un mois plus tôt" in reader.text("#tip")
    before = reader.fills()
    page.click("#previous")
    reader.painted("combined|2022-07-31")
    assert reader.fills() != before
    with reader.answered():
        page.select_option("[data-param=since]", "year")
    reader.says("h1", "plus secs qu'un an plus tôt")
    reader.address_has(compare="change", since="year")
    picture(page, "map_changes.png")
    reader.click('[data-ask-params=\'{"compare": ""}\']')
    reader.until(lambda: set(reader.fills().split(",")) & {"#fc8d59"})
    reader.assert_clean()


def test_the_list_of_the_driest_leads_to_them(read: Any) -> None:
    reader = read("period=2022-08")
    page = reader.page
    name = reader.text(".driest li:first-child b")
    assert name == "Savoie"
    reader.click(".driest li:first-child a")
    reader.says(".detail h2", name)
    reader.click(".back")
    page.wait_for_selector(".driest")
    reader.click(".years a[href*='2011']")
    reader.painted("combined|2011-08-31")
    reader.assert_clean()


def test_a_chart_tells_and_leads_the_map(read: Any) -> None:
    reader = read("period=2022-08&departement=32")
    page = reader.page
    page.locator("#chart-history .plot").scroll_into_view_if_needed()
    page.hover("#chart-history .plot", position={"x": 60, "y": 60})
    assert "20" in reader.text("#tip")
    with reader.answered():
        page.click("#chart-history .plot", position={"x": 60, "y": 60})
    reader.until(lambda: "|2022-08" not in page.get_attribute("html", "data-map-painted"))
    page.click("#chart-history summary")
    rows = page.locator("#chart-history tbody tr")
    assert rows.count() > 50
    # What was opened stays open when the chart is drawn anew.
    page.click("#next")
    reader.until(lambda: not page.locator("html[data-asking]").count())
    assert page.locator("#chart-history details[open]").count() == 1
    reader.assert_clean()


def test_a_place_without_weather_says_why(read: Any, picture: Picture) -> None:
    reader = read("departement=971&period=2022-08", scheme="dark")
    assert "ne couvrent pas ce département" in reader.text(".lead")
    assert reader.page.locator("#chart-history").count() == 0
    picture(reader.page, "map_no_weather.png")
    reader.assert_clean()


def test_speed_is_measured(read: Any) -> None:
    """Generous limits, for machines under load; `just bench` gives the numbers."""
    reader = read()
    page = reader.page
    painted = page.evaluate("() => performance.getEntriesByName('map-painted')[0].startTime")
    steps = page.evaluate(STEP, 12)
    print(f"first paint {painted:.0f} ms, a step {statistics.median(steps):.0f} ms")
    assert painted < 6000
    assert statistics.median(steps) < 400
    reader.assert_clean()


def test_a_second_indicator_is_hatched_over_the_map(read: Any, picture: Picture) -> None:
    reader = read("period=2022-08-20")
    page = reader.page
    hatched = page.locator("[data-map=a] .over use:not([hidden])")
    assert hatched.count() == 0
    with reader.answered():
        page.select_option("[data-param=over]", "swi")
    reader.address_has(over="swi")

    def counted() -> int:
        """Départements that are hatched, each once: four around Paris are drawn twice."""
        shapes = hatched.evaluate_all("all => all.map((each) => each.getAttribute('href'))")
        return len({shape.rstrip("x") for shape in shapes})

    reader.until(lambda: counted() > 0)
    reader.until(lambda: reader.text("[data-over]") == str(counted()))
    august = counted()
    picture(page, "map_hatched.png")
    # A step changes them at once, without the session.
    page.focus("#timeline")
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    reader.until(lambda: counted() != august)
    reader.until(lambda: reader.text("[data-over]") == str(counted()))
    with reader.answered():
        page.select_option("[data-param=over]", "")
    reader.until(lambda: hatched.count() == 0)
    assert "over" not in reader.query()
    assert reader.overflow() == []
    reader.assert_clean()
