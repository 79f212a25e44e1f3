"""The state of the air near the ground: pressure, humidity, wind at the reference height.

All functions are elementwise, the arguments broadcast against each other, and NaN gives NaN.
Equation numbers are those of Allen, R. G., Pereira, L. S., Raes, D. & Smith, M. (1998). Crop
evapotranspiration. FAO Irrigation and Drainage Paper 56, chapter 3. Every function raises
ValueError, naming the first wrong element, for impossible values: infinite ones, temperatures that
are not °C, humidity outside 0-100 %.
"""

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import FloatArray, reject
from geo_pipeline.indicators._ranges import (
    not_negative,
    percent,
    temperature,
    temperature_range,
    within,
)

LATENT_HEAT_MJ_KG = 2.45
"""Latent heat of vaporisation of water at about 20 °C, taken as constant (FAO-56, p. 31)."""

REFERENCE_HEIGHT_M = 2.0
"""Height of the wind in the reference equation, above the grass."""

VENTILATED, NATURALLY_VENTILATED, INDOORS = 0.000662, 0.0008, 0.0012
"""Coefficient of a psychrometer, 1/°C, by the ventilation of its wet bulb (FAO-56, p. 38)."""


def atmospheric_pressure(altitude_m: ArrayLike) -> FloatArray:
    r"""Mean atmospheric pressure at an altitude, kPa (eq. 7).

    .. math:: P = 101.3 \left(\frac{293 - 0.0065\,z}{293}\right)^{5.26}

    `altitude_m` is in -500 to 9000 m.

    Examples
    --------
    >>> round(float(atmospheric_pressure(1800)), 1)
    81.8
    """
    altitude = within(altitude_m, "altitude_m", -500.0, 9000.0, "land lies at -500 to 9000 m")
    return np.asarray(101.3 * np.power((293.0 - 0.0065 * altitude) / 293.0, 5.26))


def psychrometric_constant(pressure_kpa: ArrayLike) -> FloatArray:
    r"""Psychrometric constant, kPa/°C, of air at a pressure (30 to 115 kPa) (eq. 8).

    .. math:: \gamma = \frac{c_p\,P}{\varepsilon\,\lambda}
              = \frac{1.013 \times 10^{-3}}{0.622 \times 2.45}\,P

    The paper goes on to round the quotient to 0.000665 P, which is 0.04 % more, and works its
    examples with that; many programs do so too, others (pyet) let the latent heat vary with
    temperature. Here it is the definition, as in the independent figures to seven digits that the
    tests hold; it moves ET0 by 0.01 % on average, by
    0.1 % at most.

    Examples
    --------
    >>> round(float(psychrometric_constant(81.8)), 3)
    0.054
    """
    pressure = within(pressure_kpa, "pressure_kpa", 30.0, 115.0, "pressure is in 30 to 115 kPa")
    return np.asarray(1.013e-3 / (0.622 * LATENT_HEAT_MJ_KG) * pressure)


def saturation_vapour_pressure(temp_c: ArrayLike) -> FloatArray:
    r"""Vapour pressure of saturated air, kPa (eq. 11); of the dewpoint, the actual one (eq. 14).

    .. math:: e^o(T) = 0.6108 \exp\left(\frac{17.27\,T}{T + 237.3}\right)

    It is the pressure over water, in frost too, as the paper has it.

    Examples
    --------
    >>> round(float(saturation_vapour_pressure(24.5)), 3)
    3.075
    """
    temp = temperature(temp_c, "temp_c")
    return np.asarray(0.6108 * np.exp(17.27 * temp / (temp + 237.3)))


def mean_saturation_vapour_pressure(tmin_c: ArrayLike, tmax_c: ArrayLike) -> FloatArray:
    r"""Saturation vapour pressure of a day, kPa: the mean of its two ends (eq. 12).

    .. math:: e_s = \frac{e^o(T_{min}) + e^o(T_{max})}{2}

    The curve bends upwards, so the value at the mean temperature would be too low.

    Examples
    --------
    >>> round(float(mean_saturation_vapour_pressure(15.0, 24.5)), 2)
    2.39
    """
    tmin, tmax = temperature_range(tmin_c, tmax_c)
    return np.asarray((saturation_vapour_pressure(tmin) + saturation_vapour_pressure(tmax)) / 2.0)


def vapour_pressure_slope(temp_c: ArrayLike) -> FloatArray:
    r"""Slope of the saturation vapour pressure curve at a temperature, kPa/°C (eq. 13).

    .. math:: \Delta = \frac{4098\,e^o(T)}{(T + 237.3)^2}

    Examples
    --------
    >>> round(float(vapour_pressure_slope(16.9)), 3)
    0.122
    """
    temp = temperature(temp_c, "temp_c")
    return np.asarray(4098.0 * saturation_vapour_pressure(temp) / np.square(temp + 237.3))


