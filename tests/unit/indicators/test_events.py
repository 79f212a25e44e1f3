"""Dry spells and droughts: worked by hand, and against a plain reading of the rules."""

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_pipeline.indicators.events import (
    DROUGHT_ENDS,
    DroughtEvents,
    days_since_rain,
    drought_age,
    drought_course,
    drought_events,
    dry_spell_length,
    longest_dry_spell,
    only_true_days,
)

pytestmark = pytest.mark.filterwarnings("error")

NAN = math.nan


# --- spells ---------------------------------------------------------------------------------------

RAIN = [0.0, 0.9, 1.0, 0.0, 0.0, NAN, 0.0, 5.0, 0.0]


def test_spells_by_hand() -> None:
    np.testing.assert_array_equal(dry_spell_length(RAIN), [1, 2, 0, 1, 2, NAN, NAN, 0, 1])
    np.testing.assert_array_equal(days_since_rain(RAIN), [NAN, NAN, 0, 1, 2, NAN, NAN, 0, 1])
    np.testing.assert_array_equal(
        dry_spell_length(RAIN, threshold_mm=5.0), [1, 2, 3, 4, 5, NAN, NAN, 0, 1]
    )
    np.testing.assert_array_equal(longest_dry_spell(RAIN, 3), [NAN, NAN, 2, 1, 2, NAN, NAN, NAN, 1])
    np.testing.assert_array_equal(longest_dry_spell([0, 0, 0, 2, 0], 4), [NAN, NAN, NAN, 3, 2])
    np.testing.assert_array_equal(longest_dry_spell([0, 3, 0], 1), [1, 0, 1])
    np.testing.assert_array_equal(longest_dry_spell([0, 3, 0], 4), [NAN, NAN, NAN])


@pytest.mark.parametrize("measure", [dry_spell_length, days_since_rain])
def test_gaps_at_the_ends_and_everywhere(measure) -> None:  # type: ignore[no-untyped-def]
    np.testing.assert_array_equal(measure([NAN, 0.0, 2.0, NAN]), [NAN, NAN, 0, NAN])
    np.testing.assert_array_equal(measure([NAN, NAN]), [NAN, NAN])
    assert measure(np.zeros((3, 0))).shape == (3, 0)
    assert measure([0.0, 2.0]).dtype == np.float64


def test_a_gap_blanks_exactly_the_windows_that_hold_it() -> None:
    rain = np.zeros(20)
    rain[7] = NAN
    got = np.isnan(longest_dry_spell(rain, 5))
    np.testing.assert_array_equal(np.flatnonzero(got), [0, 1, 2, 3, 7, 8, 9, 10, 11])


def test_spells_refuse_what_is_no_rain() -> None:
    for measure in (dry_spell_length, days_since_rain, lambda x: longest_dry_spell(x, 2)):
        with pytest.raises(ValueError, match=r"precip_mm\[1, 0\] is -0\.1"):
            measure([[0.0, 0.0], [-0.1, 0.0]])
        with pytest.raises(ValueError, match=r"precip_mm\[1\] is inf"):
            measure([0.0, np.inf])
        with pytest.raises(ValueError, match="time axis"):
            measure(0.0)
    with pytest.raises(ValueError, match="threshold_mm must be above 0"):
        dry_spell_length([1.0], threshold_mm=0.0)
    with pytest.raises(ValueError, match="window must be at least 1"):
        longest_dry_spell([1.0], 0)


def some_rain(*shape: int) -> np.ndarray:
    rng = np.random.default_rng(11)
    rain = np.where(rng.random(shape) < 0.7, 0.0, rng.gamma(1, 6, size=shape))
    rain[rng.random(shape) < 0.02] = NAN
    return rain


@pytest.mark.parametrize(
    "measure", [dry_spell_length, days_since_rain, lambda x: longest_dry_spell(x, 30)]
)
def test_spells_of_many_places_equal_each_alone(measure) -> None:  # type: ignore[no-untyped-def]
    rain = some_rain(2, 3, 400)
    together = measure(rain)
    for place in np.ndindex(2, 3):
        np.testing.assert_array_equal(together[place], measure(rain[place]))
    np.testing.assert_array_equal(measure(np.asfortranarray(rain)), together)


