"""Solar radiation on a horizontal surface: above the atmosphere, below it, and net at the ground.

All functions are elementwise over days, in MJ/m2 a day. The arguments broadcast against each other:
latitudes of shape (places, 1) and days of shape (time,) give (places, time). NaN gives NaN.
Equation numbers are those of Allen, R. G., Pereira, L. S., Raes, D. & Smith, M. (1998). Crop
evapotranspiration. FAO Irrigation and Drainage Paper 56, chapter 3. Every function raises
ValueError, naming the first wrong element, for impossible values: infinite ones, negative
radiation, latitudes beyond the poles, days outside 1-366.
"""

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import FloatArray
from geo_pipeline.indicators._ranges import (
    not_negative,
    temperature,
    temperature_range,
    within,
)

SOLAR_CONSTANT_MJ_M2_MIN = 0.0820
STEFAN_BOLTZMANN_MJ_K4_M2 = 4.903e-9
KELVIN = 273.16
"""Kelvin at 0 °C as in the paper's eq. 39 (0.01 too much, but its examples depend on it)."""

GRASS_ALBEDO = 0.23
K_RS_INTERIOR, K_RS_COASTAL = 0.16, 0.19
"""Hargreaves' radiation coefficient, 1/sqrt(°C): in the interior, or on the coast (p. 60)."""

DARKEST_SKY = 0.3
"""Smallest share of clear-sky radiation used for net longwave radiation."""

UNSEEN_SKY = 0.5
"""The share used where the sun does not rise and cloudiness is unknown (p. 75)."""


def inverse_relative_distance(day_of_year: ArrayLike) -> FloatArray:
    r"""Inverse square of the distance earth-sun, 1 on average (eq. 23).

    .. math:: d_r = 1 + 0.033 \cos\left(\frac{2\pi J}{365}\right)

    Examples
    --------
    >>> round(float(inverse_relative_distance(246)), 3)
    0.985
    """
    return np.asarray(1.0 + 0.033 * np.cos(_year_angle(day_of_year)))


def solar_declination(day_of_year: ArrayLike) -> FloatArray:
    r"""Latitude at which the sun is overhead at noon, radians (eq. 24).

    .. math:: \delta = 0.409 \sin\left(\frac{2\pi J}{365} - 1.39\right)

    Day 366 is one step further round, where day 1 is. Programs that divide by 366 in leap years
    differ by up to 1.5 % in the winter Ra of France, those with Spencer's series (nearer to the
    true sun) by up to 8 %: the paper's sine is kept, as its other formulas were fitted with it.

    Examples
    --------
    >>> round(float(solar_declination(246)), 3)
    0.12
    """
    return np.asarray(0.409 * np.sin(_year_angle(day_of_year) - 1.39))


def sunset_hour_angle(latitude_deg: ArrayLike, day_of_year: ArrayLike) -> FloatArray:
    r"""Angle the earth turns from noon to sunset, radians (eq. 25).

    .. math:: \omega_s = \arccos(-\tan\varphi \tan\delta)

    0 where the sun does not rise, pi where it does not set.

    Examples
    --------
    >>> round(float(sunset_hour_angle(-20.0, 246)), 2)
    1.53
    >>> float(sunset_hour_angle(70.0, 1))
    0.0
    """
    latitude = np.radians(_latitude(latitude_deg))
    cosine = -np.tan(latitude) * np.tan(solar_declination(day_of_year))
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)))


def day_length(latitude_deg: ArrayLike, day_of_year: ArrayLike) -> FloatArray:
    r"""Hours from sunrise to sunset, 0 to 24 (eq. 34).

    .. math:: N = \frac{24}{\pi}\,\omega_s

    For the sun as a point and without refraction, some ten minutes short of the almanac.

    Examples
    --------
    >>> round(float(day_length(-20.0, 246)), 1)
    11.7
    """
    return np.asarray(24.0 / np.pi * sunset_hour_angle(latitude_deg, day_of_year))


def extraterrestrial_radiation(latitude_deg: ArrayLike, day_of_year: ArrayLike) -> FloatArray:
    r"""Radiation on a horizontal surface above the atmosphere, MJ/m2 a day (eq. 21).

    .. math::
        R_a = \frac{24 \cdot 60}{\pi} G_{sc} d_r \left[\omega_s \sin\varphi \sin\delta
              + \cos\varphi \cos\delta \sin\omega_s\right]

    with G_sc = 0.0820 MJ/m2 a minute. 0 in the polar night.

    Parameters
    ----------
    latitude_deg : degrees, south negative
    day_of_year : 1 to 366

    Examples
    --------
    >>> round(float(extraterrestrial_radiation(-20.0, 246)), 1)
    32.2
    """
    latitude = np.radians(_latitude(latitude_deg))
    declination = solar_declination(day_of_year)
    sunset = sunset_hour_angle(latitude_deg, day_of_year)
    height = sunset * np.sin(latitude) * np.sin(declination)
    height = height + np.cos(latitude) * np.cos(declination) * np.sin(sunset)
    minutes = 24.0 * 60.0 / np.pi * SOLAR_CONSTANT_MJ_M2_MIN
    return np.asarray(np.maximum(minutes * inverse_relative_distance(day_of_year) * height, 0.0))


