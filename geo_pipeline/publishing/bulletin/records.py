"""What bulletins read from the publication, once for all places of a dekad.

A past dekad is read from the publication as it was known then (`vintages`): `Records.of` gives its
records. Outlines, borders and the calendar of crops, which no day changes, are read once for all.
"""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline import dekads
from geo_pipeline.drawing.outlines import Drawing, drawn
from geo_pipeline.errors import UsageError
from geo_pipeline.indicators.crops import CALENDAR_OF
from geo_pipeline.indicators.distributions import MIN_YEARS
from geo_pipeline.places import EMBEDDED_DATA
from geo_pipeline.publishing import selection
from geo_pipeline.publishing.calendar import Stage, stage_on
from geo_pipeline.publishing.legend import IN_DROUGHT
from geo_pipeline.publishing.sentences import Source, is_past
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import message

if TYPE_CHECKING:
    from geo_pipeline.vintages.publication import KnownThen
    from geo_pipeline.vintages.recomputed import Recomputed

Floats = NDArray[np.float64]

COMBINED: Final = "combined"
AGE: Final = "drought_age_dekads"
SEASON_RAIN: Final = "season_precip_mm"
WETNESS: Final = "swi"
RAIN_INDEX: Final = "spi_3"

GRASS: Final = "grassland"
"""The crop whose soil stands for the land."""


@dataclass(frozen=True, eq=False)
class Cube:
    """One indicator: arrays with a row for each of `periods`, a column for each département."""

    periods: tuple[date, ...]
    value: Floats
    percentile: Floats
    percentile_low: Floats
    percentile_high: Floats
    class_chance: Floats
    reference_years: Floats
    drought_class: NDArray[np.object_]
    reference_period: NDArray[np.object_]

    def row(self, day: date) -> int | None:
        """Row of a dekad, None for one outside the record."""
        return self._rows.get(day)

    @cached_property
    def _rows(self) -> dict[date, int]:
        return {day: row for row, day in enumerate(self.periods)}

    def same_dekads(self, day: date) -> list[int]:
        """Rows of the same dekad in all years until `day`, which is the last of them."""
        alike = [
            self._rows.get(dekads.last_day_of(year, dekads.of_year(day)))
            for year in range(self.periods[0].year, day.year + 1)
        ]
        return [row for row in alike if row is not None]


