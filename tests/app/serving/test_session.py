"""A visit without a browser: what is asked, what is told, and that nothing else is."""

import json
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import panel as pn
import pytest

from geo_pipeline.settings import Settings
from panel_app.app import build
from panel_app.data.gazetteer import Gazetteer
from panel_app.data.pipeline_snapshot import PipelineStore
from panel_app.data.store import Store
from panel_app.page_list import PAGES
from panel_app.serving.session import Session


class Heard(list[dict[str, str]]):
    """What a session has told, in order."""

    def last(self) -> dict[str, str]:
        return self[-1]


@pytest.fixture
def visit(store: Store, places: Gazetteer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return `visit(**query)`: a session as it is after its first page, and what it tells."""

    def begin(at: Store = store, **query: str) -> tuple[Session, Heard]:
        snapshots = PipelineStore(tmp_path / "pipeline.json")
        session, heard = Session(at, snapshots, places, query), Heard()
        session.template()

        def listen(slots: Mapping[str, str]) -> None:
            heard.append(dict(slots))

        monkeypatch.setattr(session.channel, "tell", listen)
        return session, heard

    return begin


def test_a_step_tells_the_words_of_the_new_period_and_no_shapes(visit: Any) -> None:
    session, heard = visit(period="2022-08")
    session.ask({"period": "2022-07"})
    told = heard.last()
    assert session.state.period == date(2022, 7, 31)
    assert {"headline", "detail", "tips"} <= told.keys()
    assert not {"main", "stage", "timeline", "matrix", "other"} & told.keys()
    assert "uillet 2022" in told["headline"]
    assert "period=2022-07" in told["query"]
    assert sum(map(len, told.values())) < 40_000


def test_asking_for_what_is_there_already_tells_nothing_new(visit: Any) -> None:
    session, heard = visit(period="2022-08")
    session.ask({"period": "2022-08"})
    assert heard.last().keys() == {"title", "state", "place", "query"}


def test_a_departement_is_selected_and_let_go(visit: Any) -> None:
    session, heard = visit(period="2022-08")
    session.ask({"departement": "32"})
    assert "Gers" in heard.last()["detail"]
    assert "stage" not in heard.last()
    session.ask({"departement": ""})
    assert "France" in heard.last()["detail"]


def test_another_indicator_sends_its_classes_and_keeps_the_wish(visit: Any) -> None:
    session, heard = visit(period="2022-07")
    session.ask({"indicator": "water_restrictions"})
    told = heard.last()
    assert json.loads(told["matrix"])["indicator"] == "water_restrictions"
    assert "timeline" in told
    assert "juillet 2022" in told["notice"]
    session.ask({"indicator": "spi_3"})
    assert session.view is not None
    assert session.view.period_end == date(2022, 7, 31)
    assert "juillet 2022" not in heard.last()["notice"]


def test_an_address_is_a_whole_selection(visit: Any) -> None:
    session, heard = visit(period="2022-08", departement="32", indicator="spi_3")
    session.ask({"href": "?page=ranking&period=2011-05&lang=fr"})
    assert (session.state.page, session.state.departement) == ("ranking", "")
    assert session.state.indicator == "combined"
    assert heard.last().keys() == {"main", "notice", "title", "state", "place", "query"}
    assert "<h1" in heard.last()["main"]


def test_every_page_opens_from_every_other(visit: Any) -> None:
    session, heard = visit()
    for page in [*(page.key for page in PAGES[1:]), "map"]:
        session.ask({"page": page})
        if page == "map":
            assert "data-map=" in heard.last()["main"]
        assert session.state.page == page


def test_another_language_is_a_new_page(visit: Any) -> None:
    session, heard = visit(period="2022-08", departement="32")
    session.ask({"lang": "en"})
    assert heard.last().keys() == {"go"}
    assert "departement=32" in heard.last()["go"]
    assert "lang=en" in heard.last()["go"]


@pytest.mark.parametrize(
    "asked",
    [
        {"departement": "<script>"},
        {"indicator": "../../etc/passwd"},
        {"period": "9" * 3000},
        {"href": "?" + "a=1&" * 3000},
        {"nothing": "known"},
        {"page": ""},
        {"take": "exe"},
        {"take": "table:weather_daily"},
    ],
)
def test_nothing_that_is_asked_fails(visit: Any, asked: dict[str, str]) -> None:
    session, _ = visit(period="2022-08")
    before = session.state
    session.ask(asked)
    assert session.state.page == before.page


def test_two_visits_do_not_know_each_other(visit: Any) -> None:
    (one, _), (other, heard) = visit(period="2022-08"), visit(period="2011-06")
    one.ask({"departement": "32"})
    assert other.state.departement == ""
    assert heard == []


def test_a_new_publication_is_shown_and_the_selection_kept(
    visit: Any, own_small_home: Path
) -> None:
    path = Settings(home=own_small_home).warehouse
    session, heard = visit(at=Store(path), period="2022-08", departement="32")
    session.refresh()
    assert heard == []
    shutil.copy(path, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)
    session.refresh()
    assert "viennent d" in heard.last()["notice"]
    assert "Gers" in heard.last()["main"]
    assert session.state.departement == "32"


def test_a_damaged_publication_leaves_what_was_shown(visit: Any, own_small_home: Path) -> None:
    path = Settings(home=own_small_home).warehouse
    session, heard = visit(at=Store(path), period="2022-08", departement="32")
    path.unlink()
    path.write_bytes(b"not a database" * 400)
    session.refresh()
    assert "ne se lisent pas" in heard.last()["notice"]
    assert session.view is not None
    session.refresh()
    assert len(heard) == 1  # said once
    session.ask({"departement": "31"})
    assert "Haute-Garonne" in heard.last()["detail"]


def test_the_publication_before_is_shown_where_the_last_is_damaged(
    visit: Any, own_small_home: Path
) -> None:
    path = Settings(home=own_small_home).warehouse
    shutil.copy(path, path.with_name("drought.previous.duckdb"))
    session, heard = visit(at=Store(path), period="2022-08", departement="32")
    assert "abîmée" not in session.slots()["notice"]
    path.unlink()
    path.write_bytes(b"not a database" * 400)
    session.refresh()
    assert "La dernière publication est abîmée" in heard.last()["main"] + heard.last()["notice"]
    session.ask({"departement": "31"})
    assert "vous lisez la précédente" in session.slots()["notice"]
    first, _ = visit(at=Store(path), lang="en")
    assert "you are reading the one before it" in first.slots()["notice"]


def test_from_nothing_to_a_page(visit: Any, tmp_path: Path, small_home: Path) -> None:
    path = tmp_path / "published" / "drought.duckdb"
    session, heard = visit(at=Store(path), page="ranking", lang="en")
    assert session.view is None
    assert "just run" in session.slots()["waiting"]
    assert path.name in session.slots()["waiting"]
    assert str(path.parent) not in session.slots()["waiting"]  # the server's own business
    session.ask({"departement": "32"})
    session.refresh()
    assert not [told for told in heard if "reload" in told]
    path.parent.mkdir()
    shutil.copy(Settings(home=small_home).warehouse, path)
    session.refresh()
    assert heard.last() == {"reload": ""}


def test_a_damaged_file_is_explained(tmp_path: Path, visit: Any) -> None:
    path = tmp_path / "drought.duckdb"
    path.write_bytes(b"<b>not a database" * 99)
    session, _ = visit(at=Store(path), lang="en")
    assert "cannot be read" in session.slots()["waiting"]
    assert "<b>not" not in session.slots()["waiting"]
    assert str(path.parent) not in session.slots()["waiting"]


def test_the_app_opens_with_and_without_a_publication(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(small_home))
    assert build().title == (
        "Sécheresse agricole, 3e décade de décembre 2022 · Sécheresse agricole en France"
    )
    assert any(isinstance(each, Store) for each in pn.state.cache.values())
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(tmp_path))
    assert isinstance(build(), pn.Template)


def test_a_publication_of_another_version_is_explained(visit: Any, own_small_home: Path) -> None:
    """A table is not there: no error page at first, and later what was shown stays."""
    path = Settings(home=own_small_home).warehouse
    late, heard = visit(at=Store(path), period="2022-08")
    other = path.with_name("other.duckdb")
    shutil.copy(path, other)
    with duckdb.connect(str(other)) as connection:
        connection.execute("DROP TABLE drought_events")
    other.replace(path)
    late.ask({"departement": "32", "page": "departement"})
    assert late.state.page == "map"
    assert "ne se lisent pas" in heard.last()["notice"]
    first, _ = visit(at=Store(path), page="departement", departement="32")
    assert "ne se lisent pas" in first.slots()["waiting"]


def test_a_new_publication_that_lacks_what_is_shown_leaves_what_was(
    visit: Any, own_small_home: Path
) -> None:
    """The table of droughts is gone: the page of a département keeps what it had, and says so."""
    path = Settings(home=own_small_home).warehouse
    session, heard = visit(at=Store(path), page="departement", departement="32", period="2022-08")
    other = path.with_name("other.duckdb")
    shutil.copy(path, other)
    with duckdb.connect(str(other)) as connection:
        connection.execute("DROP TABLE drought_events")
    other.replace(path)
    session.refresh()
    assert "ne se lisent pas" in heard.last()["notice"]
    assert "main" not in heard.last()
    assert (session.state.page, session.state.departement) == ("departement", "32")
    session.refresh()
    assert len(heard) == 1  # said once


def test_who_is_signed_in_can_leave(store: Store, places: Gazetteer, tmp_path: Path) -> None:
    snapshots = PipelineStore(tmp_path / "pipeline.json")
    for signed_in in (True, False):
        page = Session(store, snapshots, places, {}, signed_in=signed_in).template()
        assert ('href="logout"' in page._render_variables["body"]) is signed_in


def chosen(places: Gazetteer, heard: Heard, session: Session, text: str) -> dict[str, str]:
    """Search, and take the first suggestion."""
    session.ask({"search": text})
    number = json.loads(heard.last()["found"])["options"][0]["place"]
    session.ask({"place": str(number)})
    return heard.last()


def test_suggestions_say_where_places_are(visit: Any) -> None:
    session, heard = visit(period="2022-08")
    session.ask({"search": "saint-denis"})
    assert heard.last().keys() == {"found"}
    found = json.loads(heard.last()["found"])
    assert found["text"] == "saint-denis"
    assert [(each["name"], each["detail"]) for each in found["options"][:2]] == [
        ("Saint-Denis", "97400 La Réunion (974)"),
        ("Saint-Denis", "93200 Seine-Saint-Denis (93)"),
    ]
    assert "Les 8 premiers lieux" in found["said"]
    session.ask({"search": "cordieux"})
    option = json.loads(heard.last()["found"])["options"][0]
    assert option["detail"] == "à Montluel, Ain (01)"
    session.ask({"search": "20167"})
    options = json.loads(heard.last()["found"])["options"]
    assert ("Ajaccio", "20167 Corse-du-Sud (2A)") in [
        (each["name"], each["detail"]) for each in options
    ]
    session.ask({"search": "tolouse"})
    assert "Aucun lieu «\u00a0tolouse\u00a0»" in json.loads(heard.last()["found"])["said"]
    session.ask({"search": "xyzzy"})
    found = json.loads(heard.last()["found"])
    assert (found["options"], found["exact"]) == ([], False)
    assert found["said"] == "Aucun lieu «\u00a0xyzzy\u00a0», ni rien qui y ressemble."


def test_a_commune_shows_its_departement_and_says_so(visit: Any, places: Gazetteer) -> None:
    session, heard = visit(period="2022-08")
    told = chosen(places, heard, session, "auch")
    assert session.state.departement == "32"
    assert told["place"] == "32 Gers"
    assert "Auch est dans le Gers\u00a0: les valeurs montrées sont celles" in told["notice"]
    session.ask({"period": "2022-07"})
    assert heard.last()["notice"].strip() == ""
    assert "Ain" not in chosen(places, heard, session, "Gers").get("notice", "")
    english, heard = visit(period="2022-08", lang="en")
    assert "Auch is in Gers: " in chosen(places, heard, english, "auch")["notice"]


def test_a_region_shows_its_departements_in_the_ranking(visit: Any, places: Gazetteer) -> None:
    session, heard = visit(period="2022-08", level="region")
    told = chosen(places, heard, session, "occitanie")
    assert (session.state.page, session.state.region) == ("ranking", "76")
    assert session.state.level == "departement"
    assert "Occitanie. " in told["main"]


@pytest.mark.parametrize("number", ["", "-1", "x", "99999999", "1.5", "²"])
def test_a_place_that_is_none_changes_nothing(visit: Any, number: str) -> None:
    session, _ = visit(departement="32")
    session.ask({"place": number})
    assert session.state.departement == "32"


def test_what_is_searched_for_is_not_logged(visit: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    session, heard = visit()
    session.ask({"search": "zzyx tolouse"})
    session.ask({"search": "auch"})
    assert len(heard) == 2
    assert not any(word in caplog.text for word in ("zzyx", "auch"))
    assert "auch" not in json.dumps(session.state.query())
