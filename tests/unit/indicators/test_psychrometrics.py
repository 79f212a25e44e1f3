"""Psychrometrics: the worked examples of FAO-56, and what cannot be."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from geo_pipeline.indicators.psychrometrics import (
    NATURALLY_VENTILATED,
    atmospheric_pressure,
    mean_saturation_vapour_pressure,
    psychrometric_constant,
    saturation_vapour_pressure,
    vapour_pressure_from_humidity,
    vapour_pressure_from_wet_bulb,
    vapour_pressure_slope,
    wind_at_2m,
)

pytestmark = pytest.mark.filterwarnings("error")

NAN = math.nan


def test_worked_examples_2_to_6_and_14() -> None:
    # As printed by the paper, on its pages 31-40 and 56.
    assert atmospheric_pressure(1800) == pytest.approx(81.8, abs=0.05)
    assert atmospheric_pressure(1200) == pytest.approx(87.9, abs=0.05)
    assert psychrometric_constant(81.8) == pytest.approx(0.054, abs=5e-4)
    assert saturation_vapour_pressure([24.5, 15, 18, 25]) == pytest.approx(
        [3.075, 1.705, 2.064, 3.168], abs=5e-4
    )
    assert saturation_vapour_pressure([19.75, 19.5]) == pytest.approx([2.30, 2.267], abs=5e-3)
    assert mean_saturation_vapour_pressure(15, 24.5) == pytest.approx(2.39, abs=5e-3)
    assert vapour_pressure_from_wet_bulb(25.6, 19.5, 87.9) == pytest.approx(1.91, abs=5e-3)
    both = vapour_pressure_from_humidity(18, 25, rh_min_pct=54, rh_max_pct=82)
    assert both == pytest.approx(1.70, abs=5e-3)
    assert mean_saturation_vapour_pressure(18, 25) - both == pytest.approx(0.91, abs=5e-3)
    assert vapour_pressure_from_humidity(18, 25, rh_mean_pct=68) == pytest.approx(1.78, abs=5e-3)
    assert wind_at_2m(3.2, 10) == pytest.approx(2.4, abs=0.05)


def test_tables_of_annex_2() -> None:
    # Tables 2.1 to 2.4, pages 213-216, to half their last digit.
    altitude = [0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000]
    pressure = [101.3, 95.5, 90.0, 84.8, 79.8, 75.0, 70.5, 66.2, 62.1]
    np.testing.assert_allclose(atmospheric_pressure(altitude), pressure, atol=0.0501)
    gamma = [0.067, 0.064, 0.060, 0.056, 0.053, 0.050, 0.047, 0.044, 0.041]
    found = psychrometric_constant(atmospheric_pressure(altitude))
    np.testing.assert_allclose(found, gamma, atol=5.01e-4)
    temp = [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 48.5]
    saturated = [0.657, 0.872, 1.228, 1.705, 2.338, 3.168, 4.243, 5.623, 7.376, 9.582, 11.447]
    np.testing.assert_allclose(saturation_vapour_pressure(temp), saturated, atol=1e-3)
    slope = [0.047, 0.061, 0.082, 0.110, 0.145, 0.189, 0.243, 0.311, 0.393, 0.493, 0.574]
    np.testing.assert_allclose(vapour_pressure_slope(temp), slope, atol=1e-3)


def test_slope_is_the_derivative_of_the_curve() -> None:
    temp = np.linspace(-40, 50, 181)
    step = 1e-4
    rise = saturation_vapour_pressure(temp + step) - saturation_vapour_pressure(temp - step)
    # 4098 is 17.27 x 237.3, to four digits (4098.17).
    np.testing.assert_allclose(vapour_pressure_slope(temp), rise / (2 * step), rtol=5e-5)


def test_altitude_lowers_pressure_and_gamma() -> None:
    pressure = atmospheric_pressure(np.arange(-400, 8900, 100))
    assert (np.diff(pressure) < 0).all()
    assert (np.diff(psychrometric_constant(pressure)) < 0).all()
    assert atmospheric_pressure(0) == 101.3


def test_humidity_takes_the_best_equation_for_each_element() -> None:
    coolest, warmest = saturation_vapour_pressure(10.0), saturation_vapour_pressure(20.0)
    both = (coolest * 0.9 + warmest * 0.4) / 2
    greatest = coolest * 0.9
    mean = (coolest + warmest) / 2 * 0.6
    result = vapour_pressure_from_humidity(
        10.0,
        20.0,
        rh_mean_pct=[60, 60, 60, NAN, NAN],
        rh_min_pct=[40, NAN, 40, NAN, 40],
        rh_max_pct=[90, 90, NAN, 90, NAN],
    )
    np.testing.assert_allclose(result, [both, greatest, mean, greatest, NAN], rtol=1e-15)
    assert np.isnan(vapour_pressure_from_humidity(10, 20))
    # The maximum alone does not need tmax in its equation, but it stays missing without it.
    assert np.isnan(vapour_pressure_from_humidity(10, NAN, rh_max_pct=90))


def test_saturated_air_is_saturated() -> None:
    saturated = mean_saturation_vapour_pressure(3, 12)
    assert vapour_pressure_from_humidity(3, 12, rh_mean_pct=100) == saturated
    both = vapour_pressure_from_humidity(3, 12, rh_min_pct=100, rh_max_pct=100)
    assert both == pytest.approx(float(saturated), rel=1e-15)
    assert vapour_pressure_from_wet_bulb(12, 12, 100) == saturation_vapour_pressure(12)


def test_wet_bulb_of_a_less_ventilated_instrument_and_of_nonsense() -> None:
    ventilated = vapour_pressure_from_wet_bulb(25.6, 19.5, 87.9)
    still = vapour_pressure_from_wet_bulb(25.6, 19.5, 87.9, NATURALLY_VENTILATED)
    assert still < ventilated
    assert vapour_pressure_from_wet_bulb(40, 0, 100) == 0.0


def test_wind_at_two_metres_is_left_alone() -> None:
    wind = np.linspace(0, 30, 13)
    np.testing.assert_array_equal(wind_at_2m(wind), wind)
    np.testing.assert_array_equal(wind_at_2m(wind, 2), wind)
    # Table 2.9 of the paper
    assert wind_at_2m(1.0, [1, 3, 5, 10]) == pytest.approx([1.178, 0.921, 0.838, 0.748], abs=2e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: atmospheric_pressure([0, 12000]), r"altitude_m\[1\] is 12000\.0"),
        (lambda: psychrometric_constant([[101.3], [1013]]), r"pressure_kpa\[1, 0\] is 1013\.0"),
        (lambda: saturation_vapour_pressure(293.15), r"temp_c is 293\.15: .*°C"),
        (lambda: saturation_vapour_pressure([1, math.inf]), r"temp_c\[1\] is inf"),
        (lambda: vapour_pressure_slope(-math.inf), "temp_c is -inf"),
        (
            lambda: mean_saturation_vapour_pressure([[1, 5]], [[2], [4]]),
            r"tmin_c\[0, 1\] is 5\.0: .*tmax_c",
        ),
        (
            lambda: vapour_pressure_from_humidity(1, 2, rh_mean_pct=[50, 100.5]),
            r"rh_mean_pct\[1\] is 100\.5",
        ),
        (lambda: vapour_pressure_from_humidity(1, 2, rh_min_pct=-1), r"rh_min_pct is -1\.0"),
        (
            lambda: vapour_pressure_from_humidity(1, 2, rh_min_pct=[[9], [7]], rh_max_pct=[9, 8]),
            r"rh_min_pct\[0, 1\] is 9\.0: the minimum is not above the maximum",
        ),
        (lambda: vapour_pressure_from_humidity(1, 2, rh_max_pct=math.inf), "rh_max_pct is inf"),
        (lambda: vapour_pressure_from_wet_bulb(1, 300, 100), r"wet_bulb_c is 300\.0"),
        (lambda: wind_at_2m([0, -0.1]), r"wind_m_s\[1\] is -0\.1"),
        (lambda: wind_at_2m(math.inf), "wind_m_s is inf"),
        (lambda: wind_at_2m(1, 0.1), r"^wind_height_m is 0\.1"),
    ],
)
def test_what_cannot_be_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_missing_stays_missing_and_float64() -> None:
    for function in (
        atmospheric_pressure,
        psychrometric_constant,
        saturation_vapour_pressure,
        vapour_pressure_slope,
        wind_at_2m,
    ):
        values = np.array([[NAN, 50.0], [60.0, NAN]], dtype=np.float32)
        result = function(values)
        assert result.dtype == np.float64
        np.testing.assert_array_equal(np.isnan(result), np.isnan(values))
        masked = np.ma.masked_invalid(values)
        np.testing.assert_array_equal(function(masked), result)
