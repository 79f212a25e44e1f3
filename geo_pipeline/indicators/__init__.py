"""The science: drought indicators as functions of arrays, time on the last axis, NaN for missing.

Nothing here reads a file, opens a connection or knows of a table. The names exported here are those
that the other rooms use and that a user of the library needs first. The modules have more: the
parts of ET0 in `psychrometrics` and `radiation`, crops in `crops`, the parts of a
water balance in `soil_water`, the fitting of distributions in `distributions`.
"""

from geo_pipeline.indicators.aggregation import (
    climatological_mean,
    empirical_percentile,
    rolling_sum,
    valid_years,
)
from geo_pipeline.indicators.classes import (
    DROUGHT_CLASSES,
    dsci,
    groundwater_class,
    severity_rank,
    usdm_class,
    usdm_class_from_percentile,
    usdm_position,
    wmo_class,
)
from geo_pipeline.indicators.clusters import GlobalMoran, LocalMoran, global_moran, local_moran
from geo_pipeline.indicators.combined import combined_class, combined_class_series
from geo_pipeline.indicators.crops import kc_curve
from geo_pipeline.indicators.evaporation_layer import surface_evaporation
from geo_pipeline.indicators.evapotranspiration import (
    Et0,
    et0_hargreaves,
    et0_penman_monteith,
    et0_thornthwaite,
    et0_turc,
)
from geo_pipeline.indicators.events import (
    DroughtEvents,
    days_since_rain,
    drought_age,
    drought_events,
    dry_spell_length,
    longest_dry_spell,
)
from geo_pipeline.indicators.root_zone import SoilWater
from geo_pipeline.indicators.significance import false_discovery
from geo_pipeline.indicators.soil_water import soil_water_balance
from geo_pipeline.indicators.standardised import (
    EmpiricalParameters,
    GammaParameters,
    KernelParameters,
    LogisticParameters,
    Pearson3Parameters,
    empirical_index,
    fit_empirical,
    fit_gamma,
    fit_kernel,
    fit_logistic,
    fit_pearson3,
    spei,
    spi,
    sswi,
    standardise,
)
from geo_pipeline.indicators.stress import (
    degree_days,
    frost_days,
    growing_degree_days,
    hot_days,
    season_total,
)
from geo_pipeline.indicators.trends import MannKendall, TheilSen, mann_kendall, theil_sen

__all__ = [
    "DROUGHT_CLASSES",
    "DroughtEvents",
    "EmpiricalParameters",
    "Et0",
    "GammaParameters",
    "GlobalMoran",
    "KernelParameters",
    "LocalMoran",
    "LogisticParameters",
    "MannKendall",
    "Pearson3Parameters",
    "SoilWater",
    "TheilSen",
    "climatological_mean",
    "combined_class",
    "combined_class_series",
    "days_since_rain",
    "degree_days",
    "drought_age",
    "drought_events",
    "dry_spell_length",
    "dsci",
    "empirical_index",
    "empirical_percentile",
    "et0_hargreaves",
    "et0_penman_monteith",
    "et0_thornthwaite",
    "et0_turc",
    "false_discovery",
    "fit_empirical",
    "fit_gamma",
    "fit_kernel",
    "fit_logistic",
    "fit_pearson3",
    "frost_days",
    "global_moran",
    "groundwater_class",
    "growing_degree_days",
    "hot_days",
    "kc_curve",
    "local_moran",
    "longest_dry_spell",
    "mann_kendall",
    "rolling_sum",
    "season_total",
    "severity_rank",
    "soil_water_balance",
    "spei",
    "spi",
    "sswi",
    "standardise",
    "surface_evaporation",
    "theil_sen",
    "usdm_class",
    "usdm_class_from_percentile",
    "usdm_position",
    "valid_years",
    "wmo_class",
]
