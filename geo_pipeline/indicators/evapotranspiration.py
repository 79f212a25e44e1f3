"""Reference evapotranspiration: the demand of the air on well-watered short grass, mm a day."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_pipeline.indicators._arrays import (
    BoolArray,
    FloatArray,
    Reference,
    as_series,
    fold_reference,
    season_of,
)
from geo_pipeline.indicators._ranges import (
    not_negative,
    percent,
    temperature,
    temperature_range,
    within,
)
from geo_pipeline.indicators.psychrometrics import (
    REFERENCE_HEIGHT_M,
    atmospheric_pressure,
    mean_saturation_vapour_pressure,
    psychrometric_constant,
    saturation_vapour_pressure,
    vapour_pressure_from_humidity,
    vapour_pressure_slope,
    wind_at_2m,
)
from geo_pipeline.indicators.radiation import (
    K_RS_INTERIOR,
    clear_sky_radiation,
    extraterrestrial_radiation,
    net_radiation,
    radiation_from_temperature,
)

MM_PER_MJ_M2 = 0.408
"""Water evaporated by 1 MJ/m2, mm: 1 / 2.45, with the digits of the paper (eq. 20)."""

ZERO_CELSIUS = 273.0
"""Kelvin at 0 °C as in the paper's eq. 6."""

USUAL_WIND_M_S = 2.0
"""Wind at 2 m where it is unknown: the mean over 2 000 stations of the globe (FAO-56, p. 63)."""

PENMAN_MONTEITH_METHODS = (
    "penman-monteith",
    "penman-monteith:humidity",
    "penman-monteith:radiation",
    "penman-monteith:humidity+radiation",
    "penman-monteith:wind",
    "penman-monteith:humidity+wind",
    "penman-monteith:radiation+wind",
    "penman-monteith:humidity+radiation+wind",
)
"""Names of the methods of `et0_penman_monteith`, by what was estimated.

The position is the sum of 1 for humidity, 2 for radiation and 4 for wind.
"""


class Et0(NamedTuple):
    """Reference evapotranspiration, and the method of each value.

    `et0_mm` is float64, mm a day, `method` an object array of its shape: one of
    `PENMAN_MONTEITH_METHODS`, None where `et0_mm` is NaN.
    """

    et0_mm: FloatArray
    method: NDArray[np.object_]