@dataclass(frozen=True, eq=False)
class Records:
    """The publication as bulletins read it; each table is read at its first use."""

    warehouse: Warehouse
    embedded_data: Path = EMBEDDED_DATA
    """The folder with the parameters of crops and soils."""
    _asking: threading.Lock = field(default_factory=threading.Lock, init=False)
    _then: "dict[date, _PastRecords]" = field(default_factory=dict, init=False)
    """The dekad asked for last."""
    _said: dict[date, pd.DataFrame] = field(default_factory=dict, init=False)
    _shares: dict[tuple[str, ...], Floats] = field(default_factory=dict, init=False)

    @property
    def known_on(self) -> date | None:
        """The past dekad at whose end all this was known; None for what is known now."""
        return None

    def of(self, day: date) -> "Records":
        """Return the records of the issue of a dekad: of a past one what was known at its end.

        Those of the last dekad asked for are kept. Errors are those of `KnownThen`.
        """
        if day == self.newest:
            return self
        with self._asking:
            if day not in self._then:
                self._then.clear()
                warehouse = self.known_then(day)
                self._then[day] = _PastRecords(
                    warehouse, self.embedded_data, published=self, day=day
                )
            return self._then[day]

    @cached_property
    def recomputed(self) -> "Recomputed":
        """What computes the indicators and outlooks of past days."""
        # Slow to load, and needed for past dekads alone: the app starts without.
        from geo_pipeline.vintages.recomputed import Method, Recomputed  # noqa: PLC0415

        return Recomputed(self.warehouse, Method.of(self.warehouse, self.embedded_data))

    @cached_property
    def class_min_years(self) -> int:
        """Years of reference that a class needs."""
        return int(self.warehouse.query("class_rules")["class_min_years"].iloc[0])

    def known_then(self, day: date) -> "KnownThen":
        """Return the publication as it was known on `day`, the end of a dekad.

        Errors are those of `KnownThen`.
        """
        from geo_pipeline.vintages.publication import KnownThen  # noqa: PLC0415 - likewise

        return KnownThen(self.warehouse, self.recomputed, day)

    def said(self, day: date) -> pd.DataFrame:
        """Return what was told of the dekad `day` a month before, with what came.

        It is the table `soil_outlook_issued` of what was known on `day`.
        """
        with self._asking:
            if day not in self._said:
                self._said[day] = _with_days(self.recomputed.said(day))
            return self._said[day]

    @cached_property
    def departements(self) -> pd.DataFrame:
        """Code, name, région and area of each département, in order of codes."""
        return pd.DataFrame(self.warehouse.query("boundaries").drop(columns="geometry"))

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Codes of the départements: the columns of all arrays."""
        return tuple(self.departements["departement"])

    @cached_property
    def area_km2(self) -> Floats:
        """Official areas."""
        return self.departements["area_km2"].to_numpy(float)

    @cached_property
    def shapes(self) -> Any:
        """Outlines for maps, a GeoDataFrame."""
        return self.warehouse.query("shapes")

    @cached_property
    def drawing(self) -> Drawing:
        """The outlines as SVG."""
        return drawn(self.shapes, self.codes)

    @cached_property
    def cubes(self) -> dict[str, Cube]:
        """The indicators by name."""
        table = self.warehouse.query("bulletin_values")
        return {
            str(name): self._cube(rows) for name, rows in table.groupby("indicator", observed=True)
        }

    def _cube(self, rows: pd.DataFrame) -> Cube:
        ends, row = np.unique(rows["period_end"].to_numpy("datetime64[D]"), return_inverse=True)
        column = pd.Categorical(rows["departement"], categories=list(self.codes)).codes
        shape = (len(ends), len(self.codes))

        def numbers(name: str) -> Floats:
            grid = np.full(shape, np.nan)
            grid[row, column] = rows[name].to_numpy(float, na_value=np.nan)
            return grid

        def texts(name: str) -> NDArray[np.object_]:
            grid = np.full(shape, None, dtype=object)
            known = rows[name].notna().to_numpy()
            grid[row[known], column[known]] = rows[name].to_numpy(object)[known]
            return grid

        return Cube(
            periods=tuple(pd.Timestamp(end).date() for end in ends),
            **{
                name: numbers(name)
                for name in (
                    "value",
                    "percentile",
                    "percentile_low",
                    "percentile_high",
                    "class_chance",
                    "reference_years",
                )
            },
            drought_class=texts("drought_class"),
            reference_period=texts("reference_period"),
        )

    @cached_property
    def exposure(self) -> pd.DataFrame:
        """Crops at stake by département and dekad."""
        return _with_days(self.warehouse.table("exposure"))

    @cached_property
    def stages(self) -> pd.DataFrame:
        """The calendar of crops."""
        return self.warehouse.table("crop_stages")

    @cached_property
    def _stage_of(self) -> dict[tuple[str, date], Stage | None]:
        return {}

    def stage(self, crop: str, day: date) -> Stage | None:
        """Return the stage of a crop on a day; None off season, or where it is not known."""
        known = self._stage_of
        if (crop, day) not in known:
            found = stage_on(self.stages, CALENDAR_OF.get(crop, crop), day)
            last = day if found is None else found.last
            for ahead in range((last - day).days + 1):
                known[crop, day + timedelta(days=ahead)] = found
        return known[crop, day]

    @cached_property
    def grown(self) -> dict[str, set[str]]:
        """Crops of the statistics of each département."""
        rows = self.warehouse.query("app_crops")
        return {str(code): set(each["crop"]) for code, each in rows.groupby("departement")}

    @cached_property
    def restrictions(self) -> pd.DataFrame:
        """Levels of water restrictions by département and day."""
        rows = self.warehouse.table("water_restrictions")
        return rows.assign(day=rows["date"].dt.date)

    @cached_property
    def _outlook(self) -> pd.DataFrame:
        """The latest outlook of the soil under grass, of each département."""
        rows = self.warehouse.table("soil_outlook")
        return _with_days(rows[rows["crop"] == GRASS])

    @cached_property
    def _past_outlooks(self) -> pd.DataFrame:
        """The outlooks of earlier dekads, with what was observed later."""
        return _with_days(self.warehouse.table("soil_outlook_past"))

    @cached_property
    def _past_by_day(self) -> dict[date, pd.DataFrame]:
        return dict(list(self._past_outlooks.groupby("day")))  # type: ignore[arg-type]

    @cached_property
    def _observed(self) -> dict[str, pd.DataFrame]:
        """Observed wetness by département, with the dekad (`target`) and that of the year."""
        rows = self._past_outlooks
        rows = rows[(rows["lead_dekads"] == 1) & rows["observed"].notna()]
        target = rows["day"].map({day: dekads.before(day, -1) for day in rows["day"].unique()})
        slot = target.map({day: dekads.of_year(day) for day in target.unique()})
        rows = rows.assign(target=target, slot=slot)
        return {str(code): each for code, each in rows.groupby("departement", observed=True)}

    def usual_wetness(self, code: str, target: date, until: date) -> Floats:
        """Observed wetness of the soil in the same dekad as `target` of the years until `until`."""
        rows = self._observed.get(code)
        if rows is None:
            return np.array([])
        known = (rows["slot"] == dekads.of_year(target)) & (rows["target"] <= until)
        return rows.loc[known, "observed"].to_numpy(float)

    def outlook(self, day: date) -> tuple[str, pd.DataFrame]:
        """Return the outlooks of the soil issued on `day`, and the table that they are in.

        Columns: departement, lead_dekads, p10, p50, p90, chance_pct; for earlier ones observed.
        """
        latest = self._outlook[self._outlook["day"] == day]
        if len(latest):
            return "soil_outlook", latest.rename(columns={"d1_pct": "chance_pct"})
        past = self._past_by_day.get(day)
        if past is None:
            return "soil_outlook_past", self._past_outlooks.iloc[:0].assign(chance_pct=np.nan)
        return "soil_outlook_past", past.rename(columns={"drought_chance_pct": "chance_pct"})

    @cached_property
    def skill(self) -> dict[tuple[int, int], dict[Any, Any]]:
        """Measured skill of that outlook, by month of issue and lead."""
        rows = self.warehouse.table("outlook_skill")
        return {
            (int(row["month"]), int(row["lead_dekads"])): row
            for row in rows[rows["crop"] == GRASS].to_dict("records")
        }

    @cached_property
    def neighbours(self) -> dict[str, list[str]]:
        """Neighbours of each département."""
        rows = self.warehouse.table("departement_neighbours")
        return {str(code): sorted(each["neighbour"]) for code, each in rows.groupby("departement")}

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources to be named: weather, crops, outlines, restrictions."""
        named = [selection.sources_of(self.warehouse, each) for each in SOURCES_OF]
        return tuple(dict.fromkeys(source for each in named for source in each))

    @cached_property
    def spread(self) -> frozenset[str]:
        """Départements whose weather is known by dekads only, and spread over their days."""
        rows = self.warehouse.query("app_weather_source")
        return frozenset(rows.loc[rows["spread_by_dekad"].astype(bool), "departement"])

    @cached_property
    def newest(self) -> date:
        """The newest dekad of France.

        Raises:
            UsageError: no département has a value.
        """
        return selection.select(self.warehouse, COMBINED).period_end

    @cached_property
    def has_ended(self) -> bool:
        """Whether the record ended long before it was published."""
        published_at = self.warehouse.query("publication_date")["published_at"].iloc[0]
        return is_past(self.newest, published_at.date())

    @cached_property
    def issues(self) -> tuple[date, ...]:
        """The dekads that a bulletin can be of: most départements had enough years by then."""
        return offered(self.cubes[COMBINED].periods, self._years_then)

    def drought_share(self, codes: tuple[str, ...]) -> Floats:
        """Return the share of the known area of `codes` in drought at each dekad, %."""
        if codes not in self._shares:
            columns = [self.column(code) for code in codes]
            classes = self.cubes[COMBINED].drought_class[:, columns]
            known = classes != np.array(None)
            dry = np.isin(classes.astype(str), IN_DROUGHT)
            area = self.area_km2[columns]
            whole = (known * area).sum(axis=1)
            share = 100 * (dry * area).sum(axis=1) / np.maximum(whole, 1e-9)
            self._shares[codes] = np.where(whole > 0, share, np.nan)
        return self._shares[codes]

    def knows(self, codes: Collection[str], day: date) -> bool:
        """Return whether the combined index of any of these départements is known on `day`."""
        cube = self.cubes[COMBINED]
        row = cube.row(day)
        columns = [self.column(code) for code in codes]
        return row is not None and not np.isnan(cube.value[row, columns]).all()

    def years(self, codes: Collection[str], day: date) -> int:
        """Return the most years of the index that these départements had by `day`."""
        row = self.cubes[COMBINED].row(day)
        columns = [self.column(code) for code in codes]
        return 0 if row is None else int(self._years_then[row, columns].max())

    @cached_property
    def _years_then(self) -> NDArray[np.int64]:
        cube = self.cubes[COMBINED]
        return years_then(cube.periods, cube.value)

    def column(self, code: str) -> int:
        """Column of a département."""
        return self.codes.index(code)

    def name(self, code: str) -> str:
        """Name of a département."""
        return str(self.departements["name"].iloc[self.column(code)])

    def day_of(self, period: str | None) -> date:
        """Return the last day of the dekad meant by `2022-08-31` or `2022-08`, or the newest.

        Raises:
            UsageError: it is no period, or lies outside the record.
        """
        if period is None:
            return self.newest
        found = [day for day in self.issues if day.isoformat().startswith(period)]
        if len(period) in (7, 10) and found:
            return found[-1]
        first, last = self.issues[0], self.issues[-1]
        raise UsageError(
            message(
                "bulletin.no_issue", period=period, first=first.isoformat(), last=last.isoformat()
            )
        )


