"""Drought indicators by dekad, in long form, from daily weather and soil water.

`catalogue.indicators` lists them, each with the function that computes it; the functions are in the
other modules of this room and take a `Basis`. All of them look back from the end of a dekad. A
"month" is the last three dekads, so at the end of a calendar month it is that month, and its SPI-1
is the usual monthly one. A value is NaN where a missing day is involved. The normal is that of
1991-2020 where the record has these years, else of all its years (`reference_years`,
`reference_period`).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd

from geo_pipeline.catalogue.indicator_record import Computation
from geo_pipeline.catalogue.indicators import COMPUTED
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.transforms.basis import Basis
from geo_pipeline.transforms.crop_water import crop_water
from geo_pipeline.transforms.daily_arrays import daily_records
from geo_pipeline.transforms.indicator_rows import Measure, rows_of

WEATHER = ("precip_mm", "et0_mm", "tmin_c", "tmax_c", "tmean_c", "radiation_mj_m2", "true_day")


CLASS_MIN_YEARS = 10
"""With fewer years of reference a value has no class: extreme classes would be chance."""


def drought_indicators(
    weather: pd.DataFrame,
    soil: pd.DataFrame,
    crops: pd.DataFrame,
    *,
    class_min_years: int = CLASS_MIN_YEARS,
) -> pd.DataFrame:
    """Return the valid rows of `drought_indicators` for the départements in `weather`.

    `soil` is their `soil_water_daily`, `crops` the table of `sources.agronomy`. The indicators are
    explained in `docs/indicators_published.md`. A département without weather has no rows. A value
    with fewer than `class_min_years` years of reference has no class, and so no drought.
    """
    days = weather.assign(true_day=(weather["resolution"] == "day").astype(float))
    results = []
    for record in daily_records(days, WEATHER):
        basis = Basis(record, crops, crop_water(record, soil, crops))
        measures = measures_of(basis, COMPUTED, class_min_years)
        results.append((record.codes, basis.dekads, measures))
    rows = rows_of(results) if results else empty("drought_indicators")
    return validate("drought_indicators", rows)


def measures_of(
    basis: Basis, indicators: Iterable[str], class_min_years: int
) -> dict[str, Measure]:
    """Return these indicators by name, without those that do not apply to `basis`."""
    return {
        indicator: _classed(measure, class_min_years)
        for indicator in indicators
        if (measure := _computed(COMPUTED[indicator], basis)) is not None
    }


def function_of(computation: Computation) -> Callable[..., Measure | None]:
    """Return the function named in a record."""
    module, _, name = computation.function.partition(".")
    function: Callable[..., Measure | None] = getattr(
        import_module(f"geo_pipeline.transforms.{module}"), name
    )
    return function


def _computed(computation: Computation, basis: Basis) -> Measure | None:
    return function_of(computation)(basis, **computation.given)


def _classed(measure: Measure, least: int) -> Measure:
    """Return the measure without classes where it has fewer than `least` years."""
    if measure.years is None:
        return measure
    few = np.broadcast_to(measure.years < least, measure.value.shape)
    if measure.rests_on_class:
        measure = replace(measure, value=np.where(few, np.nan, measure.value))
    if measure.drought_class is None:
        return measure
    classes = measure.drought_class.copy()
    classes[few] = None
    certainty = measure.certainty
    if certainty is not None:
        chance = np.where(few, np.nan, certainty.class_chance)
        certainty = certainty._replace(class_chance=chance)
    return replace(measure, drought_class=classes, certainty=certainty)
