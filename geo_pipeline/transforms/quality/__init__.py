"""Quality of rows beyond their schema: frames in, findings out, by table.

Every function returns a frame of `COLUMNS` with at most one row for each département and severity:
the worst case in words, the number of cases, and when the first and last occurred. An `error` keeps
its département from being published, so its limits are those of the impossible or absurd: no row of
the embedded data or of a good provider exceeds one. A `warning` needs somebody to look at it.

Columns, types, ranges and keys are in `schemas`; which check runs on which table is in
`automation.checks`.
"""

from geo_pipeline.transforms.quality.computed import dekads, outlook, soil_water
from geo_pipeline.transforms.quality.crops import crop_area, crop_figures, crop_neighbours
from geo_pipeline.transforms.quality.findings import COLUMNS, LEAST_NEIGHBOURS, none
from geo_pipeline.transforms.quality.water import groundwater, restrictions
from geo_pipeline.transforms.quality.weather import (
    climatology,
    days,
    freshness,
    jumps,
    monthly,
    neighbours,
    order,
    other_source,
)

__all__ = [
    "COLUMNS",
    "LEAST_NEIGHBOURS",
    "climatology",
    "crop_area",
    "crop_figures",
    "crop_neighbours",
    "days",
    "dekads",
    "freshness",
    "groundwater",
    "jumps",
    "monthly",
    "neighbours",
    "none",
    "order",
    "other_source",
    "outlook",
    "restrictions",
    "soil_water",
]
