"""Indicators, outlooks and skill from the days of the weather until a dekad, and no later one.

They are what a run with `--until` that dekad gives: the functions and rules are those of the run,
and the weather is that of the publication. The balance of the soil goes forward in time, so it is
computed once for the whole record and cut; all that compares with other years is computed again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
import pandas as pd

from geo_pipeline import dekads
from geo_pipeline.catalogue import indicators as catalogue
from geo_pipeline.catalogue.crop_indicators import SHORTAGE
from geo_pipeline.sources import agronomy
from geo_pipeline.spatial import database
from geo_pipeline.storage.needed_days import last_needed
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.transforms import soil_outlook
from geo_pipeline.transforms.basis import Basis
from geo_pipeline.transforms.crop_water import CropWater, crop_water, demand_mm, rainfed
from geo_pipeline.transforms.daily_arrays import Record, daily_records
from geo_pipeline.transforms.drought import measures_of
from geo_pipeline.transforms.indicator_rows import rows_of
from geo_pipeline.transforms.soil import REFERENCE_CROP, soil_water_daily

SHORTAGES: Final = tuple(
    each.key for each in catalogue.INDICATORS.values() if each.family is SHORTAGE and each.crop
)
"""What is at stake is judged by; nobody looks back further than a year."""

INDICATORS: Final = (
    *("combined", "drought_age_dekads", "season_precip_mm", "spi_3", "swi"),
    *SHORTAGES,
)
"""What bulletins tell of."""

AT_ONCE: Final = 24
"""Départements whose daily soil water is in memory at the same time."""

MONTH: Final = 3
"""Dekads after which an outlook is judged."""


@dataclass(frozen=True, eq=False)
class Method:
    """What rows are made by, besides the weather."""

    crops: pd.DataFrame
    storage: pd.DataFrame
    """The tables of `sources.agronomy`."""
    class_min_years: int

    @classmethod
    def of(cls, warehouse: Warehouse, embedded_data: Path) -> Self:
        """Return the method that the publication was made by.

        Raises:
            SourceError: an embedded table is missing or damaged.
            StorageError: the publication cannot be read.
        """
        rules = warehouse.query("class_rules")
        return cls(
            agronomy.crop_parameters(embedded_data),
            agronomy.soil_storage(embedded_data),
            int(rules["class_min_years"].iloc[0]),
        )

    @property
    def of_land(self) -> pd.DataFrame:
        """The parameters of the crop that stands for the land."""
        return self.crops.loc[[REFERENCE_CROP]]


class _Place(NamedTuple):
    """Weather and crop water of the départements with the same days of record.

    Of the water only what lasts is kept, without the demand, for there are many days.
    """

    record: Record
    water: CropWater

    def until(self, day: date) -> "_Place | None":
        """Return the days until `day`; None where there is none."""
        days = np.searchsorted(self.record.dates.to_numpy(), np.datetime64(day), side="right")
        if not days:
            return None
        some, season = slice(0, int(days)), self.water.season
        record = replace(
            self.record,
            dates=self.record.dates[some],
            columns={name: each[:, some] for name, each in self.record.columns.items()},
        )
        season = season._replace(
            day=season.day[:, some],
            grows=season.grows[:, some],
            kc=season.kc[:, some],
            root_depth_m=season.root_depth_m[:, some],
            irrigated=season.irrigated[:, some],
        )
        eta_mm = {crop: each[:, some] for crop, each in self.water.eta_mm.items()}
        etc_mm = {
            crop: demand_mm(season, season.crops.index(crop), record["et0_mm"]) for crop in eta_mm
        }
        return _Place(record, CropWater(self.water.swi[:, some], season, eta_mm, etc_mm))


class Recomputed:
    """The rows of a publication as they would have been on a past day."""

    def __init__(self, warehouse: Warehouse, method: Method) -> None:
        """Take the publication whose weather is used."""
        self._warehouse, self._method = warehouse, method
        self._of_years = lru_cache(maxsize=2)(self._hindcasts)

    # --- indicators -------------------------------------------------------------------------

    def indicators(self, day: date) -> pd.DataFrame:
        """Return the valid rows of `drought_indicators` on `day`, the end of a dekad.

        They are those of `INDICATORS` only, of `SHORTAGES` those of the last year.
        """
        results, year_before = [], dekads.before(day, dekads.A_YEAR)
        for each in self._places:
            if (known := each.until(day)) is not None:
                basis = Basis(known.record, self._method.crops, known.water)
                measures = measures_of(basis, INDICATORS, self._method.class_min_years)
                is_late = np.asarray(basis.dekads.ends > pd.Timestamp(year_before))
                for name in SHORTAGES:
                    if name in measures:
                        shown = measures[name].shown
                        late = is_late if shown is None else is_late & shown
                        measures[name] = replace(measures[name], shown=late)
                results.append((known.record.codes, basis.dekads, measures))
        rows = rows_of(results) if results else empty("drought_indicators")
        return validate("drought_indicators", rows)

    @cached_property
    def _places(self) -> tuple[_Place, ...]:
        """The départements by their days of record, each until its last complete dekad."""
        weather = self._until(None, "drought_indicators")
        codes = sorted(self._ends)
        blocks = [codes[first : first + AT_ONCE] for first in range(0, len(codes), AT_ONCE)]
        return tuple(place for block in blocks for place in self._of(weather, block))

    def _of(self, weather: pd.DataFrame, codes: Sequence[str]) -> Iterator[_Place]:
        """Yield the départements `codes`."""
        here, crops = weather[_is_of(weather, codes)], self._method.crops
        soil = soil_water_daily(here, crops, self._method.storage)
        for record in daily_records(here, soil_outlook.VARIABLES):
            water = crop_water(record, soil, crops)
            eta_mm = {crop: water.eta_mm[crop] for crop in rainfed(water)}
            yield _Place(record, water._replace(eta_mm=eta_mm, etc_mm={}))

    # --- the outlook of the soil ------------------------------------------------------------

    def outlook(self, day: date) -> pd.DataFrame:
        """Return the valid rows of `soil_outlook` issued on `day`, of the crop of the land."""
        weather = self._until(day, "soil_outlook")
        return soil_outlook.soil_outlook(weather, self._method.of_land, self._method.storage)

    def hindcasts(self, day: date) -> pd.DataFrame:
        """Return the valid rows of `outlook_hindcast` on `day`, of the crop of the land.

        They are those of the next dekad, and rest on the calendar years that were over.
        """
        return self._of_years(dekads.last_of_complete_year(day), None)[0]

    def skill(self, day: date, month: int | None = None) -> pd.DataFrame:
        """Return the valid rows of `outlook_skill` on `day`, of the crop of the land.

        With a `month` those of the outlooks issued in it.
        """
        return self._of_years(dekads.last_of_complete_year(day), month)[1]

    def _hindcasts(self, day: date, month: int | None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return hindcasts from the years until `day` and their skill, of all months or of one."""
        weather = self._until(day, "outlook_hindcast")
        land, storage = self._method.of_land, self._method.storage
        rows = soil_outlook.outlook_hindcast(weather, land, storage, month=month)
        scores = database.run("outlook_scores", {"outlook_hindcast": rows})
        next_dekad = pd.DataFrame(rows[rows["lead_dekads"] == 1])
        return next_dekad, soil_outlook.outlook_skill(scores)

    def said(self, day: date) -> pd.DataFrame:
        """Return the outlook issued a month before `day`, as it was told, with what came.

        Columns: departement, period_end, lead_dekads, p10, p50, p90, drought_chance_pct, observed.
        Only leads whose skill was proven then; observed until `day`.
        """
        issued = dekads.before(day, MONTH)
        rows = self.outlook(issued)
        rows = rows[(rows["period_end"].dt.date == issued) & rows["p50"].notna()]
        skill = self.skill(issued, issued.month)
        proven = skill.loc[skill["crpss_climatology_low"] > 0, "lead_dekads"]
        rows = rows[rows["lead_dekads"].isin(proven)]
        rows = rows.rename(columns={"d1_pct": "drought_chance_pct"})
        judged = rows.merge(self._observed(day), how="inner", on=["departement", "target_end"])
        return pd.DataFrame(judged, columns=list(SAID))

    def _observed(self, day: date) -> pd.DataFrame:
        """Return the wetness of the land in the dekads of the month before `day`."""
        target = self._wetness["target_end"].dt.date
        is_of_month = (target > dekads.before(day, MONTH)) & (target <= day)
        return pd.DataFrame(self._wetness[is_of_month])

    @cached_property
    def _wetness(self) -> pd.DataFrame:
        """The wetness of the land in all dekads."""
        weather = self._until(None, "soil_outlook")
        return soil_outlook.observed(weather, self._method.of_land, self._method.storage)

    # --- weather ----------------------------------------------------------------------------

    @cached_property
    def _weather(self) -> pd.DataFrame:
        return self._warehouse.query("vintage_weather")

    @cached_property
    def _ends(self) -> Mapping[str, tuple[date, date]]:
        """First and last day of each département."""
        days = self._weather["date"].groupby(self._weather["departement"], observed=True)
        return {
            str(code): (first.date(), last.date())
            for code, first, last in zip(days.min().index, days.min(), days.max(), strict=True)
        }

    def _until(self, day: date | None, table: str) -> pd.DataFrame:
        """Return the weather until `day` that `table` needs; None for the end of the record."""
        rows = self._weather
        by_end: dict[date, list[str]] = {}
        for code, (first, last) in self._ends.items():
            until = last if day is None else min(last, day)
            if until >= first:
                by_end.setdefault(last_needed(table, first, until) or until, []).append(code)
        kept = np.zeros(len(rows), np.bool_)
        for until, codes in by_end.items():
            kept |= _is_of(rows, codes) & (rows["date"] <= pd.Timestamp(until)).to_numpy()
        return rows[kept]


SAID: Final = (
    *("departement", "period_end", "lead_dekads", "p10", "p50", "p90"),
    *("drought_chance_pct", "observed"),
)
"""Columns of an outlook as it was told, with what came."""


def _is_of(rows: pd.DataFrame, codes: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return rows["departement"].isin(codes).to_numpy()
