"""Drought indicators by dekad, in long form, from daily weather and soil water.

All of them look back from the end of a dekad. A "month" is the last three dekads, so at the end of
a calendar month it is that month, and its SPI-1 the usual monthly one. What touches a missing day
is NaN. The normal is that of 1991-2020 where the record holds these years, else of all years it has
(`reference_years`, `reference_period`).
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import ndtr

from geo_pipeline.indicators import (
    combined_class_series,
    empirical_index,
    spei,
    spi,
    sswi,
    usdm_class,
    usdm_class_from_percentile,
)
from geo_pipeline.indicators.aggregation import climatological_mean, rolling_sum, valid_years
from geo_pipeline.indicators.change import standardised_change
from geo_pipeline.indicators.classes import INDEX_DROUGHT_LIMIT
from geo_pipeline.indicators.combined import COMBINED_CLASSES
from geo_pipeline.indicators.events import drought_course
from geo_pipeline.tables import empty, validate
from geo_pipeline.transforms import crop_water, season
from geo_pipeline.transforms.crop_water import CropWater
from geo_pipeline.transforms.daily_arrays import MONTH, Array, Dekads, Record, daily_records
from geo_pipeline.transforms.indicator_rows import Measure, positions, ranked, rows_of, standardised

SCALES = (1, 3, 6, 12)
"""Months that SPI and SPEI look back on."""

FLASH_DEKADS = (2, 4)
"""Dekads over which soils are seen to dry fast: a flash drought comes within weeks."""

NEGLIGIBLE_SHORTAGE = 0.05
"""Share of the water asked for whose lack does not count as stress: the first legend step."""

WEATHER = ("precip_mm", "et0_mm", "tmin_c", "tmax_c", "tmean_c", "true_day")


CLASS_MIN_YEARS = 10
"""Of fewer years of reference a value is told, and no class: its far ones would be chance."""


def drought_indicators(
    weather: pd.DataFrame,
    soil: pd.DataFrame,
    crops: pd.DataFrame,
    *,
    class_min_years: int = CLASS_MIN_YEARS,
) -> pd.DataFrame:
    """Return the valid rows of `drought_indicators` for the départements in `weather`.

    `soil` is their `soil_water_daily`, `crops` the table of `sources.agronomy`. What the indicators
    are is told in `docs/indicators_published.md`. A département without weather has no rows. What
    rests on fewer than `class_min_years` years has no class, and so no drought.
    """
    days = weather.assign(true_day=(weather["resolution"] == "day").astype(float))
    results = []
    for record in daily_records(days, WEATHER):
        dekads = Dekads.of(record.dates)
        water = crop_water.crop_water(record, soil, crops)
        measures = [
            *(_classed(each, class_min_years) for each in _drought(record, dekads, water)),
            *season.measures(record, dekads, crops),
            *crop_water.measures(water, dekads, crops),
        ]
        results.append((record.codes, dekads, measures))
    rows = rows_of(results) if results else empty("drought_indicators")
    return validate("drought_indicators", rows)


COURSE = ("drought_age_dekads", "drought_severity", "drought_peak")
"""What is told of a drought that is known by its class."""


def _classed(measure: Measure, least: int) -> Measure:
    """Return the measure without what rests on classes where it has fewer years than `least`."""
    if measure.years is None:
        return measure
    few = np.broadcast_to(measure.years < least, measure.value.shape)
    if measure.indicator in COURSE:
        return replace(measure, value=np.where(few, np.nan, measure.value))
    if measure.drought_class is None:
        return measure
    classes = measure.drought_class.copy()
    classes[few] = None
    # The value of a stage is its code: there is none without a stage.
    value = np.where(few, np.nan, measure.value) if measure.indicator == "cdi" else measure.value
    return replace(measure, value=value, drought_class=classes)


def _drought(record: Record, dekads: Dekads, water: CropWater) -> Iterator[Measure]:
    """Yield the indicators of rain, balance and soil, and what they say together."""
    options = dekads.calendar
    rain_mm = dekads.sums(record["precip_mm"])
    balance_mm = dekads.sums(record["precip_mm"] - record["et0_mm"])

    month_mm = rolling_sum(rain_mm, MONTH)
    normal_mm = climatological_mean(month_mm, **options)[..., dekads.steps]
    with np.errstate(divide="ignore", invalid="ignore"):
        anomaly_pct = np.where(normal_mm > 0, 100 * (month_mm - normal_mm) / normal_mm, np.nan)
    yield ranked("precip_mm", month_mm, dekads)
    yield ranked("precip_anomaly_pct", anomaly_pct, dekads, rank=month_mm)

    rain_index, balance_index = {}, {}
    for scale in SCALES:
        rain_index[scale] = spi(rain_mm, scale * MONTH, **options)
        totals = rolling_sum(rain_mm, scale * MONTH)
        yield standardised(f"spi_{scale}", rain_index[scale], totals, dekads)
        balance_index[scale] = spei(balance_mm, scale * MONTH, **options)
        totals = rolling_sum(balance_mm, scale * MONTH)
        yield standardised(f"spei_{scale}", balance_index[scale], totals, dekads)

    wetness = _month_mean(water.swi, dekads)
    wetness_rank = ranked("swi", wetness, dekads)
    yield replace(wetness_rank, drought_class=usdm_class_from_percentile(wetness_rank.percentile))
    soil_index = sswi(wetness, **options)
    yield standardised("sswi", soil_index, wetness, dekads)

    dekad_wetness = dekads.sums(water.swi) / dekads.sums(np.ones(water.swi.shape[-1:]))
    for steps in FLASH_DEKADS:
        change = standardised_change(dekad_wetness, steps, **options)
        yield ranked(f"swi_change_{steps}", change, dekads)

    # A soil that is equally full every winter has no index: it is as wet as it always is then.
    soil_state = np.where(np.isnan(soil_index) & ~np.isnan(wetness), 0.0, soil_index)
    index = _together(rain_index[3], balance_index[6], soil_state, reference=dekads.reference)
    percentile = 100.0 * ndtr(index)
    years = valid_years(index, **dekads.calendar)[..., dekads.steps]
    yield Measure("combined", 100.0 - percentile, percentile, usdm_class(index), years)
    # It starts where its class is one of drought, so that nothing is in drought by its class and in
    # none by its course; and lasts until the index is above the mean, as McKee has it.
    course = drought_course(index, start=INDEX_DROUGHT_LIMIT)
    yield Measure("drought_age_dekads", course.age, years=years)
    yield Measure("drought_severity", course.severity / MONTH, years=years)
    yield Measure("drought_peak", course.peak, years=years)

    supplied = crop_water.supplied_share(water, dekads)
    # A shortage that no crop notices is none, however rare: without this, a spring in which soils
    # are drier than ever would be an alert for lack of a thousandth of the water.
    noticed = np.where(supplied > 1.0 - NEGLIGIBLE_SHORTAGE, 1.0, supplied)
    crop_index = empirical_index(noticed, 1, **options)
    stages = combined_class_series(rain_index[1], rain_index[3], soil_state, crop_index)
    codes = positions(stages, COMBINED_CLASSES)
    yield Measure("cdi", np.where(codes < 0, np.nan, codes), None, stages, years)


def _month_mean(daily: Array, dekads: Dekads) -> Array:
    """Return the mean of the days of the last three dekads."""
    days = dekads.sums(np.ones(daily.shape[-1:]))
    return rolling_sum(dekads.sums(daily), MONTH) / rolling_sum(days, MONTH)


def _together(*indices: Array, reference: slice | None) -> Array:
    """Return the mean of standardised indices, scaled to a variance of 1 over the reference.

    Without that a mean of indices that do not always agree would hardly ever reach the far classes.
    """
    mean = np.mean(indices, axis=0, dtype=float)
    square = (mean**2)[..., reference or slice(None)]
    known = ~np.isnan(square)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.where(known, square, 0.0).sum(axis=-1) / known.sum(axis=-1))
        return np.asarray(mean / np.where(spread > 0, spread, np.nan)[..., np.newaxis])