DAYS = st.lists(st.sampled_from([0.0, 0.5, 1.0, 9.0, NAN]), min_size=1, max_size=40)


@given(DAYS, st.integers(1, 12))
def test_spells_day_by_day(rain: list[float], window: int) -> None:
    length: float = 0.0
    lengths = []
    for today in rain:
        length = NAN if math.isnan(today) else 0.0 if today >= 1.0 else length + 1.0
        lengths.append(length)
    np.testing.assert_array_equal(dry_spell_length(rain), lengths)
    for day, longest in enumerate(longest_dry_spell(rain, window)):
        seen = rain[max(0, day - window + 1) : day + 1]
        if len(seen) < window or any(map(math.isnan, seen)):
            assert math.isnan(longest)
        else:
            text = "".join("w" if today >= 1.0 else "d" for today in seen)
            assert longest == max(map(len, text.split("w")))


@given(DAYS)
def test_more_rain_is_never_a_longer_spell(rain: list[float]) -> None:
    dry, wetter = dry_spell_length(rain), dry_spell_length(np.array(rain) * 2)
    assert np.all((wetter <= dry) | np.isnan(dry) | np.isnan(wetter))


# --- true days ------------------------------------------------------------------------------------


def test_only_true_days_by_hand() -> None:
    daily = [True, False, True, True, True, True]
    x = [1.0, 2.0, 3.0, NAN, 5.0, 6.0]
    np.testing.assert_array_equal(only_true_days(x, daily), [1, NAN, 3, NAN, 5, 6])
    np.testing.assert_array_equal(only_true_days(x, daily, window=3), [1, NAN, NAN, NAN, 5, 6])
    np.testing.assert_array_equal(only_true_days(x, np.zeros(6, bool)), np.full(6, NAN))
    np.testing.assert_array_equal(only_true_days(x, np.ones(6, bool), window=9), x)
    np.testing.assert_array_equal(only_true_days(np.ones((2, 2)), [True, False]), [[1, NAN]] * 2)


def test_spread_days_make_spells_unknown() -> None:
    rain = np.array([3.0, 0.0, 1.2, 1.2, 0.0, 4.0, 0.0])
    daily = np.array([True, True, False, False, True, True, True])
    np.testing.assert_array_equal(
        dry_spell_length(only_true_days(rain, daily)), [0, 1, NAN, NAN, NAN, 0, 1]
    )
    after = only_true_days(longest_dry_spell(rain, 2), daily, window=2)
    before = longest_dry_spell(only_true_days(rain, daily), 2)
    np.testing.assert_array_equal(after, before)


def test_only_true_days_refuses_words() -> None:
    with pytest.raises(TypeError, match="daily must be boolean"):
        only_true_days([1.0, 2.0], [1, 0])
    with pytest.raises(ValueError, match="window must be at least 1"):
        only_true_days([1.0], [True], window=0)


# --- droughts -------------------------------------------------------------------------------------


def rows(events: DroughtEvents) -> list[tuple[object, ...]]:
    columns = [*events.place, *(getattr(events, f.name) for f in fields(events)[1:])]
    return [tuple(value.item() for value in row) for row in zip(*columns, strict=True)]


def test_droughts_by_hand() -> None:
    index = [0.5, -0.5, -1.0, -2.25, -0.25, 0.0, 0.25, -0.75, 1.0, -1.5, -1.5]
    assert rows(drought_events(index)) == [
        (2, 5, 4, 3.5, -2.25, 3, True, "over"),
        (9, 10, 2, 3.0, -1.5, 9, True, "running"),
    ]
    assert rows(drought_events(index, start=-2.0, end=-0.5)) == [
        (3, 3, 1, 1.75, -2.25, 3, True, "over"),
    ]
    assert rows(drought_events(index, min_duration=3)) == rows(drought_events(index))[:1]
    # One step above 0 at 6 and one at 8 are bridged: nothing of them in the severity.
    assert rows(drought_events(index, pool=1)) == [
        (2, 10, 9, 7.25, -2.25, 3, True, "running"),
    ]


