"""Drought classes, names for ranges of an index: D4 (exceptional drought) to W2 (extremely wet).

The dry side is the US Drought Monitor's. Its printed ranges ("-0.5 to -0.79", "-0.8 to -1.29") are
closed into limits without gaps, each limit belonging to its drier class; the wet side is that of
WMO-No. 1090. Also here: WMO-No. 1090's seven classes, the seven of the French groundwater
indicator, the four levels of water restriction. Classes are in object arrays: a string, or None
where unknown.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from geo_pipeline.indicators._arrays import FloatArray, IntArray, as_float, reject

ClassArray = NDArray[np.object_]

DROUGHT_CLASSES = ("D4", "D3", "D2", "D1", "D0", "normal", "W0", "W1", "W2")
"""All class codes, driest first."""

SEVERITY = {code: 5 - position for position, code in enumerate(DROUGHT_CLASSES)}
"""5 for D4 down to 1 for D0, 0 for normal, -1 for W0 down to -3 for W2."""

WMO_CLASSES = (
    "extremely_dry",
    "severely_dry",
    "moderately_dry",
    "near_normal",
    "moderately_wet",
    "very_wet",
    "extremely_wet",
)
"""The classes of WMO-No. 1090, driest first."""

GROUNDWATER_CLASSES = (
    "tres_bas",
    "bas",
    "moderement_bas",
    "normal",
    "moderement_haut",
    "haut",
    "tres_haut",
)
"""Groundwater levels, lowest first; the return periods are 10 years at the ends, then 5, then
2.5."""


# The highest values of D4, D3, D2, D1 and D0; the lowest of W0, W1 and W2.
INDEX_DRY_LIMITS = (-2.0, -1.6, -1.3, -0.8, -0.5)
INDEX_WET_LIMITS = (1.0, 1.5, 2.0)
PERCENTILE_DRY_LIMITS = (2.0, 5.0, 10.0, 20.0, 30.0)
# The limit of drought (D1): a drought starts where the index, or the rank, falls to it.
INDEX_DROUGHT_LIMIT, PERCENTILE_DROUGHT_LIMIT = (
    limits[DROUGHT_CLASSES.index("D1")] for limits in (INDEX_DRY_LIMITS, PERCENTILE_DRY_LIMITS)
)
# Other years without which the limit of a class is not known: the driest of 9 is at 10 % (D2).
LIMIT_NEEDS = {"d2_pct": 9, "d3_pct": 19, "d4_pct": 49}
PERCENTILE_WET_LIMITS = tuple(100.0 * float(ndtr(z)) for z in INDEX_WET_LIMITS)
# The highest values of the three dry classes of WMO-No. 1090; its wet limits are those above.
WMO_DRY_LIMITS = (-2.0, -1.5, -1.0)
# For groundwater, the lowest values of bas, moderement_bas and normal, and the highest values of
# normal, moderement_haut and haut.
GROUNDWATER_LOW_LIMITS = (-1.28, -0.84, -0.25)
GROUNDWATER_HIGH_LIMITS = (0.25, 0.84, 1.28)


def usdm_class(index: ArrayLike) -> ClassArray:
    """Drought class of a standardised index (SPI, SPEI).

    D4 <= -2.0 < D3 <= -1.6 < D2 <= -1.3 < D1 <= -0.8 < D0 <= -0.5 < normal < 1.0 <= W0 < 1.5 <= W1
    < 2.0 <= W2.

    Parameters
    ----------
    index : any shape, no unit; float32 meets limits in float32, so its -1.3 is D2 as well. Infinite
        values (an index without a bound, beyond all it knows) are in the end classes

    Returns
    -------
    Same shape, class codes, None for NaN.

    References
    ----------
    https://droughtmonitor.unl.edu/About/AbouttheData/DroughtClassification.aspx
    WMO (2012). Standardized Precipitation Index user guide. WMO-No. 1090.

    Examples
    --------
    >>> usdm_class([-2.0, -1.99, -0.5, 0.0, 1.0, float("nan")]).tolist()
    ['D4', 'D3', 'D0', 'normal', 'W0', None]
    """
    return _classify(index, INDEX_DRY_LIMITS, INDEX_WET_LIMITS)


def usdm_position(index: ArrayLike) -> IntArray:
    """Position in `DROUGHT_CLASSES` of the class of a standardised index, for large arrays.

    Parameters
    ----------
    index : as in `usdm_class`

    Returns
    -------
    Same shape, 0 (D4) to 8 (W2), -1 for NaN.

    References
    ----------
    See `usdm_class`.

    Examples
    --------
    >>> usdm_position([-2.0, -0.5, 0.0, 2.0, float("nan")]).tolist()
    [0, 4, 5, 8, -1]
    """
    passed = _passed(index, INDEX_DRY_LIMITS, INDEX_WET_LIMITS)
    passed[np.isnan(as_float(index))] = -1
    return passed


def usdm_class_from_percentile(percentile: ArrayLike) -> ClassArray:
    """Drought class of a percentile among the same season of other years.

    D4 <= 2 < D3 <= 5 < D2 <= 10 < D1 <= 20 < D0 <= 30 < normal; wet from where a normal variable
    reaches the limits of `usdm_class`: W0 at 84.13, W1 at 93.32, W2 at 97.72.

    Parameters
    ----------
    percentile : any shape, 0-100 (not 0-1)

    Returns
    -------
    Same shape, class codes, None for NaN.

    Raises
    ------
    ValueError : a percentile outside 0-100 (the message names the first).

    References
    ----------
    https://droughtmonitor.unl.edu/About/AbouttheData/DroughtClassification.aspx
    WMO (2012). Standardized Precipitation Index user guide. WMO-No. 1090.

    Examples
    --------
    >>> usdm_class_from_percentile([2.0, 20.0, 50.0]).tolist()
    ['D4', 'D1', 'normal']
    """
    values = as_float(percentile)
    reject((values < 0.0) | (values > 100.0), values, "percentile", "a percentile is in 0-100")
    return _classify(percentile, PERCENTILE_DRY_LIMITS, PERCENTILE_WET_LIMITS)


def wmo_class(index: ArrayLike) -> ClassArray:
    """Class of a standardised index in the words of WMO-No. 1090.

    extremely_dry <= -2.0 < severely_dry <= -1.5 < moderately_dry <= -1.0 < near_normal < 1.0 <=
    moderately_wet < 1.5 <= very_wet < 2.0 <= extremely_wet: the printed ranges ("-1.0 to -1.49")
    closed as in `usdm_class`, each limit with the class further from normal.

    Parameters
    ----------
    index : any shape, no unit; float32 meets limits in float32

    Returns
    -------
    Same shape, codes of `WMO_CLASSES`, None for NaN.

    References
    ----------
    WMO (2012). Standardized Precipitation Index user guide. WMO-No. 1090, table 1.
    """
    return _classify(index, WMO_DRY_LIMITS, INDEX_WET_LIMITS, WMO_CLASSES)


def groundwater_class(index: ArrayLike) -> ClassArray:
    """Class of the French standardised piezometric index (IPS, indicateur piezometrique standard).

    tres_bas < -1.28 <= bas < -0.84 <= moderement_bas < -0.25 <= normal <= 0.25 < moderement_haut
    <= 0.84 < haut <= 1.28 < tres_haut. The source prints the two ends as open ("< -1.28",
    "> 1.28"), so a limit there goes to the milder class; the inner limits, which it leaves to both
    neighbours, follow them here.

    Parameters
    ----------
    index : any shape, no unit; float32 meets limits in float32

    Returns
    -------
    Same shape, codes of `GROUNDWATER_CLASSES`, None for NaN.

    References
    ----------
    https://info-secheresse.fr (legend of a groundwater body)
    """
    return _classify(
        index,
        GROUNDWATER_LOW_LIMITS,
        GROUNDWATER_HIGH_LIMITS,
        GROUNDWATER_CLASSES,
        limit_to_outer=False,
    )


def severity_rank(classes: ArrayLike) -> FloatArray:
    """Classes as numbers that grow with drought, to compare and to sort by: those of `SEVERITY`.

    Parameters
    ----------
    classes : any shape, class codes; None, NaN or "" where nothing is known

    Returns
    -------
    Same shape: NaN where nothing is known.

    Raises
    ------
    ValueError : a code that is not in `DROUGHT_CLASSES`.
    """
    return _rank(classes, SEVERITY, "drought class")


def dsci(shares: Mapping[str, ArrayLike]) -> FloatArray:
    r"""Drought Severity and Coverage Index: how much of an area is in drought, and how deep.

    .. math:: DSCI = D_0 + 2\,D_1 + 3\,D_2 + 4\,D_3 + 5\,D_4

    Parameters
    ----------
    shares : class code to the percentage of the area in it, arrays that broadcast against each
        other. The shares are categorical: each part of the area counts once (not the cumulative "D1
        or worse" that the Drought Monitor prints too). A class left out is 0 %; normal and wet
        weigh nothing

    Returns
    -------
    0 (no drought) to 500 (D4 everywhere): NaN where a share is.

    Raises
    ------
    ValueError : an unknown class, a negative share, more than 100 % in all (0.1 allowed for
        rounding).

    References
    ----------
    https://droughtmonitor.unl.edu/About/AbouttheData/DSCI.aspx

    Examples
    --------
    >>> float(dsci({"D0": 25.0, "D1": 10.0, "D3": 5.0}))
    65.0
    """
    if unknown := shares.keys() - SEVERITY.keys():
        raise ValueError(f"unknown drought classes {', '.join(sorted(unknown))}")
    covered = total = np.zeros(())
    for code, severity in SEVERITY.items():
        share = as_float(shares.get(code, 0.0))
        reject(share < 0.0, share, f"share of {code}", "a share is not negative")
        covered = np.add(covered, share)
        total = np.add(total, max(severity, 0) * share)
    covered = np.asarray(covered)
    reject(covered > 100.1, covered, "sum of shares", "categorical shares add up to 100 % at most")
    return np.asarray(total)


def _classify(
    values: ArrayLike,
    dry: tuple[float, ...],
    wet: tuple[float, ...],
    classes: tuple[str, ...] = DROUGHT_CLASSES,
    *,
    limit_to_outer: bool = True,
) -> ClassArray:
    """Class by the number of limits passed, the limits rounded to the precision of the values.

    A limit belongs to the class on its outer side, away from normal, or else on its inner side.
    """
    above, from_there = (dry, wet) if limit_to_outer else (wet, dry)
    passed = _passed(values, above, from_there)
    passed[np.isnan(as_float(values))] = len(classes)
    codes = np.array([*classes, None], dtype=object)
    return np.asarray(codes[passed.ravel()].reshape(passed.shape), dtype=object)


def _passed(values: ArrayLike, above: tuple[float, ...], from_there: tuple[float, ...]) -> IntArray:
    """Number of limits passed: those that a value must be above, and those it may be at."""
    numbers, given = as_float(values), np.asarray(values).dtype
    precision = given if given.kind == "f" else np.dtype(np.float64)
    passed = np.zeros(numbers.shape, dtype=np.int64)
    for limit in np.array(above, dtype=precision):
        passed += numbers > limit
    for limit in np.array(from_there, dtype=precision):
        passed += numbers >= limit
    return passed


def positions(codes: ArrayLike, known: Iterable[str], what: str) -> IntArray:
    """Position of each code among the known ones, -1 for None, NaN, NA and "".

    ValueError for any other value, numbers too: a rank is not a code.
    """
    place = {code: position for position, code in enumerate(known)}
    array = np.asarray(codes, dtype=object)
    found = np.full(array.size, -1, dtype=np.int64)
    for i, code in enumerate(array.ravel()):
        number = isinstance(code, int | float) and not math.isnan(code)
        if number or (isinstance(code, str) and code):
            if code not in place:
                raise ValueError(f"unknown {what} {code!r}, expected {', '.join(place)}")
            found[i] = place[code]
    return found.reshape(array.shape)


def _rank(classes: ArrayLike, ranks: Mapping[str, int], what: str) -> FloatArray:
    """The number of each code, NaN where there is no code."""
    numbers = np.array([*ranks.values(), np.nan], dtype=np.float64)
    return np.asarray(numbers[positions(classes, ranks, what)])
