"""The combined drought indicator: rain, soil and crop as one stage of a cascade.

It follows the CDI of the European Drought Observatory (EDO): a rainfall deficit (watch) dries the
soil (warning), which harms the vegetation (alert). **Crop water stress replaces the EDO's fAPAR
anomaly**: an alert here means that crops are shorter of water than usual for the season, not that a
satellite sees less green. `COMBINED_CLASS_NAMES` says so in words.

Three conditions are read from four standardised anomalies, negative is dry:

- rainfall deficit: SPI-3 < -1 or SPI-1 < -2;
- soil: dry below -1 (the EDO's pF anomaly above 1), low in [-1, 0), well from 0 on;
- crop: stressed below -1 (the EDO's fAPAR anomaly), low in [-1, 0), well from 0 on.

An input that is NaN may have any value: the class is given where every value that the missing
inputs (and a missing class before) could have leads to the same class, and is None elsewhere. So a
rainfall deficit with stressed crops is an alert whatever the soil; with unknown crops it has no
class.
"""

from collections.abc import Callable
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_pipeline.indicators._arrays import FloatArray, as_float, reject
from geo_pipeline.indicators.classes import ClassArray, positions

COMBINED_CLASSES = (
    "normal",
    "watch",
    "warning",
    "alert",
    "recovery",
    "temporary_soil_recovery",
    "temporary_crop_water_recovery",
)
"""Classes of the 2021 revision, at the positions that are their codes in the EDO's files (0-6)."""

COMBINED_CLASSES_V1 = ("normal", "watch", "warning", "alert", "recovery", "partial_recovery")
"""Classes of the first version with its two kinds of recovery."""

COMBINED_CLASS_NAMES = {
    "normal": "No drought",
    "watch": "Watch: rainfall deficit",
    "warning": "Warning: soil moisture deficit with or after a rainfall deficit",
    "alert": "Alert: crop water stress (in place of fAPAR) with or after a rainfall deficit",
    "recovery": "Recovery: rain, soil and crop water are back to normal",
    "partial_recovery": "Partial recovery: rain is back to normal, crop water stress lasts",
    "temporary_soil_recovery": "Temporary recovery of soil moisture, the drought is not over",
    "temporary_crop_water_recovery": (
        "Temporary recovery of crop water (in place of fAPAR), the drought is not over"
    ),
}
"""What each class means, in words fit for a legend."""

SHORTAGES = ("none", "month", "season", "year")
"""Kinds of rainfall deficit: see `rainfall_shortage`."""

SPI_1_LIMIT = -2.0
SPI_3_LIMIT = -1.0
SPI_12_LIMIT = -1.0
ANOMALY_LIMIT = -1.0
RECOVERED = 0.0

DRY, LOW, WELL = range(3)
NORMAL, WATCH, WARNING, ALERT, RECOVERY, TEMPORARY_SOIL, TEMPORARY_CROP = range(7)
PARTIAL_RECOVERY = 5  # in the place of TEMPORARY_SOIL

IntTable = NDArray[np.int64]
# The class that follows from the one before, a rainfall deficit, the soil, the crop.
Rule = Callable[[int, bool, int, int], int]


def combined_class(
    spi_1: ArrayLike,
    spi_3: ArrayLike,
    soil_moisture_anomaly: ArrayLike,
    crop_water_anomaly: ArrayLike,
) -> ClassArray:
    """Stage of the drought cascade, from the anomalies of one moment (CDI version 1, no memory).

    =======  =====  =====  ==============================
    rain     soil   crop   class
    =======  =====  =====  ==============================
    normal   any    any    normal
    deficit  any    < -1   alert
    deficit  < -1   >= -1  warning
    deficit  >= -1  >= -1  watch
    deficit  NaN    >= -1  None (watch or warning)
    deficit  any    NaN    None (watch, warning or alert)
    unknown  any    any    None
    =======  =====  =====  ==============================

    Rain is a deficit where SPI-3 < -1 or SPI-1 < -2, even with the other NaN; normal where both are
    known and neither holds; else unknown. Limits are strict, as printed.

    Parameters
    ----------
    spi_1, spi_3 : SPI of 1 and of 3 months, no unit
    soil_moisture_anomaly : standardised soil moisture (SSWI), negative is dry
    crop_water_anomaly : standardised water satisfaction of the crop (such as ETa/ETc), negative is
        stressed: **takes the place of the EDO's fAPAR anomaly**

    The shapes broadcast against each other; no time axis is needed.

    Returns
    -------
    Broadcast shape, the first four of `COMBINED_CLASSES`, None where the known inputs do not decide
    it. "alert" is crop water stress, where the EDO's alert is a low fAPAR.

    Raises
    ------
    ValueError : an infinite value.

    References
    ----------
    Sepulcre-Canto, G. et al. (2012). Development of a Combined Drought Indicator to detect
    agricultural drought in Europe. Nat. Hazards Earth Syst. Sci. 12, 3519-3531.
    https://edo.jrc.ec.europa.eu (legend of the CDI)

    Examples
    --------
    >>> dry, usual = -1.5, 0.2
    >>> combined_class(usual, dry, [usual, dry, dry], [usual, usual, dry]).tolist()
    ['watch', 'warning', 'alert']
    """
    rain, soil, crop = _conditions(spi_1, spi_3, soil_moisture_anomaly, crop_water_anomaly)
    after_normal = _sets_after(_first_version, len(COMBINED_CLASSES_V1))[1 << NORMAL]
    return _names(after_normal[rain, soil, crop], COMBINED_CLASSES_V1)