def et0_penman_monteith(
    tmin_c: ArrayLike,
    tmax_c: ArrayLike,
    *,
    latitude_deg: ArrayLike,
    day_of_year: ArrayLike,
    altitude_m: ArrayLike,
    tmean_c: ArrayLike | None = None,
    radiation_mj_m2: ArrayLike | None = None,
    wind_m_s: ArrayLike | None = None,
    wind_height_m: ArrayLike = REFERENCE_HEIGHT_M,
    vapour_pressure_kpa: ArrayLike | None = None,
    dewpoint_c: ArrayLike | None = None,
    rh_mean_pct: ArrayLike | None = None,
    rh_min_pct: ArrayLike | None = None,
    rh_max_pct: ArrayLike | None = None,
    pressure_kpa: ArrayLike | None = None,
    soil_heat_flux_mj_m2: ArrayLike = 0.0,
    k_rs: ArrayLike = K_RS_INTERIOR,
    dewpoint_depression_c: ArrayLike = 0.0,
    usual_wind_m_s: ArrayLike = USUAL_WIND_M_S,
    least_wind_m_s: float = 0.0,
) -> Et0:
    r"""Reference evapotranspiration after FAO-56 Penman-Monteith, daily (eq. 6).

    .. math::
        ET_0 = \frac{0.408\,\Delta\,(R_n - G) + \gamma\,\frac{900}{T + 273}\,u_2\,(e_s - e_a)}
                    {\Delta + \gamma\,(1 + 0.34\,u_2)}

    The minimum and maximum temperature must be known. What else is not known, None or NaN, is
    estimated as the paper says, for each element by itself, and the method tells:

    ==============  =========================================================  =====================
    not known       taken instead                                              method
    ==============  =========================================================  =====================
    mean temp.      mean of minimum and maximum (eq. 9)                        (as defined)
    pressure        from the altitude (eq. 7)                                  (as defined)
    humidity        dewpoint = minimum temperature - depression (eq. 48)       `:humidity`
    radiation       from the temperature range, at most clear sky (eq. 50)     `:radiation`
    wind            `usual_wind_m_s`, 2 m/s (p. 63)                            `:wind`
    ==============  =========================================================  =====================

    joined by `+` in this order, as in `penman-monteith:humidity+wind`. Of several measures of
    humidity the first known is taken: vapour pressure, dewpoint (eq. 14), both extremes of
    relative humidity (eq. 17), its maximum (eq. 18), its mean (eq. 19).

    Parameters
    ----------
    tmin_c, tmax_c : daily minimum and maximum of air temperature, °C
    latitude_deg : degrees, south negative
    day_of_year : 1 to 366
    altitude_m : m above the sea
    tmean_c : daily mean, °C, where it is not to be that of the two extremes. The paper prefers
        theirs, also where a mean of hourly values is at hand
    radiation_mj_m2 : global radiation, MJ/m2 a day. From hours of sunshine:
        `radiation.radiation_from_sunshine`
    wind_m_s : daily mean wind speed, m/s, at `wind_height_m` (10 at most weather stations)
    vapour_pressure_kpa, dewpoint_c, rh_mean_pct, rh_min_pct, rh_max_pct : humidity, in any form.
        The minimum of relative humidity alone tells nothing (eq. 17 takes both)
    pressure_kpa : mean atmospheric pressure, kPa
    soil_heat_flux_mj_m2 : MJ/m2 a day; 0 for days and dekads, for months `radiation.soil_heat_flux`
    k_rs : Hargreaves' radiation coefficient, 0.16 in the interior, 0.19 on the coast
    dewpoint_depression_c : how far the dewpoint lies below the minimum temperature where humidity
        is estimated: 0 where the land is green, 2 to 3 °C in arid country (p. 58, annex 6)
    usual_wind_m_s : wind at 2 m where it is not known
    least_wind_m_s : calmer wind at 2 m counts as this. The paper thinks 0.5 an improvement (p. 63);
        hardly any implementation applies it, so it is left to the caller

    All arrays broadcast against each other, so latitudes of shape (places, 1) serve series of shape
    (places, time).

    Returns
    -------
    `Et0`: `et0_mm`, mm a day, and `method`. NaN and None where tmin_c, tmax_c, latitude_deg,
    day_of_year, altitude_m or soil_heat_flux_mj_m2 is NaN.

    Raises
    ------
    ValueError : tmin_c above tmax_c, rh_min_pct above rh_max_pct, negative radiation or wind,
        humidity outside 0-100 %, a latitude beyond the poles, anything infinite or clearly in
        another unit (kelvin, hPa); the message names the first.

    Notes
    -----
    - ET0 is not below 0, as in R's SPEI and pyet: the equation gives dew on winter days with little
      sun and damp air. Nor is e_s - e_a, where the dewpoint given is above what the temperatures
      allow.
    - The slope of the curve is taken at the mean temperature, as the paper has it (p. 37); xclim,
      and R's SPEI by default, take it from the mean saturation pressure, which is higher.
    - The numbers are the paper's: 0.408, 273 here and 273.16 in the longwave radiation. Programs
      with 1 / 2.45 or 273.15 differ by up to 0.1 %. Gamma alone is not rounded, see
      `psychrometrics.psychrometric_constant`.
    - Very dark days and the polar night: see `radiation.net_longwave`.

    References
    ----------
    Allen, R. G., Pereira, L. S., Raes, D. & Smith, M. (1998). Crop evapotranspiration. FAO
    Irrigation and Drainage Paper 56, chapters 2-4.

    Examples
    --------
    Uccle, 6 July (example 18):

    >>> uccle = et0_penman_monteith(12.3, 21.5, latitude_deg=50.8, day_of_year=187, altitude_m=100,
    ...     radiation_mj_m2=22.07, wind_m_s=2.78, wind_height_m=10, rh_min_pct=63, rh_max_pct=84)
    >>> round(float(uccle.et0_mm), 2), uccle.method.item()
    (3.88, 'penman-monteith')
    """
    tmin, tmax = temperature_range(tmin_c, tmax_c)
    tmean = _or_else(tmean_c, "tmean_c", (tmin + tmax) / 2.0)
    saturated = mean_saturation_vapour_pressure(tmin, tmax)

    from_humidity = vapour_pressure_from_humidity(
        tmin, tmax, rh_mean_pct=rh_mean_pct, rh_min_pct=rh_min_pct, rh_max_pct=rh_max_pct
    )
    actual = _vapour_pressure(vapour_pressure_kpa, dewpoint_c, from_humidity)
    no_humidity = np.isnan(actual)
    depression = not_negative(dewpoint_depression_c, "dewpoint_depression_c", "a depression")
    actual = _first_known(actual, saturation_vapour_pressure(tmin - depression))

    above = extraterrestrial_radiation(latitude_deg, day_of_year)
    clear = clear_sky_radiation(above, altitude_m)
    radiation = _unknown_unless(radiation_mj_m2, "radiation_mj_m2", "radiation")
    no_radiation = np.isnan(radiation)
    from_range = radiation_from_temperature(tmin, tmax, above, altitude_m=altitude_m, k_rs=k_rs)
    radiation = _first_known(radiation, from_range)

    wind = wind_at_2m(_unknown_unless(wind_m_s, "wind_m_s", "wind speed"), wind_height_m)
    no_wind = np.isnan(wind)
    wind = _first_known(wind, not_negative(usual_wind_m_s, "usual_wind_m_s", "wind speed"))
    wind = np.maximum(wind, not_negative(least_wind_m_s, "least_wind_m_s", "wind speed"))

    pressure = atmospheric_pressure(altitude_m)
    if pressure_kpa is not None:
        why = "pressure is in 30 to 115 kPa"
        pressure = _first_known(within(pressure_kpa, "pressure_kpa", 30.0, 115.0, why), pressure)
    flux = within(soil_heat_flux_mj_m2, "soil_heat_flux_mj_m2", -np.inf, np.inf, "a flux is finite")

    gamma = psychrometric_constant(pressure)
    slope = vapour_pressure_slope(tmean)
    energy = MM_PER_MJ_M2 * (net_radiation(tmin, tmax, actual, radiation, clear) - flux)
    dryness = 900.0 / (tmean + ZERO_CELSIUS) * wind * np.maximum(saturated - actual, 0.0)
    et0 = (slope * energy + gamma * dryness) / (slope + gamma * (1.0 + 0.34 * wind))
    et0 = np.asarray(np.maximum(et0, 0.0))
    return Et0(et0, _methods(et0, no_humidity, no_radiation, no_wind))


