"""Season of a département beside the others: charts, rank of its rain, end of similar seasons.

Courses of seasons and their similarity are computed in `data.season_courses`.
"""

from typing import Any, Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from geo_pipeline import dekads
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing import season_courses
from geo_pipeline.publishing.formats import format_number, format_value, ordinal
from geo_pipeline.words import NBSP, Lang
from panel_app.data.page_view import enumeration
from panel_app.data.state import MAX_YEARS
from panel_app.pages.departement import departement_charts as charts
from panel_app.pages.departement.departement_place import SEASONAL, Place

QUARTERS: Final[dict[season_courses.Quarter, str]] = {
    "autumn": "departement.autumn",
    "winter": "departement.winter",
    "spring": "departement.spring",
    "summer": "departement.summer",
}

RAIN_RANKS: Final = {
    "dry": ("departement.rank_dry_first", "departement.rank_dry"),
    "wet": ("departement.rank_wet_first", "departement.rank_wet"),
    "usual": ("departement.rank_dry_first", "departement.rank_usual"),
}
"""Texts for a rank: for the first, and for those after it."""


def dekad_rain(place: Place) -> season_courses.Seasons | None:
    """Rain of each whole dekad, mm, by season; None where none is known."""
    rain = place.record.rain
    if rain.empty:
        return None
    periods = [pd.Timestamp(each).date() for each in rain["period_end"]]
    length = np.array([(each - dekads.first_day(each)).days + 1 for each in periods])
    whole = rain["days"].to_numpy(dtype=int) == length
    return season_courses.seasons(
        periods, np.where(whole, rain["precip_mm"].to_numpy(dtype=float), np.nan)
    )


def rain_rank(place: Place) -> str:
    """`pour la pluie, 3e été le plus sec depuis 2010, sur 12 ans connus`; empty where unknown."""
    rain, words = dekad_rain(place), place.view.words
    year, slot = place.moment
    row = rain.row(year) if rain else None
    if rain is None or row is None:
        return ""
    quarter, first = season_courses.quarter(slot)
    sums = season_courses.sums(rain.values, first, slot)
    rank = season_courses.rank(sums, row)
    if rank is None or rank.known <= season_courses.MIN_OTHERS:
        return ""
    since = min(year for year, known in zip(rain.years, ~np.isnan(sums), strict=True) if known)
    if quarter == "autumn":
        since -= 1  # a season is named by the year of its end, its autumn is in the year before
    if rank.from_lowest <= rank.known / 3:
        key, position = "dry", rank.from_lowest
    elif rank.from_highest <= rank.known / 3:
        key, position = "wet", rank.from_highest
    else:
        key, position = "usual", rank.from_lowest
    return words(
        RAIN_RANKS[key][position > 1],
        nth=ordinal(position, words.lang),
        season=words(QUARTERS[quarter]),
        far="" if slot == first + 8 else words("departement.so_far"),
        year=since,
        n=rank.known,
    )


def this_season(place: Place) -> dict[str, Any]:
    """Three charts of the season, and the other seasons drawn with it."""
    year, words = place.moment[0], place.view.words
    drawn = []
    for indicator in SEASONAL:
        course = place.courses.get(indicator)
        if course is None or np.isnan(course.of(year)).all():
            continue
        drawn.append(
            Markup(charts.fan(_about(place, indicator, course), course, words))  # noqa: S704
        )
    if not drawn:
        return {}
    return {
        "season": charts.season_name(year),
        "charts": drawn,
        "beside": enumeration([charts.season_name(each) for each in place.beside], words),
        "chosen": bool(place.view.state.years) and place.beside != sorted(place.alike),
        "chips": _chips(place),
        "few": max(_others(place, each) for each in place.courses) < season_courses.MIN_OTHERS,
    }


