"""Blocks of départements: how derived tables are made, several départements at a time.

A file is kept if its provenance says that it was made from the same inputs as would be used now.
Assets that write a whole table at once are in `table_assets`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Final

import dagster as dg
import pandas as pd

from geo_pipeline.errors import GeoPipelineError, StorageError
from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime.table_assets import (
    apart,
    keep_partition,
    tell_failure,
    write_partitions,
)
from geo_pipeline.runtime.workspace import Workspace

Origin = Callable[[str], Provenance]

AT_ONCE: Final = 17
"""Départements whose daily rows are in memory at the same time: all of France are millions of rows.

Tables with few rows use larger blocks, since a balance of many départements takes hardly longer
than that of a few.
"""


def write_blocks(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    table: str,
    make: Callable[[Sequence[str]], pd.DataFrame],
    *,
    origin: Origin | None = None,
    at_once: int = AT_ONCE,
) -> None:
    """Write what `make` returns for the départements of this run; a failed one stops no other.

    `origin` returns the provenance of a département's rows, by default that of its weather. If it
    names all inputs (`Provenance.made_of`), files made from the same inputs are kept.
    """
    origin_of: Origin = origin or partial(workspace.lake.origin, "weather_daily")

    def refuse(code: str, error: GeoPipelineError) -> None:
        tell_failure(context, workspace, (table, code), "lake", error)

    for codes in _blocks(context, workspace, at_once):
        kept = [code for code in codes if _is_as_before(workspace, table, code, origin_of)]
        for code in kept:
            keep_partition(context, workspace, table, code)
        if to_make := [code for code in codes if code not in kept]:
            for block, frame in apart(make, to_make, refuse):
                write_partitions(context, workspace, table, frame, origin_of, codes=block)


def _blocks(
    context: dg.AssetExecutionContext, workspace: Workspace, at_once: int
) -> Iterator[list[str]]:
    """Yield the départements of this run that have weather, `at_once` at a time."""
    keys = [code for code in context.partition_keys if _has_weather(context, workspace, code)]
    for first in range(0, len(keys), at_once):
        yield keys[first : first + at_once]


def _has_weather(context: dg.AssetExecutionContext, workspace: Workspace, code: str) -> bool:
    """Return whether the lake has weather for a département; log it where there is none."""
    exists = workspace.lake.path("weather_daily", code).exists()
    if not exists:
        context.log.warning(f"département {code} has no weather yet: it is left out")
    return exists


def _is_as_before(workspace: Workspace, table: str, code: str, origin: Origin) -> bool:
    """Return whether the file of a partition was made from the inputs that it has now."""
    try:
        now = origin(code)
        return bool(now.made_of) and workspace.lake.footer(table, code).provenance == asdict(now)
    except StorageError:  # not there yet, or damaged
        return False
