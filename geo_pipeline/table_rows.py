"""Rows of the tables: keys, columns, validation, and the data dictionary.

Models of rows are in `schemas`, records of tables in `tables`. Both are used here, so that commands
which only need the records do not load pandera.
"""

from functools import cache
from inspect import cleandoc
from typing import Final, Literal, NamedTuple

import pandas as pd
from pandera.errors import SchemaError, SchemaErrors

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.published_tables import PUBLISHED
from geo_pipeline.schemas import Exact
from geo_pipeline.tables import TABLES, model
from geo_pipeline.words import Message, message

LONGEST_RULE: Final = 60
"""Longest quotation of a broken rule in a message, in characters."""

UNITS: Final = {
    "_q_ha": "q/ha",
    "_mj_m2": "MJ/m²",
    "_m_s": "m/s",
    "_km2": "km²",
    "_km": "km",
    "_mm": "mm",
    "_m3": "m³",
    "_ha": "ha",
    "_pct": "%",
    "_c": "°C",
    "_q": "q",
    "percentile": "%",
}
"""Units by the end of a column's name, the longer ends first."""

Kind = Literal["string", "integer", "number", "boolean", "date", "geometry"]
_KINDS: Final[dict[str, Kind]] = {
    "str": "string",
    "category": "string",
    "int": "integer",
    "Int": "integer",
    "float": "number",
    "bool": "boolean",
    "datetime": "date",
    "geometry": "geometry",
}


class Column(NamedTuple):
    """A column of a published table: what the data dictionary says, for programs."""

    name: str
    kind: Kind
    description: str
    unit: str
    """Empty for none, and where the indicator decides."""
    in_key: bool
    may_be_missing: bool
    least: float | None = None
    most: float | None = None
    allowed: tuple[str | float, ...] = ()
    """The only values, empty where there are others."""


class InvalidTableError(GeoPipelineError):
    """A frame does not satisfy the schema of its table."""


def _model(table: str) -> type[Exact]:
    """Return the model of the rows of `table`."""
    return TABLES[table].rows if table in TABLES else model(PUBLISHED[table].model)


def _published(table: str) -> type[Exact]:
    """Return the model of the rows of `table` as they are published."""
    record = TABLES.get(table)
    more = record.published_model if record else None
    return model(more) if more else _model(table)


def key(table: str) -> list[str]:
    """Return the columns that identify a row of `table`."""
    unique = _model(table).to_schema().unique
    return [unique] if isinstance(unique, str) else list(unique or [])


@cache
def columns(table: str) -> tuple[Column, ...]:
    """Return the columns of a table as it is published."""
    keys, found = key(table), []
    for name, schema in _published(table).to_schema().columns.items():
        limits = {key: value for check in schema.checks for key, value in check.statistics.items()}
        kind = next(kind for start, kind in _KINDS.items() if str(schema.dtype).startswith(start))
        found.append(
            Column(
                name,
                kind,
                schema.description or "",
                next((unit for end, unit in UNITS.items() if name.endswith(end)), ""),
                name in keys,
                bool(schema.nullable),
                limits.get("min_value"),
                limits.get("max_value"),
                tuple(limits.get("allowed_values") or ()),
            )
        )
    return tuple(found)


def described(table: str) -> str:
    """Return what the data dictionary says of a table."""
    return cleandoc(_model(table).__doc__ or "")


def empty(table: str) -> pd.DataFrame:
    """Return a frame of 0 rows with the columns and types of `table`."""
    frame: pd.DataFrame = TABLES[table].rows.empty()
    return frame


def validate(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` checked against `table`: types coerced, columns in order, sorted by its key.

    Raises:
        InvalidTableError: a column is missing or unknown, or a value is out of range; the message
            names the table, the column and the first wrong values.
    """
    schema = _model(table).to_schema()
    try:
        valid = schema.validate(frame.reset_index(drop=True))
    except SchemaError as error:
        raise InvalidTableError(
            message("fault.in_table", table=table, what=_explain(error))
        ) from error
    except SchemaErrors as errors:
        raise InvalidTableError(
            message("fault.in_table", table=table, what=_explain(errors.schema_errors[0]))
        ) from errors
    columns = [name for name in schema.columns if name in valid]
    return valid[columns].sort_values(key(table), ignore_index=True)


def _explain(error: SchemaError) -> Message:
    """Return in one line which column broke which rule, with the first wrong values."""
    rule = str(getattr(error.check, "error", None) or error.check or error.reason_code)
    if len(rule) > LONGEST_RULE:
        rule = str(getattr(error.check, "name", None) or rule[:LONGEST_RULE])
    name = getattr(error.schema, "name", None)
    cases, data = error.failure_cases, error.data
    if not isinstance(cases, pd.DataFrame) or "failure_case" not in cases:
        return message("table.breaks", column=str(name), rule=rule, values=str(cases))
    values = list(cases["failure_case"].head(3))
    codes: list[str] = []
    if isinstance(data, pd.DataFrame) and "departement" in data and "index" in cases:
        rows = data.index.intersection(pd.Index(cases["index"].dropna()))
        codes = sorted(set(data.loc[rows, "departement"].astype(str)))[:5]
    broken = message("table.breaks", column=str(name), rule=rule, values=str(values))
    return message("table.in_departements", broken=broken, codes=codes) if codes else broken


def dictionary() -> str:
    """Return the data dictionary as Markdown, the content of `docs/data_dictionary.md`."""
    made = "Written by `just docs` from `geo_pipeline/tables.py` and `published_tables.py`."
    lines = ["# Data dictionary", "", made]
    for name in (*TABLES, *PUBLISHED):
        lines += ["", f"## {name}", "", described(name), ""]
        lines += ["| column | type | may be missing | what |", "|---|---|---|---|"]
        keys = key(name)
        for column, schema in _published(name).to_schema().columns.items():
            mark = " (key)" if column in keys else ""
            missing = "yes" if schema.nullable else "no"
            kind = "str" if str(schema.dtype) == "category" else schema.dtype
            lines.append(f"| {column}{mark} | {kind} | {missing} | {schema.description} |")
    return "\n".join(lines) + "\n"
