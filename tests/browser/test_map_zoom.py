"""Zoom and pan of the map, the room it has at each width, and the answer to a tap on a phone."""

from typing import Any

import pytest

from tests.browser.reader import LAPTOP, PHONE, WIDE

pytestmark = pytest.mark.browser

GERS = "[data-map=a] [data-code='32']"
MIDDLE = """(code) => {
    const box = document.querySelector(`[data-map=a] .land [data-code='${code}']`)
        .getBoundingClientRect();
    return [(box.left + box.right) / 2, (box.top + box.bottom) / 2, box.width, box.height];
}"""
NAMES = "() => [...document.querySelectorAll('[data-map=a] .names text')].map((t) => t.textContent)"
REGIONS = "[data-map=a] .regions"


def _zoomed(reader: Any) -> None:
    reader.until(lambda: "zoom" in reader.query())


def test_the_wheel_enlarges_what_is_under_the_pointer_and_names_appear(read: Any) -> None:
    reader = read("period=2022-08", viewport=WIDE)
    page = reader.page
    assert page.evaluate(NAMES) == []
    x, y, width, _ = page.evaluate(MIDDLE, "32")
    page.mouse.move(x, y)
    for _ in range(4):
        page.mouse.wheel(0, -200)
    _zoomed(reader)
    now_x, now_y, now_width, _ = page.evaluate(MIDDLE, "32")
    assert abs(now_x - x) < 4
    assert abs(now_y - y) < 4
    assert now_width / width == pytest.approx(4.95, rel=0.02)  # exp(4 * 200 * 0.002)
    reader.until(lambda: "Gers" in page.evaluate(NAMES))
    reader.until(lambda: "Toulouse" in page.evaluate(NAMES))
    assert "Paris" not in page.evaluate(NAMES)
    assert page.get_attribute(REGIONS, "d")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate(MIDDLE, "32")[2] == pytest.approx(now_width, rel=0.01)
    reader.assert_clean()


def test_the_wheel_scrolls_the_page_where_there_is_nothing_to_zoom_out_of(read: Any) -> None:
    reader = read("period=2022-08", viewport=WIDE)
    page = reader.page
    x, y, width, _ = page.evaluate(MIDDLE, "32")
    page.mouse.move(x, y)
    page.mouse.wheel(0, 200)
    reader.until(lambda: page.evaluate("window.scrollY") > 50)
    assert page.evaluate(MIDDLE, "32")[2] == pytest.approx(width)


def test_a_drag_moves_the_map_and_selects_nothing(read: Any) -> None:
    reader = read("period=2022-08&zoom=4.00,350,-6500", viewport=WIDE)
    page = reader.page
    before = page.evaluate(MIDDLE, "32")
    box = page.locator("#map-a").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=6)
    page.mouse.up()
    reader.until(lambda: reader.query()["zoom"] != "4.00,350,-6500")
    after = page.evaluate(MIDDLE, "32")
    assert after[0] - before[0] == pytest.approx(60, abs=2)
    assert after[1] - before[1] == pytest.approx(20, abs=2)
    assert "departement" not in reader.query()
    page.mouse.click(x, y)  # a click still selects
    reader.until(lambda: "departement" in reader.query())


def test_buttons_keys_and_double_clicks_zoom(read: Any) -> None:
    reader = read("period=2022-08", viewport=LAPTOP)
    page = reader.page
    width = page.evaluate(MIDDLE, "32")[2]
    assert page.is_disabled("[data-zoom=out]")
    assert page.is_disabled("[data-zoom=all]")
    page.click("[data-zoom=in]")
    _zoomed(reader)
    once = page.evaluate(MIDDLE, "32")[2]
    assert once / width == pytest.approx(1.7, rel=0.01)
    page.keyboard.press("+")
    reader.until(lambda: page.evaluate(MIDDLE, "32")[2] > 1.6 * once)
    page.keyboard.press("0")
    reader.until(lambda: "zoom" not in reader.query())
    assert page.evaluate(MIDDLE, "32")[2] == pytest.approx(width)
    x, y, *_ = page.evaluate(MIDDLE, "32")
    page.mouse.dblclick(x, y)
    _zoomed(reader)
    reader.address_has(departement="32")  # one choice, not a choice taken back
    assert page.evaluate(MIDDLE, "32")[2] / width == pytest.approx(1.7, rel=0.01)
    page.focus("[data-map=a] [data-code='32']")
    for _ in range(12):
        page.keyboard.press("ArrowUp")  # the map follows the focus out of its window
    box = page.locator("#map-a").bounding_box()

    def focused_in_view() -> bool:
        code = page.evaluate("() => document.activeElement.dataset.code")
        _, y, *_ = page.evaluate(MIDDLE, code)
        return code != "32" and box["y"] <= y <= box["y"] + box["height"]

    reader.until(focused_in_view)
    reader.assert_clean()


def test_paris_can_be_touched_on_a_phone(read: Any) -> None:
    reader = read("period=2022-08", viewport=PHONE, touch=True, is_mobile=True)
    page = reader.page
    x, y, width, _ = page.evaluate(MIDDLE, "75")
    assert width < 8
    page.evaluate("(at) => window.scrollTo(0, at)", y - 300)
    for _ in range(6):
        x, y, width, height = page.evaluate(MIDDLE, "75")
        if min(width, height) >= 24:
            break
        page.mouse.dblclick(x, y)
        page.wait_for_timeout(400)
    x, y, width, height = page.evaluate(MIDDLE, "75")
    assert min(width, height) >= 24
    if reader.query().get("departement") != "75":
        page.touchscreen.tap(x, y)
    reader.address_has(departement="75")


