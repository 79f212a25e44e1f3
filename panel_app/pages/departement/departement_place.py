"""A département at a period, from which all parts of its page are made."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.publishing import season_courses
from geo_pipeline.publishing.formats import capitalise, format_date, format_period
from geo_pipeline.publishing.sentences import Statement
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.kept import kept
from panel_app.data.page_view import PageView
from panel_app.data.store import Publication

SEASONAL: Final = {
    "season_precip_mm": ("departement.chart_season_precip_mm", "departement.unit_season_precip_mm"),
    "season_balance_mm": (
        "departement.chart_season_balance_mm",
        "departement.unit_season_balance_mm",
    ),
    "swi": ("departement.chart_swi", "departement.unit_swi"),
}
"""Indicators of the season charts, in this order: title and unit."""

ALIKE_BY: Final = ("season_balance_mm", "swi")
"""Indicators that decide how similar two seasons are."""


@dataclass(frozen=True, eq=False)
class Record:
    """Records of one département besides its indicators, for all periods."""

    rain: pd.DataFrame
    harvests: pd.DataFrame
    crop_water: pd.DataFrame
    stages: pd.DataFrame
    events: pd.DataFrame
    restrictions: pd.DataFrame
    soil_outlook: pd.DataFrame
    recovery: pd.DataFrame
    irrigation: pd.DataFrame
    yield_outlook: pd.DataFrame
    provenance: pd.DataFrame
    provider_differences: pd.DataFrame
    area_in_class: pd.DataFrame


@kept(128)
def record(publication: Publication, code: str) -> Record:
    """Return the record of a département, read at the first call."""
    return Record(
        rain=publication.rows_of("app_dekad_rain", code),
        harvests=publication.rows_of("app_harvests", code),
        crop_water=publication.rows_of("app_crop_water", code),
        stages=publication.rows_of("app_crop_stages", code),
        events=publication.rows_of("app_events", code),
        restrictions=publication.rows_of("app_restrictions", code),
        soil_outlook=publication.rows_of("app_soil_outlook", code),
        recovery=publication.rows_of("app_recovery", code),
        irrigation=publication.rows_of("app_irrigation", code),
        yield_outlook=publication.rows_of("app_yield_outlook", code),
        provenance=publication.rows_of("app_provenance", code),
        provider_differences=publication.rows_of("app_provider_differences", code),
        area_in_class=publication.rows_of("app_area_in_class", code),
    )


@dataclass(frozen=True, eq=False)
class Place:
    """A département at a period, from which all parts of the page are made."""

    view: PageView
    record: Record

    @property
    def code(self) -> str:
        """INSEE code."""
        return self.view.state.departement

    @property
    def column(self) -> int:
        """Column of the matrices."""
        return self.view.column

    @cached_property
    def matrix(self) -> Matrix:
        """Matrix whose classes are shown: the indicator's if it has classes, else the drought's."""
        return self.view.drought

    @cached_property
    def day(self) -> date:
        """End of the page's dekad, also where the indicator has days or years."""
        if self.view.matrix.by_dekad:
            return self.view.period_end
        wished = self.view.state.period or self.view.period_end
        return self.matrix.periods[self.matrix.nearest(wished)]

    @cached_property
    def row(self) -> int | None:
        """Row of `matrix`, None where it has no value at this period and département."""
        if self.day not in self.matrix.periods:
            return None
        row = self.matrix.periods.index(self.day)
        return row if self.matrix.style[row, self.column] != NO_STYLE else None

    @property
    def unclassed(self) -> Statement | None:
        """The words where there is a value but too few years for a class; else None."""
        if self.day not in self.matrix.periods:
            return None
        row = self.matrix.periods.index(self.day)
        if not self.matrix.is_unclassed(row, self.column):
            return None
        return self.matrix.statement(row, self.column, self.view.lang)

    @property
    def period(self) -> str:
        """The period in words."""
        step = "month" if self.view.state.step == "month" and self.view.matrix.by_dekad else "dekad"
        return format_period(self.day, step, self.view.lang)  # type: ignore[arg-type]

    @property
    def has_weather(self) -> bool:
        """Whether any weather of the département is known."""
        return self.view.publication.weather_source(self.code) is not None

    @cached_property
    def span(self) -> tuple[int, int]:
        """First and last season of the record."""
        known = [self.known(each) for each in (*SEASONAL, "precip_mm")]
        periods = [end for each in known if each for end in (each.periods[0], each.periods[-1])]
        years = [season_courses.place(end)[0] for end in periods] or [
            season_courses.place(self.day)[0]
        ]
        return min(years), max(years)

    def known(self, indicator: str) -> Matrix | None:
        """An indicator, None where none of it is published."""
        publication = self.view.publication
        return publication.matrix(indicator) if indicator in publication.indicators else None

    @cached_property
    def courses(self) -> dict[str, season_courses.Seasons]:
        """The known seasons by indicator, all with the same seasons."""
        found = {}
        for indicator in (*SEASONAL, "precip_mm"):
            matrix = self.known(indicator)
            if matrix is None or np.isnan(matrix.value[:, self.column]).all():
                continue
            values = matrix.value[:, self.column]
            found[indicator] = season_courses.seasons(matrix.periods, values, self.span)
        return found

    @cached_property
    def moment(self) -> tuple[int, int]:
        """The season, by the year in which it ends, and its dekad."""
        return season_courses.place(self.day)

    @cached_property
    def alike(self) -> list[int]:
        """The most similar seasons so far; none where too little is known."""
        courses = [self.courses[each].values for each in ALIKE_BY if each in self.courses]
        year, slot = self.moment
        if len(courses) < len(ALIKE_BY):
            return []
        row = year - self.span[0]
        return [self.span[0] + each for each in season_courses.alike(courses, row, slot)]

    @cached_property
    def beside(self) -> list[int]:
        """The seasons drawn beside this one: those chosen, else the most similar."""
        first, last = self.span
        chosen = [
            year
            for year in self.view.state.years
            if first <= year <= last and year != self.moment[0]
        ]
        return sorted(chosen or self.alike)

    @cached_property
    def typed(self) -> frozenset[str]:
        """Periods that a click can lead to, as they are typed."""
        return frozenset(period.isoformat() for period in self.matrix.periods)


def swatch(view: PageView, matrix: Matrix, row: int | None, column: int) -> dict[str, Any]:
    """The class of a département: its colour and its name."""
    style = NO_DATA if row is None else matrix.style_at(row, column)
    return {
        "colour": style.colour,
        "hatched": style is NO_DATA,
        "said": capitalise(
            style.name(view.lang) if row is None else matrix.class_words(row, column, view.lang)
        ),
    }


def held(place: Place) -> str:
    """A note that the figures are earlier ones, and since when; else empty."""
    since = place.view.publication.held.get(place.code)
    if since is None:
        return ""
    day = format_date(date.fromisoformat(since[:10]), place.view.lang)
    return place.view.words("departement.held", day=day)
