"""Standardised indices: how unusual a total is for its place and season, in standard deviations.

Two steps, kept apart: a distribution is fitted to each calendar month of a reference period
(`fit_gamma`), and the totals of any period are read on it (`standardise`). The parameters are plain
arrays: a fit can be stored, and applied to the months that come in later.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc, ndtri

from geo_pipeline.indicators._arrays import (
    FloatArray,
    IntArray,
    Reference,
    as_series,
    fold_reference,
    positive_int,
    reject,
    season_of,
)
from geo_pipeline.indicators.aggregation import rolling_sum

MONTHS = 12

MIN_WET_YEARS = 4
"""Totals above zero that a calendar month needs for a fit. It only keeps out fits that say nothing:
a climate takes 30 years, and `aggregation.valid_years` tells how many there are."""

ROUNDING = 1e-12
"""L-CV up to which totals count as equal: the order of summing makes no more of equal months."""

BOUND = 3.09
"""Where indices end on either side: 1 in 1000, beyond what a century of months can tell."""


@dataclass(frozen=True, slots=True, eq=False)
class GammaParameters:
    """A gamma distribution with a mass at zero for each calendar month: (..., 12), January first.

    `shape` (no unit) and `scale` (unit of the totals) are NaN where there was too little to fit,
    `zero_share` (0-1, zeros among the valid totals) where there was no total at all.
    """

    shape: FloatArray
    scale: FloatArray
    zero_share: FloatArray

    def probability(self, totals: FloatArray, month: IntArray) -> FloatArray:
        """Probability of at most `totals` (..., time) in `month` (time,), 0 for January to 11."""
        dry = self.zero_share[..., month]
        wet = gammainc(self.shape[..., month], totals / self.scale[..., month])
        return np.asarray(dry + (1.0 - dry) * wet)


def l_moments(sample: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""First two unbiased sample L-moments along the last axis, NaN left out.

    .. math::
        \ell_1 = \frac1n \sum_{j=1}^{n} x_{(j)}, \qquad
        \ell_2 = \frac{1}{n(n-1)} \sum_{j=1}^{n-1} j\,(n-j)\,\left(x_{(j+1)} - x_{(j)}\right)

    The second is the :math:`2 b_1 - b_0` of the unbiased probability weighted moments, written over
    the gaps between neighbours: nothing cancels, and equal values give exactly 0.

    Parameters
    ----------
    sample : (..., n), any unit

    Returns
    -------
    l1, l2 : (...), unit of the sample: NaN where fewer than one (l1) or two (l2) values are valid.

    References
    ----------
    Hosking, J. R. M. (1990). L-moments: analysis and estimation of distributions using linear
    combinations of order statistics. J. R. Stat. Soc. B 52(1), 105-124.
    """
    ordered = np.sort(np.ascontiguousarray(sample), axis=-1)  # NaN last
    missing = np.isnan(ordered)
    n = np.count_nonzero(~missing, axis=-1)
    below = np.arange(1, ordered.shape[-1])
    pairs = below * (n[..., np.newaxis] - below)  # pairs of values that a gap lies between
    gaps = np.diff(ordered, axis=-1)
    gaps[missing[..., 1:]] = 0.0
    gaps *= pairs
    ordered[missing] = 0.0
    with np.errstate(invalid="ignore"):
        return ordered.sum(axis=-1) / n, gaps.sum(axis=-1) / (n * (n - 1))


def gamma_shape(l_cv: FloatArray) -> FloatArray:
    r"""Shape of the gamma distribution whose :math:`t = \ell_2/\ell_1` (L-CV) is given.

    Hosking's rational approximation, within 5e-5 of the shape:

    .. math::
        \alpha = \begin{cases}
        \dfrac{1 - 0.3080 z}{z - 0.05812 z^2 + 0.01765 z^3}, & z = \pi t^2, & 0 < t < 1/2 \\[2ex]
        \dfrac{0.7213 z - 0.5947 z^2}{1 - 2.1817 z + 1.2113 z^2}, & z = 1 - t, & 1/2 \le t < 1
        \end{cases}

    Parameters
    ----------
    l_cv : any shape, no unit

    Returns
    -------
    Same shape, no unit: NaN outside 0 < t < 1, where no distribution of positive values is.

    References
    ----------
    Hosking, J. R. M. (1996). Fortran routines for use with the method of L-moments, version 3. IBM
    Research Report RC 20525 (routine PELGAM).
    """
    t = np.where((l_cv > 0.0) & (l_cv < 1.0), l_cv, np.nan)
    z = np.pi * t * t
    symmetric = (1.0 - 0.3080 * z) / (z * (1.0 - z * (0.05812 - z * 0.01765)))
    z = 1.0 - t
    skewed = z * (0.7213 - z * 0.5947) / (1.0 - z * (2.1817 - z * 1.2113))
    return np.where(t < 0.5, symmetric, skewed)


