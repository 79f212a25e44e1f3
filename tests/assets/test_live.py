"""Runs on live providers, over real HTTP on loopback: what fails is told, what was good stays."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from functools import cache
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from geo_pipeline.commands.runs import foreseen, run
from geo_pipeline.errors import SourceError
from geo_pipeline.providers import DAY_S
from geo_pipeline.publishing import exports, selection
from geo_pipeline.settings import Settings
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.sources.quotas import Quotas, quotas_with
from geo_pipeline.spatial.sampling import sampling_points
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import Findings
from geo_pipeline.storage.incomplete import incomplete
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import NBSP
from tests.conftest import ROOT, digests, ignore
from tests.sources.conftest import Provider, provider

pytestmark = pytest.mark.slow

__all__ = ["provider"]

SPACING_KM = 100.0
UNITS = {
    "temperature_2m_mean": "°C",
    "temperature_2m_max": "°C",
    "temperature_2m_min": "°C",
    "precipitation_sum": "mm",
    "et0_fao_evapotranspiration": "mm",
    "shortwave_radiation_sum": "MJ/m²",
    "wind_speed_10m_mean": "m/s",
    "relative_humidity_2m_mean": "%",
}


@cache
def points() -> pd.DataFrame:
    """Return where the provider is asked."""
    return sampling_points(Bundled(ROOT / "assets_data").boundaries(), SPACING_KM)


def figure(name: str, day: date) -> float:
    """What the server says of a day: the same everywhere, another each day."""
    n = day.toordinal()
    return {
        "temperature_2m_mean": 12.0 + n % 7,
        "temperature_2m_max": 17.0 + n % 7,
        "temperature_2m_min": 7.0 + n % 7,
        "precipitation_sum": float(n % 5),
        "et0_fao_evapotranspiration": 2.0 + (n % 3) / 10,
        "shortwave_radiation_sum": 12.0,
        "wind_speed_10m_mean": 3.0,
        "relative_humidity_2m_mean": 70.0,
    }[name]


class Archive:
    """A server that answers as Open-Meteo's archive does; `broken` départements get an error."""

    def __init__(self) -> None:
        self.broken: dict[str, tuple[int, bytes]] = {}
        self.empty: set[str] = set()
        """Variables that it knows of no day."""
        self.asked: list[str] = []
        archive, places = self, points()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = parse_qs(urlsplit(self.path).query)
                query = {name: values[0] for name, values in asked.items()}
                away_deg = sum(
                    (places[name] - float(query[name].split(",")[0])).abs()
                    for name in ("latitude", "longitude")
                )
                code = str(places.loc[away_deg.idxmin(), "departement"])
                archive.asked.append(code)
                status, body = archive.broken.get(code, (200, b""))
                if not body:
                    body = archive.answer(query)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/archive"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, query: dict[str, str]) -> bytes:
        """Return the days asked for at each point, an array for several points."""
        first, last = (date.fromisoformat(query[name]) for name in ("start_date", "end_date"))
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        names = query["daily"].split(",")
        places = [
            {
                "latitude": float(latitude),
                "longitude": float(longitude),
                "elevation": 100.0,
                "timezone": "GMT",
                "utc_offset_seconds": 0,
                "daily_units": {"time": "iso8601", **{name: UNITS[name] for name in names}},
                "daily": {
                    "time": [day.isoformat() for day in days],
                    **{
                        name: [None if name in self.empty else figure(name, day) for day in days]
                        for name in names
                    },
                },
            }
            for latitude, longitude in zip(
                query["latitude"].split(","), query["longitude"].split(","), strict=True
            )
        ]
        return json.dumps(places if len(places) > 1 else places[0]).encode()


@pytest.fixture
def archive() -> Iterator[Archive]:
    server = Archive()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def settings(archive: Archive, tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        source="open-meteo",
        since=date(2020, 7, 1),
        until=date(2021, 8, 31),
        open_meteo_url=archive.url,
        open_meteo_spacing_km=SPACING_KM,
        attempts=2,
        patience_s=1.0,
        rates={},
    )


