"""Standardised indices: how unusual a value is for its place and season, in standard deviations.

Two steps, kept apart: a distribution is fitted to each step of the year of a reference period (the
`fit_` functions), and the values of any period are read on it (`standardise`). The parameters are
plain arrays (`distributions`): a fit can be stored, and applied to the months that come in later.
`spi`, `spei`, `sswi` and `empirical_index` do both at once.

| index | of | distribution |
|---|---|---|
| `spi` | rain | gamma or Pearson III above zero, with a mass at zero |
| `spei` | rain - ET0 | generalised logistic |
| `sswi` | soil wetness | Gaussian kernel estimate |
| `empirical_index` | anything | none: Gringorten's plotting positions |

What all of them share:

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
  the year for that step to be fitted. 0 unless told, so that a short record gives what it can;
  whatever it is, a fit takes `MIN_YEARS` (4) values.
- `bound` is the largest absolute value, 3.09 (1 in 1000) unless told. None leaves the tails as they
  come out: infinite beyond the support of the distribution and where a probability rounds to 0 or 1
  (from 8.2 standard deviations on the wet side).
- NaN and masked elements are missing, in and out. All is computed in float64.
"""

import dataclasses
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators import distributions
from geo_pipeline.indicators._arrays import (
    FloatArray,
    Reference,
    as_finite_series,
    as_series,
    fold,
    fold_reference,
    positive_int,
    reference_ends,
    reject,
    season_of,
    steps_before,
    unfold,
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
    gamma_shape,
    l_moments,
)

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

Method = Literal["l-moments", "thom", "mle"]
Distribution = Literal["gamma", "pearson3"]

MONTHS = 12
PERIODS = (MONTHS, 36)
SAMPLES = ("sample", "centres")  # of parameters: those with the year as one more axis

BOUND = 3.09
"""Where indices end on either side: 1 in 1000, beyond what a century of months can tell."""

CHUNK = 1 << 17
"""Values a thread works on at once: 1 MB, so that what is made of them on the way costs next to
nothing. One thread alone works on a quarter of that."""

CHUNKS_A_THREAD = 4
"""Chunks that are worth a thread: France's départements are one or two, a grid is hundreds."""

GAMMA_FITS: dict[Method, Callable[[FloatArray], GammaParameters]] = {
    "l-moments": distributions.gamma_by_l_moments,
    "thom": distributions.gamma_by_thom,
    "mle": distributions.gamma_by_likelihood,
}

P = TypeVar("P", bound=Parameters)


@dataclasses.dataclass(frozen=True, slots=True)
class _Calendar:
    """What of a series is fitted, and to which step of the year its first value belongs."""

    period: int
    first_step: int
    reference: Reference
    min_valid_share: float

    def fold(self, series: FloatArray) -> FloatArray:
        """Series as (..., step, year)."""
        return fold(series, self.period, self.first_step)

    @property
    def takes_all(self) -> bool:
        """Whether all values are fitted: the sample is the folded series."""
        return self.reference is None and self.min_valid_share == 0.0

    def sample(self, series: FloatArray) -> FloatArray:
        """The reference as (..., step, year), emptied where too few years are valid."""
        sample = fold_reference(series, self.period, self.first_step, self.reference)
        if self.min_valid_share > 0.0:
            start, stop = reference_ends(self.reference, series.shape[-1])
            steps = season_of(series.shape[-1], self.period, self.first_step)[start:stop]
            years = np.bincount(steps, minlength=self.period)
            valid = np.count_nonzero(~np.isnan(sample), axis=-1)
            sample[valid < self.min_valid_share * years] = np.nan
        return sample


