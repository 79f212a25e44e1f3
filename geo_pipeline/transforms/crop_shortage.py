"""Indicators of the water that rainfed crops lack, by month, and got, over their season.

An irrigated crop has no row, because the balance gives it all the water it demands.
"""

import numpy as np

from geo_pipeline.transforms.basis import Basis
from geo_pipeline.transforms.crop_water import (
    rainfed,
    share_of_demand,
    supplied_share,
)
from geo_pipeline.transforms.daily_arrays import Array
from geo_pipeline.transforms.indicator_rows import Measure, ranked


def stress_of_all(basis: Basis) -> Measure:
    """Unmet share of the water demand of rainfed crops, %, over the last three dekads."""
    share = supplied_share(basis.water, basis.dekads)
    return ranked(_unmet_pct(share), basis.dekads, dry_is_high=True)


def stress(basis: Basis, *, crop: str) -> Measure | None:
    """The same for one crop, in its season."""
    water, dekads = basis.water, basis.dekads
    if crop not in rainfed(water):
        return None
    share = share_of_demand(water.eta_mm[crop], water.etc_mm[crop], dekads)
    grown = dekads.any(water.season.grows[water.season.crops.index(crop)])
    return ranked(_unmet_pct(share), dekads, dry_is_high=True, shown=grown)


def satisfaction(basis: Basis, *, crop: str) -> Measure | None:
    """Share of the water asked for since the season began that the crop got, %.

    The water requirement satisfaction index of FAO, as it stands. Nothing is fitted on harvests
    here: what it means for a yield is told by `yield_outlook`, where it has passed the tests.
    """
    water, dekads = basis.water, basis.dekads
    if crop not in rainfed(water):
        return None
    row = water.season.crops.index(crop)
    value = np.full((water.swi.shape[0], len(dekads.ends)), np.nan)
    shown = np.zeros(len(dekads.ends), np.bool_)
    for first in np.flatnonzero(water.season.day[row] == 1):
        last = min(int(first + water.season.length[row]), water.swi.shape[1]) - 1
        told = dekads.within(int(first), last)
        got, asked = (
            np.cumsum(mm[crop][:, first : last + 1], axis=-1)[:, told.days - first]
            for mm in (water.eta_mm, water.etc_mm)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            value[:, told.dekads] = np.where(
                asked > 0, 100.0 * np.minimum(got / asked, 1.0), np.nan
            )
        shown[told.dekads] = True
    return ranked(value, dekads, shown=shown)


def _unmet_pct(share: Array) -> Array:
    return 100.0 * (1.0 - share)
