"""Arguments of indicators: float64 arrays, seasons, the reference period."""

from operator import index

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Reference = slice | tuple[int, int] | None
"""The time steps used as the reference climate: None for all, or `(start, stop)` or a slice.

Positions on the last axis are Python's: from 0, `stop` excluded, negative ones from the end, and
positions beyond the series are cut off.
"""


def as_float(values: ArrayLike) -> FloatArray:
    """Float64 array; the masked elements of a masked array (DuckDB's NULL in numpy) become NaN."""
    if isinstance(values, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
    return np.asarray(values, dtype=np.float64)


def as_series(values: ArrayLike) -> FloatArray:
    """`as_float`, for values that must have a time axis."""
    series = as_float(values)
    if series.ndim == 0:
        raise ValueError("a series needs a time axis, got a single number")
    return series


def as_finite_series(values: ArrayLike, name: str) -> FloatArray:
    """`as_series`; ValueError names the first value that is infinite."""
    series = as_series(values)
    reject(np.isinf(series), series, name, "a value is finite, or NaN where it is missing")
    return series


def reject(offending: BoolArray, values: FloatArray, name: str, why: str) -> None:
    """Raise ValueError naming the first (in C order) of the offending elements, if there is one."""
    if offending.any():
        where = np.unravel_index(int(offending.argmax()), offending.shape)
        place = f"[{', '.join(str(int(i)) for i in where)}]" if where else ""
        raise ValueError(f"{name}{place} is {values[where]}: {why}")


def as_amount(values: ArrayLike, name: str) -> FloatArray:
    """Float64 of any shape; ValueError where negative or infinite."""
    amount = as_float(values)
    reject(np.isinf(amount), amount, name, "infinite")
    reject(amount < 0.0, amount, name, "negative")
    return amount


def as_amount_series(values: ArrayLike, name: str) -> FloatArray:
    """`as_amount` with a time axis."""
    return as_amount(np.atleast_1d(as_float(values)), name)


def positive_int(value: int, name: str) -> int:
    """`value` as an int; TypeError when it is not a whole number, ValueError when below 1."""
    if (number := index(value)) < 1:
        raise ValueError(f"{name} must be at least 1, got {number}")
    return number


def steps_before(first_step: int, period: int) -> int:
    """Steps of the year before the first value; ValueError unless it is in 1..period."""
    if not 1 <= index(first_step) <= positive_int(period, "period"):
        step = "month" if period == 12 else "step"
        raise ValueError(f"the first {step} of a series must be in 1-{period}, got {first_step}")
    return index(first_step) - 1


def season_of(length: int, period: int, first_step: int) -> IntArray:
    """Step of the year, from 0, of `length` time steps, the first at `first_step` (from 1)."""
    return (np.arange(length, dtype=np.int64) + steps_before(first_step, period)) % period


def fold(series: FloatArray, period: int, first_step: int) -> FloatArray:
    """Series (..., time) as a new array (..., period, years), NaN for steps outside it.

    It is in C order, so that sums over years run in the same order for any number of places.
    """
    *places, length = series.shape
    before = steps_before(first_step, period)
    years = -(-(before + length) // period)
    calendar = np.full((*places, years * period), np.nan)
    calendar[..., before : before + length] = series
    return np.ascontiguousarray(calendar.reshape(*places, years, period).swapaxes(-1, -2))


def unfold(folded: FloatArray, length: int, first_step: int) -> FloatArray:
    """The inverse of `fold`: (..., period, years) as a series (..., length)."""
    *places, period, years = folded.shape
    before = steps_before(first_step, period)
    calendar = folded.swapaxes(-1, -2).reshape(*places, years * period)
    return np.ascontiguousarray(calendar[..., before : before + length])


def fold_reference(
    series: FloatArray, period: int, first_step: int, reference: Reference
) -> FloatArray:
    """`fold` of the reference alone; ValueError when it has a step or selects nothing."""
    before = steps_before(first_step, period)
    if reference is None:
        return fold(series, period, first_step)
    start, stop = reference_ends(reference, series.shape[-1])
    return fold(series[..., start:stop], period, (before + start) % period + 1)


def reference_ends(reference: Reference, length: int) -> tuple[int, int]:
    """First time step of a reference and the one after its last, in a series of `length` steps.

    ValueError when it has a step or selects nothing.
    """
    if reference is None:
        return 0, length
    chosen = reference if isinstance(reference, slice) else slice(*reference)
    start, stop, step = chosen.indices(length)
    if step != 1:
        raise ValueError(f"a reference is consecutive time steps, got {reference}")
    if start >= stop:
        raise ValueError(f"{reference} selects none of the series' {length} time steps")
    return start, stop
