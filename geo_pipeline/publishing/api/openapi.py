"""The OpenAPI 3.1 document: each path, parameter and row as the records describe them."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from geo_pipeline.catalogue.crop_names import CROP_NAMES
from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.publishing.api import files
from geo_pipeline.publishing.api.editions import software
from geo_pipeline.publishing.api.feeds import FORMS, feed_places
from geo_pipeline.publishing.api.offers import NAMES, Offer, offer
from geo_pipeline.publishing.api.questions import (
    CSV,
    GEOJSON,
    JSON,
    LIMIT,
    MOST_ROWS,
    PARQUET,
    ROWS_AS,
    Form,
    filters,
)
from geo_pipeline.territory import CODES, REGIONS
from geo_pipeline.words import LANGS, Words

TITLE: Final = Words(
    "Données du moniteur de la sécheresse agricole en France",
    "Data of the agricultural drought monitor of France",
)
_ABOUT: Final = (
    "Read-only data of the current publication: indicators by département and dekad, weather, "
    "crops, water restrictions, forecasts with their skill. A missing value is null (JSON) or "
    "empty (CSV): it is neither zero nor normal. Each answer has a strong ETag, which changes only "
    "with the publication: send it as If-None-Match. Errors are application/problem+json."
)

if TYPE_CHECKING:
    from geo_pipeline.table_rows import Column
_PERIOD: Final = {
    "type": "string",
    "pattern": r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$",
    "examples": ["2022-08", "2022-08-20", "2022"],
}
_TOLD: Final = {
    "departement": "INSEE codes, several with commas",
    "region": "INSEE codes of régions: their départements",
    "indicator": "Keys of indicators, several with commas",
    "crop": "Crops, several with commas",
    "period": "Rows whose day lies in this day, month or year",
    "since": "Rows from this day, month or year on",
    "until": "Rows up to the end of this day, month or year",
}


@cache
def _fixed() -> dict[str, Any]:
    """Return the document without its server; it is the same for all."""
    tables = [offer(name) for name in NAMES]
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE("en"), "description": _ABOUT, "version": software()},
        "paths": {
            "/": _get("index", "Where to begin: links, crops, sources, citation"),
            "/indicators": _get("indicators", "All indicators with their periods"),
            "/indicators/{indicator}": _get(
                "indicator",
                "An indicator: name, unit, classes, periods, sources",
                [_in_path("indicator", list(INDICATORS))],
                missing=True,
            ),
            "/tables": _get("tables", "All tables with their columns: the data dictionary"),
            **{f"/tables/{each.name}": _rows_of(each) for each in tables},
            "/datapackage.json": _get("datapackage", "Frictionless descriptor of all tables"),
            "/feeds": _get("feeds", "All feeds: France, régions, départements"),
            "/feeds/{feed}": _path(
                "feed",
                "The issues of a place: Atom, or iCalendar with the next ones",
                [
                    _in_path("feed", [f"{key}.{each}" for key in feed_places() for each in FORMS]),
                    _LANG,
                ],
                _media(FORMS.values()),
                missing=True,
            ),
            "/files": _get("files", "All whole files"),
            "/files/indicators/{file}": _files_of_indicators(),
            "/files/tables/{file}": _files_of_tables(),
        },
        "components": {
            "schemas": {"problem": _PROBLEM, **{each.name: _row(each) for each in tables}}
        },
    }


def document(base: str) -> dict[str, Any]:
    """Return the document of the API at the address `base`."""
    return {**_fixed(), "servers": [{"url": base}]}


_PROBLEM: Final = {
    "type": "object",
    "description": "An error (RFC 9457), told in both languages",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "detail_fr": {"type": "string"},
        "parameter": {"type": "string", "description": "The parameter that cannot be met"},
    },
}


_LANG: Final = {
    "name": "lang",
    "in": "query",
    "description": "Language of a workbook (xlsx) or a feed; nothing else has one",
    "schema": {"enum": list(LANGS)},
}


def _get(
    name: str,
    summary: str,
    parameters: Iterable[Mapping[str, Any]] = (),
    *,
    missing: bool = False,
) -> dict[str, Any]:
    """Return a path that answers a JSON object."""
    content = {JSON.media: {"schema": {"type": "object"}}}
    return _path(name, summary, parameters, content, missing=missing)


def _path(
    name: str,
    summary: str,
    parameters: Iterable[Mapping[str, Any]],
    content: Mapping[str, Any],
    *,
    missing: bool = False,
    pages: bool = False,
) -> dict[str, Any]:
    headers: dict[str, Any] = {"ETag": {"required": True, "schema": {"type": "string"}}}
    if pages:
        told = "The next page, if there is one: rel=next"
        headers["Link"] = {"description": told, "schema": {"type": "string"}}
    answers: dict[str, Any] = {
        "200": {"description": "Done", "headers": headers, "content": content},
        "304": {"description": "Not changed since the ETag in If-None-Match"},
        "400": _failure("A parameter cannot be met"),
        "503": _failure("Nothing is published, or the server is busy: try again"),
    }
    if missing:
        answers["404"] = _failure("There is none")
    if pages:
        answers["414"] = _failure("The query is too long")
        answers["406"] = _failure("None of the accepted forms is offered")
        answers["410"] = _failure("The cursor belongs to an earlier publication: begin again")
    known = {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}
    operation = {
        "operationId": name,
        "summary": summary,
        "parameters": [*parameters, known],
        "responses": answers,
    }
    return {"get": operation}


def _failure(told: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/problem"}
    return {"description": told, "content": {"application/problem+json": {"schema": schema}}}


def _rows_of(about: Offer) -> dict[str, Any]:
    """Return the path of the rows of a table."""
    page = {
        "type": "object",
        "required": ["table", "publication", "count", "next", "rows"],
        "properties": {
            "table": {"const": about.name},
            "publication": {"type": "object"},
            "count": {"type": "integer", "minimum": 0, "maximum": MOST_ROWS},
            "next": {"type": ["string", "null"], "description": "Address of the next page"},
            "rows": {
                "type": "array",
                "items": {"$ref": f"#/components/schemas/{about.name}"},
            },
        },
    }
    content = {JSON.media: {"schema": page}, **{each.media: {} for each in (CSV, PARQUET)}}
    parameters = [*(_filter(name, about) for name in filters(about)), *_paging()]
    summary = f"{about.title('en')}: rows sorted by {', '.join(about.key)}"
    return _path(f"rows_of_{about.name}", summary, parameters, content, pages=True)


def _filter(name: str, about: Offer) -> dict[str, Any]:
    allowed = {
        "departement": list(CODES),
        "region": list(REGIONS),
        "indicator": list(INDICATORS),
        "crop": list(CROP_NAMES),
    }
    if name not in allowed:
        return {"name": name, "in": "query", "description": _TOLD[name], "schema": _PERIOD}
    items = {"type": "string", "enum": allowed[name]}
    return {
        "name": name,
        "in": "query",
        "description": _TOLD[name],
        "schema": {"type": "array", "items": items, "minItems": 1, "maxItems": 200},
        "style": "form",
        "explode": False,
    }


def _paging() -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": LIMIT}
    return [
        {"name": "limit", "in": "query", "description": "Most rows of a page", "schema": limit},
        {
            "name": "cursor",
            "in": "query",
            "description": "Where the page begins: take the address of the next page as it is",
            "schema": {"type": "string", "minLength": 1},
        },
        {
            "name": "format",
            "in": "query",
            "description": "Form of the answer, in place of the header Accept",
            "schema": {"enum": list(ROWS_AS)},
        },
    ]


def _in_path(name: str, allowed: list[str]) -> dict[str, Any]:
    schema = {"type": "string", "enum": allowed}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _files_of_indicators() -> dict[str, Any]:
    names = [f"{key}.{ending}" for key in INDICATORS for ending in files.OF_INDICATORS]
    return _path(
        "file_of_indicator",
        "An indicator of all départements and periods. GeoJSON has a feature for each "
        "département and a property for each period, such as 2022-08-31",
        [_in_path("file", names), _LANG],
        _media(files.OF_INDICATORS.values()),
        missing=True,
    )


def _files_of_tables() -> dict[str, Any]:
    names = [f"{name}.{ending}" for name in NAMES for ending in files.endings(name)]
    return _path(
        "file_of_table",
        "A whole table",
        [_in_path("file", names), _LANG],
        _media((*files.OF_TABLES.values(), GEOJSON)),
        missing=True,
    )


def _media(forms: Iterable[Form]) -> dict[str, Any]:
    return {each.media: {} for each in forms}


def _row(about: Offer) -> dict[str, Any]:
    """Return the schema of a row of a table."""
    return {
        "type": "object",
        "description": about.description,
        "required": [each.name for each in about.columns],
        "additionalProperties": False,
        "properties": {each.name: _value(each) for each in about.columns},
    }


def _value(column: "Column") -> dict[str, Any]:
    kind = "string" if column.kind == "date" else column.kind
    schema: dict[str, Any] = {
        "description": column.description,
        "type": [kind, "null"] if column.may_be_missing else kind,
    }
    if column.kind == "date":
        schema["format"] = "date"
    if column.unit:
        schema["x-unit"] = column.unit
    if column.least is not None:
        schema["minimum"] = column.least
    if column.most is not None:
        schema["maximum"] = column.most
    if column.allowed:
        schema["enum"] = [*column.allowed, *([None] if column.may_be_missing else [])]
    return schema