def fit_gamma(
    totals: ArrayLike, *, first_month: int = 1, reference: Reference = None
) -> GammaParameters:
    r"""Fit a gamma distribution with a mass at zero to each calendar month, by L-moments.

    The totals above zero give the shape :math:`\alpha` (`gamma_shape` of their L-CV) and the scale
    :math:`\ell_1 / \alpha`; the others give the share of zeros.

    Parameters
    ----------
    totals : (..., time), monthly, any unit
    first_month : calendar month (1-12) of the first total
    reference : the totals to fit, None for all; `(start, stop)` or a slice of time steps

    Returns
    -------
    GammaParameters (..., 12). Shape and scale are NaN for a calendar month with fewer than
    `MIN_WET_YEARS` totals above zero, and for one where these are all equal (but for `ROUNDING`). A
    month that is always dry is among the first: it tells nothing of how unusual rain would be.

    Raises
    ------
    ValueError : a negative or infinite total, `first_month` outside 1-12, a reference that selects
        nothing.
    """
    sample = fold_reference(_water(totals, "totals"), MONTHS, first_month, reference)
    valid = np.count_nonzero(~np.isnan(sample), axis=-1)
    sample[sample == 0.0] = np.nan
    wet = np.count_nonzero(~np.isnan(sample), axis=-1)
    l1, l2 = l_moments(sample)
    fits = (wet >= MIN_WET_YEARS) & (l2 > ROUNDING * l1)
    shape = gamma_shape(np.where(fits, l2 / l1, np.nan))
    with np.errstate(invalid="ignore"):
        return GammaParameters(shape, l1 / shape, (valid - wet) / valid)


def standardise(
    totals: ArrayLike,
    parameters: GammaParameters,
    *,
    first_month: int = 1,
    bound: float | None = BOUND,
) -> FloatArray:
    r"""Totals as quantiles of the standard normal distribution, by the probability of a fit.

    .. math:: Z = \Phi^{-1}(H), \qquad H = q + (1 - q)\,G_{\alpha,\beta}(x)

    Parameters
    ----------
    totals : (..., time), monthly, unit of the fit
    parameters : (..., 12), of the same places, or of one for all of them
    first_month : calendar month (1-12) of the first total
    bound : largest absolute value; None leaves the tails as they come out, infinite where H rounds
        to 0 or 1 (a dry total in a month that never was, a wet one beyond 8.2 standard deviations)

    Returns
    -------
    (..., time), no unit: NaN where the total or the month's parameters are.

    Raises
    ------
    ValueError : a negative or infinite total, `first_month` outside 1-12, `bound` not above 0.
    """
    if bound is not None and not bound > 0.0:
        raise ValueError(f"bound must be above 0, or None, got {bound}")
    series = _water(totals, "totals")
    month = season_of(series.shape[-1], MONTHS, first_month)
    z: FloatArray = ndtri(parameters.probability(series, month))
    return z if bound is None else z.clip(-bound, bound)


def spi(
    precip: ArrayLike,
    scale: int,
    *,
    first_month: int = 1,
    reference: Reference = None,
    bound: float | None = BOUND,
) -> FloatArray:
    r"""Standardised Precipitation Index: the rain of `scale` months against that of other years.

    .. math::
        SPI_t = \Phi^{-1}\left(q_m + (1 - q_m)\,G_{\alpha_m,\beta_m}(x_t)\right), \qquad
        x_t = \sum_{i=0}^{scale-1} P_{t-i}

    with :math:`q_m` the share of zeros among the valid reference totals of calendar month
    :math:`m`, and :math:`G` the gamma distribution fitted to the others by unbiased L-moments
    (`fit_gamma`).

    Parameters
    ----------
    precip : (..., time), mm a month, NaN for missing; computed in float64 whatever its type
    scale : number of months summed, at least 1
    first_month : calendar month (1-12) of the first value; first and last year may be partial
    reference : the months whose totals are fitted, None for all; `(start, stop)` or a slice,
        positions on the time axis of `precip`, `stop` excluded. A total belongs to the month it
        *ends* in, so the first ones reach back before `start`. Months outside are standardised like
        those inside
    bound : largest absolute value, 3.09 (1 in 1000) unless told; None for none

    Returns
    -------
    (..., time), no unit, negative for dry. NaN where the window holds a missing month or starts
    before the series (everywhere, if it is longer), and in the calendar months that cannot be
    fitted: fewer than 4 totals above zero in the reference, or all of those equal. Each place is
    computed for itself: alone or among others, its values are the same to the bit.

    Raises
    ------
    ValueError : negative or infinite rain (the message names the first), `scale` below 1,
        `first_month` outside 1-12, a reference that selects nothing, `bound` not above 0.

    References
    ----------
    McKee, T. B., Doesken, N. J. & Kleist, J. (1993). The relationship of drought frequency and
    duration to time scales. 8th Conference on Applied Climatology, AMS, 179-184.
    WMO (2012). Standardized Precipitation Index user guide. WMO-No. 1090.

    Examples
    --------
    >>> import numpy as np
    >>> rain = np.random.default_rng(0).gamma(2.0, 30.0, size=(101, 360))
    >>> spi(rain, 3).shape
    (101, 360)
    """
    totals = rolling_sum(_water(precip, "precip"), positive_int(scale, "scale"))
    parameters = fit_gamma(totals, first_month=first_month, reference=reference)
    return standardise(totals, parameters, first_month=first_month, bound=bound)


def _water(values: ArrayLike, name: str) -> FloatArray:
    """A series of amounts of water; ValueError names the first that is negative or infinite."""
    series = as_series(values)
    offending = (series < 0.0) | np.isinf(series)
    reject(offending, series, name, "an amount of water is finite and not negative")
    return series
