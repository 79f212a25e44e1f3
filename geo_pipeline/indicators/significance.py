"""Significance of many tests at once: the false discovery rate.

The tests themselves are in `trends` (one for each place) and `clusters`.
"""

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import (
    BoolArray,
    as_series,
    reject,
)


def false_discovery(p_values: ArrayLike, level: float = 0.1) -> BoolArray:
    r"""Which of many tests hold, if a share of `level` of those that do may be false.

    The step-up rule of Benjamini and Hochberg: with :math:`p_{(1)} \le \dots \le p_{(m)}`,

    .. math:: p \le \max\left\{p_{(k)} : p_{(k)} \le \frac{k}{m}\,level\right\}

    If any does, the map as a whole is significant, too: for places as alike as neighbours are,
    Wilks uses twice the wanted level for that, so 0.1 corresponds to 5 %.

    Parameters
    ----------
    p_values : (..., tests), 0-1: the places of a map. Each leading element is a family of its own
    level : false discovery rate, above 0 and at most 1

    Returns
    -------
    (..., tests), boolean: False for NaN, which is no test and not counted as one.

    Raises
    ------
    ValueError : a p-value outside 0-1 (the message names the first), a level outside 0-1.

    References
    ----------
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. J. R. Stat. Soc. B
    57, 289-300.
    Wilks, D. S. (2016). "The stippling shows statistically significant grid points". Bull. Am.
    Meteorol. Soc. 97, 2263-2273.

    Examples
    --------
    >>> false_discovery([0.01, 0.04, float("nan"), 0.5], level=0.1).tolist()
    [True, True, False, False]
    """
    p = as_series(p_values)
    reject((p < 0.0) | (p > 1.0), p, "p_values", "a p-value is in 0-1")
    if not 0.0 < level <= 1.0:
        raise ValueError(f"level must be above 0 and at most 1, got {level}")
    ordered = np.sort(p, axis=-1)
    tests = np.count_nonzero(~np.isnan(p), axis=-1)[..., np.newaxis]
    rank = np.arange(1, p.shape[-1] + 1)
    passed = np.where(ordered * tests <= rank * level, ordered, -1.0)
    return np.asarray(p <= passed.max(axis=-1, keepdims=True, initial=-1.0))
