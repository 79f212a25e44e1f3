"""The snapshot of the pipeline, out of real runs on a real instance; figures counted by hand."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from geo_pipeline import seal
from geo_pipeline.automation import monitoring
from geo_pipeline.automation.metrics import metrics
from geo_pipeline.automation.monitoring_files import _with_volumes, write
from geo_pipeline.automation.sensors import monitoring as minutely
from geo_pipeline.commands.runs import run
from geo_pipeline.errors import SourceError, StorageError
from geo_pipeline.platform import run_records
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.settings import Settings
from geo_pipeline.storage import warehouse
from geo_pipeline.storage.findings import Finding, Findings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.words import verbatim
from panel_app.data.pipeline_snapshot import PipelineStore
from tests.conftest import PARTITIONED, UNPARTITIONED, ignore

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(pair_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """75 and 76 run on the embedded data; 76 failed on a provider after; a finding of each kind."""
    home = tmp_path_factory.mktemp("monitored") / "home"
    shutil.copytree(pair_home, home)
    settings = Settings(home=home)
    with pytest.raises(SourceError):
        run(Settings(home=home, source="open-meteo", offline=True), ["76"], ignore)
    findings = Findings(settings.findings)
    for table, severity in (("weather_daily", "warning"), ("crop_statistics", "error")):
        found = Finding(
            table, "75", "range", severity, verbatim("too much"), "2026-11-20T10:00:00+00:00"
        )
        findings.replace(table, "75", [found], ["range"])
    return home


@pytest.fixture(scope="module")
def taken(home: Path) -> dict[str, Any]:
    settings = Settings(home=home)
    with open_instance(settings) as instance:
        return monitoring.snapshot(settings, instance, NOW)


def row(taken: dict[str, Any], table: str, code: str) -> dict[str, Any]:
    return next(
        each
        for each in taken["partitions"]
        if (each["table"], each["departement"]) == (table, code)
    )


def test_the_lake_by_table_and_departement(taken: dict[str, Any]) -> None:
    tables = {each["table"]: each for each in taken["tables"]}
    weather = tables["weather_daily"]
    assert (weather["files"], weather["expected"], weather["rows"]) == (2, 101, 4383)
    assert (weather["first_date"], weather["last_date"]) == ("2010-01-01", "2022-12-31")
    assert weather["states"] == {"failed": 1, "warned": 1, "absent": 99}
    assert tables["crop_statistics"]["states"] == {"held": 1, "absent": 99, "archive": 1}
    known = row(taken, "soil_water_daily", "76")
    assert (known["state"], known["last_date"]) == ("present", "2022-12-31")
    assert row(taken, "soil_water_daily", "75")["state"] == "empty"
    assert row(taken, "departements", "france")["rows"] == 101
    assert len(taken["partitions"]) == len(PARTITIONED) * 101 + len(UNPARTITIONED)


def test_a_snapshot_looks_at_each_file_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, read = [], []
    look, to_the_end = seal.opened, warehouse.check_whole

    def counted(path: Path) -> seal.Opened:
        found = look(path)
        opened.append(path)
        return found

    def counted_to_the_end(path: Path) -> None:
        to_the_end(path)
        read.append(path)

    monkeypatch.setattr(seal, "opened", counted)
    monkeypatch.setattr(warehouse, "check_whole", counted_to_the_end)
    monitoring.snapshot(Settings(home=home), None, NOW)
    assert sorted(opened) == sorted((home / "lake").rglob("part.parquet"))
    assert read == [Settings(home=home).warehouse]


def test_what_dagster_recorded_of_a_partition(taken: dict[str, Any]) -> None:
    known = row(taken, "weather_daily", "76")
    assert known["run_id"] in {each["run_id"] for each in taken["runs"]}
    assert known["seconds"] >= 0
    made = datetime.fromisoformat(known["materialized_at"])
    assert abs(made - datetime.fromisoformat(known["written_at"])) < timedelta(seconds=60)
    assert row(taken, "weather_daily", "77")["run_id"] is None


def test_the_worst_of_a_departement_is_its_state(taken: dict[str, Any]) -> None:
    places = {each["departement"]: each for each in taken["departements"]}
    assert len(places) == 101
    assert (places["76"]["state"], places["76"]["table"]) == ("failed", "weather_daily")
    assert (places["75"]["state"], places["75"]["table"]) == ("held", "crop_statistics")
    assert places["77"]["state"] == "absent"
    assert places["76"]["last_date"] == "2022-12-31"


def test_troubles_come_worst_first_with_a_command(taken: dict[str, Any]) -> None:
    told = [(each["state"], each["departement"], each["do"]) for each in taken["troubles"]]
    assert told == [
        ("held", "75", "geo-pipeline materialize 75"),
        ("failed", "76", "geo-pipeline materialize 76"),
        ("warned", "75", "geo-pipeline status --departement 75"),
    ]
    assert str(taken["troubles"][2]["what"]) == "range: too much"
    assert "never received" in str(taken["failures"][0]["why"])


def test_runs_with_their_failures(taken: dict[str, Any]) -> None:
    failed, *good = taken["runs"]
    assert failed["status"] == "FAILURE"
    assert str(failed["error"]).startswith("weather_daily: open-meteo, département 76: ")
    assert failed["error"]("fr").endswith("lancez une fois sans --offline")
    assert "\n" not in str(failed["error"])
    assert (failed["first_departement"], failed["departements"]) == ("76", 1)
    assert {each["status"] for each in good} == {"SUCCESS"}
    assert taken["run_counts"] == {"SUCCESS": len(good), "FAILURE": 1}
    assert all(each["seconds"] > 0 and each["error"] is None for each in good)
    assert not any(each["healthy"] for each in taken["daemons"])


def test_the_metrics_are_valid_and_say_the_same(taken: dict[str, Any]) -> None:
    families = {each.name: each for each in text_string_to_metric_families(metrics(taken))}

    def value(name: str, **labels: str) -> float:
        samples = families[f"geo_pipeline_{name}"].samples
        found = [each.value for each in samples if labels.items() <= each.labels.items()]
        assert len(found) == 1, (name, labels, found)
        return float(found[0])

    assert value("rows", table="weather_daily", departement="76") == 4383
    assert value("snapshot_timestamp_seconds") == NOW.timestamp()
    assert value("failures", table="weather_daily") == 1
    assert value("findings", table="crop_statistics", severity="error") == 1
    assert value("departements", state="failed") == 1
    assert value("departements", state="absent") == 99
    assert value("runs", status="failure") == 1
    assert value("last_run_duration_seconds", job="departement") == taken["runs"][0]["seconds"]
    assert families["geo_pipeline_data_age_seconds"].unit == "seconds"
    last = value("last_success_timestamp_seconds", table="weather_daily", departement="76")
    written = row(taken, "weather_daily", "76")["materialized_at"]
    assert last == datetime.fromisoformat(written).timestamp()
    ages = families["geo_pipeline_data_age_seconds"].samples
    assert not [each for each in ages if each.labels["departement"] == "77"]


def test_the_run_wrote_what_the_app_reads(home: Path) -> None:
    """At the end of each run, of one that failed too."""
    folder = home / "monitoring"
    written = json.loads((folder / "pipeline.json").read_text(encoding="utf-8"))
    assert written["runs"][0]["status"] == "FAILURE"
    assert (folder / "metrics.prom").read_text(encoding="utf-8").endswith("# EOF\n")
    assert [each["rows"]["weather_daily"] for each in written["volumes"]] == [4383]


def test_a_bit_that_flips_in_what_was_written_is_not_believed(home: Path, tmp_path: Path) -> None:
    """JSON all the same, of other names or values."""
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(home, settings.home)
    page, volumes = (settings.monitoring / name for name in ("pipeline.json", "volumes.json"))
    store = PipelineStore(page)
    assert store.snapshot() is not None
    _flip(page, '"rows"')
    with pytest.raises(StorageError, match="is not what was written"):
        store.snapshot()
    assert len(monitoring.volumes(settings)) == 1
    _flip(volumes, '"rows"')
    assert monitoring.volumes(settings) == []
    with open_instance(settings) as instance:
        write(settings, instance, NOW)
    assert store.snapshot() is not None
    assert len(monitoring.volumes(settings)) == 1


def _flip(path: Path, word: str) -> None:
    """Turn over a bit of the first letter of a quoted word in a file."""
    content = path.read_text(encoding="utf-8")
    assert word in content
    other = f'"{chr(ord(word[1]) ^ 1)}{word[2:]}'
    path.write_text(content.replace(word, other, 1), encoding="utf-8")


def test_volumes_are_kept_where_they_change(tmp_path: Path) -> None:
    at = NOW - timedelta(days=4)
    known: list[dict[str, Any]] = []
    for hour, rows in ((0, 1), (1, 1), (2, 5), (30, 7), (95, 8)):
        taken = {
            "made_at": (at + timedelta(hours=hour)).isoformat(timespec="seconds"),
            "tables": [{"table": "weather_daily", "files": 1, "rows": rows, "bytes": 10 * rows}],
        }
        known = _with_volumes(known, taken)
    # Of the first day, four days ago, the last is kept; the same twice is once.
    assert [each["rows"]["weather_daily"] for each in known] == [5, 7, 8]
    assert _with_volumes([], {"made_at": NOW.isoformat(), "tables": []}) == []


def test_a_damaged_file_and_a_damaged_history_are_told_not_fatal(
    home: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path)
    path = Lake(settings.lake).path("weather_daily", "76")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 half")
    settings.monitoring.mkdir()
    (settings.monitoring / "volumes.json").write_text("{")
    taken = monitoring.snapshot(settings, None, NOW)
    assert row(taken, "weather_daily", "76")["state"] == "damaged"
    assert taken["troubles"][0]["do"] == "geo-pipeline materialize 76"
    assert taken["volumes"] == []
    assert taken["published_at"] is None


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent to any database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_ten_thousand_materialisations_are_asked_for_in_bulk(own_home: Path) -> None:
    """As many statements as for one run of all France, and the same answer."""
    settings = Settings(home=own_home)
    copy = text(
        "INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key,"
        " partition) SELECT run_id, event, dagster_event_type, timestamp, step_key, asset_key,"
        " partition FROM event_logs WHERE id <= :last"
    )
    with open_instance(settings) as instance:
        with counted() as few:
            before = monitoring.snapshot(settings, instance, NOW)
        with run_records._events(instance).index_connection() as connection:
            last = connection.execute(text("SELECT max(id) FROM event_logs")).scalar()
            for _ in range(25):
                connection.execute(copy, {"last": last})
        with counted() as many:
            after = monitoring.snapshot(settings, instance, NOW)
    assert len(many) == len(few) < 60
    assert after["partitions"] == before["partitions"]


def test_the_sensor_writes_every_minute(home: Path) -> None:
    (sensor,) = minutely.sensors(Settings(home=home))
    assert sensor.minimum_interval_seconds == 60
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    page = home / "monitoring" / "pipeline.json"
    page.unlink()
    with open_instance(Settings(home=home)) as instance:
        done = sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(done, dg.SkipReason)
    assert page.exists()


def test_the_log_of_the_runs(home: Path) -> None:
    lines = [
        json.loads(line)
        for line in (home / "logs" / "pipeline.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    written = {(line["table"], line.get("departement")) for line in lines if "rows" in line}
    assert {
        ("weather_daily", "76"),
        ("drought_indicators", "75"),
        ("departements", None),
    } <= written
    assert sum("started" in line["message"] for line in lines) == sum(
        "ended" in line["message"] for line in lines
    )
    failed = [line for line in lines if line["level"] == "ERROR"]
    assert {line["asset"] for line in failed if "asset" in line} == {"weather_daily"}
    assert all(line["run_id"] and line["job"] for line in lines)
