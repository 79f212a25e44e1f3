"""The files in VigiEau's dataset on data.gouv.fr: which of them has the zones.

Their content is read in `zones`.
"""

from typing import Any
from urllib.parse import urlsplit

from geo_pipeline.sources.faults import listed
from geo_pipeline.sources.vigieau.values import UnusableError, plain_text
from geo_pipeline.words import Message, message


def zones_in_force(resources: list[dict[str, Any]]) -> list[str]:
    """Return the address of the latest GeoJSON file of zones in force."""
    files = [entry for entry in resources if _is(entry, "geojson")]
    in_force = [entry for entry in files if "vigueur" in _words(entry)]
    if not files:
        raise UnusableError(message("vigieau.no_zones_file", titles=_titles(resources)))
    return [_latest(in_force or files)]


def zones_as_of(resources: list[dict[str, Any]]) -> list[str]:
    """Return the address of the file of zones in force, with the date of its last change."""
    (url,) = zones_in_force(resources)
    dates = [str(entry.get("last_modified")) for entry in resources if entry["url"] == url]
    return [f"{url} {max(dates)}"]


def _latest(files: list[dict[str, Any]]) -> str:
    """Return the address of the most recently changed file."""
    latest = max(files, key=lambda e: (str(e.get("last_modified") or ""), _file_name(e)))
    return str(latest["url"])


def _titles(resources: list[dict[str, Any]]) -> Message | str:
    return listed([each.get("title") or each["url"] for each in resources], 300)


def _is(entry: dict[str, Any], kind: str) -> bool:
    """Return whether a resource is a file of that kind, by its format or its name."""
    name = _file_name(entry).removesuffix(".gz")
    return str(entry.get("format") or "").lower() == kind or name.endswith(f".{kind}")


def _file_name(entry: dict[str, Any]) -> str:
    return urlsplit(str(entry["url"])).path.rsplit("/", 1)[-1].lower()


def _words(entry: dict[str, Any]) -> str:
    """Return title and file name of a resource, without accents or case."""
    return plain_text(f"{entry.get('title') or ''} {_file_name(entry)}")
