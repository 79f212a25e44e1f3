"""The cells of the grid inside départements, for the zoomed map: where they are, and their classes.

Cells are numbered by column and row; a département's own plane mapping brings these numbers to the
units of the shapes. Over a département it is within some 20 m of the projection.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from panel_app.data.kept import kept
from panel_app.data.store import Publication

CELL_HM: Final = 80
"""Distance between neighbouring cells, hectometres."""


def cells(publication: Publication, asked: Mapping[str, str]) -> str:
    """Return the cells that the page asks for as JSON, '' where what it asks for is not published.

    `asked` has the codes of départements (`cells`), those among them whose places are not known to
    the page yet (`grids`), and indicator and period (`of`, such as `combined|2022-08-20`). Returned
    are `of`, `classes` (a character for each cell, '' for a département without) and `grids`.
    """
    indicator, _, period = asked.get("of", "").partition("|")
    try:
        day = date.fromisoformat(period)
    except ValueError:
        return ""
    if indicator not in publication.cell_indicators:
        return ""
    classes, places = publication.cell_classes(indicator, day), grids(publication)
    codes = [code for code in asked["cells"].split(",") if code in publication.codes]
    return json.dumps(
        {
            "of": asked["of"],
            "classes": {code: classes.get(code, "") for code in codes},
            "grids": {
                code: places[code] for code in asked.get("grids", "").split(",") if code in places
            },
        },
        separators=(",", ":"),
    )


@kept(1)
def grids(publication: Publication) -> dict[str, dict[str, Sequence[float]]]:
    """Return of each département with cells their columns and rows, one after the other (`at`), and
    the mapping of these to the drawing (`to`): a, b, c, d, e, f as of an SVG matrix."""
    table = publication.grid_cells
    return {str(code): _grid(rows) for code, rows in table.groupby("departement")}


def _grid(rows: pd.DataFrame) -> dict[str, Any]:
    west, south = int(rows["x_hm"].min()), int(rows["y_hm"].min())
    column = (rows["x_hm"].to_numpy(int) - west) // CELL_HM
    row = (rows["y_hm"].to_numpy(int) - south) // CELL_HM
    # What the mapping differs by from an upright one, fitted to the centres of the cells.
    known = np.column_stack([column, row, np.ones(len(rows))]).astype(float)
    upright = np.array([[CELL_HM / 10, 0.0], [0.0, -CELL_HM / 10], [0.0, 0.0]])
    centres = np.column_stack([rows["x_km"], -rows["y_km"]]).astype(float)
    fitted, *_ = np.linalg.lstsq(known, centres - known @ upright, rcond=None)
    (a, b), (c, d), (e, f) = np.round(upright + fitted, 5).tolist()
    return {
        "to": [a, b, c, d, round(e, 2), round(f, 2)],
        "at": np.column_stack([column, row]).ravel().tolist(),
    }
