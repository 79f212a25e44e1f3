"""Physical ranges of arguments: an impossible value is an error that names its place."""

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import FloatArray, as_float, reject


def within(values: ArrayLike, name: str, low: float, high: float, why: str) -> FloatArray:
    """Float64 array of `values`; ValueError for one that is infinite or outside low..high."""
    array = as_float(values)
    possible = (array >= low) & (array <= high) & np.isfinite(array)
    reject(~(possible | np.isnan(array)), array, name, why)
    return array


def temperature(values: ArrayLike, name: str) -> FloatArray:
    """Air temperature, °C. The range is wide, but still detects kelvin."""
    return within(values, name, -100.0, 70.0, "air temperature is in -100 to 70 °C")


def not_negative(values: ArrayLike, name: str, what: str) -> FloatArray:
    """An amount that may be 0 but not negative."""
    return within(values, name, 0.0, np.inf, f"{what} is finite and not negative")


def percent(values: ArrayLike, name: str, what: str = "relative humidity") -> FloatArray:
    """A share, in %."""
    return within(values, name, 0.0, 100.0, f"{what} is in 0 to 100 %")


def temperature_range(tmin_c: ArrayLike, tmax_c: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Daily minimum and maximum; ValueError where the minimum is above the maximum."""
    tmin, tmax = temperature(tmin_c, "tmin_c"), temperature(tmax_c, "tmax_c")
    lowest, highest = np.broadcast_arrays(tmin, tmax)
    reject(lowest > highest, lowest, "tmin_c", "the minimum is not above the maximum, tmax_c")
    return tmin, tmax
