"""Sizes of whole files before anybody has asked for them: estimated from some of their rows."""

import io
from typing import Final, NamedTuple

from geo_pipeline.publishing.api import forms, rows
from geo_pipeline.publishing.api.offers import NAMES, offer
from geo_pipeline.publishing.api.questions import Question
from geo_pipeline.storage.warehouse import Warehouse

SAMPLE_ROWS: Final = 5_000
"""Rows that are written to estimate the size of all."""


class Size(NamedTuple):
    """Rows of a table, and about how many bytes they have in each form."""

    rows: int
    csv: int
    parquet: int


def estimate(warehouse: Warehouse) -> dict[str, Size]:
    """Return the sizes of the files of all tables, of the outlines without their geometry.

    Raises:
        StorageError: the publication cannot be read, or lacks a table.
    """
    return {name: _of(warehouse, name) for name in NAMES}


def _of(warehouse: Warehouse, name: str) -> Size:
    about = offer(name)
    count = rows.count(warehouse, Question(about))
    found = rows.page(warehouse, Question(about, limit=SAMPLE_ROWS)).rows
    share = count / max(1, found.num_rows)
    csv, parquet = io.BytesIO(), io.BytesIO()
    forms.write_csv(found.schema, found.to_batches(), csv)
    forms.write_parquet(found.schema, found.to_batches(), {}, None, parquet)
    return Size(count, round(csv.tell() * share), round(parquet.tell() * share))