def combined_class_series(
    spi_1: ArrayLike,
    spi_3: ArrayLike,
    soil_moisture_anomaly: ArrayLike,
    crop_water_anomaly: ArrayLike,
    *,
    rules: Literal["v1", "v2"] = "v2",
    previous: ArrayLike | None = None,
) -> ClassArray:
    """Stage of the drought cascade with its recovery: what came before counts.

    `rules="v1"`: `combined_class`, and after a drought, once rain is no deficit any more,
    "partial_recovery" while the crop stays stressed, then "recovery" for one step.

    `rules="v2"`, the revision of 2021. "Active" is any class but normal and recovery:

    1. crop stressed, and rain in deficit or drought active before: alert;
    2. alert or temporary crop recovery before, and crop low: temporary_crop_water_recovery;
    3. soil dry, and rain in deficit or drought active before: warning;
    4. warning or temporary soil recovery before, and soil low: temporary_soil_recovery;
    5. rain in deficit: watch;
    6. drought active before: recovery; not active: normal.

    The first that holds decides. A dry soil or a stressed crop alone starts no drought.

    Parameters
    ----------
    spi_1, spi_3, soil_moisture_anomaly, crop_water_anomaly : see `combined_class`; (..., time),
        broadcasting against each other, the steps consecutive (dekads at the EDO)
    rules : "v1" or "v2"
    previous : class before the first step, broadcasting against (...); None for normal everywhere.
        An array may hold None, where it is unknown

    Returns
    -------
    (..., time), codes of `COMBINED_CLASSES_V1` or `COMBINED_CLASSES`; None where the known inputs
    do not decide it. After a gap every class that is still possible is followed along, and the
    series is known again as soon as one is left. "alert" and "temporary_crop_water_recovery" are
    about crop water stress, where the EDO's are about fAPAR.

    Raises
    ------
    ValueError : an infinite value, no time axis, unknown rules, an unknown previous class.

    Notes
    -----
    v1, sourced: the stages, and the meaning of both recoveries (rain normal but vegetation not;
    both normal, after a drought). Ours: that a partial recovery lasts while the stress does, and a
    recovery one step.

    v2, sourced: classes, codes, the use of the class before and the two temporary classes (paper
    and legend); the transitions from two open implementations, SpatIndex (of the paper) and DRYES
    (of the EDO's later factsheet, version 4), wherever they agree, the paper's body being out of
    reach. Where they differ: SpatIndex reads the temporary classes as an anomaly of 0 or more and
    ends the drought in [-1, 0); DRYES the other way round, as does the legend ("above the drought
    threshold but not enough to consider the episode closed"): the latter is taken. Version 4 also
    holds the stage in (-1, -0.5], closes a temporary recovery after four dekads, and lets a dry
    soil start a warning without a rainfall deficit: not done here.

    References
    ----------
    Cammalleri, C. et al. (2021). A revision of the Combined Drought Indicator (CDI) used in the
    European Drought Observatory (EDO). Nat. Hazards Earth Syst. Sci. 21, 481-495.
    https://doi.org/10.5194/nhess-21-481-2021
    """
    if rules not in ("v1", "v2"):
        raise ValueError(f"rules must be 'v1' or 'v2', got {rules!r}")
    rule, classes = (
        (_first_version, COMBINED_CLASSES_V1) if rules == "v1" else (_revision, COMBINED_CLASSES)
    )
    after = _sets_after(rule, len(classes))
    rain, soil, crop = _conditions(spi_1, spi_3, soil_moisture_anomaly, crop_water_anomaly)
    if rain.ndim == 0:
        raise ValueError("a series needs a time axis, got single numbers")
    possible = np.empty(rain.shape, dtype=np.int64)
    now = np.broadcast_to(_sets_of(previous, classes), rain.shape[:-1])
    for t in range(rain.shape[-1]):
        now = after[now, rain[..., t], soil[..., t], crop[..., t]]
        possible[..., t] = now
    return _names(possible, classes)


