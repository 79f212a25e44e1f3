"""Blocks of départements: how derived tables are made, several départements at a time.

A file is kept if its provenance says that it was made from the same inputs as would be used now.
Assets that write a whole table at once are in `table_assets`.
"""

import os
from collections.abc import Sequence
from functools import partial
from typing import Final

import dagster as dg

from geo_pipeline import processes
from geo_pipeline.errors import StorageError
from geo_pipeline.runtime.making import Make, Making, Origin, Refused
from geo_pipeline.runtime.table_assets import keep_partition, report_partition, tell_failure
from geo_pipeline.runtime.workspace import Workspace

AT_ONCE: Final = 17
"""Départements whose daily rows are in memory at the same time: all of France are millions of rows.

Tables with few rows use larger blocks, since a balance of many départements takes hardly longer
than that of a few.
"""

DAYS_AT_ONCE: Final = 85_000
"""Days of weather of all départements that a worker process, or this one in their place, has in
memory at the same time: `AT_ONCE` départements with a dozen years."""

DAYS_FOR_PROCESSES: Final = 400_000
"""Days of weather from which processes save more time than they take to start."""


def write_blocks(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    table: str,
    make: Make,
    *,
    origin: Origin | None = None,
    at_once: int = AT_ONCE,
    days_at_once: int | None = None,
    in_processes: bool = False,
) -> None:
    """Write what `make` returns for the départements of this run; a failed one stops no other.

    `origin` returns the provenance of a département's rows, by default that of its weather. If it
    names all inputs (`Provenance.made_of`), files made from the same inputs are kept. `at_once` are
    the most départements of a block; long records make it smaller: `days_at_once` are the most days
    of weather of its départements together. With `in_processes`, `make` and `origin` are picklable,
    and long records are made in processes.
    """
    origin_of: Origin = origin or partial(workspace.lake.origin, "weather_daily")
    to_make = []
    for code in context.partition_keys:
        if not _has_weather(context, workspace, code):
            continue
        if _is_as_before(workspace, table, code, origin_of):
            keep_partition(context, workspace, table, code)
        else:
            to_make.append(code)
    count = 1
    days = _days(workspace, to_make) if in_processes or days_at_once else 0
    if in_processes:
        days_at_once = DAYS_AT_ONCE
        if days >= DAYS_FOR_PROCESSES:
            count = workspace.settings.processes or os.cpu_count() or 1
    if days_at_once is not None and days:
        at_once = min(at_once, max(days_at_once * len(to_make) // days, 1))
    blocks = [to_make[first : first + at_once] for first in range(0, len(to_make), at_once)]
    making = Making(workspace.lake, table, make, origin_of)
    for outcomes in processes.mapped(making, blocks, count):
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                failed = table, outcome.code
                tell_failure(context, workspace, failed, "lake", outcome.error)
            else:
                report_partition(context, workspace, table, outcome)


def _days(workspace: Workspace, codes: Sequence[str]) -> int:
    """Return the days of weather of all `codes`."""
    days = 0
    for code in codes:
        try:
            days += workspace.lake.footer("weather_daily", code).rows
        except StorageError:  # damaged, which is told when it is read
            continue
    return days


def _has_weather(context: dg.AssetExecutionContext, workspace: Workspace, code: str) -> bool:
    """Return whether the lake has weather for a département; log it where there is none."""
    exists = workspace.lake.path("weather_daily", code).exists()
    if not exists:
        context.log.warning(f"département {code} has no weather yet: it is left out")
    return exists


def _is_as_before(workspace: Workspace, table: str, code: str, origin: Origin) -> bool:
    """Return whether the file of a partition was made from the inputs that it has now."""
    try:
        before = workspace.lake.footer(table, code).provenance
        now = origin(code)
    except StorageError:  # not there yet, or damaged
        return False
    return bool(now.made_of) and before == now.recorded()