def _vapour_pressure(
    measured_kpa: ArrayLike | None, dewpoint_c: ArrayLike | None, from_humidity: FloatArray
) -> FloatArray:
    """Actual vapour pressure, kPa: as measured, else of the dewpoint, else of the humidity."""
    actual = from_humidity
    if dewpoint_c is not None:
        from_dewpoint = saturation_vapour_pressure(temperature(dewpoint_c, "dewpoint_c"))
        actual = _first_known(from_dewpoint, actual)
    if measured_kpa is not None:
        why = "vapour pressure is in 0 to 10 kPa"
        measured = within(measured_kpa, "vapour_pressure_kpa", 0.0, 10.0, why)
        actual = _first_known(measured, actual)
    return actual


def et0_hargreaves(
    tmin_c: ArrayLike,
    tmax_c: ArrayLike,
    *,
    latitude_deg: ArrayLike,
    day_of_year: ArrayLike,
    tmean_c: ArrayLike | None = None,
) -> FloatArray:
    r"""Reference evapotranspiration after Hargreaves & Samani: from temperature alone (eq. 52).

    .. math:: ET_0 = 0.0023\,(T_{mean} + 17.8)\,\sqrt{T_{max} - T_{min}}\;0.408\,R_a

    Not below 0, to which it falls at -17.8 °C. It is too low in strong wind, too high in damp air;
    the paper prefers `et0_penman_monteith` with estimated radiation, humidity and wind.

    Parameters
    ----------
    tmin_c, tmax_c : daily minimum and maximum of air temperature, °C
    latitude_deg : degrees, south negative
    day_of_year : 1 to 366
    tmean_c : daily mean, °C; where it is None or NaN, that of the two extremes.
        All broadcast against each other

    Returns
    -------
    mm a day: NaN where one of the others is.

    Raises
    ------
    ValueError : tmin_c above tmax_c, anything infinite or out of range; the message names the
        first.

    Notes
    -----
    xclim's `HG85` is the same equation with a solar constant of 1361 W/m2 (0.4 % less) and
    Spencer's declination: at 45° it is 1 % lower to 5 % higher by the season, 0.5 % higher in a
    year.

    References
    ----------
    Hargreaves, G. H. & Samani, Z. A. (1985). Reference crop evapotranspiration from temperature.
    Applied Engineering in Agriculture 1(2), 96-99. As eq. 52 of FAO-56.

    Examples
    --------
    Lyon in July (example 20):

    >>> round(float(et0_hargreaves(14.8, 26.6, latitude_deg=45.72, day_of_year=196)), 1)
    5.0
    """
    tmin, tmax = temperature_range(tmin_c, tmax_c)
    tmean = _or_else(tmean_c, "tmean_c", (tmin + tmax) / 2.0)
    above = MM_PER_MJ_M2 * extraterrestrial_radiation(latitude_deg, day_of_year)
    return np.asarray(0.0023 * np.maximum(tmean + 17.8, 0.0) * np.sqrt(tmax - tmin) * above)