@dataclass(frozen=True, eq=False)
class _PastRecords(Records):
    """What was known at the end of a past dekad; what no day changes is that of `published`."""

    published: Records = field(kw_only=True)
    day: date = field(kw_only=True)

    @property
    def known_on(self) -> date | None:
        return self.day

    def of(self, day: date) -> Records:
        return self if day == self.day else self.published.of(day)

    def said(self, day: date) -> pd.DataFrame:
        return _with_days(self.warehouse.table("soil_outlook_issued"))

    @property
    def departements(self) -> pd.DataFrame:
        return self.published.departements

    @property
    def codes(self) -> tuple[str, ...]:
        return self.published.codes

    @property
    def area_km2(self) -> Floats:
        return self.published.area_km2

    @property
    def shapes(self) -> Any:
        return self.published.shapes

    @property
    def drawing(self) -> Drawing:
        return self.published.drawing

    @property
    def stages(self) -> pd.DataFrame:
        return self.published.stages

    @property
    def _stage_of(self) -> dict[tuple[str, date], Stage | None]:
        return self.published._stage_of

    @property
    def neighbours(self) -> dict[str, list[str]]:
        return self.published.neighbours

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.published.sources

    @property
    def newest(self) -> date:
        return self.published.newest

    @property
    def has_ended(self) -> bool:
        return self.published.has_ended

    @property
    def issues(self) -> tuple[date, ...]:
        return self.published.issues


