"""Indicators of the water that rainfed crops lack, by month and over their season.

An irrigated crop has no row, because the balance gives it all the water it demands.
"""

import numpy as np

from geo_pipeline.indicators.crops import relative_yield_by_stage
from geo_pipeline.transforms.basis import Basis
from geo_pipeline.transforms.crop_water import (
    rainfed,
    share_of_demand,
    supplied_share,
    yield_stages,
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


def season_shortage(basis: Basis, *, crop: str) -> Measure | None:
    """Shortage of water in the stages of the season that have ended, %.

    Each stage is weighted by the response of the yield to it in FAO-33 (Ky), so that a shortage at
    flowering counts more than one at ripening. It is not a loss of yield: nothing is fitted to
    harvests, and they contradict it (maize of 2017: half by this, harvests above the mean).

    It has values from the dekad in which the first stage with a factor ends to the end of the month
    in which the season ends. Stages are combined as a product (`relative_yield_by_stage`).
    """
    water, dekads = basis.water, basis.dekads
    if crop not in rainfed(water):
        return None
    row = water.season.crops.index(crop)
    day = water.season.day[row]
    ends, factors = yield_stages(basis.crops.iloc[row], int(water.season.length[row]))
    value = np.full((water.swi.shape[0], len(dekads.ends)), np.nan)
    shown = np.zeros(len(dekads.ends), np.bool_)
    for start in np.flatnonzero(day == 1):
        edges = start + np.concatenate([[0], ends])
        edges = edges[edges <= len(day)]
        if len(edges) < 2:
            continue
        got, asked = (
            np.add.reduceat(mm[crop][:, : edges[-1]], edges[:-1], axis=-1)
            for mm in (water.eta_mm, water.etc_mm)
        )
        season_end = dekads.end_of_month(min(start + ends[-1], len(day)) - 1)
        for ended in range(1, len(edges)):
            if np.isnan(factors[:ended]).all():
                continue
            kept = relative_yield_by_stage(got[:, :ended], asked[:, :ended], factors[:ended])
            since = dekads.containing(edges[ended] - 1)
            value[:, since : season_end + 1] = 100.0 * (1.0 - kept)[:, np.newaxis]
            shown[since : season_end + 1] = True
    return ranked(value, dekads, dry_is_high=True, shown=shown)


def _unmet_pct(share: Array) -> Array:
    return 100.0 * (1.0 - share)