def et0_turc(
    tmean_c: ArrayLike, radiation_mj_m2: ArrayLike, rh_pct: ArrayLike | None = None
) -> FloatArray:
    r"""Reference evapotranspiration after Turc: temperature, sunshine, dry air where known.

    .. math::
        ET_0 = 0.013\,\frac{T}{T + 15}\,(23.8846\,R_s + 50)
               \left(1 + \frac{\max(50 - RH,\,0)}{70}\right), \qquad ET_0 = 0 \text{ for } T \le 0

    where 23.8846 turns MJ/m2 into the cal/cm2 of the original. It was made for western Europe and
    needs no wind, so it serves where only temperature and radiation are known.

    Parameters
    ----------
    tmean_c : mean air temperature, °C
    radiation_mj_m2 : global radiation, MJ/m2 a day
    rh_pct : mean relative humidity, %; None when it is not known, and the last factor is left out.
        The three broadcast against each other

    Returns
    -------
    mm a day: NaN where any of the arguments given is.

    Raises
    ------
    ValueError : negative radiation, humidity outside 0-100 %, temperatures that are not °C,
        infinite values; the message names the first.

    Notes
    -----
    pyet writes 23.88 for 23.8846 (0.02 %) and needs the humidity. 0.013 is by the day: Turc gave
    0.13 for the sum of ten days and 0.40 for that of a month.

    References
    ----------
    Turc, L. (1961). Évaluation des besoins en eau d'irrigation, évapotranspiration potentielle.
    Annales agronomiques 12(1), 13-49. In the form of Jensen, M. E., Burman, R. D. & Allen, R. G.
    (1990). Evapotranspiration and irrigation water requirements. ASCE Manual 70.

    Examples
    --------
    >>> round(float(et0_turc(20.0, 25.0)), 2)
    4.81
    """
    warmth = np.maximum(temperature(tmean_c, "tmean_c"), 0.0)  # NaN stays NaN
    radiation = not_negative(radiation_mj_m2, "radiation_mj_m2", "radiation")
    et0 = 0.013 * warmth / (warmth + 15.0) * (23.8846 * radiation + 50.0)
    if rh_pct is not None:
        humidity = percent(rh_pct, "rh_pct")
        et0 = et0 * (1.0 + np.maximum(50.0 - humidity, 0.0) / 70.0)
    return np.asarray(et0)


_MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.float64)
_MID_MONTH = np.cumsum(_MONTH_DAYS) - _MONTH_DAYS + 15.0
_THORNTHWAITE_DECLINATION = 0.4093 * np.sin(2.0 * np.pi * _MID_MONTH / 365.0 - 1.405)


