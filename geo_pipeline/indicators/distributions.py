"""Distributions of one value a year: fitted to a sample, kept as arrays, read as probabilities.

A sample is (..., step, year): for each place and step of the year (12 months or 36 dekads) the
values of all years, NaN where there is none. Fitted parameters are plain arrays (..., step),
January first, in a frozen dataclass: `dataclasses.asdict` gives what `numpy.savez` or a table
stores, and the class takes it back. They are NaN where the sample cannot be fitted: fewer than
`MIN_YEARS` values (above zero, for rain), or values that are all equal but for `ROUNDING`.

Each has `probability(values)`: that of at most `values` (..., step, year), laid out as a sample.
Leading axes broadcast, so one fit may serve many places.

Normal quantiles of probabilities are in `normal`; which months make a sample, and how an index is
read from a fit, is in `fits`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, gammaincc, ndtr, poch

from geo_pipeline.indicators._arrays import BoolArray, FloatArray, IntArray
from geo_pipeline.indicators.gamma_shapes import gamma_shape, likeliest_shape, thom_shape

MIN_YEARS = 4
"""Fewest values of a step of the year for a fit (above zero, for rain). This only prevents
meaningless fits: a climate needs 30 years, and `aggregation.valid_years` returns how many there
are."""

ROUNDING = 1e-12
"""Relative spread up to which values count as equal, so that the order of summing does not make
equal months different."""

NO_SKEW = 1e-6
"""L-skewness below which the symmetric member of a family is taken, as Hosking does."""

NO_SHAPE = 1e-30
"""Shape that replaces 0 in a division."""

KERNEL_WIDTH = 0.3
"""Bandwidth of kernels, as Silverman's 0.9 for densities: a distribution function needs less."""


@dataclass(frozen=True, slots=True, eq=False)
class GammaParameters:
    """A gamma distribution with a mass at zero for each step of the year.

    `shape` (no unit) and `scale` (unit of the totals) are NaN where there was too little to fit,
    `zero_share` (0-1, zeros among the valid totals) where there was no total at all.
    """

    shape: FloatArray
    scale: FloatArray
    zero_share: FloatArray

    @property
    def period(self) -> int:
        """Steps a year."""
        return int(self.shape.shape[-1])

    def probability(self, totals: FloatArray) -> FloatArray:
        """Probability of at most `totals`: the share of zeros, and the gamma's part of the rest."""
        wet = totals / self.scale[..., np.newaxis]
        wet = gammainc(self.shape[..., np.newaxis], wet, out=wet)
        return _above_zero(wet, self.zero_share)


@dataclass(frozen=True, slots=True, eq=False)
class Pearson3Parameters:
    """A Pearson type III distribution with a mass at zero for each step of the year.

    `mean` and `deviation` (unit of the totals) and `skew` (no unit) are those of the totals above
    zero, `zero_share` is as in `GammaParameters`.
    """

    mean: FloatArray
    deviation: FloatArray
    skew: FloatArray
    zero_share: FloatArray

    @property
    def period(self) -> int:
        """Steps a year."""
        return int(self.mean.shape[-1])

    def probability(self, totals: FloatArray) -> FloatArray:
        """Probability of at most `totals`; outside the support 0 (below) or 1 (above)."""
        skew = self.skew[..., np.newaxis]
        z = (totals - self.mean[..., np.newaxis]) / self.deviation[..., np.newaxis]
        with np.errstate(divide="ignore", invalid="ignore"):
            shape = 4.0 / (skew * skew)
            y = np.maximum(shape * (1.0 + 0.5 * skew * z), 0.0)
            wet = np.where(skew < 0.0, gammaincc(shape, y), gammainc(shape, y))
        wet = np.where(skew == 0.0, ndtr(z), wet)
        # A dry total has the probability of zeros, also where the distribution begins below 0.
        wet[(totals == 0.0) & (self.zero_share[..., np.newaxis] > 0.0) & ~np.isnan(wet)] = 0.0
        return _above_zero(wet, self.zero_share)


