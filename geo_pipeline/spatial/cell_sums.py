"""Sums by dekad of each cell of a grid, from the same rows as the daily means of départements.

They are what the indicators by cell need: rain, evapotranspiration and soil wetness. A value is
known where all days of its dekad have one; a dekad that a file does not have whole is left out.
"""

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from geo_pipeline import dekads

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SUMMED: Final = {"rain_mm": "precip_mm", "etp_mm": "etp_mm", "swi": "swi"}
"""Columns of the cells, each with the variable of `grid_sums` that it is made from."""

DECIMALS: Final = {"rain_mm": 1, "etp_mm": 1, "swi": 3}
"""As the files have them: sums without the noise of floating point take half of the room."""


class CellSums:
    """Sums over the days of each cell and dekad, growing with each batch.

    Parameters
    ----------
    cells : number of cells
    days : all days that a file may have; days are given as positions among them
    """

    def __init__(self, cells: int, days: NDArray[np.datetime64]) -> None:
        self._number = dekads.numbers(pd.DatetimeIndex(days))
        self._first = 0
        self._sums = np.zeros((len(SUMMED), cells, 0))
        self._known = np.zeros((len(SUMMED), cells, 0), dtype=np.uint8)
        self._there = np.zeros((cells, 0), dtype=np.uint8)

    def add(
        self, cell: IntArray, day: IntArray, values: dict[str, tuple[FloatArray, BoolArray | None]]
    ) -> None:
        """Add rows: their cells, days, and the `values` with gaps of each variable, by its name."""
        if not cell.size:
            return
        number = self._number[day]
        self._reach(int(number.min()), int(number.max()))
        at = cell * self._there.shape[1] + number - self._first
        # Files are sorted by cell and day, or by day: neighbours with one sum are added first.
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        at = at[starts]
        rows = np.diff(starts, append=len(cell)).astype(np.uint8)
        np.add.at(self._there.reshape(-1), at, rows)
        for place, variable in enumerate(SUMMED.values()):
            value, gaps = values[variable]
            known = rows
            if gaps is not None:
                value = np.where(gaps, 0.0, value)
                known = np.add.reduceat((~gaps).astype(np.uint8), starts)
            np.add.at(self._sums[place].reshape(-1), at, np.add.reduceat(value, starts))
            np.add.at(self._known[place].reshape(-1), at, known)

    def table(self, cells: IntArray, **columns: pa.Array) -> pa.Table:
        """Return a row for each of `cells` (positions) and each dekad that is whole.

        `columns` have a value for each of `cells`; those of `SUMMED` follow, NaN where a day has no
        value. Soil wetness is the mean of the days.
        """
        numbers = range(self._first, self._first + self._there.shape[1])
        ends = pd.DatetimeIndex([dekads.last_day_of(0, each) for each in numbers])
        lengths = dekads.lengths(ends)
        whole = np.flatnonzero(self._there.max(axis=0, initial=0) == lengths)
        each = np.repeat(np.arange(len(cells)), len(whole))
        made = {name: column.take(pa.array(each)) for name, column in columns.items()}
        days = ends[whole].to_numpy().astype("datetime64[D]")
        made["period_end"] = pa.array(np.tile(days, len(cells)))
        for place, name in enumerate(SUMMED):
            sums = self._sums[place][np.ix_(cells, whole)]
            known = self._known[place][np.ix_(cells, whole)] == lengths[whole]
            sums = sums / lengths[whole] if name == "swi" else sums
            values = np.where(known, np.round(sums, DECIMALS[name]), np.nan)
            made[name] = pa.array(values.astype(np.float32).ravel())
        return pa.table(made)

    def _reach(self, first: int, last: int) -> None:
        """Extend the sums to the dekads from `first` to `last`, running numbers."""
        there = self._there.shape[1]
        if there == 0:
            self._first = first
        before, after = max(self._first - first, 0), max(last - self._first - there + 1, 0)
        if before or after:
            for name in ("_sums", "_known", "_there"):
                each = getattr(self, name)
                wider = np.pad(each, [*[(0, 0)] * (each.ndim - 1), (before, after)])
                setattr(self, name, wider)
            self._first -= before
