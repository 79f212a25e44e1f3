"""Incomplete partitions: tables that a département lacks, or that were made from older files.

The files show it: a derived file names the SHA-256 of what it was made from. Files that are broken
in themselves are found by `partition_states`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from geo_pipeline.errors import StorageError
from geo_pipeline.objects import Place, below, listing
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.storage.lake import (
    Lake,
    partition,
)
from geo_pipeline.storage.needed_days import needed_until
from geo_pipeline.storage.partition_states import Broken
from geo_pipeline.tables import DERIVED, SUMMED, TABLES, Table, chosen
from geo_pipeline.territory import CODES
from geo_pipeline.words import message


def incomplete(
    settings: Settings, broken: Sequence[Broken], lake: Lake | None = None
) -> list[Broken]:
    """Return the `missing` and `outdated` partitions, besides those already known as `broken`.

    A département without any file was never requested. Where its weather is missing, failed or
    damaged, the tables derived from it are not reported: they come with the weather.
    """
    lake = (lake or Lake(settings.lake)).at_once()
    expected = _expected(settings, lake)
    tables = [each.name for each in expected if each.partitioned]
    begun = {partition(path) for table in tables for path in lake.files(table)}
    known = {(each.table, each.departement) for each in broken if each.state != "late"}
    found: list[Broken] = []
    for code in (each for each in CODES if each in begun):
        has_weather = lake.path("weather_daily", code).exists()
        follows = has_weather and ("weather_daily", code) not in known
        asked = [table for table in tables if follows or table not in DERIVED]
        found += _lacking(lake, asked, code)
        if follows:
            found += _made_from_others(lake, DERIVED, code)
    if begun:
        whole = [each.name for each in expected if not each.partitioned]
        found += _lacking(lake, whole, None)
        found += _made_from_others(lake, whole, None)
        left_out = {each.departement for each in broken if each.state in ("held", "damaged")}
        for table in SUMMED:
            found += _made_from_other_files(lake, table, left_out)
    return [each for each in found if (each.table, each.departement) not in known]


def _expected(settings: Settings, lake: Lake) -> list[Table]:
    """Return the tables that the lake should have: forecasts from the first one on.

    A lake without any has a first map (`jobs.FIRST_MAP`), which forecasts follow. Those that a run
    was to write are known from Dagster's records.
    """
    tables = chosen(settings)
    if any(lake.files(each.name) for each in tables if each.foretells):
        return list(tables)
    return [each for each in tables if not each.foretells]


def _lacking(lake: Lake, tables: Sequence[str], code: str | None) -> Iterator[Broken]:
    """Yield those of `tables` that do not exist, since the last of the others was written."""
    pattern = "*/part.parquet" if code is None else f"*/departement={code}/part.parquet"
    for table in tables:
        if not lake.path(table, code).exists():
            since = max(map(written_at, listing(lake.root, pattern)), default=0.0)
            what = message("incomplete.not_written")
            yield Broken(code or WHOLE, table, "missing", _iso(since), what)


def _made_from_others(lake: Lake, tables: Sequence[str], code: str | None) -> Iterator[Broken]:
    """Yield those of `tables` made from a file of the lake that has since been replaced."""
    for table in tables:
        try:
            made = lake.footer(table, code).provenance
            path = lake.root / made.get("url", "")
            if path.name != "part.parquet" or _is_made_from(lake, table, made, path):
                continue
        except StorageError:  # missing or damaged, which is reported, or being written now
            continue
        origin = below(path, lake.root).partition("/")[0]
        what = message("incomplete.made_from_another", table=origin)
        yield Broken(code or WHOLE, table, "outdated", _iso(written_at(path)), what)


def _is_made_from(lake: Lake, table: str, made: Mapping[str, str], path: Place) -> bool:
    """Return whether `table` was made from the file at `path` as it is, or the part it needs."""
    found = lake.inspect(path)
    until = needed_until(table, found.footer)
    if until is None:
        return made.get("sha256") == found.sha256
    day = until.isoformat()
    return made.get("until") == day and made.get("sha256") == lake.digest_until(path, day)


def _made_from_other_files(lake: Lake, table: str, left_out: Collection[str]) -> Iterator[Broken]:
    """Yield a table of all départements where it was made from other files than exist now.

    Départements that are `left_out` now may have been included when it was made.
    """
    try:
        made = lake.footer(table).provenance
    except StorageError:  # missing or damaged, which is reported
        return
    inputs = [each for each in made.get("url", "").split(", ") if each in TABLES]
    for without in (left_out, ()):
        try:
            if lake.joint_origin(inputs, without).sha256 == made.get("sha256"):
                return
        except StorageError:  # the file of a département that is left out is damaged
            continue
    since = max(written_at(path) for each in inputs for path in lake.files(each))
    what = message("incomplete.made_from_other_files")
    yield Broken(WHOLE, table, "outdated", _iso(since), what)


def written_at(path: Place) -> float:
    """Return when a file was written, in seconds since 1970; 0 where there is none."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")
