"""Whole tables as files: every table that is published, as the data dictionary describes it.

The values behind a map are in `table_files`. Tables too large to publish are read from the lake,
one département after the other.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from geo_pipeline.errors import UsageError
from geo_pipeline.files import replacing
from geo_pipeline.storage import lake as lake_files
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import ONLY_READ, Warehouse
from geo_pipeline.tables import PUBLISHED, TABLES
from geo_pipeline.words import message

FORMATS: Final = ("csv", "parquet")
"""Endings of their files."""

DIGITS: Final = "%.10g"
"""Format of numbers in CSV: what is beyond is no longer known, and is only the binary's."""

NAMES: Final = (*TABLES, *PUBLISHED, "exposure_by_region")
"""Tables that can be exported."""

OFFERED: Final = (
    "soil_outlook",
    "outlook_skill",
    "recovery",
    "yield_outlook",
    "yield_skill",
    "irrigation_need",
    "exposure",
    "exposure_by_region",
)
"""Those that the app offers: what may come and how good such forecasts were, what is at stake."""


def export_whole_table(
    warehouse: Warehouse, lake: Lake, name: str, target: Path, departements: Sequence[str] = ()
) -> Path:
    """Write the table `name` as CSV or Parquet, by the ending of `target`.

    With `departements`, only their rows.

    Raises:
        UsageError: there is no such table, it has no départements, or the ending is another.
        NotPublishedError: nothing has been published yet.
        StorageError: a file is damaged, or `target` cannot be written; an older one stays.
    """
    if name not in NAMES:
        raise UsageError(message("unknown.table", name=name, known=", ".join(NAMES)))
    if target.suffix.removeprefix(".") not in FORMATS:
        endings = ", ".join(f".{each}" for each in FORMATS)
        raise UsageError(message("unknown.ending", name=target.name, known=endings))
    if name in ONLY_READ:
        codes = [str(lake_files.partition(path)) for path in lake.files(name)]
        wanted = [code for code in codes if not departements or code in departements]
        parts = (lake.read(name, code) for code in wanted)
        _write(parts, target, empty=lake_files.arrow_schema(name).empty_table().to_pandas())
        return target
    return export_published(warehouse, name, target, departements)


def export_published(
    warehouse: Warehouse, name: str, target: Path, departements: Sequence[str] = ()
) -> Path:
    """Write the table `name` of the publication as `export_whole_table` does."""
    rows = warehouse.table(name)
    if departements:
        if "departement" not in rows:
            raise UsageError(message("unknown.departement_of_table", name=name))
        rows = rows[rows["departement"].isin(departements)]
    _write(iter([rows]), target, empty=rows.iloc[:0])
    return target


def _write(parts: Iterator[pd.DataFrame], target: Path, *, empty: pd.DataFrame) -> None:
    """Write `parts` one below the other; where there is none, the columns of `empty`.

    CSV has no geometries.
    """
    with replacing(target) as temporary:
        first = next(parts, empty)
        if target.suffix == ".csv":
            with temporary.open("w", encoding="utf-8", newline="") as file:
                for number, part in enumerate(chain([first], parts)):
                    rows = part.drop(columns="geometry", errors="ignore")
                    rows.to_csv(file, index=False, header=number == 0, float_format=DIGITS)
        elif isinstance(first, gpd.GeoDataFrame):
            first.to_parquet(temporary, index=False)
        else:
            table = pa.Table.from_pandas(first, preserve_index=False)
            with pq.ParquetWriter(temporary, table.schema) as writer:
                writer.write_table(table)
                for part in parts:
                    writer.write_table(pa.Table.from_pandas(part, table.schema))
