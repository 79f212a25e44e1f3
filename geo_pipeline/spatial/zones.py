"""Alert zones: the share of each département under each level of restriction."""

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_pipeline.errors import StorageError
from geo_pipeline.schemas import LEVELS
from geo_pipeline.spatial import database
from geo_pipeline.spatial.parameters import restriction_levels
from geo_pipeline.words import message

ZONE_TYPES = ("surface", "groundwater", "drinking")

SHARE_COLUMNS = tuple(f"{kind}_{level}_pct" for kind in ZONE_TYPES for level in LEVELS)
"""Columns that `with_shares` adds: `surface_vigilance_pct`, ..., `drinking_crise_pct`."""


def restriction_shares(departements: pd.DataFrame, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the area of each département under each level, by type of zone.

    Where zones of one type overlap the strictest level counts. A zone only applies in its own
    département: the part beyond that outline (outlines of two sources never agree exactly) is
    `outside_km2`. Invalid polygons are repaired.

    Args:
        departements: departement, geometry (longitude and latitude).
        zones: departement, zone_type (`ZONE_TYPES`), level (`LEVELS`), geometry, one row a zone.

    Returns:
        departement, zone_type, level: one row for each combination that has a zone;
        area_km2, share_pct: of the département's outline, the share NaN where `departements` lacks
            it;
        zones, repaired_zones: number of zones, and of invalid ones among them;
        zones_km2, overlapping_km2, outside_km2: area of the zones, and the parts covered by another
            zone at least as strict, or lying outside. With area_km2 they add up.

    Raises:
        StorageError: a type or level is unknown, a département occurs twice, or DuckDB fails.
    """
    for column, known in (("zone_type", ZONE_TYPES), ("level", LEVELS)):
        if wrong := sorted(set(map(str, zones[column])) - set(known)):
            raise StorageError(message("zones.unknown", column=column, wrong=list(wrong)))
    if departements["departement"].duplicated().any():
        raise StorageError(message("zones.outlines"))
    columns = ["departement", "zone_type", "level", "geometry"]
    shares = database.run(
        "restriction_shares",
        {
            "departements": departements[["departement", "geometry"]],
            "zones": zones[columns],
            "restriction_levels": restriction_levels(),
        },
    )
    if (counted := int(shares["zones"].sum())) != len(zones):
        raise StorageError(message("zones.count", given=len(zones), measured=counted))
    return shares


def with_shares(levels: pd.DataFrame, shares: pd.DataFrame | None) -> pd.DataFrame:
    """Return rows of `water_restrictions` with `SHARE_COLUMNS`, % of the département's area.

    0 where no zone has a level; NaN where the zones are not known: a level is in force without any
    zone of that type, or the département has no outline.

    Args:
        levels: departement, level_surface, level_groundwater, level_drinking.
        shares: the result of `restriction_shares` for that day; None where the zones could not be
            received: then all shares are NaN.
    """
    if shares is None:
        return levels.assign(**dict.fromkeys(SHARE_COLUMNS, np.nan))
    table = shares.assign(column=shares["zone_type"] + "_" + shares["level"] + "_pct")
    wide = table.pivot(index="departement", columns="column", values="share_pct")
    wide = wide.reindex(index=levels["departement"], columns=list(SHARE_COLUMNS))
    for kind in ZONE_TYPES:
        columns = [f"{kind}_{level}_pct" for level in LEVELS]
        of_kind = shares[shares["zone_type"] == kind]
        zoned = levels["departement"].isin(of_kind["departement"])
        drawn = of_kind.loc[of_kind["share_pct"].notna(), "departement"]
        free = ~zoned & levels[f"level_{kind}"].isna()
        known = levels["departement"].isin(drawn) | free
        wide[columns] = wide[columns].fillna(0.0)
        wide.loc[~known.to_numpy(), columns] = np.nan
    return levels.assign(**{column: wide[column].to_numpy() for column in SHARE_COLUMNS})
