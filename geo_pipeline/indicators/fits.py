"""Standardised indices in two steps: fitting a distribution to a climate, and reading values on it.

The `fit_` functions fit each step of the year of a reference period, `standardise` reads the values
of any period on the fit. The parameters are plain arrays (`distributions`), so a fit can be stored
and applied to later months. Inputs and their layout are described in `standardised`, whose indices
do both steps at once.

The distribution of places over threads and the steps of a year are also here.
"""

import dataclasses
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

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
    reference_ends,
    reject,
    season_of,
    steps_before,
    unfold,
)
from geo_pipeline.indicators.distributions import (
    EmpiricalParameters,
    GammaParameters,
    KernelParameters,
    LogisticParameters,
    Parameters,
    Pearson3Parameters,
)
from geo_pipeline.indicators.normal import normal_quantile

Method = Literal["l-moments", "thom", "mle"]

MONTHS = 12
PERIODS = (MONTHS, 36)
SAMPLES = ("sample", "centres")  # parameters that have the year as a further axis

BOUND = 3.09
"""Limit of indices on either side: 1 in 1000, more extreme than a century of months can show."""

CHUNK = 1 << 17
"""Values in one chunk of a thread: 1 MB, so that intermediate arrays cost almost nothing. A single
thread works on a quarter of that."""

CHUNKS_A_THREAD = 4
"""Fewest chunks for another thread: France's départements are one or two, a grid has hundreds."""

GAMMA_FITS: dict[Method, Callable[[FloatArray], GammaParameters]] = {
    "l-moments": distributions.gamma_by_l_moments,
    "thom": distributions.gamma_by_thom,
    "mle": distributions.gamma_by_likelihood,
}

P = TypeVar("P", bound=Parameters)


@dataclasses.dataclass(frozen=True, slots=True)
class Calendar:
    """Which part of a series is fitted, and the step of the year of its first value."""

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
        """The reference as (..., step, year), all NaN where too few years are valid."""
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

    - `l-moments` : `gamma_shapes.gamma_shape` of the L-CV :math:`\ell_2/\ell_1`, both unbiased
    - `thom` : `gamma_shapes.thom_shape`, the closed approximation to
    - `mle` : `gamma_shapes.likeliest_shape`, maximum likelihood with the location fixed at 0

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
    calendar = calendar_of(period, first_month, first_step, reference, min_valid_share)
    return _fit(
        as_water_series(totals, "totals"), method_of(method, GAMMA_FITS, "method"), calendar
    )


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
    calendar = calendar_of(period, first_month, first_step, reference, min_valid_share)
    return _fit(as_water_series(totals, "totals"), distributions.pearson3_by_l_moments, calendar)


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
    calendar = calendar_of(period, first_month, first_step, reference, min_valid_share)
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
    calendar = calendar_of(period, first_month, first_step, reference, min_valid_share)
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
    calendar = calendar_of(period, first_month, first_step, reference, min_valid_share)
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
    limit = limit_of(bound)
    rain = isinstance(parameters, GammaParameters | Pearson3Parameters)
    series = as_water_series(totals, "totals") if rain else as_finite_series(totals, "totals")
    period = parameters.period
    first_step = _step(period, first_month, first_step)

    fields = _fields(parameters)
    inner = {name: 2 if name in SAMPLES else 1 for name in fields}
    shape = np.broadcast_shapes(
        series.shape[:-1], *(field.shape[: -inner[name]] for name, field in fields.items())
    )
    flat = by_place(np.broadcast_to(series, (*shape, series.shape[-1])), 1)
    many = {
        name: by_place(np.broadcast_to(field, (*shape, *field.shape[-inner[name] :])), inner[name])
        for name, field in fields.items()
    }
    result = np.empty((*shape, series.shape[-1]))
    out = result.reshape(flat.shape)  # a view

    def work(places: slice) -> None:
        part = type(parameters)(**{name: field[places] for name, field in many.items()})
        values = fold(flat[places], period, first_step)
        write_scores(part.probability(values), first_step, limit, out[places])

    share_out(work, *flat.shape)
    return result