@dataclass(frozen=True, slots=True, eq=False)
class LogisticParameters:
    """A generalised logistic distribution for each step of the year.

    `location` and `scale` have the unit of the values, `shape` none: negative for a long upper
    tail, above `location + scale / shape`, and so on.
    """

    location: FloatArray
    scale: FloatArray
    shape: FloatArray

    @property
    def period(self) -> int:
        """Steps a year."""
        return int(self.location.shape[-1])

    def probability(self, values: FloatArray) -> FloatArray:
        """Probability of at most `values`; outside the support 0 (below) or 1 (above)."""
        # log1p(-ky)/k equals -y to the last digit long before k reaches 0.
        shape = np.where(self.shape == 0.0, NO_SHAPE, self.shape)[..., np.newaxis]
        y = values - self.location[..., np.newaxis]
        y *= -shape / self.scale[..., np.newaxis]
        with np.errstate(divide="ignore", over="ignore"):
            np.maximum(y, -1.0, out=y)
            np.log1p(y, out=y)
            y /= shape
            np.exp(y, out=y)
            y += 1.0
            return np.asarray(np.divide(1.0, y, out=y))


@dataclass(frozen=True, slots=True, eq=False)
class KernelParameters:
    """A Gaussian kernel estimate for each step of the year.

    `centres` (..., step, year) and `bandwidth` (..., step) have the unit of the values.
    """

    centres: FloatArray
    bandwidth: FloatArray

    @property
    def period(self) -> int:
        """Steps a year."""
        return int(self.bandwidth.shape[-1])

    def probability(self, values: FloatArray) -> FloatArray:
        """Probability of at most `values`: the mean of the normal distributions of all years."""
        width = self.bandwidth[..., np.newaxis]
        below = np.zeros(np.broadcast_shapes(values.shape, width.shape))
        for year in range(self.centres.shape[-1]):
            centre = self.centres[..., year, np.newaxis]
            below += np.nan_to_num(ndtr((values - centre) / width))
        years = np.count_nonzero(~np.isnan(self.centres), axis=-1)
        with np.errstate(invalid="ignore"):
            below /= years[..., np.newaxis]
        below[np.isnan(values + width)] = np.nan
        return below


@dataclass(frozen=True, slots=True, eq=False)
class EmpiricalParameters:
    """The reference values themselves, (..., step, year), NaN where there is none."""

    sample: FloatArray

    @property
    def period(self) -> int:
        """Steps a year."""
        return int(self.sample.shape[-2])

    def percentile(self, values: FloatArray) -> FloatArray:
        """Gringorten's plotting position of `values` among the sample, in per cent."""
        years = np.count_nonzero(~np.isnan(self.sample), axis=-1)[..., np.newaxis]
        # A known value adds 1 to twice the rank of equal ones, 2 to that of higher ones, NaN adds
        # 0.
        shape = np.broadcast_shapes(values.shape, years.shape)
        twice_rank = np.ones(shape, dtype=np.int32)
        for year in range(self.sample.shape[-1]):
            other = self.sample[..., year, np.newaxis]
            twice_rank += other <= values
            twice_rank += other < values
        percentile = 100.0 * (0.5 * twice_rank - 0.44) / (years + 0.12)
        percentile[np.isnan(values) | (years == 0)] = np.nan
        return np.asarray(percentile)

    def probability(self, values: FloatArray) -> FloatArray:
        """`percentile` as a probability: never 0 nor 1."""
        return self.percentile(values) / 100.0


Parameters = (
    GammaParameters
    | Pearson3Parameters
    | LogisticParameters
    | KernelParameters
    | EmpiricalParameters
)


