"""The page of the pipeline without a browser: what it says of a snapshot, or of none."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from geo_pipeline.automation import monitoring, troubles
from geo_pipeline.errors import StorageError
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failures
from geo_pipeline.territory import CODES
from geo_pipeline.words import NBSP, keep_all, message, read_all, read_kept
from panel_app.app import build
from panel_app.data.gazetteer import Gazetteer
from panel_app.data.page_words import catalogue
from panel_app.data.pipeline_snapshot import SNAPSHOT_VERSION, PipelineStore
from panel_app.data.store import Publication, Store
from panel_app.pages.pipeline import pipeline_sections
from panel_app.pages.pipeline.pipeline_formats import check_words, finding_words
from panel_app.serving.session import Session

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def taken(published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A whole France with ten départements that a provider failed for, one cause hostile.

    Read it, do not change it.
    """
    home = tmp_path_factory.mktemp("taken") / "home"
    settings = Settings(home=Path(shutil.copytree(published_home, home)))
    failures = Failures(settings.failures)
    for code in CODES[:9]:
        failures.add("weather_daily", code, "open-meteo", read_kept("no answer"))
    failures.add("weather_daily", "31", "open-meteo", read_kept(HOSTILE))
    snapshot = monitoring.snapshot(settings, None, NOW)
    snapshot["runs"] = [run("FAILURE", 30.0, HOSTILE), run("SUCCESS", 90.0, None)]
    snapshot["run_counts"] = {"FAILURE": 1, "SUCCESS": 12, "QUEUED": 2}
    snapshot["volumes"] = [
        {"at": f"2026-11-2{day}T00:00:00+00:00", "rows": {"a": rows}, "bytes": {"a": 10 * rows}}
        for day, rows in ((0, 1_000), (1, 2_000), (3, 4_000))
    ]
    return snapshot


def run(status: str, seconds: float, error: str | None) -> dict[str, Any]:
    return {
        "run_id": "r",
        "job": HOSTILE if error else "france",
        "status": status,
        "created_at": "2026-11-23T10:00:00+00:00",
        "started_at": "2026-11-23T10:00:00+00:00",
        "ended_at": "2026-11-23T10:01:30+00:00",
        "seconds": seconds,
        "first_departement": "01",
        "last_departement": "976",
        "departements": 101,
        "launched_by": None,
        "error": error,
    }


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\u00a0", " ").split())


@pytest.mark.parametrize(
    ("lang", "finding", "state"),
    [
        ("fr", "10 départements demandent une intervention", "En échec"),
        ("en", "10 départements ask for attention", "Failed"),
    ],
)
def test_what_is_wrong_is_said_first(
    taken: dict[str, Any], lang: Any, finding: str, state: str
) -> None:
    said = pipeline_sections.slots(taken, catalogue(lang), NOW)
    assert finding in plain(said["headline"])
    assert state in plain(said["troubles"])
    # Nine for one cause are one item with one command.
    command = "geo-pipeline materialize " + " ".join(CODES[:9])
    assert command in plain(said["troubles"])
    assert said["troubles"].count("<li>") == 2
    assert said["places"].count("<tr data-state=") == 101
    assert said["places"].count('data-state="failed"') == 10


def test_why_it_failed_is_told_in_the_language_of_the_page(own_small_home: Path) -> None:
    settings = Settings(home=own_small_home)
    why = message("states.late", newest=message("states.no_age"), days=12, limit=5)
    Failures(settings.failures).add("weather_daily", "32", "open-meteo", why)
    taken = read_all(json.loads(json.dumps(keep_all(monitoring.snapshot(settings, None, NOW)))))
    french, english = (
        plain(pipeline_sections.slots(taken, catalogue(lang), NOW)["troubles"])
        for lang in ("fr", "en")
    )
    assert "il y a 12 jours, la limite est de 5" in french
    assert "12 days ago, the limit is 5" in english
    assert "days" not in french


def test_hostile_texts_are_escaped_everywhere(
    taken: dict[str, Any], publication: Publication
) -> None:
    words = catalogue("fr")
    said = pipeline_sections.slots(taken, words, NOW)
    page = "".join([*said.values(), pipeline_sections.map_html(publication, taken, words)])
    assert "&lt;img" in page
    assert "<img" not in page


def test_runs_have_bars_of_their_duration_and_their_errors(taken: dict[str, Any]) -> None:
    said = pipeline_sections.slots(taken, catalogue("fr"), NOW)["runs"]
    assert re.findall(r"width:([\d.]+)%", said) == ["33.3", "100.0"]
    assert "1 min 30 s" in plain(said)
    assert "échoué" in plain(said)
    assert "1 échoué, 12 réussi, 2 en attente" in plain(said)
    assert "23 novembre 2026 à 11:00" in plain(said)


def test_volumes_are_steps_on_a_zero_based_scale(taken: dict[str, Any]) -> None:
    """1000, 2000, 4000 of 5000, after a third and all of three days."""
    said = pipeline_sections.slots(taken, catalogue("en"), NOW)["volumes"]
    width, height = pipeline_sections.CHART
    assert (width, height) == (720, 160)
    assert "M0.0 128.0H240.0V96.0H720.0V32.0" in said
    assert "4,000 rows in all tables" in plain(said)
    assert said.count("<tr>") == 1 + 3


