"""The surface layer from which bare, wetted soil evaporates: Ke of FAO-56's dual crop coefficient.

The root zone below it is in `soil_water`, the basal crop coefficient in `crops`. Depths are in mm,
a day is one time step.

Reference: Allen, R. G., Pereira, L. S., Raes, D., Smith, M. (1998). Crop evapotranspiration. FAO
Irrigation and Drainage Paper 56. Rome. Chapter 7; equations are numbered as there.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import FloatArray, as_amount, as_amount_series, reject


@dataclass(frozen=True, slots=True, eq=False)
class Evaporation:
    """Evaporation from the surface layer, each (..., time): see `surface_evaporation`."""

    depletion_start_mm: FloatArray
    kr: FloatArray
    ke: FloatArray
    evaporation_mm: FloatArray
    percolation_mm: FloatArray
    depletion_mm: FloatArray


def surface_evaporation(
    infiltration_mm: ArrayLike,
    et0_mm: ArrayLike,
    kcb: ArrayLike,
    *,
    exposed: ArrayLike,
    wetted: ArrayLike,
    tew_mm: ArrayLike,
    rew_mm: ArrayLike,
    kc_max: ArrayLike = 1.2,
    irrigation_mm: ArrayLike = 0.0,
    initial_depletion_mm: ArrayLike,
) -> Evaporation:
    r"""Evaporation from bare, wetted soil: Ke of the dual crop coefficient (eqs. 71-79).

    .. math::
        K_e &= \min\left(K_r\,(K_{c\,max} - K_{cb}),\; f_{ew}\,K_{c\,max}\right), \qquad
        K_r = \frac{TEW - D_e}{TEW - REW} \quad (0 \le K_r \le 1) \\
        f_{ew} &= \min(1 - f_c,\, f_w), \qquad
        D_{e,i} = D_{e,i-1} - (P - RO)_i - \frac{I_i}{f_w} + \frac{E_i}{f_{ew}} + DP_{e,i}

    Water comes in at the start of the day, as in example 35; transpiration from the layer is left
    out (eq. 77 without T). ETc is (Ks Kcb + Ke) ET0. Where no soil is both exposed and wetted
    nothing evaporates, and the layer keeps its water.

    Parameters
    ----------
    infiltration_mm : (..., time), rain less runoff, mm a day
    et0_mm, kcb : (..., time), mm a day; basal crop coefficient
    exposed, wetted : (..., time), 0-1: soil not shaded 1 - fc, soil that the last wetting reached
    tew_mm, rew_mm : (..., time), evaporable and readily evaporable water of the layer (table 19),
        mm. TEW is `total_available_water` of half the wilting point and 0.10 to 0.15 m (eq. 73)
    kc_max : (..., time), upper limit (eq. 72): `crops.adjust_kc` of 1.2, and Kcb + 0.05 at least
    irrigation_mm : (..., time), mm a day over the whole field
    initial_depletion_mm : (...), mm before the first day, 0 to TEW; NaN where it is not known

    Returns
    -------
    Evaporation, each (..., time): depletion once the water is in, Kr, Ke, evaporation of the field,
    percolation out of the layer, depletion at the end of the day. NaN where an input of the day is,
    and from then on until water refills the layer beyond all doubt (TEW or more comes in).

    Raises
    ------
    ValueError : negative or infinite input, a share above 1, REW above TEW, an initial depletion
        above TEW, irrigation that wets no soil (each naming its place in the array), shapes that do
        not broadcast.

    Examples
    --------
    Bare loam, on the fourth day after heavy rain (example 31):

    >>> layer = surface_evaporation(np.zeros(4), 4.5, 0.15, exposed=1, wetted=1, tew_mm=20,
    ...     rew_mm=9, kc_max=1.2, initial_depletion_mm=0)
    >>> layer.kr.round(2).tolist(), layer.depletion_mm.round(2).tolist()
    ([1.0, 1.0, 0.96, 0.55], [4.73, 9.45, 13.98, 16.57])
    """
    named = {
        "infiltration_mm": infiltration_mm,
        "et0_mm": et0_mm,
        "kcb": kcb,
        "exposed": exposed,
        "wetted": wetted,
        "tew_mm": tew_mm,
        "rew_mm": rew_mm,
        "kc_max": kc_max,
        "irrigation_mm": irrigation_mm,
    }
    series = np.broadcast_arrays(
        *(as_amount_series(values, name) for name, values in named.items())
    )
    rain, et0, basal, bare, wet, tew, rew, highest, given = series
    for name, share in (("exposed", bare), ("wetted", wet)):
        reject(share > 1.0, share, name, "a share is in 0 to 1")
    reject(rew > tew, rew, "rew_mm", "what evaporates readily is not above TEW")
    reject((given > 0.0) & (wet == 0.0), given, "irrigation_mm", "it wets no soil: `wetted` is 0")
    water = rain + given / np.where(wet == 0.0, 1.0, wet)
    few = np.minimum(bare, wet)
    from_area = np.where(few == 0.0, 1.0, few)
    names = [item.name for item in fields(Evaporation)]
    out = {name: np.empty(water.shape) for name in names}
    depletion = as_amount(initial_depletion_mm, "initial_depletion_mm")
    depletion = np.broadcast_to(depletion, water.shape[:-1])
    if water.shape[-1]:
        reject(depletion > tew[..., 0], depletion, "initial_depletion_mm", "above TEW")
    for day in range(water.shape[-1]):
        now, layer = water[..., day], tew[..., day]
        depletion = np.where(np.isnan(depletion) & (now >= layer), layer, depletion)
        start = np.maximum(depletion - now, 0.0)
        second_stage = np.where(layer > rew[..., day], layer - rew[..., day], 1.0)
        kr = ((layer - start) / second_stage).clip(0.0, 1.0)
        kr = np.where(start < rew[..., day], 1.0, kr)
        room = highest[..., day] - basal[..., day]
        ke = np.minimum(kr * room, few[..., day] * highest[..., day])
        ke = np.maximum(ke, 0.0)
        # The exposed part cannot evaporate more than it holds.
        rate = ke * et0[..., day] / from_area[..., day]
        drawn = np.minimum(rate, np.maximum(layer - start, 0.0))
        percolation = np.maximum(now - depletion, 0.0)
        depletion = start + drawn
        today = (start, kr, ke, drawn * few[..., day], percolation, depletion)
        for name, values in zip(names, today, strict=True):
            out[name][..., day] = values
    return Evaporation(**out)
