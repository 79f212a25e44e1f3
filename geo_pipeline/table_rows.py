"""Rows of the tables: keys, validation, and the data dictionary.

Models of rows are in `schemas`, records of tables in `tables`. Both are used here, so that commands
which only need the records do not load pandera.
"""

from inspect import cleandoc
from typing import Final

import pandas as pd
from pandera.errors import SchemaError, SchemaErrors

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.schemas import Exact
from geo_pipeline.tables import PUBLISHED, TABLES, model
from geo_pipeline.words import Message, message

LONGEST_RULE: Final = 60
"""Longest quotation of a broken rule in a message, in characters."""


class InvalidTableError(GeoPipelineError):
    """A frame does not satisfy the schema of its table."""


def _model(table: str) -> type[Exact]:
    """Return the model of the rows of `table`."""
    return TABLES[table].rows if table in TABLES else model(PUBLISHED[table])


def key(table: str) -> list[str]:
    """Return the columns that identify a row of `table`."""
    unique = _model(table).to_schema().unique
    return [unique] if isinstance(unique, str) else list(unique or [])


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
    lines = ["# Data dictionary", "", "Written by `just docs` from `geo_pipeline/tables.py`."]
    for name in (*TABLES, *PUBLISHED):
        model = _model(name)
        lines += ["", f"## {name}", "", cleandoc(model.__doc__ or ""), ""]
        lines += ["| column | type | may be missing | what |", "|---|---|---|---|"]
        keys = key(name)
        for column, schema in model.to_schema().columns.items():
            mark = " (key)" if column in keys else ""
            missing = "yes" if schema.nullable else "no"
            kind = "str" if str(schema.dtype) == "category" else schema.dtype
            lines.append(f"| {column}{mark} | {kind} | {missing} | {schema.description} |")
    return "\n".join(lines) + "\n"
