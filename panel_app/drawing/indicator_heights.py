"""Heights of an indicator on a chart: dry below zero."""

from typing import Any, Final

import numpy as np

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.indicators.classes import INDEX_DRY_LIMITS
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix, Matrix

THRESHOLDS: Final = {"D1": INDEX_DRY_LIMITS[3], "D3": INDEX_DRY_LIMITS[1]}
"""Where moderate and extreme drought begin on the axis of an index."""


def heights(matrix: Matrix, where: Any) -> FloatMatrix:
    """Heights on a chart of the values `where` (a numpy index), dry below zero.

    A class whose value is not an index (a score, a wetness) is drawn as the index of its rank. A
    stage of a drought or a level of restriction is a bar of fixed height.
    """
    which = indicator_of(matrix.indicator)
    if which.kind in ("stage", "restriction"):
        style = matrix.style[where]
        usual = np.array([style.code in ("normal", "none") for style in matrix.styles])
        return np.where(style != NO_STYLE, np.where(usual[style], 0.0, 1.0), np.nan)
    return matrix.index(where) if which.kind == "class" else np.asarray(matrix.value[where])
