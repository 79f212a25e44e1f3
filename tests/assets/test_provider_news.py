"""News at the providers, over real HTTP on loopback: what changed is asked to run, once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from geo_pipeline.definitions import build_definitions
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.partitions import codes_of
from geo_pipeline.settings import Settings
from geo_pipeline.territory import CODES
from tests.sources.conftest import Provider, provider

pytestmark = pytest.mark.slow

__all__ = ["provider"]

STATIONS = "/api/1/datasets/donnees-climatologiques-de-base-quotidiennes/"
GRID = "/api/1/datasets/donnees-changement-climatique-sim-quotidienne/"
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


class Watcher:
    """The sensor on a home of its own, and its cursor."""

    def __init__(self, instance: dg.DagsterInstance, home: Path, **overrides: Any) -> None:
        self.instance = instance
        self.definitions = build_definitions(home=home, **overrides)
        self.sensor = self.definitions.resolve_sensor_def("provider_news")
        self.cursor: str | None = None
        self.said: str | None = None

    def tick(self, *, due: bool = True) -> list[dg.RunRequest]:
        """Evaluate it as the daemon does; `due`: as if the time of every provider had come."""
        if due and self.cursor is not None:
            seen = json.loads(self.cursor)
            for each in seen.values():
                each["due_at"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
            self.cursor = json.dumps(seen)
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, definitions=self.definitions
        )
        result = self.sensor.evaluate_tick(context)
        self.cursor, self.said = result.cursor, result.skip_message
        return list(result.run_requests or [])


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with open_instance(Settings(home=tmp_path_factory.mktemp("instance"))) as opened:
        yield opened


class Listed:
    """A dataset of data.gouv.fr: its files and when each changed."""

    def __init__(self, provider: Provider, path: str) -> None:
        self.files: dict[str, str | None] = {}
        self.url = provider.url
        provider.on(path, lambda asked: provider.answer(json={"resources": self.resources()}))

    def resources(self) -> list[dict[str, Any]]:
        return [
            {"url": f"{self.url}/files/{name}"} | ({"last_modified": day} if day else {})
            for name, day in self.files.items()
        ]


def test_a_station_file_that_changed_runs_its_departement(
    provider: Provider, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    listed = Listed(provider, STATIONS)
    for code in ("20", "31", "32", "65", "975"):
        listed.files[f"Q_{code}_latest-2025-2026_RR-T-Vent.csv.gz"] = "2026-10-01T06:00:00"
    listed.files["Q_31_1850-1949_RR-T-Vent.csv.gz"] = "2020-01-01T06:00:00"
    listed.files["MENSQ_31_latest-2025-2026.csv.gz"] = "2026-10-01T06:00:00"
    watcher = Watcher(instance, tmp_path, source="meteo-france", data_gouv_url=provider.url)
    assert watcher.sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert watcher.tick() == []
    assert watcher.tick() == []

    listed.files["Q_31_latest-2025-2026_RR-T-Vent.csv.gz"] = "2026-10-02T06:00:00"
    (request,) = watcher.tick()
    assert (request.job_name, request.partition_key) == ("refresh_weather", "31")
    assert watcher.tick() == []

    # Years that are not taken, other collectivities and monthly files are no news.
    listed.files["Q_31_1850-1949_RR-T-Vent.csv.gz"] = "2026-10-02T06:00:00"
    listed.files["Q_975_latest-2025-2026_RR-T-Vent.csv.gz"] = "2026-10-02T06:00:00"
    listed.files["MENSQ_31_latest-2025-2026.csv.gz"] = "2026-10-02T06:00:00"
    assert watcher.tick() == []

    # All of them share a run, wherever they lie; Corsica is two départements.
    for code in ("20", "31", "32", "65"):
        listed.files[f"Q_{code}_latest-2025-2026_RR-T-Vent.csv.gz"] = "2026-10-03T06:00:00"
    (several,) = watcher.tick()
    assert codes_of(several.tags) == ("2A", "2B", "31", "32", "65")
    assert several.run_key != request.run_key


def test_files_without_a_date_in_the_list_tell_of_themselves(
    provider: Provider, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    listed = Listed(provider, STATIONS)
    for code in ("31", "32"):
        name = f"Q_{code}_latest-2025-2026_RR-T-Vent.csv.gz"
        listed.files[name] = None
        provider.on(f"/files/{name}", b"1", etag='"one"')
    watcher = Watcher(instance, tmp_path, source="meteo-france", data_gouv_url=provider.url)
    assert watcher.tick() == []
    assert watcher.tick() == []
    changed = "/files/Q_32_latest-2025-2026_RR-T-Vent.csv.gz"
    provider.reset(changed).on(changed, b"2", etag='"two"')
    assert [each.partition_key for each in watcher.tick()] == ["32"]


def test_a_grid_file_concerns_the_mainland(
    provider: Provider, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    listed = Listed(provider, GRID)
    listed.files["QUOT_SIM2_2010-2019.csv.gz"] = "2024-01-01"
    listed.files["QUOT_SIM2_latest-20261001-20261020.csv.gz"] = "2026-10-21"
    watcher = Watcher(instance, tmp_path, history="sim2", data_gouv_url=provider.url)
    assert watcher.tick() == []
    # The name of the running file rolls: it is another file.
    del listed.files["QUOT_SIM2_latest-20261001-20261020.csv.gz"]
    listed.files["QUOT_SIM2_latest-20261001-20261021.csv.gz"] = "2026-10-22"
    (request,) = watcher.tick()
    assert request.job_name == "refresh_weather"
    assert (request.tags[START], request.tags[END]) == ("01", "95")


@pytest.mark.parametrize("mark", ["etag", "last_modified", "length"])
def test_a_new_edition_of_the_statistics_runs_crops(
    provider: Provider, instance: dg.DagsterInstance, tmp_path: Path, mark: str
) -> None:
    validators: dict[str, list[dict[str, str]]] = {
        "etag": [{"etag": '"2024"'}, {"etag": '"2025"'}],
        "last_modified": [
            {"last_modified": "Mon, 05 Oct 2026 06:00:00 GMT"},
            {"last_modified": "Tue, 06 Oct 2026 06:00:00 GMT"},
        ],
        "length": [{}, {}],
    }
    before, after = validators[mark]
    provider.on("/saa.zip", b"PK old", **before)  # type: ignore[arg-type]
    watcher = Watcher(instance, tmp_path, crops="agreste", agreste_url=f"{provider.url}/saa.zip")
    assert watcher.tick() == []
    assert watcher.tick() == []
    provider.reset("/saa.zip").on("/saa.zip", b"PK newer", **after)  # type: ignore[arg-type]
    (request,) = watcher.tick()
    assert request.job_name == "refresh_crops"
    assert (request.tags[START], request.tags[END]) == (CODES[0], CODES[-1])
    assert watcher.tick() == []


def test_levels_and_zones_run_restrictions(
    provider: Provider, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    levels = [{"code": "31", "niveauGraviteMax": "alerte"}]
    zones = {"url": f"{provider.url}/zones.geojson", "title": "Zones en vigueur",
             "format": "geojson", "last_modified": "2026-10-01"}  # fmt: skip
    provider.on("/api/departements", lambda asked: provider.answer(json=levels))
    provider.on("/dataset/", lambda asked: provider.answer(json={"resources": [zones]}))
    watcher = Watcher(
        instance,
        tmp_path,
        restrictions="vigieau",
        vigieau_url=provider.url,
        vigieau_dataset_url=f"{provider.url}/dataset/",
    )
    assert watcher.tick() == []
    assert watcher.tick() == []
    levels[0]["niveauGraviteMax"] = "crise"
    (first,) = watcher.tick()
    assert (first.job_name, first.partition_key) == ("refresh_restrictions", None)
    zones["last_modified"] = "2026-10-02"
    (second,) = watcher.tick()
    assert second.run_key != first.run_key
    assert watcher.tick() == []


def test_new_outlines_run_boundaries(
    provider: Provider, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    provider.on("/departements-1000m.geojson", b"{}", etag='"a"')
    watcher = Watcher(instance, tmp_path, boundaries="etalab", etalab_url=provider.url + "/d.json")
    provider.on("/d.json", b"{}", etag='"a"')
    assert watcher.tick() == []
    provider.reset("/d.json").on("/d.json", b"{}", etag='"b"')
    assert [each.job_name for each in watcher.tick()] == ["refresh_boundaries"]


def test_a_provider_that_fails_is_told_and_loses_no_news(
    provider: Provider, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    provider.on("/saa.zip", b"PK", etag='"1"')
    watcher = Watcher(instance, tmp_path, crops="agreste", agreste_url=f"{provider.url}/saa.zip")
    watcher.tick()
    provider.reset("/saa.zip").on("/saa.zip", b"", status=503)
    assert watcher.tick() == []
    assert "answered 503" in str(watcher.said)
    provider.reset("/saa.zip").on("/saa.zip", b"PK", etag='"2"')
    assert len(watcher.tick()) == 1
    provider.close()
    assert watcher.tick() == []
    assert "refused the connection" in str(watcher.said)


def test_a_provider_is_not_asked_before_its_time(
    provider: Provider, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    provider.on("/saa.zip", b"PK", etag='"1"')
    watcher = Watcher(instance, tmp_path, crops="agreste", agreste_url=f"{provider.url}/saa.zip")
    for _ in range(3):
        assert watcher.tick(due=False) == []
    assert provider.paths() == ["/saa.zip"]
    # Restarted, with the same cursor.
    again = Watcher(instance, tmp_path, crops="agreste", agreste_url=f"{provider.url}/saa.zip")
    again.cursor = watcher.cursor
    again.tick(due=False)
    assert provider.paths() == ["/saa.zip"]


@pytest.mark.parametrize(("before", "after"), [("{", "k"), ("20", "q0"), ("due_at", "due_au")])
def test_a_memory_that_is_damaged_is_begun_anew(
    provider: Provider, instance: dg.DagsterInstance, tmp_path: Path, before: str, after: str
) -> None:
    """One bit of it flipped: it is no object, no time, or without one."""
    provider.on("/saa.zip", b"PK", etag='"1"')
    watcher = Watcher(instance, tmp_path, crops="agreste", agreste_url=f"{provider.url}/saa.zip")
    watcher.tick(due=False)
    watcher.cursor = str(watcher.cursor).replace(before, after, 1)
    assert watcher.tick(due=False) == []
    assert provider.paths() == ["/saa.zip"] * 2
    assert watcher.tick(due=False) == []
    assert provider.paths() == ["/saa.zip"] * 2


def test_nothing_is_asked_where_nothing_is_live(
    provider: Provider, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    for overrides in ({}, {"source": "open-meteo"}, {"crops": "agreste", "offline": True}):
        watcher = Watcher(instance, tmp_path, **overrides)
        assert watcher.sensor.default_status is dg.DefaultSensorStatus.STOPPED
        assert watcher.tick() == []
    assert provider.asked == []
