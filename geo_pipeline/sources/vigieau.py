"""VigiEau: water restrictions in force, the zones they hold in, and the orders since 2010.

Levels come from the API, zones and orders from files that the dataset on data.gouv.fr lists. An
answer is read whole or refused: what is missing from it never reads as "no restriction".
"""

import csv
import io
import json
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_pipeline.errors import SourceError
from geo_pipeline.schemas import LEVELS, Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.sources import payload
from geo_pipeline.sources.http import MOST_LIST_BYTES, Http, Received
from geo_pipeline.sources.observed import Parts
from geo_pipeline.sources.payload import Sieve
from geo_pipeline.territory import CODES

NAME = "vigieau"
API_URL = "https://api.vigieau.gouv.fr"
OLDER_API_URLS = ("https://api.vigieau.beta.gouv.fr",)
DATASET_URL = "https://www.data.gouv.fr/api/1/datasets/donnee-secheresse-vigieau/"

PARIS = ZoneInfo("Europe/Paris")
"""A restriction is in force by French days."""

LEVEL_FIELDS = {
    "niveauGraviteMax": "level_max",
    "niveauGraviteSupMax": "level_surface",
    "niveauGraviteSouMax": "level_groundwater",
    "niveauGraviteAepMax": "level_drinking",
}
ZONE_TYPES = {"SUP": "surface", "SOU": "groundwater", "AEP": "drinking"}

# Longitude and latitude of all that is French and inhabited, with some sea.
LONGITUDES, LATITUDES = (-64.0, 57.0), (-23.0, 52.0)

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

_log = logging.getLogger(__name__)


class Restrictions(NamedTuple):
    """Levels of one day."""

    rows: pd.DataFrame
    """As in the table `water_restrictions`: the 101 départements; None: no restriction."""
    unknown: tuple[tuple[str, str], ...]
    """Département and column where VigiEau says that it does not have the level."""
    left_out: tuple[tuple[str, str], ...]
    """What has no row, and why: départements that are missing or cannot be read, and others."""
    provenance: Provenance


class Zones(NamedTuple):
    """Alert zones in force."""

    rows: gpd.GeoDataFrame
    """zone, name, zone_type (`surface`, `groundwater`, `drinking`), departement, level, geometry
    (longitude and latitude)."""
    without_level: int
    """Features of the file that no restriction holds in: not in `rows`."""
    without_area: tuple[str, ...]
    """Zones with a level and no outline: not in `rows`."""
    left_out: tuple[tuple[str, str], ...]
    """Zones that cannot be read, and why: not in `rows`."""
    untold: tuple[tuple[str, str], ...]
    """Département and type of zones with a level that are not in `rows`: shares would be wrong."""
    provenance: Provenance


class Orders(NamedTuple):
    """Orders of restriction."""

    rows: pd.DataFrame
    """order, departement, zone, zone_type, level, first_day, last_day (both in force; NaT: no end
    is set), status, drinking_follows. One row an order and zone; an order whose zones the file does
    not tell has one row, its zone, zone_type and level missing."""
    left_out: pd.DataFrame
    """order, reason: rows of the file whose days cannot be, and what was cut off at its end."""
    provenance: Provenance


