"""Changes of class: by how many classes a place is drier or wetter than some time before.

The Drought Monitor of the United States publishes such maps beside each of its maps. Only
indicators whose classes are those of drought have them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import ClassStyle
from geo_pipeline.words import NBSP, Words
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.kept import kept
from panel_app.data.period_steps import NEAR_DAYS
from panel_app.data.state import Since
from panel_app.data.store import Publication

MOST: Final = 3
"""Classes beyond which changes are not told apart."""

BACK: Final[dict[Since, pd.DateOffset]] = {
    "dekad": pd.DateOffset(days=10),
    "month": pd.DateOffset(months=1),
    "quarter": pd.DateOffset(months=3),
    "year": pd.DateOffset(years=1),
}

_NOTHING: Final = Words("", "")


def _changed(steps: int, drier: bool, colour: str) -> ClassStyle:
    by = Words("d'une classe", "by one class")
    if steps > 1:
        more = Words(" ou plus", " or more") if steps == MOST else _NOTHING
        by = Words(f"de {steps}{NBSP}classes{more.fr}", f"by {steps} classes{more.en}")
    name = Words(
        f"plus {'sec' if drier else 'humide'} {by.fr}", f"{'drier' if drier else 'wetter'} {by.en}"
    )
    return ClassStyle(f"{'drier' if drier else 'wetter'}{steps}", name, _NOTHING, colour)


CHANGES: Final = (
    _changed(3, drier=True, colour="#8c510a"),
    _changed(2, drier=True, colour="#bf812d"),
    _changed(1, drier=True, colour="#dfc27d"),
    ClassStyle("same", Words("même classe", "same class"), _NOTHING, "#f5f5f5"),
    _changed(1, drier=False, colour="#80cdc1"),
    _changed(2, drier=False, colour="#35978f"),
    _changed(3, drier=False, colour="#01665e"),
)
"""From the driest to the wettest change; brown and green, so as not to be read as classes."""


@dataclass(frozen=True, eq=False)
class ChangeMatrix(Matrix):
    """An indicator whose `style` is the change of its class since an earlier period."""

    @property
    def styles(self) -> tuple[ClassStyle, ...]:
        """The changes, the driest first."""
        return CHANGES


def has_changes(indicator: str) -> bool:
    """Whether the indicator has classes of drought, so that a change of class has a meaning."""
    which = indicator_of(indicator)
    return which.kind == "class" and not which.ahead


def earlier_rows(matrix: Matrix, since: Since) -> NDArray[np.intp]:
    """Row of the period before each one, -1 where none is on record near that date."""
    wanted = [(pd.Timestamp(period) - BACK[since]).date() for period in matrix.periods]
    rows = matrix.nearest_rows(wanted)
    away = [abs((matrix.periods[row] - day).days) for row, day in zip(rows, wanted, strict=True)]
    earlier = (np.array(away) <= NEAR_DAYS) & (rows < np.arange(len(rows)))
    return np.where(earlier, rows, -1)


@kept(16)
def changes(publication: Publication, indicator: str, since: Since) -> ChangeMatrix:
    """Return the changes of class of an indicator since `since` before each of its periods."""
    matrix = publication.matrix(indicator)
    before = earlier_rows(matrix, since)
    now, then = matrix.style.astype(int), matrix.style[before].astype(int)
    known = (now != NO_STYLE) & (then != NO_STYLE) & (before >= 0)[:, np.newaxis]
    # Classes are in order from the driest, so a smaller index than before is drier.
    style = np.where(known, np.clip(now - then, -MOST, MOST) + MOST, NO_STYLE).astype(np.int8)
    fields = {name: getattr(matrix, name) for name in Matrix.__dataclass_fields__}
    return ChangeMatrix(**(fields | {"style": style}))
