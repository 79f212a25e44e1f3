"""What is taken home in Chromium: pictures, tables and maps, each opened as its reader would."""

import csv
import io
import re
import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import geopandas as gpd
import pytest

from geo_pipeline.catalogue.indicators import indicator_of
from tests.browser.reader import Picture

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"
WAREHOUSE = Path("published") / "drought.duckdb"
COLOURS = {
    "rgb({}, {}, {})".format(*(int(style.colour[i : i + 2], 16) for i in (1, 3, 5))): style.code
    for style in indicator_of("combined").styles
}


def _take(reader: Any, selector: str) -> tuple[str, bytes]:
    """Click a button that gives a file; return its name and content."""
    with reader.page.expect_download() as taken:
        reader.page.click(selector)
    return taken.value.suggested_filename, taken.value.path().read_bytes()


def _png_size(content: bytes) -> tuple[int, int]:
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return int(width), int(height)


def _alone(content: bytes) -> ElementTree.Element:
    """An SVG that needs nothing of the page it was taken from, nor of any other."""
    text = content.decode()
    assert "var(--" not in text
    assert "<use" not in text
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    root = ElementTree.fromstring(text)
    named = {each.get("id") for each in root.iter() if each.get("id")}
    assert set(re.findall(r"url\(['\"]?#([\w-]+)", text)) <= named
    return root


def _texts(root: ElementTree.Element) -> str:
    return " ".join(" ".join(each.itertext()) for each in root.iter(f"{SVG}text"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_as_a_picture(read: Any, artefacts: Path, open_page: Any, scheme: str) -> None:
    """In the colours of the page, on white whatever the theme, and it stands alone."""
    reader = read("period=2022-08&departement=32&compare=side", scheme=scheme)
    name, content = _take(reader, ".compare [data-take=svg]")
    assert name == "combined_2022-08.svg"
    root = _alone(content)
    paths = [each.get("fill") for each in root.iter(f"{SVG}path")]
    drawn = [fill for fill in paths if fill in COLOURS]
    assert len(drawn) > 180  # two maps
    # Nobody was in exceptional drought, neither that August nor the one before.
    assert {COLOURS[fill] for fill in drawn} == {*COLOURS.values()} - {"D4"}
    said = _texts(root)
    for words in ("Août 2022".lower(), "août 2021", "64 départements", "Gers (32)", "AgERA5"):
        assert words in said.replace("\xa0", " ")
    assert root.find(f"{SVG}rect").attrib == {"width": "100%", "height": "100%", "fill": "#ffffff"}
    # Nothing is cut off: what is written ends before the edge.
    (artefacts / f"taken_{scheme}.svg").write_bytes(content)
    alone = open_page((artefacts / f"taken_{scheme}.svg").as_uri())
    alone.page.goto((artefacts / f"taken_{scheme}.svg").as_uri())
    over = alone.page.evaluate(
        """() => [...document.querySelectorAll("text")]
            .filter((each) => each.getBoundingClientRect().right
                > document.documentElement.getBoundingClientRect().right)
            .map((each) => each.textContent)"""
    )
    assert over == []
    alone.assert_clean()
    name, content = _take(reader, ".compare [data-take=png]")
    assert name == "combined_2022-08.png"
    (artefacts / f"taken_{scheme}.png").write_bytes(content)
    width, height = _png_size(content)
    assert width == 2 * float(root.get("width", "0"))
    assert height == 2 * float(root.get("height", "0"))
    # The page is as it was before the picture.
    ground = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]
    body = "() => getComputedStyle(document.body).backgroundColor"
    assert reader.page.evaluate(body) == ground
    reader.assert_clean()


@pytest.mark.parametrize(
    ("page", "chart"),
    [("map", "#chart-history"), ("departement", "figure"), ("trends", ".trends-one figure")],
)
def test_a_chart_as_picture_and_table(read: Any, artefacts: Path, page: str, chart: str) -> None:
    reader = read(f"page={page}&period=2022-08&departement=32")
    figure = reader.page.locator(chart).first
    title = " ".join(figure.locator("figcaption").inner_text().split())
    mark = figure.evaluate("(each) => { each.dataset.test = 'this'; return each.id; }")
    this = "[data-test=this]"
    assert mark
    name, content = _take(reader, f"{this} [data-take=svg]")
    assert name.endswith("_32_2022-08.svg")
    root = _alone(content)
    assert title in " ".join(_texts(root).split())
    assert "AgERA5" in _texts(root)
    assert len(list(root.iter(f"{SVG}path"))) > 3
    name, content = _take(reader, f"{this} [data-take=png]")
    (artefacts / f"taken_chart_{page}.png").write_bytes(content)
    assert min(_png_size(content)) > 300
    name, content = _take(reader, f"{this} [data-take=csv]")
    assert name.endswith("_32_2022-08.csv")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == reader.page.locator(f"{this} tr").count()
    assert {len(row) for row in rows} == {len(rows[0])}
    assert all(row[0] for row in rows)
    reader.assert_clean()


def test_the_table_of_a_chart_has_the_published_values(read: Any, published_home: Path) -> None:
    reader = read("period=2022-08&departement=32&indicator=spi_3&lang=en")
    _, content = _take(reader, "#chart-history [data-take=csv]")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))[1:]
    with duckdb.connect(str(published_home / WAREHOUSE), read_only=True) as connection:
        published = connection.execute(
            "SELECT value FROM drought_indicators WHERE indicator = 'spi_3' "
            "AND departement = '32' AND period_end <= '2022-11-30' AND value IS NOT NULL "
            "ORDER BY period_end DESC LIMIT ?",
            [len(rows)],
        ).fetchall()
    shown = [float(row[-1].replace("−", "-")) for row in rows]
    # Shown to a decimal or two; the chart begins and ends within the published series.
    values = [value for (value,) in published]
    starts = [
        all(abs(a - b) <= 0.051 for a, b in zip(shown[:12], values[i : i + 12], strict=False))
        for i in range(12)
    ]
    assert any(starts)
    reader.assert_clean()


