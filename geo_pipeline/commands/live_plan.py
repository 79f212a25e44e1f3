"""The plan of `geo-pipeline live`: what is asked of whom, what it takes, and what will be missing.

Nothing is asked here: the plan follows from the listed files, from what is kept and from the day.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from geo_pipeline.errors import StorageError, UsageError
from geo_pipeline.indicators.distributions import MIN_YEARS
from geo_pipeline.sources.demand import Demand
from geo_pipeline.sources.http import MB, Checksum
from geo_pipeline.storage.lake import Footer, Lake
from geo_pipeline.territory import BY_CODE
from geo_pipeline.transforms.drought import CLASS_MIN_YEARS
from geo_pipeline.words import message

GRID: Final = "sim2"
STATIONS: Final = "meteo-france"
"""The providers of the metropolitan départements: the grid, or with `--stations` the stations."""

WITH_STATIONS: Final = (
    "the soil wetness index of Météo-France: soil water is that of this program's own balance",
    "the places between stations: a département is the mean of those that report, each for the "
    "area nearest to it, without a correction for altitude",
    "radiation, humidity and wind at most stations: they come from the few that measure them, and "
    "where a day has none, evapotranspiration is estimated from temperatures",
    "the last day or two; and those of 45 days may change yet, as observers send their sheets",
)
"""What a plan with stations lacks beside one with the grid."""

FIRST_YEAR: Final = 1991
"""First year of the history, unless told otherwise: the normal is that of 1991-2020."""

FIRST_SIM2_YEAR: Final = 1959
"""First whole year of SIM2."""

EMBEDDED_FIRST_YEAR: Final = 2010
"""First year of the embedded weather, which the first map is compared with."""

LIGHT_YEARS: Final = 12
"""Years of the light plan: a year more than classes need, and as many as the embedded data."""

STEP_YEARS: Final = (CLASS_MIN_YEARS, 20)
"""Years of weather after which what is there is published, before all of it is."""

LEAST_DAYS: Final = 180
"""Days of this year that the first map needs: before July it takes the year before too."""

BYTES_PER_S: Final = 4.0 * MB
"""Assumed speed of downloads until one was measured."""

FILE_BYTES: Final = 140 * MB
"""Assumed length of a grid file of a year whose length nobody tells."""

GRID_READ_BYTES_PER_S: Final = 35.0 * MB
"""Speed of reading grid files, compressed: once each, while the next ones come."""
STATIONS_READ_BYTES_PER_S: Final = 2.0 * MB
"""Speed of reading station files, compressed: each run reads those that it needs."""
STARTING_S: Final = 13.0
"""Time that a publication takes besides its départements, of one core."""
YEAR_S: Final = 0.076
"""Time that a year of a département takes, of one core."""

LAKE_BYTES: Final = 200_000
"""Bytes on the disk for each year of a département: lake, means of the grid, publication."""


class Download(NamedTuple):
    """A file to fetch."""

    url: str
    first: date
    last: date
    final: bool
    checksum: Checksum | None = None
    length: int | None = None
    """Bytes, where the list or the host tells them."""
    here: int = 0
    """Bytes that are here already and need not come again."""
    assumed: int = FILE_BYTES
    """Bytes where nobody tells them."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.url.rpartition("/")[2]

    @property
    def size(self) -> int:
        """Bytes of the file, told or assumed."""
        return self.assumed if self.length is None else self.length

    @property
    def to_load(self) -> int:
        """Bytes that have to come."""
        return max(self.size - self.here, 0)


@dataclass(frozen=True)
class Step:
    """A part of the plan that ends with a publication."""

    source: str
    codes: tuple[str, ...]
    since: date
    embedded: bool
    """Whether the embedded years before serve as its normal."""
    downloads: tuple[Download, ...]
    """Those that no step before fetches."""
    demand: Demand | None

    @property
    def bytes_to_load(self) -> int:
        """Bytes that have to come."""
        return sum(each.to_load for each in self.downloads)

    @property
    def reading_s(self) -> float:
        """Seconds that reading its files takes."""
        if self.source == STATIONS:
            return sum(each.size for each in self.downloads) / STATIONS_READ_BYTES_PER_S
        return self.bytes_to_load / GRID_READ_BYTES_PER_S

    def run_s(self, today: date) -> float:
        """Return the seconds that its run takes, from its start to its publication."""
        first_year = EMBEDDED_FIRST_YEAR if self.embedded else self.since.year
        years = today.year - first_year + 1
        making = STARTING_S + len(self.codes) * YEAR_S * years
        return making + (self.reading_s if self.source == STATIONS else 0.0)

    def fetching_s(self, bytes_per_s: float, rate: Callable[[str], float]) -> float:
        """Return the seconds that its downloads and requests take; the grid is read meanwhile."""
        asking = self.demand.calls / rate(self.demand.host) if self.demand else 0.0
        reading = 0.0 if self.source == STATIONS else self.reading_s
        return max(self.bytes_to_load / bytes_per_s, reading, asking)

    def own_s(self, today: date) -> float:
        """Return the seconds of our own that it takes, besides downloads and requests."""
        return self.run_s(today) + (0.0 if self.source == STATIONS else self.reading_s)


