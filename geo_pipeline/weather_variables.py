"""Weather variables: their names, with the unit, and the values that are possible in France.

Columns of `weather_daily` are in `schemas`; the crosschecks of days and neighbours are in
`transforms.quality`.
"""

WEATHER_RANGES = {
    "tmin_c": (-50.0, 45.0),
    "tmax_c": (-40.0, 55.0),
    "tmean_c": (-45.0, 50.0),
    "precip_mm": (0.0, 1900.0),
    "radiation_mj_m2": (0.0, 45.0),
    "wind_m_s": (0.0, 75.0),
    "rh_pct": (0.0, 100.0),
    "et0_source_mm": (-1.0, 25.0),
    "swi_source": (-1.0, 3.0),
}
"""Lowest and highest possible weather of a place in France, beyond its records (1,825 mm in a day
on La Réunion, 46 °C, -41 °C). A value outside is in another unit, or wrong."""

RADIATION_J_CM2 = tuple(100.0 * limit for limit in WEATHER_RANGES["radiation_mj_m2"])
"""The same for radiation in Météo-France's unit, J/cm²."""

STATION_VARIABLES = (
    "tmin_c",
    "tmax_c",
    "tmean_c",
    "precip_mm",
    "radiation_mj_m2",
    "wind_m_s",
    "rh_pct",
    "et0_source_mm",
)
"""Weather variables that a station may observe."""

WEATHER_VARIABLES = (*STATION_VARIABLES, "swi_source")
"""Weather variables that a provider may give."""