def test_the_map_as_a_table_has_the_published_values(read: Any, published_home: Path) -> None:
    reader = read("period=2022-08")
    name, content = _take(reader, ".compare [data-take=csv]")
    assert name == "combined_2022-08.csv"
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 101
    _, other = _take(reader, ".compare [data-take=csv_international]")
    assert [each["value"].replace(",", ".") for each in rows] == [
        each["value"] for each in csv.DictReader(io.StringIO(other.decode()))
    ]
    with duckdb.connect(str(published_home / WAREHOUSE), read_only=True) as connection:
        published = dict(
            connection.execute(
                "SELECT departement, value FROM drought_indicators "
                "WHERE indicator = 'combined' AND period_end = '2022-08-31'"
            ).fetchall()
        )
    for row in rows:
        value = published.get(row["departement"])
        assert (float(row["value"].replace(",", ".")) if row["value"] else None) == (
            None if value is None else pytest.approx(value, abs=0.05)
        )
    reader.assert_clean()


def test_the_map_as_geoparquet_is_read_by_geopandas(read: Any, tmp_path: Path) -> None:
    reader = read("period=2022-08&indicator=spi_3")
    # What is asked for twice is made twice.
    name, content = _take(reader, ".compare [data-take=parquet]")
    again = _take(reader, ".compare [data-take=parquet]")
    assert again[0] == name == "spi_3_2022-08.parquet"
    (tmp_path / name).write_bytes(content)
    table = gpd.read_parquet(tmp_path / name)
    assert len(table) == 101
    assert table.crs is not None
    assert table.geometry.is_valid.all()
    assert set(table["indicator"].dropna()) == {"spi_3"}
    assert reader.page.locator("[aria-busy]").count() == 0
    reader.assert_clean()


def test_the_map_as_a_page_opens_without_a_network(
    read: Any, open_page: Any, tmp_path: Path, picture: Picture
) -> None:
    reader = read("period=2022-08&lang=en")
    name, content = _take(reader, ".compare [data-take=html]")
    assert name == "combined_2022-08.html"
    (tmp_path / name).write_bytes(content)
    alone = open_page((tmp_path / name).as_uri())
    alone.page.context.set_offline(True)
    alone.page.goto((tmp_path / name).as_uri())
    alone.page.wait_for_selector("path.departement")
    assert alone.page.locator("path.departement").count() >= 101
    assert alone.page.get_attribute("html", "lang") == "en"
    picture(alone.page, "taken_page.png")
    alone.assert_clean()
    reader.assert_clean()


def test_the_ranking_as_it_stands(read: Any) -> None:
    reader = read("page=ranking&period=2022-08")
    reader.page.fill("[data-filter]", "bretagne")
    assert reader.page.locator("#ranking-table tbody tr:visible").count() == 4
    _, content = _take(reader, "figure.ranking-table [data-take=csv]")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 5  # what was filtered out stays at home
    assert {len(row) for row in rows} == {len(rows[0])}
    name, content = _take(reader, "footer [data-take=geojson]")
    assert name == "combined_2022-08.geojson"
    assert content.startswith(b"{")
    reader.assert_clean()


def test_the_address_is_copied(read: Any) -> None:
    reader = read(
        "period=2022-08&departement=32", permissions=["clipboard-read", "clipboard-write"]
    )
    page = reader.page
    page.click("[data-copy-link]")
    reader.says("[data-copy-link]", "Copié")
    assert page.evaluate("() => navigator.clipboard.readText()") == page.url
    reader.assert_clean()