def _about(place: Place, indicator: str, course: season_courses.Seasons) -> charts.FanChart:
    words, lang, (year, slot) = place.view.words, place.view.lang, place.moment
    which = indicator_of(indicator)
    known = [
        y for y, row in zip(course.years, course.values, strict=True) if not np.isnan(row).all()
    ]
    return charts.FanChart(
        name=f"departement-{indicator.replace('_', '-')}",
        year=year,
        upto=slot,
        years=place.beside,
        typed=place.typed,
        title=words(SEASONAL[indicator][0], season=charts.season_name(year)),
        note=words(
            "departement.fan_note",
            unit=words(SEASONAL[indicator][1]),
            n=len([each for each in known if each != year]),
            span=f"{charts.season_name(known[0])}–{charts.season_name(known[-1])}",
            source=place.view.publication.source_names(indicator),
        ),
        write=lambda value: format_value(indicator, value, lang),
        decimals=1 if indicator == "swi" else which.decimals,
        floor=None if indicator == "season_balance_mm" else 0.0,
        ceiling=1.0 if indicator == "swi" else None,
    )


def _others(place: Place, indicator: str) -> int:
    """Number of other seasons known at the dekad."""
    year, slot = place.moment
    values = place.courses[indicator].values[:, slot]
    row = place.courses[indicator].row(year)
    others = values if row is None else np.delete(values, row)
    return int(np.count_nonzero(~np.isnan(others)))


def _chips(place: Place) -> list[dict[str, Any]]:
    """Every season that can be drawn beside this one, and the target of a click on it."""
    course = next(place.courses[each] for each in SEASONAL if each in place.courses)
    chips = []
    for year, values in zip(course.years, course.values, strict=True):
        if year == place.moment[0] or np.isnan(values).all():
            continue
        on = year in place.beside
        kept = [each for each in place.beside if each != year]
        after = kept if on else [*kept, year][-MAX_YEARS:]
        years = ",".join(str(each) for each in after)
        chips.append(
            {
                "name": charts.season_name(year),
                "on": on,
                "series": place.beside.index(year) + 1 if on else 0,
                "href": place.view.href(years=years),
            }
        )
    return chips


def ahead(place: Place) -> dict[str, Any]:
    """How the seasons drawn beside this one ended; labelled as no forecast."""
    course, words = place.courses.get("season_balance_mm"), place.view.words
    year, slot = place.moment
    row = course.row(year) if course else None
    if course is None or row is None or slot == season_courses.SLOTS - 1:
        return {}
    ends = course.values[:, -1]
    usual = season_courses.normal(ends, row)
    finished = [each for each in place.beside if not np.isnan(course.of(each)[-1])]
    if np.isnan(usual) or not finished:
        return {}
    others = np.delete(ends, row)
    others = others[~np.isnan(others)]
    lower, upper = np.percentile(others, (25, 75))
    rest = ends - course.values[:, slot]
    rows = [
        {
            "season": charts.season_name(each),
            "href": place.view.href(
                period=season_courses.period_of(each, season_courses.SLOTS - 1).isoformat()
            ),
            "end": _mm(float(course.of(each)[-1]), words.lang),
            "departure": _signed_mm(float(course.of(each)[-1]) - usual, words.lang),
            "drier": float(course.of(each)[-1]) < usual,
            "rest": _signed_mm(float(rest[each - course.years[0]]), words.lang),
        }
        for each in finished
    ]
    drier = sum(bool(each["drier"]) for each in rows)
    return {
        "rows": rows,
        "finding": words(
            "departement.ahead_finding",
            n=len(rows),
            drier=drier,
            usual=_mm(usual, words.lang),
        ),
        "spread": words(
            "departement.ahead_spread",
            n=len(others),
            lower=_mm(float(lower), words.lang),
            upper=_mm(float(upper), words.lang),
        ),
        "rest_head": words(
            "departement.ahead_rest",
            usual=_signed_mm(season_courses.normal(rest, row), words.lang),
        ),
        "chosen": bool(place.view.state.years),
    }


def _mm(value: float, lang: Lang) -> str:
    return f"{format_number(value, 0, lang)}{NBSP}mm"


def _signed_mm(value: float, lang: Lang) -> str:
    return format_value("season_balance_departure_mm", value, lang)
