"""From days to dekads to indicators in long form, checked by hand."""

import inspect

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from geo_pipeline.catalogue.indicators import COMPUTED, INDICATORS
from geo_pipeline.dekads import lengths
from geo_pipeline.indicators import spi
from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.table_rows import empty
from geo_pipeline.transforms.basis import Indices
from geo_pipeline.transforms.daily_arrays import Dekads
from geo_pipeline.transforms.drought import drought_indicators, function_of
from geo_pipeline.transforms.drought_course import combined_index
from geo_pipeline.transforms.soil import season_of_crops
from geo_pipeline.transforms.weather import with_et0
from tests.conftest import ROOT

CROPS = crop_parameters(ROOT / "assets_data")


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
    return drought_indicators(with_et0(days), empty("soil_water_daily"), CROPS)


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


def test_a_month_is_the_last_three_dekads_and_what_is_cut_short_is_missing() -> None:
    frame = indicators(weather("2020-01-01", "2020-03-30"))
    rain = values(frame, "precip_mm")
    assert [str(day.date()) for day in rain.index] == [
        "2020-01-10",
        "2020-01-20",
        "2020-01-31",
        "2020-02-10",
        "2020-02-20",
        "2020-02-29",
        "2020-03-10",
        "2020-03-20",
        "2020-03-31",
    ]
    # 2 mm a day: 10 + 10 + 11 days to the end of January, 10 + 11 + 10 to 10 February, and so on
    assert rain[["2020-01-31", "2020-02-10", "2020-02-29", "2020-03-20"]].tolist() == [
        62,
        62,
        58,
        58,
    ]
    assert rain.isna().tolist() == [True, True, False, False, False, False, False, False, True]


def test_a_day_without_rain_data_takes_the_three_months_that_hold_it() -> None:
    days = weather("2020-01-01", "2020-03-31")
    days.loc[days["date"] == "2020-01-15", "precip_mm"] = np.nan
    rain = values(indicators(days), "precip_mm")
    assert rain["2020-01-31":"2020-02-10"].isna().all()
    assert rain["2020-02-20":].notna().all()


def test_the_anomaly_is_the_departure_from_the_mean_of_that_month() -> None:
    days = pd.concat(
        [weather("2020-01-01", "2020-01-31", 1.0), weather("2021-01-01", "2021-01-31", 3.0)]
    )
    frame = indicators(days)  # normal of January: (31 + 93) / 2 = 62 mm
    anomaly = values(frame, "precip_anomaly_pct")
    assert anomaly["2020-01-31"] == pytest.approx(-50)
    assert anomaly["2021-01-31"] == pytest.approx(50)
    assert len(anomaly) == 39  # the dekads between are there, and missing
    assert anomaly.isna().sum() == 37
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
        steps = 3 * scale
        first_of_2014 = 4 * 36
        blank = np.flatnonzero(index.isna())
        lead = np.arange(steps - 1)
        gap = np.arange(first_of_2014, first_of_2014 + 36 + steps - 1)
        assert list(blank) == [*lead, *gap], scale


def test_at_the_end_of_a_month_the_index_is_that_of_the_monthly_series() -> None:
    rng = np.random.default_rng(6)
    days = weather("2001-01-01", "2020-12-31")
    days["precip_mm"] = rng.gamma(0.4, 8.0, len(days))
    months = days.groupby(days["date"].dt.to_period("M"))["precip_mm"].sum().to_numpy()
    index = values(indicators(days), "spi_3")
    np.testing.assert_allclose(index[index.index.is_month_end], spi(months, 3), atol=1e-9)


def test_the_normal_is_that_of_1991_2020_where_the_record_holds_it() -> None:
    rng = np.random.default_rng(7)
    days = weather("1981-01-01", "2022-12-31")
    days["precip_mm"] = rng.gamma(0.4, 8.0, len(days))
    days.loc[days["date"].dt.year < 1991, "precip_mm"] *= 5.0  # not to be learnt from
    days.loc[days["date"].dt.year > 2020, "precip_mm"] = 0.0
    frame = indicators(days)
    assert set(frame["reference_period"]) == {"1991-2020"}
    rows = frame[frame["indicator"].isin(["precip_mm", "spi_1", "swi"])]
    assert rows.loc[rows["indicator"] == "spi_1", "reference_years"].max() == 30
    anomaly = values(frame, "precip_anomaly_pct")
    assert (
        anomaly["1991":"2020"].groupby(anomaly["1991":"2020"].index.month).mean().abs().max() < 25
    )
    januaries = anomaly[anomaly.index.strftime("%m-%d") == "01-31"]
    assert januaries["1991":"2020"].mean() == pytest.approx(0.0, abs=1e-9)
    assert anomaly["2021-01-31":].to_numpy() == pytest.approx(-100.0)

    shorter = indicators(days[days["date"] >= "1991-02-01"])
    assert set(shorter["reference_period"]) == {"1991-2022"}


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
        texts = dict.fromkeys(["indicator", "reference_period", "drought_class"], object)
        pd.testing.assert_frame_equal(alone.astype(texts), among.astype(texts), check_exact=True)