@dataclass(frozen=True)
class Plan:
    """What `geo-pipeline live` will do."""

    today: date
    since: date
    steps: tuple[Step, ...]

    @property
    def bytes_to_load(self) -> int:
        """Bytes that have to come."""
        asked = (step.demand.length for step in self.steps if step.demand)
        return sum(step.bytes_to_load for step in self.steps) + sum(asked)

    @property
    def disk_bytes(self) -> int:
        """Bytes that it takes on the disk."""
        codes = {code for step in self.steps for code in step.codes}
        return self.bytes_to_load + LAKE_BYTES * len(codes) * (self.years + 1)

    @property
    def years(self) -> int:
        """Whole years of weather at its end."""
        return self.today.year - self.since.year


def first_day(since: int | None, *, light: bool) -> date:
    """Return the first day of the history that the options ask for.

    Raises:
        UsageError: there is no weather of that year yet.
    """
    this_year = datetime.now(UTC).year
    if since is not None and since > this_year:
        raise UsageError(message("live.future", year=since))
    if since is not None:
        return date(max(since, FIRST_SIM2_YEAR), 1, 1)
    return date(this_year - LIGHT_YEARS if light else FIRST_YEAR, 1, 1)


def since_years(
    today: date,
    since: date,
    lake_since: date | None,
    step_years: Sequence[int] = STEP_YEARS,
) -> Iterator[tuple[date, bool]]:
    """Yield the first day of each step, and whether embedded years serve as its normal.

    This year comes first, then so many years (ten, twenty), and all. Where the lake has weather
    since some year already, that is brought up to date first, then only what is earlier.
    """
    this_year = date((today - timedelta(days=LEAST_DAYS)).year, 1, 1)
    begins = [date(today.year - years, 1, 1) for years in step_years]
    if lake_since is not None:
        yield max(lake_since, since), False
    elif since < this_year:
        yield this_year, True
    for begin in begins:
        if since < begin < (lake_since or date.max):
            yield begin, False
    if lake_since is None or since < lake_since:
        yield since, False


def lake_since(lake: Lake, codes: Sequence[str], source: str) -> date | None:
    """Return since when a lake has weather of `source` alone; None where it has none.

    A département that has none, because it failed or is new, is made since then as well: the others
    are not to fall back to the embedded normal for it.
    """
    begins = [
        date(footer.first_date.year, 1, 1)
        for footer in _weather(lake, codes)
        if footer.provenance.get("source") == source and footer.first_date is not None
    ]
    return max(begins, default=None)


def lacks_map(lake: Lake, step: Step) -> bool:
    """Return whether a step is the first of a home, and the lake has none of its days yet."""
    if not step.embedded:
        return False
    lasts = (footer.last_date for footer in _weather(lake, step.codes))
    return not any(last is not None and last >= step.since for last in lasts)


def _weather(lake: Lake, codes: Sequence[str]) -> Iterator[Footer]:
    """Yield the footers of the weather of `codes` that is there and whole."""
    for code in codes:
        with suppress(StorageError):
            yield lake.footer("weather_daily", code)


