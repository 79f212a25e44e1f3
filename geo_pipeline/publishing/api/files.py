"""Whole files behind one address: an indicator of all départements and periods, or a whole table.

`indicators/spi_3.parquet`, `tables/crop_statistics.csv`. The same data have the same bytes, so that
a client need not fetch them again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.publishing.api import forms, rows, sheets
from geo_pipeline.publishing.api.editions import Edition
from geo_pipeline.publishing.api.offers import NAMES, Offer, both, indicator_facts, offer
from geo_pipeline.publishing.api.outlines import Outlines
from geo_pipeline.publishing.api.questions import (
    CSV,
    GEOJSON,
    PARQUET,
    XLSX,
    Form,
    Question,
    QuestionError,
)
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import Lang, message

OF_INDICATORS: Final = {each.name: each for each in (XLSX, CSV, PARQUET, GEOJSON)}
OF_TABLES: Final = {each.name: each for each in (XLSX, CSV, PARQUET)}
OUTLINES: Final = "departements"
"""The table whose rows are the outlines: as GeoJSON too."""

Writer = Callable[[Warehouse, Edition, Outlines, IO[bytes]], None]


@dataclass(frozen=True)
class File:
    """A file: its name for those who save it, its form, and what writes it."""

    name: str
    form: Form
    write: Writer


def find(path: str, lang: Lang = "fr") -> File:
    """Return the file at `path`, below `files/`; `lang` is that of a workbook.

    Raises:
        QuestionError: there is none (404).
    """
    kind, _, name = path.partition("/")
    stem, _, ending = name.rpartition(".")
    if kind == "indicators" and stem in INDICATORS and ending in OF_INDICATORS:
        return File(name, OF_INDICATORS[ending], _of_indicator(stem, OF_INDICATORS[ending], lang))
    if kind == "tables" and stem in NAMES and ending in endings(stem):
        form = GEOJSON if ending == GEOJSON.name else OF_TABLES[ending]
        return File(name, form, _of_table(offer(stem), form, lang))
    raise QuestionError(message("api.no_file", path=path[:80]), "path", 404)


def endings(table: str) -> list[str]:
    """Return the forms in which a whole table can be had."""
    return [*OF_TABLES, *([GEOJSON.name] if table == OUTLINES else [])]


def metadata(about: Offer, edition: Edition) -> dict[str, str]:
    """Return what the metadata of a Parquet file say of its rows."""
    sources = edition.sources(*about.assets)
    return {
        "title": both(about.title)["en"],
        "description": about.description,
        "source": "; ".join(each["name"]["en"] for each in sources),
        "licence": "; ".join(dict.fromkeys(each["licence"]["en"] for each in sources)),
        "citation": edition.citation(*about.assets)["en"],
        "publication": edition.short,
    }


def about_indicator(key: str, edition: Edition) -> dict[str, Any]:
    """Return what is to be known of the values of an indicator."""
    which = INDICATORS[key]
    assets = dict.fromkeys((which.asset, OUTLINES))
    return {
        **indicator_facts(which),
        "sources": edition.sources(*assets),
        "citation": edition.citation(*assets),
        "publication": edition.facts(),
    }


def _of_indicator(key: str, form: Form, lang: Lang) -> Writer:
    question = Question(offer("indicator_values"), form, indicators=(key,))

    def write(warehouse: Warehouse, edition: Edition, outlines: Outlines, sink: IO[bytes]) -> None:
        if form == XLSX:
            sheets.write_indicator(key, lang, warehouse, edition, sink, outlines=outlines)
            return
        if form == GEOJSON:
            with rows.batches(warehouse, question) as found:
                values = found.read_all()
            forms.write_history(values, outlines, about_indicator(key, edition), sink)
            return
        told = metadata(question.offer, edition)
        which = INDICATORS[key]
        told |= {"title": which.name("en"), "description": which.explanation("en")}
        told |= {"unit": which.unit("en")} if which.unit.en else {}
        _write_rows(warehouse, question, told, outlines, sink)

    return write


def _of_table(about: Offer, form: Form, lang: Lang) -> Writer:
    def write(warehouse: Warehouse, edition: Edition, outlines: Outlines, sink: IO[bytes]) -> None:
        if form == XLSX:
            sheets.write_table(Question(about, form), lang, warehouse, edition, sink)
            return
        question = Question(about, form)
        if form == GEOJSON:
            with rows.batches(warehouse, question) as found:
                told = found.read_all().to_pylist()
            facts: Mapping[str, Any] = {
                "sources": edition.sources(*about.assets),
                "citation": edition.citation(*about.assets),
                "publication": edition.facts(),
            }
            forms.write_outlines(told, outlines, facts, sink)
            return
        drawn = outlines if about.name == OUTLINES else None
        _write_rows(warehouse, question, metadata(about, edition), drawn, sink)

    return write


def _write_rows(
    warehouse: Warehouse,
    question: Question,
    told: Mapping[str, str],
    outlines: Outlines | None,
    sink: IO[bytes],
) -> None:
    with rows.batches(warehouse, question) as found:
        parts: Iterator[Any] = iter(found)
        if question.form == CSV:
            forms.write_csv(found.schema, parts, sink)
        else:
            forms.write_parquet(found.schema, parts, told, outlines, sink)
