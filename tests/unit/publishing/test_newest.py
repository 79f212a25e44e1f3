"""Which period is the newest of France, of how many départements have a value in each."""

import pytest

from geo_pipeline.publishing.selection import newest


@pytest.mark.parametrize(
    ("departements", "expected"),
    [
        ([96], 0),
        ([96, 96, 96], 2),
        ([96, 96, 48], 2),  # half of them
        ([96, 96, 47], 1),
        ([96, 96, 1, 1, 1], 1),
        ([1, 1, 96, 2], 2),
        ([1] * 3, 2),  # one département alone
        ([10, 96, *[4] * 54], 1),  # a few that are a year and a half ahead
        ([10, 96, *[48] * 54], 55),
        ([0, 0, 0], 2),  # a record too short for a class
    ],
)
def test_half_of_those_that_have_values(departements: list[int], expected: int) -> None:
    assert newest(departements) == expected
