"""Drought alerts: a class that worsens, a département newly in restriction.

The cursor remembers how each département stood when it was last judged. The first publication of a
home is noted and tells nothing; what is published again unchanged tells nothing either.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import dagster as dg

from geo_pipeline.automation.alerts import Alert, Alerts, Rows, digest
from geo_pipeline.errors import NotPublishedError
from geo_pipeline.publishing import look, views
from geo_pipeline.publishing.look import NBSP, Lang, Words
from geo_pipeline.settings import Settings
from geo_pipeline.storage.findings import Findings
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.territory import BY_CODE

LANGS: Final[tuple[Lang, ...]] = ("fr", "en")
CLASSES: Final = {style.code: style for style in look.DROUGHT_CLASSES}
LEVELS: Final = {style.code: style for style in look.RESTRICTION_LEVELS}
CLASS_RANK: Final = {code: rank for rank, code in enumerate(CLASSES)}
"""0 for the driest class."""
LEVEL_RANK: Final = {code: rank for rank, code in enumerate(LEVELS)}
"""0 for the strictest level."""
GRAVE: Final = ("D4", "D3", "crise")
"""Classes and levels that make an alert one of severity `error`."""


class Standing(NamedTuple):
    """How a département stands: class and level, each with the day it is of; None: not known."""

    drought_class: str | None = None
    period_end: str | None = None
    level: str | None = None
    restricted_on: str | None = None


@dataclass(frozen=True)
class Change:
    """A département that stands otherwise than when it was last judged."""

    code: str
    was: Standing
    now: Standing
    provisional: bool
    archive: bool

    @property
    def worse(self) -> bool:
        """Whether the class is worse than before, and D1 at least."""
        was, now = self.was.drought_class, self.now.drought_class
        known = was is not None and now in look.IN_DROUGHT
        return known and CLASS_RANK[str(now)] < CLASS_RANK[str(was)]

    @property
    def raised(self) -> bool:
        """Whether there are stricter restrictions than before."""
        was, now = self.was.level, self.now.level
        return was is not None and now is not None and LEVEL_RANK[now] < LEVEL_RANK[was]

    @property
    def over(self) -> bool:
        """Whether it was in drought and is back to normal."""
        was, now = self.was.drought_class, self.now.drought_class
        back = now is not None and CLASS_RANK[now] >= CLASS_RANK["normal"]
        return was in look.IN_DROUGHT and back

    @property
    def lifted(self) -> bool:
        """Whether there were restrictions and are none."""
        return self.was.level not in (None, "none") and self.now.level == "none"


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""

    @dg.sensor(
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="After each publication: tells which départements are in a worse drought class "
        "or under stricter water restrictions than before. Starts no run.",
    )
    def drought_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        cursor, alert, said = look_at(settings, context.cursor)
        if alert is not None:
            Alerts(settings).send([alert])
        if cursor != context.cursor:
            context.update_cursor(cursor)
        return dg.SkipReason(said)

    return [drought_alerts]


def look_at(settings: Settings, cursor: str | None) -> tuple[str, Alert | None, str]:
    """Return the new cursor, what is to be told and what is to be said of this look.

    Départements that a check holds back are left as they were, and looked at once they no longer
    are.
    """
    known = _parsed(cursor)
    warehouse = Warehouse(settings.warehouse)
    try:
        version = list(warehouse.version())
    except NotPublishedError:
        return cursor or "", None, "nothing is published yet"
    held = sorted(Findings(settings.findings).held())
    if known.get("version") == version and set(known["held"]) <= set(held):
        return cursor or "", None, "nothing new is published"
    told = {code: Standing(*fields) for code, fields in known.get("told", {}).items()}
    changes = []
    try:
        rows = warehouse.query("drought_standing").to_dict("records")
    finally:
        warehouse.close()
    for row in rows:
        code = str(row["departement"])
        if code in held and code in told:
            continue
        before = told.get(code, Standing())
        told[code] = _newer(before, _standing(row))
        if told[code] != before:
            marks = bool(row["provisional"]), bool(row["archive"])
            changes.append(Change(code, before, told[code], *marks))
    seen = {"version": version, "held": held, "told": told}
    text = json.dumps(seen, separators=(",", ":"))
    if cursor is None or not known:
        return text, None, "first publication: noted, nothing is told"
    alert = drought_alert(settings, changes)
    count = 0 if alert is None else len(alert.departements)
    return text, alert, f"new publication: {count} départements worse than before"


def _parsed(cursor: str | None) -> dict[str, Any]:
    """Return what the cursor remembers; nothing where it is none of ours."""
    try:
        known = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) and {"version", "held", "told"} <= set(known) else {}


def _standing(row: dict[Any, Any]) -> Standing:
    def text(name: str) -> str | None:
        return None if look.is_missing(row[name]) else str(row[name])[:10]

    def word(name: str) -> str | None:
        return None if look.is_missing(row[name]) else str(row[name])

    return Standing(
        word("drought_class"), text("period_end"), word("restriction_level"), text("restricted_on")
    )


def _newer(before: Standing, now: Standing) -> Standing:
    """Return `now` where it is of the same day or later; what is earlier is not judged."""
    drought, water = before[:2], before[2:]
    if now.period_end is not None and now.period_end >= (before.period_end or ""):
        drought = now[:2]
    if now.restricted_on is not None and now.restricted_on >= (before.restricted_on or ""):
        water = now[2:]
    return Standing(*drought, *water)


# --------------------------------------------------------------------------------------------
# Words
# --------------------------------------------------------------------------------------------


def drought_alert(settings: Settings, changes: Sequence[Change]) -> Alert | None:
    """Return one alert on all that got worse, the worst first; None where nothing did."""
    told = sorted((each for each in changes if each.worse or each.raised), key=_worst_first)
    if not told:
        return None
    single = told[0] if len(told) == 1 else None
    grave = any(
        (each.worse and each.now.drought_class in GRAVE)
        or (each.raised and each.now.level in GRAVE)
        for each in told
    )
    return Alert(
        kind="drought",
        key=f"drought:{digest([(each.code, each.was, each.now) for each in told])}",
        severity="error" if grave else "warning",
        departements=tuple(each.code for each in told),
        title={lang: _title(told, lang) for lang in LANGS},
        text={lang: _text(told, changes, lang) for lang in LANGS},
        link=_link(settings, told[0], france=single is None),
        table={} if single else {lang: _table(told, lang) for lang in LANGS},
        links=() if single else tuple(_link(settings, each, france=False) for each in told),
    )


def _worst_first(change: Change) -> tuple[int, int, str]:
    drought = CLASS_RANK[str(change.now.drought_class)] if change.worse else len(CLASS_RANK)
    water = LEVEL_RANK[str(change.now.level)] if change.raised else len(LEVEL_RANK)
    return drought, water, change.code


def _link(settings: Settings, change: Change, *, france: bool) -> str:
    """Return the page of the app that shows a change, of the whole of France or the département."""
    indicator = "combined" if change.worse else "water_restrictions"
    day = change.now.period_end if change.worse else change.now.restricted_on
    query = {
        "indicator": indicator,
        "period": views.period_text(indicator, date.fromisoformat(str(day))),
        "lang": settings.alert_language,
    }
    if not france:
        query = {"departement": change.code} | query
    return f"{settings.app_url.rstrip('/')}/?{urlencode(query)}"


def named(code: str) -> str:
    """Return `Gers (32)`; what is no code of a département as it is."""
    return f"{BY_CODE[code].name} ({code})" if code in BY_CODE else code


def _title(told: Sequence[Change], lang: Lang) -> str:
    worse = sum(each.worse for each in told)
    raised = sum(each.raised for each in told)
    if len(told) == 1:
        change, parts = told[0], []
        if change.worse:
            was, now = change.was.drought_class, change.now.drought_class
            parts.append(_became(CLASSES[str(was)].name, CLASSES[str(now)].name)(lang))
        if change.raised:
            was, now = change.was.level, change.now.level
            became = _became(LEVELS[str(was)].name, LEVELS[str(now)].name)
            parts.append(Words(f"eau{NBSP}: {became.fr}", f"water: {became.en}")(lang))
        colon = f"{NBSP}: " if lang == "fr" else ": "
        return f"{named(change.code)}{colon}{', '.join(parts)}"
    parts = []
    if worse:
        parts.append(
            Words(
                f"sécheresse aggravée dans {_departements(worse)}",
                f"drought worse in {_departements(worse)}",
            )(lang)
        )
    if raised:
        parts.append(
            Words(
                f"restrictions d'eau renforcées dans {_departements(raised)}",
                f"water restrictions raised in {_departements(raised)}",
            )(lang)
        )
    return look.capitalise(", ".join(parts))


def _departements(count: int) -> str:
    return f"{count}{NBSP}département{'s' if count > 1 else ''}"


def _became(was: Words, now: Words) -> Words:
    return Words(f"{now.fr} (auparavant{NBSP}: {was.fr})", f"{now.en} (before: {was.en})")


def _text(told: Sequence[Change], changes: Sequence[Change], lang: Lang) -> str:
    """Return what is said beside the table: the change of one, the sums of many, period, marks."""
    lines = []
    if len(told) == 1:
        change = told[0]
        for cell in (_drought_cell(change, lang), _water_cell(change, lang)):
            lines += [look.capitalise(cell)] if cell else []
    elif any(each.worse for each in told):
        counted = Counter(str(each.now.drought_class) for each in told if each.worse)
        sums = ", ".join(
            f"{counted[code]} {Words('en', 'in')(lang)} {CLASSES[code].name(lang)}"
            for code in CLASSES
            if counted[code]
        )
        lines.append(Words(f"Désormais{NBSP}: {sums}.", f"Now: {sums}.")(lang))
    lines += _periods(told, lang)
    marks = _marks(told, lang)
    lines += [marks] if marks else []
    better = (
        (Words("Revenus à la normale", "Back to normal"), [x.code for x in changes if x.over]),
        (
            Words("Restrictions levées", "Restrictions lifted"),
            [x.code for x in changes if x.lifted],
        ),
    )
    for words, codes in better:
        if codes:
            names = ", ".join(named(code) for code in codes)
            lines.append(f"{words(lang)}{f'{NBSP}:' if lang == 'fr' else ':'} {names}.")
    return "\n".join(lines)


def _periods(told: Sequence[Change], lang: Lang) -> list[str]:
    """Return the period of the classes and the day of the restrictions that are told."""
    dekads = sorted({str(each.now.period_end) for each in told if each.worse})
    days = sorted({str(each.now.restricted_on) for each in told if each.raised})
    lines = []
    if dekads:
        said = [look.format_period(date.fromisoformat(day), "dekad", lang) for day in dekads]
        words = Words(f"Période{NBSP}: {'; '.join(said)}.", f"Period: {'; '.join(said)}.")
        lines.append(words(lang))
    if days:
        said = [look.format_date(date.fromisoformat(day), lang) for day in days]
        words = Words(
            f"Restrictions en vigueur au{NBSP}: {'; '.join(said)}.",
            f"Restrictions in force on: {'; '.join(said)}.",
        )
        lines.append(words(lang))
    return lines


def _marks(told: Sequence[Change], lang: Lang) -> str:
    said = []
    if any(each.worse and each.archive for each in told):
        said.append(
            Words(
                "Données de l'archive livrée avec le système\u00a0: cette période est passée.",
                "Data of the archive that ships with the system: this period is past.",
            )(lang)
        )
    if any(each.worse and each.provisional for each in told):
        said.append(
            Words(
                "* Données provisoires, que le fournisseur peut encore corriger.",
                "* Provisional data, which the provider may still correct.",
            )(lang)
        )
    return " ".join(said)


def _table(told: Iterable[Change], lang: Lang) -> Rows:
    heads = Words("Département", "Département"), _DROUGHT, _WATER
    rows = [
        (
            named(each.code),
            _drought_cell(each, lang, short=True),
            _water_cell(each, lang, short=True),
        )
        for each in told
    ]
    filled = [place for place in range(3) if any(row[place] for row in rows)]
    table = [tuple(head(lang) for head in heads), *rows]
    return tuple(tuple(row[place] for place in filled) for row in table)


_DROUGHT: Final = Words("Sécheresse", "Drought")
_WATER: Final = Words("Restrictions d'eau", "Water restrictions")


def _drought_cell(change: Change, lang: Lang, *, short: bool = False) -> str:
    """Return `normal → sécheresse grave (D2)`, marked where it is provisional."""
    if not change.worse:
        return ""
    was, now = (CLASSES[str(each.drought_class)] for each in (change.was, change.now))
    mark = "*" if change.provisional else ""
    said = f"{was.name(lang)} → {now.name(lang)} ({now.code}){mark}"
    return said if short else f"{_DROUGHT(lang)}{f'{NBSP}:' if lang == 'fr' else ':'} {said}."


def _water_cell(change: Change, lang: Lang, *, short: bool = False) -> str:
    """Return `vigilance → crise`."""
    if not change.raised:
        return ""
    was, now = (LEVELS[str(each.level)] for each in (change.was, change.now))
    said = f"{was.name(lang)} → {now.name(lang)}"
    return said if short else f"{_WATER(lang)}{f'{NBSP}:' if lang == 'fr' else ':'} {said}."
