"""Tables as files, from the published warehouse: the values behind a map.

Each says what its values are: the unit, how to read value and percentile, source and licence, in
columns of CSV, in the member `about` of GeoJSON, in the metadata of Parquet, on the first sheet of
a workbook. Nothing here draws,
because drawing is slow to import; maps and bulletins are in `exports`.
"""

import json
from pathlib import Path
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.errors import UsageError
from geo_pipeline.files import replacing
from geo_pipeline.publishing import selection, workbooks
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import Lang, catalogue, message

TABLE_FORMATS: Final = {"csv": "csv", "geoparquet": "parquet", "geojson": "geojson", "xlsx": "xlsx"}

Style = Literal["french", "international"]
"""How CSV is written: for spreadsheets in French (byte order mark, semicolons, decimal comma), or
with commas and decimal points."""
STYLES: Final[dict[Lang, Style]] = {"fr": "french", "en": "international"}
"""The style of each language, where none is chosen."""

DIGITS: Final = 3
"""Significant digits of a number; whole ones stay whole."""


def export_table(
    warehouse: Warehouse,
    view: selection.Selection,
    target: Path,
    lang: Lang = "fr",
    style: Style | None = None,
) -> Path:
    """Write `view` as CSV, GeoParquet, GeoJSON or a workbook, by the ending of `target`.

    Raises:
        UsageError: the ending is none of these.
        StorageError: the file cannot be written; an older one stays.
    """
    ending = target.suffix.removeprefix(".")
    if ending not in TABLE_FORMATS.values():
        endings = ", ".join(f".{each}" for each in TABLE_FORMATS.values())
        raise UsageError(message("unknown.ending", name=target.name, known=endings))
    rows, about = _rows(view), _about(view, lang)
    with replacing(target) as temporary:
        if ending == "csv":
            _write_csv(rows.assign(**about), temporary, style or STYLES[lang])
        elif ending == "xlsx":
            _write_workbook(warehouse, view, rows, about, lang, file=temporary)
        elif ending == "parquet":
            _write_parquet(_with_geometry(warehouse, rows), about, temporary)
        else:
            _write_geojson(_with_geometry(warehouse, rows), about, temporary)
    return target


def _rows(view: selection.Selection) -> pd.DataFrame:
    """Return the values with the digits that mean something."""
    left_out = ["covered", "dry_rank", "ranked_years", "little_grown", "known_until"]
    rows = view.values.drop(columns=left_out, errors="ignore").assign(
        indicator=view.indicator, period_end=view.period_end.isoformat()
    )
    if view.issued is not None:
        rows = rows.assign(issued=view.issued.isoformat())
    rows["reference_years"] = rows["reference_years"].round().astype("Int64")
    for name in rows.select_dtypes("float"):
        rows[name] = meaningful(rows[name])
    first = ["departement", "name", "region", "indicator", "period_end"]
    return rows[first + [name for name in rows if name not in first]]


def meaningful(values: "pd.Series[float]") -> "pd.Series[float]":
    """Return numbers to `DIGITS` significant digits, but whole from 100 on."""
    size = pd.Series(np.floor(np.log10(values.abs().where(values != 0))), values.index)
    scale = 10 ** (DIGITS - 1 - size).clip(0).fillna(0)
    return pd.Series((values * scale).round() / scale)


def _about(view: selection.Selection, lang: Lang) -> dict[str, str]:
    """Return what is to be known of the values."""
    words, which = catalogue(lang), indicator_of(view.indicator)
    reading = [words("table_file.percentile")] if view.values["percentile"].notna().any() else []
    if which.scored:
        reading.insert(0, words("table_file.scored"))
    return {
        "indicator_name": which.name(lang),
        "unit": which.unit(lang) or words("table_file.no_unit"),
        "reading": " ".join(reading),
        "source": "; ".join(str(each.in_words(lang)["name"]) for each in view.sources),
        "licence": "; ".join(
            dict.fromkeys(str(each.in_words(lang)["licence"]) for each in view.sources)
        ),
    }


def _write_csv(rows: pd.DataFrame, file: Path, style: Style) -> None:
    french = style == "french"
    rows.to_csv(
        file,
        index=False,
        sep=";" if french else ",",
        decimal="," if french else ".",
        float_format="%.10g",  # 134, not 134.0
        encoding="utf-8-sig" if french else "utf-8",
    )


def _write_workbook(
    warehouse: Warehouse,
    view: selection.Selection,
    rows: pd.DataFrame,
    about: dict[str, str],
    lang: Lang,
    *,
    file: Path,
) -> None:
    """Write the values on a sheet, and what is to be known of them on the one before it."""
    from geo_pipeline.table_rows import columns  # noqa: PLC0415  loads the models

    words, which = catalogue(lang), indicator_of(view.indicator)
    known = {each.name: each for each in columns("indicator_values")}
    units = {name: each.unit for name, each in known.items()} | {"value": which.unit(lang)}
    headings = [
        workbooks.Heading(
            name,
            units.get(name, ""),
            known[name].description if name in known else "",
            known[name].kind if name in known else "string",
        )
        for name in map(str, rows)
    ]
    told = [
        (words("workbook.indicator"), f"{about['indicator_name']} ({view.indicator})"),
        (words("workbook.meaning"), which.explanation(lang)),
        (words("workbook.unit"), about["unit"]),
        (words("workbook.layout"), " ".join([words("workbook.long"), about["reading"]])),
        (words("workbook.missing"), words("workbook.missing_how")),
        (words("workbook.sources"), about["source"]),
        (words("workbook.licences"), about["licence"]),
    ]
    typed = rows.assign(period_end=view.period_end)
    cells = pa.Table.from_pandas(typed, preserve_index=False).to_pylist()
    sheet = workbooks.Sheet(
        words("workbook.sheet.value"), headings, (list(each.values()) for each in cells)
    )
    day = warehouse.query("publication_date")["published_at"].iloc[0].date()
    with file.open("wb") as sink:
        workbooks.write(sink, which.name(lang), told, [sheet], words=words, made_on=day)


def _write_parquet(rows: gpd.GeoDataFrame, about: dict[str, str], file: Path) -> None:
    """Write GeoParquet whose metadata hold `about`, beside those that describe the geometry."""
    rows.to_parquet(file, index=False)
    table = pq.read_table(file)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **about}), file)


def _write_geojson(rows: gpd.GeoDataFrame, about: dict[str, str], file: Path) -> None:
    collection = json.loads(rows.to_json(drop_id=True, to_wgs84=True))
    text = json.dumps(
        {"type": collection.pop("type"), "about": about, **collection}, ensure_ascii=False
    )
    file.write_text(text, encoding="utf-8")


def _with_geometry(warehouse: Warehouse, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return `rows` with the boundaries of their départements."""
    boundaries = gpd.GeoDataFrame(warehouse.query("boundaries"))[["departement", "geometry"]]
    return gpd.GeoDataFrame(boundaries.merge(rows, on="departement", validate="1:1"))
