"""Which period is the newest of France, of how many départements have a value in each."""

import pytest

from geo_pipeline.publishing.views import newest


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
        ([96, *[40] * 36, 40], 37),  # a provider of fewer: a year later that is all there are
        ([96, *[40] * 35], 0),
    ],
)
def test_half_of_those_that_have_values(departements: list[int], expected: int) -> None:
    assert newest(departements) == expected