def et0_thornthwaite(
    tmean_c: ArrayLike,
    *,
    latitude_deg: ArrayLike,
    first_month: int = 1,
    reference: Reference = None,
) -> FloatArray:
    r"""Potential evapotranspiration after Thornthwaite, mm a **month**, as R's SPEI computes it.

    .. math::
        PET &= 16\,\frac{N}{12}\,\frac{d}{30}\left(\frac{10\,\max(T, 0)}{I}\right)^{q}, \qquad
        I = \sum_{m=1}^{12}\left(\frac{\max(\bar{T}_m, 0)}{5}\right)^{1.514} \\
        q &= 6.75 \times 10^{-7} I^3 - 7.71 \times 10^{-5} I^2 + 0.01792\,I + 0.49239

    with N the hours of daylight on the 15th, d the days of the month (28 in every February) and
    the mean temperature of each calendar month over all years. It knows neither sun, wind nor
    humidity, and answers too strongly to warming: it is here to compare with published SPEI, not
    to monitor with.

    Parameters
    ----------
    tmean_c : monthly means of temperature, °C, time on the last axis
    latitude_deg : degrees; one number, or an array with 1 on the last axis that broadcasts against
        the places, such as (places, 1)
    first_month : calendar month of the first value
    reference : the time steps whose means make the heat index I; all of them by default, as in R.
        With the years fixed, a new month does not change the old ones

    Returns
    -------
    mm a month, of the shape of tmean_c broadcast with the latitudes. NaN where the temperature is,
    and for all of a place that lacks a calendar month altogether, whose heat index is not known.

    Raises
    ------
    ValueError : a temperature or latitude that cannot be (the message names the first), latitudes
        along the time axis, an empty reference.

    Notes
    -----
    As R, it keeps the power law above 26.5 °C, where Thornthwaite's table and programs with
    Willmott's parabola flatten out, and takes one index I for all years, where xclim takes one a
    year. By default R stops at missing values; else a calendar month without any
    counts as 0 in its index. Where no month is above 0 °C PET is 0; R gives NaN when it has such a
    place among others. With a `ts` object R counts leap days, which moves those Februaries by 1/28.

    References
    ----------
    Thornthwaite, C. W. (1948). An approach toward a rational classification of climate.
    Geographical Review 38(1), 55-94. Beguería, S. & Vicente-Serrano, S. M.: R package SPEI,
    function `thornthwaite`.

    Examples
    --------
    >>> year = [-0.4, -2.1, 5.3, 12.7, 17.8, 26.2, 30.5, 27.9, 22.9, 14.9, 8.3, 3.4]
    >>> et0_thornthwaite(year, latitude_deg=37.6475).round(1)[[0, 6]]
    array([  0. , 209.4])
    """
    tmean = temperature(as_series(tmean_c), "tmean_c")
    why = "latitude is in -90 to 90 degrees"
    latitude = within(latitude_deg, "latitude_deg", -90.0, 90.0, why)
    if latitude.ndim and latitude.shape[-1] != 1:
        raise ValueError(
            f"latitude_deg has shape {latitude.shape}: its last axis is time and must be 1"
        )

    index = _heat_index(fold_reference(tmean, 12, first_month, reference))
    exponent = ((6.75e-7 * index - 7.71e-5) * index + 0.01792) * index + 0.49239
    cosine = -np.tan(np.radians(latitude)) * np.tan(_THORNTHWAITE_DECLINATION)
    hours = 24.0 / np.pi * np.arccos(np.clip(cosine, -1.0, 1.0))
    month_factor = 16.0 * hours / 12.0 * _MONTH_DAYS / 30.0
    warmth = 10.0 * np.maximum(tmean, 0.0) / np.where(index == 0.0, 1.0, index)[..., None]
    pet = np.power(warmth, exponent[..., None])
    pet = pet * month_factor[..., season_of(tmean.shape[-1], 12, first_month)]
    return np.asarray(np.where(index[..., None] == 0.0, 0.0 * tmean, pet))


def _heat_index(folded: FloatArray) -> FloatArray:
    """Thornthwaite's annual heat index of temperatures (..., 12, years): (...)."""
    known = ~np.isnan(folded)
    years = known.sum(axis=-1)
    total = np.where(known, folded, 0.0).sum(axis=-1)
    normal = np.where(years > 0, total / np.maximum(years, 1), np.nan)
    return np.asarray(np.power(np.maximum(normal, 0.0) / 5.0, 1.514).sum(axis=-1))


def _first_known(values: FloatArray, otherwise: FloatArray) -> FloatArray:
    return np.asarray(np.where(np.isnan(values), otherwise, values))


def _or_else(temp_c: ArrayLike | None, name: str, otherwise: FloatArray) -> FloatArray:
    """The temperature where it is given, else `otherwise`."""
    return otherwise if temp_c is None else _first_known(temperature(temp_c, name), otherwise)


def _unknown_unless(values: ArrayLike | None, name: str, what: str) -> FloatArray:
    return np.asarray(np.nan) if values is None else not_negative(values, name, what)


def _methods(
    et0: FloatArray, no_humidity: BoolArray, no_radiation: BoolArray, no_wind: BoolArray
) -> NDArray[np.object_]:
    """The name of what was estimated; None where there is no ET0."""
    names = np.array([*PENMAN_MONTEITH_METHODS, None], dtype=object)
    code = no_humidity * np.int8(1) + no_radiation * np.int8(2) + no_wind * np.int8(4)
    code = np.where(np.isnan(et0), np.int8(len(PENMAN_MONTEITH_METHODS)), code)
    return np.asarray(names[np.asarray(code)], dtype=object)
