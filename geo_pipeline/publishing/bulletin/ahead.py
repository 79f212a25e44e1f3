"""What may come: the outlook of the soil with its skill, and what became of the last one.

Only leads whose hindcasts beat the climatology for sure are told, as on the pages of the app.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from geo_pipeline import dekads
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.drawing import curves
from geo_pipeline.publishing.bulletin import claims
from geo_pipeline.publishing.bulletin.claims import Fact, Sentence
from geo_pipeline.publishing.bulletin.issue import Figure, Issue, Section
from geo_pipeline.publishing.bulletin.pictures import Plot, choropleth, view_of
from geo_pipeline.publishing.bulletin.records import GRASS, WETNESS
from geo_pipeline.publishing.legend import style_of

MONTH: Final = 3
"""Dekads of the outlook that is told in words."""

LEADS: Final = 9
"""Dekads on the chart."""

LIKELY_PCT: Final = 50.0
"""Chance of drought from which it counts as likely."""

CHANCE: Final = "soil_drought_chance_pct"
"""The indicator whose colours a map of chances has."""


def section(issue: Issue) -> Section | None:
    """Return the outlook, its skill, and what became of the one a month ago; None without any."""
    sentences = list(_of_one(issue) if issue.alone else _of_many(issue))
    figure = (_fan(issue) if issue.alone else _map(issue)) if len(sentences) > 1 else None
    sentences += _said_then(issue)
    if not sentences:
        return None
    return Section("ahead", issue.words("bulletin.ahead.title"), sentences, figure=figure)


def skill_of(issue: Issue, day: date, lead: int) -> dict[Any, Any] | None:
    """Return the skill of outlooks of that month and lead; None where none is proven."""
    row = issue.records.skill.get((day.month, lead))
    return row if row is not None and row["crpss_climatology_low"] > 0 else None


def _furthest(issue: Issue, day: date) -> int:
    """Return the longest lead up to a month that is told; 0 for none."""
    return max(
        (lead for lead in range(1, MONTH + 1) if skill_of(issue, day, lead) is not None), default=0
    )


def _rows(issue: Issue, day: date, lead: int) -> tuple[str, pd.DataFrame]:
    """Return the table, and the known outlooks of the place for a lead."""
    table, rows = issue.records.outlook(day)
    here = rows["departement"].isin(issue.place.codes) & (rows["lead_dekads"] == lead)
    return table, rows[here & rows["p50"].notna()]


def _key(issue: Issue, table: str, day: date, lead: int) -> dict[str, Any]:
    key = {"period_end": day, "lead_dekads": lead, **issue.of_place}
    return key | ({"crop": GRASS} if table == "soil_outlook" else {})


def _skill_sentence(issue: Issue, day: date, lead: int) -> Iterator[Sentence]:
    row = skill_of(issue, day, lead)
    if row is None:
        return
    key = {"crop": GRASS, "month": day.month, "lead_dekads": lead}
    names = ("crpss_climatology", "crpss_climatology_low", "crpss_climatology_high")
    values = [100 * float(row[name]) for name in names]
    facts = [
        claims.fact(value, "outlook_skill", f"100 * {name}", key)
        for value, name in zip(values, names, strict=True)
    ]
    facts.append(claims.fact(int(row["years"]), "outlook_skill", "years", key))
    text = issue.words(
        "bulletin.ahead.skill",
        **{
            name: issue.percent(each)
            for name, each in zip(("pct", "low", "high"), values, strict=True)
        },
        years=int(row["years"]),
    )
    yield Sentence("ahead.skill", text, tuple(facts))


def _none(issue: Issue) -> Sentence:
    return Sentence("ahead", issue.words("bulletin.ahead.none"))


def _of_one(issue: Issue) -> Iterator[Sentence]:
    lead = _furthest(issue, issue.day)
    table, rows = _rows(issue, issue.day, lead)
    if not lead:
        yield _none(issue)
    if not lead or rows.empty:
        return
    row, key = rows.iloc[0], _key(issue, table, issue.day, lead)
    target = dekads.before(issue.day, -lead)
    facts = [claims.fact(float(row[name]), table, name, key) for name in ("p10", "p90")]
    told = {
        "until": issue.dekad(target),
        "low": issue.number_of(float(row["p10"]), 2),
        "high": issue.number_of(float(row["p90"]), 2),
    }
    usual = issue.records.usual_wetness(issue.code, target, issue.day)
    name = "bulletin.ahead.one"
    if len(usual) >= 5:
        name = "bulletin.ahead.one_usual"
        told["usual"] = issue.number_of(float(np.median(usual)), 2)
        facts.append(_usual_fact(issue, target, float(np.median(usual))))
    yield Sentence("ahead", issue.words(name, **told), tuple(facts))
    if row["chance_pct"] >= 1:
        column = "d1_pct" if table == "soil_outlook" else "drought_chance_pct"
        fact = claims.fact(float(row["chance_pct"]), table, column, key)
        text = issue.words("bulletin.ahead.chance", chance=issue.percent(float(row["chance_pct"])))
        yield Sentence("ahead.chance", text, (fact,))
    yield from _skill_sentence(issue, issue.day, lead)


def _usual_fact(issue: Issue, target: date, value: float) -> Fact:
    """Return the median wetness of the dekad in the years known so far, as observed."""
    issued = [
        dekads.before(dekads.last_day_of(year, dekads.of_year(target)))
        for year in range(1950, issue.day.year + 1)
    ]
    key = {
        "departement": issue.code,
        "lead_dekads": 1,
        "period_end": [day for day in issued if dekads.before(day, -1) <= issue.day],
    }
    return claims.fact(value, "soil_outlook_past", "median(observed)", key)


def _of_many(issue: Issue) -> Iterator[Sentence]:
    lead = _furthest(issue, issue.day)
    table, rows = _rows(issue, issue.day, lead)
    rows = rows[rows["chance_pct"].notna()]
    if not lead:
        yield _none(issue)
    if not lead or rows.empty:
        return
    likely = rows[rows["chance_pct"] >= LIKELY_PCT].sort_values("chance_pct", ascending=False)
    key = _key(issue, table, issue.day, lead)
    column = "d1_pct" if table == "soil_outlook" else "drought_chance_pct"
    whole = claims.fact(len(rows), table, f"count({column})", key, "p50 IS NOT NULL")
    told = {"until": issue.dekad(dekads.before(issue.day, -lead)), "total": len(rows)}
    count = claims.fact(len(likely), table, "count(*)", key, f"{column} >= {LIKELY_PCT}")
    columns = [issue.records.column(code) for code in likely["departement"]]
    name = {0: "none", 1: "one_likely"}.get(len(likely), "likely")
    if len(rows) == 1:
        name = "only" if len(likely) else "only_none"
    text = issue.words(
        f"bulletin.ahead.of.{name}", **told, n=len(likely), names=issue.names(columns, 6)
    )
    facts = [count, whole]
    if len(likely) > 6:
        facts.append(
            claims.fact(len(likely) - 6, table, "count(*) - 6", key, f"{column} >= {LIKELY_PCT}")
        )
    yield Sentence("ahead", text, tuple(facts))
    yield from _skill_sentence(issue, issue.day, lead)


# --- what we said -------------------------------------------------------------------------------


def _said_then(issue: Issue) -> list[Sentence]:
    """Return what the outlook of a month ago said of this dekad, and what came."""
    issued, rows = dekads.before(issue.day, MONTH), issue.records.said(issue.day)
    here = rows["departement"].isin(issue.place.codes) & (rows["lead_dekads"] == MONTH)
    rows = rows[here & rows["observed"].notna()]
    if rows.empty or (len(rows) == 1 and not issue.alone):
        return []
    key = {"period_end": issued, "lead_dekads": MONTH, **issue.of_place}
    return [
        _score_of_one(issue, issued, rows.iloc[0], key)
        if issue.alone
        else _score_of_many(issue, issued, rows, key)
    ]


def _fact(issue: Issue, value: float, select: str, key: dict[str, Any], also: str = "") -> Fact:
    """Return a fact of what was told a month ago, which is computed again also for the newest."""
    told = claims.fact(value, "soil_outlook_issued", select, key, also)
    return replace(told, known_on=issue.day)


def _score_of_one(
    issue: Issue, issued: date, row: "pd.Series[Any]", key: dict[str, Any]
) -> Sentence:
    low, high, came = (float(row[name]) for name in ("p10", "p90", "observed"))
    verdict = "drier" if came < low else "wetter" if came > high else "within"
    text = issue.words(
        f"bulletin.then.{verdict}",
        issued=issue.written(issued),
        low=issue.number_of(low, 2),
        high=issue.number_of(high, 2),
        came=issue.number_of(came, 2),
    )
    facts = (_fact(issue, float(row[name]), name, key) for name in ("p10", "p90", "observed"))
    return Sentence("then", text, tuple(facts))


def _score_of_many(issue: Issue, issued: date, rows: pd.DataFrame, key: dict[str, Any]) -> Sentence:
    within = int(((rows["observed"] >= rows["p10"]) & (rows["observed"] <= rows["p90"])).sum())
    drier = int((rows["observed"] < rows["p10"]).sum())
    text = issue.words(
        "bulletin.then.of_drier" if drier else "bulletin.then.of",
        issued=issue.written(issued),
        within=within,
        total=len(rows),
        share=issue.percent(100 * within / len(rows)),
        drier=drier,
    )
    known = "observed IS NOT NULL"
    share = "100.0 * count(*) FILTER (observed BETWEEN p10 AND p90) / count(*)"
    facts = (
        _fact(issue, within, "count(*)", key, "observed BETWEEN p10 AND p90"),
        _fact(issue, len(rows), "count(*)", key, known),
        _fact(issue, 100 * within / len(rows), share, key, known),
        _fact(issue, drier, "count(*)", key, "observed < p10"),
    )
    return Sentence("then", text, facts)


# --- figures ------------------------------------------------------------------------------------


def _map(issue: Issue) -> Figure:
    """Return the map of the chance of a drought of the soil, a month ahead."""
    lead = _furthest(issue, issue.day)
    _, rows = issue.records.outlook(issue.day)
    rows = rows[rows["lead_dekads"] == lead]
    chance = dict(zip(rows["departement"], rows["chance_pct"], strict=True))
    styles = [style_of(CHANCE, chance.get(code)) for code in issue.records.codes]
    until = issue.dekad(dekads.before(issue.day, -lead))
    told = {"until": until, "where": issue.place.where(issue.lang)}
    return Figure(
        choropleth(view_of(issue.records, issue.place), styles, small=True),
        issue.words("bulletin.ahead.map_caption", **told),
        issue.words("bulletin.ahead.map_alt", **told),
        [(each, each.name(issue.lang)) for each in indicator_of(CHANCE).styles],
    )


def _fan(issue: Issue) -> Figure:
    """Return the soil's wetness today and its range in the next dekads, as the app draws it."""
    table, rows = issue.records.outlook(issue.day)
    rows = rows[rows["departement"] == issue.code].sort_values("lead_dekads")
    told = {int(row["lead_dekads"]): row for row in rows.to_dict("records")}
    lead = np.arange(LEADS + 1)
    across = (lead + 0.5) / (LEADS + 1)
    today = _today(issue, table, rows)
    known = {
        name: np.array([today, *(_told(issue, told, int(each), name) for each in lead[1:])])
        for name in ("p10", "p50", "p90")
    }
    usual = np.array([_usual(issue, dekads.before(issue.day, -int(each))) for each in lead])
    highest = float(np.nanmax(np.concatenate([known["p90"], usual])))
    top = min(1.0, np.ceil(highest * 5 + 0.25) / 5)
    scale, plot = curves.Scale(0.0, top), Plot(height=520)
    ticks = curves.ticks(0.0, top, 5)
    marks, labels = curves.axis(scale, ticks, plot.height, lambda tick: issue.number_of(tick, 1))
    plot.marks.extend(marks)
    plot.labels.extend(labels)
    shape = curves.band(across, scale(known["p10"]), scale(known["p90"]), plot.height)
    plot.marks.append(curves.Mark(shape, "band-narrow"))
    plot.marks.append(curves.curve(across, usual, scale, plot.height, "median"))
    plot.marks.append(curves.curve(across, known["p50"], scale, plot.height, "line"))
    here = curves.Label(float(across[0]), 1 - float(scale(today)), "", "middle", "here")
    plot.labels.append(here)
    plot.labels.extend(_fan_labels(issue, across, scale(known["p50"]), scale(usual)))
    where = issue.place.where(issue.lang)
    return Figure(
        plot.svg(),
        issue.words("bulletin.ahead.fan_caption", where=where, day=issue.written(issue.day)),
        issue.words("bulletin.ahead.fan_alt", where=where),
    )