def l_moments(sample: FloatArray, count: int = 2) -> tuple[FloatArray, ...]:
    r"""First two or three unbiased sample L-moments along the last axis, NaN left out.

    .. math::
        \ell_1 = \frac1n \sum_{j=1}^{n} x_{(j)}, \qquad
        \ell_2 = \sum_{j=1}^{n-1} \frac{j\,(n-j)}{n(n-1)}\,\Delta_j, \qquad
        \ell_3 = \sum_{j=1}^{n-1} \frac{j\,(n-j)(2j-n)}{n(n-1)(n-2)}\,\Delta_j, \qquad
        \Delta_j = x_{(j+1)} - x_{(j)}

    The last two are the :math:`2 b_1 - b_0` and :math:`6 b_2 - 6 b_1 + b_0` of the unbiased
    probability weighted moments, written over the gaps between neighbours: nothing cancels, and
    equal values give exactly 0.

    Parameters
    ----------
    sample : (..., n), any unit
    count : 2 or 3

    Returns
    -------
    l1, l2[, l3] : (...), unit of the sample: NaN where fewer than one (l1), two (l2) or three (l3)
    values are valid.

    References
    ----------
    Hosking, J. R. M. (1990). L-moments: analysis and estimation of distributions using linear
    combinations of order statistics. J. R. Stat. Soc. B 52(1), 105-124.
    """
    return _l_moments(*_in_order(sample), count)


def gamma_by_l_moments(sample: FloatArray) -> GammaParameters:
    """Gamma of the values above zero by unbiased L-moments, and the share of zeros."""
    sample, zero_share, wet = _split_zeros(sample)
    l1, l2 = _l_moments(*_in_order(sample), 2)
    fits = (wet >= MIN_YEARS) & (l2 > ROUNDING * l1)
    shape = gamma_shape(_ratio(l2, l1, fits))
    return GammaParameters(shape, l1 / shape, zero_share)


def gamma_by_thom(sample: FloatArray) -> GammaParameters:
    """Gamma of the values above zero by Thom's approximation, and the share of zeros."""
    return _gamma_by_logarithms(sample, exact=False)


def gamma_by_likelihood(sample: FloatArray) -> GammaParameters:
    """Gamma of the values above zero by maximum likelihood, and the share of zeros."""
    return _gamma_by_logarithms(sample, exact=True)


def pearson3_by_l_moments(sample: FloatArray) -> Pearson3Parameters:
    r"""Pearson type III of the values above zero by unbiased L-moments, and the share of zeros.

    With :math:`\tau = \ell_3/\ell_2` and Hosking's rational approximation (routine PELPE3, within
    5e-5) of the gamma shape :math:`\alpha(|\tau|)`:

    .. math::
        \mu = \ell_1, \qquad
        \sigma = \sqrt{\pi\alpha}\;\ell_2\,\Gamma(\alpha)/\Gamma(\alpha + \tfrac12), \qquad
        \gamma = \operatorname{sign}(\tau)\,2/\sqrt\alpha
    """
    sample, zero_share, wet = _split_zeros(sample)
    l1, l2, l3 = l_moments(sample, 3)
    fits = (wet >= MIN_YEARS) & (l2 > ROUNDING * l1)
    skewness = _ratio(l3, l2, fits)
    size = np.where(np.abs(skewness) < 1.0 - ROUNDING, np.abs(skewness), np.nan)
    with np.errstate(divide="ignore"):
        z = 3.0 * np.pi * size * size
        mild = (1.0 + 0.2906 * z) / (z * (1.0 + z * (0.1882 + z * 0.0442)))
    z = 1.0 - size
    strong = z * (0.36067 - z * (0.59567 - z * 0.25361))
    strong /= 1.0 - z * (2.78861 - z * (2.56096 - z * 0.77045))
    shape = np.where(size < 1.0 / 3.0, mild, strong)
    with np.errstate(invalid="ignore"):
        root = np.sqrt(shape)
        ratio = root / poch(shape, 0.5)  # Γ(α)√α / Γ(α+½), which tends to 1
        skew = np.copysign(2.0 / root, skewness)
    straight = size <= NO_SKEW
    known = np.isnan(size)
    return Pearson3Parameters(
        np.where(known, np.nan, l1),
        np.where(known, np.nan, np.sqrt(np.pi) * l2 * np.where(straight, 1.0, ratio)),
        np.where(straight, 0.0, skew),
        zero_share,
    )