class Vigieau:
    """Restrictions from the API at `url` and from the files of the dataset at `dataset_url`.

    Args:
        http: what asks.
        url: base of the API, without `/api/departements`.
        older_urls: asked in turn when it fails; by default VigiEau's own, for its own API only.
        dataset_url: the list of files.
        now: the time.
    """

    name = NAME

    def __init__(
        self,
        http: Http,
        url: str = API_URL,
        older_urls: Sequence[str] | None = None,
        dataset_url: str = DATASET_URL,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.http = http
        if older_urls is None:
            older_urls = OLDER_API_URLS if url.rstrip("/") == API_URL else ()
        self.urls = (url, *older_urls)
        self.dataset_url = dataset_url
        self.now = now

    def levels(self) -> Restrictions:
        """Return the levels in force today in Paris; offline, on the day they were received.

        Raises:
            SourceError: no address of the API answers with JSON, a département is there twice, or
                too many are missing, unknown, or of a level that is missing or unknown.
        """
        received, body = self._departements()
        # An answer that has not changed since keeps the time it first came at.
        known_at = received.received_at if self.http.offline else self.now()
        sieve = Sieve(self.http.most_left_out)
        with _reading(received):
            rows, unknown = _levels(body, sieve)
        frame = pd.DataFrame(rows, columns=["departement", *LEVEL_FIELDS.values()])
        frame.insert(1, "date", pd.Timestamp(paris_day(known_at)))
        frame["date"] = frame["date"].astype("datetime64[ns]")
        frame = frame.sort_values("departement", ignore_index=True)
        return Restrictions(frame, unknown, tuple(sieve.left_out), _provenance([received]))

    def zones(self) -> Zones:
        """Return the alert zones in force from the GeoJSON file that the dataset lists.

        Raises:
            SourceError: the dataset lists no such file, or one that cannot be read: too many zones
                of an unknown type, level or département, or that are no polygon in France.
        """
        received = self.http.get(self._listed(_zones_in_force)[0], source=self.name)
        body = payload.json(received, self.name)
        with _reading(received):
            return _zones(body, Sieve(self.http.most_left_out), _provenance([received]))

    def orders(self, *, partial: bool = False) -> Orders:
        """Return the orders of all years that the dataset lists, by zone where it names them.

        Args:
            partial: take a file that is cut: its last row is left out and reported.

        Raises:
            SourceError: the dataset lists no file of orders, or one that cannot be read whole.
        """
        parts: list[tuple[pd.DataFrame, pd.DataFrame]] = []
        received = []
        for url in self._listed(_all_orders):
            answer = self.http.get(url, source=self.name)
            text = payload.text(answer, self.name)
            with _reading(answer):
                parts.append(_orders(text, partial, Sieve(self.http.most_left_out)))
            received.append(answer)
        rows, left_out = (
            pd.concat(frames, ignore_index=True).drop_duplicates(ignore_index=True)
            for frames in zip(*parts, strict=True)
        )
        return Orders(rows, left_out, _provenance(received))

    def marks(self) -> dict[str, str]:
        """Return what changes when levels or zones do, by the address that was asked.

        Zones whose list cannot be had are left out: the levels are good without.

        Raises:
            SourceError: the levels cannot be had.
        """
        levels, _ = self._departements()
        marks = {levels.url: levels.sha256}
        try:
            (marks[self.dataset_url],) = self._listed(_zones_as_of)
        except SourceError as error:
            _log.info("%s", error)
        return marks

    def _departements(self) -> tuple[Received, Any]:
        """Return the first answer that is JSON."""
        errors = []
        for url in self.urls:
            try:
                address = f"{url.rstrip('/')}/api/departements"
                received = self.http.get(address, source=self.name, max_bytes=MOST_LIST_BYTES)
                return received, payload.json(received, self.name)
            except SourceError as error:
                errors.append(error)
        raise SourceError("; then ".join(str(error) for error in errors)) from errors[-1]

    def _listed(self, choose: Callable[[list[dict[str, Any]]], list[str]]) -> list[str]:
        """Return the addresses of some of the files that the dataset lists."""
        received = self.http.get(self.dataset_url, source=self.name, max_bytes=MOST_LIST_BYTES)
        body = payload.json(received, self.name)
        with _reading(received):
            listed = body.get("resources") if isinstance(body, dict) else None
            if not isinstance(listed, list) or not all(
                isinstance(entry, dict) and isinstance(entry.get("url"), str) for entry in listed
            ):
                raise _Unusable("lists no `resources` with their `url`")
            return choose(listed)


class _Unusable(Exception):
    """What is wrong with an answer, and in which département."""

    def __init__(self, what: str, departement: str | None = None) -> None:
        super().__init__(what)
        self.departement = departement


@contextmanager
def _reading(received: Received) -> Iterator[None]:
    """Turn what is wrong with an answer into the one-line error that names it."""
    try:
        yield
    except _Unusable as error:
        who = f"{NAME}, département {error.departement}" if error.departement else NAME
        advice = (
            "nothing of it was taken: try again later or set GEO_PIPELINE_VIGIEAU_URL or "
            "GEO_PIPELINE_VIGIEAU_DATASET_URL"
        )
        raise payload.unusable(received, who, str(error), advice) from error


def paris_day(received_at: datetime) -> date:
    """Return the French day at `received_at`, which has a time zone."""
    return received_at.astimezone(PARIS).date()


def _levels(body: Any, sieve: Sieve) -> tuple[list[dict[str, Any]], tuple[tuple[str, str], ...]]:
    """Return the levels of each département, and which of them VigiEau says it does not have.

    What is of no département, or cannot be read, is left out by the `sieve`.
    """
    if not isinstance(body, list):
        raise _Unusable(f"sent {_kind(body)} in place of a list of départements")
    unknown: list[tuple[str, str]] = []
    rows: dict[str, dict[str, Any]] = {}
    for entry in body:
        name = str(entry.get("code") if isinstance(entry, dict) else entry)[:30]
        row = sieve.take(name, _entry, entry, fault=_Unusable)
        if row is None:
            continue
        code = row["departement"]
        if code in rows and rows[code] != row:
            raise _Unusable(f"lists départements twice: {code}")
        rows[code] = row
        if row["level_drinking"] is None and _unavailable(entry):
            unknown.append((code, "level_drinking"))
    sieve.require_most()
    told = {name for name, _ in sieve.left_out}
    for code in CODES:
        if code not in rows and code not in told:
            why = f"does not list all départements: {code} missing"
            sieve.leave_out(code, _Unusable(why))
    sieve.require_most()
    return list(rows.values()), tuple(unknown)


def _entry(entry: Any) -> dict[str, Any]:
    """Return the levels of one département."""
    if not isinstance(entry, dict):
        raise _Unusable(f"lists {_kind(entry)} in place of a département")
    code = _departement(entry.get("code"))
    row: dict[str, Any] = {"departement": code}
    for field, column in LEVEL_FIELDS.items():
        # Null is "no restriction": a field that is not there is not null.
        if field not in entry:
            raise _Unusable(f"has no `{field}`", code)
        row[column] = _level(entry[field], code)
    return row


def _unavailable(entry: dict[str, Any]) -> bool:
    """Return whether VigiEau says that it does not have the level of drinking water."""
    availability = entry.get("availability")
    drinking = availability.get("AEP") if isinstance(availability, dict) else None
    return isinstance(drinking, dict) and drinking.get("status") == "unavailable"


def _zones_in_force(resources: list[dict[str, Any]]) -> list[str]:
    """Return the address of the latest GeoJSON file of zones in force."""
    files = [entry for entry in resources if _is(entry, "geojson")]
    in_force = [entry for entry in files if "vigueur" in _words(entry)]
    if not files:
        raise _Unusable(f"lists no GeoJSON of zones in force, but {_titles(resources)}")
    return [_latest(in_force or files)]


def _zones_as_of(resources: list[dict[str, Any]]) -> list[str]:
    """Return the address of the file of zones in force, with the date of its last change."""
    (url,) = _zones_in_force(resources)
    dates = [str(entry.get("last_modified")) for entry in resources if entry["url"] == url]
    return [f"{url} {max(dates)}"]


def _all_orders(resources: list[dict[str, Any]]) -> list[str]:
    """Return the address of the latest file of all orders, else those of the files by year."""
    files = [entry for entry in resources if _is(entry, "csv") and "arrete" in _words(entry)]
    # "Arrêtés cadre" is another file, without levels.
    files = [entry for entry in files if "cadre" not in _words(entry)]
    one_year = re.compile(r"(?<!\d)(?:19|20)\d\d(?![\d-])")
    whole = [entry for entry in files if not one_year.search(str(entry.get("title") or ""))]
    if not files:
        raise _Unusable(f"lists no CSV of orders, but {_titles(resources)}")
    return [_latest(whole)] if whole else [str(entry["url"]) for entry in files]


def _latest(files: list[dict[str, Any]]) -> str:
    """Return the address of the file that was changed last."""
    latest = max(files, key=lambda e: (str(e.get("last_modified") or ""), _file_name(e)))
    return str(latest["url"])


def _titles(resources: list[dict[str, Any]]) -> str:
    return ", ".join(str(e.get("title") or e["url"]) for e in resources)[:300] or "nothing"


def _is(entry: dict[str, Any], kind: str) -> bool:
    """Return whether a resource is a file of that kind, by its format or its name."""
    name = _file_name(entry).removesuffix(".gz")
    return str(entry.get("format") or "").lower() == kind or name.endswith(f".{kind}")


def _file_name(entry: dict[str, Any]) -> str:
    return urlsplit(str(entry["url"])).path.rsplit("/", 1)[-1].lower()


def _words(entry: dict[str, Any]) -> str:
    """Return title and file name of a resource, without accents or case."""
    return _plain(f"{entry.get('title') or ''} {_file_name(entry)}")


def _plain(text: str) -> str:
    """Return a text without accents or case."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _zones(body: Any, sieve: Sieve, provenance: Provenance) -> Zones:
    """Return the zones of a file that have a level; what cannot be read is left out by the `sieve`.

    Properties are those of VigiEau's own file (`type`, `niveauGravite`, `departement`), or of those
    that are made from it (`type_zone`, `niveau`, `departement_code`).
    """
    if not isinstance(body, dict) or body.get("type") != "FeatureCollection":
        raise _Unusable(f"sent {_kind(body)} in place of a GeoJSON FeatureCollection")
    crs, features = body.get("crs"), body.get("features")
    if crs is not None and not re.search(r"(CRS84|\b4326)\"", json.dumps(crs)):
        raise _Unusable("has coordinates in another system than longitude and latitude")
    if not isinstance(features, list):
        raise _Unusable("has no list of `features`")
    taken = (sieve.take(_called(each), _zone, each, fault=_Unusable) for each in features)
    zones = [zone for zone in taken if zone is not None]
    sieve.require_most()
    named = {name for name, _ in sieve.left_out}
    unread = {_place(each) for each in features if _called(each) in named}
    if zones and not any(zone["told"] for zone in zones):
        raise _Unusable("tells no level (`niveauGravite`) of any zone")
    columns = ["zone", "name", "zone_type", "departement", "level"]
    in_force = [zone for zone in zones if zone["level"] is not None]
    frame = pd.DataFrame(in_force, columns=columns)
    outlines, faults = _outlines([zone["geometry"] for zone in in_force])
    for at, what in faults.items():
        fault = _Unusable(f"has zone {frame['zone'].iloc[at]} {what}")
        sieve.leave_out(frame["zone"].iloc[at], fault, taken=True)
    sieve.require_most()
    is_bad = np.isin(np.arange(len(frame)), list(faults))
    drawn = ~(is_bad | shapely.is_missing(outlines) | shapely.is_empty(outlines))
    rows = gpd.GeoDataFrame(frame[drawn], geometry=outlines[drawn], crs="OGC:CRS84")
    not_drawn = frame.loc[~drawn, ["departement", "zone_type"]]
    untold = {*not_drawn.itertuples(index=False, name=None)}
    untold |= {(code, kind) for code in unread & {*CODES} for kind in ZONE_TYPES.values()}
    return Zones(
        rows.reset_index(drop=True),
        len(zones) - len(in_force),
        tuple(frame["zone"][~drawn & ~is_bad]),
        tuple(sieve.left_out),
        tuple(sorted(untold)),
        provenance,
    )


def _called(feature: Any) -> str:
    """Return how a feature calls its zone, as far as it does."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return str(properties.get("id", "") if isinstance(properties, dict) else feature)[:60]


def _place(feature: Any) -> str | None:
    """Return the code of the département that a feature names, if any."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    said = properties if isinstance(properties, dict) else {}
    place = said.get("departement", said.get("departement_code"))
    code = place.get("code") if isinstance(place, dict) else place
    return code if isinstance(code, str) else None


def _zone(feature: Any) -> dict[str, Any]:
    """Return what a feature tells of its zone; where it has no level, that only."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise _Unusable(f"has a feature without properties: {str(feature)[:60]}")
    own = not {"niveau", "type_zone"} & properties.keys()
    zone, level = (
        str(properties.get("id", "")),
        properties.get("niveauGravite" if own else "niveau"),
    )
    told = bool({"niveau", "niveauGravite"} & properties.keys())
    if level in (None, ""):
        return {"zone": zone, "level": None, "told": told}
    kind = properties.get("type" if own else "type_zone")
    if not isinstance(kind, str) or kind not in ZONE_TYPES:
        raise _Unusable(f"has zone {zone} of unknown type {kind!r} (known: SUP, SOU, AEP)")
    place = properties.get("departement" if own else "departement_code")
    code = _departement(place.get("code") if isinstance(place, dict) else place)
    name, geometry = properties.get("nom"), feature.get("geometry")
    return {
        "zone": zone,
        "name": name if isinstance(name, str) else None,
        "zone_type": ZONE_TYPES[kind],
        "departement": code,
        "level": _level(level, code),
        "told": told,
        "geometry": None if geometry is None else json.dumps(geometry),
    }


def _outlines(shapes: list[str | None]) -> tuple[Any, dict[int, str]]:
    """Return GeoJSON geometries as polygons, None where there is none, and what is wrong with some.

    Of a collection, such as repairs make, the polygons count.
    """
    read = shapely.from_geojson(shapes, on_invalid="ignore")
    outlines = np.array([_polygons(each) for each in np.atleast_1d(read)], dtype=object)
    outlines = shapely.force_2d(outlines)
    given = np.array([shape is not None for shape in shapes], dtype=bool)
    polygon = np.isin(shapely.get_type_id(outlines), (3, 6)) | shapely.is_empty(outlines)
    low_x, low_y, high_x, high_y = shapely.bounds(outlines).reshape(-1, 4).T
    abroad = (low_x < LONGITUDES[0]) | (high_x > LONGITUDES[1])
    abroad |= (low_y < LATITUDES[0]) | (high_y > LATITUDES[1])
    faults: dict[int, str] = {}
    for wrong, what in (
        (shapely.is_missing(outlines) & given, "with a geometry that cannot be read"),
        (~polygon & ~shapely.is_missing(outlines), "that is not a polygon"),
        (abroad, "outside France: its coordinates are not longitude and latitude"),
    ):
        for at in np.flatnonzero(wrong):
            faults.setdefault(int(at), what)
    return outlines, faults


def _polygons(shape: Any) -> Any:
    """Return the polygons of a collection as one, any other geometry as it is."""
    if not isinstance(shape, shapely.GeometryCollection):
        return shape
    several = [part for each in shape.geoms for part in shapely.get_parts(each)]
    return shapely.MultiPolygon([each for each in several if isinstance(each, shapely.Polygon)])


def _orders(text: str, partial: bool, sieve: Sieve) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of a file of orders, one a zone, and what was left out of them."""
    records, left_out = _records(text, partial)
    rows: list[dict[str, Any]] = []
    for line, record in records:
        found = sieve.take(record["id"], _order, record, line, fault=_Unusable)
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
    code = _departement(_cell(record["departement"]))
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
            raise _Unusable(f"is damaged after line {after} ({error})") from error
        cut_at = lines.line_num
    header = rows[0][1] if rows else []
    if missing := [name for name in ORDER_COLUMNS if name not in header]:
        raise _Unusable(f"is no file of orders: it has no column {', '.join(missing)}")
    if cut_at is None and len(rows[-1][1]) < len(header):
        cut_at = rows.pop()[0]
    for line, cells in rows:
        if len(cells) != len(header):
            raise _Unusable(f"has {len(cells)} cells in line {line}, not {len(header)}")
    if cut_at is not None and not partial:
        raise _Unusable(f"is cut in its last row (line {cut_at})")
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
        raise _Unusable(f"has {where} with {counts}")
    if wrong := [kind for kind in kinds if kind is not None and kind not in list(ZONE_TYPES)]:
        raise _Unusable(f"has {where} of unknown type {wrong[0]!r} (known: SUP, SOU, AEP)")
    return [
        (
            None if zone is None else str(zone),
            None if kind is None else ZONE_TYPES[kind],
            _level(level, code),
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
        raise _Unusable(f"has {where} with a list that cannot be read: {cell[:60]}") from error
    return [None if value in NOTHING else value for value in values]


def _day(text: str, column: str, where: str) -> date | None:
    """Return a day written as 2012-07-18, None where there is none."""
    cell = _cell(text)
    try:
        return None if cell is None else datetime.strptime(cell[:10], "%Y-%m-%d").date()
    except ValueError as error:
        raise _Unusable(f"has {where} with {column} {cell!r}, not a day as 2012-07-18") from error


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


def _departement(code: Any) -> str:
    """Return an INSEE code."""
    if not isinstance(code, str) or code not in CODES:
        raise _Unusable(f"names an unknown département {code!r}")
    return code


def _level(level: Any, code: str) -> str | None:
    """Return a level, None for no restriction; `Alerte renforcée` is `alerte_renforcee`."""
    if level is None:
        return None
    known = _plain(level).strip().replace(" ", "_") if isinstance(level, str) else level
    if known not in LEVELS:
        raise _Unusable(f"has unknown level {level!r} (known: {', '.join(LEVELS)})", code)
    return str(known)


def _kind(body: Any) -> str:
    """Return in words what JSON value `body` is."""
    names = {"dict": "an object", "list": "a list", "str": "a text"}
    return names.get(type(body).__name__, f"{body!r}"[:30])


def _provenance(received: list[Received]) -> Provenance:
    """Return where rows come from: the first address, the time of the last, a digest of all."""
    first, digest = received[0], received[0].sha256
    if len(received) > 1:
        digest = sha256("".join(one.sha256 for one in received).encode()).hexdigest()
    fetched_at = max(one.received_at for one in received)
    return Provenance(NAME, first.url, fetched_at.isoformat(), digest)


def build(parts: Parts) -> Vigieau:
    """Return the client that `parts` make."""
    settings = parts.settings
    return Vigieau(
        parts.http,
        settings.vigieau_url,
        dataset_url=settings.vigieau_dataset_url,
    )


def ask(http: Http, settings: Settings) -> None:
    """Ask for the levels in force."""
    Vigieau(http, settings.vigieau_url).levels()
