"""Crops that stand where it is dry: what is exposed at a period, by département."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.page_view import PageView


@dataclass(frozen=True, eq=False)
class Exposure:
    """Crops that stand at the period where it is dry by what is shown, ha, a number a column."""

    area: FloatMatrix
    """Known area of those that stand, 0 where none does; NaN unknown."""
    in_drought: FloatMatrix
    """The area where it is in drought, else 0; NaN unknown."""
    crops: tuple[tuple[str, ...], ...]
    """Those that stand, of each département."""
    year: int
    """Of the areas, the latest; 0 where none is known."""

    @property
    def of_france(self) -> tuple[str, ...]:
        """Those that stand anywhere."""
        return tuple(sorted({crop for each in self.crops for crop in each}))


def exposure(view: PageView, day: date | None = None) -> Exposure:
    """Return what stands where it is in drought on `day`, the end of a dekad: that shown."""
    day = day or view.period_end
    risk = view.publication.risk(day).reindex(list(view.matrix.codes))
    area, dry = risk["crop_area_ha"].to_numpy(dtype=float), view.in_drought(day)
    years = risk["crop_area_year"].to_numpy(dtype=float, na_value=0)
    return Exposure(
        area=np.where(np.isnan(dry), np.nan, area),
        in_drought=area * dry,
        crops=tuple(
            () if pd.isna(each) else tuple(each.split(", ")) for each in risk["crop_area_crops"]
        ),
        year=int(years.max(initial=0)),
    )
