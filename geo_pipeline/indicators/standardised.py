"""Standardised indices: how unusual a value is for its place and season, in standard deviations.

`spi`, `spei`, `sswi` and `empirical_index` fit a distribution to each step of the year of a
reference period and read the values on it, both at once. The two steps kept apart, so that a fit
can be stored and applied to the months that come in later, are in `fits`; the distributions
themselves in `distributions`; classes of what comes out in `classes`.

| index | of | distribution |
|---|---|---|
| `spi` | rain | gamma or Pearson III above zero, with a mass at zero |
| `spei` | rain - ET0 | generalised logistic |
| `sswi` | soil wetness | Gaussian kernel estimate |
| `empirical_index` | anything | none: Gringorten's plotting positions |

Common to all of them:

- Time is on the last axis, any leading axes are places. Each place is computed for itself: alone or
  among others, in one thread or many, its values are the same to the bit.
- A year has `period` steps: 12 months or 36 dekads. The series starts in calendar month
  `first_month` (1-12), dekads with that month's first; or, given instead, at step `first_step`
  (1-12 or 1-36). There are no days here, so no leap days: a caller who sums days into months or
  dekads has dealt with them.
- `reference` is what is fitted: None for all, or `(start, stop)` or a slice, positions on the time
  axis, `stop` excluded. A total belongs to the step it *ends* in, so the first ones reach back
  before `start`. Values outside are standardised like those inside.
- `min_valid_share` (0-1) is the share of the reference's years that must have a value in a step of
  the year for that step to be fitted. The default 0 gives values for short records too;
  whatever it is, a fit takes `MIN_YEARS` (4) values.
- `bound` is the largest absolute value, 3.09 (1 in 1000) by default. None leaves the tails as they
  come out: infinite beyond the support of the distribution and where a probability rounds to 0 or 1
  (from 8.2 standard deviations on the wet side).
- NaN and masked elements are missing, in and out. All is computed in float64.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators import distributions
from geo_pipeline.indicators._arrays import (
    FloatArray,
    Reference,
    as_finite_series,
    positive_int,
    reference_ends,
)
from geo_pipeline.indicators.aggregation import rolling_sum
from geo_pipeline.indicators.distributions import (
    MIN_YEARS,
    ROUNDING,
    EmpiricalParameters,
    GammaParameters,
    KernelParameters,
    LogisticParameters,
    Parameters,
    Pearson3Parameters,
    l_moments,
)
from geo_pipeline.indicators.fits import (
    BOUND,
    GAMMA_FITS,
    MONTHS,
    Calendar,
    Method,
    as_water_series,
    by_place,
    calendar_of,
    fit_empirical,
    fit_gamma,
    fit_kernel,
    fit_logistic,
    fit_pearson3,
    limit_of,
    method_of,
    share_out,
    standardise,
    write_scores,
)
from geo_pipeline.indicators.gamma_shapes import gamma_shape

__all__ = [
    "BOUND",
    "MIN_YEARS",
    "ROUNDING",
    "EmpiricalParameters",
    "GammaParameters",
    "KernelParameters",
    "LogisticParameters",
    "Parameters",
    "Pearson3Parameters",
    "empirical_index",
    "fit_empirical",
    "fit_gamma",
    "fit_kernel",
    "fit_logistic",
    "fit_pearson3",
    "gamma_shape",
    "l_moments",
    "spei",
    "spi",
    "sswi",
    "standardise",
]

Distribution = Literal["gamma", "pearson3"]


def spi(
    precip: ArrayLike,
    scale: int,
    *,
    first_month: int = 1,
    reference: Reference = None,
    distribution: Distribution = "gamma",
    method: Method = "l-moments",
    period: int = MONTHS,
    first_step: int | None = None,
    min_valid_share: float = 0.0,
    bound: float | None = BOUND,
) -> FloatArray:
    r"""Standardised Precipitation Index: the rain of `scale` months against that of other years.

    .. math::
        SPI_t = \Phi^{-1}\left(q_m + (1 - q_m)\,G_m(x_t)\right), \qquad
        x_t = \sum_{i=0}^{scale-1} P_{t-i}

    with :math:`q_m` the share of zeros among the valid reference totals of calendar month
    :math:`m`, and :math:`G_m` the distribution fitted to the others.

    Parameters
    ----------
    precip : (..., time), mm a month (or dekad), NaN for missing
    scale : number of months (or dekads) summed, at least 1
    distribution : `gamma`, or `pearson3` (by L-moments only)
    method : of fitting the gamma: `l-moments` (unbiased), `thom` or `mle` (location 0); `fit_gamma`
    first_month, reference, period, first_step, min_valid_share, bound : see the module

    Returns
    -------
    (..., time), no unit, negative for dry. NaN where the window holds a missing month or starts
    before the series (everywhere, if it is longer), and in the calendar months that cannot be
    fitted: fewer than 4 totals above zero in the reference, or all of those equal.

    Raises
    ------
    ValueError : negative or infinite rain (the message names the first), `scale` below 1, an option
        outside its range, a reference that selects nothing.

    Notes
    -----
    Peers differ. climate-indices fits the gamma by Thom's approximation, xclim by maximum
    likelihood or Thom's ("APP"), R's SPEI by L-moments: all three are here. L-moments are the
    default, being the least upset by one wet year. A zero is at the upper end of its mass, as in
    McKee's H(0) = q, not at the middle that xclim and climate-indices offer besides. The gamma
    starts at 0: xclim fits its location unless `floc=0`, and rain below a fitted location
    has no probability. Pearson III is fitted to the totals above zero like the gamma; a lower end
    above zero puts what lies below it at the bound.

    References
    ----------
    McKee, T. B., Doesken, N. J. & Kleist, J. (1993). The relationship of drought frequency and
    duration to time scales. 8th Conference on Applied Climatology, AMS, 179-184.
    Guttman, N. B. (1999). Accepting the Standardized Precipitation Index: a calculation algorithm.
    J. Am. Water Resour. Assoc. 35(2), 311-322 (Pearson III by L-moments).
    WMO (2012). Standardized Precipitation Index user guide. WMO-No. 1090.

    Examples
    --------
    >>> import numpy as np
    >>> rain = np.random.default_rng(0).gamma(2.0, 30.0, size=(101, 360))
    >>> spi(rain, 3).shape
    (101, 360)
    """
    fit: Callable[[FloatArray], Parameters] = method_of(method, GAMMA_FITS, "method")
    if distribution not in get_args(Distribution):
        raise ValueError(f"distribution must be gamma or pearson3, got {distribution!r}")
    if distribution == "pearson3":
        if method != "l-moments":
            raise ValueError(f"Pearson III is fitted by l-moments, not by {method}")
        fit = distributions.pearson3_by_l_moments
    calendar = calendar_of(period, first_month, first_step, reference, min_valid_share)
    return _index(as_water_series(precip, "precip"), scale, fit, calendar, bound)


def spei(
    balance: ArrayLike,
    scale: int,
    *,
    first_month: int = 1,
    reference: Reference = None,
    period: int = MONTHS,
    first_step: int | None = None,
    min_valid_share: float = 0.0,
    bound: float | None = BOUND,
) -> FloatArray:
    r"""Standardised Precipitation Evapotranspiration Index: rain less ET0 against other years.

    .. math::
        SPEI_t = \Phi^{-1}(F_m(x_t)), \qquad x_t = \sum_{i=0}^{scale-1} (P - ET_0)_{t-i}, \qquad
        F(x) = \left(1 + \left(1 - k\,\frac{x - \xi}{a}\right)^{1/k}\right)^{-1}

    with the generalised logistic distribution of calendar month :math:`m` fitted by unbiased
    probability weighted moments (`distributions.logistic_by_l_moments`).

    Parameters
    ----------
    balance : (..., time), rain less reference evapotranspiration, mm a month (or dekad)
    scale : number of months (or dekads) summed, at least 1
    first_month, reference, period, first_step, min_valid_share, bound : see the module

    Returns
    -------
    (..., time), no unit, negative for dry. NaN where the window holds a missing month or starts
    before the series, and in the calendar months that cannot be fitted: fewer than 4 values in the
    reference, or all of them, or all but one, equal. A value outside the fitted support is at the
    bound: it is more extreme than anything the distribution knows (infinite with `bound=None`).

    Raises
    ------
    ValueError : an infinite balance (the message names the first), `scale` below 1, an option
        outside its range, a reference that selects nothing.

    Notes
    -----
    As R's SPEI with its default fit `ub-pwm`, and climate-indices' `loglogistic`: the three-
    parameter log-logistic of the paper is this distribution, and there fits `ub-pwm` in place of
    the paper's biased moments since 2014. xclim fits scipy's `fisk`, a log-logistic without the
    sign change that left-skewed balances need. Zeros have no mass of their own: a balance of 0 is a
    value like any other.

    References
    ----------
    Vicente-Serrano, S. M., Beguería, S. & López-Moreno, J. I. (2010). A multiscalar drought index
    sensitive to global warming: the Standardized Precipitation Evapotranspiration Index. J. Climate
    23(7), 1696-1718.
    Beguería, S., Vicente-Serrano, S. M., Reig, F. & Latorre, B. (2014). Standardized precipitation
    evapotranspiration index (SPEI) revisited. Int. J. Climatol. 34(10), 3001-3023.
    Hosking, J. R. M. & Wallis, J. R. (1997). Regional frequency analysis. Cambridge, app. A.7.
    """
    calendar = calendar_of(period, first_month, first_step, reference, min_valid_share)
    series = as_finite_series(balance, "balance")
    return _index(series, scale, distributions.logistic_by_l_moments, calendar, bound)


def sswi(
    swi: ArrayLike,
    scale: int = 1,
    *,
    first_month: int = 1,
    reference: Reference = None,
    period: int = MONTHS,
    first_step: int | None = None,
    min_valid_share: float = 0.0,
    bound: float | None = BOUND,
) -> FloatArray:
    r"""Standardised Soil Wetness Index: the soil of `scale` months against other years.

    .. math::
        SSWI_t = \Phi^{-1}(F_m(x_t)), \qquad x_t = \sum_{i=0}^{scale-1} SWI_{t-i}

    with :math:`F_m` a Gaussian kernel estimate of the distribution in calendar month :math:`m`
    (`distributions.kernel_estimate`). The sum is used for the mean: the index is the same.

    Parameters
    ----------
    swi : (..., time), soil wetness (or water, or any other store), mean of each month (or dekad)
    scale : number of months (or dekads), 1 for the wetness as it is
    first_month, reference, period, first_step, min_valid_share, bound : see the module

    Returns
    -------
    (..., time), no unit, negative for dry. NaN where the window holds a missing month or starts
    before the series, and in the calendar months that cannot be fitted: fewer than 4 values in the
    reference, or all of them equal (a soil that is full every January).

    Raises
    ------
    ValueError : an infinite value (the message names the first), `scale` below 1, an option outside
        its range, a reference that selects nothing.

    Notes
    -----
    Soil wetness lies between two ends it piles up at, in winter the upper and in summer the lower:
    no family of distributions fits all months. Météo-France's SSWI takes a kernel estimate for each
    calendar month, and so does this one. How wide the kernels are is ours: Silverman's rule, made
    for densities, blurs the short dry tail of a skewed or bounded month until -2 and less comes to
    0.3 % of the time in place of 2.3 %; a third of it keeps the shares of all classes within 1 % of
    the normal law's for normal, skewed and mildly bounded samples (docs/indicators.md). A kernel
    estimate is wider than its sample, by h²: the centres are drawn together until it is not. Beyond
    the driest reference year the estimate falls off with the width of one kernel, so what is much
    drier soon is at the bound: read that as "drier than ever", not as a return period.

    References
    ----------
    Vidal, J.-P., Martin, E., Franchistéguy, L., Habets, F., Soubeyroux, J.-M., Blanchard, M. &
    Baillon, M. (2010). Multilevel and multiscale drought reanalysis over France with the
    Safran-Isba-Modcou hydrometeorological suite. Hydrol. Earth Syst. Sci. 14, 459-478.
    """
    calendar = calendar_of(period, first_month, first_step, reference, min_valid_share)
    return _index(
        as_finite_series(swi, "swi"), scale, distributions.kernel_estimate, calendar, bound
    )


def empirical_index(
    values: ArrayLike,
    scale: int,
    *,
    first_month: int = 1,
    reference: Reference = None,
    period: int = MONTHS,
    first_step: int | None = None,
    min_valid_share: float = 0.0,
    bound: float | None = BOUND,
) -> FloatArray:
    r"""Standardised index without a distribution: ranks among other years as normal scores.

    .. math:: Z_t = \Phi^{-1}\left(\frac{r_t - 0.44}{n_m + 0.12}\right)

    with Gringorten's plotting position of the sum of `scale` months among the :math:`n_m` valid
    reference sums of its calendar month; ties, among them zeros, share their middle rank, and a
    value that is not in the reference ranks half-way between its neighbours there.

    Parameters
    ----------
    values : (..., time), any unit
    scale : number of months (or dekads) summed, at least 1
    first_month, reference, period, first_step, min_valid_share, bound : see the module

    Returns
    -------
    (..., time), no unit. It ends where the record does: the lowest of 30 years is at -2.08, and
    one lower than all of them at -2.88. Values that never change are at 0. NaN where the window
    holds a missing month or starts before the series, and in the calendar months with fewer than 4
    values in the reference.

    Raises
    ------
    ValueError : as in `sswi`.

    References
    ----------
    Farahmand, A. & AghaKouchak, A. (2015). A generalized framework for deriving nonparametric
    standardized drought indicators. Adv. Water Resour. 76, 140-145.
    Gringorten, I. I. (1963). A plotting rule for extreme probability paper. J. Geophys. Res. 68(3),
    813-814.
    """
    calendar = calendar_of(period, first_month, first_step, reference, min_valid_share)
    return _index(
        as_finite_series(values, "values"), scale, distributions.empirical, calendar, bound
    )


def _index(
    series: FloatArray,
    scale: int,
    fit: Callable[[FloatArray], Parameters],
    calendar: Calendar,
    bound: float | None,
) -> FloatArray:
    """Sum, fit and standardise, some places at a time."""
    scale, limit = positive_int(scale, "scale"), limit_of(bound)
    length = series.shape[-1]
    reference_ends(calendar.reference, length)
    flat, result = by_place(series, 1), np.empty(series.shape)
    out = result.reshape(flat.shape)  # a view

    def work(places: slice) -> None:
        totals = rolling_sum(flat[places], scale)
        values = calendar.fold(totals)
        parameters = fit(values if calendar.takes_all else calendar.sample(totals))
        write_scores(parameters.probability(values), calendar.first_step, limit, out[places])

    share_out(work, *flat.shape)
    return result
