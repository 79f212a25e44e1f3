"""Vanished values: known before, and unknown in the rows that would replace them.

When a provider renames or empties a column, its rows are all valid, but a year has no rain.
"""

import numpy as np
import pandas as pd

from geo_pipeline.tables import TABLES


def vanished(table: str, before: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Return which values `before` has in common rows and `rows` has none of.

    Both are rows of `table`, of one département. Each is named with the number of rows that lost
    it: `precip_mm of 2020 (366 rows)`. Only tables whose record has `kept` are compared.
    """
    kept = TABLES[table].kept
    if kept is None:
        return []
    key, variables, least, within = kept
    both = before.merge(rows, on=list(key), suffixes=("_before", ""))
    group = np.zeros(len(both), dtype=np.int64)
    if within is not None:
        group = (both[within].dt.year if within == "date" else both[within]).to_numpy()
    known = both[[f"{name}_before" for name in variables]].notna().groupby(group).sum()
    has_any = both[list(variables)].notna().groupby(group).any()
    lost = []
    for name in variables:
        count = known[f"{name}_before"]
        for place in count.index[(count >= least) & ~has_any[name]]:
            lost.append(f"{name}{f' of {place}' if within else ''} ({count[place]} rows)")
    return lost
