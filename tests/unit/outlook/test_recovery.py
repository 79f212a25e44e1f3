"""Rain until recovery: by hand, and compared with the balance itself."""

import numpy as np
import pytest

from geo_pipeline.outlook.ensemble import Soils, Weather, continuous, windows
from geo_pipeline.outlook.recovery import rain_needed
from tests.unit.outlook.places import crops, weather


def one_soil(days: int, **change: object) -> Soils:
    """Return one crop on a soil of 100 mm that never drains."""
    soils = Soils(
        kc=np.ones((1, days)),
        taw_mm=np.full((1, 1, days), 100.0),
        p=np.array([[0.5]]),
        irrigated=np.zeros((1, days), bool),
        drainage=np.zeros((1, 1, 1)),
        tolerance_mm=np.ones((1, 1)),
    )
    return soils._replace(**change)


def test_without_evaporation_the_rain_needed_is_the_deficit() -> None:
    """60 of 100 mm lack; the third dekad is to be 0.8 wet on the mean.

    Rain of R mm on the same amount each of 30 days has brought 25.5 R / 30 by the middle of the
    third dekad: 60 - 25.5 R / 30 = 20, R = 47.1.
    """
    record = weather()
    calm = Weather(
        record.dates, np.full((1, len(record.dates)), 2.0), np.zeros((1, len(record.dates)))
    )
    (found,) = windows(calm.dates, np.array([calm.dates.get_loc("2015-08-31")]))
    state = {
        "initial_depletion_mm": np.full((1, 1, 1), 60.0),
        "initial_below_mm": np.zeros((1, 1, 1)),
        "initial_taw_mm": np.full((1, 1, 1), 100.0),
    }
    soils = one_soil(len(calm.dates) + 200)
    needed = rain_needed(calm, soils, state, found, np.full((1, 1, 1), 0.8), dekads=3)
    assert needed.rain_mm.ravel() == pytest.approx([47.06], abs=0.01)
    assert needed.usual_mm.ravel() == pytest.approx([60.0])
    nothing = rain_needed(calm, soils, state, found, np.full((1, 1, 1), 0.3), dekads=3)
    assert nothing.rain_mm.ravel() == pytest.approx([0.0])
    never = rain_needed(calm, soils, state, found, np.full((1, 1, 1), 1.01), dekads=3)
    assert np.isnan(never.rain_mm).all()
    unknown = {**state, "initial_depletion_mm": np.full((1, 1, 1), np.nan)}
    nobody_knows = rain_needed(calm, soils, unknown, found, np.full((1, 1, 1), 0.8), dekads=3)
    assert np.isnan(nobody_knows.rain_mm).all()


def test_the_rain_needed_brings_the_soil_to_the_goal() -> None:
    """Run with it, the balance is at the limit; the days' mean weather is written out here."""
    record = weather()
    soils, _ = crops(record)
    day = record.dates.get_loc("2015-07-31")
    water = continuous(record, soils, ("depletion_mm", "below_mm"))
    (found,) = windows(record.dates, np.array([day]))
    state = {
        "initial_depletion_mm": water["depletion_mm"][..., [day]],
        "initial_below_mm": water["below_mm"][..., [day]],
        "initial_taw_mm": soils.taw_mm[..., [day]],
    }
    limits = np.full((2, 3, 1), 0.6)
    needed = rain_needed(record, soils, state, found, limits, dekads=6)
    grass = needed.rain_mm[:, 0, 0]
    others = [year for year in range(2008, 2020) if year != 2015]
    spans = [record.dates.get_loc(f"{year}-08-01") + np.arange(61) for year in others]
    rain = np.mean([record.rain_mm[:, span] for span in spans], axis=0)
    et0 = np.mean([record.et0_mm[:, span] for span in spans], axis=0)
    with_it = grass[:, np.newaxis] * rain / rain.sum(axis=1, keepdims=True)
    through = [
        np.concatenate([before[:, : day + 1], after], axis=1)
        for before, after in ((record.rain_mm, with_it), (record.et0_mm, et0))
    ]
    dates = record.dates[: day + 62]
    swi = continuous(Weather(dates, *through), soils, ("swi",))["swi"][:, 0, -10:]
    np.testing.assert_allclose(swi.mean(axis=1), 0.6, atol=0.003)
    usual = np.median([record.rain_mm[:, span].sum(axis=1) for span in spans], axis=0)
    np.testing.assert_allclose(needed.usual_mm[:, 0, 0], usual)


def test_a_place_alone_gets_the_same_numbers_to_the_last_bit() -> None:
    """A sum in another order may end on the other side of a half, and be rounded otherwise."""
    record = weather()
    days, places = len(record.dates), 24
    rain = np.random.default_rng(1).gamma(0.4, 9.0, (places, days)).round(1)
    everywhere = Weather(record.dates, rain, np.full((places, days), 0.1))
    (found,) = windows(record.dates, np.array([record.dates.get_loc("2015-08-31")]))
    soils, limits = one_soil(days + 200), np.full((1, 1, 1), 0.8)

    def needed(of: slice) -> np.ndarray:
        count = len(range(places)[of])
        state = {
            "initial_depletion_mm": np.full((count, 1, 1), 60.0),
            "initial_below_mm": np.zeros((count, 1, 1)),
            "initial_taw_mm": np.full((count, 1, 1), 100.0),
        }
        some = Weather(record.dates, everywhere.rain_mm[of], everywhere.et0_mm[of])
        return np.stack(rain_needed(some, soils, state, found, limits, dekads=9))

    alone = np.concatenate([needed(slice(n, n + 1)) for n in range(places)], axis=1)
    np.testing.assert_array_equal(needed(slice(None)), alone)
