"""How dry it is, since when, and what has changed: the title, the lead and the first section."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from geo_pipeline.catalogue.styles import DROUGHT_CLASSES, NO_DATA, ClassStyle
from geo_pipeline.indicators.classes import severity_rank
from geo_pipeline.publishing import season_courses
from geo_pipeline.publishing.bulletin import claims
from geo_pipeline.publishing.bulletin.claims import Fact, Sentence
from geo_pipeline.publishing.bulletin.issue import (
    Cell,
    Issue,
    Section,
    Table,
    gravely,
    in_drought,
)
from geo_pipeline.publishing.bulletin.records import AGE, COMBINED, RAIN_INDEX, SEASON_RAIN, WETNESS
from geo_pipeline.publishing.formats import capitalise
from geo_pipeline.publishing.headlines import finding
from geo_pipeline.publishing.legend import GRAVE, IN_DROUGHT, class_words
from geo_pipeline.publishing.sentences import Ranked, drought_words, ranked_words, statement

NAMED: Final = 6
"""Départements named in a sentence; of more the rest is counted."""


def title(issue: Issue) -> Sentence:
    """Return the finding as the title."""
    return _title_of_one(issue) if issue.alone else _title_of_many(issue)


def _title_of_one(issue: Issue) -> Sentence:
    words, where = issue.words, issue.place.where(issue.lang)
    style = issue.style(issue.day, issue.column)
    name = "unclassed" if style is NO_DATA else style.code
    text = words(f"bulletin.title.{name}", where=where)
    return Sentence("title", text, (issue.class_fact(issue.day, issue.column),))


def _title_of_many(issue: Issue) -> Sentence:
    rows = pd.DataFrame(
        {
            "value": [issue.value(COMBINED, issue.day, column) for column in issue.columns],
            "drought_class": [issue.drought_class(issue.day, each) for each in issue.columns],
            "name": [issue.records.name(code) for code in issue.place.codes],
        }
    )
    text = finding(COMBINED, rows, issue.lang).rstrip(".")
    if issue.place.kind == "region":
        text = issue.words("bulletin.title.region", name=issue.place.name(issue.lang), said=text)
    return Sentence("title", text, tuple(_counts(issue, issue.day)))


def _counts(issue: Issue, day: date) -> Iterator[Fact]:
    """Yield how many départements have a class, are in drought, and gravely so."""
    codes = list(issue.classes(day).values())
    key = {"indicator": COMBINED, "period_end": day, **issue.of_place}
    known = claims.fact(len(codes), "drought_indicators", "count(drought_class)", key)
    yield known
    for value, wanted in ((in_drought(codes), IN_DROUGHT), (gravely(codes), GRAVE)):
        of_class = {**key, "drought_class": list(wanted)}
        yield claims.fact(value, "drought_indicators", "count(*)", of_class)


def lead(issue: Issue) -> list[Sentence]:
    """Return the sentences below the title."""
    said = _lead_of_one(issue) if issue.alone else _lead_of_many(issue)
    return [each for each in said if each.text]


def _lead_of_one(issue: Issue) -> Iterator[Sentence]:
    day, column, lang = issue.day, issue.column, issue.lang
    words = issue.words
    code = issue.drought_class(day, column)
    ranked = issue.ranked(COMBINED, column)
    if ranked is not None and ranked[1] > season_courses.MIN_OTHERS:
        yield _rank_of_one(issue, code, ranked)
    age = issue.value(AGE, day, column)
    since = drought_words(day, age, code, lang)
    if since:
        yield Sentence("since", f"{capitalise(since)}.", (issue.value_fact(AGE, day, column),))
    moments = [(issue.before, "bulletin.ten_days_ago"), (issue.year_ago, "bulletin.year_ago")]
    known = [(when, key) for when, key in moments if issue.drought_class(when, column)]
    told = [words(key, said=issue.style(when, column).name(lang)) for when, key in known]
    if told and code is not None:
        text = f"{capitalise(words('bulletin.semicolon').join(told))}."
        yield Sentence("earlier", text, tuple(issue.class_fact(when, column) for when, _ in known))


def _rank_of_one(issue: Issue, code: str | None, ranked: Ranked) -> Sentence:
    """Return how the dekad ranks among the same ones until now."""
    years = issue.value(COMBINED, issue.day, issue.column, "reference_years")
    percentile = issue.value(COMBINED, issue.day, issue.column, "percentile")
    dry = (code or "").startswith("D") or (code is None and percentile <= 50)
    place = ranked if dry else (ranked[1] + 1 - ranked[0], ranked[1])
    said = statement(
        COMBINED,
        value=issue.value(COMBINED, issue.day, issue.column),
        percentile=percentile,
        drought_class=code,
        reference_years=years,
        ranked=ranked,
        lang=issue.lang,
        noted=False,
    ).body
    if code is None:
        said = capitalise(
            issue.words(
                "sentence.at_this_date", said=ranked_words(ranked, dry=dry, lang=issue.lang)
            )
        )
    facts = (
        *issue.rank_facts(COMBINED, issue.column, "percentile", place, dry=dry),
        issue.value_fact(COMBINED, issue.day, issue.column, "percentile"),
    )
    return Sentence("rank", issue.words("bulletin.rank", said=said), facts)


def _lead_of_many(issue: Issue) -> Iterator[Sentence]:
    """Yield the share of the area now, ten days and a year ago, and where it is driest."""
    moments = {"now": issue.day, "before": issue.before, "year": issue.year_ago}
    shares = {key: drought_share(issue, day) for key, day in moments.items()}
    if not np.isnan(shares["now"]):
        told = {key: issue.percent(share) for key, share in shares.items()}
        known = [key for key, share in shares.items() if not np.isnan(share)]
        key = "bulletin.shares." + "_".join(known)
        facts = tuple(share_fact(issue, moments[each], shares[each]) for each in known)
        yield Sentence("share", issue.words(key, **told), facts)
    yield from _driest(issue)


def _driest(issue: Issue) -> Iterator[Sentence]:
    """Yield the départements in the worst class there is, the driest first."""
    worst = driest_columns(issue)
    if not worst:
        return
    code = issue.drought_class(issue.day, worst[0])
    alike = [column for column in worst if issue.drought_class(issue.day, column) == code]
    text = issue.words(
        "bulletin.driest",
        names=issue.names(alike, NAMED),
        said=issue.style(issue.day, alike[0]).name(issue.lang),
    )
    key = {"indicator": COMBINED, "period_end": issue.day, "drought_class": code, **issue.of_place}
    facts = [claims.fact(len(alike), "drought_indicators", "count(*)", key)]
    if len(alike) > NAMED:
        rest = claims.fact(len(alike) - NAMED, "drought_indicators", f"count(*) - {NAMED}", key)
        facts.append(rest)
    yield Sentence("driest", text, tuple(facts))


def driest_columns(issue: Issue) -> list[int]:
    """Return the columns of the place's départements in drought, the driest first."""
    dry = [column for column, code in issue.classes(issue.day).items() if code in IN_DROUGHT]
    return sorted(dry, key=lambda column: issue.value(COMBINED, issue.day, column, "percentile"))


