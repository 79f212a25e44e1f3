"""The view of a page: a publication, a selection from it, and the words of a language.

Everything on a page is a function of a `PageView`; nothing else is kept between two pages.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlencode

import numpy as np

from geo_pipeline.catalogue.indicator_record import GROUPS, Indicator
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import THIN
from geo_pipeline.publishing.bulletin.issues import Format, name_of
from geo_pipeline.publishing.bulletin.places import FRANCE, places
from geo_pipeline.publishing.formats import format_date, format_number
from geo_pipeline.publishing.legend import reference_note
from geo_pipeline.publishing.selection import LONGEST_STEP
from geo_pipeline.publishing.sentences import in_past, is_past
from geo_pipeline.words import NBSP, Lang
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix, Matrix
from panel_app.data.page_words import Catalogue, catalogue
from panel_app.data.state import State
from panel_app.data.store import DROUGHT_INDICATOR, Publication

Slots = dict[str, str]
"""HTML or text by the name of its slot in the page's template."""


@dataclass(frozen=True, eq=False)
class PageView:
    """A publication and a state of the session."""

    publication: Publication
    state: State

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.state.lang

    @property
    def words(self) -> Catalogue:
        """Words of the page."""
        return catalogue(self.state.lang)

    @cached_property
    def matrix(self) -> Matrix:
        """The indicator shown."""
        return self.publication.matrix(self.state.indicator)

    @property
    def indicator(self) -> Indicator:
        """The record of the indicator shown."""
        return indicator_of(self.state.indicator)

    @cached_property
    def drought(self) -> Matrix:
        """Matrix with drought classes: the indicator shown where it has any, else the drought's.

        A figure on drought beside the map is taken from it, and names it.
        """
        if self.indicator.kind == "class" or DROUGHT_INDICATOR not in self.publication.indicators:
            return self.matrix
        return self.publication.matrix(DROUGHT_INDICATOR)

    @property
    def drought_name(self) -> str:
        """Name of the indicator that `drought` is of."""
        return indicator_of(self.drought.indicator).name(self.lang)

    def in_drought(self, day: date) -> FloatMatrix:
        """1 where it is in drought on `day`, 0 where not, NaN unknown: one for each département."""
        matrix = self.drought
        if day not in matrix.periods or not matrix.drought_styles:
            return np.full(len(matrix.codes), np.nan)
        style = matrix.style[matrix.periods.index(day)]
        return np.where(style == NO_STYLE, np.nan, np.isin(style, matrix.drought_styles))

    @cached_property
    def row(self) -> int:
        """Row of the period shown: the nearest to the period wished for."""
        return self.matrix.nearest(self.state.period, self.state.step)

    @property
    def period_end(self) -> date:
        """Last day of the period."""
        return self.matrix.periods[self.row]

    @property
    def period(self) -> str:
        """The period in words."""
        return self.matrix.period_words(self.row, self.lang, self.state.step)

    @property
    def period_typed(self) -> str:
        """The period as the URL names it."""
        return self.matrix.period_typed(self.row, self.state.step)

    @property
    def ended(self) -> date | None:
        """Last day of the record, where it ended long before its publication; else None."""
        last = self.matrix.periods[-1]
        if self.matrix.by_dekad:  # a crop's season ends before the weather does
            last = self.publication.weather_until or last
        return last if is_past(last, self.publication.published_at.date()) else None

    def tense(self, said: str) -> str:
        """Return one of our sentences, in the past tense where the period shown is over.

        A forecast, of whatever day, is not told in the past.
        """
        past = is_past(self.period_end, self.publication.published_at.date())
        return in_past(said, self.lang) if past and not self.indicator.ahead else said

    @property
    def issued(self) -> str:
        """Of a forecast, when it was issued, in words; else empty."""
        day = self.publication.outlook_issued
        if not self.indicator.ahead or day is None:
            return ""
        return self.words("map.issued", day=format_date(day, self.lang))

    def restrictions(self, day: date) -> tuple[Matrix, int, bool] | None:
        """Water restrictions, the row of the survey nearest to `day`, and whether its date is near.

        None where none is published. Those of another date are shown apart from the other figures.
        """
        if "water_restrictions" not in self.publication.indicators:
            return None
        matrix = self.publication.matrix("water_restrictions")
        row = matrix.nearest(day)
        return matrix, row, abs((matrix.periods[row] - day).days) <= LONGEST_STEP["dekad"]

    @property
    def column(self) -> int:
        """Column of the selected département.

        Raises:
            ValueError: none is selected.
        """
        return self.matrix.column(self.state.departement)

    @property
    def reference(self) -> str:
        """The normal of the map's comparison, the longest among the départements."""
        years = self.matrix.reference_years[self.row]
        if np.isnan(years).all():
            return ""
        column = int(np.nanargmax(years))
        length = float(years[column])
        return reference_note(self.matrix.reference_period[self.row, column], length, self.lang)

    @property
    def source(self) -> str:
        """The sources to be named beside drawings of the indicator."""
        return self.publication.source_names(self.state.indicator)

    @property
    def bulletin_place(self) -> str:
        """Key of the place that bulletins are of: the selected département or région, or France."""
        if self.state.departement:
            return self.state.departement
        return f"R{self.state.region}" if self.state.region else FRANCE

    @cached_property
    def bulletin_days(self) -> tuple[date, ...]:
        """The dekads of which that place has a bulletin: those of which something is known."""
        days = self.publication.bulletin_days
        if not days:
            return ()
        matrix, place = self.publication.matrix(DROUGHT_INDICATOR), places()[self.bulletin_place]
        columns = [matrix.column(code) for code in place.codes]
        # A département is told of from the first index on, an area by its classes.
        alone = place.kind == "departement"
        least = 1 if alone else self.publication.class_min_years
        enough = self.publication.years_then[:, columns] >= least
        known = np.asarray(enough.any(axis=1))
        return tuple(day for day in days if known[matrix.periods.index(day)])

    def bulletin(self, form: Format = "pdf", day: date | None = None) -> str:
        """Address of the bulletin of that place; of the dekad shown where `day` is None.

        Empty where no issue is known.
        """
        days = self.bulletin_days
        if not days:
            return ""
        wanted = day or min(days, key=lambda each: abs((each - self.period_end).days))
        place = places()[self.bulletin_place]
        return f"bulletins/{name_of(place, wanted, self.lang, form)}"

    def href(self, **changes: str) -> str:
        """Address of this page with some of its parameters changed; an empty one is left out.

        Parameters of a selected département or comparison are kept.
        """
        query = {**self.state.query(self.period_typed), **changes}
        return "?" + urlencode({name: value for name, value in query.items() if value})


