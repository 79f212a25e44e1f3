"""Monitoring: one snapshot of the state of the pipeline, from Dagster's records and the lake.

`monitoring_files` writes it; `known_records` holds the content of Dagster's records. Nothing here
imports Dagster unless its records must be read.
"""

import logging
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from geo_pipeline import logs, notes
from geo_pipeline.automation import troubles
from geo_pipeline.automation.known_records import NOTHING, Known, kept
from geo_pipeline.automation.troubles import Trouble
from geo_pipeline.errors import DamagedError, NotPublishedError, StorageError
from geo_pipeline.objects import Place
from geo_pipeline.platform import configuration, run_locks
from geo_pipeline.settings import Settings
from geo_pipeline.storage import partition_states
from geo_pipeline.storage.failures import WHOLE, Failures, reason, short
from geo_pipeline.storage.findings import Finding, Findings
from geo_pipeline.storage.incomplete import incomplete, written_at
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.partition_states import BROKEN, STATES, TROUBLES, of_check
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.tables import DERIVED, chosen
from geo_pipeline.territory import BY_CODE, CODES
from geo_pipeline.words import joined, message

if TYPE_CHECKING:
    import dagster as dg

VOLUMES: Final = "volumes.json"

VERSION: Final = 3
"""Version of the content of `pipeline.json`."""

_log = logging.getLogger(__name__)


def snapshot(
    settings: Settings,
    instance: "dg.DagsterInstance | None",
    now: datetime,
    unreadable: Sequence[Trouble] = (),
    asked_by: str | None = None,
) -> dict[str, Any]:
    """Return the state of the pipeline at `now` (`snapshot_of`), with Dagster's records.

    Without an instance nothing is known of the records; `unreadable` says why there is none. The
    run `asked_by` counts as finished, although it is still recorded as under way.

    Raises:
        RecordsError: Dagster's records hold values that it cannot have written.
    """
    if instance is None:
        return snapshot_of(settings, NOTHING, now, unreadable)
    # Slow to import, and not needed where there are no records.
    from geo_pipeline.automation import dagster_records  # noqa: PLC0415

    return snapshot_of(settings, dagster_records.read(instance, now, asked_by), now, unreadable)


def snapshot_of(
    settings: Settings,
    known: Known,
    now: datetime,
    unreadable: Sequence[Trouble] = (),
    lake: Lake | None = None,
) -> dict[str, Any]:
    """Return the state of the pipeline at `now`; times are ISO texts, UTC.

    The result is ready for JSON except for the messages in it, which `words.keep_all` converts.

    `troubles` lists what is wrong with a table of a département or of France, `system` what is
    wrong with everything else; together they are complete. Where Dagster's records are not known,
    the parts that come from them (`runs`, `daemons`, `checks`...) are empty.
    """
    nothing = known is NOTHING
    under_way = known.under_way or (nothing and run_locks.any_held(troubles.dagster_home(settings)))
    lake = (lake or Lake(settings.lake)).at_once()
    partitions = _partitions(settings, known, now, lake, all_due=nothing and under_way)
    with closing(Warehouse(settings.warehouse)) as warehouse:
        of_files = troubles.of_files(settings, under_way, lake, warehouse)
        published_at = _published_at(warehouse)
    system = [*of_files, *unreadable, *known.system]
    return {
        "version": VERSION,
        "made_at": _iso(now),
        "home": str(settings.home),
        "source": settings.source,
        "published_at": published_at,
        "published_bytes": _size(settings.warehouse),
        "free_bytes": _free(settings.home),
        "tables": _tables(partitions),
        "departements": _departements(partitions),
        "partitions": partitions,
        "troubles": _troubles(partitions),
        "system": [vars(each) for each in troubles.in_order(system)],
        "failures": [vars(each) for each in Failures(settings.failures).all()],
        "findings": [vars(each) for each in Findings(settings.findings).all()],
        **known.content,
        "volumes": volumes(settings),
    }


def is_wrong(taken: Mapping[str, Any]) -> bool:
    """Return whether a snapshot contains anything that needs action; warnings do not."""
    return bool(taken["system"]) or any(each["state"] in BROKEN for each in taken["troubles"])


