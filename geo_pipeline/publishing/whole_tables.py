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
from geo_pipeline.published_tables import PUBLISHED
from geo_pipeline.storage import lake as lake_files
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.lake_rows import arrow_schema
from geo_pipeline.storage.warehouse import ONLY_READ, Warehouse
from geo_pipeline.tables import TABLES
from geo_pipeline.words import Lang, message

FORMATS: Final = ("csv", "parquet", "xlsx")
"""Endings of their files."""

DIGITS: Final = "%.10g"
"""Format of numbers in CSV: what is beyond is no longer known, and is only the binary's."""

NAMES: Final = (*TABLES, *PUBLISHED)
"""Tables that can be exported."""


def export_whole_table(
    warehouse: Warehouse,
    lake: Lake,
    name: str,
    target: Path,
    departements: Sequence[str] = (),
    *,
    lang: Lang = "fr",
) -> Path:
    """Write the table `name` as CSV, Parquet or a workbook, by the ending of `target`.

    With `departements`, only their rows; `lang` is that of a workbook's explanations.

    Raises:
        UsageError: there is no such table, it has no départements, the ending is another, or a
            sheet has no room for all rows.
        NotPublishedError: nothing has been published yet.
        StorageError: a file is damaged, or `target` cannot be written; an older one stays.
    """
    if name not in NAMES:
        raise UsageError(message("unknown.table", name=name, known=", ".join(NAMES)))
    if target.suffix.removeprefix(".") not in FORMATS:
        endings = ", ".join(f".{each}" for each in FORMATS)
        raise UsageError(message("unknown.ending", name=target.name, known=endings))
    if target.suffix == ".xlsx":
        with replacing(target) as temporary:
            _write_workbook(warehouse, lake, name, departements, lang, file=temporary)
        return target
    if name in ONLY_READ:
        codes = [str(lake_files.partition(path)) for path in lake.files(name)]
        wanted = [code for code in codes if not departements or code in departements]
        parts = (lake.read(name, code) for code in wanted)
        _write(parts, target, empty=arrow_schema(name).empty_table().to_pandas())
        return target
    return _export_published(warehouse, name, target, departements)


def _export_published(
    warehouse: Warehouse, name: str, target: Path, departements: Sequence[str] = ()
) -> Path:
    """Write a table of the publication."""
    rows = warehouse.table(name)
    if departements:
        if "departement" not in rows:
            raise UsageError(message("unknown.departement_of_table", name=name))
        rows = rows[rows["departement"].isin(departements)]
    _write(iter([rows]), target, empty=rows.iloc[:0])
    return target


def _write_workbook(
    warehouse: Warehouse,
    lake: Lake,
    name: str,
    departements: Sequence[str],
    lang: Lang,
    *,
    file: Path,
) -> None:
    from geo_pipeline.publishing.api import editions, sheets  # noqa: PLC0415  loads the models
    from geo_pipeline.publishing.api.offers import offer  # noqa: PLC0415
    from geo_pipeline.publishing.api.questions import Question  # noqa: PLC0415

    about, edition = offer(name), editions.read(warehouse)
    if departements and not about.has("departement"):
        raise UsageError(message("unknown.departement_of_table", name=name))
    with file.open("wb") as sink:
        if name not in ONLY_READ:
            question = Question(about, departements=tuple(departements))
            sheets.write_table(question, lang, warehouse, edition, sink)
            return
        codes = [str(lake_files.partition(path)) for path in lake.files(name)]
        wanted = [code for code in codes if not departements or code in departements]
        parts = [pa.Table.from_pandas(lake.read(name, code)) for code in wanted]
        found = (batch for part in parts for batch in part.to_batches())
        count = sum(part.num_rows for part in parts)
        sheets.write_rows(about, lang, edition, sink, count=count, found=found)


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
