"""From days to months to indicators in long form, checked by hand."""

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.schemas import empty
from geo_pipeline.transforms.drought import drought_indicators
from geo_pipeline.transforms.weather import with_et0


def weather(first: str, last: str, precip_mm: float = 2.0, departement: str = "31") -> pd.DataFrame:
    """Return days with the same rain, 20 °C and 20 MJ/m² each."""
    days = pd.date_range(first, last)
    unknown = dict.fromkeys(["tmin_c", "tmax_c", "wind_m_s", "rh_pct"], np.nan)
    return pd.DataFrame({"date": days, "departement": departement}).assign(
        tmean_c=20.0,
        precip_mm=precip_mm,
        radiation_mj_m2=20.0,
        source="test",
        resolution="day",
        **unknown,
    )


def indicators(days: pd.DataFrame) -> pd.DataFrame:
    """Return the indicators of weather without soil water."""
    return drought_indicators(with_et0(days), empty("soil_water_daily"))


def values(frame: pd.DataFrame, indicator: str) -> "pd.Series[float]":
    return frame[frame["indicator"] == indicator].set_index("period_end")["value"]


def test_turc_by_hand() -> None:
    # 23.8846 * 20 + 50 = 527.692; * 20 / 35 = 301.5383; * 0.013 = 3.919998
    rows = with_et0(weather("2020-01-01", "2020-01-02"))
    assert rows["et0_mm"].tolist() == pytest.approx([3.919998] * 2, abs=1e-6)
    assert set(rows["et0_method"]) == {"turc"}


def test_unknown_temperature_gives_no_et0_and_no_method() -> None:
    rows = with_et0(weather("2020-01-01", "2020-01-01").assign(tmean_c=np.nan))
    assert np.isnan(rows["et0_mm"].iloc[0])
    assert pd.isna(rows["et0_method"].iloc[0])


def test_months_add_up_and_partial_ones_are_missing() -> None:
    frame = indicators(weather("2020-01-01", "2020-03-30"))
    rain = values(frame, "precip_mm")
    assert rain["2020-01-31"] == 62.0
    assert rain["2020-02-29"] == 58.0
    assert np.isnan(rain["2020-03-31"])  # the 31st is missing


def test_a_day_without_rain_data_takes_its_month() -> None:
    days = weather("2020-01-01", "2020-02-29")
    days.loc[days["date"] == "2020-01-15", "precip_mm"] = np.nan
    rain = values(indicators(days), "precip_mm")
    assert np.isnan(rain["2020-01-31"])
    assert rain["2020-02-29"] == 58.0


def test_the_anomaly_is_the_departure_from_the_mean_of_that_month() -> None:
    days = pd.concat(
        [weather("2020-01-01", "2020-01-31", 1.0), weather("2021-01-01", "2021-01-31", 3.0)]
    )
    frame = indicators(days)  # normal of January: (31 + 93) / 2 = 62 mm
    anomaly = values(frame, "precip_anomaly_pct")
    assert anomaly["2020-01-31"] == pytest.approx(-50)
    assert anomaly["2021-01-31"] == pytest.approx(50)
    assert len(anomaly) == 13  # the eleven months between are there, and missing
    assert anomaly.isna().sum() == 11
    years = frame[(frame["indicator"] == "precip_mm")].set_index("period_end")["reference_years"]
    assert years["2020-01-31"] == 2
    assert years["2020-02-29"] == 0


def test_a_gap_blanks_exactly_the_windows_that_touch_it() -> None:
    rng = np.random.default_rng(1)
    days = weather("2010-01-01", "2022-12-31")
    days["precip_mm"] = rng.gamma(0.4, 8.0, len(days))
    days = days[days["date"].dt.year != 2014]
    frame = indicators(days)
    for scale in (1, 3, 6, 12):
        index = values(frame, f"spi_{scale}")
        blank = index.index[index.isna()]
        lead = pd.date_range("2010-01-31", periods=scale - 1, freq="ME")
        gap = pd.date_range("2014-01-31", periods=12 + scale - 1, freq="ME")
        assert list(blank) == [*lead, *gap], scale


def test_a_departement_alone_or_among_others_has_the_same_numbers() -> None:
    rng = np.random.default_rng(2)
    parts = []
    for code, first in (("01", "2010-01-01"), ("2A", "2015-03-01"), ("31", "2010-01-01")):
        days = weather(first, "2022-12-31", departement=code)
        days["precip_mm"] = rng.gamma(0.4, 8.0, len(days))
        parts.append(days)
    together = indicators(pd.concat(parts))
    for days in parts:
        alone = indicators(days)
        code = alone["departement"].iloc[0]
        among = together[together["departement"] == code].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, among, check_exact=True)


def test_the_combined_score_is_that_of_the_mean_of_spi_3_and_spi_6() -> None:
    rng = np.random.default_rng(3)
    days = weather("1991-01-01", "2020-12-31")
    days["precip_mm"] = rng.gamma(0.4, 8.0, len(days))
    frame = indicators(days)
    mean = (values(frame, "spi_3") + values(frame, "spi_6")) / 2
    combined = frame[frame["indicator"] == "combined"].set_index("period_end")
    # the normal law's own table: P(Z <= -0.8) = 0.2119, so D1 or worse is a score of 78.81 or more
    dry = combined["drought_class"].isin(["D1", "D2", "D3", "D4"])
    assert dry.sum() > 10
    assert (mean[dry] <= -0.8).all()
    assert (combined.loc[dry, "value"] >= 78.81).all()
    assert (mean[~dry & mean.notna()] > -0.8).all()


def test_no_weather_gives_no_rows() -> None:
    assert drought_indicators(empty("weather_daily"), empty("soil_water_daily")).empty


def test_soil_wetness_is_the_mean_of_months_whose_days_are_known() -> None:
    days = with_et0(weather("2020-01-01", "2020-02-29"))
    soil = pd.DataFrame({"departement": "31", "date": days["date"], "swi": 0.5})
    soil.loc[soil["date"] == "2020-01-31", "swi"] = 0.81
    soil.loc[soil["date"] == "2020-02-10", "swi"] = np.nan
    wetness = values(drought_indicators(days, soil), "swi")
    assert wetness["2020-01-31"] == pytest.approx((30 * 0.5 + 0.81) / 31)
    assert np.isnan(wetness["2020-02-29"])


def test_spei_is_that_of_rain_less_et0() -> None:
    """The same rain in ever warmer years: the balance of December falls every year."""
    days = weather("2001-01-01", "2010-12-31")
    days["tmean_c"] = 10.0 + (days["date"].dt.year - 2001) ** 1.5
    frame = indicators(days)
    index = values(frame, "spei_3")
    decembers = index[index.index.month == 12]
    assert (decembers.diff().dropna() < 0).all()