def drought_share(issue: Issue, day: date) -> float:
    """Return the share of the place's known area in drought, %; NaN where nothing is known."""
    return class_share(issue, day, IN_DROUGHT)


def class_share(issue: Issue, day: date, wanted: Sequence[str]) -> float:
    """Return the share of the place's known area in some classes, %."""
    classes = issue.classes(day)
    if not classes:
        return float("nan")
    area = issue.records.area_km2
    dry = sum(area[column] for column, code in classes.items() if code in wanted)
    return float(100 * dry / sum(area[column] for column in classes))


def share_fact(issue: Issue, day: date, value: float, wanted: Sequence[str] = IN_DROUGHT) -> Fact:
    """Return the fact of a share of the area."""
    dry = claims.conditions({"drought_class": list(wanted)})
    select = f"100 * coalesce(sum(area_km2) FILTER ({dry}), 0) / sum(area_km2)"
    key = {"indicator": COMBINED, "period_end": day, **issue.of_place}
    table = "drought_indicators INNER JOIN departements USING (departement)"
    return claims.fact(value, table, select, key, "drought_class IS NOT NULL")


# --- what has changed ---------------------------------------------------------------------------


def changed(issue: Issue) -> Section | None:
    """Return what has changed since ten days and a year ago, and where; None without data."""
    title_ = issue.words("bulletin.changed.title")
    if issue.alone:
        rows, facts = _indicator_rows(issue)
        sentences = list(_neighbours(issue))
    else:
        rows, facts = _class_rows(issue)
        sentences = list(_moves(issue))
    if not rows and not sentences:
        return None
    table = None
    if rows:
        first = "bulletin.indicator" if issue.alone else "bulletin.class_of_area"
        head = [issue.words(first), *_moments(issue)]
        widths = (1.4, 1, 1, 1) if issue.alone else (1, 0, 0, 0)
        caption = issue.words(f"bulletin.changed.{issue.place.kind}")
        table = Table(caption, head, rows, widths=widths)
    return Section("changed", title_, sentences, table, behind=facts)


