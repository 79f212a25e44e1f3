"""Drought alerts: a class that worsens, a département newly under restriction.

The cursor holds the last state of each département. The first publication of a home is recorded
without an alert, and an unchanged publication gives none either.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

import dagster as dg
import numpy as np

from geo_pipeline.automation import readers
from geo_pipeline.automation.alerts import Alert, Alerts, Rows, digest
from geo_pipeline.automation.drought_changes import (
    CLASS_RANK,
    CLASSES,
    LEVEL_RANK,
    LEVELS,
    Change,
    DroughtState,
)
from geo_pipeline.automation.sensors.memory import remembered
from geo_pipeline.automation.sensors.places import named
from geo_pipeline.errors import NotPublishedError
from geo_pipeline.platform.tick_errors import keeping_errors
from geo_pipeline.publishing import selection
from geo_pipeline.publishing.certainty import (
    certainty_of,
    certainty_words,
    chance_note,
)
from geo_pipeline.publishing.formats import capitalise, format_date, format_period, is_missing
from geo_pipeline.settings import Settings
from geo_pipeline.storage.findings import Findings
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import Catalogue, catalogue, joined, verbatim

GRAVE: Final = ("D4", "D3", "crise")
"""Classes and levels that give an alert the severity `error`."""


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""

    @dg.sensor(
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends an alert after a publication in which départements are in a worse "
        "drought class or under stricter water restrictions than before. Launches no run.",
    )
    @keeping_errors("drought_alerts")
    def drought_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        cursor, changes, said = tick(settings, context.cursor)
        alert = drought_alert(settings, changes)
        if alert is not None:
            Alerts(settings).send([alert])
        tell_readers(settings, changes)
        if cursor != context.cursor:
            context.update_cursor(cursor)
        return dg.SkipReason(said)

    return [drought_alerts]


def tell_readers(settings: Settings, changes: Sequence[Change]) -> None:
    """Send each reader an alert on the changes that concern them.

    Raises:
        UsageError: the file of readers is wrong.
        StorageError: the publication cannot be read, or a memory of alerts cannot be written.
    """
    known = readers.readers(settings) if changes else []
    if not known:
        return
    with contextlib.closing(Warehouse(settings.warehouse)) as warehouse:
        standing = readers.standing(warehouse) if any(each.crops for each in known) else {}
    for reader in known:
        own = reader.settings(settings)
        alert = drought_alert(own, reader.concerning(changes, standing))
        if alert is not None:
            Alerts(own, reader.folder).send([alert])


def tick(settings: Settings, cursor: str | None) -> tuple[str, list[Change], str]:
    """Return the new cursor, what has changed and the message for this tick.

    Départements that a check holds back keep their state, and are compared once they are released.
    """
    known = remembered(cursor, "version", "held", "told")
    warehouse = Warehouse(settings.warehouse)
    try:
        version = list(warehouse.version())
    except NotPublishedError:
        return cursor or "", [], "nothing is published yet"
    held = sorted(Findings(settings.findings).held())
    if known.get("version") == version and set(known["held"]) <= set(held):
        return cursor or "", [], "nothing new is published"
    told = {code: DroughtState(*fields) for code, fields in known.get("told", {}).items()}
    changes = []
    try:
        rows = warehouse.query("drought_states").to_dict("records")
    finally:
        warehouse.close()
    for row in rows:
        code = str(row["departement"])
        if code in held and code in told:
            continue
        before = told.get(code, DroughtState())
        told[code] = _newer(before, _state(row))
        if told[code] != before:
            marks = bool(row["provisional"]), bool(row["archive"])
            changes.append(Change(code, before, told[code], *marks, certainty_of(row)))
    seen = {"version": version, "held": held, "told": told}
    text = json.dumps(seen, separators=(",", ":"))
    if cursor is None or not known:
        return text, [], "first publication: noted, no message is sent"
    count = sum(each.worse or each.raised for each in changes)
    return text, changes, f"new publication: {count} départements worse than before"


def _state(row: dict[Any, Any]) -> DroughtState:
    def text(name: str) -> str | None:
        return None if is_missing(row[name]) else str(row[name])[:10]

    def word(name: str) -> str | None:
        return None if is_missing(row[name]) else str(row[name])

    return DroughtState(
        word("drought_class"), text("period_end"), word("restriction_level"), text("restricted_on")
    )


def _newer(before: DroughtState, now: DroughtState) -> DroughtState:
    """Return `now` unless it is older than `before`: older data are not compared."""
    drought, water = before[:2], before[2:]
    if now.period_end is not None and now.period_end >= (before.period_end or ""):
        drought = now[:2]
    if now.restricted_on is not None and now.restricted_on >= (before.restricted_on or ""):
        water = now[2:]
    return DroughtState(*drought, *water)


# --------------------------------------------------------------------------------------------
# Words
# --------------------------------------------------------------------------------------------


def drought_alert(settings: Settings, changes: Sequence[Change]) -> Alert | None:
    """Return one alert on everything that got worse, the worst first; None where nothing did."""
    told = sorted((each for each in changes if each.worse or each.raised), key=_worst_first)
    if not told:
        return None
    single = told[0] if len(told) == 1 else None
    grave = any(
        (each.worse and each.now.drought_class in GRAVE)
        or (each.raised and each.now.level in GRAVE)
        for each in told
    )
    words = catalogue(settings.alert_language)
    return Alert(
        kind="drought",
        key=f"drought:{digest([(each.code, each.was, each.now) for each in told])}",
        severity="error" if grave else "warning",
        departements=tuple(each.code for each in told),
        title=_title(told, words),
        text=_text(told, changes, words),
        link=_link(settings, told[0], france=single is None),
        table=() if single else _table(told, words),
        links=() if single else tuple(_link(settings, each, france=False) for each in told),
    )


def _worst_first(change: Change) -> tuple[int, int, str]:
    drought = CLASS_RANK[str(change.now.drought_class)] if change.worse else len(CLASS_RANK)
    water = LEVEL_RANK[str(change.now.level)] if change.raised else len(LEVEL_RANK)
    return drought, water, change.code


def _link(settings: Settings, change: Change, *, france: bool) -> str:
    """Return the page of the app that shows a change, for France or for the département."""
    indicator = "combined" if change.worse else "water_restrictions"
    day = change.now.period_end if change.worse else change.now.restricted_on
    query = {
        "indicator": indicator,
        "period": selection.period_text(indicator, date.fromisoformat(str(day))),
        "lang": settings.alert_language,
    }
    if not france:
        query = {"departement": change.code} | query
    return f"{settings.app_url.rstrip('/')}/?{urlencode(query)}"


def _title(told: Sequence[Change], words: Catalogue) -> str:
    if len(told) == 1:
        change, parts = told[0], []
        if change.worse:
            parts.append(_became("became", _classes(change, words), words))
        if change.raised:
            parts.append(_became("water_became", _levels(change, words), words))
        return words("alert.pair", head=named(change.code, words), what=parts)
    counts = {
        "worse": sum(each.worse for each in told),
        "raised": sum(each.raised for each in told),
    }
    parts = [words.count(f"drought_alert.{what}", count) for what, count in counts.items() if count]
    return capitalise(", ".join(parts))


def _became(key: str, was_and_now: tuple[str, str], words: Catalogue) -> str:
    was, now = was_and_now
    return words(f"drought_alert.{key}", was=was, now=now)


def _classes(change: Change, words: Catalogue) -> tuple[str, str]:
    was, now = (CLASSES[str(each.drought_class)] for each in (change.was, change.now))
    return was.name(words.lang), now.name(words.lang)


def _levels(change: Change, words: Catalogue) -> tuple[str, str]:
    was, now = (LEVELS[str(each.level)] for each in (change.was, change.now))
    return was.name(words.lang), now.name(words.lang)


def _text(told: Sequence[Change], changes: Sequence[Change], words: Catalogue) -> str:
    """Return the text beside the table: one change in words, or counts of many, and the period."""
    lines = []
    if len(told) == 1:
        change = told[0]
        cells = {"drought": _drought_cell(change, words), "water": _water_cell(change, words)}
        lines += [
            words(f"drought_alert.{what}_line", cell=cells[what]) for what in cells if cells[what]
        ]
        lines += _uncertain(change, words)
    elif any(each.worse for each in told):
        counted = Counter(str(each.now.drought_class) for each in told if each.worse)
        sums = [
            words("drought_alert.sum", count=counted[code], name=CLASSES[code].name(words.lang))
            for code in CLASSES
            if counted[code]
        ]
        lines.append(words("drought_alert.sums", sums=sums))
        chances = [each.certainty.chance for each in told if each.worse and each.certainty]
        lines += [f"{note}." for note in [chance_note(np.array(chances), words.lang)] if note]
    lines += _periods(told, words)
    marks = _marks(told, words)
    lines += [marks] if marks else []
    better = {
        "over": [each.code for each in changes if each.over],
        "lifted": [each.code for each in changes if each.lifted],
    }
    for what, codes in better.items():
        if codes:
            lines.append(
                words(f"drought_alert.{what}", names=[named(code, words) for code in codes])
            )
    return "\n".join(lines)


def _uncertain(change: Change, words: Catalogue) -> list[str]:
    """Return between which classes the right one may be."""
    if not change.worse:
        return []
    style = CLASSES[str(change.now.drought_class)]
    said = certainty_words("combined", style, change.certainty, words.lang)
    return [f"{said}."] if said else []


def _periods(told: Sequence[Change], words: Catalogue) -> list[str]:
    """Return the period of the classes and the date of the restrictions in the alert."""
    dekads = sorted({str(each.now.period_end) for each in told if each.worse})
    days = sorted({str(each.now.restricted_on) for each in told if each.raised})
    lines = []
    if dekads:
        said = [format_period(date.fromisoformat(day), "dekad", words.lang) for day in dekads]
        lines.append(words("drought_alert.period", periods=joined(map(verbatim, said))))
    if days:
        said = [format_date(date.fromisoformat(day), words.lang) for day in days]
        lines.append(words("drought_alert.in_force", days=joined(map(verbatim, said))))
    return lines


def _marks(told: Sequence[Change], words: Catalogue) -> str:
    said = []
    if any(each.worse and each.archive for each in told):
        said.append(words("drought_alert.archive"))
    if any(each.worse and each.provisional for each in told):
        said.append(words("drought_alert.provisional"))
    return " ".join(said)


def _table(told: Iterable[Change], words: Catalogue) -> Rows:
    heads = (
        words("drought_alert.departement"),
        words("drought_alert.drought"),
        words("drought_alert.water"),
    )
    rows = [
        (named(each.code, words), _drought_cell(each, words), _water_cell(each, words))
        for each in told
    ]
    filled = [place for place in range(3) if any(row[place] for row in rows)]
    return tuple(tuple(row[place] for place in filled) for row in (heads, *rows))


def _drought_cell(change: Change, words: Catalogue) -> str:
    """Return `normal → sécheresse grave (D2)`, marked where it is provisional."""
    if not change.worse:
        return ""
    was, now = _classes(change, words)
    return f"{was} → {now} ({change.now.drought_class}){'*' if change.provisional else ''}"


def _water_cell(change: Change, words: Catalogue) -> str:
    """Return `vigilance → crise`."""
    return " → ".join(_levels(change, words)) if change.raised else ""
