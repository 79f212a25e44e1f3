"""Workbooks of the API's files: the whole history of an indicator, or a whole table."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import IO, Any

import pyarrow as pa

from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.publishing import workbooks
from geo_pipeline.publishing.api import rows
from geo_pipeline.publishing.api.editions import Edition
from geo_pipeline.publishing.api.offers import Offer, offer
from geo_pipeline.publishing.api.outlines import Outlines
from geo_pipeline.publishing.api.questions import Question
from geo_pipeline.publishing.legend import class_meaning
from geo_pipeline.publishing.workbooks import LONGEST_NAME, Heading, Sheet
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import Catalogue, Lang, catalogue


def write_indicator(
    key: str,
    lang: Lang,
    warehouse: Warehouse,
    edition: Edition,
    sink: IO[bytes],
    *,
    outlines: Outlines,
) -> None:
    """Write an indicator: a row for each period, a column for each département.

    Values, percentiles and classes have a sheet each, where there are any.
    """
    question = Question(offer("indicator_values"), indicators=(key,))
    with rows.batches(warehouse, question) as found:
        values = found.read_all()
    words, which = catalogue(lang), INDICATORS[key]
    sheets = [
        _wide(values, column, words(f"workbook.sheet.{column}"), outlines, words)
        for column in ("value", "percentile", "drought_class")
        if values[column].null_count < values.num_rows
    ]
    about = [
        (words("workbook.indicator"), f"{which.name(lang)} ({key})"),
        (words("workbook.meaning"), which.explanation(lang)),
        (words("workbook.unit"), which.unit(lang) or words("table_file.no_unit")),
        (words("workbook.layout"), words("workbook.wide")),
        (words("workbook.missing"), words("workbook.missing_how")),
    ]
    if values["percentile"].null_count < values.num_rows:
        about.append((words("workbook.sheet.percentile"), words("table_file.percentile")))
    if values["drought_class"].null_count < values.num_rows:
        told = [
            f"{each.code}: {each.name(lang)}, {class_meaning(each, None, lang)}"
            for each in which.styles
        ]
        about.append((words("workbook.sheet.drought_class"), "\n".join(told)))
    about += _origin(edition, (which.asset,), words)
    title = which.name(lang)
    day = edition.published_at.date()
    workbooks.write(sink, title, about, sheets, words=words, made_on=day)


def write_table(
    question: Question, lang: Lang, warehouse: Warehouse, edition: Edition, sink: IO[bytes]
) -> None:
    """Write the rows of a published table that a question asks for, whatever its limit.

    Raises:
        UsageError: it has more rows than a sheet.
    """
    count = rows.count(warehouse, question)
    with rows.batches(warehouse, question) as found:
        write_rows(question.offer, lang, edition, sink, count=count, found=found)


def write_rows(
    about: Offer,
    lang: Lang,
    edition: Edition,
    sink: IO[bytes],
    *,
    count: int,
    found: Iterable[pa.RecordBatch],
) -> None:
    """Write rows of a table, `count` in all.

    Raises:
        UsageError: it has more rows than a sheet.
    """
    workbooks.check_fits(count, about.name)
    words, title = catalogue(lang), about.title(lang)
    told = [
        (words("workbook.table"), f"{title} ({about.name})"),
        (words("workbook.meaning"), about.said(lang)),
        (words("workbook.missing"), words("workbook.missing_how")),
        *_origin(edition, about.assets, words),
    ]
    headings = [
        Heading(each.name, each.unit, each.description, each.kind) for each in about.columns
    ]
    sheet = Sheet(title[:LONGEST_NAME], headings, _rows(found))
    day = edition.published_at.date()
    workbooks.write(sink, title, told, [sheet], words=words, made_on=day)


def _rows(found: Iterable[pa.RecordBatch]) -> Iterator[list[Any]]:
    for part in found:
        columns = [column.to_pylist() for column in part.columns]
        yield from (list(row) for row in zip(*columns, strict=True))


def _wide(values: pa.Table, column: str, name: str, outlines: Outlines, words: Catalogue) -> Sheet:
    known: dict[date, dict[str, Any]] = {}
    listed = (values[each].to_pylist() for each in ("period_end", "departement", column))
    for day, code, value in zip(*listed, strict=True):
        known.setdefault(day, {})[code] = value
    kind = "string" if column == "drought_class" else "number"
    headings = [
        Heading(words("workbook.period"), "", "", "date"),
        *(
            Heading(of, code, "", kind)
            for code, of in zip(outlines.codes, outlines.names, strict=True)
        ),
    ]
    rows_of = ([day, *map(known[day].get, outlines.codes)] for day in sorted(known))
    return Sheet(name, headings, rows_of)


def _origin(edition: Edition, assets: tuple[str, ...], words: Catalogue) -> list[tuple[str, str]]:
    """Return sources, licences and citation."""
    sources = edition.sources(*assets)
    names = [f"{each['name'][words.lang]} {each['url'] or ''}".strip() for each in sources]
    licences = dict.fromkeys(each["licence"][words.lang] for each in sources)
    return [
        (words("workbook.sources"), "\n".join(names)),
        (words("workbook.licences"), "\n".join(licences)),
        (words("workbook.cite"), edition.citation(*assets)[words.lang]),
    ]
