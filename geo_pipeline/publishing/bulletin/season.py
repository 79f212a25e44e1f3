"""The season since 1 September beside those before it: rain of one place, drought of an area."""

from collections.abc import Callable
from datetime import date
from typing import Final

import numpy as np

from geo_pipeline.drawing import curves
from geo_pipeline.publishing import season_courses
from geo_pipeline.publishing.bulletin import claims
from geo_pipeline.publishing.bulletin.claims import Sentence
from geo_pipeline.publishing.bulletin.issue import Figure, Issue, Section
from geo_pipeline.publishing.bulletin.pictures import Plot
from geo_pipeline.publishing.bulletin.records import COMBINED, SEASON_RAIN, Floats
from geo_pipeline.publishing.bulletin.state import drought_share, share_fact
from geo_pipeline.publishing.formats import ordinal

SLOTS: Final = season_courses.SLOTS
_X: Final = (np.arange(SLOTS) + 0.5) / SLOTS


def section(issue: Issue) -> Section | None:
    """Return the season in a sentence and a chart; None where nothing of it is known."""
    return _of_rain(issue) if issue.alone else _of_area(issue)


def season_name(year: int) -> str:
    """Return `2021-2022` for the season that ends in 2022."""
    return f"{year - 1}-{year}"


def _seasons(issue: Issue, periods: tuple[date, ...], values: Floats) -> season_courses.Seasons:
    """Return the seasons of the dekads until now."""
    until = sum(day <= issue.day for day in periods)
    return season_courses.seasons(periods[:until], values[:until])


def _of_rain(issue: Issue) -> Section | None:
    cube = issue.cube(SEASON_RAIN)
    if cube is None or np.isnan(issue.value(SEASON_RAIN, issue.day, issue.column)):
        return None
    course = _seasons(issue, cube.periods, cube.value[:, issue.column])
    drawn = _chart(issue, course, floor=0.0, write=issue.number_of)
    figure = _figure(issue, course, "rain", drawn)
    said = _rain_sentence(issue, course)
    return Section("season", issue.words("bulletin.season.title"), [said], figure=figure)


def _figure(issue: Issue, course: season_courses.Seasons, what: str, drawn: str) -> Figure:
    """Return the chart of `what` with its caption, which tells of bands where there are some."""
    year, slot = season_courses.place(issue.day)
    known = ~np.isnan(course.values[:, slot])
    others = int(known.sum()) - bool(known[course.row(year)])
    told = {"where": issue.place.where(issue.lang), "season": season_name(year)}
    caption = issue.words(f"bulletin.season.{what}_caption", **told)
    if others >= season_courses.MIN_OTHERS:
        caption += issue.words("bulletin.season.bands", n=others)
    alt = issue.words(f"bulletin.season.{what}_alt", **told)
    return Figure(drawn, f"{caption}.", alt)


def _rain_sentence(issue: Issue, course: season_courses.Seasons) -> Sentence:
    """Return the rain since 1 September, its departure from the median, and its rank."""
    year, slot = season_courses.place(issue.day)
    row = course.row(year)
    values = course.values[:, slot]
    own, usual = float(values[row]), season_courses.normal(values, row)
    rank = season_courses.rank(values, row or 0)
    about = "value", SEASON_RAIN, issue.code, issue.day
    facts = [issue.value_fact(SEASON_RAIN, issue.day, issue.column)]
    first = issue.written(season_courses.period_of(year, 0).replace(day=1))
    told = {"first": first, "rain": issue.mm(own)}
    if np.isnan(usual) or rank is None:
        return Sentence("season", issue.words("bulletin.season.rain", **told), tuple(facts))
    facts.append(claims.median_fact(usual, *about))
    low = rank.from_lowest <= rank.from_highest
    place = rank.from_lowest if low else rank.from_highest
    facts.append(claims.rank_fact(place, *about, dry=low))
    facts.append(claims.years_fact(rank.known, *about))
    departure = 100 * (own - usual) / usual if usual > 0 else 0.0
    side = "less" if departure <= -0.5 else "more" if departure >= 0.5 else "same"
    text = issue.words(
        f"bulletin.season.rain_{side}",
        **told,
        usual=issue.mm(usual),
        share=issue.percent(abs(departure)),
        rank=_rank_words(issue, place, rank.known, low=low),
    )
    shown = claims.Fact(
        departure,
        "drought_indicators",
        facts[1].key,
        f"SELECT 100 * (({facts[0].query}) / ({facts[1].query}) - 1)",
    )
    return Sentence("season", text, (*facts, shown))