def logistic_by_l_moments(sample: FloatArray) -> LogisticParameters:
    r"""Generalised logistic distribution by unbiased L-moments (Hosking's routine PELGLO).

    .. math::
        k = -\ell_3/\ell_2, \qquad
        a = \ell_2\,\frac{\sin k\pi}{k\pi}, \qquad
        \xi = \ell_1 - a\left(\frac1k - \frac{\pi}{\sin k\pi}\right)
    """
    ordered, years = _in_order(sample)
    l1, l2, l3 = _l_moments(ordered, years, 3)
    fits = (years >= MIN_YEARS) & (l2 > ROUNDING * np.abs(l1))
    shape = -_ratio(l3, l2, fits)
    shape[np.abs(shape) >= 1.0 - ROUNDING] = np.nan
    shape[np.abs(shape) <= NO_SKEW] = 0.0
    ratio = np.sinc(shape)  # sin(kπ) / kπ
    scale = l2 * ratio
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = np.where(shape == 0.0, 0.0, (ratio - 1.0) / shape)
    return LogisticParameters(np.asarray(l1 - l2 * offset), scale, shape)


def kernel_estimate(sample: FloatArray) -> KernelParameters:
    r"""Gaussian kernel estimate that keeps the mean and the variance of the sample.

    .. math::
        F(x) = \frac1n \sum_i \Phi\left(\frac{x - c_i}{h'}\right), \qquad
        c_i = \bar x + \lambda (x_i - \bar x), \quad h' = \lambda h, \quad
        \lambda = \frac{s}{\sqrt{s^2 + h^2}}, \quad
        h = 0.3\,\min\left(s, \frac{IQR}{1.34}\right) n^{-1/5}

    with the variance :math:`s^2` over n. The bandwidth is a third of Silverman's rule for densities
    (`KERNEL_WIDTH`), with s alone where more than half of the values are equal (IQR = 0).

    References
    ----------
    Silverman, B. W. (1986). Density estimation for statistics and data analysis. Chapman & Hall:
    eq. 3.31 (bandwidth) and section 6.4 (samples of equal variance).
    """
    ordered, n = _in_order(sample)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = ordered.sum(axis=-1) / n
        centres = sample - mean[..., np.newaxis]
        deviation = np.sqrt(np.nan_to_num(centres * centres).sum(axis=-1) / n)
        fits = (n >= MIN_YEARS) & (deviation > ROUNDING * np.abs(mean))
        between = _quantile(ordered, n, 0.75) - _quantile(ordered, n, 0.25)
        between = np.where(between > 0.0, np.minimum(deviation, between / 1.34), deviation)
        width = np.where(fits, KERNEL_WIDTH * between * n**-0.2, np.nan)
        shrunk = deviation / np.hypot(deviation, width)
    centres *= shrunk[..., np.newaxis]
    centres += mean[..., np.newaxis]
    return KernelParameters(centres, np.asarray(shrunk * width))


def empirical(sample: FloatArray) -> EmpiricalParameters:
    """Keep the values themselves as plotting positions, unless there are too few."""
    few = np.count_nonzero(~np.isnan(sample), axis=-1) < MIN_YEARS
    return EmpiricalParameters(np.where(few[..., np.newaxis], np.nan, sample))


def _above_zero(wet: FloatArray, dry: FloatArray) -> FloatArray:
    """H = q + (1 - q) G, written over G."""
    wet *= 1.0 - dry[..., np.newaxis]
    wet += dry[..., np.newaxis]
    return wet