def _today(issue: Issue, table: str, rows: pd.DataFrame) -> float:
    if table == "soil_outlook":
        return float(rows["swi"].iloc[0])
    return issue.value(WETNESS, issue.day, issue.column)


def _told(issue: Issue, told: dict[int, Any], lead: int, name: str) -> float:
    if lead not in told or skill_of(issue, issue.day, lead) is None:
        return float("nan")
    return float(told[lead][name])


def _usual(issue: Issue, target: date) -> float:
    values = issue.records.usual_wetness(issue.code, target, issue.day)
    return float(np.median(values)) if len(values) >= 5 else float("nan")


def _fan_labels(
    issue: Issue,
    across: np.ndarray[Any, Any],
    middle: np.ndarray[Any, Any],
    usual: np.ndarray[Any, Any],
) -> Iterator[curves.Label]:
    """Yield the days below the plot, and the names of the lines at their ends."""
    for lead in (0, 3, 6, 9):
        day = dekads.before(issue.day, -lead)
        text = f"{day.day} {issue.words('bulletin.short_months').split()[day.month - 1]}"
        yield curves.Label(float(across[lead]), 1, text, "middle", "x")
    tops, names = [], []
    for values, key, kind in ((middle, "middle", "strong end"), (usual, "usual", "end")):
        known = np.flatnonzero(~np.isnan(values))
        if known.size:
            tops.append(1 - float(values[known[-1]]))
            names.append((float(across[known[-1]]), issue.words(f"bulletin.ahead.{key}"), kind))
    for top, (x, text, kind) in zip(curves.apart(tops, 0.085), names, strict=True):
        yield curves.Label(x, top, text, "start", kind)
