"""Daily weather as the lake keeps it: observations with reference evapotranspiration."""

from typing import Any

import numpy as np
import pandas as pd

from geo_pipeline.indicators import et0_penman_monteith, et0_turc
from geo_pipeline.table_rows import InvalidTableError, validate
from geo_pipeline.words import message

WIND_HEIGHT_M = 10.0
"""Height at which the wind of `weather_daily` is measured, by every provider."""

USUAL_ALTITUDE_M = 300.0
"""Altitude used for a place of unknown altitude: near the mean of metropolitan France.

ET0 depends on it only slightly, through air pressure: 500 m more give 1 % to 2 % more, so the
plains are within about 1 %, and a département of the high Alps is 4 % to 5 % low.
"""

UNKNOWN: dict[str, Any] = {
    "et0_source_mm": np.nan,
    "swi_source": np.nan,
    "stations": pd.NA,
    "provisional": False,
}
"""Value of a column that a provider does not have at all."""

ADJUSTED = ":adjusted"
"""End of the `source` of a day that was adjusted to another provider."""


def provider_of(source: str) -> str:
    """Return the provider that a `source` of a row names: `bundled` of `bundled:agera5`."""
    return source.partition(":")[0]


def with_et0(observations: pd.DataFrame, places: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return `observations` as valid rows of `weather_daily`, with ET0 by the best possible method.

    FAO-56 Penman-Monteith where the daily minimum and maximum are known, with the paper's own
    estimates for unknown humidity, radiation and wind; else after Turc, from mean temperature and
    radiation; else NaN. `et0_method` names the method and what was estimated. Extremes that
    contradict each other (a minimum above its maximum, as possible for means over different
    stations) count as unknown.

    Parameters
    ----------
    observations : columns of `weather_daily` except ET0; those of `UNKNOWN` may be absent. Wind is
        at 10 m and converted to 2 m here
    places : departement, latitude_deg and, where known, altitude_m (else `USUAL_ALTITUDE_M`), one
        row each. Without places the position of the sun is unknown: where `places` is None, ET0 is
        after Turc everywhere

    Raises
    ------
    InvalidTableError : an observation is out of range, or `places` lacks a département that has
        extremes of temperature.
    """
    absent = {name: value for name, value in UNKNOWN.items() if name not in observations}
    try:
        et0_mm = et0_turc(
            observations["tmean_c"].to_numpy(), observations["radiation_mj_m2"].to_numpy()
        )
        method = pd.Series("turc", index=observations.index).mask(np.isnan(et0_mm))
        if places is not None:
            usable = (observations["tmin_c"] <= observations["tmax_c"]).to_numpy()
            et0_mm[usable], method[usable] = _penman_monteith(observations[usable], places)
    except ValueError as error:
        raise InvalidTableError(
            message("fault.in_table", table="weather_daily", what=error)
        ) from error
    return validate(
        "weather_daily", observations.assign(**absent, et0_mm=et0_mm, et0_method=method)
    )


def _penman_monteith(days: pd.DataFrame, places: pd.DataFrame) -> tuple[Any, Any]:
    """Return ET0 (mm) of `days` and the method of each."""
    place = places.set_index("departement").reindex(days["departement"])
    unplaced = place.index[place["latitude_deg"].isna()]
    if len(unplaced):
        raise InvalidTableError(
            message(
                "fault.in_table",
                table="weather_daily",
                what=message("weather.no_latitude", codes=sorted(set(unplaced))),
            )
        )
    altitude_m = place["altitude_m"].to_numpy() if "altitude_m" in place else np.nan
    return et0_penman_monteith(
        days["tmin_c"].to_numpy(),
        days["tmax_c"].to_numpy(),
        latitude_deg=place["latitude_deg"].to_numpy(),
        day_of_year=days["date"].dt.dayofyear.to_numpy(),
        altitude_m=np.where(np.isnan(altitude_m), USUAL_ALTITUDE_M, altitude_m),
        radiation_mj_m2=days["radiation_mj_m2"].to_numpy(),
        wind_m_s=days["wind_m_s"].to_numpy(),
        wind_height_m=WIND_HEIGHT_M,
        rh_mean_pct=days["rh_pct"].to_numpy(),
    )