def _moments(issue: Issue) -> list[str]:
    return [issue.words(f"bulletin.moment.{each}") for each in ("now", "before", "year")]


def _days(issue: Issue) -> tuple[date, date, date]:
    return issue.day, issue.before, issue.year_ago


def _indicator_rows(issue: Issue) -> tuple[list[list[Cell]], list[Sentence]]:
    """Return the rows of a département: its classes, rain of the season, wetness of the soil."""
    rows, facts, column = [], [], issue.column
    for indicator in (COMBINED, RAIN_INDEX):
        cells = [_class_cell(issue, day, indicator) for day in _days(issue)]
        if any(cell.style is not None for cell in cells):
            rows.append([Cell(issue.words(f"bulletin.row.{indicator}")), *cells])
            told = tuple(issue.class_fact(day, column, indicator) for day in _days(issue))
            facts.append(Sentence(f"changed.{indicator}", "", told))
    for indicator, decimals in ((SEASON_RAIN, 0), (WETNESS, 2)):
        values = [issue.value(indicator, day, column) for day in _days(issue)]
        if not np.isnan(values[0]):
            unit = issue.mm if indicator == SEASON_RAIN else issue.number_of
            texts = [
                "–" if np.isnan(each) else unit(each) if decimals == 0 else issue.number_of(each, 2)
                for each in values
            ]
            rows.append([Cell(issue.words(f"bulletin.row.{indicator}")), *map(Cell, texts)])
            told = tuple(issue.value_fact(indicator, day, column) for day in _days(issue))
            facts.append(Sentence(f"changed.{indicator}", "", told))
    return rows, facts


def _class_cell(issue: Issue, day: date, indicator: str) -> Cell:
    style = issue.style(day, issue.column, indicator)
    if style is NO_DATA:
        return Cell("–")
    years = issue.value(indicator, day, issue.column, "reference_years")
    return Cell(_brief(style, years, issue), style)


def _brief(style: ClassStyle, years: float, issue: Issue) -> str:
    name = class_words(style, years, issue.lang)
    return capitalise(name.replace(style.name(issue.lang), style.brief(issue.lang)))


