"""Crops at stake: how much of each lacks more water than usual, and the risk to it, in words."""

import numpy as np

from geo_pipeline.publishing.formats import format_number
from panel_app.data.page_view import PageView, hectares, percent


def crops_at_stake(view: PageView, regions: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """Return each crop that stands at the period shown, of France or of some `regions` by name.

    Of several régions the greatest risk comes first. Empty for an indicator that is not a drought.
    """
    if view.indicator.group != "drought" or not view.matrix.by_dekad:
        return []
    table = view.publication.at_stake(view.period_end).dropna(subset=["affected_pct"])
    rows = table[table["region"].isin(regions) if regions else table["region"].isna()]
    if len(regions) > 1:
        rows = rows.sort_values("risk", ascending=False, kind="stable")
    return [
        {
            "region": str(row["region"]) if regions else "",
            "crop": view.words.crop(str(row["crop"])),
            "area": hectares(float(row["area_ha"]), view.lang),
            "year": str(int(row["area_year"])),
            "affected": percent(float(row["affected_pct"]), view.lang),
            "production": ""
            if np.isnan(row["production_at_stake_pct"])
            else percent(float(row["production_at_stake_pct"]), view.lang),
            "risk": format_number(100.0 * float(row["risk"]), 0, view.lang),
        }
        for _, row in rows.iterrows()
    ]
