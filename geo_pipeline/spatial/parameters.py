"""Parameter tables of SQL scripts: facts about the country as rows that a script joins.

The facts are in `territory`; here they become frames with the names that the scripts use.
"""

import pandas as pd

from geo_pipeline.territory import DEPARTEMENTS, RESTRICTION_LEVELS


def projections() -> pd.DataFrame:
    """Return departement, crs (the plane for its areas), inset (NULL on the main map)."""
    return pd.DataFrame(
        {
            "departement": [each.code for each in DEPARTEMENTS],
            "crs": [each.crs for each in DEPARTEMENTS],
            "inset": pd.array([each.inset for each in DEPARTEMENTS], dtype="Int64"),
        }
    )


def restriction_levels() -> pd.DataFrame:
    """Return level, rank: 1 for the mildest."""
    ranks = range(1, len(RESTRICTION_LEVELS) + 1)
    return pd.DataFrame({"level": RESTRICTION_LEVELS, "rank": ranks})