def test_a_gap_ends_a_drought_as_unknown() -> None:
    assert rows(drought_events([0.5, -1.5, -1.25, NAN, -1.5, 0.5, NAN, -1.5])) == [
        (1, 2, 2, 2.75, -1.5, 1, True, "unknown"),
        (4, 4, 1, 1.5, -1.5, 4, False, "over"),
        (7, 7, 1, 1.5, -1.5, 7, False, "running"),
    ]
    # The run comes into sight below 0: the drought may be older than its first -1.
    assert rows(drought_events([-0.5, -1.5, 0.5]))[0][6] is False
    assert rows(drought_events([NAN, -1.5, 0.5]))[0][6] is False
    assert not rows(drought_events([NAN, NAN]))
    assert not rows(drought_events([NAN, -0.9, 0.2]))


def test_pooling_waits_for_the_end_and_never_crosses_a_gap() -> None:
    assert rows(drought_events([1.0, -1.5, 0.5], pool=1))[0][-1] == "running"
    assert rows(drought_events([1.0, -1.5, 0.5, 0.5], pool=1))[0][-1] == "over"
    assert rows(drought_events([1.0, -1.5, 0.5, NAN], pool=1))[0][-1] == "unknown"
    assert len(drought_events([1.0, -1.5, 0.5, NAN, -1.5], pool=5)) == 2
    # A run that does not reach the start threshold prolongs a drought, and does not begin one.
    assert rows(drought_events([1.0, -0.5, 0.5, -1.5, 0.5, -0.5, 1.0, 1.0], pool=1)) == [
        (3, 5, 3, 2.0, -1.5, 3, True, "over"),
    ]


def test_constant_and_empty_series() -> None:
    assert len(drought_events(np.zeros(9))) == 0
    assert rows(drought_events(np.full(3, -1.0))) == [(0, 2, 3, 3.0, -1.0, 0, False, "running")]
    assert len(drought_events([])) == 0
    for shape in ((0, 5), (2, 0), (2, 0, 5)):
        events = drought_events(np.zeros(shape))
        assert len(events) == 0
        assert len(events.place) == len(shape) - 1
        assert drought_age(np.zeros(shape)).shape == shape


def test_droughts_refuse() -> None:
    with pytest.raises(ValueError, match=r"index\[1, 0\] is -inf"):
        drought_events([[0.0, 0.0], [-np.inf, 0.0]])
    with pytest.raises(ValueError, match="start must not be above end"):
        drought_events([0.0], start=0.5)
    with pytest.raises(ValueError, match="start must not be above end"):
        drought_events([0.0], start=NAN)
    with pytest.raises(ValueError, match="min_duration must be at least 1"):
        drought_events([0.0], min_duration=0)
    with pytest.raises(ValueError, match="pool must not be negative"):
        drought_events([0.0], pool=-1)
    with pytest.raises(ValueError, match="both finite"):
        drought_events([0.0], end=np.inf)
    with pytest.raises(TypeError, match="float"):
        drought_events([0.0], pool=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="time axis"):
        drought_events(0.0)


def test_the_course_of_a_drought_by_hand() -> None:
    course = drought_course([0.5, -0.5, -1.0, -0.25, -2.0, 0.0, 0.5, -1.5, NAN, -1.0, 0.1])
    none = [0, 0, 1, 2, 3, 4, 0, 1, NAN, 1, 0]
    np.testing.assert_array_equal(course.age, none)
    severity = [0, 0, 1.0, 1.25, 3.25, 3.25, 0, 1.5, NAN, 1.0, 0]
    np.testing.assert_array_equal(course.severity, severity)
    peak = [NAN, NAN, -1.0, -1.0, -2.0, -2.0, NAN, -1.5, NAN, -1.0, NAN]
    np.testing.assert_array_equal(course.peak, peak)


def test_the_course_ends_as_its_events_do() -> None:
    index = some_index(2, 3, 300)
    course, events = drought_course(index), drought_events(index)
    assert len(events) > 50
    at = (*events.place, events.last)
    np.testing.assert_array_equal(course.age[at], events.duration)
    np.testing.assert_allclose(course.severity[at], events.severity, atol=1e-12)
    np.testing.assert_array_equal(course.peak[at], events.peak)
    np.testing.assert_array_equal(course.age, drought_age(index))


def some_index(*shape: int, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=shape)
    index = (noise + np.roll(noise, 1, -1) + np.roll(noise, 2, -1)) / math.sqrt(3)
    index[rng.random(shape) < 0.02] = NAN
    return index