def test_the_combined_score_has_the_shares_of_the_normal_law() -> None:
    """A mean of indices that do not quite agree, brought back to a variance of 1."""
    rng = np.random.default_rng(3)
    days = weather("1991-01-01", "2020-12-31")
    days["precip_mm"] = rng.gamma(0.4, 8.0, len(days))
    soil = pd.DataFrame({"departement": "31", "date": days["date"], "crop": "grassland"})
    soil["swi"] = (0.5 + days["precip_mm"].rolling(60, min_periods=1).mean() / 20).clip(0, 1)
    soil["eta_mm"] = 1.0
    frame = drought_indicators(with_et0(days), soil, CROPS)
    combined = frame[frame["indicator"] == "combined"].set_index("period_end")
    z = ndtri((100 - combined["value"].dropna()) / 100)
    assert (z**2).mean() == pytest.approx(1.0, abs=1e-6)
    mean = (values(frame, "spi_3") + values(frame, "spei_6") + values(frame, "sswi")) / 3
    assert np.corrcoef(mean.dropna(), z)[0, 1] == pytest.approx(1.0, abs=1e-9)
    # P(Z <= -0.8) = 0.2119: D1 or worse is a score of 78.81 or more
    dry = combined["drought_class"].isin(["D1", "D2", "D3", "D4"])
    assert dry.sum() > 50
    assert (combined.loc[dry, "value"] >= 78.81).all()
    assert (combined.loc[~dry & combined["value"].notna(), "value"] < 78.82).all()


@pytest.mark.parametrize(("years_of_soil", "is_known"), [(8, True), (5, True), (3, False)])
def test_a_soil_that_is_always_full_counts_as_usual_once_years_show_it(
    years_of_soil: int, is_known: bool
) -> None:
    """With three years nobody knows whether it is always full: the index is then missing."""
    dekads = Dekads.of(pd.date_range("2015-01-01", "2022-12-31"))
    chance = np.random.default_rng(5).random((2, 1, 8 * 36))
    full = np.where(dekads.ends.year > 2022 - years_of_soil, 1.0, np.nan)[np.newaxis]
    rain_mm, balance_mm = 40.0 * chance[0], 40.0 * chance[0] - 30.0 * chance[1]
    indices = Indices(dekads, rain_mm, balance_mm, full * lengths(dekads.ends))
    index = combined_index(indices)[0, -1]
    if not is_known:
        assert np.isnan(index)
        return
    mean = (indices.spi(3) + indices.spei(6) + 0.0 * indices.month_wetness) / 3.0
    known = mean[~np.isnan(mean)]
    assert index == pytest.approx(mean[0, -1] / np.sqrt((known**2).mean()), abs=1e-12)


def test_no_weather_gives_no_rows() -> None:
    assert drought_indicators(empty("weather_daily"), empty("soil_water_daily"), CROPS).empty


def grass(days: pd.DataFrame, swi: float, eta_mm: float = 1.0) -> pd.DataFrame:
    """Return rows of soil water under grass, the same each day."""
    return pd.DataFrame(
        {
            "departement": "31",
            "date": days["date"],
            "crop": "grassland",
            "swi": swi,
            "eta_mm": eta_mm,
        }
    )


def test_soil_wetness_is_the_mean_of_months_whose_days_are_known() -> None:
    days = with_et0(weather("2020-01-01", "2020-02-29"))
    soil = grass(days, 0.5)
    soil.loc[soil["date"] == "2020-01-31", "swi"] = 0.81
    soil.loc[soil["date"] == "2020-02-10", "swi"] = np.nan
    wetness = values(drought_indicators(days, soil, CROPS), "swi")
    assert wetness["2020-01-31"] == pytest.approx((30 * 0.5 + 0.81) / 31)
    assert np.isnan(wetness["2020-02-29"])


