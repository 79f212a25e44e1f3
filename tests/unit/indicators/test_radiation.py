"""Radiation: the worked examples of FAO-56, its tables, the poles, and what cannot be."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_pipeline.indicators import radiation
from geo_pipeline.indicators.radiation import (
    DARKEST_SKY,
    K_RS_COASTAL,
    UNSEEN_SKY,
    clear_sky_radiation,
    day_length,
    extraterrestrial_radiation,
    inverse_relative_distance,
    net_longwave,
    net_radiation,
    net_shortwave,
    radiation_from_sunshine,
    radiation_from_temperature,
    soil_heat_flux,
    solar_declination,
    sunset_hour_angle,
)

pytestmark = pytest.mark.filterwarnings("error")

NAN = math.nan


def test_worked_examples_8_to_13() -> None:
    # As printed by the paper, on its pages 47-55.
    assert inverse_relative_distance(246) == pytest.approx(0.985, abs=5e-4)
    assert solar_declination(246) == pytest.approx(0.120, abs=5e-4)
    assert sunset_hour_angle(-20, 246) == pytest.approx(1.527, abs=5e-4)
    assert extraterrestrial_radiation(-20, 246) == pytest.approx(32.2, abs=0.05)
    assert day_length(-20, 246) == pytest.approx(11.7, abs=0.05)
    # Rio de Janeiro in May, examples 10 to 12, carried on with all digits: of the rounded ones that
    # the text has, Rs would be 14.4 and not the 14.5 printed, and Rns of that 14.5 not 11.1.
    rio = extraterrestrial_radiation(-22.9, 135)
    hours = day_length(-22.9, 135)
    sun, clear = radiation_from_sunshine(rio, 220 / 31, hours), clear_sky_radiation(rio)
    assert rio == pytest.approx(25.1, abs=0.05)
    assert hours == pytest.approx(10.9, abs=0.05)
    assert sun == pytest.approx(14.5, abs=0.05)
    assert clear == pytest.approx(18.8, abs=0.05)
    assert net_shortwave(sun) == pytest.approx(11.1, abs=0.05)
    assert net_longwave(19.1, 25.1, 2.1, sun, clear) == pytest.approx(3.5, abs=0.05)
    assert net_radiation(19.1, 25.1, 2.1, sun, clear) == pytest.approx(7.6, abs=0.05)
    assert soil_heat_flux(14.1, 18.8) == pytest.approx(0.33, abs=5e-3)


def test_worked_examples_15_and_16() -> None:
    lyon = extraterrestrial_radiation(45.72, 196)
    assert lyon == pytest.approx(40.6, abs=0.05)
    assert radiation_from_temperature(14.8, 26.6, lyon, altitude_m=200) == pytest.approx(
        22.3, abs=0.05
    )
    bangkok = extraterrestrial_radiation(13.73, 105)
    assert bangkok == pytest.approx(38.1, abs=0.05)
    coastal = radiation_from_temperature(25.6, 34.8, bangkok, altitude_m=2, k_rs=K_RS_COASTAL)
    assert coastal == pytest.approx(21.9, abs=0.05)
    clear = clear_sky_radiation(bangkok)
    assert clear == pytest.approx(28.5, abs=0.05)
    assert net_shortwave(coastal) == pytest.approx(16.9, abs=0.05)
    assert net_longwave(25.6, 34.8, 2.85, coastal, clear) == pytest.approx(3.0, abs=0.05)
    assert net_radiation(25.6, 34.8, 2.85, coastal, clear) == pytest.approx(13.9, abs=0.05)


def test_published_examples(reference_dir: Path) -> None:
    examples: dict[str, Any] = json.loads((reference_dir / "fao56_examples.json").read_text())
    printed = examples["examples_2_to_16_from_unit_tests"]
    sun = {
        "ex8_Ra_3sep_lat-20": (extraterrestrial_radiation(-20, 246), 0.05),
        "ex8_dr": (inverse_relative_distance(246), 5e-4),
        "ex8_decl": (solar_declination(246), 5e-4),
        "ex8_omega_s": (sunset_hour_angle(-20, 246), 5e-4),
        "ex9_N": (day_length(-20, 246), 0.05),
        "ex10_Rs_n7.1_N10.9_Ra25.1": (radiation_from_sunshine(25.1, 7.1, 10.9), 5e-3),
        "ex11_Rnl": (net_longwave(19.1, 25.1, 2.1, 14.5, 18.8), 0.05),
        "ex13_G_month": (soil_heat_flux(14.1, 18.8), 5e-3),
        "ex15_Rs_Ra40.6_T26.6_14.8": (radiation_from_temperature(14.8, 26.6, 40.6), 0.05),
    }
    for name, (value, half_a_digit) in sun.items():
        assert value == pytest.approx(printed[name], abs=half_a_digit), name


def test_table_of_the_stefan_boltzmann_law() -> None:
    # Annex 2, table 2.8 (page 221). Under a clear sky, without a trace of vapour, 34 % is lost.
    temp = np.array([1.0, 5.0, 10.0, 20.0, 30.0, 40.0, 48.5])
    black_body = [27.70, 29.35, 31.52, 36.21, 41.41, 47.15, 52.49]
    np.testing.assert_allclose(net_longwave(temp, temp, 0, 1, 1) / 0.34, black_body, atol=5e-3)


@pytest.mark.parametrize("day", [1, 81, 172, 265, 355, 365, 366])
def test_the_poles(day: int) -> None:
    latitudes = np.array([-90.0, -89.9, -66.6, 66.6, 89.9, 90.0])
    above, hours = extraterrestrial_radiation(latitudes, day), day_length(latitudes, day)
    assert ((above >= 0) & (above < 50)).all()
    assert ((hours >= 0) & (hours <= 24)).all()
    declination = float(solar_declination(day))
    for pole, index in ((-1, 0), (1, -1)):
        if pole * declination > 0:
            # The sun circles at its declination above the horizon.
            overhead = 24 * 60 * 0.082 * float(inverse_relative_distance(day))
            assert above[index] == pytest.approx(overhead * math.sin(abs(declination)))
            assert hours[index] == 24
        else:
            assert above[index] == 0 == hours[index]


def test_days_of_a_leap_year_run_on() -> None:
    assert extraterrestrial_radiation(45, 366) == pytest.approx(
        float(extraterrestrial_radiation(45, 1)), rel=1e-12
    )


@given(
    latitude=st.floats(-90, 90),
    day=st.integers(1, 366),
)
def test_north_and_south_share_the_day(latitude: float, day: int) -> None:
    north, south = day_length(latitude, day), day_length(-latitude, day)
    assert north + south == pytest.approx(24)
    assert 0 <= float(extraterrestrial_radiation(latitude, day)) < 50


def test_sky_darker_than_overcast_and_brighter_than_clear() -> None:
    clear = 20.0
    overcast = net_longwave(5, 10, 0.9, DARKEST_SKY * clear, clear)
    assert overcast > 0
    assert net_longwave(5, 10, 0.9, [0, 1, 5], clear) == pytest.approx([float(overcast)] * 3)
    assert net_longwave(5, 10, 0.9, 25, clear) == net_longwave(5, 10, 0.9, clear, clear)


def test_polar_night_has_a_middling_sky() -> None:
    night = net_longwave(-20, -10, 0.2, 0, 0)
    assert night == net_longwave(-20, -10, 0.2, UNSEEN_SKY * 8, 8)
    assert net_radiation(-20, -10, 0.2, 0, 0) == -night
    assert np.isnan(net_longwave(-20, -10, 0.2, NAN, 0))
    assert radiation_from_sunshine(0, 0, 0) == 0
    # The last sliver of sun before it: nothing overflows.
    assert np.isfinite(net_longwave(-20, -10, 0.2, 5.0, 5e-324))


def test_sunshine_and_temperature_give_no_more_than_there_is() -> None:
    assert radiation_from_sunshine(40, 16.5, 16) == 0.75 * 40
    assert radiation_from_sunshine(40, 0, 16) == 0.25 * 40
    assert radiation_from_temperature(0, 35, 40) == 0.75 * 40  # 0.16 sqrt(35) = 0.95
    assert radiation_from_temperature(0, 35, 40, altitude_m=1000) == pytest.approx(0.77 * 40)
    assert radiation_from_temperature(12, 12, 40) == 0


def test_soil_heat_flux_of_two_months_and_of_one() -> None:
    assert soil_heat_flux(29.2, 30.2, months=1) == pytest.approx(0.14)  # example 17
    assert soil_heat_flux(18.8, 14.1) == -soil_heat_flux(14.1, 18.8)
    with pytest.raises(ValueError, match="months must be 1 or 2, got 3"):
        soil_heat_flux(1, 2, months=3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: extraterrestrial_radiation([45, 91], 1), r"latitude_deg\[1\] is 91\.0"),
        (lambda: day_length(math.inf, 1), "latitude_deg is inf"),
        (lambda: solar_declination([1, 0]), r"day_of_year\[1\] is 0\.0"),
        (lambda: inverse_relative_distance(367), r"day_of_year is 367\.0"),
        (lambda: clear_sky_radiation(-0.1), r"extraterrestrial_mj_m2 is -0\.1"),
        (lambda: clear_sky_radiation(1, 20000), r"altitude_m is 20000\.0"),
        (lambda: radiation_from_sunshine(1, [[25]], 12), r"sunshine_h\[0, 0\] is 25\.0"),
        (lambda: radiation_from_sunshine(1, 1, 12, overcast=-0.1), r"overcast is -0\.1"),
        (lambda: radiation_from_sunshine(1, 1, 12, sunny=50), r"sunny is 50\.0"),
        (lambda: radiation_from_temperature(5, 4, 1), r"tmin_c is 5\.0: .*tmax_c"),
        (lambda: radiation_from_temperature(4, 5, 1, k_rs=-1), r"k_rs is -1\.0"),
        (lambda: net_shortwave([1, -1]), r"radiation_mj_m2\[1\] is -1\.0"),
        (lambda: net_shortwave(1, 1.5), r"albedo is 1\.5"),
        (lambda: net_longwave(1, 2, -1, 1, 1), r"vapour_pressure_kpa is -1\.0"),
        (lambda: net_longwave(1, 2, 1, math.inf, 1), "radiation_mj_m2 is inf"),
    ],
)
def test_what_cannot_be_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_latitudes_broadcast_against_days_and_each_alone_is_the_same() -> None:
    latitudes = np.linspace(-90, 90, 37)
    days = np.arange(1, 367)
    for function in (sunset_hour_angle, day_length, extraterrestrial_radiation):
        together = function(latitudes[:, None], days)
        assert together.shape == (37, 366)
        for place, latitude in enumerate(latitudes):
            np.testing.assert_array_equal(together[place], function(latitude, days))
        alone = [function(latitude, 200) for latitude in latitudes.tolist()]
        np.testing.assert_array_equal(together[:, 199], alone)
        assert np.isnan(function([45, NAN], [NAN, 3])).all()


def test_longwave_against_kelvin_proper(monkeypatch: pytest.MonkeyPatch) -> None:
    # An independent implementation (CSLSevap) prints 3.711241 for example 18, with 273.15.
    monkeypatch.setattr(radiation, "KELVIN", 273.15)
    assert net_longwave(12.3, 21.5, 1.4086238, 22.07, 30.898458) == pytest.approx(
        3.711241, abs=1e-6
    )
