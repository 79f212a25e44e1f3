"""The document: all parts of an issue in reading order, which `pdf` and `html` set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from geo_pipeline import dekads
from geo_pipeline.catalogue.styles import DROUGHT_CLASSES, NO_DATA, ClassStyle
from geo_pipeline.publishing.bulletin import ahead, claims, fine_print, season, stakes, state, years
from geo_pipeline.publishing.bulletin.claims import Sentence
from geo_pipeline.publishing.bulletin.issue import Figure, Issue, Section
from geo_pipeline.publishing.bulletin.pictures import choropleth, view_of
from geo_pipeline.publishing.formats import capitalise
from geo_pipeline.publishing.legend import hatching

MOMENTS: Final = ("now", "before", "year")

LEFT: Final = ("crops", "watch", "restrictions")
"""Sections in the left column of the second page."""


@dataclass(frozen=True)
class Document:
    """An issue, ready to be set."""

    issue: Issue
    title: Sentence
    lead: Sequence[Sentence]
    maps: Sequence[Figure]
    """Of now, of the dekad before, of a year ago."""
    legend: Sequence[tuple[ClassStyle, str]]
    front: Sequence[Section]
    """Sections of the first page."""
    back: Sequence[Section]
    """Sections of the second page."""
    record: Section | None
    """The years of the record at a glance, below it."""
    small: Sequence[Section]
    """Sections in small print at its end."""

    @property
    def left(self) -> list[Section]:
        """Sections in the left column of the second page."""
        return [each for each in self.back if each.key in LEFT]

    @property
    def right(self) -> list[Section]:
        """Those in its right column."""
        return [each for each in self.back if each.key not in LEFT]

    @property
    def sections(self) -> Iterator[Section]:
        """All sections in reading order."""
        yield from (*self.front, *self.left, *self.right)
        if self.record is not None:
            yield self.record
        yield from self.small

    @property
    def sentences(self) -> Iterator[Sentence]:
        """All sentences, and the facts behind tables and figures."""
        yield self.title
        yield from self.lead
        for each in self.sections:
            yield from (*each.sentences, *each.behind)

    def claims(self) -> pd.DataFrame:
        """Return the rows of `bulletin_claims`."""
        issue = self.issue
        return claims.table_of(issue.place.key, issue.day, self.sentences, issue.records.known_on)

    # --- what stands in the head and at the foot --------------------------------------------

    @property
    def series(self) -> str:
        """`Bulletin de sécheresse agricole`."""
        return self.issue.words("bulletin.series")

    @property
    def number(self) -> str:
        """`N° 24 de 2022`."""
        return self.issue.words("bulletin.number", n=self.issue.number, year=self.issue.day.year)

    @property
    def place(self) -> str:
        """`Gers (32)`."""
        name = self.issue.place.name(self.issue.lang)
        return f"{name} ({self.issue.code})" if self.issue.alone else name

    @property
    def period(self) -> str:
        """`21 au 31 août 2022`."""
        first, last = dekads.first_day(self.issue.day).day, self.issue.written(self.issue.day)
        return self.issue.words("bulletin.period", first=first, last=last)

    @property
    def notice(self) -> str:
        """That it is of the archive, where a later issue exists or the record has ended."""
        issue = self.issue
        if issue.day == issue.records.newest and not issue.records.has_ended:
            return ""
        return issue.words("bulletin.archive", day=issue.written(issue.day))

    @property
    def foot(self) -> str:
        """What stands at the foot of each page."""
        issue = self.issue
        after = dekads.before(issue.day, -1)
        return issue.words(
            "bulletin.foot", issued=issue.written(issue.issued), after=issue.written(after)
        )

    @property
    def subject(self) -> str:
        """The name of the document in lists and windows."""
        return f"{self.series}, {self.place}, {self.issue.period()}"


def make(issue: Issue) -> Document:
    """Return the document of an issue."""
    front = [state.changed(issue), season.section(issue)]
    back = [
        stakes.crops(issue),
        ahead.section(issue),
        stakes.restrictions(issue),
        stakes.watch(issue),
    ]
    small = [fine_print.sure(issue), fine_print.limits(issue), fine_print.sources(issue)]
    return Document(
        issue,
        state.title(issue),
        state.lead(issue),
        list(_maps(issue)),
        _legend(issue),
        [each for each in front if each is not None],
        [each for each in back if each is not None],
        years.section(issue),
        [each for each in small if each is not None],
    )


def _maps(issue: Issue) -> Iterator[Figure]:
    """Yield the maps of now, ten days and a year ago; none where nothing is known then."""
    view = view_of(issue.records, issue.place)
    days = zip(MOMENTS, (issue.day, issue.before, issue.year_ago), strict=True)
    for moment, day in days:
        styles = issue.styles(day)
        if all(each is NO_DATA for each in styles):
            continue
        period = capitalise(issue.period(day))
        told = {"period": period, "where": issue.place.where(issue.lang)}
        yield Figure(
            choropleth(view, styles, small=moment != "now"),
            issue.words(f"bulletin.map.{moment}", **told),
            issue.words("bulletin.map.alt", **told),
        )


def _legend(issue: Issue) -> list[tuple[ClassStyle, str]]:
    """Return the classes from the driest, with their names, and what hatching means."""
    named = [(each, capitalise(each.name(issue.lang))) for each in DROUGHT_CLASSES]
    none = hatching(unclassed=True, little_grown=False, lang=issue.lang)
    return [*named, (NO_DATA, capitalise(none.name))]
