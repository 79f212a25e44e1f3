"""How sure it is, what it cannot say, and where it comes from: the end of the bulletin."""

from collections.abc import Iterator

import numpy as np

from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.publishing.bulletin import claims, stakes
from geo_pipeline.publishing.bulletin.claims import Fact, Sentence
from geo_pipeline.publishing.bulletin.issue import Issue, Section
from geo_pipeline.publishing.bulletin.records import COMBINED
from geo_pipeline.publishing.certainty import ClassCertainty, certainty_words
from geo_pipeline.publishing.legend import is_short
from geo_pipeline.words import NBSP


def sure(issue: Issue) -> Section | None:
    """Return how sure the classes are; None where none is known."""
    said = list(_chance(issue)) + list(_reference(issue))
    return Section("sure", issue.words("bulletin.sure.title"), said) if said else None


def _chance(issue: Issue) -> Iterator[Sentence]:
    """Yield the chance that the class is right, or the mean of those of an area."""
    known = list(issue.classes(issue.day))
    chances = {c: issue.value(COMBINED, issue.day, c, "class_chance") for c in known}
    chances = {column: each for column, each in chances.items() if not np.isnan(each)}
    if not chances:
        return
    mean = float(np.mean(list(chances.values())))
    key = {"indicator": COMBINED, "period_end": issue.day, **issue.of_place}
    select = "100 * class_chance" if issue.alone else "100 * avg(class_chance)"
    fact = claims.fact(100 * mean, "drought_indicators", select, key, "drought_class IS NOT NULL")
    kind = "one" if issue.alone else "many"
    text = issue.words(f"bulletin.sure.{kind}", chance=issue.number_of(100 * mean))
    yield Sentence("sure", text, (fact,))
    if issue.alone:
        low, high = (
            issue.value(COMBINED, issue.day, issue.column, f"percentile_{end}")
            for end in ("low", "high")
        )
        certainty = ClassCertainty(low, high, chances[issue.column])
        style = issue.style(issue.day, issue.column)
        said = certainty_words(COMBINED, style, certainty, issue.lang)
        if said:
            facts = tuple(
                issue.value_fact(COMBINED, issue.day, issue.column, f"percentile_{end}")
                for end in ("low", "high")
            )
            yield Sentence("sure.range", f"{said}.", facts)


def _reference(issue: Issue) -> Iterator[Sentence]:
    """Yield that the normal is short, and which years it has."""
    known = [
        c
        for c in issue.columns
        if issue.cube(COMBINED) is not None
        and not np.isnan(issue.value(COMBINED, issue.day, c, "reference_years"))
    ]
    if not known:
        return
    years = {c: issue.value(COMBINED, issue.day, c, "reference_years") for c in known}
    column = max(years, key=lambda each: years[each])
    if not years[column] or not is_short(years[column]):
        return
    span = _span(issue, column)
    key = {"indicator": COMBINED, "period_end": issue.day, **issue.of_place}
    fact = claims.fact(years[column], "drought_indicators", "max(reference_years)", key)
    text = issue.words("bulletin.sure.short", span=span, years=int(years[column]))
    yield Sentence("sure.reference", text, (fact, _span_fact(issue, column)))


def _span(issue: Issue, column: int) -> str:
    cube = issue.records.cubes[COMBINED]
    return str(cube.reference_period[cube.row(issue.day), column])


def _span_fact(issue: Issue, column: int) -> Fact:
    code = issue.records.codes[column]
    span = _span(issue, column)
    return claims.indicator(span, "reference_period", COMBINED, code, issue.day)


def limits(issue: Issue) -> Section:
    """Return what the bulletin cannot say."""
    said = [*_missing(issue), *_spread(issue), *_unknown(issue), *_reissued(issue)]
    said.append(Sentence("limits.scale", issue.words("bulletin.limits.scale")))
    return Section("limits", issue.words("bulletin.limits.title"), said)


def _missing(issue: Issue) -> Iterator[Sentence]:
    """Yield the départements without data, and those with too few years for a class."""
    if issue.alone:
        return
    styles = {column: issue.style(issue.day, column) for column in issue.columns}
    none = [column for column, style in styles.items() if style is NO_DATA]
    with_value = [c for c in none if not np.isnan(issue.value(COMBINED, issue.day, c))]
    without = [c for c in none if c not in with_value]
    for key, columns in (("missing", without), ("unclassed", with_value)):
        if columns:
            names = issue.names(columns, 12)
            yield Sentence(f"limits.{key}", issue.words(f"bulletin.limits.{key}", names=names))


def _spread(issue: Issue) -> Iterator[Sentence]:
    """Yield that the weather is known by dekads only, where it is."""
    if any(code in issue.records.spread for code in issue.place.codes):
        yield Sentence("limits.spread", issue.words("bulletin.limits.spread"))


def _unknown(issue: Issue) -> Iterator[Sentence]:
    """Yield what is not known at this date: restrictions, areas of crops."""
    if stakes.restrictions(issue) is None:
        yield Sentence("limits.restrictions", issue.words("bulletin.limits.restrictions"))
    if issue.classes(issue.day) and stakes.crops(issue) is None:
        yield Sentence("limits.crops", issue.words("bulletin.limits.crops"))


def _reissued(issue: Issue) -> Iterator[Sentence]:
    """Yield that an issue of the archive knows nothing of later days, and where it differs."""
    if issue.records.known_on is not None:
        told = {"day": issue.written(issue.day)}
        yield Sentence("limits.reissued", issue.words("bulletin.limits.reissued", **told))


def sources(issue: Issue) -> Section:
    """Return whom to name, and how to cite."""
    named = []
    for source in issue.records.sources:
        told = source.in_words(issue.lang)
        licence = f" ({told['licence']})" if told["licence"] else ""
        named.append(f"{told['name']}{licence}")
    where = "trace" if issue.records.known_on is None else "trace_then"
    between = f"{NBSP}; " if issue.lang == "fr" else "; "
    said = [
        Sentence("sources", f"{between.join(named)}."),
        Sentence("sources.trace", issue.words(f"bulletin.sources.{where}")),
    ]
    return Section("sources", issue.words("bulletin.sources.title"), said)