def test_spei_is_that_of_rain_less_et0() -> None:
    """The same rain in ever warmer years: the balance of December falls every year."""
    days = weather("2001-01-01", "2010-12-31")
    days["tmean_c"] = 10.0 + (days["date"].dt.year - 2001) ** 1.5
    frame = indicators(days)
    index = values(frame, "spei_3")
    decembers = index[index.index.strftime("%m-%d") == "12-31"]
    assert (decembers.diff().dropna() < 0).all()


# The season -----------------------------------------------------------------------------------


def test_rain_and_balance_since_september_by_hand() -> None:
    """2 mm a day in the first season, 1 mm in the second; ET0 after Turc 3.919998 mm a day."""
    days = pd.concat(
        [weather("2019-09-01", "2020-08-31", 2.0), weather("2020-09-01", "2021-08-31", 1.0)]
    )
    frame = indicators(days)
    rain = values(frame, "season_precip_mm")
    assert rain[["2019-09-10", "2019-12-31", "2020-09-10"]].tolist() == [20, 244, 10]
    departure = values(frame, "season_precip_departure_mm")  # normal: 1.5 mm a day
    assert departure["2019-12-31"] == pytest.approx(61.0)
    assert departure["2020-12-31"] == pytest.approx(-61.0)
    balance = values(frame, "season_balance_mm")
    assert balance["2019-09-10"] == pytest.approx(10 * (2 - 3.919998), abs=1e-4)


def test_counts_of_days_by_hand() -> None:
    days = weather("2020-01-01", "2020-12-31", 0.0).assign(tmin_c=10.0, tmax_c=20.0)
    days.loc[days["date"].isin(pd.to_datetime(["2020-01-01", "2020-05-05"])), "precip_mm"] = 1.0
    days.loc[
        days["date"].isin(pd.to_datetime(["2020-05-30", "2020-06-01", "2020-06-08"])), "tmax_c"
    ] = 25.1
    days.loc[
        days["date"].isin(pd.to_datetime(["2020-04-09", "2020-04-10", "2020-04-25"])), "tmin_c"
    ] = -0.1
    frame = indicators(days)
    since = values(frame, "days_since_rain")
    assert since[["2020-01-10", "2020-04-30", "2020-05-10", "2020-05-20"]].tolist() == [
        9,
        120,
        5,
        15,
    ]
    longest = values(frame, "longest_dry_spell_days")
    assert np.isnan(longest["2020-03-20"])  # the 80th day
    # the 90 days to 10 May begin on 11 February: dry to 4 May, 84 days, then 5 days
    assert longest["2020-05-10"] == 84
    hot = values(frame, "hot_days_soft_wheat")
    # flowering on day 210 of a season that begins on 20 October: 16 May 2020
    assert str(hot.index[0].date()) == "2020-05-20"
    assert hot[["2020-05-20", "2020-05-31", "2020-06-10"]].tolist() == [0, 1, 3]
    frost = values(frame, "frost_days_vineyard")  # bud break on 10 April
    assert frost[["2020-04-10", "2020-04-30"]].tolist() == [1, 2]


def test_what_needs_true_days_is_missing_where_they_are_dekadal() -> None:
    days = weather("2020-01-01", "2020-12-31", 0.0).assign(tmin_c=10.0, tmax_c=20.0)
    frame = indicators(days.assign(resolution="dekad"))
    for indicator in (
        "days_since_rain",
        "longest_dry_spell_days",
        "hot_days_soft_wheat",
        "frost_days_vineyard",
    ):
        rows = values(frame, indicator)
        assert len(rows) > 0
        assert rows.isna().all(), indicator
    assert values(frame, "season_precip_mm").notna().any()


def test_degree_days_by_hand() -> None:
    frame = indicators(weather("2020-01-01", "2020-12-31"))
    maize = values(frame, "gdd_grain_maize_rainfed")  # sown on 20 April, base 6 or so
    base_c = CROPS.loc["grain_maize_rainfed", "base_temperature_c"]
    assert maize["2020-04-20"] == pytest.approx(20 - base_c)
    assert maize["2020-04-30"] == pytest.approx(11 * (20 - base_c))


# Crops ----------------------------------------------------------------------------------------


