"""Quality of water restrictions and of groundwater by month.

Soil water is computed here and checked in `computed`; `findings` turns cases into findings.
"""

import pandas as pd

from geo_pipeline.schemas import LEVELS
from geo_pipeline.transforms.quality.findings import (
    dated,
    findings_of,
    gaps_between,
    merged,
    warned,
)

WHOLE_PCT = 100.1
"""Largest sum of a département's shares by level; slightly more than 100 because of rounding."""
WATERS = ("surface", "groundwater", "drinking")


def restrictions(levels: pd.DataFrame) -> pd.DataFrame:
    """Shares that sum to at most 100 %, no level above the highest; rows of water_restrictions."""
    parts = []
    rank = {level: place for place, level in enumerate(LEVELS, 1)}
    highest = levels["level_max"].map(rank).fillna(0)
    for water in WATERS:
        shares = levels[[f"{water}_{level}_pct" for level in LEVELS]].sum(axis=1)
        cases = levels.assign(score=shares)[shares > WHOLE_PCT]
        parts.append(findings_of(dated(cases), "levels", "error", f"levels.{water}_share"))
        level = levels[f"level_{water}"]
        above = level.map(rank).fillna(0) - highest
        cases = levels.assign(score=above, level=level)[above > 0]
        parts.append(findings_of(dated(cases), "levels", "error", f"levels.{water}_above"))
    return merged(parts)


def groundwater(months: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Months that are missing within the record (warning) or in the future (error)."""
    ends = months["period_end"]
    gaps = gaps_between(months, ends.dt.year * 12 + ends.dt.month)
    this_month = (today + pd.offsets.MonthEnd(0)).to_numpy()
    ahead = months[ends.to_numpy() > this_month].assign(score=1.0)
    ahead = dated(ahead.rename(columns={"period_end": "date"}))
    return merged(
        [
            warned(gaps, "months", "months.gap"),
            findings_of(ahead, "months", "error", "months.future"),
        ]
    )
