"""What `geo-pipeline doctor` looks at: whether this installation can do its work."""

import platform
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import duckdb
from pydantic import SecretStr

from geo_pipeline.departements import CODES
from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.schemas import TABLES
from geo_pipeline.settings import Settings
from geo_pipeline.sources import franceagrimer, meteo_france, sim2
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.storage import spatial
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.seal import opened
from geo_pipeline.storage.standing import BROKEN, unreadable

PROBE_TIMEOUT_S = 5.0
SHOWN = 5
"""Tables that are named; of more there is the number."""

CHECKS: Final = {
    "home": "home folder",
    "room": "free room",
    "records": "Dagster's records",
    "notes": "failures and findings",
    "code": "code location",
    "daemon": "Dagster's daemons",
    "tick": "schedules and sensors",
    "run": "runs",
    "publication": "publication",
}
"""What is told of a home, by kind of trouble."""

PYTHON_FROM, PYTHON_BELOW = (3, 11), (3, 14)


class Finding(NamedTuple):
    """One check: what was found, and what to do where it is not `ok`; `needed` ones must be."""

    check: str
    ok: bool
    found: str
    advice: str
    needed: bool = True


def examine(settings: Settings) -> list[Finding]:
    """Return the findings of all checks."""
    return [
        _python(),
        _spatial_extension(),
        _embedded_data(settings),
        _embedded_bytes(settings),
        _lake(settings),
        *_providers(settings),
    ]


def of_home(taken: Mapping[str, Any]) -> list[Finding]:
    """Return a finding for each kind of what may be wrong with a home, from a snapshot of it."""
    findings = []
    for kind, check in CHECKS.items():
        found = [each for each in taken["system"] if each["kind"] == kind]
        said = "; ".join(f"{each['where']}: {each['what']}" for each in found)
        do = found[0]["do"] if found else ""
        fresh = kind == "publication" and not any(each["files"] for each in taken["tables"])
        findings.append(Finding(check, not found, said or _well(taken, kind), do, not fresh))
    broken = [each for each in taken["troubles"] if each["state"] in BROKEN]
    named = ", ".join(f"{each['table']} {each['departement']}" for each in broken[:SHOWN])
    more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
    advice = "geo-pipeline run --resume"
    findings.append(Finding("tables", not broken, f"{named}{more}" or "none is broken", advice))
    return findings


def _well(taken: Mapping[str, Any], kind: str) -> str:
    """Return what to say of a kind of which nothing is wrong."""
    if kind == "home":
        return str(taken["home"])
    if kind == "publication" and taken["published_at"]:
        return str(taken["published_at"])
    if kind == "room" and taken["free_bytes"] is not None:
        return f"{taken['free_bytes'] / 1e9:.1f} GB free"
    return "nothing is wrong"


def _python() -> Finding:
    ok = PYTHON_FROM <= sys.version_info[:2] < PYTHON_BELOW
    return Finding("Python", ok, platform.python_version(), "install Python 3.11, 3.12 or 3.13")


def _spatial_extension() -> Finding:
    check = "DuckDB spatial"
    try:
        with spatial.connect() as connection:
            connection.execute("SELECT ST_Area(ST_MakeEnvelope(0, 0, 1, 1))")
    except GeoPipelineError as error:
        return Finding(check, False, "not there", str(error))
    origin = "from its wheel" if spatial.extension_path() else "as DuckDB installed it"
    return Finding(check, True, f"{duckdb.__version__}, {origin}", "")


def _embedded_data(settings: Settings) -> Finding:
    check = "embedded data"
    source = Bundled(settings.embedded_data)
    try:
        weather = source.weather_daily(CODES)
        source.crop_statistics(CODES)
        source.water_restrictions()
        source.boundaries()
        source.light_boundaries()
    except GeoPipelineError as error:
        return Finding(check, False, str(settings.embedded_data), str(error))
    first, last = weather["date"].min().date(), weather["date"].max().date()
    count = weather["departement"].nunique()
    return Finding(check, True, f"weather of {count} départements, {first} to {last}", "")


def _embedded_bytes(settings: Settings) -> Finding:
    """Return whether the embedded files are those that PROVENANCE.md tells of."""
    check, folder = "embedded files", settings.embedded_data
    try:
        changed = Bundled(folder).changed()
    except GeoPipelineError as error:
        return Finding(check, False, str(folder), str(error), needed=False)
    if changed:
        advice = f"unless that is meant: `git checkout -- assets_data` ({folder})"
        found = f"{', '.join(changed)}: not what PROVENANCE.md tells of"
        return Finding(check, False, found, advice, needed=False)
    return Finding(check, True, "as PROVENANCE.md tells", "", needed=False)