def test_live_weather_arrives_day_by_day(settings: Settings) -> None:
    outcome = run(settings, ["31", "75"], ignore)
    assert not outcome.failures
    rows = Lake(settings.lake).read("weather_daily", "31").set_index("date")
    assert len(rows) == 427
    day = date(2021, 7, 14)
    found = rows.loc[pd.Timestamp(day)]
    assert found["precip_mm"] == figure("precipitation_sum", day)
    assert found["tmax_c"] == figure("temperature_2m_max", day)
    assert found["et0_source_mm"] == pytest.approx(figure("et0_fao_evapotranspiration", day))
    assert found["et0_method"] == "penman-monteith"
    assert set(rows["source"]) == {"open-meteo:best_match"}
    assert not rows["provisional"].any()
    indicators = Lake(settings.lake).read("drought_indicators", "31")
    since = indicators[indicators["indicator"] == "days_since_rain"].set_index("period_end")
    # it rains on four days out of five: 10 July 2021 is one of the dry ones if n % 5 == 0
    n = date(2021, 7, 10).toordinal()
    assert since.loc["2021-07-10", "value"] == (1 if n % 5 == 0 else 0)


def test_one_departement_that_fails_does_not_stop_the_others(
    settings: Settings, archive: Archive
) -> None:
    archive.broken["32"] = (400, b'{"error":true,"reason":"Value of type String required"}')
    outcome = run(settings, ["31", "32", "33"], ignore)
    (failure,) = outcome.failures
    assert (failure.table, failure.departement) == ("weather_daily", "32")
    why = str(failure.why)
    assert "open-meteo" in why
    assert "32" in why
    assert archive.url in why
    assert "Value of type String required" in why
    lake = Lake(settings.lake)
    assert len(lake.read("weather_daily", "31")) == len(lake.read("weather_daily", "33")) == 427
    assert not lake.path("weather_daily", "32").exists()
    assert settings.warehouse.exists()
    assert Failures(settings.failures).codes() == ["32"]

    archive.broken.clear()
    assert not run(settings, Failures(settings.failures).codes(), ignore).failures
    assert len(lake.read("weather_daily", "32")) == 427
    assert not Failures(settings.failures).codes()


@pytest.mark.drill
def test_the_command_tells_what_failed_and_resumes_just_that(
    settings: Settings, archive: Archive
) -> None:
    archive.broken["32"] = (404, b"")
    environment = {
        **os.environ,
        "GEO_PIPELINE_HOME": str(settings.home),
        "GEO_PIPELINE_OPEN_METEO_URL": archive.url,
        "GEO_PIPELINE_OPEN_METEO_SPACING_KM": str(SPACING_KM),
        "GEO_PIPELINE_ATTEMPTS": "1",
        "COLUMNS": "80",
    }
    days = ["--source", "open-meteo", "--since", "2020-07-01", "--until", "2021-08-31"]
    command = [sys.executable, "-m", "geo_pipeline", "run", *days]

    def run_it(*options: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, *options],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    first = run_it("--departements", "31,32")
    assert first.returncode == 1
    # Before anything is asked for: there is no map of such a run but that of the days themselves.
    assert first.stderr.startswith(
        "note: 2020-07-01 to 2021-08-31 is 1.2 years, and a normal takes 4 years of the same "
        "period, a class 10: there will be no index, no class and no map of them; choose an"
    )
    # Whole, in a line of its own, however narrow the terminal is.
    assert f"weather_daily 32: open-meteo, département 32: {archive.url}?latitude=" in first.stderr
    assert "--resume" in first.stderr
    archive.broken["32"] = (403, b"")
    alone = run_it("--departements", "32", "--json")
    assert alone.returncode == 1
    said = json.loads(alone.stdout)
    assert said["departements"] == ["32"]
    assert "answered 403" in said["error"]
    (failure,) = said["failures"]
    assert (failure["table"], failure["departement"]) == ("weather_daily", "32")
    assert alone.stderr.strip().splitlines()[-1] == f"error: {said['error']}"
    assert "key" not in said["error"]  # there is none to check
    archive.broken.clear()
    archive.asked.clear()
    again = run_it("--resume")
    assert again.returncode == 0, again.stderr
    assert set(archive.asked) == {"32"}
    nothing = run_it("--resume")
    assert nothing.returncode == 0
    assert "nothing to resume" in nothing.stdout


