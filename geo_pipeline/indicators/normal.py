"""Quantiles of the standard normal distribution, which turn a probability into an index.

The distributions that give the probability are in `distributions`.
"""

import numpy as np
from scipy.special import ndtri

from geo_pipeline.indicators._arrays import FloatArray

MIDDLE = (
    (
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
"""AS 241's coefficients a and b: normal quantiles of probabilities in 0.075-0.925."""

TAIL = (
    (
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
"""AS 241's coefficients c and d: those nearer to 0 or 1, down to 1e-11 from it."""


def normal_quantile(probability: FloatArray) -> FloatArray:
    """Quantiles of the standard normal distribution, to about 1e-16 of their size.

    Wichura's rational approximations, worked out for all values at once; `scipy.special.ndtri`,
    which takes one value after the other, does the last 1e-11 on either side.

    Parameters
    ----------
    probability : any shape, 0-1

    Returns
    -------
    Same shape, infinite at 0 and 1, NaN for NaN.

    References
    ----------
    Wichura, M. J. (1988). Algorithm AS 241: the percentage points of the normal distribution. J. R.
    Stat. Soc. C 37(3), 477-484 (routine PPND16).
    """
    p = probability.ravel()
    q = p - 0.5
    r = 0.425**2 - q * q
    quantile = _rational(r, *MIDDLE)
    quantile *= q
    if (tail := np.flatnonzero(r < 0.0)).size:
        p, q = p[tail], q[tail]
        np.minimum(p, 1.0 - p, out=p)
        with np.errstate(divide="ignore", invalid="ignore"):
            r = np.sqrt(-np.log(p))
            away = _rational(r - 1.6, *TAIL)
        far = r > 5.0
        away[far] = -ndtri(p[far])
        quantile[tail] = np.copysign(away, q)
    return quantile.reshape(probability.shape)


def _rational(x: FloatArray, over: tuple[float, ...], under: tuple[float, ...]) -> FloatArray:
    """Ratio of two polynomials."""
    ratio = _polynomial(x, over)
    ratio /= _polynomial(x, under)
    return ratio


def _polynomial(x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
    """Polynomial by Horner's rule, coefficients from that of the lowest power on."""
    value = coefficients[-1] * x
    for coefficient in coefficients[-2:0:-1]:
        value += coefficient
        value *= x
    value += coefficients[0]
    return value
