"""Reference evapotranspiration after Turc, worked by hand."""

import math

import numpy as np
import pytest

from geo_pipeline.indicators import et0_turc

pytestmark = pytest.mark.filterwarnings("error")

NAN = math.nan


def test_turc_by_hand() -> None:
    # 0.013 x 20/35 x (23.8846 x 25 + 50) = 0.0074285714 x 647.115
    assert et0_turc(20.0, 25.0) == pytest.approx(4.80714, abs=1e-5)
    # 0.013 x 15/30 x (238.846 + 50)
    assert et0_turc(15.0, 10.0) == pytest.approx(1.877499, abs=1e-6)
    # 0.013 x 5/20 x 50: no sun at all
    assert et0_turc(5.0, 0.0) == pytest.approx(0.1625)


def test_dry_air_takes_more_and_humid_air_no_less() -> None:
    moist = et0_turc(20.0, 25.0)
    assert et0_turc(20.0, 25.0, 50.0) == moist
    assert et0_turc(20.0, 25.0, 95.0) == moist
    assert et0_turc(20.0, 25.0, 15.0) == pytest.approx(1.5 * float(moist))  # 1 + 35/70
    assert et0_turc(20.0, 25.0, 36.0) == pytest.approx(1.2 * float(moist))  # 1 + 14/70


@pytest.mark.parametrize("temperature", [0.0, -5.0, -15.0, -40.0])
def test_nothing_in_frost(temperature: float) -> None:
    assert et0_turc(temperature, 20.0) == 0.0
    assert et0_turc(temperature, 20.0, 30.0) == 0.0


def test_missing_stays_missing() -> None:
    np.testing.assert_array_equal(
        np.isnan(et0_turc([NAN, 20, 20, -5, 20], [20, NAN, 20, NAN, 20], [40, 40, NAN, 40, 40])),
        [True, True, True, True, False],
    )


def test_arguments_broadcast() -> None:
    result = et0_turc(np.full((3, 1), 20.0), np.arange(4.0), 60)
    assert result.shape == (3, 4)
    np.testing.assert_array_equal(result[2], et0_turc(20.0, np.arange(4)))
    assert result.dtype == np.float64
    assert et0_turc(np.float32(20), np.float32(25)).dtype == np.float64


def test_negative_radiation_and_humidity_are_named() -> None:
    with pytest.raises(ValueError, match=r"radiation_mj_m2\[0, 1\] is -0\.1"):
        et0_turc(20.0, [[1.0, -0.1]])
    with pytest.raises(ValueError, match=r"rh_pct is -999\.0"):
        et0_turc(20.0, 10.0, -999.0)
