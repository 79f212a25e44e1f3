"""Vanished values: known before, and unknown in the rows that would take their place.

A provider that renames or empties a column leaves rows that are all valid, and a year without rain.
"""

import pandas as pd

from geo_pipeline.tables import TABLES


def vanished(table: str, before: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Return what `before` knows of the rows that both have and `rows` do not know at all.

    Both are rows of `table`, of one département. Each is told with how many rows lost it:
    `precip_mm of 2020 (366 rows)`. Nothing is told of a table whose record says nothing of it.
    """
    kept = TABLES[table].kept
    if kept is None:
        return []
    key, measures, least, within = kept
    both = before.merge(rows, on=list(key), suffixes=("_before", ""))
    group = pd.Series("", index=both.index)
    if within is not None:
        group = both[within].dt.year if within == "date" else both[within]
    lost = []
    for name in measures:
        for place, of_place in both.groupby(group):
            count = int(of_place[f"{name}_before"].notna().sum())
            if count >= least and of_place[name].isna().all():
                lost.append(f"{name}{f' of {place}' if within else ''} ({count} rows)")
    return lost
