"""Columns, units and ranges of the tables by cell of a grid, as pandera models.

Add the model of a table that is made from cells inside départements here. Other tables have theirs
in `schemas`, `outlook_schemas` and `stake_schemas`; the rest of a table's record is in `tables`.
"""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from geo_pipeline.schemas import Exact
from geo_pipeline.territory import CODES


class _Cell(Exact):
    """Base of the tables of cells."""

    departement: Series[pd.CategoricalDtype] = pa.Field(
        isin=CODES, description="INSEE code, always a string"
    )
    x_hm: Series[pa.Int32] = pa.Field(
        description="Centre of the cell, hectometres of Lambert II étendu, eastwards (LAMBX)"
    )
    y_hm: Series[pa.Int32] = pa.Field(description="The same, northwards (LAMBY)")
    x_km: Series[float] = pa.Field(description="Centre, km of Lambert-93 as in departement_shapes")
    y_km: Series[float] = pa.Field(description="The same, northwards")
    area_km2: Series[float] = pa.Field(
        gt=0, le=64.1, description="Area of the cell inside the département, km²"
    )


class CellDekads(_Cell):
    """Dekads of the cells of 8 km of SIM2 in each département (mart, partitioned, optional).

    They are summed up while a grid file is read; indicators by cell are computed from them. A cell
    on a border is in each of its départements. A dekad is missing where one of its days is.
    """

    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the dekad")
    rain_mm: Series[pa.Float32] = pa.Field(ge=0, nullable=True, description="Rain and snow, mm")
    etp_mm: Series[pa.Float32] = pa.Field(
        nullable=True, description="Potential evapotranspiration of Météo-France, mm"
    )
    swi: Series[pa.Float32] = pa.Field(
        nullable=True, description="Mean Soil Wetness Index of Météo-France"
    )

    class Config:
        """One row a département, dekad and cell: a fresh dekad comes after all others."""

        unique = ["departement", "period_end", "x_hm", "y_hm"]


class GridCells(_Cell):
    """Cells of 8 km of SIM2 in each département, as `cell_classes` has them (published only)."""

    class Config:
        """One row a département and cell."""

        unique = ["departement", "x_hm", "y_hm"]


def _share(of: str) -> Any:
    """Return the field of a share of the département's area."""
    return pa.Field(ge=0, le=100.001, description=f"Share of the département's area: {of}, %")


class AreaInClass(Exact):
    """Share of each département's area in each class, from cells (mart, partitioned, optional).

    Each cell of SIM2 is classed like a département, against its own years, and counts with its area
    inside the département. The shares of a row, the unknown one included, sum to 100. Only dekads
    in which a cell has a class have rows.
    """

    departement: Series[pd.CategoricalDtype] = pa.Field(
        isin=CODES, description="INSEE code, always a string"
    )
    indicator: Series[pd.CategoricalDtype] = pa.Field(
        description="`combined`, `spi_3`, `spei_3` or `sswi`"
    )
    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the dekad")
    d4_pct: Series[float] = _share("exceptional drought, D4")
    d3_pct: Series[float] = _share("extreme drought, D3 alone")
    d2_pct: Series[float] = _share("severe drought, D2 alone")
    d1_pct: Series[float] = _share("moderate drought, D1 alone")
    d0_pct: Series[float] = _share("abnormally dry, D0 alone")
    normal_pct: Series[float] = _share("normal")
    w0_pct: Series[float] = _share("moist, W0 alone")
    w1_pct: Series[float] = _share("very wet, W1 alone")
    w2_pct: Series[float] = _share("extremely wet, W2")
    unknown_pct: Series[float] = _share(
        "cells without a class: they are not in the grid, a day is missing, or years are too few"
    )
    cell_classes: Series[str] = pa.Field(
        description="Class of each cell of the département in the order of x_hm and y_hm: 0 is D4, "
        "1 D3, ... 5 normal, ... 8 W2, ~ unknown"
    )

    class Config:
        """One row a département, indicator and dekad."""

        unique = ["departement", "indicator", "period_end"]
