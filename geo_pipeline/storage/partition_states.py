"""States of partitions, from the files of the lake alone: broken, held, missing, late, fresh.

Nothing is remembered here: what was repaired is gone at the next look.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

import pandas as pd

from geo_pipeline.errors import StorageError
from geo_pipeline.objects import Place
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import WHOLE, Failures
from geo_pipeline.storage.findings import READABLE, Finding, Findings
from geo_pipeline.storage.lake import Footer, Lake, partition
from geo_pipeline.tables import TABLES
from geo_pipeline.territory import CODES
from geo_pipeline.words import Message, joined, message, verbatim

STATES: Final = (
    "damaged", "held", "failed", "missing", "outdated", "late", "warned", "absent", "fresh",
    "archive", "present", "empty",
)  # fmt: skip
"""States of a partition, worst first. `missing`: its département has other tables. `outdated`: made
from files that were replaced since. `warned`: a check has a warning. `absent`: never requested.
`archive`: embedded data, never late. `present`: derived, as fresh as its inputs. `empty`: not
covered by the source."""

BROKEN: Final = STATES[:6]
"""The states that need an engineer."""

TROUBLES: Final = STATES[:7]
"""The states that need attention."""

State = Literal["failed", "held", "damaged", "missing", "outdated", "late"]

COLUMNS = {
    "table": "object",
    "departement": "object",
    "last_date": "datetime64[ns]",
    "fetched_at": "object",
    "age_days": "Int64",
    "limit_days": "Int64",
    "state": "object",
}
"""Columns of `freshness` and their types."""

LIVE: Final = ("weather_daily", "crop_statistics", "water_restrictions")
"""Tables whose data grow old."""


@dataclass(frozen=True)
class Broken:
    """A partition that needs an engineer; `departement` is `france` for a whole table.

    `failed`: its provider failed. `held`: a check found an error. `damaged`: its file cannot be
    read. `missing`: it was not written, or not by the last run that should have. `outdated`: it was
    made from files that were replaced since. `late`: its last data are older than the settings
    allow.
    """

    departement: str
    table: str
    state: State
    since: str
    """ISO time (UTC); for `late` the ISO date since which it has been late."""
    what: Message
    """In one line."""


def broken(settings: Settings, now: datetime, lake: Lake | None = None) -> list[Broken]:
    """Return what is broken in itself at `now` (with time zone), by département and table.

    What is missing beside other tables, or no longer agrees with them, is found by
    `storage/incomplete.py`. Both may share one `lake` for the same task (`Lake.at_once`).

    Raises:
        StorageError: the record of a failure or a finding cannot be read.
    """
    failed = [
        Broken(each.departement, each.table, "failed", each.failed_at, each.why)
        for each in Failures(settings.failures).all()
    ]
    lake = (lake or Lake(settings.lake)).at_once()
    found = [*failed, *_held(settings), *_damaged(lake), *_late(settings, now, lake)]
    return sorted(found, key=lambda each: (each.departement, each.table, each.state))


def freshness(
    settings: Settings,
    now: datetime,
    lake: Lake | None = None,
    *,
    tables: Collection[str] = LIVE,
    codes: Collection[str] = CODES,
) -> pd.DataFrame:
    """Return the freshness of weather, crops and restrictions at `now`, columns `COLUMNS`.

    The age of weather and restrictions counts from their last day (for weather, as seen from
    `until` where it is set), that of crops from when they were fetched. `state` is `absent` without
    a readable file, `empty` where the source does not cover the département, `archive` for the
    embedded data, which are never late, else `late` from `limit_days` on and `fresh` before.
    """
    lake, today = (lake or Lake(settings.lake)).at_once(), now.astimezone(UTC).date()
    rows = [
        _fresh(table, code, lake, settings, today)
        for table in LIVE
        if table in tables
        for code in (codes if TABLES[table].partitioned else (None,))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


@dataclass(frozen=True)
class Damaged:
    """A file of the lake that exists and cannot be read; `departement` is `france` for all."""

    table: str
    departement: str
    path: Place
    why: Message
    since: str
    """ISO time (UTC) of its last writing."""


def unreadable(
    lake: Lake, tables: Iterable[str] = TABLES, codes: Collection[str] | None = None
) -> Iterator[Damaged]:
    """Yield the damaged files of `tables`, after checking every byte of each.

    With `codes` only the partitions of these départements and the unpartitioned tables are checked.
    """
    for table in tables:
        for path in lake.files(table):
            code = partition(path)
            if code is not None and codes is not None and code not in codes:
                continue
            if (damage := lake.inspect(path).damage) is not None:
                changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                since = changed.isoformat(timespec="seconds")
                yield Damaged(table, code or WHOLE, path, verbatim(damage), since)


def _held(settings: Settings) -> Iterator[Broken]:
    """Yield the partitions that findings hold back, each with its first error."""
    held: dict[tuple[str, str], list[Finding]] = {}
    for each in Findings(settings.findings).all():
        if each.severity == "error" and each.check != READABLE:
            held.setdefault((each.departement, each.table), []).append(each)
    for (departement, table), findings in held.items():
        since = min(each.found_at for each in findings)
        what = joined([of_check(each) for each in findings])
        yield Broken(departement, table, "held", since, what)


def of_check(finding: Finding) -> Message:
    """Return what was found, with the name of the check."""
    return message("states.of_check", check=finding.check, what=finding.what)


def _damaged(lake: Lake) -> Iterator[Broken]:
    """Yield the damaged files."""
    for found in unreadable(lake):
        yield Broken(found.departement, found.table, "damaged", found.since, found.why)


def _late(settings: Settings, now: datetime, lake: Lake) -> Iterator[Broken]:
    rows = freshness(settings, now, lake)
    today = now.astimezone(UTC).date()
    for row in rows[rows["state"] == "late"].to_dict("records"):
        if pd.isna(row["age_days"]):
            what = message("states.no_age")
            yield Broken(row["departement"], row["table"], "late", today.isoformat(), what)
            continue
        since = today - timedelta(days=int(row["age_days"] - row["limit_days"]))
        if row["table"] == "crop_statistics":
            newest = message("states.fetched", at=row["fetched_at"])
        else:
            newest = message("states.last_day", day=row["last_date"].date())
        what = message(
            "states.late", newest=newest, days=int(row["age_days"]), limit=int(row["limit_days"])
        )
        yield Broken(row["departement"], row["table"], "late", since.isoformat(), what)


def _fresh(
    table: str, code: str | None, lake: Lake, settings: Settings, today: date
) -> dict[str, object]:
    """Return a row of `freshness`."""
    limit = {
        "weather_daily": settings.weather_stale_days,
        "crop_statistics": settings.crops_stale_days,
        "water_restrictions": settings.restrictions_stale_days,
    }[table]
    row: dict[str, object] = {
        "table": table,
        "departement": code or WHOLE,
        "last_date": None,
        "fetched_at": None,
        "age_days": None,
        "limit_days": limit,
    }
    try:
        known = lake.footer(table, code)
    except StorageError:
        return row | {"state": "absent"}
    row |= {"last_date": known.last_date, "fetched_at": known.provenance.get("fetched_at") or None}
    if known.rows == 0:
        return row | {"state": "empty"}
    age = _age_days(table, known, settings, today)
    row["age_days"] = age
    if _is_archive(known):
        return row | {"state": "archive"}
    return row | {"state": "late" if age is None or age >= limit else "fresh"}


def _age_days(table: str, known: Footer, settings: Settings, today: date) -> int | None:
    """Return the age of the rows of a file in days; None where the file does not say."""
    if table == "crop_statistics":
        fetched = known.provenance.get("fetched_at", "")
        return (today - date.fromisoformat(fetched[:10])).days if fetched else None
    if table == "weather_daily" and settings.until is not None:
        today = min(today, settings.until)
    return (today - known.last_date).days if known.last_date is not None else None


def _is_archive(known: Footer) -> bool:
    """Return whether all the rows are data that ship with the project."""
    sources = known.provenance.get("source", "").split(", ")
    return all(source.split(":")[0] == "bundled" for source in sources)
