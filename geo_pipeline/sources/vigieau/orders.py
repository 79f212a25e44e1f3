"""The orders of restriction since 2010, read from VigiEau's CSV files, one row an order and zone.

Which files these are, `dataset` says.
"""

import csv
import io
import json
from datetime import date, datetime
from typing import Any, NamedTuple

import pandas as pd

from geo_pipeline.schemas import Provenance
from geo_pipeline.sources.payload import Sieve
from geo_pipeline.sources.vigieau.values import (
    ZONE_TYPES,
    UnusableError,
    known_departement,
    known_level,
)

FIRST_ORDERS, LAST_ORDERS = 2000, 2100
"""Years beyond which the day of an order is a slip of the pen: there are such in the file."""

NOTHING = ("", "null", "undefined")
"""How the file of orders writes that there is nothing."""

ORDER_COLUMNS = (
    "id",
    "date_debut",
    "date_fin",
    "statut",
    "departement",
    "zones_alerte.id",
    "zones_alerte.type",
    "zones_alerte.niveau_gravite",
)


class Orders(NamedTuple):
    """Orders of restriction."""

    rows: pd.DataFrame
    """order, departement, zone, zone_type, level, first_day, last_day (both in force; NaT: no end
    is set), status, drinking_follows. One row an order and zone; an order whose zones the file does
    not tell has one row, its zone, zone_type and level missing."""
    left_out: pd.DataFrame
    """order, reason: rows of the file whose days cannot be, and what was cut off at its end."""
    provenance: Provenance


def read_orders(text: str, partial: bool, sieve: Sieve) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of a file of orders, one a zone, and what was left out of them."""
    records, left_out = _records(text, partial)
    rows: list[dict[str, Any]] = []
    for line, record in records:
        found = sieve.take(record["id"], _order, record, line, fault=UnusableError)
        if isinstance(found, str):
            left_out.append((record["id"], found))
        elif found is not None:
            rows += found
    sieve.require_most()
    left_out += sieve.left_out
    columns = ["order", "departement", "zone", "zone_type", "level", "first_day", "last_day"]
    frame = pd.DataFrame(rows, columns=[*columns, "status", "drinking_follows"])
    for column in ("first_day", "last_day"):
        frame[column] = pd.to_datetime(frame[column]).astype("datetime64[ns]")
    return frame, pd.DataFrame(left_out, columns=["order", "reason"])


def _order(record: dict[str, str], line: int) -> list[dict[str, Any]] | str:
    """Return the rows of an order, or why it cannot have been in force."""
    where = f"order {record['id']} (line {line})"
    code = known_departement(_cell(record["departement"]))
    first_day = _day(record["date_debut"], "date_debut", where)
    last_day = _day(record["date_fin"], "date_fin", where)
    if reason := _impossible(first_day, last_day):
        return reason
    common = {
        "order": record["id"],
        "departement": code,
        "first_day": first_day,
        "last_day": last_day,
        "status": _cell(record["statut"]),
        "drinking_follows": _cell(record.get("ressource_aep_communique", "")),
    }
    return [
        common | {"zone": zone, "zone_type": zone_type, "level": level}
        for zone, zone_type, level in _zones_of(record, code, where)
    ]


def _records(
    text: str, partial: bool
) -> tuple[list[tuple[int, dict[str, str]]], list[tuple[str | None, str]]]:
    """Return line number and cells of each row, and of the last one, where it is cut, that it is.

    A row that is cut has too few cells, or one whose quotation does not end.
    """
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    cut_at: int | None = None
    try:
        rows += ((lines.line_num, cells) for cells in lines if cells)
    except csv.Error as error:
        after = rows[-1][0] if rows else 0
        # A quotation that was never closed in the middle swallows more than the last line.
        if str(error) != "unexpected end of data" or lines.line_num > after + 1:
            raise UnusableError(f"is damaged after line {after} ({error})") from error
        cut_at = lines.line_num
    header = rows[0][1] if rows else []
    if missing := [name for name in ORDER_COLUMNS if name not in header]:
        raise UnusableError(f"is no file of orders: it has no column {', '.join(missing)}")
    if cut_at is None and len(rows[-1][1]) < len(header):
        cut_at = rows.pop()[0]
    for line, cells in rows:
        if len(cells) != len(header):
            raise UnusableError(f"has {len(cells)} cells in line {line}, not {len(header)}")
    if cut_at is not None and not partial:
        raise UnusableError(f"is cut in its last row (line {cut_at})")
    records = [(line, dict(zip(header, cells, strict=True))) for line, cells in rows[1:]]
    return records, [] if cut_at is None else [(None, f"cut at the end of the file, line {cut_at}")]


def _zones_of(
    record: dict[str, str], code: str, where: str
) -> list[tuple[str | None, str | None, str | None]]:
    """Return zone, type and level of each zone of an order; one row of None where none is told."""
    zones = _list(record["zones_alerte.id"], where)
    kinds = _list(record["zones_alerte.type"], where)
    levels = _list(record["zones_alerte.niveau_gravite"], where)
    if not (zones or kinds or levels):
        return [(None, None, None)]
    if not len(zones) == len(kinds) == len(levels):
        counts = f"{len(zones)} zones, {len(kinds)} types, {len(levels)} levels"
        raise UnusableError(f"has {where} with {counts}")
    if wrong := [kind for kind in kinds if kind is not None and kind not in list(ZONE_TYPES)]:
        raise UnusableError(f"has {where} of unknown type {wrong[0]!r} (known: SUP, SOU, AEP)")
    return [
        (
            None if zone is None else str(zone),
            None if kind is None else ZONE_TYPES[kind],
            known_level(level, code),
        )
        for zone, kind, level in zip(zones, kinds, levels, strict=True)
    ]


def _cell(text: str) -> str | None:
    """Return a cell, None for the ways in which it is written that there is nothing."""
    return None if text.strip() in NOTHING else text.strip()


def _list(text: str, where: str) -> list[Any]:
    """Return a cell that holds a JSON array, one value as it is, or nothing."""
    cell = _cell(text)
    if cell is None:
        return []
    if not cell.startswith("["):
        return [cell]
    try:
        values = json.loads(cell)
    except ValueError as error:
        raise UnusableError(f"has {where} with a list that cannot be read: {cell[:60]}") from error
    return [None if value in NOTHING else value for value in values]


def _day(text: str, column: str, where: str) -> date | None:
    """Return a day written as 2012-07-18, None where there is none."""
    cell = _cell(text)
    try:
        return None if cell is None else datetime.strptime(cell[:10], "%Y-%m-%d").date()
    except ValueError as error:
        raise UnusableError(
            f"has {where} with {column} {cell!r}, not a day as 2012-07-18"
        ) from error


def _impossible(first_day: date | None, last_day: date | None) -> str | None:
    """Return why an order cannot have been in force on these days."""
    if first_day is None:
        return "no first day"
    for day in (first_day, last_day):
        if day is not None and not FIRST_ORDERS <= day.year <= LAST_ORDERS:
            return f"year {day.year}"
    if last_day is not None and last_day < first_day:
        return f"ends on {last_day}, before it starts on {first_day}"
    return None
