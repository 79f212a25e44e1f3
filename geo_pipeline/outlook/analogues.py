"""Analogues: the past years that were most similar to this one on the day of issue.

They illustrate a forecast and do not make one. An ensemble of only the nearest years has no more
skill: the balance starts from the present soil anyway, and fewer members sample the weather less
well. `just outlook` measures this on the data at hand (docs/outlook.md).
"""

import numpy as np

from geo_pipeline.outlook.ensemble import Array, Mask, Positions


def nearest_years(now: Array, others: Array, count: int) -> Positions:
    """Return the other years in the order of their similarity to this one.

    Parameters
    ----------
    now : (..., features), such as the wetness of the last dekads
    others : (..., years, features), the same of other years, NaN where it is not known
    count : how many years to return

    Returns
    -------
    (..., count), positions among the years, the most similar first; -1 where no more are known.

    Notes
    -----
    Features are divided by their standard deviation over the other years, so that their units do
    not matter.

    Examples
    --------
    >>> nearest_years(np.array([0.5]), np.array([[0.9], [0.45], [np.nan], [0.6]]), 2)
    array([1, 3])
    """
    known: Mask = np.asarray(~np.isnan(others).any(axis=-1))
    filled = np.where(known[..., np.newaxis], others, 0.0)
    years = np.maximum(known.sum(axis=-1), 1)[..., np.newaxis]
    mean = filled.sum(axis=-2) / years
    deviation = np.where(known[..., np.newaxis], others - mean[..., np.newaxis, :], 0.0)
    spread = np.sqrt((deviation**2).sum(axis=-2) / years)
    scaled = (others - now[..., np.newaxis, :]) / np.where(spread > 0.0, spread, 1.0)[
        ..., np.newaxis, :
    ]
    distance = np.where(known, (scaled**2).sum(axis=-1), np.inf)
    order = np.argsort(distance, axis=-1, kind="stable")[..., :count]
    is_known = np.isfinite(np.take_along_axis(distance, order, axis=-1))
    return np.asarray(np.where(is_known, order, -1))
