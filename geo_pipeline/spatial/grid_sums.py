"""Sums over the cells of a grid, by département and day, from which daily means are computed.

They grow with each batch of days: neither the file nor its cells are ever in memory as a whole.
Impossible values of a cell are left out and reported; a cell with two rows for a day, or off the
grid, is an error.
"""

import logging
from collections import Counter
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo_pipeline.errors import SourceError
from geo_pipeline.spatial.cell_sums import SUMMED, CellSums
from geo_pipeline.spatial.grid_files import KEYS, Cell
from geo_pipeline.weather_variables import RADIATION_J_CM2, WEATHER_RANGES
from geo_pipeline.words import Message, message

_log = logging.getLogger(__name__)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

RANGES = {
    **{name: WEATHER_RANGES[name] for name in ("tmin_c", "tmax_c", "tmean_c", "precip_mm")},
    "radiation_j_cm2": RADIATION_J_CM2,
    "wind_10m_m_s": WEATHER_RANGES["wind_m_s"],
    # The model's values for a single cell may go beyond those of a place.
    "rh_pct": (0.0, 110.0),
    "etp_mm": (-5.0, 30.0),
    "swi": (-5.0, 10.0),
}
"""Averaged variables, with their possible range in a cell."""

COLUMNS = {
    "tmin_c": ("TINF_H",),
    "tmax_c": ("TSUP_H",),
    "tmean_c": ("T",),
    "precip_mm": ("PRENEI", "PRELIQ"),
    "radiation_j_cm2": ("SSI",),
    "wind_10m_m_s": ("FF",),
    "rh_pct": ("HU",),
    "etp_mm": ("ETP",),
    "swi": ("SWI",),
}
"""Columns of a file whose sum is the variable: precipitation is snow plus rain."""

MOST_OFF = 0.001
"""Share of a file's values that may be out of range; with more the unit must be another."""

_BEYOND_Y = 1_000_000_000
"""Above every coordinate, so that one number stands for both of a cell."""

SPACING_HM = 80
"""Distance between neighbouring cells, hectometres."""

DAYS = np.arange("1950-01-01", "2101-01-01", dtype="datetime64[D]")
"""Days that a file may have."""