def rainfall_shortage(spi_1: ArrayLike, spi_3: ArrayLike, spi_12: ArrayLike) -> ClassArray:
    """How long the rainfall deficit of a watch has lasted, as the EDO's legend tells apart.

    "year" where SPI-3 < -1 and SPI-12 < -1; "season" where SPI-3 < -1 alone; "month" where only
    SPI-1 < -2; "none" where there is no deficit.

    Parameters
    ----------
    spi_1, spi_3, spi_12 : SPI of 1, 3 and 12 months, no unit; shapes that broadcast

    Returns
    -------
    Broadcast shape, codes of `SHORTAGES`, None where a NaN leaves it open.

    Raises
    ------
    ValueError : an infinite value.

    References
    ----------
    https://edo.jrc.ec.europa.eu (legend of the CDI)
    """
    month, season, year = np.broadcast_arrays(
        _finite(spi_1, "spi_1"), _finite(spi_3, "spi_3"), _finite(spi_12, "spi_12")
    )
    kinds = np.full(month.shape, None, dtype=object)
    no_season = season >= SPI_3_LIMIT
    kinds[no_season & (month >= SPI_1_LIMIT)] = "none"
    kinds[no_season & (month < SPI_1_LIMIT)] = "month"
    kinds[(season < SPI_3_LIMIT) & (year >= SPI_12_LIMIT)] = "season"
    kinds[(season < SPI_3_LIMIT) & (year < SPI_12_LIMIT)] = "year"
    return kinds


def _first_version(before: int, rain: bool, soil: int, crop: int) -> int:
    if rain:
        if crop == DRY:
            return ALERT
        return WARNING if soil == DRY else WATCH
    if before in (NORMAL, RECOVERY):
        return NORMAL
    return PARTIAL_RECOVERY if crop == DRY else RECOVERY


def _revision(before: int, rain: bool, soil: int, crop: int) -> int:
    active = before not in (NORMAL, RECOVERY)
    if crop == DRY and (rain or active):
        return ALERT
    if crop == LOW and before in (ALERT, TEMPORARY_CROP):
        return TEMPORARY_CROP
    if soil == DRY and (rain or active):
        return WARNING
    if soil == LOW and before in (WARNING, TEMPORARY_SOIL):
        return TEMPORARY_SOIL
    if rain:
        return WATCH
    return RECOVERY if active else NORMAL


@cache
def _sets_after(rule: Rule, classes: int) -> IntTable:
    """Classes that can follow, [class before, rain, soil, crop]: sets as bits, 1 << class.

    On the axis of each condition the last position is for an unknown one: the union of the others.
    """
    one = np.empty((classes, 3, 4, 4), dtype=np.int64)
    for before in range(classes):
        for rain, soil, crop in np.ndindex(2, 3, 3):
            one[before, rain, soil, crop] = 1 << rule(before, bool(rain), soil, crop)
    one[:, 2, :3, :3] = one[:, 0, :3, :3] | one[:, 1, :3, :3]
    one[:, :, 3, :3] = np.bitwise_or.reduce(one[:, :, :3, :3], axis=2)
    one[:, :, :, 3] = np.bitwise_or.reduce(one[:, :, :, :3], axis=3)
    after = np.zeros((1 << classes, 3, 4, 4), dtype=np.int64)
    for some in range(1, 1 << classes):
        lowest = (some & -some).bit_length() - 1
        after[some] = after[some & (some - 1)] | one[lowest]
    after.flags.writeable = False
    return after


def _sets_of(previous: ArrayLike | None, classes: tuple[str, ...]) -> IntTable:
    if previous is None:
        return np.array(1 << NORMAL, dtype=np.int64)
    before = positions(previous, classes, "previous class")
    anything = (1 << len(classes)) - 1
    return np.where(before < 0, anything, np.int64(1) << np.maximum(before, 0))


def _names(sets: IntTable, classes: tuple[str, ...]) -> ClassArray:
    """The class of each set with one member, None for larger sets."""
    names = np.full(1 << len(classes), None, dtype=object)
    for position, code in enumerate(classes):
        names[1 << position] = code
    return np.asarray(names[np.ravel(sets)].reshape(np.shape(sets)), dtype=object)


def _conditions(
    spi_1: ArrayLike, spi_3: ArrayLike, soil: ArrayLike, crop: ArrayLike
) -> list[NDArray[np.int64]]:
    """Rain 0 normal, 1 deficit, 2 unknown; soil and crop DRY, LOW, WELL, 3 unknown; broadcast."""
    month, season = _finite(spi_1, "spi_1"), _finite(spi_3, "spi_3")
    known_normal = (season >= SPI_3_LIMIT) & (month >= SPI_1_LIMIT)
    deficit = (season < SPI_3_LIMIT) | (month < SPI_1_LIMIT)
    rain = np.where(deficit, 1, np.where(known_normal, 0, 2))
    levels = [
        _level(_finite(soil, "soil_moisture_anomaly")),
        _level(_finite(crop, "crop_water_anomaly")),
    ]
    return list(np.broadcast_arrays(rain, *levels))


def _level(anomaly: FloatArray) -> NDArray[np.int64]:
    level = (anomaly >= ANOMALY_LIMIT).astype(np.int64) + (anomaly >= RECOVERED)
    return np.where(np.isnan(anomaly), 3, level)


def _finite(values: ArrayLike, name: str) -> FloatArray:
    numbers = as_float(values)
    reject(np.isinf(numbers), numbers, name, "an anomaly is finite")
    return numbers
