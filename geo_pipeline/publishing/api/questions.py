"""Questions: the parameters of an address, read and checked before anything is selected.

A value that cannot be met is an error that names the parameter: nothing is ignored silently.
"""

import base64
import binascii
import calendar
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from geo_pipeline.catalogue.crop_names import CROP_NAMES
from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.errors import UsageError
from geo_pipeline.publishing.api.offers import Offer
from geo_pipeline.territory import DEPARTEMENTS, REGIONS, parse_departement
from geo_pipeline.words import Message, message

LIMIT: Final = 1_000
"""Rows of a page where none are asked for."""
MOST_ROWS: Final = 10_000
"""Most rows of a page; whole tables are files."""
MOST_VALUES: Final = 200
"""Most values of one parameter: more than there are départements or indicators."""


class Form(NamedTuple):
    """A form of an answer."""

    name: str
    """As `format=` names it, and the ending of its files."""
    media: str


JSON: Final = Form("json", "application/json")
CSV: Final = Form("csv", "text/csv")
PARQUET: Final = Form("parquet", "application/vnd.apache.parquet")
GEOJSON: Final = Form("geojson", "application/geo+json")
XLSX: Final = Form("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
ROWS_AS: Final = {each.name: each for each in (JSON, CSV, PARQUET)}
"""The forms of pages of rows; `parquet` is GeoParquet where rows have a département."""

FILTERS: Final = ("departement", "region", "indicator", "crop", "period", "since", "until")
"""Parameters that choose rows."""
PAGING: Final = ("limit", "cursor", "format")


class QuestionError(UsageError):
    """A parameter cannot be met; `parameter` is its name, `status` the HTTP status."""

    def __init__(self, what: Message, parameter: str, status: int = 400) -> None:
        super().__init__(what)
        self.args = (what, parameter, status)
        self.parameter, self.status = parameter, status

    def __str__(self) -> str:
        """Return the text of the error."""
        return str(self.args[0])


@dataclass(frozen=True)
class Question:
    """Which rows of a table, and in which form; empty filters choose all."""

    offer: Offer
    form: Form = JSON
    departements: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    crops: tuple[str, ...] = ()
    first: date | None = None
    """First and last day of the wished periods, None for no limit."""
    last: date | None = None
    limit: int = LIMIT
    after: tuple[Any, ...] = ()
    """Key of the last row of the page before; empty for the first page."""


def filters(offer: Offer) -> tuple[str, ...]:
    """Return the parameters that choose rows of a table."""
    found = []
    if offer.has("departement"):
        found += ["departement", "region"]
    found += [name for name in ("indicator",) if offer.has(name)]
    found += ["crop"] if offer.has("crop") or offer.has("indicator") else []
    found += ["period", "since", "until"] if offer.time else []
    return tuple(found)


def read(
    offer: Offer, parameters: Sequence[tuple[str, str]], accept: str, edition: str
) -> Question:
    """Return the question in the parameters of an address; `accept` is the header.

    `edition` is the short digest of the publication, which a cursor belongs to.

    Raises:
        QuestionError: a parameter is unknown, repeated or cannot be met.
    """
    given = _given(parameters, (*filters(offer), *PAGING))
    first, last = _span(given)
    wanted = _several(given, "departement", _departement)
    for code in _several(given, "region", _region):
        wanted += tuple(each.code for each in DEPARTEMENTS if each.region_code == code)
    return Question(
        offer,
        form(given, accept),
        tuple(dict.fromkeys(wanted)),
        _several(given, "indicator", _indicator),
        _several(given, "crop", _crop),
        first,
        last,
        _limit(given),
        _after(given, offer, edition),
    )


def form(given: Mapping[str, Sequence[str]], accept: str) -> Form:
    """Return the form asked for by `format`, else by the header `Accept`, else JSON.

    Raises:
        QuestionError: the format is unknown (400), or no form is accepted (406).
    """
    if "format" in given:
        name = given["format"][0]
        if name not in ROWS_AS:
            raise _unknown("format", name, ROWS_AS)
        return ROWS_AS[name]
    ranked = sorted(_accepted(accept), key=lambda each: -each[1])
    for media, quality in ranked:
        for each in ROWS_AS.values():
            if quality > 0 and media in (each.media, "*/*", f"{each.media.split('/')[0]}/*"):
                return each
    known = ", ".join(each.media for each in ROWS_AS.values())
    raise QuestionError(message("api.not_acceptable", known=known), "Accept", 406)


def _accepted(accept: str) -> Iterable[tuple[str, float]]:
    """Yield the media types of a header `Accept`, each with its quality."""
    for part in accept.split(",") if accept.strip() else ["*/*"]:
        media, *more = (each.strip().lower() for each in part.split(";"))
        quality = next((each.removeprefix("q=") for each in more if each.startswith("q=")), "1")
        yield media, float(quality) if re.fullmatch(r"[01](\.\d{0,3})?", quality) else 0.0


def _given(
    parameters: Sequence[tuple[str, str]], known: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return the values of each parameter; lists may be repeated parameters or have commas."""
    given: dict[str, tuple[str, ...]] = {}
    for name, value in parameters:
        if name not in known:
            raise QuestionError(
                message("api.unknown_parameter", name=_short(name), known=", ".join(known)), name
            )
        parts = [value] if name == "cursor" else [each.strip() for each in value.split(",")]
        if not all(parts):
            raise QuestionError(message("api.empty", name=name), name)
        given[name] = (*given.get(name, ()), *parts)
        if len(given[name]) > MOST_VALUES:
            raise QuestionError(message("api.too_many", name=name, most=MOST_VALUES), name)
    for name in ("period", "since", "until", "limit", "cursor", "format"):
        if len(given.get(name, ())) > 1:
            raise QuestionError(message("api.once", name=name), name)
    return given


def _several(given: Mapping[str, Sequence[str]], name: str, read_one: Any) -> tuple[str, ...]:
    return tuple(read_one(value) for value in given.get(name, ()))


def _departement(value: str) -> str:
    try:
        return parse_departement(value)
    except UsageError as error:
        raise QuestionError(error.message, "departement") from error


def _region(value: str) -> str:
    if value not in REGIONS:
        raise _unknown("region", value, REGIONS)
    return value


def _indicator(value: str) -> str:
    if value not in INDICATORS:
        raise _unknown("indicator", value, INDICATORS)
    return value


def _crop(value: str) -> str:
    if value not in CROP_NAMES:
        raise _unknown("crop", value, CROP_NAMES)
    return value


def _unknown(name: str, value: str, known: Iterable[str]) -> QuestionError:
    told = message("api.unknown_value", name=name, value=_short(value), known=", ".join(known))
    return QuestionError(told, name)


def _span(given: Mapping[str, Sequence[str]]) -> tuple[date | None, date | None]:
    """Return the first and last day of the periods asked for."""
    first = period_days(given["since"][0], "since")[0] if "since" in given else None
    last = period_days(given["until"][0], "until")[1] if "until" in given else None
    if first and last and first > last:
        raise QuestionError(message("api.backwards", first=first, last=last), "since")
    if "period" in given:  # all that is given holds
        begins, ends = period_days(given["period"][0], "period")
        first, last = max(begins, first or begins), min(ends, last or ends)
    return first, last


def period_days(text: str, parameter: str) -> tuple[date, date]:
    """Return the first and last day of `2022`, `2022-08` or `2022-08-20`.

    Raises:
        QuestionError: it is none of these.
    """
    matched = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", text, re.ASCII)
    try:
        if matched is None:
            raise ValueError
        year, month, day = (int(each) if each else None for each in matched.groups())
        if day is not None:
            return (one := date(year, month, day)), one  # type: ignore[arg-type]
        if month is not None:
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])  # type: ignore[arg-type]
        return date(year, 1, 1), date(year, 12, 31)  # type: ignore[arg-type]
    except ValueError:
        told = message("api.no_period", name=parameter, value=_short(text))
        raise QuestionError(told, parameter) from None


def _limit(given: Mapping[str, Sequence[str]]) -> int:
    text = given.get("limit", (str(LIMIT),))[0]
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not 1 <= int(text) <= MOST_ROWS:
        raise QuestionError(message("api.limit", value=_short(text), most=MOST_ROWS), "limit")
    return int(text)


def _after(given: Mapping[str, Sequence[str]], offer: Offer, edition: str) -> tuple[Any, ...]:
    """Return the key in a cursor that this publication has given out."""
    if "cursor" not in given:
        return ()
    text = given["cursor"][0]
    try:
        read_back = json.loads(base64.b64decode(text.encode(), b"-_", validate=True))
        known, *key = read_back
        typed = [_typed(column.kind, value) for column, value in _paired(offer, key)]
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise QuestionError(message("api.cursor"), "cursor") from None
    if known != edition:
        raise QuestionError(message("api.cursor_old"), "cursor", 410)
    return tuple(typed)


def _paired(offer: Offer, key: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    columns = [each for each in offer.columns if each.in_key]
    return zip(columns, key, strict=True)


def _typed(kind: str, value: Any) -> Any:
    """Return a value of a cursor with the type of its column."""
    if kind == "date":
        return date.fromisoformat(value)
    expected = int if kind == "integer" else str
    if not isinstance(value, expected) or isinstance(value, bool):
        raise TypeError
    return value


def cursor(key: Sequence[Any], edition: str) -> str:
    """Return the cursor of the page after the row with this key."""
    kept = [value.isoformat() if isinstance(value, date) else value for value in key]
    text = json.dumps([edition, *kept], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode()


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
