"""An issue: one place at one dekad in one language, as the sections see it.

It knows nothing of later dekads: what compares with other years compares with those until then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from geo_pipeline import dekads
from geo_pipeline.catalogue.styles import NO_DATA, THIN, ClassStyle
from geo_pipeline.publishing.bulletin import claims
from geo_pipeline.publishing.bulletin.claims import Fact, Sentence
from geo_pipeline.publishing.bulletin.places import Place
from geo_pipeline.publishing.bulletin.records import COMBINED, Cube, Floats, Records
from geo_pipeline.publishing.formats import format_date, format_number, format_period
from geo_pipeline.publishing.legend import GRAVE, IN_DROUGHT, style_of
from geo_pipeline.publishing.sentences import Ranked
from geo_pipeline.words import NBSP, Catalogue, Lang, catalogue


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, and the class whose colour stands before it."""

    text: str
    style: ClassStyle | None = None


@dataclass(frozen=True)
class Table:
    """A table: what it is of, its head, and its rows; all columns but the first are numbers."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    words: Sequence[int] = (0,)
    """Columns of words, which begin at the left."""
    widths: Sequence[float] = (1, 0, 0, 0)
    """Share of each column in the width that is left; 0 for one as wide as its words."""


@dataclass(frozen=True)
class Figure:
    """A drawing: SVG, caption, and what it shows for whoever cannot see it."""

    svg: str
    caption: str
    alt: str
    legend: Sequence[tuple[ClassStyle, str]] = ()
    """Classes with their names, where the drawing has other ones than the map."""


@dataclass(frozen=True)
class Section:
    """A part of the bulletin; what it lacks is left out."""

    key: str
    title: str
    sentences: Sequence[Sentence] = ()
    table: Table | None = None
    figure: Figure | None = None
    behind: Sequence[Sentence] = ()
    """Facts of the rows of its table and of its figure, by sentence id."""


@dataclass(frozen=True, eq=False)
class Issue:
    """One place at one dekad in one language."""

    records: Records
    place: Place
    day: date
    lang: Lang

    @cached_property
    def words(self) -> Catalogue:
        """The texts of its language."""
        return catalogue(self.lang)

    @cached_property
    def before(self) -> date:
        """The dekad before."""
        return dekads.before(self.day)

    @cached_property
    def year_ago(self) -> date:
        """The same dekad of the year before."""
        return dekads.before(self.day, dekads.A_YEAR)

    @property
    def issued(self) -> date:
        """The day after the dekad."""
        return self.day + timedelta(days=1)

    @cached_property
    def number(self) -> int:
        """Number of the issue in its year."""
        return dekads.of_year(self.day) + 1

    @cached_property
    def columns(self) -> list[int]:
        """Columns of the place's départements."""
        return [self.records.column(code) for code in self.place.codes]

    @property
    def code(self) -> str:
        """The département, of a bulletin of one."""
        return self.place.codes[0]

    @property
    def column(self) -> int:
        """Its column."""
        return self.columns[0]

    @property
    def alone(self) -> bool:
        """Whether the bulletin is of one département."""
        return self.place.kind == "departement"

    def cube(self, indicator: str) -> Cube | None:
        """An indicator; None where none of it is published."""
        return self.records.cubes.get(indicator)

    def value(self, indicator: str, day: date, column: int, name: str = "value") -> float:
        """A number of an indicator; NaN where unknown."""
        cube = self.cube(indicator)
        row = cube.row(day) if cube else None
        return (
            float("nan") if cube is None or row is None else float(getattr(cube, name)[row, column])
        )

    def drought_class(self, day: date, column: int, indicator: str = COMBINED) -> str | None:
        """A class of an indicator; None where unknown."""
        cube = self.cube(indicator)
        row = cube.row(day) if cube else None
        return None if cube is None or row is None else cube.drought_class[row, column]

    def style(self, day: date, column: int, indicator: str = COMBINED) -> ClassStyle:
        """The style of a class."""
        code = self.drought_class(day, column, indicator)
        return NO_DATA if code is None else style_of(indicator, None, code)

    def styles(self, day: date) -> list[ClassStyle]:
        """The style of each département of France, in order of codes."""
        return [self.style(day, column) for column in range(len(self.records.codes))]

    def classes(self, day: date) -> dict[int, str]:
        """The class of each département of the place that has one, by column."""
        found = {column: self.drought_class(day, column) for column in self.columns}
        return {column: each for column, each in found.items() if each is not None}

    def ranked(
        self, indicator: str, column: int, name: str = "percentile", *, dry: bool = True
    ) -> Ranked | None:
        """Rank among the same dekads until now, 1 the lowest, and how many are known.

        With `dry` False 1 is the highest.
        """
        cube = self.cube(indicator)
        if cube is None or cube.row(self.day) is None:
            return None
        values: Floats = getattr(cube, name)[cube.same_dekads(self.day), column]
        own = self.value(indicator, self.day, column, name)
        if np.isnan(own):
            return None
        ahead = values < own if dry else values > own
        return float(1 + np.count_nonzero(ahead)), float(np.count_nonzero(~np.isnan(values)))

    def rank_facts(
        self, indicator: str, column: int, name: str, ranked: Ranked, *, dry: bool = True
    ) -> tuple[Fact, Fact]:
        """The facts of a rank, and of the number of years."""
        about = name, indicator, self.records.codes[column], self.day
        return (
            claims.rank_fact(int(ranked[0]), *about, dry=dry),
            claims.years_fact(int(ranked[1]), *about),
        )

    def class_fact(self, day: date, column: int, indicator: str = COMBINED) -> Fact:
        """The fact of a class."""
        code = self.records.codes[column]
        known = self.drought_class(day, column, indicator)
        return claims.indicator(known, "drought_class", indicator, code, day)

    def value_fact(self, indicator: str, day: date, column: int, name: str = "value") -> Fact:
        """The fact of a number."""
        code = self.records.codes[column]
        return claims.indicator(
            self.value(indicator, day, column, name), name, indicator, code, day
        )

    @property
    def of_place(self) -> dict[str, Any]:
        """The condition of the place in a table by département."""
        if self.place.kind == "france":
            return {}
        return {"departement": self.code if self.alone else self.place.codes}

    # --- words ------------------------------------------------------------------------------

    def period(self, day: date | None = None) -> str:
        """A dekad in words."""
        return format_period(day or self.day, "dekad", self.lang)

    def dekad(self, day: date | None = None) -> str:
        """A dekad as a noun with its article: `la 3e décade d'août 2022`, `21-31 August 2022`."""
        return self.words("bulletin.dekad", period=self.period(day))

    def written(self, day: date) -> str:
        """A day in words."""
        return format_date(day, self.lang)

    def day_month(self, day: date) -> str:
        """A day without its year."""
        return self.written(day).rsplit(" ", 1)[0]

    def number_of(self, value: float, decimals: int = 0) -> str:
        """A number as the language writes it."""
        return format_number(value, decimals, self.lang)

    def percent(self, value: float) -> str:
        """A percentage, whole."""
        text = self.number_of(value)
        return f"{text}{THIN}%" if self.lang == "fr" else f"{text}%"

    def mm(self, value: float) -> str:
        """An amount of rain."""
        return f"{self.number_of(value)}{NBSP}mm"

    def hectares(self, value: float) -> str:
        """An area of crops: to ten hectares, from ten thousand on to a hundred."""
        step = 100 if value >= 10_000 else 10 if value >= 100 else 1
        return f"{self.number_of(round(value / step) * step)}{NBSP}ha"

    def names(self, columns: Sequence[int], most: int = 8) -> str:
        """Names of départements as a list; of more than `most` the rest is counted."""
        names = [self.records.name(self.records.codes[column]) for column in columns[:most]]
        rest = len(columns) - len(names)
        if rest:
            names.append(self.words.count("bulletin.others", rest))
        return self.listed(names)

    def listed(self, names: Sequence[str]) -> str:
        """`a, b et c`."""
        if len(names) < 2:
            return "".join(names)
        return self.words("bulletin.and", first=", ".join(names[:-1]), last=names[-1])


def in_drought(codes: Sequence[str]) -> int:
    """How many of the classes are drought."""
    return sum(each in IN_DROUGHT for each in codes)


def gravely(codes: Sequence[str]) -> int:
    """How many of the classes are extreme or exceptional drought."""
    return sum(each in GRAVE for each in codes)