class Sums:
    """Sums over the cells of each département and day, growing with each batch."""

    def __init__(self, weights: pd.DataFrame, anchor: Cell) -> None:
        self._anchor = anchor
        self._codes, owner = np.unique(
            weights["departement"].to_numpy(dtype=np.str_), return_inverse=True
        )
        self._areas_m2 = np.zeros(len(self._codes))
        self._areas_m2[owner] = weights["departement_m2"]
        column, row = (
            (weights[name].to_numpy(dtype=np.int64) - at) // SPACING_HM
            for name, at in zip(("x_hm", "y_hm"), anchor, strict=True)
        )
        self._west, self._south = int(column.min(initial=0)), int(row.min(initial=0))
        shape = (
            int(column.max(initial=0)) - self._west + 1,
            int(row.max(initial=0)) - self._south + 1,
        )
        places = np.ravel_multi_index((column - self._west, row - self._south), shape)
        found, cell = np.unique(places, return_inverse=True)
        self._cells = np.full(shape, -1, dtype=np.int64)
        self._cells.ravel()[found] = np.arange(len(found))
        # First the first département of each cell, then the second of cells that have one, and so
        # on.
        turn = weights.groupby(places).cumcount().to_numpy()
        self._shares = []
        for rank in range(int(turn.max(initial=-1)) + 1):
            owners, areas_m2 = np.full(len(found), -1), np.zeros(len(found))
            owners[cell[turn == rank]] = owner[turn == rank]
            areas_m2[cell[turn == rank]] = weights["area_m2"].to_numpy()[turn == rank]
            self._shares.append((owners, areas_m2))
        departements = len(self._codes)
        self._first = 0
        self._sums = np.zeros((len(RANGES), departements, 0))
        self._gaps = np.zeros((len(RANGES), departements, 0))
        self._area = np.zeros((departements, 0))
        self._count = np.zeros((departements, 0))
        self._seen = np.zeros((len(found), 0), dtype=np.bool_)
        self._pairs, self._cell_of_pair = weights, cell
        self._by_cell = CellSums(len(found), DAYS)
        self._rows = 0
        self._off: Counter[str] = Counter()
        self._first_off: dict[str, Message] = {}
        self._outside: set[int] = set()

    def add(self, rows: pa.RecordBatch) -> None:
        """Add a batch of cells and days, as `grid_files.rows` returns them.

        Raises:
            SourceError: one of them is impossible.
        """
        for name in KEYS:
            if rows[name].null_count:
                raise SourceError(message("fault.row_without", column=name))
        day = _days(rows)
        cell = self._cell(rows)
        values = [self._values(rows, name) for name in RANGES]
        inside = np.flatnonzero(cell >= 0)
        by_name = {
            name: (value[inside], None if gaps is None else gaps[inside])
            for name, (value, gaps) in zip(RANGES, values, strict=True)
            if name in SUMMED.values()
        }
        self._by_cell.add(cell[inside], day[inside], by_name)
        self._reach(int(day.min()), int(day.max()))
        day -= self._first
        self._note(rows, inside, cell[inside], day[inside])
        for owners, areas_m2 in self._shares:
            owner = owners[cell[inside]]
            chosen = inside[owner >= 0]
            if chosen.size:
                at = owner[owner >= 0] * self._area.shape[1] + day[chosen]
                self._share(at, areas_m2[cell[chosen]], chosen, values)

    def means(self) -> pa.Table:
        """Return a row for each département and day with cells; metadata: `cells_outside`."""
        owner, day = np.nonzero(self._count)
        with np.errstate(invalid="ignore"):
            # Areas are whole m², so that the rest of an area without values is exactly 0.
            means = self._sums / (self._area - self._gaps)
        columns = {
            "departement": pa.array(self._codes[owner], pa.string()),
            "date": pa.array((DAYS[0] + self._first + day).astype("datetime64[D]")),
            "cells": pa.array(self._count[owner, day].astype(np.int64)),
        }
        for name, mean in zip(RANGES, means, strict=True):
            columns[name] = pa.array(mean[owner, day])
        share = 100 * self._area[owner, day] / self._areas_m2[owner]
        columns["coverage_pct"] = pa.array(np.minimum(share, 100.0))
        return pa.table(columns).replace_schema_metadata({"cells_outside": str(len(self._outside))})

    def cells(self) -> pa.Table:
        """Return the sums by dekad of the cells of each département: `cell_sums.CellSums.table`.

        Rows are sorted by département, cell and dekad; the area of a cell is that in the
        département, also of cells that the file does not have.
        """
        pairs = self._pairs
        return self._by_cell.table(
            self._cell_of_pair,
            departement=pa.array(pairs["departement"], pa.string()).dictionary_encode(),
            x_hm=pa.array(pairs["x_hm"].to_numpy(np.int32)),
            y_hm=pa.array(pairs["y_hm"].to_numpy(np.int32)),
            x_km=pa.array(pairs["x_km"].to_numpy(np.float64)),
            y_km=pa.array(pairs["y_km"].to_numpy(np.float64)),
            area_km2=pa.array(pairs["area_m2"].to_numpy(np.float64) / 1e6),
        )

    def _cell(self, rows: pa.RecordBatch) -> IntArray:
        """Return the number of each row's cell, -1 for cells in no département."""
        x, y = (rows[name].to_numpy().astype(np.int64) for name in KEYS[:2])
        places, of_row = _distinct(x * _BEYOND_Y + y)
        x_hm, y_hm = np.divmod(places, _BEYOND_Y)
        column, x_off = np.divmod(x_hm - self._anchor.x_hm, SPACING_HM)
        row, y_off = np.divmod(y_hm - self._anchor.y_hm, SPACING_HM)
        off = (x_off != 0) | (y_off != 0)
        if off.any():
            place = _place(rows, int(off[of_row].argmax()))
            raise SourceError(message("grid.off", place=place))
        column -= self._west
        row -= self._south
        width, height = self._cells.shape
        near = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        cell = np.full(len(near), -1)
        cell[near] = self._cells[column[near], row[near]]
        self._outside.update(places[cell < 0].tolist())
        return cell[of_row]

    def _values(self, rows: pa.RecordBatch, name: str) -> tuple[FloatArray, BoolArray | None]:
        """Return the column `name`, and where it has no possible value (None if it always has)."""
        first, *others = (rows[each] for each in COLUMNS[name])
        column = reduce(pc.add, others, first)
        values = column.to_numpy(zero_copy_only=False)
        gaps = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
        lowest, highest = RANGES[name]
        good = (values >= lowest) & (values <= highest)
        if gaps is not None:
            good |= gaps
        if good.all():
            return values, gaps
        at = int(np.argmin(good))
        self._off[name] += int(np.count_nonzero(~good))
        what = {"column": name, "value": values[at], "lowest": lowest, "highest": highest}
        told = message("grid.beyond", place=_place(rows, at), **what)
        self._first_off.setdefault(name, told)
        return np.where(good, values, np.nan), ~good if gaps is None else gaps | ~good

    def require_most(self) -> None:
        """Report the impossible values, which are left out.

        Raises:
            SourceError: there are too many: the unit must be another.
        """
        for name, what in self._first_off.items():
            if self._off[name] > MOST_OFF * self._rows:
                raise SourceError(what)
            _log.warning("sim2: left out %d values, the first: %s", self._off[name], what)

    def _note(self, rows: pa.RecordBatch, inside: IntArray, cell: IntArray, day: IntArray) -> None:
        """Record which cells have which days.

        Raises:
            SourceError: a cell has a day twice.
        """
        at = cell * self._seen.shape[1] + day
        seen = self._seen.ravel()
        again = seen[at]
        seen[at] = True
        self._rows += len(at)
        if np.count_nonzero(seen) < self._rows:
            if not again.any():
                _, first = np.unique(at, return_index=True)
                again = np.ones(len(at), dtype=np.bool_)
                again[first] = False
            place = _place(rows, int(inside[again.argmax()]))
            raise SourceError(message("grid.twice", place=place))

    def _share(
        self,
        at: IntArray,
        area_m2: FloatArray,
        chosen: IntArray,
        values: list[tuple[FloatArray, BoolArray | None]],
    ) -> None:
        """Add the `chosen` rows of `values` at the positions `at` of the sums."""
        low, high = int(at.min()), int(at.max()) + 1
        at = at - low
        part = slice(low, high)

        def total(weights: FloatArray | None, where: IntArray = at) -> FloatArray:
            return np.bincount(where, weights, minlength=high - low).astype(np.float64, copy=False)

        self._count.ravel()[part] += total(None)
        self._area.ravel()[part] += total(area_m2)
        for number, (value, gaps) in enumerate(values):
            weighted = value[chosen] * area_m2
            if gaps is not None:
                gap = gaps[chosen]
                weighted[gap] = 0.0
                self._gaps[number].ravel()[part] += total(area_m2[gap], at[gap])
            self._sums[number].ravel()[part] += total(weighted)

    def _reach(self, first: int, last: int) -> None:
        """Extend the sums to the days from `first` to `last`, positions in `DAYS`."""
        days = self._area.shape[1]
        if days == 0:
            self._first = first
        before, after = max(self._first - first, 0), max(last - self._first - days + 1, 0)
        if before or after:
            for name in ("_sums", "_gaps", "_area", "_count", "_seen"):
                each = getattr(self, name)
                wider = np.pad(each, [*[(0, 0)] * (each.ndim - 1), (before, after)])
                setattr(self, name, wider)
            self._first -= before


