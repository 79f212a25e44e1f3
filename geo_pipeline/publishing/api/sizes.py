"""Sizes of whole files before anybody has asked for them: estimated from some of their rows."""

import io
from datetime import date
from typing import Final, NamedTuple

import pyarrow as pa

from geo_pipeline.publishing.api import forms, rows
from geo_pipeline.publishing.api.offers import NAMES, offer
from geo_pipeline.publishing.api.questions import Question
from geo_pipeline.publishing.workbooks import LONGEST_NAME, Heading, Sheet, write
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import catalogue

SAMPLE_ROWS: Final = 5_000
"""Rows that are written to estimate the size of all."""
WORKBOOK_ROWS: Final = 300
"""The same of workbooks, which take longer."""


INDICATOR: Final = "an indicator"
"""Name under which the size of an indicator's rows is kept."""


class Size(NamedTuple):
    """Rows of a table, and about how many bytes they have in each form."""

    rows: int
    csv: int
    parquet: int
    xlsx: int


def estimate(warehouse: Warehouse) -> dict[str, Size]:
    """Return the sizes of the files of all tables, of outlines without their geometry.

    Raises:
        StorageError: the publication cannot be read, or lacks a table.
    """
    sizes = {name: _of(warehouse, Question(offer(name))) for name in NAMES}
    of_values = Question(offer("indicator_values"), indicators=("combined",))
    return sizes | {INDICATOR: _of(warehouse, of_values)}


def _of(warehouse: Warehouse, question: Question) -> Size:
    count = rows.count(warehouse, question)
    found = rows.some(warehouse, question, SAMPLE_ROWS)
    share = count / found.num_rows if count else 1  # the header alone
    csv, parquet = io.BytesIO(), io.BytesIO()
    forms.write_csv(found.schema, found.to_batches(), csv)
    forms.write_parquet(found.schema, found.to_batches(), {}, None, parquet)
    empty, some = (_workbook(question, found.slice(0, n)) for n in (0, WORKBOOK_ROWS))
    xlsx = empty + (some - empty) * count / max(1, min(found.num_rows, WORKBOOK_ROWS))
    return Size(count, round(csv.tell() * share), round(parquet.tell() * share), round(xlsx))


def _workbook(question: Question, some: pa.Table) -> int:
    """Return the size of a workbook of some rows."""
    headings = [Heading(each.name, each.unit, "", each.kind) for each in question.offer.columns]
    cells = (list(each.values()) for each in some.to_pylist())
    sheet = Sheet(question.offer.name[:LONGEST_NAME], headings, cells)
    with io.BytesIO() as sink:
        write(sink, "", [], [sheet], words=catalogue("en"), made_on=date(2000, 1, 1))
        return len(sink.getvalue())
