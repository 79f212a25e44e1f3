"""Zones of restriction in force, as the table `water_restrictions` has them with each département.

Shares of the area by level are in `spatial.zones`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from geo_pipeline.schemas import LEVELS

TOLD: Final = (
    "name", "zone_type", "level", "order", "order_url", "first_day", "last_day", "farming",
)  # fmt: skip
"""What is told of a zone."""


def with_zones(
    levels: pd.DataFrame, zones: pd.DataFrame | None, untold: tuple[tuple[str, str], ...] = ()
) -> pd.DataFrame:
    """Return rows of `water_restrictions` with `zones`: the zones in force as JSON.

    The strictest come first. None where the zones are not known, or not all of them.

    Args:
        levels: departement.
        zones: departement, name, zone_type, level, order, order_url, first_day, last_day, farming,
            one row a zone; None where they could not be received.
        untold: département and type of zones that are in force and not in `zones`.
    """
    if zones is None:
        return levels.assign(zones=None)
    told: dict[str, str | None] = dict.fromkeys(levels["departement"], "[]")
    order = zones["level"].map({level: -rank for rank, level in enumerate(LEVELS)})
    by_strictness = zones.assign(order_of=order).sort_values(
        ["order_of", "zone_type", "name"], kind="stable"
    )
    for code, rows in by_strictness.groupby("departement"):
        told[str(code)] = _as_json(rows.to_dict("records"))
    told |= dict.fromkeys((code for code, _ in untold), None)
    return levels.assign(zones=levels["departement"].map(told).astype(object))


def _as_json(zones: Sequence[Mapping[Any, Any]]) -> str:
    """Return the zones of a département without their outlines; what is None is left out."""
    kept = ({name: zone[name] for name in TOLD if zone[name] is not None} for zone in zones)
    return json.dumps(list(kept), ensure_ascii=False, separators=(",", ":"))
