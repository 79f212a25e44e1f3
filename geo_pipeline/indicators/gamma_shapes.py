"""Shapes of gamma distributions from the statistic of a sample that determines them: L-CV or A.

`distributions` computes these from a sample, including zeros.
"""

import numpy as np
from scipy.special import psi, zeta

from geo_pipeline.indicators._arrays import FloatArray

SERIES_FROM = 20.0
"""Gamma shape from which the digamma function is computed by its asymptotic series."""

NEWTON_STEPS = 5
"""A fixed number, so that no place waits for another; three are enough for the last digits."""


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


def thom_shape(log_gap: FloatArray) -> FloatArray:
    r"""Thom's closed form of the maximum likelihood shape of a gamma distribution.

    .. math:: \alpha = \frac{1 + \sqrt{1 + 4A/3}}{4A}, \qquad A = \ln\bar x - \overline{\ln x}

    Parameters
    ----------
    log_gap : A, any shape, no unit

    Returns
    -------
    Same shape, no unit: NaN where A is not above 0. Within 2 % of `likeliest_shape`.

    References
    ----------
    Thom, H. C. S. (1958). A note on the gamma distribution. Mon. Weather Rev. 86(4), 117-122.
    """
    a = np.where(log_gap > 0.0, log_gap, np.nan)
    return np.asarray((1.0 + np.sqrt(1.0 + 4.0 * a / 3.0)) / (4.0 * a))


def likeliest_shape(log_gap: FloatArray) -> FloatArray:
    r"""Maximum likelihood shape of a gamma distribution that starts at zero.

    Solves :math:`\ln\alpha - \psi(\alpha) = A`, with `thom_shape`'s A, by Newton's method on
    logarithms, where the function is all but straight. From a shape of 20 on the left side is
    summed from its asymptotic series: no digits are lost however little the values vary.

    Parameters
    ----------
    log_gap : A, any shape, no unit

    Returns
    -------
    Same shape, no unit, to the last digits: NaN where A is not above 0.

    References
    ----------
    Choi, S. C. & Wette, R. (1969). Maximum likelihood estimation of the parameters of the gamma
    distribution and their bias. Technometrics 11(4), 683-690.
    """
    shape = thom_shape(log_gap)
    for _ in range(NEWTON_STEPS):
        gap, slope = _log_gap_of(shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            shape = shape * np.exp((np.log(log_gap) - np.log(gap)) * gap / (shape * slope))
    return shape


def _log_gap_of(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
    """ln α - ψ(α), and its derivative."""
    small = np.minimum(shape, SERIES_FROM)
    r = 1.0 / np.maximum(shape, SERIES_FROM)
    r2 = r * r
    gap = r * (1 / 2 + r * (1 / 12 - r2 * (1 / 120 - r2 * (1 / 252 - r2 * (1 / 240)))))
    slope = -r2 * (1 / 2 + r * (1 / 6 - r2 * (1 / 30 - r2 * (1 / 42 - r2 * (1 / 30)))))
    direct = shape < SERIES_FROM
    gap = np.where(direct, np.log(small) - psi(small), gap)
    return gap, np.where(direct, 1.0 / small - zeta(2.0, small), slope)
