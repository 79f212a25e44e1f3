"""Vanished values: known before, and unknown in the rows that would replace them.

When a provider renames or empties a column, its rows are all valid, but a year has no rain.
"""

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
    group = pd.Series("", index=both.index)
    if within is not None:
        group = both[within].dt.year if within == "date" else both[within]
    lost = []
    for name in variables:
        for place, of_place in both.groupby(group):
            count = int(of_place[f"{name}_before"].notna().sum())
            if count >= least and of_place[name].isna().all():
                lost.append(f"{name}{f' of {place}' if within else ''} ({count} rows)")
    return lost