def test_shortages_by_hand() -> None:
    """Maize that gets all it asks for, but half of it from flowering to yield formation."""
    days = with_et0(weather("2020-01-01", "2020-12-31")).assign(et0_mm=2.0)
    maize = CROPS.loc[["grain_maize_rainfed"]]
    season = season_of_crops(pd.DatetimeIndex(days["date"]), maize)
    day = season.day[0]
    asked = np.where(season.grows[0], season.kc[0] * 2.0, 0.0)
    flowering = (day >= 76) & (day < 96)
    got = np.where(flowering, 0.5 * asked, asked)
    soil = grass(days, 0.5).assign(crop="grain_maize_rainfed", eta_mm=got)[day > 0]
    frame = drought_indicators(days, soil, maize)

    stress = values(frame, "crop_stress_pct_grain_maize_rainfed")
    assert str(stress.index[0].date()) == "2020-04-20"  # sown
    assert str(stress.index[-1].date()) == "2020-10-10"  # the 170th day is 6 October
    assert stress["2020-06-30"] == pytest.approx(0.0, abs=1e-9)
    # flowering lasts from 4 to 23 July: 20 of the 30 days to 31 July at the same Kc of 1.2
    assert stress["2020-07-31"] == pytest.approx(100 * 0.5 * 20 / 31, abs=1e-6)
    assert stress["2020-09-10"] == pytest.approx(0.0, abs=1e-9)

    received = values(frame, "water_satisfaction_pct_grain_maize_rainfed")
    assert str(received.index[0].date()) == "2020-04-30"  # sown on the 20th
    assert str(received.index[-1].date()) == "2020-10-31"  # the end of the month of harvest
    assert received["2020-06-30"] == pytest.approx(100.0)
    short = (got.cumsum() / np.maximum(asked.cumsum(), 1e-9))[day == 96][0]  # the day after
    assert 0.5 < short < 1.0
    assert received["2020-07-31"] > 100 * short  # it gets all it asks for again
    whole = 100 * got.sum() / asked.sum()
    assert received["2020-10-10"] == pytest.approx(whole)
    assert received["2020-10-31"] == pytest.approx(whole)


def test_a_season_that_the_record_begins_in_has_no_satisfaction() -> None:
    days = with_et0(weather("2020-05-01", "2021-07-05")).assign(et0_mm=2.0)
    maize = CROPS.loc[["grain_maize_rainfed"]]
    soil = grass(days, 0.5).assign(crop="grain_maize_rainfed", eta_mm=0.3)
    received = values(
        drought_indicators(days, soil, maize), "water_satisfaction_pct_grain_maize_rainfed"
    )
    # 2020 was sown before the record, and of the dekad of 5 July the end is not seen
    assert [str(received.index[each].date()) for each in (0, -1)] == ["2021-04-30", "2021-06-30"]
    assert received["2021-04-30"] == pytest.approx(100 * 0.3 / (2.0 * 0.3))  # Kc 0.3 at first


# Excess of water and light --------------------------------------------------------------------


def test_excess_of_water_by_hand() -> None:
    """2 mm of rain against 1 mm a day, but in March none: 91 mm from April to the end of June."""
    days = with_et0(weather("2020-01-01", "2021-12-31"))
    rain_mm = np.where(days["date"].dt.month == 3, 0.0, 2.0)
    days = days.assign(et0_mm=1.0, precip_mm=rain_mm)
    frame = drought_indicators(days, empty("soil_water_daily"), CROPS)
    spring = values(frame, "spring_excess_mm")
    assert spring["2020-03-31"] == 0.0
    assert spring["2020-04-10"] == pytest.approx(10.0)
    assert spring["2020-06-30"] == pytest.approx(91.0)
    assert sorted(set(spring.index.month)) == [3, 4, 5, 6]
    winter = values(frame, "winter_excess_mm")
    assert winter["2020-12-31"] == pytest.approx(31.0)
    assert winter["2021-02-28"] == pytest.approx(31.0 + 31.0 + 28.0)
    assert str(winter.dropna().index[0].date()) == "2020-12-10"  # the first one began before


def test_light_at_flowering_by_hand() -> None:
    """10 MJ a day, 20 from the day on which wheat flowers: its 210th, 16 or 17 May."""
    days = with_et0(weather("2019-10-01", "2020-12-31"))
    opens = pd.Timestamp("2019-10-20") + pd.Timedelta(days=209)
    light = np.where(days["date"] >= opens, 20.0, 10.0)
    told = values(indicators(days.assign(radiation_mj_m2=light)), "flowering_light_soft_wheat")
    begins, ends = opens - pd.Timedelta(days=30), pd.Timestamp("2020-06-17")  # 228th, 15 days on
    assert told["2020-05-10"] == pytest.approx(10.0)
    bright = (ends - opens).days + 1
    assert told["2020-06-20"] == pytest.approx(
        10 + 10 * bright / ((ends - begins).days + 1), abs=0.2
    )
    assert str(told.index[0].date()) == "2020-04-30"  # it begins on the 16th
    assert str(told.index[-1].date()) == "2020-06-30"