def clear_sky_radiation(
    extraterrestrial_mj_m2: ArrayLike, altitude_m: ArrayLike = 0.0
) -> FloatArray:
    r"""Global radiation under a cloudless sky, MJ/m2 a day (eq. 37; at sea level eq. 36).

    .. math:: R_{so} = (0.75 + 2 \times 10^{-5} z)\,R_a

    Examples
    --------
    >>> round(float(clear_sky_radiation(41.09, 100.0)), 2)
    30.9
    """
    above = not_negative(extraterrestrial_mj_m2, "extraterrestrial_mj_m2", "radiation")
    altitude = within(altitude_m, "altitude_m", -500.0, 9000.0, "land lies at -500 to 9000 m")
    return np.asarray((0.75 + 2e-5 * altitude) * above)


def radiation_from_sunshine(
    extraterrestrial_mj_m2: ArrayLike,
    sunshine_h: ArrayLike,
    day_length_h: ArrayLike,
    *,
    overcast: float = 0.25,
    sunny: float = 0.50,
) -> FloatArray:
    r"""Global radiation from the hours of bright sunshine, MJ/m2 a day (Ångström, eq. 35).

    .. math:: R_s = \left(a_s + b_s\,\frac{n}{N}\right) R_a

    with `overcast` = a_s and `sunny` = b_s, each in 0 to 1. The recorded hours count as N at most;
    without a day there is no radiation.

    Examples
    --------
    >>> round(float(radiation_from_sunshine(25.1, 7.1, 10.9)), 1)
    14.4
    """
    above = not_negative(extraterrestrial_mj_m2, "extraterrestrial_mj_m2", "radiation")
    hours = within(sunshine_h, "sunshine_h", 0.0, 24.0, "hours of sunshine are in 0 to 24")
    longest = within(day_length_h, "day_length_h", 0.0, 24.0, "a day is 0 to 24 hours long")
    share = np.minimum(hours, longest) / np.where(longest == 0.0, 1.0, longest)
    cloudy = within(overcast, "overcast", 0.0, 1.0, "a share is in 0 to 1")
    clear = within(sunny, "sunny", 0.0, 1.0, "a share is in 0 to 1")
    return np.asarray((cloudy + clear * share) * above)


def radiation_from_temperature(
    tmin_c: ArrayLike,
    tmax_c: ArrayLike,
    extraterrestrial_mj_m2: ArrayLike,
    *,
    altitude_m: ArrayLike = 0.0,
    k_rs: ArrayLike = K_RS_INTERIOR,
) -> FloatArray:
    r"""Global radiation from the daily temperature range, MJ/m2 a day (Hargreaves, eq. 50).

    .. math:: R_s = \min\left(k_{Rs} \sqrt{T_{max} - T_{min}}\,R_a,\; R_{so}\right)

    A clear sky lets days warm up and nights cool down. `k_rs` is 0.16 in the interior and 0.19 on
    the coast, and may be an array; on small islands the method is not apt. Single days are rough:
    the paper would have means over a week or more.

    Examples
    --------
    >>> round(float(radiation_from_temperature(14.8, 26.6, 40.55)), 1)
    22.3
    """
    tmin, tmax = temperature_range(tmin_c, tmax_c)
    coefficient = not_negative(k_rs, "k_rs", "the coefficient")
    clear = clear_sky_radiation(extraterrestrial_mj_m2, altitude_m)
    above = not_negative(extraterrestrial_mj_m2, "extraterrestrial_mj_m2", "radiation")
    return np.asarray(np.minimum(coefficient * np.sqrt(tmax - tmin) * above, clear))


def net_shortwave(radiation_mj_m2: ArrayLike, albedo: ArrayLike = GRASS_ALBEDO) -> FloatArray:
    r"""Global radiation that is not reflected, MJ/m2 a day (eq. 38).

    .. math:: R_{ns} = (1 - \alpha)\,R_s

    Examples
    --------
    >>> round(float(net_shortwave(14.5)), 1)
    11.2
    """
    radiation = not_negative(radiation_mj_m2, "radiation_mj_m2", "radiation")
    reflected = within(albedo, "albedo", 0.0, 1.0, "a share is in 0 to 1")
    return np.asarray((1.0 - reflected) * radiation)


