"""Nothing is told in English on the French page of the pipeline, nor in a French alert.

Every finding, every kind of trouble and every kind of alert is made by what makes it, of values by
hand, and looked for in what is shown.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from dagster._core.scheduler.instigation import TickData
from dagster._utils.error import SerializableErrorInfo

from geo_pipeline.automation import monitoring, record_troubles, troubles
from geo_pipeline.automation.alerts import Alert
from geo_pipeline.automation.record_troubles import Watched
from geo_pipeline.automation.sensors import drought, failed_runs, present_troubles
from geo_pipeline.automation.sensors.drought import Change, DroughtState
from geo_pipeline.automation.sensors.failed_runs import FailedRun
from geo_pipeline.automation.troubles import KINDS, Trouble
from geo_pipeline.errors import RecordsError
from geo_pipeline.platform.internals import InstigatorTick, InstigatorType, TickStatus
from geo_pipeline.platform.record_files import REPAIR
from geo_pipeline.settings import Settings
from geo_pipeline.storage.findings import Finding
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.partition_states import Broken
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import Message, catalogue, message, message_of
from panel_app.data.page_words import catalogue as page_words
from panel_app.pages.pipeline import pipeline_sections

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = (NOW - timedelta(days=2)).isoformat()

ENGLISH = re.compile(
    r"\b(?:the|of|is|are|was|were|not|it|its|in|at|and|with|without|since|days?|cannot|run again)\b"
)
"""Words that no French sentence has; names of tables, checks and commands have none of them."""


def by_hand(key: str) -> Message:
    """Return the message `key` of values by hand: 2.5 for a number, `x` for a text."""
    text = catalogue("en").texts[key]
    asked = ((name, spec) for _, name, spec, _ in Formatter().parse(text) if name)
    return message_of(key, {name: 2.5 if spec else "x" for name, spec in asked})


def findings() -> Iterator[Finding]:
    """Yield one of each text that a check may find."""
    for key in catalogue("en").texts:
        if key.startswith(("quality.", "piezometers.")):
            severity: Any = "error" if "worst" in key else "warning"
            yield Finding("weather_daily", "32", "jumps", severity, by_hand(key), LONG_AGO)


def system(tmp_path: Path) -> Iterator[Trouble]:
    """Yield troubles of every kind."""
    (tmp_path / "file").write_text("")
    settings = Settings(home=tmp_path / "file" / "home", free_room_mb=10**9)
    lake, published = Lake(settings.lake), Warehouse(settings.warehouse)
    yield from troubles._of_home(settings)
    whole = settings.model_copy(update={"home": tmp_path})
    yield from troubles.of_files(whole, under_way=False, lake=lake, published=published)
    note = str(whole.failures / "weather_daily" / "32.json")
    yield Trouble("notes", note, by_hand("failures.unreadable"), LONG_AGO, REPAIR)
    error = RecordsError(message("trouble.not_writable", why="x"))
    yield record_troubles.of_error(settings, tmp_path, error)
    for key in ("trouble.hung", "run_death"):
        what = message("trouble.dead_run", job="france", why=by_hand(key))
        yield Trouble("run", "0a1b2c3d", what, LONG_AGO, troubles.RESUME)
    beats = [
        {"daemon": name, "required": True, "errors": [], "heartbeat_at": at}
        for name, at in (("SENSOR", LONG_AGO), ("SCHEDULER", NOW.isoformat()))
    ]
    yield from record_troubles.of_services(beats[:1], [], NOW)
    yield from record_troubles.of_services(beats, [], NOW)
    late = [watched("inbox", is_sensor=True), watched("monitoring", is_sensor=True)]
    yield from record_troubles.of_services([], late, NOW)
    yield from record_troubles.of_services([], [watched("daily", is_sensor=False)], NOW)
    failing = replace(watched("daily", is_sensor=False, failed=True), due_by=NOW)
    yield from record_troubles.of_services([], [failing], NOW)
    kept = ("warehouse.promise.", "delivery.", "guard.", "run_killed", "no_reason")
    for key in catalogue("en").texts:
        if key.startswith(kept):
            why = message("run_failed_at", step="exports", why=by_hand(key))
            yield Trouble("run", "0a1b2c3d", why, LONG_AGO, troubles.RESUME)


def watched(name: str, *, is_sensor: bool, failed: bool = False) -> Watched:
    """Return a sensor or schedule whose next tick is overdue."""
    kind = InstigatorType.SENSOR if is_sensor else InstigatorType.SCHEDULE
    status = TickStatus.FAILURE if failed else TickStatus.SKIPPED
    error = SerializableErrorInfo("x", [], "ValueError") if failed else None
    at = (NOW - timedelta(days=2)).timestamp()
    tick = InstigatorTick(1, TickData("origin", name, kind, status, at, error=error))
    return Watched(name, is_sensor, (tick,), NOW - timedelta(days=1))


def alerts(settings: Settings) -> Iterator[Alert]:
    """Yield alerts of every kind."""
    states: Any = ("failed", "held", "damaged", "late")
    found = [
        Broken(code, "weather_daily", state, LONG_AGO, by_hand("states.late"))
        for state in states
        for code in ("31", "32")
    ]
    for trouble in present_troubles.of_partitions(settings, found):
        yield trouble.alert
    why = by_hand("held_back")
    runs = [FailedRun("0a1b2c3d", "france", ("31",), "exports", why, at, at) for at in (1.0, 2.0)]
    for some in (runs, runs[:1], [replace(run, step="") for run in runs]):
        for trouble in failed_runs.of_runs(settings, some):
            yield trouble.alert
    worse = DroughtState("D1", "2022-08-10", "vigilance", "2022-08-10")
    before = DroughtState("normal", "2022-07-31", "none", "2022-07-31")
    after = DroughtState("normal", "2022-08-20", "none", "2022-08-20")
    changes = [Change(code, before, worse, provisional=True, archive=True) for code in ("31", "32")]
    better = Change("33", worse, after, provisional=False, archive=False)
    for several in ([*changes, better], changes[:1]):
        alert = drought.drought_alert(settings, several)
        assert alert is not None
        yield alert


def read(html: str) -> str:
    """Return the text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return a snapshot of an empty home, with all that may be found or wrong."""
    snapshot = monitoring.snapshot(Settings(home=tmp_path_factory.mktemp("empty")), None, NOW)
    wrong = list(system(tmp_path_factory.mktemp("wrong")))
    assert {each.kind for each in wrong} == set(KINDS)
    snapshot["findings"] = [vars(each) for each in findings()]
    snapshot["system"] = [vars(each) for each in wrong]
    return snapshot


def test_every_finding_and_trouble_is_told_in_french(taken: dict[str, Any]) -> None:
    assert len(taken["findings"]) <= pipeline_sections.SHOWN_FINDINGS
    said = pipeline_sections.slots(taken, page_words("fr"), NOW)
    for slot, rows in (("checks", taken["findings"]), ("troubles", taken["system"])):
        page = read(said[slot])
        for row in rows:
            assert read(row["what"]("fr")) in page
        told = [word for row in rows for word in ENGLISH.findall(row["what"]("fr"))]
        assert not told
        assert not ENGLISH.findall(re.sub(r"/\S+", "", page)), slot  # paths are of the machine


def test_every_alert_is_told_in_french(tmp_path: Path) -> None:
    for alert in alerts(Settings(home=tmp_path, alert_language="fr")):
        cells = [cell for row in alert.table for cell in row]
        told = "\n".join([alert.title, alert.text, *cells])
        assert not ENGLISH.findall(told), told


def test_the_words_that_are_looked_for_are_found_in_english(taken: dict[str, Any]) -> None:
    said = pipeline_sections.slots(taken, page_words("en"), NOW)
    assert len(ENGLISH.findall(read(said["checks"]))) > 20
    assert len(ENGLISH.findall(read(said["troubles"]))) > 10
