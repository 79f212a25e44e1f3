"""Providers of observations: one module each, payload in, schema'd frame out.

A source is chosen by its name (`GEO_PIPELINE_SOURCE`, `--source`); nothing here knows Dagster or
DuckDB.
"""

from pathlib import Path

from geo_pipeline.errors import UsageError
from geo_pipeline.sources.bundled import Bundled

SOURCES = ("bundled",)


def check_source(name: str) -> None:
    """Raise UsageError unless there is a source called `name`."""
    if name not in SOURCES:
        raise UsageError(f"unknown source '{name}': choose one of {', '.join(SOURCES)}")


def open_source(name: str, embedded_data: Path) -> Bundled:
    """Return the source called `name`.

    Raises:
        UsageError: there is no such source.
    """
    check_source(name)
    return Bundled(embedded_data)
