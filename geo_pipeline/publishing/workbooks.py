"""Workbooks for Excel and LibreOffice: a sheet of explanations, then sheets of rows.

Numbers are numbers and days are days, whatever the language of the reader's program, which shows
them with its own decimal sign. Texts are only texts: none that begins with `=` becomes a formula or
a link. The first two rows, names and units, stay in view. The same content has the same bytes.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import IO, Any, Final, NamedTuple

from geo_pipeline.errors import UsageError
from geo_pipeline.words import Catalogue, message

MOST_ROWS: Final = 1_048_576
"""Rows of a sheet, of which two are names and units."""
HEAD_ROWS: Final = 2
LONGEST_TEXT: Final = 32_767
"""Longest text of a cell, in characters; longer ones are cut and end with an ellipsis."""
TEXT_WIDTH: Final = 100
LONGEST_NAME: Final = 31
"""Longest name of a sheet, in characters."""
_WIDTHS: Final = {"date": 12.0, "number": 12.0, "integer": 10.0, "boolean": 10.0, "string": 16.0}
_WIDEST: Final = 32.0


class Heading(NamedTuple):
    """A column of a sheet."""

    name: str
    under: str = ""
    """What stands in the second row: its unit, or a code."""
    description: str = ""
    """Told on the sheet of explanations; empty for nothing."""
    kind: str = "number"


class Sheet(NamedTuple):
    """A sheet of rows; cells are None, numbers, texts, days or booleans."""

    name: str
    headings: Sequence[Heading]
    rows: Iterable[Sequence[Any]]


def check_fits(rows: int, what: str) -> None:
    """Raise UsageError where a sheet has no room for so many rows."""
    if rows > MOST_ROWS - HEAD_ROWS:
        most = MOST_ROWS - HEAD_ROWS
        raise UsageError(message("workbook.too_long", what=what, rows=rows, most=most))


def write(
    sink: IO[bytes],
    title: str,
    about: Sequence[tuple[str, str]],
    sheets: Sequence[Sheet],
    *,
    words: Catalogue,
    made_on: date,
) -> None:
    """Write a workbook to `sink`.

    Args:
        sink: an empty file, open for writing.
        title: the first line of the explanations.
        about: further explanations, each with its heading.
        sheets: the sheets of rows, in their order.
        words: the language of the explanations.
        made_on: the day of the publication, in the properties of the file.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415  only few need it

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(sink, options) as book:
        moment = datetime(made_on.year, made_on.month, made_on.day)
        book.set_properties({"title": title, "created": moment})
        _explain(book, title, about, sheets, words)
        for sheet in sheets:
            _fill(book, sheet)


def _explain(
    book: Any,
    title: str,
    about: Sequence[tuple[str, str]],
    sheets: Sequence[Sheet],
    words: Catalogue,
) -> None:
    page = book.add_worksheet(words("workbook.explanations"))
    bold = book.add_format({"bold": True, "valign": "top"})
    large = book.add_format({"bold": True, "font_size": 14})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    page.set_column(0, 0, 28)
    page.set_column(1, 1, 14)
    page.set_column(2, 2, TEXT_WIDTH)
    page.hide_gridlines(2)
    page.write_string(0, 0, title, large)
    row = 2
    for heading, text in about:
        page.write_string(row, 0, heading, bold)
        page.write_string(row, 2, _cut(text), wrapped)
        row += 1
    for sheet in sheets:
        told = [each for each in sheet.headings if each.description]
        if not told:
            continue
        row += 1
        page.write_string(row, 0, words("workbook.columns", sheet=sheet.name), bold)
        page.write_string(row, 1, words("workbook.unit"), bold)
        page.write_string(row, 2, words("workbook.what"), bold)
        for number, each in enumerate(told, start=row + 1):
            page.write_string(number, 0, each.name)
            page.write_string(number, 1, each.under)
            page.write_string(number, 2, _cut(each.description), wrapped)
        row += len(told) + 1


def _fill(book: Any, sheet: Sheet) -> None:
    page = book.add_worksheet(sheet.name)
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    unit = book.add_format({"italic": True, "font_color": "#595f66"})
    day = book.add_format({"num_format": 14})  # as the reader's system writes days
    for place, each in enumerate(sheet.headings):
        width = max(_WIDTHS.get(each.kind, 16.0), len(each.name) * 0.7 + 2)
        page.set_column(place, place, min(width, _WIDEST))
    # Row by row: what was written before the last row has left the memory.
    for place, each in enumerate(sheet.headings):
        page.write_string(0, place, each.name, head)
    for place, each in enumerate(sheet.headings):
        page.write_string(1, place, each.under, unit)
    page.freeze_panes(HEAD_ROWS, 1)
    for number, row in enumerate(sheet.rows, start=HEAD_ROWS):
        for place, value in enumerate(row):
            _cell(page, number, place, value, day)


def _cell(page: Any, row: int, place: int, value: Any, day: Any) -> None:
    """Write a cell; a missing value leaves it empty."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        page.write_boolean(row, place, value)
    elif isinstance(value, int | float):
        page.write_number(row, place, value)
    elif isinstance(value, date):
        page.write_datetime(row, place, value, day)
    else:
        page.write_string(row, place, _cut(str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