def _neighbours(issue: Issue) -> Iterator[Sentence]:
    """Yield how many of the neighbours are in drought."""
    around = issue.records.neighbours.get(issue.code, [])
    columns = [issue.records.column(code) for code in around]
    known = {each: issue.drought_class(issue.day, each) for each in columns}
    known = {column: code for column, code in known.items() if code is not None}
    if not known:
        return
    dry = in_drought([str(each) for each in known.values()])
    key = {
        "indicator": COMBINED,
        "period_end": issue.day,
        "departement": [issue.records.codes[column] for column in known],
    }
    facts = (
        claims.fact(len(known), "drought_indicators", "count(drought_class)", key),
        claims.fact(
            dry, "drought_indicators", "count(*)", {**key, "drought_class": list(IN_DROUGHT)}
        ),
    )
    if dry == len(known) > 1:
        text = issue.words("bulletin.neighbours.all", total=len(known))
    elif dry:
        number = "only" if len(known) == 1 else "one" if dry == 1 else "many"
        text = issue.words(f"bulletin.neighbours.{number}", n=dry, total=len(known))
    else:
        text = issue.words.count("bulletin.neighbours.none", len(known))
    yield Sentence("neighbours", text, facts)


def _class_rows(issue: Issue) -> tuple[list[list[Cell]], list[Sentence]]:
    """Return the rows of an area: départements and share of the area in each class."""
    rows, facts = [], []
    for style in DROUGHT_CLASSES:
        cells, told = [], []
        for day in _days(issue):
            codes = list(issue.classes(day).values())
            count, share = codes.count(style.code), class_share(issue, day, [style.code])
            cells.append(Cell("–" if not codes else f"{count} ({issue.percent(share)})"))
            if codes:
                key = {"indicator": COMBINED, "period_end": day, "drought_class": style.code}
                table = "drought_indicators"
                told.append(claims.fact(count, table, "count(*)", {**key, **issue.of_place}))
                told.append(share_fact(issue, day, share, [style.code]))
        if any(not cell.text.startswith(("0 ", "–")) for cell in cells):
            rows.append([Cell(capitalise(style.brief(issue.lang)), style), *cells])
            facts.append(Sentence(f"changed.{style.code}", "", tuple(told)))
    return rows, facts


def _moves(issue: Issue) -> Iterator[Sentence]:
    """Yield which départements moved to a drier class since the dekad before, and to a wetter."""
    now, before = issue.classes(issue.day), issue.classes(issue.before)
    both = [column for column in now if column in before]
    if not both:
        return
    ranks = {
        column: severity_rank(pd.Series([now[column], before[column]])).tolist() for column in both
    }
    moves = {column: int(after - earlier) for column, (after, earlier) in ranks.items()}
    for key, sign in (("worse", 1), ("better", -1)):
        moved = [column for column in both if sign * moves[column] > 0]
        moved.sort(key=lambda column: -abs(moves[column]))
        if not moved:
            continue
        text = issue.words.count(f"bulletin.{key}", len(moved))
        told = _moved_fact(issue, len(moved), sign)
        rest = [_moved_fact(issue, len(moved), sign, NAMED)] if len(moved) > NAMED else []
        names = issue.words("bulletin.named", said=text, names=issue.names(moved, NAMED))
        yield Sentence(key, names, (told, *rest))


_ORDER: Final = "list_position(['W2', 'W1', 'W0', 'normal', 'D0', 'D1', 'D2', 'D3', 'D4'], {})"
"""Severity of a class, in SQL."""


def _moved_fact(issue: Issue, count: int, sign: int, less: int = 0) -> Fact:
    """Return the fact of how many départements moved to a drier or a wetter class."""
    table = (
        "drought_indicators AS now INNER JOIN drought_indicators AS before "
        "ON now.departement = before.departement AND now.indicator = before.indicator"
    )
    key = {
        "now.indicator": COMBINED,
        "now.period_end": issue.day,
        "before.period_end": issue.before,
    }
    key |= {f"now.{name}": value for name, value in issue.of_place.items()}
    now, before = (_ORDER.format(f"{each}.drought_class") for each in ("now", "before"))
    also = f"{now} {'>' if sign > 0 else '<'} {before}"
    return claims.fact(count - less, table, f"count(*) - {less}" if less else "count(*)", key, also)
