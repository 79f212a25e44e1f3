"""Daily weather as the lake keeps it: observations with reference evapotranspiration."""

import numpy as np
import pandas as pd

from geo_pipeline.indicators import et0_turc
from geo_pipeline.schemas import validate


def with_et0(observations: pd.DataFrame) -> pd.DataFrame:
    """Return `observations` as valid rows of `weather_daily`, ET0 after Turc where it can be known.

    Raises:
        InvalidTableError: an observation is out of its range.
    """
    et0_mm = et0_turc(
        observations["tmean_c"].to_numpy(), observations["radiation_mj_m2"].to_numpy()
    )
    method = pd.Series("turc", index=observations.index).mask(np.isnan(et0_mm))
    return validate("weather_daily", observations.assign(et0_mm=et0_mm, et0_method=method))