def vapour_pressure_from_humidity(
    tmin_c: ArrayLike,
    tmax_c: ArrayLike,
    *,
    rh_mean_pct: ArrayLike | None = None,
    rh_min_pct: ArrayLike | None = None,
    rh_max_pct: ArrayLike | None = None,
) -> FloatArray:
    r"""Actual vapour pressure, kPa, by the best equation that the humidity known allows.

    .. math::
        e_a &= \frac{e^o(T_{min})\,RH_{max} + e^o(T_{max})\,RH_{min}}{200} \qquad (17) \\
        e_a &= e^o(T_{min})\,RH_{max} / 100 \qquad (18) \\
        e_a &= e_s\,RH_{mean} / 100 \qquad (19)

    The choice is made for each element: both extremes first, then the maximum alone, then the
    mean, which is the paper's order. Air is dampest when it is coolest, hence the crossed pairs.

    Parameters
    ----------
    tmin_c, tmax_c : daily minimum and maximum temperature, °C
    rh_mean_pct, rh_min_pct, rh_max_pct : relative humidity, %; None or NaN where it is not known

    Returns
    -------
    kPa: NaN where a temperature is, or where neither the maximum nor the mean is known.

    Raises
    ------
    ValueError : see the module; a minimum of temperature or humidity above its maximum.

    Examples
    --------
    >>> round(float(vapour_pressure_from_humidity(18, 25, rh_min_pct=54, rh_max_pct=82)), 2)
    1.7
    """
    tmin, tmax = temperature_range(tmin_c, tmax_c)
    coolest, warmest = saturation_vapour_pressure(tmin), saturation_vapour_pressure(tmax)
    unknown = np.asarray(np.nan)
    mean = unknown if rh_mean_pct is None else percent(rh_mean_pct, "rh_mean_pct")
    least = unknown if rh_min_pct is None else percent(rh_min_pct, "rh_min_pct")
    most = unknown if rh_max_pct is None else percent(rh_max_pct, "rh_max_pct")
    lowest, highest = np.broadcast_arrays(least, most)
    why = "the minimum is not above the maximum, rh_max_pct"
    reject(lowest > highest, lowest, "rh_min_pct", why)
    from_both = (coolest * most + warmest * least) / 200.0
    from_most = coolest * most / 100.0
    from_mean = (coolest + warmest) / 2.0 * mean / 100.0
    known = np.where(np.isnan(from_most), from_mean, from_most)
    return np.asarray(np.where(np.isnan(from_both), known, from_both) + 0.0 * tmax)


def vapour_pressure_from_wet_bulb(
    dry_bulb_c: ArrayLike,
    wet_bulb_c: ArrayLike,
    pressure_kpa: ArrayLike,
    coefficient: float = VENTILATED,
) -> FloatArray:
    r"""Actual vapour pressure, kPa, from a psychrometer (eq. 15 and 16).

    .. math:: e_a = e^o(T_{wet}) - a_{psy}\,P\,(T_{dry} - T_{wet})

    Not below 0, which readings that do not belong together would give.

    Examples
    --------
    >>> round(float(vapour_pressure_from_wet_bulb(25.6, 19.5, 87.9)), 2)
    1.91
    """
    dry, wet = temperature(dry_bulb_c, "dry_bulb_c"), temperature(wet_bulb_c, "wet_bulb_c")
    pressure = within(pressure_kpa, "pressure_kpa", 30.0, 115.0, "pressure is in 30 to 115 kPa")
    actual = saturation_vapour_pressure(wet) - coefficient * pressure * (dry - wet)
    return np.asarray(np.maximum(actual, 0.0))


def wind_at_2m(wind_m_s: ArrayLike, wind_height_m: ArrayLike = REFERENCE_HEIGHT_M) -> FloatArray:
    r"""Wind speed at 2 m above grass, m/s, from the one at `wind_height_m` (eq. 47).

    .. math:: u_2 = u_z \frac{4.87}{\ln(67.8\,z - 5.42)}

    At 2 m the factor would be 1.0002: there the wind is left as it is. `wind_height_m` is in
    0.5 to 200 m: the profile over short grass means little outside of it.

    Examples
    --------
    >>> round(float(wind_at_2m(3.2, 10.0)), 1)
    2.4
    """
    wind = not_negative(wind_m_s, "wind_m_s", "wind speed")
    why = "wind is measured at 0.5 to 200 m"
    height = within(wind_height_m, "wind_height_m", 0.5, 200.0, why)
    factor = np.where(height == REFERENCE_HEIGHT_M, 1.0, 4.87 / np.log(67.8 * height - 5.42))
    return np.asarray(wind * factor)
