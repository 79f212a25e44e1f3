"""The science: drought indicators as functions of arrays, time on the last axis, NaN for missing.

Nothing here reads a file, opens a connection or knows of a table. What is named here is what the
other rooms rely on; each module offers more.
"""

from geo_pipeline.indicators.classes import (
    DROUGHT_CLASSES,
    dsci,
    severity_rank,
    usdm_class,
    usdm_class_from_percentile,
    wmo_class,
)
from geo_pipeline.indicators.combined import combined_class, combined_class_series
from geo_pipeline.indicators.evapotranspiration import (
    et0_hargreaves,
    et0_penman_monteith,
    et0_thornthwaite,
    et0_turc,
)
from geo_pipeline.indicators.events import drought_events
from geo_pipeline.indicators.soil_water import soil_water_balance
from geo_pipeline.indicators.standardised import spei, spi, sswi

__all__ = [
    "DROUGHT_CLASSES",
    "combined_class",
    "combined_class_series",
    "drought_events",
    "dsci",
    "et0_hargreaves",
    "et0_penman_monteith",
    "et0_thornthwaite",
    "et0_turc",
    "severity_rank",
    "soil_water_balance",
    "spei",
    "spi",
    "sswi",
    "usdm_class",
    "usdm_class_from_percentile",
    "wmo_class",
]
