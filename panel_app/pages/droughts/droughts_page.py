"""Droughts on record: which years were affected how widely, and the gravest droughts of all.

The number of départements in drought at the same time is counted by their class, as on the map. A
single drought of a département is a row of `drought_events`: from moderate drought to the return to
the mean.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.publishing.formats import format_number, format_period
from geo_pipeline.publishing.legend import GRAVE
from geo_pipeline.territory import BY_CODE, REGIONS
from geo_pipeline.words import Lang
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.page_view import PageView
from panel_app.data.store import DROUGHT_INDICATOR
from panel_app.drawing.templates import render

GRAVEST: Final = 30
"""Number of droughts shown at first; the others can be unfolded."""


@dataclass(frozen=True)
class Year:
    """The dekad of a year in which most départements were in drought."""

    year: int
    widest: date | None
    """Last day of that dekad, the first of equal ones; None where no département was in drought."""
    hit: int
    grave: int
    """Number of these in extreme or exceptional drought."""
    known: int
    """Départements whose class is known then; 0 in a year without data."""


def slots(view: PageView) -> dict[str, str]:
    """Return the content of the page by slot."""
    known = DROUGHT_INDICATOR in view.publication.indicators
    years = years_of(view.publication.matrix(DROUGHT_INDICATOR)) if known else []
    events = _events(view)
    return {
        "headline": headline(view, years, events),
        "years": years_table(view, years, events),
        "events": events_table(view, events),
    }


def years_of(matrix: Matrix) -> list[Year]:
    """Return the years from the first to the last with any class, each at its widest drought."""
    in_drought = np.isin(matrix.style, matrix.drought_styles)
    grave = np.isin(
        matrix.style, [at for at, style in enumerate(matrix.styles) if style.code in GRAVE]
    )
    known = (matrix.style != NO_STYLE).sum(axis=1)
    of_year = np.array([period.year for period in matrix.periods])
    found = []
    for year in range(of_year[known > 0].min(initial=9999), of_year[known > 0].max(initial=0) + 1):
        rows = np.flatnonzero((of_year == year) & (known > 0))
        if not rows.size:
            found.append(Year(year, None, hit=0, grave=0, known=0))
            continue
        # Of two dekads with as many in drought, the one with more grave droughts counts as wider.
        counts = in_drought[rows].sum(axis=1) * len(matrix.codes) + grave[rows].sum(axis=1)
        row = int(rows[counts.argmax()])
        hit = int(in_drought[row].sum())
        day = matrix.periods[row] if hit else None
        found.append(Year(year, day, hit, int(grave[row].sum()), int(known[row])))
    return found


def headline(view: PageView, years: list[Year], events: pd.DataFrame) -> str:
    """The year with the widest drought, in a sentence."""
    words = view.words
    hit = [each for each in years if each.widest is not None]
    if not hit:
        said = words("droughts.none")
    else:
        most = max(hit, key=lambda each: (each.hit, each.grave))
        said = words(
            "droughts.widest",
            year=most.year,
            n=most.hit,
            known=most.known,
            day=_dekad(most.widest, view.lang),
        )
    count = words.count("departement.droughts", len(events))
    first = years[0].year if years else ""
    return render(
        "droughts/headline",
        {
            "said": said,
            "count": words("droughts.count", count=count, year=first) if len(events) else "",
            "words": words,
        },
    )


def years_table(view: PageView, years: list[Year], events: pd.DataFrame) -> str:
    """Each year at its widest drought, the latest first, with the droughts that began in it."""
    began = events["first_dekad"].dt.year.value_counts()
    most = max((each.hit for each in years), default=0)
    rows = [
        {
            "year": each.year,
            "hit": each.hit,
            "grave": each.grave,
            "known": each.known,
            "bar": round(100 * each.hit / most) if most else 0,
            "bar_grave": round(100 * each.grave / most) if most else 0,
            "day": _dekad(each.widest, view.lang) if each.widest else "",
            "href": _map(view, each.widest) if each.widest else "",
            "began": int(began.get(each.year, 0)),
        }
        for each in reversed(years)
    ]
    return render(
        "droughts/years",
        {
            "rows": rows,
            "missing": NO_DATA.name(view.lang),
            "source": view.publication.source_names(DROUGHT_INDICATOR),
            "words": view.words,
        },
    )


def events_table(view: PageView, events: pd.DataFrame) -> str:
    """The droughts of all départements, or of a région, the gravest first."""
    inside = events
    if view.state.region:
        codes = [
            code
            for code in view.publication.codes
            if BY_CODE[code].region_code == view.state.region
        ]
        inside = events[events["departement"].isin(codes)]
    rows = [
        _row(view, rank, event) for rank, event in enumerate(inside.to_dict("records"), start=1)
    ]
    return render(
        "droughts/events",
        {
            "first": rows[:GRAVEST],
            "others": rows[GRAVEST:],
            "regions": sorted(REGIONS.items(), key=lambda each: each[1]),
            "region": view.state.region,
            "words": view.words,
        },
    )


def _events(view: PageView) -> pd.DataFrame:
    """All droughts on record, the gravest first."""
    events = view.publication.rows_of("app_events", "")
    return events.sort_values(
        ["severity", "departement", "first_dekad"], ascending=[False, True, True]
    )


def _row(view: PageView, rank: int, event: dict[Any, Any]) -> dict[str, Any]:
    words, lang, code = view.words, view.lang, str(event["departement"])
    running = event["state"] == "running"
    peak_dekad = event["peak_dekad"]
    return {
        "rank": rank,
        "name": view.publication.name(code),
        "code": code,
        "href": view.href(page="departement", departement=code, indicator=DROUGHT_INDICATOR),
        "first": _dekad(event["first_dekad"].date(), lang),
        "last": _dekad(event["last_dekad"].date(), lang),
        "duration": words.count("departement.dekads", int(event["duration_dekads"])),
        "severity": format_number(float(event["severity"]), 1, lang),
        "peak": format_number(float(event["peak"]), 1, lang),
        "peak_at": "" if pd.isna(peak_dekad) else _dekad(peak_dekad.date(), lang),
        "peak_href": "" if pd.isna(peak_dekad) else _map(view, peak_dekad.date()),
        "state": words("departement.state_then")
        if running and view.ended is not None
        else words(f"departement.state_{event['state']}"),
        "running": running,
    }


def _map(view: PageView, day: date) -> str:
    """Address of the map of the drought on `day`."""
    return view.href(
        page="", indicator=DROUGHT_INDICATOR, period=day.isoformat(), departement="", region=""
    )


def _dekad(day: date | None, lang: Lang) -> str:
    return "" if day is None else format_period(day, "dekad", lang)