@pytest.mark.parametrize("pool", [0, 2])
def test_droughts_of_many_places_equal_each_alone(pool: int) -> None:
    index = some_index(2, 3, 300)
    together = drought_events(index, pool=pool, min_duration=2)
    assert len(together) == len(rows(together)) > 50
    place = 0
    for where in np.ndindex(2, 3):
        alone = rows(drought_events(index[where], pool=pool, min_duration=2))
        assert rows(together.of_place(*where)) == alone
        assert rows(together)[place : place + len(alone)] == [(*where, *row) for row in alone]
        place += len(alone)
    assert rows(drought_events(np.asfortranarray(index), pool=pool, min_duration=2)) == rows(
        together
    )
    with pytest.raises(ValueError, match="a place has 2 indices here, got 1"):
        together.of_place(1)


def test_float32_is_taken_as_it_is() -> None:
    index = some_index(300).astype(np.float32)
    assert rows(drought_events(index)) == rows(drought_events(index.astype(np.float64)))


def plain_events(index: list[float], start: float, end: float, pool: int) -> list[list[int]]:
    """Steps of each drought, walking along."""
    events: list[list[int]] = []
    now: list[int] | None = None
    above = 0
    for step, value in enumerate(index):
        if math.isnan(value):
            now = None
        elif value <= end:
            if now is not None:
                now.append(step)
            elif value <= start:
                now = [step]
                events.append(now)
            above = 0
        elif now is not None:
            above += 1
            if above > pool:
                now = None
    return events


VALUES = st.lists(
    st.sampled_from([-2.0, -1.0, -0.75, -0.5, 0.0, 0.25, 1.0, NAN]), min_size=1, max_size=40
)


@given(VALUES, st.sampled_from([(-1.0, 0.0), (-1.0, -0.5), (-1.0, -1.0)]), st.integers(0, 3))
def test_droughts_step_by_step(
    index: list[float], thresholds: tuple[float, float], pool: int
) -> None:
    start, end = thresholds
    events = drought_events(index, start=start, end=end, pool=pool)
    expected = plain_events(index, start, end, pool)
    assert [(e[0], e[-1]) for e in expected] == list(
        zip(events.onset.tolist(), events.last.tolist(), strict=True)
    )
    for row, steps in zip(rows(events), expected, strict=True):
        _, last, duration, severity, peak, peak_time, _, how = row
        assert duration == steps[-1] - steps[0] + 1
        assert severity == sum(end - index[step] for step in steps)
        assert peak == min(index[step] for step in steps)
        assert peak_time == next(step for step in steps if index[step] == peak)
        assert how in DROUGHT_ENDS
        after = index[last + 1 : last + 2 + pool]  # type: ignore[operator]
        if any(math.isnan(value) for value in after):
            assert how == "unknown"
        else:
            assert how == ("over" if len(after) == pool + 1 else "running")


@given(VALUES)
def test_a_milder_start_never_loses_a_drought(index: list[float]) -> None:
    severe = drought_events(index, start=-2.0)
    mild = drought_events(index, start=-0.75)
    assert len(mild) >= len(severe)
    assert set(severe.last.tolist()) <= set(mild.last.tolist())
    assert mild.severity.sum() >= severe.severity.sum()


def test_drought_age_by_hand() -> None:
    np.testing.assert_array_equal(
        drought_age([-0.5, -1.2, -0.3, 0.3, -0.5, -1.0, -0.2, NAN, -0.5, -1.0, -0.1, 0.1, -0.1]),
        [NAN, 1, 2, 0, 0, 1, 2, NAN, NAN, 1, 2, 0, 0],
    )
    np.testing.assert_array_equal(drought_age([[NAN, 0.5], [-3.0, -3.0]]), [[NAN, 0], [1, 2]])


@given(VALUES)
def test_drought_age_tells_the_same_droughts(index: list[float]) -> None:
    age, events = drought_age(index), drought_events(index)
    for onset, last, duration in zip(events.onset, events.last, events.duration, strict=True):
        np.testing.assert_array_equal(age[onset : last + 1], np.arange(1, duration + 1))
    assert np.nansum(age > 0) == events.duration.sum()
