"""The bulletin as PDF: two pages A4, tagged (PDF/UA-1), typeset by Typst without a network.

The fonts are packed with this module, those of the system are ignored, and the time in the file is
the day of issue, so that the same document has the same bytes on every machine.
"""

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final

from geo_pipeline.catalogue.styles import ClassStyle
from geo_pipeline.errors import StorageError
from geo_pipeline.publishing.bulletin.documents import Document
from geo_pipeline.publishing.bulletin.issue import Figure, Section, Table
from geo_pipeline.publishing.bulletin.pictures import swatch
from geo_pipeline.words import message

STANDARD: Final = "ua-1"
FONT: Final = "Source Sans Pro"

CUTS: Final = ("Regular", "Semibold", "Bold")


def pdf(document: Document) -> bytes:
    """Return the document as PDF.

    Raises:
        StorageError: the font is missing, or Typst refuses the document.
    """
    import typst  # noqa: PLC0415  large, and needed for documents alone

    issued = datetime.combine(document.issue.issued, time(), UTC)
    try:
        content = _compiler().compile(
            format="pdf",
            sys_inputs={"data": json.dumps(_data(document), ensure_ascii=False)},
            pdf_standards=STANDARD,
            timestamp=issued,
        )
    except (typst.TypstError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise StorageError(
            message("bulletin.not_set", name=document.subject, why=reason)
        ) from error
    return bytes(content)


_OF_THREAD: Final = threading.local()


def _compiler() -> Any:
    """Return this thread's compiler with our template and fonts, which it reads once."""
    import typst  # noqa: PLC0415

    folder = fonts()
    if not hasattr(_OF_THREAD, "compiler"):
        template = Path(__file__).with_name("templates") / "bulletin.typ"
        _OF_THREAD.compiler = typst.Compiler(
            str(template),
            root=str(template.parent),
            font_paths=[str(folder)],
            ignore_system_fonts=True,
        )
    return _OF_THREAD.compiler


def fonts() -> Path:
    """Return the folder with our fonts (SIL Open Font License, beside them).

    Raises:
        StorageError: one of them is missing.
    """
    folder = Path(__file__).with_name("fonts")
    for cut in CUTS:
        if not (folder / f"SourceSansPro-{cut}.otf").is_file():
            raise StorageError(message("bulletin.no_font", name=f"{FONT} {cut}", path=folder))
    return folder


def _data(document: Document) -> dict[str, Any]:
    """Return all that the template shows."""
    return {
        "lang": document.issue.lang,
        "subject": document.subject,
        "series": document.series,
        "number": document.number,
        "place": document.place,
        "period": document.period,
        "notice": document.notice,
        "foot": document.foot,
        "title": document.title.text,
        "lead": [each.text for each in document.lead],
        "maps": [_figure(each) for each in document.maps],
        "legend_title": document.issue.words("bulletin.map.legend"),
        "legend": _legend(document.legend),
        "front": [_section(each) for each in document.front],
        "back_left": [_section(each) for each in document.left],
        "back_right": [_section(each) for each in document.right],
        "record": None if document.record is None else _section(document.record),
        "small_print": [_section(each) for each in document.small],
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "sentences": [each.text for each in section.sentences],
        "table": None if section.table is None else _table(section.table),
        "figure": None if section.figure is None else _figure(section.figure),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "svg": figure.svg,
        "caption": figure.caption,
        "alt": figure.alt,
        "legend": _legend(figure.legend),
    }


def _legend(named: Sequence[tuple[ClassStyle, str]]) -> list[dict[str, str]]:
    return [{"swatch": swatch(style), "name": name} for style, name in named]


def _table(table: Table) -> dict[str, Any]:
    return {
        "caption": table.caption,
        "head": list(table.head),
        "words": list(table.words),
        "columns": [f"{share}fr" if share else "auto" for share in table.widths],
        "rows": [
            [
                {"text": cell.text, "swatch": swatch(cell.style) if cell.style else ""}
                for cell in row
            ]
            for row in table.rows
        ],
    }