def test_the_stages_of_a_drought_follow_rain_soil_and_crops() -> None:
    """A year without rain after thirty usual ones: watch, then warning, then alert."""
    rng = np.random.default_rng(9)
    days = weather("1991-01-01", "2021-12-31")
    days["precip_mm"] = rng.gamma(0.4, 8.0, len(days))
    last = days["date"] >= "2021-03-01"
    days.loc[last, "precip_mm"] = 0.0
    soil = grass(days, 0.6, 3.0)
    soil["swi"] = 0.6 + 0.05 * rng.standard_normal(len(soil))
    soil["eta_mm"] = 3.0 + 0.1 * rng.standard_normal(len(soil))
    soil.loc[days["date"] >= "2021-01-01", ["swi", "eta_mm"]] = [0.7, 3.2]
    soil.loc[days["date"] >= "2021-06-01", "swi"] = 0.1
    soil.loc[days["date"] >= "2021-08-01", "eta_mm"] = 0.5
    frame = drought_indicators(with_et0(days), soil, CROPS.loc[["grassland"]])
    stages = frame[frame["indicator"] == "cdi"].set_index("period_end")["drought_class"]
    assert stages["2021-04-20"] == "watch"
    assert stages["2021-07-10"] == "warning"
    assert stages["2021-09-20"] == "alert"
    codes = values(frame, "cdi")  # the numbers of the EDO's files
    assert codes[["2021-04-20", "2021-07-10", "2021-09-20"]].tolist() == [1, 2, 3]


def test_the_course_of_a_drought_is_told_dekad_by_dekad() -> None:
    rng = np.random.default_rng(10)
    days = weather("1991-01-01", "2021-12-31")
    days["precip_mm"] = rng.gamma(0.4, 8.0, len(days))
    days.loc[days["date"] >= "2021-01-01", "precip_mm"] = 0.0
    frame = drought_indicators(with_et0(days), grass(days, 0.5), CROPS.loc[["grassland"]])
    age = values(frame, "drought_age_dekads")
    assert age.iloc[-1] >= 30
    onset = age.index[-int(age.iloc[-1])]
    assert age[onset] == 1
    z = ndtri(1 - values(frame, "combined") / 100)
    assert z[onset] <= -0.8 < z.shift(1)[onset]
    assert values(frame, "drought_peak").iloc[-1] == pytest.approx(z[onset:].min())
    severity = -z[onset:].sum() / 3
    assert values(frame, "drought_severity").iloc[-1] == pytest.approx(severity)


def test_days_in_a_class_are_those_of_the_last_year() -> None:
    """Of 36 dekads of 8 to 11 days."""
    days = weather("1991-01-01", "2021-12-31")
    days["precip_mm"] = np.random.default_rng(10).gamma(0.4, 8.0, len(days))
    days.loc[days["date"] >= "2021-01-01", "precip_mm"] = 0.0
    frame = drought_indicators(with_et0(days), grass(days, 0.5), CROPS.loc[["grassland"]])
    classes = frame[frame["indicator"] == "combined"].set_index("period_end")["drought_class"]
    for at_least, worse in (("d1", "D1 D2 D3 D4"), ("d2", "D2 D3 D4"), ("d3", "D3 D4")):
        counted = values(frame, f"drought_days_{at_least}")
        dry = classes[classes.isin(worse.split())].index
        for end in ("2010-06-20", "2021-03-10", "2021-12-31"):
            of_year = dry[(dry <= end) & (dry > pd.Timestamp(end) - pd.DateOffset(years=1))]
            lengths = [10 if day.day < 21 else day.day - 20 for day in of_year]
            assert counted[end] == sum(lengths)
    # Half a year without the first index of six months, then a whole year of classes.
    assert counted[:"1992-06-10"].isna().all()
    assert counted["1992-06-20":].notna().all()
    assert counted["2021-12-31"] > counted["2021-03-10"]


def test_each_record_names_a_function_of_the_science_and_gives_what_it_takes() -> None:
    for indicator, computation in COMPUTED.items():
        taken = inspect.signature(function_of(computation)).bind(None, **computation.given)
        assert set(taken.arguments) == {"basis", *computation.given}, indicator


def test_what_is_of_a_crop_says_so_in_its_record() -> None:
    of_grass = {key for key, each in INDICATORS.items() if each.crop == "permanent_grassland"}
    assert of_grass == {"yield_anomaly_pct_permanent_grassland"}
    for key, computation in COMPUTED.items():
        if "crop" in computation.given:
            assert INDICATORS[key].crop == computation.given["crop"]