def _rank_words(issue: Issue, place: int, known: int, *, low: bool) -> str:
    """Return `le 2e total le plus faible des 12 saisons connues`; empty in the middle."""
    if place > max(3, known // 3):
        return ""
    nth = "" if place == 1 else f"{ordinal(place, issue.lang)} "
    key = "bulletin.season.lowest" if low else "bulletin.season.highest"
    return issue.words(key, nth=nth, n=known)


def _of_area(issue: Issue) -> Section | None:
    known = issue.records.drought_share(issue.place.codes)
    periods = issue.records.cubes[COMBINED].periods
    until = sum(day <= issue.day for day in periods)
    if not until or np.isnan(known[until - 1]):
        return None
    course = _seasons(issue, periods, known)
    year, slot = season_courses.place(issue.day)
    row, values = course.row(year), course.values[:, slot]
    drawn = _chart(issue, course, floor=0.0, ceiling=100.0, write=issue.percent)
    figure = _figure(issue, course, "share", drawn)
    rank = season_courses.rank(values, row or 0)
    sentences = []
    if rank is not None and rank.known >= season_courses.MIN_OTHERS:
        sentences.append(_share_sentence(issue, periods, rank))
    return Section("season", issue.words("bulletin.season.title"), sentences, figure=figure)


def _share_sentence(issue: Issue, periods: tuple[date, ...], rank: season_courses.Rank) -> Sentence:
    """Return in which years more of the area was in drought at this date."""
    own = drought_share(issue, issue.day)
    same = [day for day in periods if day <= issue.day and _is_same_dekad(day, issue.day)]
    of_day = {day: drought_share(issue, day) for day in same}
    known = {day: share for day, share in of_day.items() if not np.isnan(share)}
    more = sorted(day.year for day, share in known.items() if share > own and day != issue.day)
    facts = tuple(share_fact(issue, day, share) for day, share in known.items())
    if not own and len(more) == len(known) - 1:
        key = "bulletin.season.share_least"
    elif not more:
        key = "bulletin.season.share_most"
    elif len(more) > 3:
        key = "bulletin.season.share_many"
    else:
        key = "bulletin.season.share_more"
    text = issue.words(
        key,
        n=len(known),
        count=len(more),
        years=issue.listed([str(each) for each in more]),
        where=issue.place.where(issue.lang),
    )
    return Sentence("season", text, facts)


def _is_same_dekad(day: date, other: date) -> bool:
    return season_courses.place(day)[1] == season_courses.place(other)[1]


def _chart(
    issue: Issue,
    course: season_courses.Seasons,
    *,
    floor: float,
    write: Callable[[float], str],
    ceiling: float | None = None,
) -> str:
    """Return this season over the spread of the others, as the app draws it."""
    year, slot = season_courses.place(issue.day)
    own = course.of(year).copy()
    own[slot + 1 :] = np.nan
    others = season_courses.fan(course.values, course.row(year))
    values = np.concatenate([own, *others])
    high = ceiling or float(np.nanmax(values)) * 1.04 or 1.0
    scale, plot = curves.Scale(floor, high), Plot()
    marks, labels = curves.axis(scale, curves.ticks(floor, high, 4), plot.height, write)
    plot.marks.extend(marks)
    plot.labels.extend(labels)
    limits = (others.low, others.lower, others.upper, others.high)
    plot.marks.extend(curves.spread(_X, limits, scale, plot.height))
    plot.marks.append(curves.curve(_X, others.median, scale, plot.height, "median"))
    plot.marks.append(curves.curve(_X, own, scale, plot.height, "line"))
    plot.labels.extend(_months(issue))
    ends = [(float(scale(own[slot])), _X[slot], season_name(year), "strong end")]
    known = np.flatnonzero(~np.isnan(others.median))
    if known.size:
        at = int(known[-1])
        ends.append(
            (float(scale(others.median[at])), _X[at], issue.words("bulletin.season.median"), "end")
        )
    plot.labels.append(curves.Label(float(_X[slot]), 1 - ends[0][0], "", "middle", "here"))
    plot.labels.extend(_end_labels(ends, plot.height))
    return plot.svg()


def _end_labels(ends: list[tuple[float, float, str, str]], height: float) -> list[curves.Label]:
    """Return the names of lines beside their ends, at the right of the plot where these meet."""
    (own, at, name, kind), *others = ends
    labels = []
    for share, x, text, look in others:
        near = abs(share - own) * height < 40 and abs(x - at) < 0.15
        down = -0.09 if share >= own else 0.09
        labels.append(curves.Label(x, 1 - share + (down if near else 0), text, "start", look))
    if at > 0.72:
        labels.append(curves.Label(at, 1 - own, name, "start", kind))
    else:
        labels.append(curves.Label(at + 0.012, 1 - own - 0.06, name, "start", "strong"))
    return labels


def _months(issue: Issue) -> list[curves.Label]:
    """Return the initials of the months below the plot, from September."""
    names = issue.words("bulletin.months").split()
    return [
        curves.Label((index + 0.5) / 12, 1, names[(index + 8) % 12], "middle", "x")
        for index in range(12)
    ]