def current_snapshot(settings: Settings) -> tuple[dict[str, Any], str | None]:
    """Return a snapshot without writing it, and why Dagster's part is missing, or None."""
    now, home = datetime.now(UTC), troubles.dagster_home(settings)
    if not (home / configuration.NAME).exists():
        return snapshot_of(settings, NOTHING, now), None
    known = kept(settings, home)
    if known is not None:
        return snapshot_of(settings, known, now), None
    # Slow to import, and not needed while the records are unchanged.
    from geo_pipeline.automation.record_troubles import of_damage, of_error  # noqa: PLC0415
    from geo_pipeline.platform.instance import open_instance  # noqa: PLC0415

    damaged = of_damage(settings, home)
    if damaged:
        why = f"Dagster's records in {home} cannot be read"
        return snapshot_of(settings, NOTHING, now, damaged), why
    try:
        with open_instance(settings) as instance:
            return snapshot(settings, instance, now), None
    except StorageError as error:
        beside = [of_error(settings, home, error)]
        return snapshot_of(settings, NOTHING, now, beside), str(error)


def volumes(settings: Settings) -> list[dict[str, Any]]:
    """Return rows and bytes through time, a row for each change: `at`, and both by table."""
    try:
        known: list[dict[str, Any]] = notes.read(settings.monitoring / VOLUMES)
    except FileNotFoundError:
        return []
    except DamagedError as error:
        _log.warning("%s is begun anew", VOLUMES, extra=logs.about(error=error))
        return []
    return known


# --------------------------------------------------------------------------------------------
# The lake
# --------------------------------------------------------------------------------------------


def _partitions(
    settings: Settings, known: Known, now: datetime, lake: Lake, *, all_due: bool
) -> list[dict[str, Any]]:
    """Return a row for each partition that exists or should; whole tables are `france`.

    A partition that a run under way will make is not reported as missing. With `all_due` none is.
    """
    fresh = partition_states.freshness(settings, now, lake).set_index(["table", "departement"])
    ages = dict(zip(fresh.index, fresh.to_dict("records"), strict=True))
    in_itself = partition_states.broken(settings, now, lake)
    lacking = [] if all_due else incomplete(settings, in_itself, lake)
    beside = [] if all_due else [*lacking, *_interrupted(known, in_itself, now, lake)]
    due = known.codes_under_way | ({WHOLE} if known.under_way else set())
    broken = _worst([*in_itself, *(each for each in beside if each.departement not in due)])
    warned = _warned(Findings(settings.findings))
    made = {(each.table, each.departement): each for each in known.made}
    rows = []
    for table, code in (
        (each.name, code)
        for each in chosen(settings)
        for code in (CODES if each.partitioned else (WHOLE,))
    ):
        row = _file(lake, table, code)
        age = ages.get((table, code))
        if age is not None:
            row["age_days"] = None if pd.isna(age["age_days"]) else int(age["age_days"])
            row["limit_days"] = int(age["limit_days"])
            if row["state"] == "present":
                row["state"] = age["state"]
        trouble = broken.get((table, code)) or warned.get((table, code))
        if trouble is not None:
            row |= trouble
        last = made.get((table, code))
        if last is not None:
            row["materialized_at"] = last.at
            row["run_id"] = last.run_id
            row["seconds"] = last.seconds
        rows.append(row)
    return rows


def _interrupted(
    known: Known, in_itself: Sequence[partition_states.Broken], now: datetime, lake: Lake
) -> list[partition_states.Broken]:
    """Return partitions that finished runs should have written, unless their weather explains
    it."""
    asked_again = {each.departement for each in in_itself if each.table == "weather_daily"}
    return [
        partition_states.Broken(
            each.departement,
            each.table,
            "missing",
            _iso(now),
            message("monitoring.ended_before", run=each.run_id[:8]),
        )
        for each in known.attempts
        if written_at(lake.path(each.table, each.departement)) < each.created_at_s
        and (each.table not in DERIVED or each.departement not in asked_again)
    ]


def _file(lake: Lake, table: str, code: str) -> dict[str, Any]:
    """Return what is known of a file of the lake from its footer."""
    path = lake.path(table, None if code == WHOLE else code)
    row: dict[str, Any] = {
        "table": table,
        "departement": code,
        "name": "France" if code == WHOLE else BY_CODE[code].name,
        "state": "absent",
        "rows": None,
        "bytes": _size(path),
        "first_date": None,
        "last_date": None,
        "source": None,
        "url": None,
        "sha256": None,
        "fetched_at": None,
        "age_days": None,
        "limit_days": None,
        "since": None,
        "what": None,
        "written_at": None,
        "materialized_at": None,
        "run_id": None,
        "seconds": None,
    }
    try:
        known = lake.footer(table, None if code == WHOLE else code)
    except StorageError:  # reported among the broken partitions
        return row
    return row | {
        "state": "present" if known.rows else "empty",
        "rows": known.rows,
        "first_date": None if known.first_date is None else known.first_date.isoformat(),
        "last_date": None if known.last_date is None else known.last_date.isoformat(),
        **{name: known.provenance.get(name) for name in ("source", "url", "sha256", "fetched_at")},
        "written_at": _iso(datetime.fromtimestamp(path.stat().st_mtime, UTC)),
    }


