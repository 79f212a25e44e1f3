"""Skill of yields: leaks are refused, noise is not published, a signal is found."""

import numpy as np
import pytest

from geo_pipeline.outlook.evaluation import (
    NO_SKILL,
    Known,
    LeakError,
    Split,
    forward,
    leave_one_out,
    leave_two_out,
    permutation,
    predict,
    skill,
)
from geo_pipeline.outlook.rule import Evidence, Placebo, verdicts

YEARS, PLACES, DATES = 20, 20, 2
FIRST_WEATHER = 8
"""Years of harvests before the weather begins."""


def weather(random: np.random.Generator) -> list[np.ndarray]:
    """Return features of two dates of issue, of all France more than of each place.

    Those of a season go together, as drought, heat and light do; so do the two dates.
    """
    shape = (DATES, 3, 2, YEARS, 1)
    season, own = random.normal(size=(YEARS, 1)), random.normal(size=shape)
    own[1] = 0.8 * own[0] + 0.6 * own[1]
    features = 0.7 * season + 0.7 * own + 0.5 * random.normal(size=(*shape[:-1], PLACES))
    features[..., :FIRST_WEATHER, :] = np.nan
    return list(features)


def noise(random: np.random.Generator) -> np.ndarray:
    """Return harvests that have nothing to do with the weather: years are 5 % off, places too."""
    level = random.uniform(40.0, 90.0, PLACES)
    off = 0.05 * random.normal(size=(YEARS, 1)) + 0.05 * random.normal(size=(YEARS, PLACES))
    return level * (1.0 + off)


def published(yields: np.ndarray, features: list[np.ndarray], placebo: np.ndarray) -> list[str]:
    """Return the verdict of each date of issue."""
    there = ~np.isnan(features[0]).any(axis=(0, 1))
    one = Known.of(yields, list(leave_one_out(there)))
    ahead = Known.of(yields, list(forward(there)))
    found = [(skill(one, predict(one, x)), skill(ahead, predict(ahead, x))) for x in features]
    p_values = permutation(one, features, [left_out for left_out, _ in found])
    none = skill(one, predict(one, placebo))
    placebo_p = permutation(one, [placebo], [none])[0] if none.lower > 0.0 else np.nan
    years = YEARS - FIRST_WEATHER
    evidence = [
        Evidence(years, left_out, before, float(p), (Placebo(none, placebo_p),))
        for (left_out, before), p in zip(found, p_values, strict=True)
    ]
    return list(verdicts([evidence])[0])


def test_splits_leave_whole_years_out() -> None:
    there = np.ones((10, 2), dtype=bool)
    assert len(list(leave_one_out(there))) == 10
    assert len(list(leave_two_out(there))) == 90
    ahead = list(forward(there))
    assert [int(each.train.any(axis=1).sum()) for each in ahead] == [8, 9]
    assert not ahead[0].train[8:].any()


def test_the_test_year_in_training_is_refused() -> None:
    train = np.ones((5, 4), dtype=bool)
    test = np.zeros((5, 4), dtype=bool)
    test[2] = True
    with pytest.raises(LeakError, match="year 2"):
        Split(train, test)


def test_other_places_of_the_test_year_in_training_are_refused() -> None:
    train = np.ones((5, 4), dtype=bool)
    train[2, 0] = False
    test = np.zeros((5, 4), dtype=bool)
    test[2, 0] = True
    with pytest.raises(LeakError, match="whole years"):
        Split(train, test)


def test_random_folds_are_refused() -> None:
    fold = np.random.default_rng(0).integers(5, size=(12, 30))
    with pytest.raises(LeakError):
        Split(fold != 0, fold == 0)


def test_the_tested_harvest_is_not_used() -> None:
    """Neither through its mean nor through a trend: replaced, the same bytes."""
    random = np.random.default_rng(3)
    yields, features = noise(random), weather(random)[0]
    for splits in (leave_one_out, leave_two_out):
        split = list(splits(~np.isnan(features).any(axis=(0, 1))))[4]
        other = np.where(split.train, yields, random.uniform(0.0, 300.0, yields.shape))
        before, after = (predict(Known.of(each, [split]), features) for each in (yields, other))
        assert before.tobytes() == after.tobytes()
        assert not np.isnan(before).all()


def test_later_harvests_and_weather_are_not_used() -> None:
    """All harvests from the year on and all later weather replaced: the same bytes."""
    random = np.random.default_rng(4)
    yields, features = noise(random), weather(random)[0]
    split = list(forward(~np.isnan(features).any(axis=(0, 1))))[1]
    year = int(split.test.any(axis=1).argmax())
    before = predict(Known.of(yields, [split]), features)
    yields[year:] = 1e4
    for later in (5.0, np.nan):
        features[..., year + 1 :, :] = later
        assert predict(Known.of(yields, [split]), features).tobytes() == before.tobytes()
    assert not np.isnan(before).any()