def _in_order(sample: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sample sorted along the last axis, NaN replaced by 0 after its values, and their number."""
    ordered = np.sort(np.ascontiguousarray(sample), axis=-1)
    missing = np.isnan(ordered)
    np.copyto(ordered, 0.0, where=missing)
    return ordered, ordered.shape[-1] - np.count_nonzero(missing, axis=-1).astype(np.float64)


def _l_moments(ordered: FloatArray, n: FloatArray, count: int) -> tuple[FloatArray, ...]:
    """`l_moments` of the result of `_in_order`."""
    size = ordered.shape[-1]
    below = np.arange(1.0, size)
    gaps = n[..., np.newaxis] - below
    gaps *= below  # the pairs that a gap lies between: none after the last value
    gaps *= np.diff(ordered, axis=-1)
    with np.errstate(invalid="ignore"):
        l1, apart = ordered.sum(axis=-1) / n, gaps.sum(axis=-1)
        l2 = apart / (n * (n - 1.0))
        if count < 3:
            return l1, l2
        # 2j - n is 2j - size, which all samples share, and size - n.
        lean = np.vecdot(gaps, 2.0 * below - size) + (size - n) * apart
        return l1, l2, lean / (n * (n - 1.0) * (n - 2.0))


def _split_zeros(sample: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Sample without its zeros, their share of the valid values, and the number of the others."""
    valid = np.count_nonzero(~np.isnan(sample), axis=-1)
    sample = sample.copy()
    np.copyto(sample, np.nan, where=sample == 0.0)
    wet = np.count_nonzero(~np.isnan(sample), axis=-1)
    with np.errstate(invalid="ignore"):
        return sample, (valid - wet) / valid, wet


def _ratio(over: FloatArray, under: FloatArray, where: BoolArray) -> FloatArray:
    ratio = np.full(over.shape, np.nan)
    np.divide(over, under, out=ratio, where=where)
    return ratio


def _gamma_by_logarithms(sample: FloatArray, *, exact: bool) -> GammaParameters:
    sample, zero_share, wet = _split_zeros(sample)
    missing = np.isnan(sample)
    low = np.fmin.reduce(sample, axis=-1, initial=np.inf)
    high = np.fmax.reduce(sample, axis=-1, initial=0.0)
    fits = (wet >= MIN_YEARS) & (high - low > ROUNDING * high)
    with np.errstate(invalid="ignore"):
        mean = np.where(missing, 0.0, sample).sum(axis=-1) / wet
        away = (sample - mean[..., np.newaxis]) / mean[..., np.newaxis]
    # A is the mean of r - ln(1 + r), r the relative departure from the mean: no term is negative.
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = away - np.log(sample / mean[..., np.newaxis])
        near = away * away
        series = 1 / 2 - away * (1 / 3 - away * (1 / 4 - away * (1 / 5 - away * (1 / 6))))
        terms = np.where(np.abs(away) < 1e-3, near * series, terms)
        terms[missing] = 0.0
        log_gap = np.where(fits, terms.sum(axis=-1) / wet, np.nan)
        shape = likeliest_shape(log_gap) if exact else thom_shape(log_gap)
        return GammaParameters(shape, mean / shape, zero_share)


def _quantile(ordered: FloatArray, n: FloatArray, share: float) -> FloatArray:
    """Quantile of the first n values along the last axis, interpolated between neighbours."""
    if ordered.shape[-1] == 0:
        return np.full(n.shape, np.nan)
    position = np.maximum(share * (n - 1), 0.0)[..., np.newaxis]
    lower = np.floor(position).astype(np.int64)
    upper = np.where(lower + 1 < n[..., np.newaxis], lower + 1, lower)
    low = np.take_along_axis(ordered, lower, axis=-1)
    high = np.take_along_axis(ordered, upper, axis=-1)
    return np.asarray((low + (position - lower) * (high - low))[..., 0])