def _worst(broken: Sequence[partition_states.Broken]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the worst trouble of each partition."""
    found: dict[tuple[str, str], list[partition_states.Broken]] = {}
    for each in sorted(broken, key=lambda one: STATES.index(one.state)):
        alike = found.setdefault((each.table, each.departement), [])
        if not alike or alike[0].state == each.state:
            alike.append(each)
    return {
        place: {
            "state": alike[0].state,
            "since": alike[0].since,
            "what": joined(each.what for each in alike),
        }
        for place, alike in found.items()
    }


def _warned(findings: Findings) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the partitions for which a check has a warning."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for each in findings.all():
        if each.severity == "warning":
            found.setdefault((each.table, each.departement), []).append(each)
    return {
        place: {
            "state": "warned",
            "since": min(each.found_at for each in warnings),
            "what": joined(of_check(each) for each in warnings),
        }
        for place, warnings in found.items()
    }


def _tables(partitions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the totals of each table."""
    summed = []
    for table in dict.fromkeys(str(row["table"]) for row in partitions):
        rows = [row for row in partitions if row["table"] == table]
        states = Counter(row["state"] for row in rows)
        summed.append(
            {
                "table": table,
                "expected": len(rows),
                "files": sum(row["bytes"] is not None for row in rows),
                "rows": sum(row["rows"] or 0 for row in rows),
                "bytes": sum(row["bytes"] or 0 for row in rows),
                "first_date": min((r["first_date"] for r in rows if r["first_date"]), default=None),
                "last_date": max((r["last_date"] for r in rows if r["last_date"]), default=None),
                "written_at": max((r["written_at"] for r in rows if r["written_at"]), default=None),
                "states": {state: states[state] for state in STATES if state in states},
            }
        )
    return summed


def _departements(partitions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each département with the worst state of its tables, and its weather's last day.

    Where nothing is wrong the state is that of its weather, from which the other tables are made.
    """
    by_code: dict[str, list[Mapping[str, Any]]] = {code: [] for code in CODES}
    for row in partitions:
        if row["departement"] in by_code:
            by_code[row["departement"]].append(row)
    found = []
    for code, rows in by_code.items():
        weather = next(row for row in rows if row["table"] == "weather_daily")
        worst = min(rows, key=lambda row: STATES.index(row["state"]))
        lead = worst if STATES.index(worst["state"]) <= STATES.index("absent") else weather
        found.append(
            {
                "departement": code,
                "name": BY_CODE[code].name,
                "region": BY_CODE[code].region,
                "state": lead["state"],
                "table": lead["table"],
                "since": lead["since"],
                "what": lead["what"],
                "last_date": weather["last_date"],
                "age_days": weather["age_days"],
                "limit_days": weather["limit_days"],
                "source": weather["source"],
                "rows": sum(row["rows"] or 0 for row in rows),
                "bytes": sum(row["bytes"] or 0 for row in rows),
                "written_at": max(
                    (row["written_at"] for row in rows if row["written_at"]), default=None
                ),
            }
        )
    return found


def _troubles(partitions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the partitions that need attention, the worst first."""
    found = [_trouble(row) for row in partitions if row["state"] in TROUBLES]
    return sorted(found, key=lambda each: STATES.index(each["state"]))


def _trouble(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is wrong with a partition, and the command that repairs it."""
    names = ("departement", "name", "table", "state", "since", "what", "last_date", "limit_days")
    if row["state"] == "warned":
        do = f"geo-pipeline status --departement {row['departement']}"
        do = "geo-pipeline status" if row["departement"] == WHOLE else do
    elif row["departement"] != WHOLE:
        do = f"geo-pipeline materialize {row['departement']}"
    else:
        do = troubles.RESUME
    what, code = str(row["what"] or ""), row["departement"]
    return {
        **{name: row[name] for name in names},
        "short": short(what),
        "reason": reason(what, code),
        "do": do,
    }


# --------------------------------------------------------------------------------------------
# Small things
# --------------------------------------------------------------------------------------------


def _published_at(warehouse: Warehouse) -> str | None:
    try:
        at = warehouse.query("publication_date")["published_at"].iloc[0]
    except NotPublishedError:
        return None
    except StorageError as error:
        _log.warning("the publication cannot be read", extra=logs.about(error=error))
        return None
    return _iso(at.to_pydatetime().astimezone(UTC))


def _free(home: Path) -> int | None:
    try:
        return shutil.disk_usage(home).free
    except OSError:
        return None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _size(path: Place) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
