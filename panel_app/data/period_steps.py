"""Steps from one period of an indicator to the one before, and to a year before."""

from datetime import date
from typing import Final

import pandas as pd

from geo_pipeline.catalogue.indicator_record import Indicator
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing.selection import LONGEST_STEP
from panel_app.data.indicator_matrix import Matrix

NEAR_DAYS: Final = 5
"""The period of an earlier date is the one that ends within so many days of it."""


def drier_sign(indicator: Indicator) -> int:
    """1 where a larger shown number is drier, -1 where it is wetter, 0 for neither."""
    if indicator.neutral:
        return 0
    return 1 if indicator.dry_is_high or indicator.scored else -1


def row_before(matrix: Matrix, row: int, step: str) -> int:
    """Row of the step before, -1 at the start of the record and after a gap."""
    earlier = [each for each in matrix.rows(step) if each < row]
    most = LONGEST_STEP[step_name(matrix, step)]
    if not earlier or (matrix.periods[row] - matrix.periods[earlier[-1]]).days > most:
        return -1
    return earlier[-1]


def row_of_year_before(matrix: Matrix, row: int) -> int:
    """Row of the same period a year before, -1 where it is not on record."""
    wanted = (pd.Timestamp(matrix.periods[row]) - pd.DateOffset(years=1)).date()
    near = min(range(len(matrix.periods)), key=lambda each: _days(matrix.periods[each], wanted))
    return near if _days(matrix.periods[near], wanted) <= NEAR_DAYS else -1


def _days(one: date, other: date) -> int:
    return abs((one - other).days)


def step_name(matrix: Matrix, step: str) -> str:
    """Name of the step through periods; for yields and restrictions the address has none."""
    if matrix.by_dekad:
        return step
    return indicator_of(matrix.indicator).step