def test_skill_by_hand() -> None:
    """Twelve years 1 above or below 10 by turns, told half of that: 1 - 0.25 / (12 / 11)^2."""
    yields = np.where(np.arange(12)[:, np.newaxis] % 2, 11.0, 9.0) * np.ones((12, 3))
    known = Known.of(yields, list(leave_one_out(np.ones((12, 3), dtype=bool))))
    told = known.observed + np.where(known.observed > 10.0, -0.5, 0.5)
    found = skill(known, told)
    assert found.value == pytest.approx(1.0 - 0.25 / (12 / 11) ** 2)
    assert found.lower <= found.value <= found.upper
    assert np.isnan(skill(known, np.full(told.shape, np.nan)).value)


def test_harvests_of_noise_are_not_published() -> None:
    """Twenty crops without any signal: at a level of 5 % one may be, and the rest may not."""
    wrong = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        yields, features, placebo = noise(random), weather(random), weather(random)[0]
        wrong += [seed] if "model" in published(yields, features, placebo) else []
    assert len(wrong) <= 1, wrong


def test_p_values_of_noise_are_not_small_too_often() -> None:
    """Of the best date of each of forty crops: below 0.2 in about a fifth of them (3 sigma)."""
    small = 0
    for seed in range(40):
        random = np.random.default_rng(100 + seed)
        yields, features = noise(random), weather(random)
        one = Known.of(yields, list(leave_one_out(~np.isnan(features[0]).any(axis=(0, 1)))))
        aims = [skill(one, predict(one, x))._replace(lower=1.0) for x in features]  # all are tested
        small += bool(permutation(one, features, aims).min() < 0.2)
    assert small <= 0.2 * 40 + 3 * np.sqrt(0.2 * 0.8 * 40)


def test_a_date_found_as_the_best_of_several_counts_them_all() -> None:
    """The same orders, tried for one date and for two: more of them do as well, never fewer."""
    more = 0
    for seed in range(4):
        random = np.random.default_rng(seed)
        yields, both = noise(random), weather(random)
        both[1] = weather(random)[0]
        one = Known.of(yields, list(leave_one_out(~np.isnan(both[0]).any(axis=(0, 1)))))
        found = [skill(one, predict(one, x))._replace(lower=-1.0) for x in both]
        together = permutation(one, both, found)
        alone = [permutation(one, [x], [aim])[0] for x, aim in zip(both, found, strict=True)]
        assert (together >= alone).all()
        more += int((together > alone).sum())
    assert more > 0


def test_no_order_that_does_as_well_is_one_in_all_that_were_tried() -> None:
    """The order of the years themselves is one of the 501."""
    random = np.random.default_rng(1)
    features = weather(random)
    yields = noise(random) * (1.0 + 0.5 * np.nan_to_num(features[0][0, 0]))
    one = Known.of(yields, list(leave_one_out(~np.isnan(features[0]).any(axis=(0, 1)))))
    found = skill(one, predict(one, features[0]))
    assert permutation(one, features[:1], [found])[0] == pytest.approx(1 / 501)


def with_signal(yields: np.ndarray, features: list[np.ndarray]) -> np.ndarray:
    """Return harvests of which a spread of one feature takes a tenth, or gives it."""
    return yields * (1.0 + 0.1 * np.nan_to_num(features[0][0, 0]))


def test_a_signal_of_a_tenth_of_the_yield_is_found() -> None:
    for seed in range(5):
        random = np.random.default_rng(seed)
        features = weather(random)
        yields = with_signal(noise(random), features)
        assert "model" in published(yields, features, weather(random)[0]), seed


def test_shuffled_years_have_no_signal() -> None:
    for seed in range(5):
        random = np.random.default_rng(seed)
        features = weather(random)
        yields = with_signal(noise(random), features)
        yields[FIRST_WEATHER:] = random.permutation(yields[FIRST_WEATHER:])
        assert "model" not in published(yields, features, weather(random)[0]), seed


def test_two_hidden_years_leave_the_skill_within_its_range() -> None:
    random = np.random.default_rng(2)
    features, yields = weather(random)[0], noise(random)
    yields = with_signal(yields, [features])
    there = ~np.isnan(features).any(axis=(0, 1))
    known = Known.of(yields, list(leave_one_out(there)))
    whole = skill(known, predict(known, features))
    hidden = np.delete(features, [12, 17], axis=2), np.delete(yields, [12, 17], axis=0)
    rest = Known.of(hidden[1], list(leave_one_out(np.delete(there, [12, 17], axis=0))))
    assert whole.lower <= skill(rest, predict(rest, hidden[0])).value <= whole.upper


def test_no_forecast_of_a_year_without_weather() -> None:
    random = np.random.default_rng(6)
    features, yields = weather(random)[0], noise(random)
    known = Known.of(yields, list(leave_one_out(np.ones(yields.shape, dtype=bool))))
    told = predict(known, features)
    assert np.isnan(told[:FIRST_WEATHER]).all()
    assert not np.isnan(told[FIRST_WEATHER:]).any()
    assert skill(known, told) != NO_SKILL
