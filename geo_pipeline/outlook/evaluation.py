"""How well yields are told of years that had no part in it, and how sure that is.

Add a measure here. Places of a year are alike, so what is left out are whole years: a split that
has the year it tests in training, be it in other places, is refused (`Split`). A skill is the share
of the mean squared error of the best baseline that the model does away with: 0 is no better. Its
range is that of years drawn again; whether it is more than chance is asked of the years in other
orders. What may be published after all this is in `rule`.
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
"""Training years of a forward split: of fewer a model says little, and they are no test."""

ORDERS: Final = (40, 200, 500)
"""Orders of the years that are tried, all in all, as long as few of them do as well."""
PLENTY: Final = 10
"""Orders that do as well, after which no more are tried: it is chance (Besag and Clifford 1991)."""


class LeakError(ValueError):
    """A split would train on what it tests."""


@dataclass(frozen=True, slots=True)
class Split:
    """Harvests to learn from and harvests to tell, each years x places.

    Raises:
        LeakError: a year is in both, if only in different places.
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


def leave_one_out(there: BoolArray) -> Iterator[Split]:
    """Yield the splits that leave out each year of `there` (years x places) in turn."""
    for year in _years(there):
        yield _without(there, [year], year)


def leave_two_out(there: BoolArray) -> Iterator[Split]:
    """Yield those that leave out each pair of years, and tell the one, then the other."""
    for one, other in permutations(_years(there), 2):
        yield _without(there, [one, other], one)


def forward(there: BoolArray, least: int = LEAST_PAST_YEARS) -> Iterator[Split]:
    """Yield those that tell a year from the years before it, where these are `least` or more."""
    for year in _years(there)[least:]:
        yield _without(there, list(range(year, len(there))), year)


def _years(there: BoolArray) -> list[int]:
    return [int(year) for year in np.flatnonzero(there.any(axis=-1))]


def _without(there: BoolArray, left_out: Sequence[int], tested: int) -> Split:
    train = np.ones(there.shape, dtype=np.bool_)
    train[left_out] = False
    test = np.zeros(there.shape, dtype=np.bool_)
    test[tested] = there[tested]
    return Split(train, test)


@dataclass(frozen=True, slots=True)
class Known:
    """What each fold knows of harvests, and what it expects without the weather.

    A forecast is made of this and of features: harvests that a split leaves out are not in it.
    """

    observed: FloatArray
    """Folds x places: the harvests to tell, NaN where there is none. Only scores look at it."""
    tests: IntArray
    """Folds, position of the year to tell."""
    last: IntArray
    """Folds, position of the last year whose weather is known when that is told."""
    baselines: FloatArray
    """4 x folds x places: what `baselines.expected` has of the year to tell."""
    chosen: IntArray
    """Folds, which of them was best in training."""
    expected: FloatArray
    """Folds x places: what that one has."""
    departures: FloatArray
    """Folds x years x places: training harvests from what was expected of them, NaN beyond."""

    @classmethod
    def of(cls, yields: FloatArray, splits: Sequence[Split]) -> Self:
        """Return what `splits` of `yields` (years x places) know; each tests one year."""
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
    """Return which baseline comes closest to the training harvests of each fold."""
    there = train & ~np.isnan(yields) & ~np.isnan(baselines).any(axis=0)
    missed = np.where(there, (yields - baselines) ** 2, 0.0).sum(axis=(-2, -1))
    return np.asarray(missed.argmin(axis=0))


def tell(known: Known, features: FloatArray) -> FloatArray:
    """Return what the model tells of each fold, folds x places, NaN where it cannot.

    Args:
        known: of the harvests.
        features: groups x 2 x years x places; of the years after the last one that a fold knows
            they have no part in it.
    """
    told = np.full(known.expected.shape, np.nan)
    for last in np.unique(known.last):
        seen = features[..., : last + 1, :]
        seasons = _seasons(seen)
        here = (known.last == last) & np.isin(known.tests, seasons)
        weather = standardised(seen[..., seasons, :])
        tests = np.searchsorted(seasons, known.tests[here])
        order = np.arange(len(seasons))[np.newaxis]
        told[here] = forecasts(weather, known.departures[here][:, seasons], tests, order)[0]
    return np.asarray(known.expected + told)