@pytest.mark.drill
def test_after_a_day_that_is_used_up_the_next_run_asks_for_the_rest(
    settings: Settings, archive: Archive
) -> None:
    """As a scheduled run does at its next time."""
    host = urlsplit(archive.url).netloc
    with_quota = settings.model_copy(update={"quotas": {host: 100}})
    run(with_quota, ["31"], ignore)
    quotas = Quotas(settings.raw / ".pace", quotas_with({host: 100}))
    quotas.refused(host, DAY_S)
    archive.asked.clear()
    (failure,) = run(with_quota, ["31", "32"], ignore).failures
    assert failure.departement == "32"
    assert "go on with --resume after " in str(failure.why)
    assert not archive.asked
    assert settings.warehouse.exists()

    (settings.raw / ".pace" / f"{host.replace(':', '_')}.quota.json").unlink()  # a new day
    assert not run(with_quota, ["31", "32"], ignore).failures
    assert set(archive.asked) == {"32"}


@pytest.mark.drill
def test_the_last_good_partition_stays(settings: Settings, archive: Archive) -> None:
    run(settings, ["31", "32"], ignore)
    before = digests(settings.lake)
    archive.broken["32"] = (200, b"<html><body>maintenance</body></html>")
    later = settings.model_copy(update={"until": date(2022, 6, 30)})
    outcome = run(later, ["31", "32"], ignore)
    assert [each.departement for each in outcome.failures] == ["32"]
    after = digests(settings.lake)
    name = "weather_daily/departement={}/part.parquet"
    assert after[name.format("32")] == before[name.format("32")]
    assert after[name.format("31")] != before[name.format("31")]


def test_a_variable_that_vanishes_is_an_error(settings: Settings, archive: Archive) -> None:
    """Its days are there, and are empty: valid rows, and two years without rain."""
    run(settings, ["75"], ignore)
    before = digests(settings.lake / "weather_daily")
    archive.empty.add("precipitation_sum")
    shutil.rmtree(settings.raw)
    lost = r"75: has no precip_mm of 2020 \(184 rows\), precip_mm of 2021 \(243 rows\) any more; "
    with pytest.raises(SourceError, match=lost):
        run(settings, ["75"], ignore)
    assert digests(settings.lake / "weather_daily") == before


def test_a_run_of_one_alone_fails_with_it(settings: Settings, archive: Archive) -> None:
    archive.broken["32"] = (404, b"")
    with pytest.raises(SourceError, match=r"open-meteo, département 32: .*404"):
        run(settings, ["32"], ignore)
    assert Failures(settings.failures).codes() == ["32"]
    # Two that are not neighbours in the list are two runs of Dagster: both fail, nothing raises.
    archive.broken["75"] = (404, b"")
    with pytest.raises(SourceError):
        run(settings, ["75"], ignore)
    outcome = run(settings, ["31", "75"], ignore)
    assert [each.departement for each in outcome.failures] == ["75"]
    assert settings.warehouse.exists()


@pytest.mark.drill
def test_a_rebuild_needs_no_network(settings: Settings, archive: Archive) -> None:
    run(settings, ["31", "75"], ignore)
    before = digests(settings.lake)
    asked = len(archive.asked)
    offline = settings.model_copy(update={"offline": True})
    assert not run(offline, ["31", "75"], ignore).failures
    assert len(archive.asked) == asked
    assert digests(settings.lake) == before
    # nor does another run with it: all these days are final
    assert not run(settings, ["31", "75"], ignore).failures
    assert len(archive.asked) == asked
    assert digests(settings.lake) == before
    # and what was never received cannot be had
    outcome = run(offline, ["31", "32"], ignore)
    assert [each.departement for each in outcome.failures] == ["32"]
    assert "--offline" in str(outcome.failures[0].why)


