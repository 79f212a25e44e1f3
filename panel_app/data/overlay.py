"""A second indicator over the map: where it is grave at the time that the first one shows."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo_pipeline.catalogue.indicator_record import Indicator
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing.selection import LONGEST_STEP
from geo_pipeline.territory import RESTRICTION_LEVELS
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.kept import kept
from panel_app.data.store import Publication

FROM_SEVERE: Final = ("D2", "D3", "D4")
MOST_OF_AREA_PCT: Final = 50.0
"""Share of a département's area from which it is hatched as restricted."""


def can_overlay(which: Indicator) -> bool:
    """Whether an indicator has a limit from which it is grave: classes, levels, restrictions."""
    return which.kind == "class" or which.group == "restrictions"


@kept(32)
def grave_places(publication: Publication, indicator: str, over: str) -> NDArray[np.int8]:
    """Return where `over` is grave at each period of `indicator`: periods x départements.

    1 is grave, 0 is not, -1 is unknown: there, or because no period of `over` is near.
    """
    shown, other = publication.matrix(indicator), publication.matrix(over)
    grave = np.where(other.style == NO_STYLE, -1, _is_grave(other)).astype(np.int8)
    rows = other.nearest_rows(shown.periods)
    away = [
        abs((other.periods[at] - day).days) for at, day in zip(rows, shown.periods, strict=True)
    ]
    found: NDArray[np.int8] = grave[rows]
    found[np.array(away) > LONGEST_STEP["dekad"]] = -1
    return found


def _is_grave(matrix: Matrix) -> NDArray[np.bool_]:
    which = indicator_of(matrix.indicator)
    if which.kind == "class":
        return np.isin(matrix.drought_class.astype(str), FROM_SEVERE)
    if which.kind == "restriction":  # the mildest level limits nothing
        return np.isin(matrix.drought_class.astype(str), RESTRICTION_LEVELS[1:])
    return matrix.value > MOST_OF_AREA_PCT
