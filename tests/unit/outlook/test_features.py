"""Features of a season: values by hand, and no weather outside the window."""

import numpy as np
import pytest

from geo_pipeline.outlook.features import (
    GROUPS,
    VARIABLES,
    Features,
    Field,
    SeasonSoFar,
    Window,
    season_features,
)

DATES = np.arange("2019-01-01", "2022-01-01", dtype="datetime64[D]")
PLACES, LENGTH = 3, 100
FIELD = Field(
    kc=np.ones(LENGTH),
    taw_mm=np.full((PLACES, LENGTH), 100.0),
    p=0.5,
    flowering=(51, 60),
    ripening=81,
)


def window(year: int, days: int = LENGTH) -> Window:
    sowing = np.datetime64(f"{year}-04-01")
    return Window(sowing, sowing + days - 1, sowing + LENGTH - 1)


def steady(**constant: float) -> dict[str, np.ndarray]:
    """Return weather that is the same every day."""
    usual = {"precip_mm": 0.0, "et0_mm": 2.0, "tmean_c": 15.0, "radiation_mj_m2": 10.0} | constant
    return {name: np.full((PLACES, len(DATES)), value) for name, value in usual.items()}


def changing(seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: random.gamma(2.0, 2.0, (PLACES, len(DATES))) for name in VARIABLES}


def told(daily: dict[str, np.ndarray], *windows: Window) -> Features:
    return season_features(SeasonSoFar.cut(windows, DATES, daily), FIELD)


def test_sums_and_means_by_hand() -> None:
    """3 mm of rain a day on a full soil of which 2 mm evaporate: 1 mm a day cannot be held."""
    features = told(steady(precip_mm=3.0), window(2021))
    assert features.groups == GROUPS
    by_group = dict(zip(features.groups, features.values[:, :, 0, 0].tolist(), strict=True))
    assert by_group["water"] == pytest.approx([1.0, 1.0])
    assert by_group["rain"] == pytest.approx([150.0, 90.0])  # 50 days to flowering, 30 to ripening
    assert by_group["warmth"] == pytest.approx([15.0, 15.0])
    assert by_group["light"] == pytest.approx([550.0, 0.0])  # days 21 to 75
    assert by_group["excess"] == pytest.approx([20.0, 55.0])  # 20 days before; 1 mm on 55 days


def test_a_dry_soil_meets_less_than_the_need() -> None:
    """Without rain a crop of a full soil of 100 mm cannot take more than these of its 200 mm."""
    features = told(steady(), window(2021))
    share = features.values[features.groups.index("water"), 0, 0, 0]
    assert 0.45 < share <= 0.5


def test_groups_that_have_not_begun_are_left_out() -> None:
    features = told(steady(precip_mm=3.0), window(2021, days=15))
    assert features.groups == ("water", "rain", "warmth", "excess")
    assert features.values[1, :, 0, 0].tolist() == [45.0, 0.0]


def test_weather_outside_the_window_is_not_used() -> None:
    """All weather before sowing and after the day of issue replaced: the same bytes."""
    windows = [window(year, days=70) for year in (2020, 2021)]
    daily, other = changing(), changing(seed=2)
    inside = np.any([(each.sowing <= DATES) & (each.issue >= DATES) for each in windows], axis=0)
    replaced = {name: np.where(inside, daily[name], other[name]) for name in VARIABLES}
    assert told(daily, *windows).values.tobytes() == told(replaced, *windows).values.tobytes()
    for each in windows:
        one_day_less = np.where(each.issue == DATES, other["precip_mm"], daily["precip_mm"])
        touched = told(daily | {"precip_mm": one_day_less}, *windows)
        assert touched.values.tobytes() != told(daily, *windows).values.tobytes()


def test_a_season_not_completely_in_the_record_is_missing() -> None:
    daily = changing()
    daily["tmean_c"][1, np.datetime64("2020-05-01") == DATES] = np.nan
    features = told(daily, window(2018), window(2020), window(2021))
    missing = np.isnan(features.values).all(axis=(0, 1))
    assert missing.tolist() == [[True] * 3, [False, True, False], [False] * 3]
    assert np.isnan(features.values).any(axis=(0, 1)).tolist() == missing.tolist()


def test_years_of_other_lengths_stand_side_by_side() -> None:
    """Until the end of May a season sown in October has a day more in a leap year."""
    leap, common = (
        Window(*(np.datetime64(day) for day in days))
        for days in (
            ("2019-10-01", "2020-02-29", "2020-07-01"),
            ("2020-10-01", "2021-02-28", "2021-07-01"),
        )
    )
    season = SeasonSoFar.cut([leap, common], DATES, steady(precip_mm=3.0))
    assert season.days.tolist() == [152, 151]
    assert season.weather["precip_mm"].sum(axis=-1)[:, 0].tolist() == [456.0, 453.0]


@pytest.mark.parametrize("days", [(5, 4, 9), (1, 10, 9)])
def test_a_window_is_in_order(days: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="between sowing and harvest"):
        Window(*(np.datetime64("2021-01-01") + day for day in days))


def test_placebos_do_not_touch_the_season() -> None:
    season = window(2021)
    before, after = season.before_sowing(), season.after_harvest()
    assert before.issue == season.sowing - 1
    assert after.sowing == season.harvest + 1
    assert (
        before.issue - before.sowing == after.issue - after.sowing == season.harvest - season.sowing
    )
