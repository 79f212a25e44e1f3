"""Which départements have records of the same length, and may be computed side by side."""

from collections.abc import Iterator
from typing import Any

import pandas as pd


def same_span(
    departement: "pd.Series[str]", when: "pd.Series[Any]"
) -> Iterator[tuple[list[str], Any, Any]]:
    """Yield codes, first and last time of the départements whose records begin and end alike.

    Kept apart, so that a département's numbers never depend on which others are run beside it.
    """
    by_code = when.groupby(departement)
    first, last = by_code.min(), by_code.max()
    for span in sorted(set(zip(first, last, strict=True))):
        codes = first.index[(first == span[0]) & (last == span[1])]
        yield sorted(codes), span[0], span[1]
