"""Feeds of issues: Atom (RFC 4287) and iCalendar (RFC 5545), for France, a région or a département.

An issue is a dekad with what is found in it: the sentence of the map for a place of several
départements, of the combined class for one. It is due on the day after its dekad.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import IO, Any, Final
from urllib.parse import urlencode
from xml.etree import ElementTree

import pandas as pd

from geo_pipeline import dekads
from geo_pipeline.publishing import selection
from geo_pipeline.publishing.api.editions import Edition
from geo_pipeline.publishing.api.questions import Form, QuestionError
from geo_pipeline.publishing.bulletin.issues import Format, name_of
from geo_pipeline.publishing.bulletin.places import Place, places
from geo_pipeline.publishing.formats import format_period, is_missing
from geo_pipeline.publishing.headlines import finding
from geo_pipeline.publishing.sentences import archive_words, is_past, sentence
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import Catalogue, Lang, catalogue, message

ATOM: Final = Form("atom", "application/atom+xml")
CALENDAR: Final = Form("ics", "text/calendar")
FORMS: Final = {each.name: each for each in (ATOM, CALENDAR)}

ISSUES: Final = 36
"""Issues in a feed: a year."""
NEXT_ISSUES: Final = 6
"""Issues to come in a calendar."""
INDICATOR: Final = "combined"

_NAMESPACE: Final = "http://www.w3.org/2005/Atom"
_BULLETINS: Final[dict[Format, str]] = {"pdf": "application/pdf", "html": "text/html"}
_FOLD: Final = 74
"""Most bytes of a line of iCalendar before it is folded."""


@cache
def feed_places() -> dict[str, Place]:
    """Return the places that there are feeds of, by the names of their files."""
    return {place.slug: place for place in places().values()}


@dataclass(frozen=True)
class Issue:
    """A dekad, and what is found in it."""

    period_end: date
    said: str


def find(name: str) -> tuple[Place, Form]:
    """Return the place and form of `32.atom`.

    Raises:
        QuestionError: there is no such feed (404).
    """
    slug, _, ending = name.partition(".")
    if slug in feed_places() and ending in FORMS:
        return feed_places()[slug], FORMS[ending]
    raise QuestionError(message("api.no_feed", path=name[:80]), "path", 404)


def write(
    place: Place,
    form: Form,
    lang: Lang,
    warehouse: Warehouse,
    edition: Edition,
    *,
    base: str,
    sink: IO[bytes],
) -> None:
    """Write the feed of a place; `base` is the address of the API.

    Raises:
        StorageError: the publication cannot be read.
    """
    found = issues(place, lang, warehouse, edition)
    site = base.removesuffix("/api/v1")
    if form == ATOM:
        address = f"{base}/feeds/{place.slug}.{form.name}?lang={lang}"
        sink.write(_atom(place, found, edition, lang, site=site, address=address))
    else:
        sink.write(_calendar(place, found, edition, lang, site=site))


def issues(place: Place, lang: Lang, warehouse: Warehouse, edition: Edition) -> list[Issue]:
    """Return the last issues of a place, the newest first.

    They are those of the bulletin: dekads in which most départements have a class, and the place.
    """
    counts = warehouse.query("api_class_counts")
    known = counts.loc[selection.of_most(counts["departements"].to_numpy()), "period_end"]
    rows = warehouse.query("api_issues", days=[day.date() for day in known[-ISSUES:]])
    rows = rows[rows["departement"].isin(place.codes)]
    found = []
    for moment, values in rows.groupby("period_end", sort=False):
        day = pd.Timestamp(str(moment)).date()
        if values["drought_class"].notna().any():
            past = is_past(day, edition.published_at.date())
            found.append(Issue(day, _said(place, values, lang, past=past)))
    return sorted(found, key=lambda each: each.period_end, reverse=True)


def _said(place: Place, values: pd.DataFrame, lang: Lang, *, past: bool) -> str:
    if place.kind != "departement":
        return finding(INDICATOR, values, lang, past=past)
    row: dict[Any, Any] = values.iloc[0].to_dict()
    told: dict[str, Any] = {
        name: None if is_missing(row[name]) else row[name]
        for name in (
            "value", "percentile", "drought_class", "reference_years", "reference_period"
        )
    }  # fmt: skip
    ranked = None if is_missing(row["dry_rank"]) else (row["dry_rank"], row["ranked_years"])
    return sentence(INDICATOR, str(row["name"]), **told, ranked=ranked, lang=lang, past=past)


def _page(place: Place, site: str, day: date, lang: Lang) -> str:
    """Return the address of the app's page on a place at a dekad."""
    query = {"indicator": INDICATOR, "period": day.isoformat(), "lang": lang}
    if place.kind == "departement":
        query = {"page": "departement", "departement": place.key, **query}
    elif place.kind == "region":
        query = {"page": "ranking", "region": place.key.removeprefix("R"), **query}
    return f"{site}/app?{urlencode(query)}"


