"""A Frictionless data package: all tables as CSV, with schemas, units, licences and citation.

The descriptor (Data Package 2.0) is served beside the files that it names; `write` puts both into
one archive.
"""

import csv
import hashlib
import io
import json
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import IO, Any, Final

from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.files import replacing
from geo_pipeline.publishing.api import files, openapi
from geo_pipeline.publishing.api import outlines as outlines_of
from geo_pipeline.publishing.api.editions import Edition, software
from geo_pipeline.publishing.api.editions import read as read_edition
from geo_pipeline.publishing.api.offers import NAMES, Offer, offer
from geo_pipeline.storage.warehouse import Warehouse

NAME: Final = "agricultural-drought-france"
DESCRIPTOR: Final = "datapackage.json"
PROFILE: Final = "https://datapackage.org/profiles/2.0/datapackage.json"
TABLES: Final = tuple(name for name in NAMES if name != "indicator_values")
"""Tables of the archive: the values of maps are those of other tables in another form."""

_DIALECT: Final = {"delimiter": ",", "header": True}
_INDICATORS: Final = (
    "indicator", "name_fr", "name_en", "unit", "crop", "step", "explanation_fr", "explanation_en",
)  # fmt: skip


def descriptor(edition: Edition, folder: str, names: Iterable[str] = NAMES) -> dict[str, Any]:
    """Return the descriptor of the tables `names`, whose files are in `folder`."""
    tables = [offer(name) for name in names]
    moment = edition.published_at.isoformat(timespec="seconds")
    return {
        "$schema": PROFILE,
        "name": NAME,
        "title": openapi.TITLE("en"),
        "description": "Missing values are empty: neither zero nor normal. "
        + edition.citation()["en"],
        "version": software(),
        "created": f"{moment}Z",
        "keywords": ["drought", "agriculture", "France", "SPI", "SPEI", "soil moisture"],
        "licenses": _licences(edition),
        "sources": _sources(edition),
        "citation": edition.citation(),
        "publication": edition.short,
        "resources": [_resource(each, edition, folder) for each in tables],
    }


def write(warehouse: Warehouse, target: Path) -> Path:
    """Write the archive: the descriptor, the list of indicators and all tables as CSV.

    The same publication gives the same bytes.

    Raises:
        NotPublishedError: nothing has been published yet.
        StorageError: the publication cannot be read, or the file cannot be written; an older one
            stays.
    """
    edition, outlines = read_edition(warehouse), outlines_of.read(warehouse)
    told = descriptor(edition, "tables", TABLES)
    day = edition.published_at.date()
    with (
        replacing(target) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
    ):
        for name, resource in zip(TABLES, told["resources"], strict=True):
            with tempfile.TemporaryFile() as sink:
                files.find(f"tables/{name}.csv").write(warehouse, edition, outlines, sink)
                resource.update(_added(archive, resource["path"], sink, day))
        listed = _list_of_indicators(edition)
        with io.BytesIO(_indicators()) as sink:
            listed |= _added(archive, listed["path"], sink, day)
        told["resources"].append(listed)
        text = json.dumps(told, ensure_ascii=False, indent=1).encode()
        _added(archive, DESCRIPTOR, io.BytesIO(text), day)
    return target


def _added(archive: zipfile.ZipFile, path: str, sink: IO[bytes], day: date) -> dict[str, Any]:
    """Add a file to the archive; return its size and hash."""
    digest, size = hashlib.sha256(), 0
    # All files have the day of the publication, so that the archive depends on nothing else.
    info = zipfile.ZipInfo(path, (day.year, day.month, day.day, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    sink.seek(0)
    with archive.open(info, "w", force_zip64=True) as file:
        while part := sink.read(1_000_000):
            file.write(part)
            digest.update(part)
            size += len(part)
    return {"bytes": size, "hash": f"sha256:{digest.hexdigest()}"}


def _resource(about: Offer, edition: Edition, folder: str) -> dict[str, Any]:
    """Return the description of a table's file."""
    schema: dict[str, Any] = {"fields": [_field(each) for each in about.columns]}
    if not any(each.in_key and each.may_be_missing for each in about.columns):
        schema["primaryKey"] = list(about.key)
    if about.has("departement") and about.name != files.OUTLINES:
        reference = {"resource": files.OUTLINES, "fields": ["departement"]}
        schema["foreignKeys"] = [{"fields": ["departement"], "reference": reference}]
    return {
        **_file_of(about.name, f"{folder}/{about.name}.csv"),
        "title": about.title("en"),
        "description": about.description,
        "licenses": _licences(edition, *about.assets) or _licences(edition),
        "sources": _sources(edition, *about.assets),
        "schema": {**schema, "missingValues": [""]},
    }


def _file_of(name: str, path: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "table",
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": _DIALECT,
    }


def _field(column: Any) -> dict[str, Any]:
    """Return the description of a column; `unit` is an addition of ours."""
    limits: dict[str, Any] = {"minimum": column.least, "maximum": column.most}
    constraints = {name: value for name, value in limits.items() if value is not None}
    if column.allowed:
        constraints["enum"] = list(column.allowed)
    if not column.may_be_missing:
        constraints["required"] = True
    told = {
        "name": column.name,
        "type": column.kind,
        "description": column.description,
        "constraints": constraints,
    }
    return told | ({"unit": column.unit} if column.unit else {})


def _licences(edition: Edition, *assets: str) -> list[dict[str, str]]:
    """Return the licences, each once, by a name made of its title."""
    titles = dict.fromkeys(each["licence"]["en"] for each in edition.sources(*assets))
    return [{"name": _slug(title), "title": title} for title in titles]


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9.]+", "-", plain).strip("-")


def _sources(edition: Edition, *assets: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for each in edition.sources(*assets):
        told = {"title": each["name"]["en"]} | ({"path": each["url"]} if each["url"] else {})
        found += [told] if told not in found else []
    return found


def _list_of_indicators(edition: Edition) -> dict[str, Any]:
    """Return the description of the list of indicators."""
    fields = [{"name": name, "type": "string"} for name in _INDICATORS]
    return {
        **_file_of("indicators", "indicators.csv"),
        "title": "Indicators",
        "description": "Names, units and explanations of the column `indicator`.",
        "licenses": _licences(edition),
        "schema": {"fields": fields, "primaryKey": ["indicator"], "missingValues": [""]},
    }


def _indicators() -> bytes:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, _INDICATORS, lineterminator="\n")
    writer.writeheader()
    for key, which in INDICATORS.items():
        row: Mapping[str, str] = {
            "indicator": key,
            "name_fr": which.name.fr,
            "name_en": which.name.en,
            "unit": which.unit.en,
            "crop": which.crop,
            "step": which.step,
            "explanation_fr": which.explanation.fr,
            "explanation_en": which.explanation.en,
        }
        writer.writerow(row)
    return sink.getvalue().encode()
