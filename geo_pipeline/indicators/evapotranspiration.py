"""Reference evapotranspiration: what the air would take from well-watered short grass, mm a day."""

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import FloatArray, as_float, reject


def et0_turc(
    tmean_c: ArrayLike, radiation_mj_m2: ArrayLike, rh_pct: ArrayLike | None = None
) -> FloatArray:
    r"""Reference evapotranspiration after Turc: temperature, sunshine, dry air where known.

    .. math::
        ET_0 = 0.013\,\frac{T}{T + 15}\,(23.8846\,R_s + 50)
               \left(1 + \frac{\max(50 - RH,\,0)}{70}\right), \qquad ET_0 = 0 \text{ for } T \le 0

    where 23.8846 turns MJ/m2 into the cal/cm2 of the original. It was made for western Europe and
    needs no wind, so it serves where only temperature and radiation are known.

    Parameters
    ----------
    tmean_c : mean air temperature, °C
    radiation_mj_m2 : global radiation, MJ/m2 a day
    rh_pct : mean relative humidity, %; None when it is not known, and the last factor is left out.
        The three broadcast against each other

    Returns
    -------
    mm a day: NaN where any of the arguments given is.

    Raises
    ------
    ValueError : negative radiation or humidity (the message names the first).

    References
    ----------
    Turc, L. (1961). Évaluation des besoins en eau d'irrigation, évapotranspiration potentielle.
    Annales agronomiques 12(1), 13-49. In the form of Jensen, M. E., Burman, R. D. & Allen, R. G.
    (1990). Evapotranspiration and irrigation water requirements. ASCE Manual 70.

    Examples
    --------
    >>> round(float(et0_turc(20.0, 25.0)), 2)
    4.81
    """
    warmth = np.maximum(as_float(tmean_c), 0.0)  # NaN stays NaN
    radiation = as_float(radiation_mj_m2)
    reject(radiation < 0.0, radiation, "radiation_mj_m2", "radiation is not negative")
    et0 = 0.013 * warmth / (warmth + 15.0) * (23.8846 * radiation + 50.0)
    if rh_pct is not None:
        humidity = as_float(rh_pct)
        reject(humidity < 0.0, humidity, "rh_pct", "relative humidity is not negative")
        et0 = et0 * (1.0 + np.maximum(50.0 - humidity, 0.0) / 70.0)
    return np.asarray(et0)