def fit_gamma(
    totals: ArrayLike,
    *,
    method: Method = "l-moments",
    period: int = MONTHS,
    first_month: int = 1,
    first_step: int | None = None,
    reference: Reference = None,
    min_valid_share: float = 0.0,
) -> GammaParameters:
    r"""Fit a gamma distribution with a mass at zero to each step of the year.

    The totals above zero give the shape :math:`\alpha` and the scale :math:`\bar x/\alpha`; the
    others give the share of zeros. The shape is, by `method`,

    - `l-moments` : `distributions.gamma_shape` of the L-CV :math:`\ell_2/\ell_1`, both unbiased
    - `thom` : `distributions.thom_shape`, the closed approximation to
    - `mle` : `distributions.likeliest_shape`, maximum likelihood with the location fixed at 0

    Parameters
    ----------
    totals : (..., time), any unit
    period, first_month, first_step, reference, min_valid_share : see the module

    Returns
    -------
    GammaParameters (..., period). Shape and scale are NaN for a step of the year with fewer than
    `MIN_YEARS` totals above zero, and for one where these are all equal (but for `ROUNDING`). A
    month that is always dry is among the first: it tells nothing of how unusual rain would be.

    Raises
    ------
    ValueError : a negative or infinite total, an unknown `method`, a step, `period` or
        `min_valid_share` outside its range, a reference that selects nothing.
    """
    calendar = _calendar(period, first_month, first_step, reference, min_valid_share)
    return _fit(_water(totals, "totals"), _choice(method, GAMMA_FITS, "method"), calendar)


def fit_pearson3(
    totals: ArrayLike,
    *,
    period: int = MONTHS,
    first_month: int = 1,
    first_step: int | None = None,
    reference: Reference = None,
    min_valid_share: float = 0.0,
) -> Pearson3Parameters:
    """Fit a Pearson III distribution with a mass at zero to each step of the year, by L-moments.

    See `distributions.pearson3_by_l_moments`. Parameters, errors and what cannot be fitted are as
    in `fit_gamma`; besides, a sample is missing whose L-skewness is 1 (all but one are equal).
    """
    calendar = _calendar(period, first_month, first_step, reference, min_valid_share)
    return _fit(_water(totals, "totals"), distributions.pearson3_by_l_moments, calendar)


def fit_logistic(
    balances: ArrayLike,
    *,
    period: int = MONTHS,
    first_month: int = 1,
    first_step: int | None = None,
    reference: Reference = None,
    min_valid_share: float = 0.0,
) -> LogisticParameters:
    """Fit a generalised logistic distribution to each step of the year, by unbiased L-moments.

    See `distributions.logistic_by_l_moments`. Balances (..., time) may be negative.

    Returns
    -------
    LogisticParameters (..., period): NaN for a step of the year with fewer than `MIN_YEARS` values,
    where they are all equal (but for `ROUNDING`), and where all but one are.

    Raises
    ------
    ValueError : an infinite balance, a step, `period` or `min_valid_share` outside its range, a
        reference that selects nothing.
    """
    calendar = _calendar(period, first_month, first_step, reference, min_valid_share)
    return _fit(
        as_finite_series(balances, "balances"), distributions.logistic_by_l_moments, calendar
    )


def fit_kernel(
    values: ArrayLike,
    *,
    period: int = MONTHS,
    first_month: int = 1,
    first_step: int | None = None,
    reference: Reference = None,
    min_valid_share: float = 0.0,
) -> KernelParameters:
    """Fit a Gaussian kernel estimate to each step of the year: see `distributions.kernel_estimate`.

    Errors are as in `fit_logistic`. Missing where fewer than `MIN_YEARS` values are valid or all
    are equal.
    """
    calendar = _calendar(period, first_month, first_step, reference, min_valid_share)
    return _fit(as_finite_series(values, "values"), distributions.kernel_estimate, calendar)


def fit_empirical(
    values: ArrayLike,
    *,
    period: int = MONTHS,
    first_month: int = 1,
    first_step: int | None = None,
    reference: Reference = None,
    min_valid_share: float = 0.0,
) -> EmpiricalParameters:
    """Keep the reference values of each step of the year, to rank others among them.

    Errors are as in `fit_logistic`. Missing where fewer than `MIN_YEARS` values are valid.
    """
    calendar = _calendar(period, first_month, first_step, reference, min_valid_share)
    return _fit(as_finite_series(values, "values"), distributions.empirical, calendar)