def indicator_list(view: PageView) -> Sequence[dict[str, Any]]:
    """The list of indicators to choose from: near-twins are one entry with several choices."""
    return _entries(view.publication.indicators, view.lang)


@lru_cache(maxsize=8)
def _entries(indicators: tuple[str, ...], lang: Lang) -> tuple[dict[str, Any], ...]:
    families: dict[str, list[Indicator]] = {}
    for key in indicators:
        which = indicator_of(key)
        families.setdefault((which.family or which.name)(lang), []).append(which)
    return tuple(
        {
            "group": GROUPS[members[0].group](lang),
            "name": _with_symbols(name, [each.symbol.split("-")[0] for each in members]),
            "also": members[0].explanation(lang),
            "choices": [
                {
                    "key": each.key,
                    "name": _with_symbols(each.name(lang), [each.symbol]),
                    "variant": each.variant(lang),
                }
                for each in members
            ],
        }
        for name, members in families.items()
    )


def _with_symbols(name: str, symbols: Sequence[str]) -> str:
    """A name with what specialists call it: `Humidité du sol (SWI, SSWI)`."""
    known = ", ".join(dict.fromkeys(filter(None, symbols)))
    return f"{name} ({known})" if known else name


def chosen_indicator(view: PageView) -> dict[str, Any]:
    """The entry of the list that is shown, and its choices where there are several."""
    key = view.state.indicator
    for entry in indicator_list(view):
        choices = entry["choices"]
        if key in {each["key"] for each in choices}:
            return {"name": entry["name"], "variants": choices if len(choices) > 1 else []}
    return {"name": "", "variants": []}


def percent(share: float, lang: Lang) -> str:
    """`12 %`; a share above 0 that rounds to 0 is `< 1 %`."""
    space = THIN if lang == "fr" else ""
    if 0 < share < 0.5:
        return f"<{THIN}1{space}%"
    return f"{format_number(share, 0, lang)}{space}%"


def hectares(area: float, lang: Lang) -> str:
    """`104 600 ha`, `2,31 millions d'ha`: three significant figures."""
    if math.isnan(area):
        return format_number(None, 0, lang)
    if area >= 1e6:
        text = format_number(area / 1e6, 2, lang)
        million = "millions d'ha" if lang == "fr" else "million ha"
        return f"{text}{NBSP}{million}"
    return f"{hectares_number(area, lang)}{NBSP}ha"


def hectares_number(area: float, lang: Lang) -> str:
    """`104 600`: hectares without their unit, three or four significant figures."""
    step = 100 if area >= 10_000 else 10
    return format_number(round(area / step) * step, 0, lang)


def bytes_words(size: int | None, words: Catalogue) -> str:
    """A size in the largest unit of which it has at least one."""
    if size is None:
        return ""
    byte = "o" if words.lang == "fr" else "B"
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if size >= factor:
            amount = size / factor
            decimals = 1 if amount < 10 else 0
            return f"{format_number(amount, decimals, words.lang)}{NBSP}{unit}{byte}"
    return f"{format_number(size, 0, words.lang)}{NBSP}{byte}"


def enumeration(names: Sequence[str], words: Catalogue) -> str:
    """`A`, `A et B`, `A, B et C`."""
    if len(names) < 2:
        return "".join(names)
    return words("and", first=", ".join(names[:-1]), last=names[-1])