def _fit(series: FloatArray, fit: Callable[[FloatArray], P], calendar: Calendar) -> P:
    """Fit some places at a time; the parameters have the shape of the places."""
    flat = by_place(series, 1)
    empty = fit(calendar.sample(flat[:0]))
    many: dict[str, FloatArray] = {}
    for name, none in _fields(empty).items():
        many[name] = np.empty((len(flat), *none.shape[1:]))

    def work(places: slice) -> None:
        for name, part in _fields(fit(calendar.sample(flat[places]))).items():
            many[name][places] = part

    share_out(work, *flat.shape)
    places = series.shape[:-1]
    return type(empty)(**{name: x.reshape(*places, *x.shape[1:]) for name, x in many.items()})


def write_scores(probability: FloatArray, first_step: int, limit: float, out: FloatArray) -> None:
    """Normal quantiles between -limit and limit, written to `out` (..., time)."""
    scores = unfold(normal_quantile(probability), out.shape[-1], first_step)
    np.clip(scores, -limit, limit, out=out)


def share_out(work: Callable[[slice], None], places: int, length: int) -> None:
    """Call `work` for all places, in chunks, shared by threads when there are many."""
    workers = min(os.cpu_count() or 1, places * length // (CHUNK * CHUNKS_A_THREAD))
    values = CHUNK if workers > 1 else CHUNK // 4  # threads take turns less often
    size = max(1, values // max(length, 1))
    chunks = [slice(first, first + size) for first in range(0, places, size)]
    # The GNU C library returns the memory of a chunk's arrays to the system one by one, and fetches
    # it again page by page, until something larger was freed. This allocation costs nothing.
    np.empty(4 * CHUNK)
    if workers < 2:
        for chunk in chunks:
            work(chunk)
    else:
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(work, chunks):
                pass


def by_place(values: FloatArray, inner: int) -> FloatArray:
    """Leading axes as one; the last `inner` ones stay."""
    lead = values.shape[:-inner]
    return np.ascontiguousarray(values.reshape(math.prod(lead), *values.shape[len(lead) :]))


def _fields(parameters: Parameters) -> dict[str, FloatArray]:
    return {field.name: getattr(parameters, field.name) for field in dataclasses.fields(parameters)}


def calendar_of(
    period: int,
    first_month: int,
    first_step: int | None,
    reference: Reference,
    min_valid_share: float,
) -> Calendar:
    """The checked choice of what is fitted and when the series starts."""
    if not 0.0 <= min_valid_share <= 1.0:
        raise ValueError(f"min_valid_share must be in 0-1, got {min_valid_share}")
    step = _step(period, first_month, first_step)
    return Calendar(period, step, reference, min_valid_share)


def _step(period: int, first_month: int, first_step: int | None) -> int:
    """Step of the year, from 1, of the first value."""
    if period not in PERIODS:
        raise ValueError(f"a year has 12 months or 36 dekads, got a period of {period}")
    if first_step is None:
        return steps_before(first_month, MONTHS) * (period // MONTHS) + 1
    if first_month != 1:
        raise ValueError("first_month and first_step both say where the series starts: give one")
    return steps_before(first_step, period) + 1


def method_of(
    method: Method, choices: dict[Method, Callable[[FloatArray], GammaParameters]], name: str
) -> Callable[[FloatArray], GammaParameters]:
    """The fit called `method`; ValueError when there is none of that name."""
    if method not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {method!r}")
    return choices[method]


def limit_of(bound: float | None) -> float:
    """The `bound` as a number, infinite for None."""
    if bound is None:
        return math.inf
    if not bound > 0.0:
        raise ValueError(f"bound must be above 0, or None, got {bound}")
    return bound


def as_water_series(values: ArrayLike, name: str) -> FloatArray:
    """A series of amounts of water; ValueError names the first that is negative or infinite."""
    series = as_series(values)
    offending = (series < 0.0) | np.isinf(series)
    reject(offending, series, name, "an amount of water is finite and not negative")
    return series
