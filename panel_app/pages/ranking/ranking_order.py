"""The order of a ranking: ties, missing values, and names."""

import unicodedata
from collections.abc import Sequence

import numpy as np

from geo_pipeline.publishing.formats import is_missing
from panel_app.data.indicator_matrix import FloatMatrix


def ranks(dryness: FloatMatrix) -> FloatMatrix:
    """1 for the driest; equal ones share the better rank; NaN unknown."""
    known = np.sort(dryness[~np.isnan(dryness)])
    place = np.searchsorted(known, dryness, side="left") + 1.0
    ranked: FloatMatrix = np.where(np.isnan(dryness), np.nan, place)
    return ranked


def alphabetical(name: str) -> str:
    """Sort key of a name: Île is sorted as I, whatever the case."""
    bare = unicodedata.normalize("NFD", name)
    return "".join(each for each in bare if not unicodedata.combining(each)).casefold()


def in_order(keys: Sequence[float] | Sequence[str], descending: bool) -> list[int]:
    """Positions in order of their keys; equal ones keep their order, missing ones come last."""
    missing = [index for index, key in enumerate(keys) if is_missing(key)]
    known = [index for index, key in enumerate(keys) if not is_missing(key)]
    known.sort(key=lambda index: keys[index], reverse=descending)
    return known + missing


def has_any(values: FloatMatrix) -> bool:
    """Whether any of the numbers is known."""
    return bool((~np.isnan(values)).any())
