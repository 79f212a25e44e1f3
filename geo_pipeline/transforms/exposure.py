"""Weights of the risk of crops: settings as the tables that `sql/exposure.sql` joins.

The risk itself is computed in that script; docs/exposure.md explains it.
"""

import pandas as pd

from geo_pipeline.settings import Settings

HIGHEST_KY = 1.5
"""Ky at which vulnerability is 1: that of maize at flowering (FAO-33)."""


def risk_tables(settings: Settings) -> dict[str, pd.DataFrame]:
    """Return `risk_weights` (one row) and `irrigated_risk` (level, share), both published.

    The share is that of a shortage which an irrigated crop suffers at each level of restriction.
    """
    weights = {
        "shortage_weight": [settings.risk_shortage_weight],
        "default_ky": [settings.risk_default_ky],
        "highest_ky": [HIGHEST_KY],
    }
    shares = settings.risk_irrigated
    return {
        "risk_weights": pd.DataFrame(weights),
        "irrigated_risk": pd.DataFrame({"level": list(shares), "share": list(shares.values())}),
    }
