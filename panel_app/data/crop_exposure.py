"""Crops that grow where it is dry: exposure at a period, by département."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.page_view import PageView


@dataclass(frozen=True, eq=False)
class Exposure:
    """Crops growing at the period where it is in drought, ha, one number for each département."""

    area: FloatMatrix
    """Known area of the growing crops, 0 where none is; NaN unknown."""
    in_drought: FloatMatrix
    """The part of that area that is in drought, else 0; NaN unknown."""
    crops: tuple[tuple[str, ...], ...]
    """The growing crops of each département."""
    year: int
    """Latest year of the areas; 0 where none is known."""

    @property
    def of_france(self) -> tuple[str, ...]:
        """The crops growing anywhere in France."""
        return tuple(sorted({crop for each in self.crops for crop in each}))


def exposure(view: PageView, day: date | None = None) -> Exposure:
    """Return the exposure on `day`, the end of a dekad; by default of the period shown."""
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
