"""The pace of a change against its usual one, checked by hand."""

import numpy as np
import pytest

from geo_pipeline.indicators.change import standardised_change


def february_changes(*changes: float) -> np.ndarray:
    """Return years of months whose only change is that from January to February."""
    years = np.full((len(changes), 12), np.nan)
    years[:, 0], years[:, 1] = 1.0, 1.0 + np.array(changes)
    return years.ravel()


def test_a_change_is_told_in_standard_deviations_of_its_month() -> None:
    """Of -0.1, -0.2, -0.3 and -0.4 the mean is -0.25, the standard deviation 0.1291."""
    found = standardised_change(february_changes(-0.1, -0.2, -0.3, -0.4), 1).reshape(4, 12)
    assert found[:, 1] == pytest.approx([1.1619, 0.3873, -0.3873, -1.1619], abs=1e-4)
    assert np.isnan(np.delete(found, 1, axis=1)).all()


def test_the_reference_alone_says_what_is_usual() -> None:
    """The first three years: mean -0.2, standard deviation 0.1."""
    found = standardised_change(february_changes(-0.1, -0.2, -0.3, -0.6), 1, reference=(0, 36))
    assert found.reshape(4, 12)[:, 1] == pytest.approx([1.0, 0.0, -1.0, -4.0])


def test_two_steps_look_back_on_two() -> None:
    x = np.tile([0.0, 1.0, 3.0, 6.0], 3) + np.repeat([0.0, 0.0, 0.0], 4)
    x[-1] = 5.0  # changes of two steps at the end of the year: 5, 5, 4
    found = standardised_change(x, 2, period=4)
    assert found[[3, 7, 11]] == pytest.approx([0.57735, 0.57735, -1.1547], abs=1e-5)


def test_two_years_and_years_alike_have_no_spread() -> None:
    assert np.isnan(standardised_change(february_changes(-0.1, -0.2), 1)).all()
    assert np.isnan(standardised_change(february_changes(-0.1, -0.1, -0.1), 1)).all()


def test_what_is_missing_touches_its_two_changes_alone() -> None:
    x = np.random.default_rng(3).normal(size=(2, 120))
    whole = standardised_change(x, 1)
    x[0, 50] = np.nan
    holed = standardised_change(x, 1)
    assert np.isnan(holed[0, [50, 51]]).all()
    assert np.isfinite(holed[0, [49, 52]]).all()
    np.testing.assert_array_equal(holed[1], whole[1])


def test_places_are_told_as_each_alone() -> None:
    x = np.random.default_rng(4).normal(size=(3, 2, 240))
    together = standardised_change(x, 4, first_step=5)
    for place in np.ndindex(3, 2):
        alone = standardised_change(x[place], 4, first_step=5)
        np.testing.assert_array_equal(together[place], alone)


def test_no_step_is_no_change() -> None:
    with pytest.raises(ValueError, match="steps must be at least 1"):
        standardised_change(np.zeros(24), 0)
