"""Tables of départements made from others of the lake, some départements at a time.

Where a file says that it was made of just what would be taken now, it is kept as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Final

import dagster as dg
import pandas as pd

from geo_pipeline.errors import GeoPipelineError, StorageError
from geo_pipeline.runtime.table_assets import (
    apart,
    keep_partition,
    tell_failure,
    write_partitions,
)
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.schemas import Provenance

Origin = Callable[[str], Provenance]

AT_ONCE: Final = 17
"""Départements whose days are in memory at a time: millions of rows for the whole of France.

Where little is kept of each they may be more: a balance of many takes hardly longer than of few.
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

    `origin` tells what each is made of, the weather unless it says more; where it says so wholly
    (`Provenance.made_of`), files that were made of the same are kept.
    """
    of: Origin = origin or partial(workspace.lake.origin, "weather_daily")

    def refuse(code: str, error: GeoPipelineError) -> None:
        tell_failure(context, workspace, (table, code), "lake", error)

    for codes in _blocks(context, workspace, at_once):
        kept = [code for code in codes if _is_as_before(workspace, table, code, of)]
        for code in kept:
            keep_partition(context, workspace, table, code)
        if others := [code for code in codes if code not in kept]:
            for some, frame in apart(make, others, refuse):
                write_partitions(context, workspace, table, frame, of, codes=some)


def _blocks(
    context: dg.AssetExecutionContext, workspace: Workspace, at_once: int
) -> Iterator[list[str]]:
    """Yield the départements of this run that have weather, `at_once` at a time."""
    keys = [code for code in context.partition_keys if _has_weather(context, workspace, code)]
    for first in range(0, len(keys), at_once):
        yield keys[first : first + at_once]


def _has_weather(context: dg.AssetExecutionContext, workspace: Workspace, code: str) -> bool:
    """Return whether the lake has weather for a département; log it where there is none."""
    there = workspace.lake.path("weather_daily", code).exists()
    if not there:
        context.log.warning(f"département {code} has no weather yet: it is left out")
    return there


def _is_as_before(workspace: Workspace, table: str, code: str, origin: Origin) -> bool:
    """Return whether the file of a partition was made of just what it would be made of now."""
    try:
        told = origin(code)
        return bool(told.made_of) and workspace.lake.footer(table, code).provenance == asdict(told)
    except StorageError:  # not there yet, or damaged
        return False