def test_histories_join_and_their_overlap_is_told(settings: Settings) -> None:
    mixed = settings.model_copy(
        update={"history": "bundled", "since": date(2010, 1, 1), "until": date(2021, 12, 31)}
    )
    run(mixed, ["31"], ignore)
    rows = Lake(settings.lake).read("weather_daily", "31")
    # Open-Meteo knows all days asked for here, so its days win everywhere.
    assert set(rows["source"]) == {"open-meteo:best_match"}
    overlap = pd.read_csv(settings.home / "reports" / "history_overlap" / "31.csv")
    rain = overlap[(overlap["variable"] == "precip_mm") & overlap["month"].isna()].iloc[0]
    assert rain["other"] == "bundled:agera5"
    assert rain["resolution"] == "dekad"
    assert rain["first_mean"] == pytest.approx(2.0, abs=0.01)  # 0, 1, 2, 3, 4 mm in turn
    # 2010 to 2021 without 2014, in the publication too: enough to adjust, where days were lacking.
    with closing(Warehouse(settings.warehouse)) as warehouse:
        differences = warehouse.table("provider_differences")
        assert warehouse.query("unadjusted_weather").empty
    july = differences.query("variable == 'precip_mm' and month == 7").iloc[0]
    assert (july["provider"], july["other_provider"]) == ("open-meteo", "bundled")
    assert july["common_years"] == 11
    assert july["provider_mean"] == pytest.approx(2.0 * 31, abs=1.0)
    assert july["adjusted"]
    assert july["error_after"] < july["error_before"]


@pytest.mark.drill
def test_an_earlier_history_is_adjusted_over_ten_years(settings: Settings) -> None:
    """Days from 2012 on are asked for; those of 2010 and 2011 are the history's, adjusted."""
    mixed = settings.model_copy(
        update={
            "history": "bundled",
            "since": date(2010, 1, 1),
            "source_since": date(2012, 1, 1),
            "until": date(2022, 12, 31),
        }
    )
    run(mixed, ["31"], ignore)
    rows = Lake(settings.lake).read("weather_daily", "31")
    sources = rows.groupby("source")["date"].max().dt.date.to_dict()
    assert sources == {
        "bundled:agera5:adjusted": date(2011, 12, 31),
        "open-meteo:best_match": date(2022, 12, 31),
    }
    # Open-Meteo has 2 mm a day; the embedded rain of Haute-Garonne is under 1.9.
    embedded = Bundled(ROOT / "assets_data").weather_daily(["31"])
    given = embedded[embedded["date"] < "2012-01-01"]["precip_mm"].mean()
    adjusted = rows[rows["date"] < "2012-01-01"]["precip_mm"].mean()
    assert abs(adjusted - 2.0) < abs(given - 2.0)
    assert not incomplete(mixed, [])  # no table is outdated just after it was made
    assert not [each for each in Findings(settings.findings).all() if each.check == "not_adjusted"]


