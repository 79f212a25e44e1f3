"""The page of data: every file with its licence, and each link leads to what it says."""

import html
import re
from urllib.parse import urlsplit

import pytest

from geo_pipeline.publishing.api.offers import NAMES
from geo_pipeline.publishing.api.service import Asked, Service
from panel_app.data.store import Publication, Store
from panel_app.pages.data import data_page
from tests.app.conftest import plain, view_of

LINK = re.compile(r'href="(api/v1/[^"]+)"')


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_table_says_what_it_is(publication: Publication, lang: str) -> None:
    said = data_page.slots(view_of(publication, page="data", lang=lang))
    rows = re.findall(r"<tr>.*?</tr>", said["tables"], re.S)[1:]
    assert len(rows) == len(NAMES)
    for name, row in zip(NAMES, rows, strict=True):
        cells = [plain(re.sub(r"<[^>]+>", " ", cell)) for cell in row.split("</td>")]
        assert f"<code>{name}</code>" in row
        assert len(cells[0].split()) > 6, name
        if name != "crop_stages":  # published values of FAO, in no provider's data
            assert cells[3].strip() or name == "groundwater", name


def test_sizes_and_licence_of_an_indicator(publication: Publication) -> None:
    said = plain(data_page.slots(view_of(publication, page="data", indicator="spi_3"))["indicator"])
    assert "licence Copernicus" in said
    sizes = re.findall(r"≈ ([\d,]+) (ko|Mo)", said)
    assert len(sizes) == 4


def test_each_link_has_an_answer(publication: Publication, store: Store) -> None:
    service = Service(store.path)
    slots = data_page.slots(view_of(publication, page="data", indicator="spi_3"))
    links = [html.unescape(each) for each in LINK.findall(slots["indicator"] + slots["api"])]
    assert len(links) == 6
    for link in links:
        parts = urlsplit(link.removeprefix("api/v1/"))
        assert service.answer(Asked(parts.path, parts.query)).status == 200, link


def test_estimated_sizes_are_about_right(publication: Publication, store: Store) -> None:
    service = Service(store.path)
    for name in ("crop_statistics", "drought_events"):
        size = publication.file_sizes[name]
        for ending in ("csv", "parquet", "xlsx"):
            answer = service.answer(Asked(f"files/tables/{name}.{ending}"))
            assert answer.length == pytest.approx(getattr(size, ending), rel=0.5), (name, ending)


def test_tables_without_room_in_a_sheet_are_not_offered_as_one(publication: Publication) -> None:
    said = data_page.slots(view_of(publication, page="data"))["tables"]
    assert "tables/drought_indicators.csv" in said
    assert "tables/drought_indicators.xlsx" not in said
    assert "tables/crop_statistics.xlsx" in said