def test_an_old_snapshot_says_so(taken: dict[str, Any]) -> None:
    words = catalogue("fr")
    fresh = pipeline_sections.slots(taken, words, NOW + timedelta(minutes=9))["headline"]
    old = pipeline_sections.slots(taken, words, NOW + timedelta(hours=3))["headline"]
    assert "il y a 9 minutes" in plain(fresh)
    assert 'class="well"' not in old
    assert "n'est plus à jour" not in plain(fresh).replace("&#39;", "'")
    assert "n'est plus à jour (il y a 3 heures)" in plain(old).replace("&#39;", "'")


def test_what_is_wrong_with_all_of_it_is_said_before_the_rest(own_small_home: Path) -> None:
    """The publication is gone, hidden behind nothing: no green headline, one command."""
    settings = Settings(home=own_small_home)
    settings.warehouse.unlink()
    for path in settings.warehouse.parent.glob("*"):
        path.unlink()
    said = pipeline_sections.slots(monitoring.snapshot(settings, None, NOW), catalogue("fr"), NOW)
    assert "1 incident du système entier" in plain(said["headline"])
    assert 'class="well"' not in said["headline"]
    assert "rien n'est encore publié" in plain(said["troubles"]).replace("&#39;", "'")
    assert "geo-pipeline run --resume" in plain(said["troubles"])


def test_what_is_to_be_looked_at_is_said_first(published_home: Path) -> None:
    snapshot = monitoring.snapshot(Settings(home=published_home), None, NOW)
    said = pipeline_sections.slots(snapshot, catalogue("en"), NOW)
    assert "No failure, but 18 départements to look at" in plain(said["headline"])
    assert "Nothing to deal with." not in plain(said["troubles"])
    assert "Nothing is broken. 18 départements to be looked at" in plain(said["troubles"])
    assert 'data-state="archive"' in said["places"]


def test_nothing_was_run_yet(tmp_path: Path) -> None:
    snapshot = monitoring.snapshot(Settings(home=tmp_path), None, NOW)
    said = pipeline_sections.slots(snapshot, catalogue("fr"), NOW)
    assert "Rien n" in plain(said["headline"])
    assert "Aucun calcul" in plain(said["runs"])


def test_every_state_and_status_has_words_and_a_colour() -> None:
    css = (Path(pipeline_sections.__file__).with_name("pipeline.css")).read_text()
    assert set(pipeline_sections.STATES) == set(monitoring.STATES)
    for kind in troubles.KINDS:
        assert all(catalogue(lang)(f"pipeline.kind.{kind}") for lang in ("fr", "en"))  # type: ignore[arg-type]
    for state in pipeline_sections.STATES:
        assert f".state-{state} " in css
        for lang in ("fr", "en"):
            assert catalogue(lang)(f"pipeline.state.{state}")  # type: ignore[arg-type]


def test_the_store_reads_again_what_changed_and_refuses_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.json"
    store = PipelineStore(path)
    assert store.version() is None
    assert store.snapshot() is None
    path.write_text(json.dumps({"version": SNAPSHOT_VERSION, "n": 1}))
    first = store.snapshot()
    assert first is not None
    assert store.snapshot() is first
    path.write_text(json.dumps({"version": SNAPSHOT_VERSION, "n": 22}))
    assert (store.snapshot() or {})["n"] == 22
    for wrong in ("{", "[]", json.dumps({"version": 99})):
        path.write_text(wrong)
        with pytest.raises(StorageError):
            store.snapshot()
    assert SNAPSHOT_VERSION == monitoring.VERSION


def test_the_page_sends_only_what_changed(
    taken: dict[str, Any],
    store: Store,
    places: Gazetteer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "pipeline.json"
    path.write_text(json.dumps(keep_all(taken)))
    session = Session(store, PipelineStore(path), places, {"page": "pipeline"})
    session.template()
    told: list[dict[str, str]] = []
    monkeypatch.setattr(session.channel, "tell", lambda slots: told.append(dict(slots)))
    session.refresh()
    assert "troubles" not in told[-1]
    path.write_text(json.dumps(keep_all({**taken, "troubles": []})))
    session.refresh()
    assert "troubles" in told[-1]
    assert not {"places", "runs", "tables", "main"} & told[-1].keys()
    path.write_text("{")
    session.refresh()
    assert "ne se lit pas" in told[-1]["main"]


def test_the_app_opens_the_page_with_and_without_a_snapshot(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("panel_app.app.query", lambda: {"page": "pipeline", "lang": "en"})
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(tmp_path / "none"))
    assert build().title == "Data health · Agricultural drought in France"
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(small_home))
    assert build().title == "Data health · Agricultural drought in France"


def test_a_finding_names_crops_and_indicators_as_readers_know_them() -> None:
    worst = message(
        "quality.worst",
        what=message("quality.figures.yield", crop="soft_wheat", yield_q_ha=72.5, first="2010",
                     usual=40.0),
        cases=2,
    )  # fmt: skip
    said = finding_words(worst, catalogue("fr"))
    assert (
        said.replace(NBSP, " ")
        == "Blé tendre rend 72,5 q/ha en 2010, 40,0 est habituel (le pire de 2 cas)"
    )
    lost = message("quality.dekads.lost", indicator="swi", first="2022-08-20")
    assert finding_words(lost, catalogue("en")).startswith("Soil wetness ")
    assert check_words("neighbours", catalogue("fr")) == "voisins"
    assert check_words("of_a_later_version", catalogue("fr")) == "of_a_later_version"