def years_then(periods: Sequence[date], value: Floats) -> NDArray[np.int64]:
    """Return how many years of the same dekad were known at each, 0 where there is no index now.

    `value` is the index as it is known now, dekads x départements, and so is what is returned.
    """
    known, years = ~np.isnan(value), np.zeros(value.shape, np.int64)
    slots = np.array([dekads.of_year(day) for day in periods])
    for slot in np.unique(slots):
        rows = np.flatnonzero(slots == slot)
        years[rows] = np.where(known[rows], np.cumsum(known[rows], axis=0), 0)
    return years


def offered(
    periods: Sequence[date], years: NDArray[np.int64], least: int = MIN_YEARS
) -> tuple[date, ...]:
    """Return the dekads in which most départements had at least so many years.

    Four make an index, of which a département is told; an area is told of by classes.
    """
    most = selection.of_most((years >= max(least, MIN_YEARS)).sum(axis=1))
    return tuple(day for day, is_known in zip(periods, most, strict=True) if is_known)


SOURCES_OF: Final = (COMBINED, "yield_anomaly_pct_soft_wheat", "water_restrictions")
"""Indicators whose observations are named as sources: weather, crops, restrictions."""


def _with_days(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with the end of the dekad as a date too, in the column `day`."""
    return rows.assign(day=rows["period_end"].dt.date)
