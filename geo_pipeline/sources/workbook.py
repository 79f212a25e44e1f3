"""Workbooks (.xlsx) as rows of cells; the extent of each sheet is checked before it is read.

Calamine allocates a sheet from its first to its last cell: one stray cell in the last row and
column makes that 17 thousand million cells. Only the addresses of cells are believed, not the size
that a sheet states.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO
from xml.etree import ElementTree as ET

from python_calamine import CalamineError, CalamineWorkbook

from geo_pipeline.words import Message, message

PART = "[Content_Types].xml"
"""A file in the archive of every workbook, and of no other archive."""

MOST_CELLS = 5_000_000
"""Most cells of one sheet, with empty ones: the largest of the SAA have 0.5 million."""

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(rb'<(?:\w+:)?c\s[^<>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_CHUNK = 1 << 20
_LONGEST_CELL = 1 << 12
"""Longest tag of a cell, in bytes, which may lie across two chunks."""


def sheets(workbook: bytes, name: str) -> Iterator[tuple[str, Sequence[Sequence[object]]]]:
    """Give the title and the rows of cells of each sheet of the workbook `name`.

    Raises:
        ValueError: it cannot be read, or a sheet is too large; the message says where.
    """
    try:
        _require_near_cells(workbook)
        book = CalamineWorkbook.from_filelike(io.BytesIO(workbook))
        for title in book.sheet_names:
            yield title.strip(), book.get_sheet_by_name(title).to_python(skip_empty_area=False)
    except (
        CalamineError,
        ET.ParseError,
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        what = message("workbook.unreadable", why=error)
        raise ValueError(message("fault.in_file", file=name, what=what)) from error


def fault_at(place: Message, what: Message) -> Message:
    """Return the fault `what` at a place of a workbook."""
    return message("workbook.fault_at", place=place, what=what)


def in_sheet(title: str) -> Message:
    """Return the name of a sheet, for errors."""
    return message("workbook.sheet", sheet=title)


def in_cell(title: str, row: int, column: int) -> Message:
    """Return the name of a cell of a sheet from its row and column, counted from 0."""
    return message("workbook.cell", sheet=title, cell=cell_name(row, column))


def in_row(title: str, row: int) -> Message:
    """Return the name of a row of a sheet, counted from 1."""
    return message("workbook.row", sheet=title, row=row)


def cell_name(row: int, column: int) -> str:
    """Return a cell's name, such as `AB7`, from its row and column, counted from 0."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"


def _require_near_cells(workbook: bytes) -> None:
    """Raise ValueError where a sheet has a cell so far away that it would not fit in memory."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        for title, path in _parts(archive):
            with archive.open(path) as content:
                rows, columns = _reach(content)
            if rows * columns > MOST_CELLS:
                far = cell_name(rows - 1, columns - 1)
                raise ValueError(
                    fault_at(
                        in_sheet(title),
                        message("workbook.far_cell", cell=far, rows=rows, columns=columns),
                    )
                )


def _parts(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Return the title and the path in the archive of each sheet."""
    book = _parsed(archive.read("xl/workbook.xml"))
    relations = _parsed(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {each.get("Id"): each.get("Target", "") for each in relations}
    named = [each for each in book.iter() if each.tag.rpartition("}")[2] == "sheet"]
    there = set(archive.namelist())
    paths = [
        (
            str(each.get("name")).strip(),
            posixpath.normpath(
                posixpath.join("xl", targets.get(each.get(_RELATION)) or "")
            ).removeprefix("/"),
        )
        for each in named
    ]
    known = [(title, path) for title, path in paths if path in there]
    # A sheet that is not listed is checked too: the reader of the workbook may find it.
    others = there - {path for _, path in known}
    return known + [
        (posixpath.basename(path), path)
        for path in sorted(others)
        if path.startswith("xl/worksheets/") and path.endswith(".xml")
    ]


class _WithoutDoctype(ET.TreeBuilder):
    """Refuses what declares entities, which expand to gigabytes or name files of this machine."""

    def doctype(self, *_declared: object) -> None:
        """Refuse a document type declaration: no workbook has one.

        Raises:
            ValueError: always, before anything in it is looked at.
        """
        raise ValueError(message("workbook.doctype"))


def _parsed(content: bytes) -> ET.Element:
    """Return the root of a part of a workbook.

    Raises:
        ValueError: it has a document type declaration.
        ET.ParseError: it is no XML.
    """
    parser = ET.XMLParser(target=_WithoutDoctype())  # noqa: S314 - without entities, in a child
    root: ET.Element = ET.fromstring(content, parser)  # noqa: S314
    return root


def _reach(content: IO[bytes]) -> tuple[int, int]:
    """Return the number of rows and columns from the first cell of a sheet to its last one."""
    rest = b""
    last_row = last_column = 0
    while chunk := content.read(_CHUNK):
        text = rest + chunk
        found = _CELL.findall(text)
        if found:
            last_row = max(last_row, *(int(row) for _, row in found))
            last_column = max(last_column, *(_number(letters) for letters in dict(found)))
        rest = text[-_LONGEST_CELL:]
    return last_row, last_column


def _number(letters: bytes) -> int:
    """Return the number of a column, counted from 1: 28 for `AB`."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number
