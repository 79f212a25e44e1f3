"""What is weighed and judged by: settings as published tables.

`sql/exposure.sql` computes the risk of crops with the weights, docs/exposure.md explains it. Past
issues of the bulletin are computed by the same rule of classes (`vintages`).
"""

import pandas as pd

from geo_pipeline.settings import Settings

HIGHEST_KY = 1.5
"""Ky at which vulnerability is 1: that of maize at flowering (FAO-33)."""


def risk_tables(settings: Settings) -> dict[str, pd.DataFrame]:
    """Return `risk_weights` (one row), `irrigated_risk` (level, share) and `class_rules` (one row).

    All are published. The share is that of a shortage which an irrigated crop suffers at each level
    of restriction.
    """
    weights = {
        "shortage_weight": [settings.risk_shortage_weight],
        "default_ky": [settings.risk_default_ky],
        "highest_ky": [HIGHEST_KY],
    }
    shares = settings.risk_irrigated
    return {
        "class_rules": pd.DataFrame({"class_min_years": [settings.class_min_years]}),
        "risk_weights": pd.DataFrame(weights),
        "irrigated_risk": pd.DataFrame({"level": list(shares), "share": list(shares.values())}),
    }
