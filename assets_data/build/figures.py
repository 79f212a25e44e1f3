"""Carry the open statistics tables into typed Parquet.

    python assets_data/build/figures.py --figures DIR

DIR holds the CSV files named in TABLES. Values are kept exactly as printed: the job here is types,
order, checks and compression, never estimation. A missing number stays missing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

OUT_DIR = Path(__file__).resolve().parent.parent

RESTRICTION_DATE = pd.Timestamp("2026-10-03")
RESTRICTION_LEVELS = frozenset({"vigilance", "alerte", "alerte_renforcee", "crise"})
PREFERRED_CROP_SOURCE = "SAA 2010-2022"
ABSENT_WEATHER_YEAR = 2014

DEPARTEMENT_CODES = frozenset(
    {f"{n:02d}" for n in range(1, 96) if n != 20} | {"2A", "2B", "971", "972", "973", "974", "976"}
)


class BuildError(RuntimeError):
    """A source table does not hold what the build relies on."""


# --- checks and fixes, one per table ---------------------------------------------------------


def dekad_length(start: pd.Timestamp) -> int:
    """Days of the dekad (1-10, 11-20, 21-end of month) that begins on this date."""
    return start.days_in_month - 20 if start.day == 21 else 10


def prepare_weather(frame: pd.DataFrame) -> pd.DataFrame:
    """Dates must start a dekad, day counts must be those of the calendar, 2014 must be absent."""
    start = pd.to_datetime(frame["dekad_start"], format="%Y-%m-%d")
    if not start.dt.day.isin([1, 11, 21]).all():
        raise BuildError("weather: a dekad_start is not the 1st, 11th or 21st")
    wrong = frame.loc[frame["n_days"] != start.map(dekad_length)]
    if not wrong.empty:
        raise BuildError(f"weather: n_days differs from the calendar in {len(wrong)} rows")
    if (start.dt.year == ABSENT_WEATHER_YEAR).any():
        raise BuildError(f"weather: {ABSENT_WEATHER_YEAR} is present, update the documentation")
    return frame.assign(dekad_start=start)


def prepare_crops(frame: pd.DataFrame) -> pd.DataFrame:
    """Where two sources give the same département, year and crop, the direct SAA series wins."""
    key = ["departement", "year", "crop"]
    ranked = frame.assign(rank=frame["source"] != PREFERRED_CROP_SOURCE)
    kept = ranked.sort_values([*key, "rank"], kind="stable").drop_duplicates(key)
    dropped = ranked.drop(index=kept.index)
    if not dropped.empty:
        listed = dropped[[*key, "source"]].to_string(index=False)
        print(f"crop_statistics: {len(dropped)} duplicates dropped:\n{listed}")
    return kept.drop(columns="rank")


def prepare_normals(frame: pd.DataFrame) -> pd.DataFrame:
    """Every département has its twelve months and its quantiles in order."""
    if not (frame.groupby("departement")["month"].agg(set) == set(range(1, 13))).all():
        raise BuildError("swi_normals: a département lacks a month")
    quantiles = frame[["swi_min", "swi_q25", "swi_median", "swi_q75", "swi_max"]]
    if not quantiles.apply(lambda row: row.is_monotonic_increasing, axis=1).all():
        raise BuildError("swi_normals: quantiles out of order")
    return frame


def prepare_restrictions(frame: pd.DataFrame) -> pd.DataFrame:
    """Only the four words of the law are levels; an empty cell means no restriction known."""
    columns = [column for column in frame.columns if column.startswith("level_")]
    printed = {word for column in columns for word in frame[column].dropna()}
    unknown = printed - RESTRICTION_LEVELS
    if unknown:
        raise BuildError(f"water_restrictions: unknown levels {sorted(unknown)}")
    return frame.assign(date=RESTRICTION_DATE)


# --- tables ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """One CSV in, one Parquet out."""

    csv: str
    parquet: str
    key: tuple[str, ...]
    schema: pa.Schema
    prepare: Callable[[pd.DataFrame], pd.DataFrame]


TABLES = (
    Table(
        csv="weather_dekadal.csv",
        parquet="weather_dekadal.parquet",
        key=("departement", "dekad_start"),
        schema=pa.schema(
            [
                ("departement", pa.string()),
                ("dekad_start", pa.date32()),
                ("n_days", pa.int8()),
                ("precip_mm", pa.float64()),
                ("tmean_c", pa.float64()),
                ("radiation_mj_m2", pa.float64()),
            ]
        ),
        prepare=prepare_weather,
    ),
    Table(
        csv="crop_statistics.csv",
        parquet="crop_statistics.parquet",
        key=("departement", "year", "crop"),
        schema=pa.schema(
            [
                ("departement", pa.string()),
                ("year", pa.int16()),
                ("crop", pa.string()),
                ("area_ha", pa.float64()),
                ("yield_q_ha", pa.float64()),
                ("production_q", pa.float64()),
                ("source", pa.string()),
            ]
        ),
        prepare=prepare_crops,
    ),
    Table(
        csv="swi_normals_1990_2019.csv",
        parquet="swi_normals.parquet",
        key=("departement", "month"),
        schema=pa.schema(
            [
                ("departement", pa.string()),
                ("month", pa.int8()),
                ("n_cells", pa.int16()),
                ("swi_min", pa.float64()),
                ("swi_q25", pa.float64()),
                ("swi_median", pa.float64()),
                ("swi_q75", pa.float64()),
                ("swi_max", pa.float64()),
            ]
        ),
        prepare=prepare_normals,
    ),
    Table(
        csv="water_restrictions_2026-10-03.csv",
        parquet="water_restrictions.parquet",
        key=("departement", "date"),
        schema=pa.schema(
            [
                ("departement", pa.string()),
                ("date", pa.date32()),
                ("level_max", pa.string()),
                ("level_surface", pa.string()),
                ("level_groundwater", pa.string()),
                ("level_drinking", pa.string()),
            ]
        ),
        prepare=prepare_restrictions,
    ),
)


def read_csv(path: Path) -> pd.DataFrame:
    """Read one source table; codes stay text, '01' is not 1."""
    frame = pd.read_csv(path, dtype={"code_dep": str}).rename(columns={"code_dep": "departement"})
    unknown = set(frame["departement"]) - DEPARTEMENT_CODES
    if unknown:
        raise BuildError(f"{path.name}: unknown départements {sorted(unknown)}")
    return frame


def to_arrow(frame: pd.DataFrame, table: Table) -> pa.Table:
    """Sorted, unique on its key, with exactly the columns and types of the schema."""
    if frame.duplicated(list(table.key)).any():
        raise BuildError(f"{table.csv}: duplicated {table.key}")
    ordered = frame.sort_values(list(table.key), kind="stable")[table.schema.names]
    return pa.Table.from_pandas(ordered, schema=table.schema, preserve_index=False, safe=True)


def write(data: pa.Table, path: Path) -> None:
    """Write so that same rows give same bytes: no pandas metadata, no time stamp, one group."""
    bare = data.replace_schema_metadata(None)
    pq.write_table(
        bare,
        path,
        compression="zstd",
        compression_level=19,
        row_group_size=len(bare),
        version="2.6",
    )


def build(figures: Path, out_dir: Path) -> None:
    """Convert every table."""
    out_dir.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        frame = table.prepare(read_csv(figures / table.csv))
        data = to_arrow(frame, table)
        path = out_dir / table.parquet
        write(data, path)
        print(f"{path.name}: {len(data)} rows, {path.stat().st_size} bytes")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--figures", type=Path, required=True, help="folder of the CSV files")
    parser.add_argument("--out", type=Path, default=OUT_DIR, help="output folder")
    options = parser.parse_args(argv)
    try:
        build(options.figures, options.out)
    except (BuildError, OSError, pa.ArrowInvalid) as error:
        print(f"figures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
