"""The years of the record at a glance: one row a year, one cell a dekad, until this dekad.

Of a département the cells have the colours of its classes, as the strip of its page in the app; of
an area they are the darker, the more of it was in drought.
"""

from typing import Final

import numpy as np

from geo_pipeline import dekads
from geo_pipeline.catalogue.styles import HATCH_COLOUR
from geo_pipeline.drawing import curves
from geo_pipeline.publishing.bulletin.issue import Figure, Issue, Section
from geo_pipeline.publishing.bulletin.pictures import Plot
from geo_pipeline.publishing.bulletin.records import COMBINED

SHADES: Final = ((75.0, "#3a1d6e"), (50.0, "#7459a6"), (25.0, "#ae9ecf"), (5.0, "#e4dcee"))
"""Share of the area in drought from which a cell has a shade, %; below the last it is empty."""

EMPTY: Final = "#f3f4f5"
UNKNOWN: Final = HATCH_COLOUR
ROW: Final = 21
"""Height of a year."""


def section(issue: Issue) -> Section | None:
    """Return the strip of the years; None where nothing is known."""
    colours = _classes(issue) if issue.alone else _shares(issue)
    if not colours:
        return None
    years = sorted({year for year, _ in colours})
    rows = list(range(years[0], years[-1] + 1))
    plot = Plot(height=ROW * len(rows), left=64, right=8, top=4, bottom=44)
    for colour in sorted(set(colours.values())):
        cells = [cell for cell, each in colours.items() if each == colour]
        plot.marks.append(curves.Mark(_cells(cells, rows), "cell", fill=colour))
    names = issue.words("bulletin.short_months").split()
    plot.labels.extend(
        curves.Label((month + 0.5) / 12, 1, name, "middle", "x small")
        for month, name in enumerate(names)
    )
    plot.labels.extend(
        curves.Label(0, (index + 0.5) / len(rows), str(year), "end", "y small")
        for index, year in enumerate(rows)
    )
    kind = "one" if issue.alone else "many"
    told = {"where": issue.place.where(issue.lang), "first": rows[0]}
    figure = Figure(
        plot.svg(),
        issue.words(f"bulletin.years.{kind}_caption", **told),
        issue.words("bulletin.years.alt", **told),
    )
    return Section("years", issue.words("bulletin.years.title", **told), figure=figure)


def _classes(issue: Issue) -> dict[tuple[int, int], str]:
    """Return the colour of each known dekad until now, by year and dekad of the year."""
    cube = issue.cube(COMBINED)
    if cube is None:
        return {}
    return {
        (day.year, dekads.of_year(day)): issue.style(day, issue.column).colour
        for day in cube.periods
        if day <= issue.day and issue.drought_class(day, issue.column) is not None
    }


def _shares(issue: Issue) -> dict[tuple[int, int], str]:
    known = issue.records.drought_share(issue.place.codes)
    periods = issue.records.cubes[COMBINED].periods
    return {
        (day.year, dekads.of_year(day)): next(
            (colour for least, colour in SHADES if share >= least), EMPTY
        )
        for day, share in zip(periods, known, strict=True)
        if day <= issue.day and not np.isnan(share)
    }


def _cells(cells: list[tuple[int, int]], rows: list[int]) -> str:
    """Return cells as one path."""
    left = np.array([dekad for _, dekad in cells]) / dekads.A_YEAR
    top = np.array([rows.index(year) for year, _ in cells], dtype=float)
    low, high = 1 - (top + 0.94) / len(rows), 1 - top / len(rows)
    right = left + 0.985 / dekads.A_YEAR
    return curves.bars(left, right, low, high, ROW * len(rows))
