"""What `geo-pipeline doctor` looks at: whether this installation can do its work."""

import os
import platform
import sys
from typing import NamedTuple

import duckdb

from geo_pipeline.departements import CODES
from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.settings import Settings
from geo_pipeline.sources import open_source
from geo_pipeline.storage import spatial
from geo_pipeline.storage.warehouse import Warehouse

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
        _home(settings),
        _publication(settings),
    ]


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
    source = open_source("bundled", settings.embedded_data)
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


def _home(settings: Settings) -> Finding:
    nearest = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    ok = nearest.is_dir() and os.access(nearest, os.W_OK)
    return Finding(
        "home folder", ok, str(settings.home), "set GEO_PIPELINE_HOME to a folder of yours"
    )


def _publication(settings: Settings) -> Finding:
    check = "publication"
    try:
        published = Warehouse(settings.warehouse).query("publication_date")["published_at"].iloc[0]
    except GeoPipelineError as error:
        return Finding(check, False, "none", str(error), needed=False)
    return Finding(check, True, f"{published:%Y-%m-%d %H:%M} UTC", "", needed=False)