@pytest.mark.drill
def test_a_history_without_common_years_is_joined_as_it_is_and_told(
    settings: Settings, tmp_path: Path
) -> None:
    """As the first step of `geo-pipeline live` does, until its own years have come."""
    mixed = settings.model_copy(
        update={
            "history": "bundled",
            "since": date(2010, 1, 1),
            "source_since": date(2023, 1, 1),
            "until": date(2023, 3, 31),
        }
    )
    run(mixed, ["31"], ignore)
    (found,) = [each for each in Findings(settings.findings).all() if each.check == "not_adjusted"]
    assert "0 common years, 10 are needed" in str(found.what)
    assert found.severity == "warning"
    with closing(Warehouse(settings.warehouse)) as warehouse:
        differences = warehouse.table("provider_differences")
        assert set(differences["common_years"]) == {0}
        joins = warehouse.query("unadjusted_weather")
        assert joins["departement"].tolist() == ["31"]
        assert [str(day)[:10] for day in joins["since"]] == ["2023-01-01"]
        told = {}
        for indicator in ("spi_3", "spi_1", "spi_6", "water_restrictions"):
            view = selection.select(warehouse, indicator)
            path = exports.export_map(warehouse, view, "fr", tmp_path / "map.html")
            told[indicator] = plain(path.read_text("utf-8"))
    unadjusted = "Normale d'un autre fournisseur, non ajustée : dans un département, des jours de"
    mixes = "Dans un département, la fenêtre de l'indice mêle des jours des deux."
    assert {each for each in told if unadjusted in told[each]} == {"spi_1", "spi_3", "spi_6"}
    # Three months until the end of March begin on 1 January, six in October.
    assert {each for each in told if mixes in told[each]} == {"spi_6"}
    # One provider again: nothing is left of it.
    run(settings.model_copy(update={"source": "bundled"}), ["31"], ignore)
    assert not [each for each in Findings(settings.findings).all() if each.check == "not_adjusted"]
    with closing(Warehouse(settings.warehouse)) as warehouse:
        assert warehouse.table("provider_differences").empty
        assert warehouse.query("unadjusted_weather").empty


def plain(page: str) -> str:
    return unescape(page).replace(NBSP, " ")


def test_too_few_years_are_told_before_the_run() -> None:
    def told(**chosen: object) -> str:
        return foreseen(Settings(**chosen)) or ""  # type: ignore[arg-type]

    assert told() == ""  # embedded, 2010 to 2022
    assert told(source="open-meteo") == ""  # from 1991 on
    live = {"source": "open-meteo", "since": date(2018, 1, 1)}
    assert "2018-01-01 to 2021-12-31 is 4.0 years" in told(**live, until=date(2021, 12, 31))
    assert "no classes and no map" in told(**live, until=date(2021, 12, 31))
    assert "no index, no class" in told(**live, until=date(2021, 6, 30))
    assert told(source="sim2", since=date(2010, 1, 1), until=date(2019, 12, 31)) == ""
    assert "no index, no class" in told(since=date(2020, 1, 1))  # embedded, to the end of 2022