def standardise(
    totals: ArrayLike,
    parameters: Parameters,
    *,
    first_month: int = 1,
    first_step: int | None = None,
    bound: float | None = BOUND,
) -> FloatArray:
    r"""Values as quantiles of the standard normal distribution, by the probability of a fit.

    .. math:: Z = \Phi^{-1}(H(x)), \qquad H = q + (1 - q)\,G(x) \text{ with a mass q at zero}

    Parameters
    ----------
    totals : (..., time), unit of the fit, with the steps a year that were fitted
    parameters : (..., period), of the same places, or of one for all of them
    first_month, first_step, bound : see the module

    Returns
    -------
    (..., time), no unit: NaN where the total or its step's parameters are.

    Raises
    ------
    ValueError : an infinite total, a negative one where the fit is of rain (gamma, Pearson III), a
        step of the year outside its range, `bound` not above 0.
    """
    limit = _limit(bound)
    rain = isinstance(parameters, GammaParameters | Pearson3Parameters)
    series = _water(totals, "totals") if rain else as_finite_series(totals, "totals")
    period = parameters.period
    first_step = _step(period, first_month, first_step)

    fields = _fields(parameters)
    inner = {name: 2 if name in SAMPLES else 1 for name in fields}
    shape = np.broadcast_shapes(
        series.shape[:-1], *(field.shape[: -inner[name]] for name, field in fields.items())
    )
    flat = _by_place(np.broadcast_to(series, (*shape, series.shape[-1])), 1)
    many = {
        name: _by_place(np.broadcast_to(field, (*shape, *field.shape[-inner[name] :])), inner[name])
        for name, field in fields.items()
    }
    result = np.empty((*shape, series.shape[-1]))
    out = result.reshape(flat.shape)  # a view

    def work(places: slice) -> None:
        part = type(parameters)(**{name: field[places] for name, field in many.items()})
        values = fold(flat[places], period, first_step)
        _scores(part.probability(values), first_step, limit, out[places])

    _share_out(work, *flat.shape)
    return result


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
    starts at 0: xclim frees its location unless told `floc=0`, and rain below a fitted location
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
    fit: Callable[[FloatArray], Parameters] = _choice(method, GAMMA_FITS, "method")
    if distribution not in get_args(Distribution):
        raise ValueError(f"distribution must be gamma or pearson3, got {distribution!r}")
    if distribution == "pearson3":
        if method != "l-moments":
            raise ValueError(f"Pearson III is fitted by l-moments, not by {method}")
        fit = distributions.pearson3_by_l_moments
    calendar = _calendar(period, first_month, first_step, reference, min_valid_share)
    return _index(_water(precip, "precip"), scale, fit, calendar, bound)


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
    calendar = _calendar(period, first_month, first_step, reference, min_valid_share)
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
    (`distributions.kernel_estimate`). The sum stands for the mean: the index is the same.

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
    calendar = _calendar(period, first_month, first_step, reference, min_valid_share)
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
    value the reference does not hold ranks half-way between its neighbours there.

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
    calendar = _calendar(period, first_month, first_step, reference, min_valid_share)
    return _index(
        as_finite_series(values, "values"), scale, distributions.empirical, calendar, bound
    )


def _index(
    series: FloatArray,
    scale: int,
    fit: Callable[[FloatArray], Parameters],
    calendar: _Calendar,
    bound: float | None,
) -> FloatArray:
    """Sum, fit and standardise, some places at a time."""
    scale, limit = positive_int(scale, "scale"), _limit(bound)
    length = series.shape[-1]
    reference_ends(calendar.reference, length)
    flat, result = _by_place(series, 1), np.empty(series.shape)
    out = result.reshape(flat.shape)  # a view

    def work(places: slice) -> None:
        totals = rolling_sum(flat[places], scale)
        values = calendar.fold(totals)
        parameters = fit(values if calendar.takes_all else calendar.sample(totals))
        _scores(parameters.probability(values), calendar.first_step, limit, out[places])

    _share_out(work, *flat.shape)
    return result


