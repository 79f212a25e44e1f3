"""Documents of the API: where to begin, the lists of indicators, tables and files."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from geo_pipeline.catalogue.crop_names import CROP_NAMES
from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.publishing.api import feeds, files, openapi, packages, rows
from geo_pipeline.publishing.api.editions import Edition
from geo_pipeline.publishing.api.offers import NAMES, Offer, both, indicator_facts, offer
from geo_pipeline.publishing.api.questions import Question, QuestionError, filters
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import message

Document = Callable[[Warehouse, Edition, str], Mapping[str, Any]]


def find(path: str) -> Document:
    """Return what makes the document at `path`, below `/api/v1`.

    Raises:
        QuestionError: there is none (404).
    """
    first, _, rest = path.partition("/")
    if first == "indicators" and rest in INDICATORS:
        return lambda warehouse, edition, base: _indicator(rest, _periods(warehouse), edition, base)
    if path in DOCUMENTS:
        return DOCUMENTS[path]
    known = ", ".join(name for name in DOCUMENTS if name)
    raise QuestionError(message("api.no_path", path=path[:80], known=known), "path", 404)


def text(content: Mapping[str, Any]) -> bytes:
    """Return a document as JSON."""
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def _index(_warehouse: Warehouse, edition: Edition, base: str) -> dict[str, Any]:
    return {
        "title": both(openapi.TITLE),
        "publication": edition.facts(),
        "links": {
            "openapi": f"{base}/openapi.json",
            "indicators": f"{base}/indicators",
            "tables": f"{base}/tables",
            "files": f"{base}/files",
            "feeds": f"{base}/feeds",
            "datapackage": f"{base}/{packages.DESCRIPTOR}",
        },
        "crops": {key: both(name) for key, name in CROP_NAMES.items()},
        "sources": edition.sources(),
        "citation": edition.citation(),
    }


def _periods(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Return the periods of each published indicator."""
    found = warehouse.query("api_indicators").to_dict("records")
    return {
        row["indicator"]: {
            "first_period": str(row["first_period"])[:10],
            "last_period": str(row["last_period"])[:10],
            "periods": int(row["periods"]),
        }
        for row in found
    }


def _indicators(warehouse: Warehouse, edition: Edition, base: str) -> dict[str, Any]:
    periods = _periods(warehouse)
    return {
        "publication": edition.facts(),
        "indicators": [_facts(key, periods, base) for key in INDICATORS],
    }


def _facts(key: str, periods: Mapping[str, Any], base: str) -> dict[str, Any]:
    none = {"first_period": None, "last_period": None, "periods": 0}
    return {
        **indicator_facts(INDICATORS[key]),
        **periods.get(key, none),
        "rows": f"{base}/tables/indicator_values?indicator={key}",
        "files": {
            ending: f"{base}/files/indicators/{key}.{ending}" for ending in files.OF_INDICATORS
        },
    }


def _indicator(key: str, periods: Mapping[str, Any], edition: Edition, base: str) -> dict[str, Any]:
    return {**files.about_indicator(key, edition), **_facts(key, periods, base)}


def _tables(warehouse: Warehouse, edition: Edition, base: str) -> dict[str, Any]:
    return {
        "publication": edition.facts(),
        "tables": [_table(warehouse, offer(name), edition, base) for name in NAMES],
    }


def _table(warehouse: Warehouse, about: Offer, edition: Edition, base: str) -> dict[str, Any]:
    return {
        "table": about.name,
        "title": both(about.title),
        "description": about.description,
        "count": rows.count(warehouse, Question(about)),
        "key": list(about.key),
        "filters": list(filters(about)),
        "columns": [
            {
                "name": each.name,
                "type": each.kind,
                "unit": each.unit or None,
                "description": each.description,
                "may_be_missing": each.may_be_missing,
            }
            for each in about.columns
        ],
        "sources": edition.sources(*about.assets),
        "rows": f"{base}/tables/{about.name}",
        "files": {
            ending: f"{base}/files/tables/{about.name}.{ending}"
            for ending in files.endings(about.name)
        },
    }


def _files(_warehouse: Warehouse, edition: Edition, base: str) -> dict[str, Any]:
    of_indicators = [
        _file(
            f"{base}/files/indicators/{key}", files.OF_INDICATORS, which.name, edition, which.asset
        )
        for key, which in INDICATORS.items()
    ]
    of_tables = [
        _file(
            f"{base}/files/tables/{name}", files.endings(name), about.title, edition, *about.assets
        )
        for name, about in ((name, offer(name)) for name in NAMES)
    ]
    return {"publication": edition.facts(), "indicators": of_indicators, "tables": of_tables}


def _file(address: str, endings: Any, title: Any, edition: Edition, *assets: str) -> dict[str, Any]:
    licences = [each["licence"] for each in edition.sources(*assets)] if assets else []
    return {
        "title": both(title),
        "addresses": {ending: f"{address}.{ending}" for ending in endings},
        "licences": [each for place, each in enumerate(licences) if each not in licences[:place]],
    }


def _feeds(_warehouse: Warehouse, edition: Edition, base: str) -> dict[str, Any]:
    return {
        "publication": edition.facts(),
        "feeds": [
            {
                "place": slug,
                "name": both(place.name),
                **{ending: f"{base}/feeds/{slug}.{ending}" for ending in feeds.FORMS},
            }
            for slug, place in feeds.feed_places().items()
        ],
    }


DOCUMENTS: Mapping[str, Document] = {
    "": _index,
    "indicators": _indicators,
    "tables": _tables,
    "files": _files,
    "feeds": _feeds,
    packages.DESCRIPTOR: lambda _warehouse, edition, _base: packages.descriptor(
        edition, "files/tables"
    ),
}
