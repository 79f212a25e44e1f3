"""The level of restriction of each département, read from an answer of VigiEau's API.

Levels of zones are in `zones`.
"""

from typing import Any

from geo_pipeline.sources.payload import Sieve
from geo_pipeline.sources.vigieau.values import (
    UnusableError,
    kind_of,
    known_departement,
    known_level,
)
from geo_pipeline.territory import CODES
from geo_pipeline.words import message

LEVEL_FIELDS = {
    "niveauGraviteMax": "level_max",
    "niveauGraviteSupMax": "level_surface",
    "niveauGraviteSouMax": "level_groundwater",
    "niveauGraviteAepMax": "level_drinking",
}


def read_levels(
    body: Any, sieve: Sieve
) -> tuple[list[dict[str, Any]], tuple[tuple[str, str], ...]]:
    """Return the levels of each département, and those that VigiEau says it does not have.

    Entries of no département, and unreadable ones, are left out by the `sieve`.
    """
    if not isinstance(body, list):
        raise UnusableError(message("vigieau.no_list", sent=kind_of(body)))
    unknown: list[tuple[str, str]] = []
    rows: dict[str, dict[str, Any]] = {}
    for entry in body:
        name = str(entry.get("code") if isinstance(entry, dict) else entry)[:30]
        row = sieve.take(name, _entry, entry, fault=UnusableError)
        if row is None:
            continue
        code = row["departement"]
        if code in rows and rows[code] != row:
            raise UnusableError(message("vigieau.twice", code=code))
        rows[code] = row
        if row["level_drinking"] is None and _unavailable(entry):
            unknown.append((code, "level_drinking"))
    sieve.require_most()
    told = {name for name, _ in sieve.left_out}
    for code in CODES:
        if code not in rows and code not in told:
            sieve.leave_out(code, UnusableError(message("vigieau.missing", code=code)))
    sieve.require_most()
    return list(rows.values()), tuple(unknown)


def _entry(entry: Any) -> dict[str, Any]:
    """Return the levels of one département."""
    if not isinstance(entry, dict):
        raise UnusableError(message("vigieau.no_departement", sent=kind_of(entry)))
    code = known_departement(entry.get("code"))
    row: dict[str, Any] = {"departement": code}
    for field, column in LEVEL_FIELDS.items():
        # Null means "no restriction", so an absent field must not be taken for null.
        if field not in entry:
            raise UnusableError(message("vigieau.no_field", field=field), code)
        row[column] = known_level(entry[field], code)
    return row


def _unavailable(entry: dict[str, Any]) -> bool:
    """Return whether VigiEau says that it has no level for drinking water."""
    availability = entry.get("availability")
    drinking = availability.get("AEP") if isinstance(availability, dict) else None
    return isinstance(drinking, dict) and drinking.get("status") == "unavailable"
