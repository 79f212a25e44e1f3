"""`geo-pipeline doctor`: checks of the installation, its home and each provider."""

import platform
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, NamedTuple
from uuid import uuid4

import duckdb

from geo_pipeline.errors import GeoPipelineError, SourceError
from geo_pipeline.objects import ObjectPath
from geo_pipeline.providers import KINDS, LIVE, Provider
from geo_pipeline.seal import opened
from geo_pipeline.settings import Settings
from geo_pipeline.settings_reading import variable
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.questions import told
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.spatial import database
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.partition_states import BROKEN, unreadable
from geo_pipeline.stores import ChangedError
from geo_pipeline.tables import TABLES
from geo_pipeline.territory import CODES

PROBE_TIMEOUT_S = 5.0
SHOWN = 5
"""Tables named in a finding; of more only the number is shown."""

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
"""The name of the finding for each kind of trouble of a home."""

PYTHON_FROM, PYTHON_BELOW = (3, 11), (3, 14)


class Finding(NamedTuple):
    """One finding: what was found, and what to do unless `ok`; a `needed` one must be ok."""

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
        *_store(settings),
        *_broker(settings),
        _lake(settings),
        *providers(settings),
    ]


def of_home(taken: Mapping[str, Any]) -> list[Finding]:
    """Return a finding for each kind of trouble that a home may have, from its snapshot."""
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
    """Return the text for a kind of trouble of which there is none."""
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
        with database.connect() as connection:
            connection.execute("SELECT ST_Area(ST_MakeEnvelope(0, 0, 1, 1))")
    except GeoPipelineError as error:
        return Finding(check, False, "not there", str(error))
    origin = "from its wheel" if database.extension_path() else "as DuckDB installed it"
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
    """Return whether the embedded files are those listed in PROVENANCE.md."""
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


def _store(settings: Settings) -> Iterator[Finding]:
    """Yield whether the object store, where there is one, does what is asked of it."""
    shared = settings.shared
    if not isinstance(shared, ObjectPath):
        return
    check = "object store"
    probe = shared / ".doctor" / uuid4().hex
    try:
        with probe.replacing(None) as temporary:
            temporary.write_bytes(b"1")
        there = [each.key for each in (shared / ".doctor").glob(probe.name)]
        if there != [probe.key] or probe.read_bytes() != b"1":
            yield Finding(check, False, f"{shared} does not give what was put", "see its own log")
        try:
            with probe.replacing(None) as temporary:
                temporary.write_bytes(b"2")
            kept = "ignores If-None-Match: of two publications at once the last one wins"
        except ChangedError:
            kept = "keeps the conditions of a PUT"
        with database.in_place(shared.access) as connection:
            connection.execute("SELECT count(*) FROM read_blob($address)", {"address": str(probe)})
    except GeoPipelineError as error:
        yield Finding(check, False, str(shared), str(error))
        return
    except duckdb.Error as error:
        why = str(error).splitlines()[0]
        advice = "only queries on the store itself need it: give its keys in settings"
        yield Finding("DuckDB httpfs", False, why, advice, needed=False)
    finally:
        with suppress(GeoPipelineError):
            probe.unlink(missing_ok=True)
    yield Finding(check, True, f"{shared} {kept}", "")


def _broker(settings: Settings) -> Iterator[Finding]:
    """Yield whether the broker, where there is one, answers, and which workers do."""
    if not settings.broker_url:
        return
    check = "broker"
    # Loads Dagster, and is needed with several machines alone.
    from geo_pipeline.platform.live_runs import celery_runs  # noqa: PLC0415

    try:
        by_celery = celery_runs()
        app = by_celery.application(settings)
        by_celery.require_answer(app)
        workers = by_celery.heard(app)
    except GeoPipelineError as error:
        yield Finding(check, False, "not usable", str(error))
        return
    found = f"workers that answer: {', '.join(workers)}" if workers else "no worker answers"
    yield Finding(check, bool(workers), found, "start one: geo-pipeline worker")


def _lake(settings: Settings) -> Finding:
    """Return whether every byte of the lake is as it was written, where seals can prove it."""
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


def providers(settings: Settings) -> list[Finding]:
    """Return whether each provider answers as it should; a failure of a chosen one counts."""
    chosen = {getattr(settings, setting) for setting in KINDS}
    for each in LIVE:
        _ = each.module  # threads that import modules of one room at once may find half of one
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda each: _provider(settings, each, each.name in chosen), LIVE))


def _provider(settings: Settings, provider: Provider, chosen: bool) -> Finding:
    """Ask a provider its smallest real question, and report when it last answered."""
    check = f"provider {provider.name}"
    if provider.key and getattr(settings, provider.key) is None:
        page = f"docs/sources/{provider.name.replace('-', '_')}.md"
        advice = f"get a key ({page}) and set {variable(provider.key)}"
        return Finding(check, False, "no key", advice, needed=chosen)
    kept = [
        each.received_at for each in RawStore(settings.raw, settings.shared_raw).all(provider.name)
    ]
    heard = f"; last received {max(kept):%Y-%m-%d %H:%M} UTC" if kept else ""
    started = time.monotonic()
    with Http(
        mirrors=settings.mirrors,
        contact=settings.contact,
        connect_timeout_s=PROBE_TIMEOUT_S,
        read_timeout_s=PROBE_TIMEOUT_S,
        attempts=1,
    ) as http:
        try:
            provider.module.ask(http, settings)
        except SourceError as error:
            url = str(getattr(settings, provider.address))
            found, advice = told(provider, url, error)
            return Finding(check, False, f"{found}{heard}", advice, needed=chosen)
    return Finding(check, True, f"answers in {time.monotonic() - started:.1f} s{heard}", "")
