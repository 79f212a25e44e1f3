"""Past years that were most like this one at the day of issue: an explanation, not a forecast.

To take only the nearest years as members of the ensemble adds no skill: what the state of the soil
tells, the balance that starts from it has told already, and fewer members tell less of the weather.
`just outlook` measures it on the data at hand and writes it into docs/outlook.md.
"""

import numpy as np

from geo_pipeline.outlook.ensemble import Array, Mask, Positions


def nearest_years(now: Array, others: Array, count: int) -> Positions:
    """Return the other years in the order of how much they are like this one.

    Parameters
    ----------
    now : (..., features), such as the wetness of the last dekads
    others : (..., years, features), the same of other years, NaN where it is not known
    count : how many years to return

    Returns
    -------
    (..., count), positions among the years, the most alike first; -1 beyond the last that is known.

    Notes
    -----
    The distance is that of features in standard deviations of the other years, so that none counts
    more for the unit it is in.

    Examples
    --------
    >>> nearest_years(np.array([0.5]), np.array([[0.9], [0.45], [np.nan], [0.6]]), 2)
    array([1, 3])
    """
    known: Mask = np.asarray(~np.isnan(others).any(axis=-1))
    filled = np.where(known[..., np.newaxis], others, 0.0)
    years = np.maximum(known.sum(axis=-1), 1)[..., np.newaxis]
    mean = filled.sum(axis=-2) / years
    apart = np.where(known[..., np.newaxis], others - mean[..., np.newaxis, :], 0.0)
    spread = np.sqrt((apart**2).sum(axis=-2) / years)
    scaled = (others - now[..., np.newaxis, :]) / np.where(spread > 0.0, spread, 1.0)[
        ..., np.newaxis, :
    ]
    distance = np.where(known, (scaled**2).sum(axis=-1), np.inf)
    order = np.argsort(distance, axis=-1, kind="stable")[..., :count]
    there = np.isfinite(np.take_along_axis(distance, order, axis=-1))
    return np.asarray(np.where(there, order, -1))