def _fit(series: FloatArray, fit: Callable[[FloatArray], P], calendar: _Calendar) -> P:
    """Fit some places at a time; parameters in the shape of the places."""
    flat = _by_place(series, 1)
    nobody = fit(calendar.sample(flat[:0]))
    many: dict[str, FloatArray] = {}
    for name, none in _fields(nobody).items():
        many[name] = np.empty((len(flat), *none.shape[1:]))

    def work(places: slice) -> None:
        for name, part in _fields(fit(calendar.sample(flat[places]))).items():
            many[name][places] = part

    _share_out(work, *flat.shape)
    places = series.shape[:-1]
    return type(nobody)(**{name: x.reshape(*places, *x.shape[1:]) for name, x in many.items()})


def _scores(probability: FloatArray, first_step: int, limit: float, out: FloatArray) -> None:
    """Normal quantiles between -limit and limit, written to `out` (..., time)."""
    scores = unfold(distributions.normal_quantile(probability), out.shape[-1], first_step)
    np.clip(scores, -limit, limit, out=out)


def _share_out(work: Callable[[slice], None], places: int, length: int) -> None:
    """Call `work` for all places, in chunks, which threads share when there are many."""
    workers = min(os.cpu_count() or 1, places * length // (CHUNK * CHUNKS_A_THREAD))
    values = CHUNK if workers > 1 else CHUNK // 4  # threads take turns less often
    size = max(1, values // max(length, 1))
    chunks = [slice(first, first + size) for first in range(0, places, size)]
    # The GNU C library hands what a chunk's arrays took back to the system one by one, and takes it
    # anew for each, page by page: until something larger was freed. This costs nothing.
    np.empty(4 * CHUNK)
    if workers < 2:
        for chunk in chunks:
            work(chunk)
    else:
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(work, chunks):
                pass


def _by_place(values: FloatArray, inner: int) -> FloatArray:
    """Leading axes as one; the last `inner` ones stay."""
    lead = values.shape[:-inner]
    return np.ascontiguousarray(values.reshape(math.prod(lead), *values.shape[len(lead) :]))


def _fields(parameters: Parameters) -> dict[str, FloatArray]:
    return {field.name: getattr(parameters, field.name) for field in dataclasses.fields(parameters)}


def _calendar(
    period: int,
    first_month: int,
    first_step: int | None,
    reference: Reference,
    min_valid_share: float,
) -> _Calendar:
    if not 0.0 <= min_valid_share <= 1.0:
        raise ValueError(f"min_valid_share must be in 0-1, got {min_valid_share}")
    step = _step(period, first_month, first_step)
    return _Calendar(period, step, reference, min_valid_share)


def _step(period: int, first_month: int, first_step: int | None) -> int:
    """Step of the year, from 1, of the first value."""
    if period not in PERIODS:
        raise ValueError(f"a year has 12 months or 36 dekads, got a period of {period}")
    if first_step is None:
        return steps_before(first_month, MONTHS) * (period // MONTHS) + 1
    if first_month != 1:
        raise ValueError("first_month and first_step both say where the series starts: give one")
    return steps_before(first_step, period) + 1


def _choice(
    method: Method, choices: dict[Method, Callable[[FloatArray], GammaParameters]], name: str
) -> Callable[[FloatArray], GammaParameters]:
    if method not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {method!r}")
    return choices[method]


def _limit(bound: float | None) -> float:
    if bound is None:
        return math.inf
    if not bound > 0.0:
        raise ValueError(f"bound must be above 0, or None, got {bound}")
    return bound


def _water(values: ArrayLike, name: str) -> FloatArray:
    """A series of amounts of water; ValueError names the first that is negative or infinite."""
    series = as_series(values)
    offending = (series < 0.0) | np.isinf(series)
    reject(offending, series, name, "an amount of water is finite and not negative")
    return series
