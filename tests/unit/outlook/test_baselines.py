"""Baselines of yields: values by hand, and no use of unknown harvests."""

import numpy as np
import pytest

from geo_pipeline.outlook.baselines import BASELINES, expected

MEAN, OF_FIVE, TREND, LAST = range(4)


def test_names_are_in_the_order_of_the_results() -> None:
    assert BASELINES == ("mean", "mean_of_five", "trend", "last_year")


def test_ten_harvests_by_hand() -> None:
    """1, 2 ... 9, 20: before the last the mean is 5, that of five 7, and the line goes to 10."""
    yields = np.array([*range(1, 10), 20.0])[:, np.newaxis]
    told = expected(yields, np.ones(yields.shape, dtype=bool))[:, -1, 0]
    assert told == pytest.approx([5.0, 7.0, 10.0, 9.0])


def test_the_mean_leaves_the_year_itself_out() -> None:
    yields = np.array([[1.0], [2.0], [3.0], [10.0]])
    told = expected(yields, np.ones(yields.shape, dtype=bool))[MEAN, :, 0]
    assert told == pytest.approx([5.0, 14 / 3, 13 / 3, 2.0])


def test_with_too_few_harvests_before_it_is_the_mean() -> None:
    yields = np.arange(1.0, 10.0)[:, np.newaxis]
    told = expected(yields, np.ones(yields.shape, dtype=bool))
    assert told[OF_FIVE, 2] == told[MEAN, 2]  # two before it
    assert told[OF_FIVE, 3] == pytest.approx(2.0)  # three
    assert told[TREND, 7] == told[MEAN, 7]  # seven before it
    assert told[TREND, 8] == pytest.approx(9.0)  # eight


def test_two_harvests_give_no_baseline() -> None:
    yields = np.array([[1.0], [np.nan], [3.0], [np.nan]])
    assert np.isnan(expected(yields, np.ones(yields.shape, dtype=bool))).all()


def test_unknown_harvests_are_not_used() -> None:
    """Harvests that are not known replaced: the same bytes."""
    random = np.random.default_rng(0)
    yields = random.uniform(40.0, 90.0, (20, 6))
    known = np.ones((2, 20, 6), dtype=bool)
    known[0, 12] = False  # a year left out
    known[1, 12:] = False  # all from that year on
    for fold in (0, 1):
        other = np.where(known[fold], yields, random.uniform(0.0, 500.0, yields.shape))
        before, after = expected(yields, known[fold]), expected(other, known[fold])
        assert before.tobytes() == after.tobytes()


def test_folds_together_equal_single_folds() -> None:
    random = np.random.default_rng(3)
    yields = np.where(random.random((15, 4)) < 0.2, np.nan, random.uniform(40.0, 90.0, (15, 4)))
    known = random.random((5, 15, 4)) < 0.7
    together = expected(yields, known)
    for fold in range(5):
        assert np.array_equal(together[:, fold], expected(yields, known[fold]), equal_nan=True)
