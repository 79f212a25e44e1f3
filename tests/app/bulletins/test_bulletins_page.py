"""The page of bulletins: every issue of a place with what it finds; and their files over HTTP."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
import requests

from geo_pipeline.publishing.bulletin import issues
from geo_pipeline.publishing.bulletin.places import places
from geo_pipeline.publishing.bulletin.records import Records
from geo_pipeline.storage.warehouse import Warehouse
from panel_app.data.store import Publication, Store
from panel_app.pages.bulletins import bulletins_page
from tests.app.conftest import plain, view_of
from tests.serving import serving


def test_every_issue_is_listed_with_what_it_finds(store: Store, publication: Publication) -> None:
    view = view_of(publication, page="bulletins", departement="32")
    text = plain(bulletins_page.slots(view)["issues"])
    with closing(Warehouse(store.path)) as warehouse:
        records = Records(warehouse)
        assert publication.bulletin_days == records.issues
        for day in records.issues:
            listed = f"bulletins/bulletin_32_{day}_fr.pdf" in text
            assert listed == records.knows(["32"], day)
    rows = {day: next(each for each in text.split("<tr>") if day in each) for day in SEEN}
    assert "Sécheresse grave" in rows["3e décade d'août 2022"]
    assert "Sans classe : 6 années seulement à cette date" in rows["3e décade d'août 2017"]


SEEN = ("3e décade d'août 2022", "3e décade d'août 2017")


def test_an_area_has_no_issue_before_there_are_classes(publication: Publication) -> None:
    view = view_of(publication, page="bulletins")
    assert view.bulletin_days[0] >= date(2020, 6, 10)
    assert view.bulletin_days[-1] == date(2022, 12, 31)


def test_the_share_of_an_area_is_that_of_its_bulletin(
    store: Store, publication: Publication
) -> None:
    view = view_of(publication, page="bulletins", region="76")
    text = plain(bulletins_page.slots(view)["issues"])
    row = next(each for each in text.split("<tr>") if "3e décade de décembre 2022" in each)
    with closing(Warehouse(store.path)) as warehouse:
        document = issues.document(Records(warehouse), places()["R76"], date(2022, 12, 31), "fr")
    told = next(each.text for each in document.lead if each.id == "share")
    share = re.search(r"couvre (\d+ %)", plain(told))
    assert share is not None
    assert f"{share[1]} en sécheresse" in row


def test_a_page_links_to_the_issue_of_its_dekad(publication: Publication) -> None:
    view = view_of(publication, period="2016-05-20", departement="04", lang="en")
    assert view.bulletin() == "bulletins/bulletin_04_2016-05-20_en.pdf"
    france = view_of(publication)
    assert france.bulletin("html") == "bulletins/bulletin_france_2022-12-31_fr.html"


def test_a_place_of_which_nothing_is_known_has_no_issue(publication: Publication) -> None:
    view = view_of(publication, page="bulletins", departement="971")
    assert view.bulletin() == ""
    said = bulletins_page.slots(view)
    assert "aucun indice de sécheresse n'est connu de ce lieu" in plain(said["head"])
    assert "bulletin_" not in "".join(said.values())


@pytest.fixture(scope="module")
def address(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("served") / "log.txt"
    with serving(small_home, log) as (_, app):
        yield app.removesuffix("/app") + "/bulletins"


@pytest.mark.slow
def test_files_are_those_of_the_command(address: str, small_home: Path, tmp_path: Path) -> None:
    name = "bulletin_32_2022-08-31_fr.pdf"
    answer = requests.get(f"{address}/{name}", timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert f'filename="{name}"' in answer.headers["Content-Disposition"]
    with closing(Warehouse(small_home / "published" / "drought.duckdb")) as warehouse:
        path = issues.write_one(
            Records(warehouse), places()["32"], date(2022, 8, 31), "fr", tmp_path / name
        )
    assert path.read_bytes() == answer.content
    etag = answer.headers["Etag"]
    again = requests.get(f"{address}/{name}", headers={"If-None-Match": etag}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")
    claims = requests.get(f"{address}/bulletin_32_2022-08-31_claims.csv", timeout=60)
    assert claims.text.startswith("place,period_end,sentence,value,table,key,query,as_known_on\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["bulletin_32_1976-08-31_fr.pdf", "bulletin_99_2022-08-31_fr.pdf", "x.pdf", "..%2Fdrought"],
)
def test_what_there_is_not_is_not_found(address: str, name: str) -> None:
    assert requests.get(f"{address}/{name}", timeout=60).status_code == 404
