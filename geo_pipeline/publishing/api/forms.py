"""Answers in their forms: rows as JSON, CSV and GeoParquet, maps with history as GeoJSON.

Missing values are `null` in JSON, empty in CSV. Dates are ISO 8601, numbers have a decimal point.
All forms have the same columns, numbers and order; GeoParquet has the outline of the département
too.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from geo_pipeline.publishing.api.outlines import Outlines

JSON_ROWS: Final = 500
"""Rows that are encoded at a time, so that other threads are not held up."""
OUTLINES_BYTES: Final = 64_000_000
"""Room for the outlines of all départements, once in each group of rows."""


def write_json(rows: pa.Table, around: Mapping[str, Any], sink: IO[bytes]) -> None:
    """Write `around` as a JSON object whose last member is `rows`, a list of objects."""
    head = json.dumps(around, ensure_ascii=False)[:-1]
    sink.write(f'{head}{", " if around else ""}"rows": ['.encode())
    for place in range(0, rows.num_rows, JSON_ROWS):
        some = [_plain(each) for each in _dated(rows.slice(place, JSON_ROWS)).to_pylist()]
        text = json.dumps(some, ensure_ascii=False, allow_nan=False)[1:-1]
        sink.write(f"{',' if place else ''}\n{text}".encode())
    sink.write(b"\n]}\n")


def _dated(rows: pa.Table) -> pa.Table:
    """Return `rows` with days as texts."""
    fields = [
        pa.field(each.name, pa.string()) if pa.types.is_date(each.type) else each
        for each in rows.schema
    ]
    return rows.cast(pa.schema(fields))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without numbers that JSON does not have."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def write_csv(schema: pa.Schema, parts: Iterable[pa.RecordBatch], sink: IO[bytes]) -> None:
    """Write rows as CSV (RFC 4180, UTF-8, commas, decimal points), header first."""
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    with pyarrow.csv.CSVWriter(sink, schema, write_options=options) as writer:
        for part in parts:
            writer.write_batch(part)


def write_parquet(
    schema: pa.Schema,
    parts: Iterable[pa.RecordBatch],
    about: Mapping[str, str],
    outlines: Outlines | None,
    sink: IO[bytes],
) -> None:
    """Write rows as Parquet with `about` in its metadata; with `outlines` as GeoParquet 1.1.

    Outlines repeat as often as rows; a dictionary stores each once.
    """
    metadata = {**about}
    if outlines is not None:
        schema = schema.append(pa.field("geometry", pa.dictionary(pa.int32(), pa.binary())))
        metadata["geo"] = json.dumps(_geo(outlines))
    # Without Arrow's own schema, readers get plain bytes instead of a dictionary.
    with pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        dictionary_pagesize_limit=OUTLINES_BYTES,
        store_schema=False,
    ) as writer:
        for part in parts:
            rows = pa.Table.from_batches([part])
            if outlines is not None:
                rows = rows.append_column("geometry", _geometries(rows, outlines))
            writer.write_table(rows.cast(schema))
        writer.add_key_value_metadata(metadata)


def _geo(outlines: Outlines) -> dict[str, Any]:
    """Return the metadata of GeoParquet; without `crs` it is OGC:CRS84."""
    column = {
        "encoding": "WKB",
        "geometry_types": list(outlines.kinds),
        "bbox": list(outlines.bounds),
    }
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _geometries(rows: pa.Table, outlines: Outlines) -> pa.DictionaryArray:
    place = {code: number for number, code in enumerate(outlines.codes)}
    codes = rows["departement"].to_pylist()
    indices = pa.array([place[code] for code in codes], pa.int32())
    return pa.DictionaryArray.from_arrays(indices, outlines.wkb)


def write_history(
    rows: pa.Table, outlines: Outlines, about: Mapping[str, Any], sink: IO[bytes]
) -> None:
    """Write a feature for each département, with the value of each period as a property.

    The properties are `departement`, `name`, `region` and the last day of each period
    (`2022-08-31`); a missing value is null. Where an indicator has classes and no values, the
    property is the class.
    """
    values = rows["value"] if rows["value"].null_count < rows.num_rows else rows["drought_class"]
    days = rows["period_end"].cast(pa.string()).to_pylist()
    known: dict[str, dict[str, Any]] = {}
    for code, day, value in zip(
        rows["departement"].to_pylist(), days, values.to_pylist(), strict=True
    ):
        known.setdefault(code, {})[day] = value
    periods = sorted(set(days))
    sink.write(f'{{"type": "FeatureCollection", "about": {_text(about)}, "features": ['.encode())
    for place, code in enumerate(outlines.codes):
        values_of = known.get(code, {})
        told = {
            "departement": code,
            "name": outlines.names[place],
            "region": outlines.regions[place],
            **{day: values_of.get(day) for day in periods},
        }
        sink.write(_feature(place, code, told, outlines))
    sink.write(b"\n]}\n")


def write_outlines(
    rows: Sequence[Mapping[str, Any]], outlines: Outlines, about: Mapping[str, Any], sink: IO[bytes]
) -> None:
    """Write a feature for each département, `rows` being their properties in order."""
    sink.write(f'{{"type": "FeatureCollection", "about": {_text(about)}, "features": ['.encode())
    for place, told in enumerate(rows):
        sink.write(_feature(place, str(told["departement"]), told, outlines))
    sink.write(b"\n]}\n")


def _feature(place: int, code: str, told: Mapping[str, Any], outlines: Outlines) -> bytes:
    geometry = outlines.geojson[outlines.codes.index(code)]
    comma = "," if place else ""
    return (
        f'{comma}\n{{"type": "Feature", "id": {json.dumps(code)}, '
        f'"properties": {_text(told)}, "geometry": {geometry}}}'
    ).encode()


def _text(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, allow_nan=False)
