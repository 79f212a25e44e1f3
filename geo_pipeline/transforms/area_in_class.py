"""Share of each département's area in each class, from the cells of a grid inside it.

A cell is classed by the functions that class départements (`basis`, `drought_course`), against its
own years. It counts with its area inside the département.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline import dekads
from geo_pipeline.indicators import usdm_position
from geo_pipeline.indicators.aggregation import rolling_sum, valid_years
from geo_pipeline.indicators.classes import DROUGHT_CLASSES
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.transforms.basis import Indices
from geo_pipeline.transforms.daily_arrays import MONTH, Array, Dekads, Positions
from geo_pipeline.transforms.drought_course import combined_index

TABLE: Final = "area_in_class"

LETTERS: Final = np.array([*(str(place) for place in range(len(DROUGHT_CLASSES))), "~"])
"""Character of each class in `cell_classes`; the last, that of position -1, is unknown."""

SHARES: Final = (*(f"{name.lower()}_pct" for name in DROUGHT_CLASSES), "unknown_pct")
"""Columns of the shares, in the order of `LETTERS`."""


READ: Final = ("departement", "x_hm", "y_hm", "area_km2", "period_end", "rain_mm", "etp_mm", "swi")
"""Columns of `cell_dekads` that the classes are made from."""


class Index(NamedTuple):
    """An index of each cell, and the series that its years are counted of."""

    value: Array
    counted: Array


INDICES: Final[Mapping[str, Callable[[Indices], Index]]] = {
    "combined": lambda cells: Index(*[cells.once(combined_index)] * 2),
    "spei_3": lambda cells: Index(cells.spei(3), rolling_sum(cells.balance_mm, 3 * MONTH)),
    "spi_3": lambda cells: Index(cells.spi(3), rolling_sum(cells.rain_mm, 3 * MONTH)),
    "sswi": lambda cells: Index(cells.sswi, cells.month_wetness),
}
"""The indicators with cells, by their key in `catalogue.indicators`."""


def area_in_class(cells: pd.DataFrame, *, class_min_years: int) -> pd.DataFrame:
    """Return the valid rows of `area_in_class` for the départements in `cells`.

    `cells` has the columns `READ` of `cell_dekads`.
    A cell has no class with fewer than `class_min_years` years of reference, or where a dekad of
    its window is missing; its area is then unknown. Dekads without any class have no row.
    """
    frames = [
        _rows(str(code), rows, class_min_years)
        for code, rows in cells.groupby("departement", observed=True)
    ]
    return validate(TABLE, pd.concat(frames, ignore_index=True) if frames else empty(TABLE))


def _rows(code: str, rows: pd.DataFrame, class_min_years: int) -> pd.DataFrame:
    """Return the rows of one département."""
    area_km2, indices = _indices(rows)
    frames = []
    for name, index_of in INDICES.items():
        found = _classes(indices, index_of(indices), class_min_years)
        told = np.flatnonzero((found >= 0).any(axis=0))
        classes = found[:, told]
        shares = dict(zip(SHARES, _shares(area_km2, classes), strict=True))
        letters = np.ascontiguousarray(LETTERS[classes].T)
        frames.append(
            pd.DataFrame(
                {
                    "indicator": name,
                    "period_end": indices.dekads.ends[told],
                    **shares,
                    "cell_classes": letters.view(f"<U{len(area_km2)}").ravel(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True).assign(departement=code)


def _shares(area_km2: Array, classes: Positions) -> Array:
    """Return the share of the area in each class at each dekad, %, the unknown one last.

    `classes` are cells x dekads, -1 where unknown.
    """
    count, dekads_told = len(SHARES), classes.shape[1]
    place = np.where(classes < 0, count - 1, classes) * dekads_told + np.arange(dekads_told)
    weights = np.broadcast_to(area_km2[:, np.newaxis], classes.shape)
    summed = np.bincount(place.ravel(), weights.ravel(), minlength=count * dekads_told)
    return np.asarray(summed.reshape(count, dekads_told) / area_km2.sum() * 100.0)


def _indices(rows: pd.DataFrame) -> tuple[Array, Indices]:
    """Return the area of each cell of a département, and its series through all dekads."""
    x, y = (rows[name].to_numpy(np.int64) for name in ("x_hm", "y_hm"))
    # Hectometres have five digits at most.
    _, firsts, place = np.unique(x * 100_000 + y, return_index=True, return_inverse=True)
    of, known = pd.factorize(rows["period_end"])
    ends = pd.DatetimeIndex(known)
    axis = Dekads.of(pd.date_range(dekads.first_days(ends).min(), ends.max()))
    step = (dekads.numbers(ends) - dekads.numbers(axis.ends[:1])[0])[of]

    def series(name: str) -> Array:
        made = np.full((len(firsts), len(axis.ends)), np.nan)
        made[place, step] = rows[name].to_numpy(np.float64)
        return made

    rain_mm = series("rain_mm")
    days = dekads.lengths(axis.ends)
    return rows["area_km2"].to_numpy()[firsts], Indices(
        axis, rain_mm, rain_mm - series("etp_mm"), series("swi") * days
    )


def _classes(indices: Indices, index: Index, class_min_years: int) -> Positions:
    """Return the position of each cell's class at each dekad, -1 where it has none."""
    calendar = indices.dekads.calendar
    years = valid_years(index.counted, **calendar)[..., indices.dekads.steps]
    return usdm_position(np.where(years < class_min_years, np.nan, index.value))
