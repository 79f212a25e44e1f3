"""Crops that grow where it is dry: exposure at a period, by département."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from geo_pipeline.publishing.formats import format_years
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
    first_year: FloatMatrix
    """Earliest year of these areas; NaN where no crop of known area grows."""
    last_year: FloatMatrix
    """Latest year of these areas."""

    @property
    def of_france(self) -> tuple[str, ...]:
        """The crops growing anywhere in France."""
        return tuple(sorted({crop for each in self.crops for crop in each}))

    def years(self, column: int | None = None) -> str:
        """Return the years of the areas of a département, or of all: `2022`, `2013-2022`."""
        of = slice(None) if column is None else [column]
        first, last = np.nanmin(self.first_year[of]), np.nanmax(self.last_year[of])
        return format_years(int(first), int(last))


def exposure(view: PageView, day: date | None = None) -> Exposure:
    """Return the exposure on `day`, the end of a dekad; by default of the period shown."""
    day = day or view.period_end
    risk = view.publication.risk(day).reindex(list(view.matrix.codes))
    area, dry = risk["crop_area_ha"].to_numpy(dtype=float), view.in_drought(day)
    return Exposure(
        area=np.where(np.isnan(dry), np.nan, area),
        in_drought=area * dry,
        crops=tuple(
            () if pd.isna(each) else tuple(each.split(", ")) for each in risk["crop_area_crops"]
        ),
        first_year=risk["crop_area_first_year"].to_numpy(dtype=float, na_value=np.nan),
        last_year=risk["crop_area_last_year"].to_numpy(dtype=float, na_value=np.nan),
    )
