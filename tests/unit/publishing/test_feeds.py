"""Feeds: what a reader of news and a calendar make of them."""

import json
from datetime import date, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from geo_pipeline.publishing.api import feeds
from geo_pipeline.publishing.api.editions import Edition
from geo_pipeline.publishing.api.service import Asked, Service
from geo_pipeline.storage.warehouse import Warehouse

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "https://example.org/drought/api/v1"


@pytest.fixture(scope="module")
def service(small_home: Path) -> Service:
    return Service(small_home / "published" / "drought.duckdb")


def read(service: Service, path: str, query: str = "") -> str:
    answer = service.answer(Asked(f"feeds/{path}", query, base=BASE))
    assert answer.status == 200
    assert answer.body is not None
    return answer.body.read().decode()


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    return text.replace("\r\n ", "").split("\r\n")


def test_an_atom_feed_has_what_the_standard_asks_for(service: Service) -> None:
    feed = ElementTree.fromstring(read(service, "32.atom", "lang=en"))
    assert feed.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated", "author"):
        assert len(feed.findall(f"{ATOM}{name}")) == 1, name
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == feeds.ISSUES
    ids = [each.findtext(f"{ATOM}id") for each in entries]
    assert len(set(ids)) == len(ids)
    moments = [datetime.fromisoformat(str(each.findtext(f"{ATOM}updated"))) for each in entries]
    assert moments == sorted(moments, reverse=True)
    first = entries[0]
    assert first.findtext(f"{ATOM}title") == "Agricultural drought, Gers: 21-31\u00a0December 2022"
    assert str(first.findtext(f"{ATOM}summary")).startswith("Gers: ")
    links = {each.attrib.get("type", ""): each.attrib["href"] for each in first.iter(f"{ATOM}link")}
    assert links["application/pdf"] == (
        "https://example.org/drought/bulletins/bulletin_32_2022-12-31_en.pdf"
    )
    parts = urlsplit(links[""])
    assert parts.path == "/drought/app"
    assert parse_qs(parts.query)["period"] == ["2022-12-31"]
    assert parse_qs(parts.query)["departement"] == ["32"]


def test_a_region_counts_its_departements(service: Service) -> None:
    """Of the three départements two are in Occitanie and one in Nouvelle-Aquitaine."""
    feed = ElementTree.fromstring(read(service, "R76.atom", "lang=en"))
    assert " of 2 " in str(feed.find(f"{ATOM}entry").findtext(f"{ATOM}summary"))  # type: ignore[union-attr]
    other = ElementTree.fromstring(read(service, "france.atom"))
    assert "sur 3 " in str(other.find(f"{ATOM}entry").findtext(f"{ATOM}summary"))  # type: ignore[union-attr]


def test_a_place_without_data_has_a_feed_without_entries(service: Service) -> None:
    feed = ElementTree.fromstring(read(service, "75.atom"))
    assert feed.findall(f"{ATOM}entry") == []
    assert feed.findtext(f"{ATOM}updated")


def test_a_record_that_ended_promises_no_next_issue(service: Service) -> None:
    lines = unfolded(read(service, "france.ics"))
    assert lines.count("BEGIN:VEVENT") == 1
    assert "DTSTART;VALUE=DATE:20230101" in lines
    feed = ElementTree.fromstring(read(service, "france.atom", "lang=en"))
    assert "until" in str(feed.findtext(f"{ATOM}subtitle"))


def test_the_next_issues_are_on_the_day_after_each_dekad(small_home: Path) -> None:
    """As if the record of 2022 were published in time: the 11th, the 21st, the first."""
    warehouse = Warehouse(small_home / "published" / "drought.duckdb")
    known = feeds.issues(feeds.feed_places()["france"], "fr", warehouse, _edition(2026))
    assert [each.period_end for each in known[:2]] == [date(2022, 12, 31), date(2022, 12, 20)]
    text = feeds._calendar(
        feeds.feed_places()["france"], known, _edition(2023), "en", site="https://example.org"
    ).decode()
    lines = unfolded(text)
    starts = [each.rpartition(":")[2] for each in lines if each.startswith("DTSTART")]
    assert starts == [
        "20230101", "20230111", "20230121", "20230201", "20230211", "20230221", "20230301",
    ]  # fmt: skip
    assert len({each for each in lines if each.startswith("UID")}) == 7
    assert "DTSTAMP:20230102T000000Z" in lines


def _edition(year: int) -> Edition:
    import pandas as pd

    return Edition((0, 0, 0), "0" * 64, datetime(year, 1, 2), pd.DataFrame({"asset": []}))


def test_long_lines_are_folded_between_characters() -> None:
    folded = feeds._folded("DESCRIPTION:" + "é" * 200)
    assert all(len(line.encode()) <= 75 for line in folded.split("\r\n"))
    assert folded.replace("\r\n ", "") == "DESCRIPTION:" + "é" * 200
    assert feeds._escaped("a, b; c\\d\ne") == "a\\, b\\; c\\\\d\\ne"


def test_every_place_has_its_feeds(service: Service) -> None:
    answer = service.answer(Asked("feeds", base=BASE))
    assert answer.body is not None
    listed = json.loads(answer.body.read())["feeds"]
    assert len(listed) == 1 + 18 + 101
    assert listed[0]["atom"] == f"{BASE}/feeds/france.atom"
    for path in ("R99.atom", "32.rss", "gers.ics"):
        assert service.answer(Asked(f"feeds/{path}")).status == 404
