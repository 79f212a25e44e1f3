"""The combined index of rain, balance and soil, and the course of the drought under way."""

import numpy as np
from scipy.special import ndtr

from geo_pipeline.dekads import lengths
from geo_pipeline.indicators import combined_class_series, empirical_index, usdm_class
from geo_pipeline.indicators.aggregation import rolling_sum, valid_years
from geo_pipeline.indicators.classes import (
    DROUGHT_CLASSES,
    INDEX_DROUGHT_LIMIT,
    INDEX_DRY_LIMITS,
)
from geo_pipeline.indicators.combined import COMBINED_CLASSES
from geo_pipeline.indicators.distributions import MIN_YEARS
from geo_pipeline.indicators.events import DroughtCourse, drought_course
from geo_pipeline.transforms.basis import Basis, Indices
from geo_pipeline.transforms.crop_water import supplied_share
from geo_pipeline.transforms.daily_arrays import DEKADS, MONTH, Array, Positions
from geo_pipeline.transforms.indicator_rows import Measure, certain, positions

NEGLIGIBLE_SHORTAGE = 0.05
"""Largest unmet share of demand that does not count as stress: the first step of the legend."""


def combined(basis: Basis) -> Measure:
    """Score of rain, balance and soil, 0 the wettest and 100 the driest, with its class.

    It is as certain as its least certain part would be alone.
    """
    index, years = basis.once(combined_index), basis.once(_years)
    percentile, certainty = 100.0 * ndtr(index), certain(index, years, "kernel")
    return Measure(100.0 - percentile, percentile, usdm_class(index), years, certainty=certainty)


def age(basis: Basis) -> Measure:
    """Dekads since the drought under way began."""
    return _of_course(basis, basis.once(_course).age)


def severity(basis: Basis) -> Measure:
    """Deficit of the drought so far: index x months."""
    return _of_course(basis, basis.once(_course).severity / MONTH)


def peak(basis: Basis) -> Measure:
    """Lowest index of the drought so far."""
    return _of_course(basis, basis.once(_course).peak)


def days_in_class(basis: Basis, at_least: str) -> Measure:
    """Days of the last 36 dekads, a year, whose class was `at_least` such as "D3".

    A dekad is 8 to 11 days. NaN where the class of one of them is not known.
    """
    index = basis.once(combined_index)
    limit = INDEX_DRY_LIMITS[DROUGHT_CLASSES.index(at_least)]
    days = np.where(index <= limit, lengths(basis.dekads.ends), 0.0)
    return _of_course(basis, rolling_sum(np.where(np.isnan(index), np.nan, days), DEKADS))


def stage(basis: Basis) -> Measure:
    """Stage of the drought from rain to soil to crops; its value is the position of its class."""
    supplied = supplied_share(basis.water, basis.dekads)
    # A negligible shortage does not count, however rare: otherwise a spring with record dry soils
    # would be an alert for lack of a thousandth of the water.
    noticed = np.where(supplied > 1.0 - NEGLIGIBLE_SHORTAGE, 1.0, supplied)
    crop_index = empirical_index(noticed, 1, **basis.dekads.calendar)
    stages = combined_class_series(basis.spi(1), basis.spi(3), basis.once(_soil_state), crop_index)
    codes = positions(stages, COMBINED_CLASSES)
    value = np.where(codes < 0, np.nan, codes)
    return Measure(value, None, stages, basis.once(_years), rests_on_class=True)


def _of_course(basis: Basis, value: Array) -> Measure:
    """Return what is told of classes by dekad, without values where there is no class."""
    return Measure(value, years=basis.once(_years), rests_on_class=True)


def _course(basis: Basis) -> DroughtCourse:
    """Return the drought under way at each dekad.

    It starts with a class of drought, so that class and course never disagree, and lasts until the
    index is above the mean, as in McKee et al. (1993).
    """
    return drought_course(basis.once(combined_index), start=INDEX_DROUGHT_LIMIT)


def _years(basis: Basis) -> Positions:
    """Return the years of reference of the combined index."""
    years = valid_years(basis.once(combined_index), **basis.dekads.calendar)
    return years[..., basis.dekads.steps]


def combined_index(basis: Indices) -> Array:
    """Return the mean of the three indices, scaled to a variance of 1 over the reference.

    Without the scaling, a mean of indices that do not always agree would hardly reach the extreme
    classes.
    """
    mean = np.mean([basis.spi(3), basis.spei(6), basis.once(_soil_state)], axis=0, dtype=float)
    square = (mean**2)[..., basis.dekads.reference or slice(None)]
    known = ~np.isnan(square)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.where(known, square, 0.0).sum(axis=-1) / known.sum(axis=-1))
        return np.asarray(mean / np.where(spread > 0, spread, np.nan)[..., np.newaxis])


def _soil_state(basis: Indices) -> Array:
    """Return the soil's index.

    A soil that is equally full every winter has no index; it is then as wet as always, so 0. With
    too few years to know that, the soil is unknown.
    """
    years = valid_years(basis.month_wetness, **basis.dekads.calendar)[..., basis.dekads.steps]
    as_always = np.isnan(basis.sswi) & ~np.isnan(basis.month_wetness) & (years >= MIN_YEARS)
    return np.where(as_always, 0.0, basis.sswi)
