"""Skill of yield forecasts in years that the model was not fitted on, and its uncertainty.

Add a measure here. Places of the same year are alike, so whole years are left out: a split whose
training includes the tested year, even in other places, is an error (`Split`). A skill is 1 - the
mean squared error of the model / that of the best baseline. Its interval comes from resampled
years, and whether it exceeds chance from shuffled years. What may be published is decided in
`rule`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final, NamedTuple, Self

import numpy as np

from geo_pipeline.indicators._arrays import BoolArray, FloatArray, IntArray
from geo_pipeline.outlook import verification
from geo_pipeline.outlook.baselines import expected
from geo_pipeline.outlook.models import forecasts, standardised

LEAST_PAST_YEARS: Final = 8
"""Training years that a forward split needs: with fewer, the model is too uncertain to test."""

ORDERS: Final = (40, 200, 500)
"""Total numbers of shuffles: the next is tried while few of them have as much skill."""
PLENTY: Final = 10
"""Shuffles with as much skill that end the test: it is chance (Besag and Clifford 1991)."""


class LeakError(ValueError):
    """A split has a year both in training and in the test."""


@dataclass(frozen=True, slots=True)
class Split:
    """Harvests for training and harvests for the test, each years x places.

    Raises:
        LeakError: a year is in both, even if only in different places.
    """

    train: BoolArray
    test: BoolArray

    def __post_init__(self) -> None:
        both = np.flatnonzero(self.train.any(axis=-1) & self.test.any(axis=-1))
        if both.size:
            raise LeakError(
                f"year {both[0]} (counted from 0) is both trained on and tested: places of a year "
                "are alike, leave whole years out"
            )


def leave_one_out(has_harvest: BoolArray) -> Iterator[Split]:
    """Yield the splits that leave out each year with harvests (years x places) in turn."""
    for year in _years(has_harvest):
        yield _without(has_harvest, [year], year)


def leave_two_out(has_harvest: BoolArray) -> Iterator[Split]:
    """Yield the splits that leave out each pair of years and test the one, then the other."""
    for one, other in permutations(_years(has_harvest), 2):
        yield _without(has_harvest, [one, other], one)


def forward(has_harvest: BoolArray, least: int = LEAST_PAST_YEARS) -> Iterator[Split]:
    """Yield the splits that test a year after training on the `least` or more years before it."""
    for year in _years(has_harvest)[least:]:
        yield _without(has_harvest, list(range(year, len(has_harvest))), year)


def _years(has_harvest: BoolArray) -> list[int]:
    return [int(year) for year in np.flatnonzero(has_harvest.any(axis=-1))]


def _without(has_harvest: BoolArray, left_out: Sequence[int], tested: int) -> Split:
    train = np.ones(has_harvest.shape, dtype=np.bool_)
    train[left_out] = False
    test = np.zeros(has_harvest.shape, dtype=np.bool_)
    test[tested] = has_harvest[tested]
    return Split(train, test)


@dataclass(frozen=True, slots=True)
class Known:
    """Harvests and baselines as each fold knows them: harvests that it leaves out are missing.

    A forecast is made from this and from features.
    """

    observed: FloatArray
    """Folds x places: the harvests of the test, NaN where there is none. Only scores use them."""
    tests: IntArray
    """Folds, position of the tested year."""
    last: IntArray
    """Folds, position of the last year whose weather is known when it is forecast."""
    baselines: FloatArray
    """4 x folds x places: `baselines.expected` of the tested year."""
    chosen: IntArray
    """Folds, the baseline that was best in training."""
    expected: FloatArray
    """Folds x places: forecast of that baseline."""
    departures: FloatArray
    """Folds x years x places: training harvests minus that baseline, NaN elsewhere."""

    @classmethod
    def of(cls, yields: FloatArray, splits: Sequence[Split]) -> Self:
        """Return what is known in `splits` of `yields` (years x places), each testing one year."""
        train: BoolArray = np.stack([each.train for each in splits])
        test: BoolArray = np.stack([each.test for each in splits])
        tests, folds = test.any(axis=-1).argmax(axis=-1), np.arange(len(splits))
        used = np.asarray((train | test).any(axis=-1))
        last = yields.shape[0] - 1 - used[:, ::-1].argmax(axis=-1)
        baselines = expected(yields, train)
        chosen = _best(yields, baselines, train)
        best = baselines[chosen, folds]
        return cls(
            observed=np.where(test[folds, tests], yields[tests], np.nan),
            tests=tests,
            last=last,
            baselines=baselines[:, folds, tests],
            chosen=chosen,
            expected=best[folds, tests],
            departures=np.where(train, yields - best, np.nan),
        )


def _best(yields: FloatArray, baselines: FloatArray, train: BoolArray) -> IntArray:
    """Return the baseline that is closest to the training harvests of each fold."""
    has_both = train & ~np.isnan(yields) & ~np.isnan(baselines).any(axis=0)
    squared_error = np.where(has_both, (yields - baselines) ** 2, 0.0).sum(axis=(-2, -1))
    return np.asarray(squared_error.argmin(axis=0))


def predict(known: Known, features: FloatArray) -> FloatArray:
    """Return the forecast of the model in each fold, folds x places, NaN where there is none.

    Args:
        known: harvests and baselines of the folds.
        features: groups x 2 x years x places; a fold ignores years after its `last`.
    """
    departure = np.full(known.expected.shape, np.nan)
    for last in np.unique(known.last):
        known_features = features[..., : last + 1, :]
        seasons = _seasons(known_features)
        folds = (known.last == last) & np.isin(known.tests, seasons)
        weather = standardised(known_features[..., seasons, :])
        tests = np.searchsorted(seasons, known.tests[folds])
        order = np.arange(len(seasons))[np.newaxis]
        departure[folds] = forecasts(weather, known.departures[folds][:, seasons], tests, order)[0]
    return np.asarray(known.expected + departure)


def _seasons(features: FloatArray) -> IntArray:
    """Return the years with weather."""
    return np.flatnonzero(~np.isnan(features).all(axis=(0, 1, 3)))


class Skill(NamedTuple):
    """The skill against the best baseline with its interval; NaN where it cannot be measured."""

    value: float
    lower: float
    upper: float


NO_SKILL: Final = Skill(np.nan, np.nan, np.nan)


def skill(known: Known, predicted: FloatArray) -> Skill:
    """Return the skill of `predicted` (folds x places): the lowest against any of the baselines."""
    has_both = ~np.isnan(known.observed + predicted)
    years = np.unique(known.tests[has_both.any(axis=-1)])
    if not years.size:
        return NO_SKILL
    of_year = (known.tests == years[:, np.newaxis]).astype(np.float64)
    model_error = np.where(has_both, (known.observed - predicted) ** 2, 0.0).sum(axis=-1)
    baseline_error = np.where(has_both, (known.observed - known.baselines) ** 2, 0.0).sum(axis=-1)
    by_year = (of_year @ model_error, baseline_error @ of_year.T)
    values = (verification.skill(*by_year), *verification.skill_range(*by_year))
    return Skill(*(float(each.min()) for each in values))


def permutation(
    known: Known, several: Sequence[FloatArray], skills: Sequence[Skill], seed: int = 0
) -> FloatArray:
    """Return the p-value of each of `skills` if harvests had nothing to do with the weather.

    Harvests keep their years, the years of the weather are shuffled, and the skill is measured
    again. For each shuffle the best of all dates of issue counts, since the best date is looked for
    in the real order too: the p-values hold for all dates together (Westfall and Young 1993).

    Args:
        known: harvests and baselines of the folds that leave out each year in turn.
        several: features of each date of issue, each groups x 2 x years x places.
        skills: results of `skill` with the years in their order; NaN where nothing was forecast.
            If no interval is above 0, only the first shuffles are tried.
        seed: of the shuffles.
    """
    was_forecast = np.array([not np.isnan(each.value) for each in skills])
    dates = [each for each, forecast in zip(several, was_forecast, strict=True) if forecast]
    aims = np.array([each.value for each in skills])[was_forecast]
    is_open = np.array([each.lower > 0.0 for each in skills])[was_forecast]
    as_good, tried = np.zeros(len(aims)), 0
    rng = np.random.default_rng(seed)
    for total in ORDERS:
        best = np.full(total - tried, -np.inf)
        drawn = rng.random((len(best), known.departures.shape[1]))
        for features in dates:
            best = np.fmax(best, _skills_of_orders(known, features, drawn))
        as_good += (best >= aims[:, np.newaxis]).sum(axis=-1)
        tried = total
        if (as_good[is_open] >= PLENTY).all():
            break
    p_values = np.full(len(skills), np.nan)
    p_values[was_forecast] = (1.0 + as_good) / (1.0 + tried)
    return p_values


def _skills_of_orders(known: Known, features: FloatArray, drawn: FloatArray) -> FloatArray:
    """Return the skill with each order of the years, given as the ranks of `drawn`."""
    seasons = _seasons(features)
    folds = np.isin(known.tests, seasons)
    tests = np.searchsorted(seasons, known.tests[folds])
    weather = standardised(features[..., seasons, :])
    # Only years with both weather and harvests are shuffled.
    orders = np.tile(np.arange(len(seasons)), (len(drawn), 1))
    orders[:, np.sort(tests)] = np.sort(tests)[drawn[:, known.tests[folds]].argsort(axis=-1)]
    departures = known.departures[folds][:, seasons]
    predicted = known.expected[folds] + forecasts(weather, departures, tests, orders)
    observed = known.observed[folds]
    has_both = ~np.isnan(predicted + observed)
    model_error = np.where(has_both, (observed - predicted) ** 2, 0.0).sum(axis=(-2, -1))
    baseline_error = np.where(
        has_both, (observed - known.baselines[:, np.newaxis, folds]) ** 2, 0.0
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1.0 - model_error / baseline_error.sum(axis=(-2, -1)).min(axis=0))