def plan(
    codes: Sequence[str],
    today: date,
    since: date,
    *,
    lake_since: date | None,
    files: Callable[[date], Sequence[Download]],
    overseas: tuple[str, Demand] | None,
    source: str = GRID,
    step_years: Sequence[int] = STEP_YEARS,
) -> Plan:
    """Return the plan for the départements `codes`.

    Parameters
    ----------
    source : provider of the metropolitan départements
    step_years : years of weather after which what is there is published
    lake_since : first day of weather of this plan's provider that the lake has, in all of them
    files : returns the files that the days since some day take
    overseas : provider of the overseas départements, and what it would be asked for
    """
    metropolitan = tuple(code for code in codes if not BY_CODE[code].overseas)
    beyond = tuple(code for code in codes if BY_CODE[code].overseas)
    steps: list[Step] = []
    known: set[str] = set()
    if metropolitan:
        for begin, embedded in since_years(today, since, lake_since, step_years):
            new = [each for each in files(begin) if each.url not in known]
            known |= {each.url for each in new}
            downloads = tuple(sorted(new, key=lambda each: (each.last, each.first), reverse=True))
            steps.append(Step(source, metropolitan, begin, embedded, downloads, None))
    if beyond and overseas is not None:
        provider, demand = overseas
        steps.append(Step(provider, beyond, since, False, (), demand))
    return Plan(today, since, tuple(steps))


def spread_pct(years: int) -> float:
    """Return the standard error of the share of years drier than one that comes one year in ten."""
    return 100.0 * math.sqrt(0.1 * 0.9 / years)


def certainty(today: date, since: date) -> str:
    """Return what the number of years means for the normal, in words."""
    years = today.year - since.year
    if years < MIN_YEARS:
        return f"{years} years: no index and no class (they take {MIN_YEARS} and {CLASS_MIN_YEARS})"
    if years < CLASS_MIN_YEARS:
        return f"{years} years: no drought class (it takes {CLASS_MIN_YEARS} years)"
    told = (
        f"{min(years, 30)} years: what is as dry as 1 year in 10 is told as 10 % of the years, "
        f"give or take {spread_pct(min(years, 30)):.0f}"
    )
    return told if years >= 30 else f"{told} (30 years: {spread_pct(30):.0f})"


def missing(plan: Plan) -> list[str]:
    """Return what will be missing, one line each."""
    lines = []
    sources = {step.source for step in plan.steps}
    if GRID in sources:
        lines.append("the last day or two, which SIM2 does not have yet")
    if STATIONS in sources:
        lines += WITH_STATIONS
    if any(BY_CODE[code].overseas for step in plan.steps for code in step.codes):
        lines.append(
            "overseas: the last three days, the official soil wetness, and what is smaller than "
            "cells of 50 km"
        )
    if plan.steps and plan.steps[0].embedded:
        lines.append(
            "until ten years are there: the normal is that of the embedded years 2010-2022 of "
            "another provider (AgERA5), which the pages say"
        )
    return lines


def told(
    plan: Plan, bytes_per_s: float, rate: Callable[[str], float], measured: bool
) -> Iterator[str]:
    """Yield the plan as lines."""
    after_s = fetched_s = 0.0
    for n, step in enumerate(plan.steps, 1):
        # Files of the next steps come, and are read, while a step is computed.
        fetched_s += step.fetching_s(bytes_per_s, rate)
        after_s = max(after_s, fetched_s) + step.run_s(plan.today)
        what = f"{step.since.year} to today"
        if step.embedded:
            what += ", against the embedded years 2010-2022"
        asked = f"{len(step.downloads)} files, {step.bytes_to_load / MB:,.0f} MB"
        if step.demand is not None:
            asked = f"{step.demand.requests} requests, {step.demand.length / MB:,.0f} MB"
        yield (
            f"  {n}. {what}: {counted(step.codes)} from {step.source}, {asked}; "
            f"published after some {minutes(after_s)}"
        )
    speed = f"{bytes_per_s / MB:.1f} MB/s, {'as measured here' if measured else 'assumed'}"
    own_s = sum(step.own_s(plan.today) for step in plan.steps)
    yield (
        f"to load: {plan.bytes_to_load / MB:,.0f} MB, {minutes(plan.bytes_to_load / bytes_per_s)} "
        f"at {speed}; computing: {minutes(own_s)}"
    )
    yield f"on the disk: {plan.disk_bytes / MB:,.0f} MB"
    yield f"normal: {certainty(plan.today, plan.since)}"
    for line in missing(plan):
        yield f"missing: {line}"


def counted(codes: Sequence[str]) -> str:
    """Return the number of départements in words."""
    return f"{len(codes)} département{'s' if len(codes) > 1 else ''}"


def minutes(seconds: float) -> str:
    """Return a duration in words."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
