"""Analogue years: similarity by hand."""

import numpy as np

from geo_pipeline.outlook.analogues import nearest_years


def test_no_feature_counts_more_for_its_unit() -> None:
    """In mm the second feature would decide; in its own spread both count the same."""
    now = np.array([0.5, 100.0])
    others = np.array([[0.5, 140.0], [0.9, 100.0], [0.52, 110.0], [0.1, 60.0]])
    assert nearest_years(now, others, 3).tolist() == [2, 0, 1]
    assert nearest_years(now, others * [1.0, 1000.0], 1).tolist() != [1]


def test_unknown_years_are_not_returned() -> None:
    others = np.array([[[0.2], [np.nan]], [[0.7], [0.4]]])
    assert nearest_years(np.array([[0.3], [0.3]]), others, 2).tolist() == [[0, -1], [1, 0]]