def test_a_signal_ends_a_run_that_waits_for_its_provider(
    tmp_path: Path, provider: Provider
) -> None:
    """Neither the provider, which says nothing for minutes, nor Dagster's retries hold it up."""
    provider.on("/archive", delay_s=600.0)
    process = subprocess.Popen(
        [sys.executable, "-m", "geo_pipeline", "run", "--json", "--departements", "31,32"],
        env={
            **os.environ,
            "GEO_PIPELINE_HOME": str(tmp_path / "home"),
            "GEO_PIPELINE_SOURCE": "open-meteo",
            "GEO_PIPELINE_OPEN_METEO_URL": f"{provider.url}/archive",
        },
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not provider.asked:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    line = told.strip().splitlines()[-1]
    assert line.startswith("error: the run was stopped by a signal")
    assert "Traceback" not in told
    assert json.loads(said)["error"] == line.removeprefix("error: ")


# The other kinds -------------------------------------------------------------------------------


def test_what_others_fail_for_keeps_what_was_and_is_told(
    own_small_home: Path, provider: Provider
) -> None:
    """Crops, restrictions and outlines from providers that answer with nonsense."""
    provider.on("/*", "<html><body>maintenance</body></html>")
    home = own_small_home
    before = digests(home / "lake")
    settings = Settings(
        home=home,
        crops="agreste",
        restrictions="vigieau",
        boundaries="etalab",
        groundwater="hubeau",
        agreste_url=f"{provider.url}/saa.zip",
        vigieau_url=provider.url,
        vigieau_dataset_url=f"{provider.url}/dataset/",
        etalab_url=f"{provider.url}/contours",
        hubeau_url=f"{provider.url}/api",
        mirrors={"https://api.vigieau.beta.gouv.fr": provider.url},
        attempts=1,
    )
    outcome = run(settings, ["31", "32"], ignore)
    failed = sorted((each.table, each.departement) for each in outcome.failures)
    assert failed == [
        ("crop_statistics", "31"),
        ("crop_statistics", "32"),
        ("departements", "france"),
        ("groundwater", "31"),
        ("groundwater", "32"),
        ("water_restrictions", "france"),
    ]
    for each in outcome.failures:
        assert provider.url in str(each.why), each
        assert "HTML" in str(each.why), each
    after = digests(home / "lake")
    assert {name: after[name] for name in before} == before


@pytest.mark.drill
def test_restrictions_and_outlines_of_the_day(
    tmp_path: Path, provider: Provider, shared_data: Path
) -> None:
    """The recorded body of VigiEau, its real zones, and IGN's outlines in the place of Etalab's."""
    observed = shared_data / "observed"
    levels = (observed / "vigieau_api_departements_2026-10-03.json").read_bytes()
    provider.on("/api/departements", levels)
    outlines = (observed / "ign_departements_2018.geojson").read_bytes()
    provider.on("/contours/departements-1000m.geojson", outlines)
    zones = (observed / "vigieau_zones_2026-07-02.geojson").read_bytes()
    provider.on("/zones_alerte.geojson", zones)
    listed = {
        "title": "zones_alerte.geojson",
        "format": "geojson",
        "url": f"{provider.url}/zones_alerte.geojson",
        "last_modified": "2026-10-02",
    }
    provider.on("/dataset/", json={"resources": [listed]})
    settings = Settings(
        home=tmp_path / "home",
        restrictions="vigieau",
        boundaries="etalab",
        vigieau_url=provider.url,
        vigieau_dataset_url=f"{provider.url}/dataset/",
        etalab_url=f"{provider.url}/contours",
        attempts=1,
    )
    outcome = run(settings, ["31"], ignore)
    lake = Lake(settings.lake)
    drawn = lake.read("departements")
    assert lake.origin("departements").source == "etalab"
    paris = drawn.set_index("departement").geometry["75"]
    assert paris.bounds[0] == pytest.approx(2.224, abs=0.01)  # Natural Earth draws it wider
    rows = lake.read("water_restrictions").set_index("departement")
    assert rows.loc["16", "level_max"] == "crise"  # as recorded
    assert len(rows) == 101
    assert not outcome.failures
    shares = [name for name in rows if name.endswith("_pct")]
    assert rows[shares].notna().any(axis=1).sum() > 50
    assert rows[shares].max(axis=None) <= 100.0

    # Without the file of zones the levels stand, and what is missing is told.
    provider.reset("/zones_alerte.geojson").on("/zones_alerte.geojson", "{")
    (failure,) = run(settings, ["31"], ignore).failures
    assert (failure.table, failure.departement) == ("water_restrictions", "france")
    rows = lake.read("water_restrictions").set_index("departement")
    assert rows.loc["16", "level_max"] == "crise"
    # Known where no level holds: in no part of the département.
    in_force = rows["level_surface"].notna()
    assert rows.loc[in_force, "surface_crise_pct"].isna().all()

    named = Warehouse(settings.warehouse).query("attributions")
    assert set(named["source"]) == {"bundled", "etalab", "vigieau"}


def test_an_address_without_a_path_has_that_of_the_provider() -> None:
    settings = Settings(open_meteo_url="http://127.0.0.1:8000/", hubeau_url="http://x.test/mirror")
    assert settings.address("open_meteo_url") == "http://127.0.0.1:8000/v1/archive"
    assert settings.address("hubeau_url") == "http://x.test/mirror"