def _bulletin(place: Place, site: str, day: date, lang: Lang, form: Format) -> str:
    """Return the address of the bulletin of a dekad."""
    return f"{site}/bulletins/{name_of(place, day, lang, form)}"


def due(period_end: date) -> date:
    """Return the day on which the issue of a dekad is due."""
    return period_end + timedelta(days=1)


def _ended(found: list[Issue], edition: Edition) -> date | None:
    """Return the last day of a record that ended long before its publication."""
    if found and is_past(found[0].period_end, edition.published_at.date()):
        return found[0].period_end
    return None


def _heading(place: Place, words: Catalogue) -> str:
    return words("feed.title", place=place.name(words.lang))


def _title(place: Place, day: date, words: Catalogue) -> str:
    period = format_period(day, "dekad", words.lang)
    return words("feed.issue", place=place.name(words.lang), period=period)


def _atom(
    place: Place, found: list[Issue], edition: Edition, lang: Lang, *, site: str, address: str
) -> bytes:
    words = catalogue(lang)
    feed = ElementTree.Element("feed", {"xmlns": _NAMESPACE, "xml:lang": lang})
    _add(feed, "title", _heading(place, words))
    ended = _ended(found, edition)
    _add(feed, "subtitle", archive_words(ended, lang) if ended else words("feed.subtitle"))
    _add(feed, "id", f"tag:agricultural-drought-france,2026:{place.slug}")
    newest = due(found[0].period_end) if found else edition.published_at.date()
    _add(feed, "updated", f"{newest}T12:00:00Z")
    _add(ElementTree.SubElement(feed, "author"), "name", words("feed.author"))
    _add(feed, "rights", "; ".join(dict.fromkeys(_licences(edition, lang))))
    ElementTree.SubElement(feed, "link", {"rel": "self", "href": address})
    for each in found:
        entry = ElementTree.SubElement(feed, "entry")
        _add(entry, "title", _title(place, each.period_end, words))
        _add(entry, "id", f"tag:agricultural-drought-france,2026:{place.slug}:{each.period_end}")
        for name in ("published", "updated"):
            _add(entry, name, f"{due(each.period_end)}T12:00:00Z")
        page = _page(place, site, each.period_end, lang)
        ElementTree.SubElement(entry, "link", {"rel": "alternate", "href": page})
        for form, media in _BULLETINS.items():
            told = {"type": media, "href": _bulletin(place, site, each.period_end, lang, form)}
            ElementTree.SubElement(entry, "link", {"rel": "enclosure", **told})
        _add(entry, "summary", each.said)
    ElementTree.indent(feed, " ")
    text: bytes = ElementTree.tostring(feed, "utf-8", xml_declaration=True)
    return text + b"\n"


def _licences(edition: Edition, lang: Lang) -> list[str]:
    return [each["licence"][lang] for each in edition.sources("weather_daily")]


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = text


def _calendar(
    place: Place, found: list[Issue], edition: Edition, lang: Lang, *, site: str
) -> bytes:
    words = catalogue(lang)
    days = [each.period_end for each in found[:1]]
    if found and _ended(found, edition) is None:
        last = found[0].period_end
        days += [dekads.before(last, -ahead) for ahead in range(1, NEXT_ISSUES + 1)]
    said = {each.period_end: each.said for each in found}
    stamp = f"{edition.published_at:%Y%m%dT%H%M%SZ}"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//agricultural-drought-france//issues//FR",
        f"X-WR-CALNAME:{_escaped(_heading(place, words))}",
        "METHOD:PUBLISH",
    ]
    for day in days:
        begins = due(day)
        opens = _bulletin(place, site, day, lang, "pdf") if day in said else f"{site}/app"
        lines += [
            "BEGIN:VEVENT",
            f"UID:{place.slug}-{day}@agricultural-drought-france",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{begins:%Y%m%d}",
            f"DTEND;VALUE=DATE:{begins + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_escaped(_title(place, day, words))}",
            f"DESCRIPTION:{_escaped(said.get(day, words('feed.expected')))}",
            f"URL:{opens}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines).encode()


def _escaped(text: str) -> str:
    for plain in ("\\", ";", ","):
        text = text.replace(plain, f"\\{plain}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> str:
    """Return a line with a line break and a space after 74 bytes at most, never in a character."""
    parts, part, size = [], "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > _FOLD:
            parts.append(part)
            part, size = "", 1
        part, size = part + letter, size + width
    return "\r\n ".join([*parts, part])
