"""Rows of the lake as Arrow: the types of a table, rows in these types, some of the rows, a hash.

Files are in `lake`.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from geo_pipeline.tables import TABLES

_ARROW_TYPES = {
    "str": pa.string(),
    "category": pa.string(),
    "object": pa.string(),
    "float64": pa.float64(),
    "float32": pa.float32(),
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "int8": pa.int8(),
    "int32": pa.int32(),
    "bool": pa.bool_(),
    "datetime64[ns]": pa.date32(),
}


def arrow_schema(table: str) -> pa.Schema:
    """Return the Arrow types of `table` without geometry, so that a file of 0 rows has them too."""
    columns = TABLES[table].rows.to_schema().columns
    return pa.schema(
        [
            pa.field(name, _ARROW_TYPES[str(column.dtype)])
            for name, column in columns.items()
            if name != "geometry"
        ]
    )


def as_arrow(table: str, frame: pd.DataFrame) -> pa.Table:
    """Return `frame`, valid rows of `table`, with the columns and types of its files."""
    if hasattr(frame, "to_arrow"):  # a GeoDataFrame; geopandas is not loaded to find out
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        return pq.read_table(buffer)
    schema = arrow_schema(table)
    return pa.Table.from_pandas(frame[schema.names], preserve_index=False).cast(schema)


def categories(table: str) -> set[str]:
    """Return the text columns of `table` that are stored as categories."""
    columns = TABLES[table].rows.to_schema().columns
    return {name for name, column in columns.items() if str(column.dtype) == "category"}


def hash_of(rows: pa.Table) -> str:
    """Return a hash of rows: of their values, however these lie in memory and in a file."""
    digest = hashlib.sha256(str(rows.schema.remove_metadata()).encode())
    for column in rows.combine_chunks().columns:
        values = column.chunk(0) if column.num_chunks else pa.array([], column.type)
        if pa.types.is_string(values.type):
            encoded = values.dictionary_encode()
            digest.update(repr(encoded.dictionary.to_pylist()).encode())
            values = encoded.indices
        digest.update(values.is_null().to_numpy(zero_copy_only=False).tobytes())
        known = values.fill_null(False if pa.types.is_boolean(values.type) else 0)
        digest.update(known.to_numpy(zero_copy_only=False).tobytes())
    return digest.hexdigest()


def chosen(content: pa.Table, only: Mapping[str, Sequence[str]]) -> pa.Table:
    """Return the rows whose columns have one of the values in `only`."""
    for column, values in only.items():
        content = content.filter(pc.is_in(content[column], pa.array(values)))
    return content