def test_a_tap_on_a_phone_is_answered_where_the_finger_is(read: Any) -> None:
    reader = read("period=2022-08", viewport=PHONE, touch=True, is_mobile=True)
    page = reader.page
    x, y, *_ = page.evaluate(MIDDLE, "32")
    page.touchscreen.tap(x, y)
    reader.says(".sheet", "Sécheresse grave")
    sheet = page.locator(".sheet").bounding_box()
    assert sheet["y"] + sheet["height"] <= 845
    assert sheet["y"] > 422  # the map stays visible
    assert "sec" in reader.text(".sheet p:nth-child(2)")
    assert page.locator("#tip").is_hidden()
    page.click(".sheet .button")
    reader.address_has(page="departement", departement="32")


def test_a_choice_is_told_to_a_screen_reader_at_every_width(read: Any) -> None:
    reader = read("period=2022-08", viewport=WIDE)
    page = reader.page
    page.focus(GERS)
    page.keyboard.press("Enter")
    reader.until(lambda: "Gers" in page.locator(".sheet[role=status]").inner_text())
    assert page.locator(".sheet a:visible").count() == 0


def test_the_map_has_the_room_it_was_promised(read: Any) -> None:
    """700 px at 1440; the legend on the first screen at 1024; both maps fill the width."""
    reader = read("period=2022-08", viewport=WIDE)
    assert reader.page.locator("#map-a").bounding_box()["width"] >= 700
    reader.visit("period=2022-08&compare=side")
    boxes = [reader.page.locator(f"#map-{name}").bounding_box() for name in "ab"]
    assert sum(box["width"] for box in boxes) > 0.9 * WIDE[0]
    reader = read("period=2022-08", viewport=LAPTOP)
    legend = reader.page.locator(".legend").bounding_box()
    assert legend["y"] + legend["height"] <= LAPTOP[1]
    reader = read("period=2022-08", viewport=PHONE)
    places = [
        reader.page.locator(each).bounding_box()["y"] for each in ("#map-a", ".legend", "#timeline")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize("size", [(800, 560), (1200, 800)])
def test_an_embedded_map_fills_its_frame_and_fits_in_it(read: Any, size: tuple[int, int]) -> None:
    reader = read("page=embed&period=2022-08", viewport=size)
    box = reader.page.locator("#map-a").bounding_box()
    assert box["y"] + box["height"] <= size[1] + 8
    assert box["height"] > 0.6 * size[1]
    assert reader.overflow() == []


def test_navigation_is_whole_at_every_width(read: Any) -> None:
    for viewport in (PHONE, (768, 1024), LAPTOP, (1280, 800), WIDE):
        page = read("period=2022-08", viewport=viewport).page
        cut = page.evaluate(
            """() => [...document.querySelectorAll("nav a")].filter((each) => {
                const nav = each.parentNode.getBoundingClientRect();
                const box = each.getBoundingClientRect();
                return box.right > nav.right + 1 || box.left < nav.left - 1;
            }).map((each) => each.textContent)"""
        )
        assert cut == [], viewport


def test_a_date_moves_the_map_and_a_slip_of_the_hand_does_not(read: Any) -> None:
    reader = read("period=2022-08-10", viewport=WIDE)
    page = reader.page
    page.fill("#day", "2019-07-14")
    reader.painted("combined|2019-07-20")
    reader.until(lambda: reader.query()["period"] == "2019-07-20")
    cursor = page.locator("#cursor").bounding_box()
    x, y = cursor["x"] + 1, cursor["y"] + 30
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2, y)
    page.mouse.up()
    assert page.get_attribute("html", "data-map-painted") == "combined|2019-07-20"
    year = page.locator("#near .track").bounding_box()
    page.mouse.click(year["x"] + year["width"] * 0.99, year["y"] + 10)
    reader.painted("combined|2019-12-31")


def test_normal_is_not_the_brightest_in_the_dark(read: Any) -> None:
    reader = read("period=2022-12", viewport=WIDE, scheme="dark")
    fills = reader.page.evaluate(
        """() => ["60", "66", "974"].map((code) => getComputedStyle(
            document.querySelector(`[data-map=a] .land [data-code='${code}']`)).fill)"""
    )
    normal, drought, _ = fills
    assert drought == "rgb(115, 0, 0)"  # the classes of drought have their colours
    assert sum(int(part) for part in normal[4:-1].split(",")) < 3 * 64
    swatch = reader.page.evaluate(
        """() => getComputedStyle([...document.querySelectorAll(".legend tr")]
            .find((each) => each.textContent.includes("Normal"))
            .querySelector("i")).backgroundColor"""
    )
    assert swatch == normal


def test_two_fingers_enlarge_the_map(read: Any) -> None:
    """Fingers that move from 100 to 200 px apart make it twice as large, about their middle."""
    reader = read("period=2022-08", viewport=PHONE, touch=True, is_mobile=True)
    page = reader.page
    x, y, width, _ = page.evaluate(MIDDLE, "18")
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, apart: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x - apart / 2, "y": y, "id": 0},
                                                {"x": x + apart / 2, "y": y, "id": 1}]  # fmt: skip
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 100)
    for apart in (120, 140, 160, 180, 200):
        fingers("touchMove", apart)
    fingers("touchEnd", 200)
    _zoomed(reader)
    now_x, _, now_width, _ = page.evaluate(MIDDLE, "18")
    assert now_width / width == pytest.approx(2, rel=0.05)
    assert now_x == pytest.approx(x, abs=6)
    assert "departement" not in reader.query()