def _seasons(features: FloatArray) -> IntArray:
    """Return the years that have weather."""
    return np.flatnonzero(~np.isnan(features).all(axis=(0, 1, 3)))


class Skill(NamedTuple):
    """The skill over the best baseline, and its range; NaN where there is nothing to tell it of."""

    value: float
    lower: float
    upper: float


NO_SKILL: Final = Skill(np.nan, np.nan, np.nan)


def skill(known: Known, told: FloatArray) -> Skill:
    """Return the skill of `told` (folds x places) against the best of the baselines.

    The range is that of the baseline that leaves least of it.
    """
    there = ~np.isnan(known.observed + told)
    years = np.unique(known.tests[there.any(axis=-1)])
    if not years.size:
        return NO_SKILL
    of_year = (known.tests == years[:, np.newaxis]).astype(np.float64)
    missed = np.where(there, (known.observed - told) ** 2, 0.0).sum(axis=-1)
    away = np.where(there, (known.observed - known.baselines) ** 2, 0.0).sum(axis=-1)
    by_year = (of_year @ missed, away @ of_year.T)
    values = (verification.skill(*by_year), *verification.skill_range(*by_year))
    return Skill(*(float(each.min()) for each in values))


def permutation(
    known: Known, several: Sequence[FloatArray], skills: Sequence[Skill], seed: int = 0
) -> FloatArray:
    """Return how likely each of `skills` is where harvests have nothing to do with the weather.

    The harvests stay as they are, the weather comes in another order of the years, and all is done
    again. Of each order the best of all dates of issue counts, for a date is found as the best too:
    the share of orders that do as well holds for all of them together (Westfall and Young 1993).

    Args:
        known: of the harvests, each year left out in turn.
        several: features of each date of issue, each groups x 2 x years x places.
        skills: what `skill` found with the years in their order; NaN where nothing was told. Where
            no range is above 0 it is settled: a first look at the orders is enough.
        seed: of the orders.
    """
    told = np.array([not np.isnan(each.value) for each in skills])
    dates = [each for each, is_told in zip(several, told, strict=True) if is_told]
    aims = np.array([each.value for each in skills])[told]
    open_ = np.array([each.lower > 0.0 for each in skills])[told]
    as_well, tried = np.zeros(len(aims)), 0
    rng = np.random.default_rng(seed)
    for all_in_all in ORDERS:
        best = np.full(all_in_all - tried, -np.inf)
        drawn = rng.random((len(best), known.departures.shape[1]))
        for features in dates:
            best = np.fmax(best, _skills_of_orders(known, features, drawn))
        as_well += (best >= aims[:, np.newaxis]).sum(axis=-1)
        tried = all_in_all
        if (as_well[open_] >= PLENTY).all():
            break
    p_values = np.full(len(skills), np.nan)
    p_values[told] = (1.0 + as_well) / (1.0 + tried)
    return p_values


def _skills_of_orders(known: Known, features: FloatArray, drawn: FloatArray) -> FloatArray:
    """Return the skill of each order of the years that `drawn` (orders x years) ranks."""
    seasons = _seasons(features)
    here = np.isin(known.tests, seasons)
    tests = np.searchsorted(seasons, known.tests[here])
    seen = standardised(features[..., seasons, :])
    # Only years that both have weather and harvests change places.
    orders = np.tile(np.arange(len(seasons)), (len(drawn), 1))
    orders[:, np.sort(tests)] = np.sort(tests)[drawn[:, known.tests[here]].argsort(axis=-1)]
    departures = known.departures[here][:, seasons]
    told = known.expected[here] + forecasts(seen, departures, tests, orders)
    observed = known.observed[here]
    there = ~np.isnan(told + observed)
    missed = np.where(there, (observed - told) ** 2, 0.0).sum(axis=(-2, -1))
    away = np.where(there, (observed - known.baselines[:, np.newaxis, here]) ** 2, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1.0 - missed / away.sum(axis=(-2, -1)).min(axis=0))