def net_longwave(
    tmin_c: ArrayLike,
    tmax_c: ArrayLike,
    vapour_pressure_kpa: ArrayLike,
    radiation_mj_m2: ArrayLike,
    clear_sky_mj_m2: ArrayLike,
) -> FloatArray:
    r"""Heat that the ground radiates away, less what the sky sends back, MJ/m2 a day (eq. 39).

    .. math::
        R_{nl} = \sigma\,\frac{T_{max,K}^4 + T_{min,K}^4}{2}\,(0.34 - 0.14\sqrt{e_a})
                 \left(1.35\,\frac{R_s}{R_{so}} - 0.35\right)

    The share R_s/R_so represents the absence of cloud. It is kept in 0.3 to 1: the paper sets the
    upper limit with the equation, and says of 0.3 that it presumes total cloud cover (p. 75);
    without a lower limit the darkest days would gain heat by night. ASCE-EWRI (2005), refet and
    pyet have the same limits. Where R_so is 0 (polar night) cloud cannot be told, and the share is
    0.5, in the middle of the 0.4 to 0.6 that the paper gives for humid nights.

    Parameters
    ----------
    tmin_c, tmax_c : °C
    vapour_pressure_kpa : actual vapour pressure, kPa
    radiation_mj_m2, clear_sky_mj_m2 : global radiation as it is, and as it would be without cloud

    Examples
    --------
    >>> round(float(net_longwave(12.3, 21.5, 1.409, 22.07, 30.90)), 2)
    3.71
    """
    tmin, tmax = temperature_range(tmin_c, tmax_c)
    humidity = not_negative(vapour_pressure_kpa, "vapour_pressure_kpa", "vapour pressure")
    radiation = not_negative(radiation_mj_m2, "radiation_mj_m2", "radiation")
    clear = not_negative(clear_sky_mj_m2, "clear_sky_mj_m2", "radiation")
    # The minimum is taken first, so that the quotient cannot overflow where the sun hardly rises.
    share = np.minimum(radiation, clear) / np.where(clear == 0.0, 1.0, clear)
    share = np.where(clear == 0.0, UNSEEN_SKY + 0.0 * radiation, np.maximum(share, DARKEST_SKY))
    emitted = _fourth_power(tmin + KELVIN) + _fourth_power(tmax + KELVIN)
    emitted = STEFAN_BOLTZMANN_MJ_K4_M2 * emitted / 2.0
    return np.asarray(emitted * (0.34 - 0.14 * np.sqrt(humidity)) * (1.35 * share - 0.35))


def net_radiation(
    tmin_c: ArrayLike,
    tmax_c: ArrayLike,
    vapour_pressure_kpa: ArrayLike,
    radiation_mj_m2: ArrayLike,
    clear_sky_mj_m2: ArrayLike,
    *,
    albedo: ArrayLike = GRASS_ALBEDO,
) -> FloatArray:
    r"""Radiation that the ground keeps, MJ/m2 a day; negative where it loses more (eq. 40).

    .. math:: R_n = R_{ns} - R_{nl}

    Arguments as of `net_longwave` and `net_shortwave`.

    Examples
    --------
    >>> round(float(net_radiation(12.3, 21.5, 1.409, 22.07, 30.90)), 2)
    13.28
    """
    longwave = net_longwave(tmin_c, tmax_c, vapour_pressure_kpa, radiation_mj_m2, clear_sky_mj_m2)
    return np.asarray(net_shortwave(radiation_mj_m2, albedo) - longwave)


def soil_heat_flux(
    tmean_before_c: ArrayLike, tmean_after_c: ArrayLike, *, months: int = 2
) -> FloatArray:
    r"""Heat going into the soil over a month, MJ/m2 a day (eq. 43, and 44 with `months=1`).

    .. math:: G = \frac{0.14}{m}\,(T_{after} - T_{before})

    from the mean temperatures of the month before and the month after (`months=2`), or, while that
    is not known, of the month before and the month itself (`months=1`). Of a day or a dekad it is
    taken as 0 (eq. 42).

    Examples
    --------
    >>> round(float(soil_heat_flux(14.1, 18.8)), 2)
    0.33
    """
    if months not in (1, 2):
        raise ValueError(f"months must be 1 or 2, got {months}")
    before = temperature(tmean_before_c, "tmean_before_c")
    after = temperature(tmean_after_c, "tmean_after_c")
    return np.asarray(0.14 / months * (after - before))


def _year_angle(day_of_year: ArrayLike) -> FloatArray:
    day = within(day_of_year, "day_of_year", 1.0, 366.0, "days of the year are 1 to 366")
    return np.asarray(2.0 * np.pi * day / 365.0)


def _latitude(latitude_deg: ArrayLike) -> FloatArray:
    return within(latitude_deg, "latitude_deg", -90.0, 90.0, "latitude is in -90 to 90 degrees")


def _fourth_power(kelvin: FloatArray) -> FloatArray:
    # Twice squared, not `** 4`, which differs in the last bit between one number and many.
    return np.asarray(np.square(np.square(kelvin)))
