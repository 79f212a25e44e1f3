"""Shrunken regressions: against the formula written out row by row."""

import numpy as np
import pytest

from geo_pipeline.outlook.models import (
    DEPARTURE,
    ORDERS_AT_ONCE,
    SHRINKAGES,
    forecasts,
    standardised,
)

YEARS, PLACES, GROUPS = 9, 7, 3


def data(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    features = standardised(random.normal(size=(GROUPS, 2, YEARS, PLACES)))
    departures = random.normal(size=(YEARS, PLACES)) + features[0, 0]
    return features, departures


def ridge(x: np.ndarray, a: np.ndarray, shrinkage: float) -> np.ndarray:
    """Return the slopes of rows x (rows, 2), a (rows)."""
    return np.linalg.solve(x.T @ x + shrinkage * len(x) * np.eye(2), x.T @ a)


def written_out(features: np.ndarray, departures: np.ndarray, test: int) -> np.ndarray:
    """Return the forecast of `models`' formula, with loops in place of sums by year."""
    train = [year for year in range(YEARS) if year != test]
    told = []
    for group in features:
        rows = {year: (group[:, year].T, departures[year]) for year in train}

        def slopes(years: list[int], shrinkage: float, rows=rows) -> np.ndarray:
            x, a = (np.concatenate([rows[year][part] for year in years]) for part in (0, 1))
            return ridge(x, a, shrinkage)

        def missed(shrinkage: float, rows=rows, slopes=slopes) -> float:
            return sum(
                (
                    (
                        rows[out][1]
                        - rows[out][0] @ slopes([y for y in train if y != out], shrinkage)
                    )
                    ** 2
                ).sum()
                for out in train
            )

        beta = slopes(train, min(SHRINKAGES, key=missed))
        z = np.einsum("p,pyd->yd", beta, group)
        r = departures[train] - z[train]
        own = DEPARTURE**2 * (z[train] * r).sum(axis=0)
        own /= (r**2).mean() + DEPARTURE**2 * (z[train] ** 2).sum(axis=0)
        told.append((1 + own) * z[test])
    return np.mean(told, axis=0)


def test_it_is_the_formula_written_out() -> None:
    features, departures = data()
    folds = np.repeat(departures[np.newaxis], YEARS, axis=0)
    folds[np.arange(YEARS), np.arange(YEARS)] = np.nan
    told = forecasts(features, folds, np.arange(YEARS), np.arange(YEARS)[np.newaxis])
    for test in range(YEARS):
        assert told[0, test] == pytest.approx(written_out(features, departures, test), rel=1e-9)


def test_an_order_of_the_years_is_their_weather_in_that_order() -> None:
    features, departures = data(1)
    folds = np.repeat(departures[np.newaxis], 2, axis=0)
    folds[[0, 1], [4, 7]] = np.nan
    random = np.random.default_rng(2)
    orders = np.array([random.permutation(YEARS) for _ in range(ORDERS_AT_ONCE + 3)])
    tests = np.array([4, 7])
    together = forecasts(features, folds, tests, orders)
    for row, order in enumerate(orders):
        alone = forecasts(features[:, :, order], folds, tests, np.arange(YEARS)[np.newaxis])
        assert together[row] == pytest.approx(alone[0], rel=1e-9)


def test_places_without_weather_or_harvests_have_no_forecast_and_change_no_other() -> None:
    features, departures = data(3)
    folds = departures[np.newaxis].copy()
    folds[0, 5] = np.nan
    order = np.arange(YEARS)[np.newaxis]
    more = np.concatenate([features, np.full((GROUPS, 2, YEARS, 1), np.nan)], axis=-1)
    harvests = np.concatenate([folds, np.full((1, YEARS, 1), 3.0)], axis=-1)
    told = forecasts(more, harvests, np.array([5]), order)
    assert np.isnan(told[0, 0, -1])
    assert told[0, 0, :-1] == pytest.approx(forecasts(features, folds, np.array([5]), order)[0, 0])
    few = folds.copy()
    few[0, 2:, 0] = np.nan
    assert np.isnan(forecasts(features, few, np.array([5]), order)[0, 0, 0])


def test_features_are_departures_from_their_place() -> None:
    """2, 4, 6 in one place and 12, 14, 16 in another: both -1.22, 0, 1.22 in one spread."""
    values = np.array([[2.0, 12.0], [4.0, 14.0], [6.0, 16.0]])[np.newaxis, np.newaxis]
    told = standardised(values)[0, 0]
    assert told == pytest.approx(np.array([[-1.2247449] * 2, [0.0] * 2, [1.2247449] * 2]))
    assert (standardised(np.full((1, 1, 3, 2), 7.3)) == 0.0).all()
