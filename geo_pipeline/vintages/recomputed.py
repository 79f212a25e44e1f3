"""Indicators, outlooks and skill from the days of the weather until a dekad, and no later one.

They are what a run with `--until` that dekad gives: the functions and rules are those of the run,
and the weather is that of the publication. The balance of the soil goes forward in time, so it is
computed once for the whole record and cut; all that compares with other years is computed again.
"""

from collections.abc import Iterator, Mapping
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
from geo_pipeline.transforms.crop_water import CropWater, demand_mm, supplied
from geo_pipeline.transforms.daily_arrays import Record, daily_records
from geo_pipeline.transforms.drought import measures_of
from geo_pipeline.transforms.indicator_rows import rows_of
from geo_pipeline.transforms.soil import REFERENCE_CROP

SHORTAGES: Final = tuple(
    each.key for each in catalogue.INDICATORS.values() if each.family is SHORTAGE and each.crop
)
"""What is at stake is judged by; nobody looks back further than a year."""

INDICATORS: Final = (
    *("combined", "drought_age_dekads", "season_precip_mm", "spi_3", "swi"),
    *SHORTAGES,
)
"""What bulletins tell of."""

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
        some, season = slice(0, int(days)), self.water.season.until(int(days))
        record = replace(
            self.record,
            dates=self.record.dates[some],
            columns={name: each[:, some] for name, each in self.record.columns.items()},
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
        self._of_years = lru_cache(maxsize=12)(self._skill)

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
        weather = self._until_needed("drought_indicators")
        return tuple(
            _Place(record, supplied(record, self._method.crops, self._method.storage))
            for record in daily_records(weather, soil_outlook.VARIABLES)
        )

    # --- the outlook of the soil ------------------------------------------------------------

    def outlook(self, day: date) -> pd.DataFrame:
        """Return the valid rows of `soil_outlook` issued on `day`, of the crop of the land."""
        return soil_outlook.outlook_of(self._until(day, "soil_outlook"))

    def observations(self, day: date) -> pd.DataFrame:
        """Return what hindcasts have observed of the next dekad, as known on `day`.

        They rest on the calendar years that were over. Columns are `soil_outlook.OBSERVED`.
        """
        years = self._until(dekads.last_of_complete_year(day), "outlook_hindcast")
        return soil_outlook.observed_after(years)

    def skill(self, day: date, month: int) -> pd.DataFrame:
        """Return the rows of `outlook_skill` of outlooks issued in a month, as known on `day`.

        They are those of the crop of the land, valid, from the calendar years that were over.
        """
        return self._of_years(dekads.last_of_complete_year(day), month)

    def _skill(self, day: date, month: int) -> pd.DataFrame:
        """Return the skill of hindcasts from the years until `day`."""
        rows = soil_outlook.hindcasts_of(self._until(day, "outlook_hindcast"), month)
        scores = database.run("outlook_scores", {"outlook_hindcast": rows})
        return soil_outlook.outlook_skill(scores)

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
        return soil_outlook.observed(self._lands)

    @cached_property
    def _lands(self) -> tuple[soil_outlook.Land, ...]:
        """The départements by their days of record, each until its last complete dekad."""
        weather = self._until_needed("soil_outlook")
        return tuple(soil_outlook.lands(weather, self._method.of_land, self._method.storage))

    def _until(self, day: date, table: str) -> Iterator[soil_outlook.Land]:
        """Yield the départements with the days until `day` that `table` needs."""
        for land in self._lands:
            first, last = (each.date() for each in land.weather.dates[[0, -1]])
            until = min(last, day)
            cut = land.until(last_needed(table, first, until) or until)
            if cut is not None:
                yield cut

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

    def _until_needed(self, table: str) -> pd.DataFrame:
        """Return the weather that `table` needs of each département."""
        rows = self._weather
        by_end: dict[date, list[str]] = {}
        for code, (first, last) in self._ends.items():
            by_end.setdefault(last_needed(table, first, last) or last, []).append(code)
        kept = np.zeros(len(rows), np.bool_)
        for until, codes in by_end.items():
            is_there = rows["departement"].isin(codes).to_numpy()
            kept |= is_there & (rows["date"] <= pd.Timestamp(until)).to_numpy()
        return rows[kept]


SAID: Final = (
    *("departement", "period_end", "lead_dekads", "p10", "p50", "p90"),
    *("drought_chance_pct", "observed"),
)
"""Columns of an outlook as it was told, with what came."""
