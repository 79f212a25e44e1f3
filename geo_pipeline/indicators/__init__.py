"""The science: drought indicators as functions of arrays, time on the last axis, NaN for missing.

Nothing here reads a file, opens a connection or knows of a table.
"""

from geo_pipeline.indicators.classes import (
    DROUGHT_CLASSES,
    dsci,
    severity_rank,
    usdm_class,
    usdm_class_from_percentile,
)
from geo_pipeline.indicators.evapotranspiration import et0_turc
from geo_pipeline.indicators.standardised import spi

__all__ = [
    "DROUGHT_CLASSES",
    "dsci",
    "et0_turc",
    "severity_rank",
    "spi",
    "usdm_class",
    "usdm_class_from_percentile",
]