def _days(rows: pa.RecordBatch) -> IntArray:
    """Return the position in `DAYS` of each row's day.

    Raises:
        SourceError: a day is not among them.
    """
    given, of_row = _distinct(rows["DATE"].to_numpy())
    year, month, day = given // 10_000, given // 100 % 100, given % 100
    start, end = DAYS[0].astype(object).year, DAYS[-1].astype(object).year
    good = (year >= start) & (year <= end) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    number: IntArray = (months.astype("datetime64[D]") - DAYS[0]).astype(np.int64) + day - 1
    good &= number + DAYS[0] < (months + 1).astype("datetime64[D]")
    if not good.all():
        at = int(np.argmin(good[of_row]))
        text = str(given[of_row[at]])
        raise SourceError(message("grid.no_date", text=text, place=_place(rows, at)))
    return number[of_row]


def _distinct(values: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct values, and the position among them of each one; without sorting."""
    encoded = pa.array(values).dictionary_encode()
    return encoded.dictionary.to_numpy(), encoded.indices.to_numpy().astype(np.int64)


def _place(rows: pa.RecordBatch, at: int) -> Message:
    """Return the name of the cell and day of one row."""
    x_hm, y_hm, day = (rows[name][at] for name in KEYS)
    return message("grid.place", x=str(x_hm), y=str(y_hm), day=str(day))