def _lake(settings: Settings) -> Finding:
    """Return whether every byte of the lake is as it was written, as far as that can be known."""
    check, lake = "lake", Lake(settings.lake)
    if damaged := list(unreadable(lake)):
        places = ", ".join(f"{each.table} {each.departement}" for each in damaged[:5])
        more = f" and {len(damaged) - 5} more" if len(damaged) > 5 else ""
        advice = "`geo-pipeline run --resume` writes them anew"
        return Finding(check, False, f"damaged: {places}{more}", advice, needed=False)
    files = [path for table in TABLES for path in lake.files(table)]
    old = sum(not opened(path).is_sealed for path in files)
    found = f"{len(files)} files, every byte as it was written"
    if old:
        found = f"{len(files)} files; {old} of before there were seals, until written again"
    return Finding(check, True, found, "", needed=False)


def _providers(settings: Settings) -> list[Finding]:
    """Return whether each provider answers; those that the settings choose must."""
    chosen = {
        settings.source,
        settings.history,
        settings.crops,
        settings.restrictions,
        settings.boundaries,
        settings.groundwater,
    }
    with ThreadPoolExecutor() as pool:
        return list(
            pool.map(lambda door: _provider(settings, door, door.name in chosen), doors(settings))
        )


class Door(NamedTuple):
    """What is asked of a provider to see whether it is there, and the key it needs."""

    name: str
    url: str
    setting: str
    key: SecretStr | None = None
    key_setting: str = ""


def doors(settings: Settings) -> list[Door]:
    """Return what is asked of each provider."""
    files = f"{settings.data_gouv_url.rstrip('/')}/api/1/datasets/"
    contours = settings.address("etalab_url")
    return [
        Door("open-meteo", settings.address("open_meteo_url"), "GEO_PIPELINE_OPEN_METEO_URL"),
        Door("meteo-france", f"{files}{meteo_france.DATASET}/", "GEO_PIPELINE_DATA_GOUV_URL"),
        Door(
            "meteo-france-api",
            f"{settings.address('meteo_france_api_url')}/liste-stations/quotidienne?id-departement=75",
            "GEO_PIPELINE_METEO_FRANCE_API_URL",
            settings.meteo_france_api_key,
            "GEO_PIPELINE_METEO_FRANCE_API_KEY",
        ),
        Door("sim2", f"{files}{sim2.DATASET}/", "GEO_PIPELINE_DATA_GOUV_URL"),
        Door("agreste", settings.agreste_url, "GEO_PIPELINE_AGRESTE_URL"),
        Door(
            "franceagrimer",
            settings.franceagrimer_url or franceagrimer.URL,
            "GEO_PIPELINE_FRANCEAGRIMER_URL",
        ),
        Door("vigieau", f"{settings.vigieau_url}/api/departements", "GEO_PIPELINE_VIGIEAU_URL"),
        Door(
            "hubeau",
            f"{settings.address('hubeau_url')}/v1/niveaux_nappes/stations?code_departement=75&size=1",
            "GEO_PIPELINE_HUBEAU_URL",
        ),
        Door("etalab", contours, "GEO_PIPELINE_ETALAB_URL"),
    ]


def _provider(settings: Settings, door: Door, chosen: bool) -> Finding:
    """Ask a provider once, and say when it was last heard."""
    check = f"provider {door.name}"
    if door.key_setting and door.key is None:
        advice = f"get a key (docs/sources/meteo_france_api.md) and set {door.key_setting}"
        return Finding(check, False, "no key", advice, needed=chosen)
    if not door.url:
        return Finding(check, False, "no address", f"set {door.setting}", needed=chosen)
    headers = {"apikey": door.key.get_secret_value()} if door.key is not None else None
    with Http(mirrors=settings.mirrors, contact=settings.contact) as http:
        probe = http.probe(door.url, source=door.name, headers=headers, timeout_s=PROBE_TIMEOUT_S)
    kept = [each.received_at for each in RawStore(settings.raw).all(door.name)]
    heard = f"; last received {max(kept):%Y-%m-%d %H:%M} UTC" if kept else ""
    # An archive that is asked nothing in particular answers 400: it is there.
    if probe.status is not None and probe.status < 500:
        dated = f", of {probe.last_modified:%Y-%m-%d}" if probe.last_modified else ""
        return Finding(check, True, f"answers in {probe.seconds:.1f} s{dated}{heard}", "")
    advice = f"check the network or a proxy, or set {door.setting}; --offline needs none"
    return Finding(check, False, f"{probe.error}{heard}", advice, needed=chosen)
