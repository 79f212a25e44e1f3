"""ET0 of daily weather: which method is taken, and its value by hand."""

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.indicators import et0_turc
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.table_rows import InvalidTableError
from geo_pipeline.transforms.weather import USUAL_ALTITUDE_M, with_et0
from tests.conftest import ROOT

UCCLE = pd.DataFrame({"departement": ["59"], "latitude_deg": [50.8], "altitude_m": [100.0]})


def uccle(**changes: object) -> pd.DataFrame:
    """Return 6 July in Uccle, example 18 of FAO-56, with its humidity as a mean."""
    day = {
        "departement": "59",
        "date": pd.Timestamp("2019-07-06"),
        "tmin_c": 12.3,
        "tmax_c": 21.5,
        "tmean_c": 16.0,
        "precip_mm": 0.0,
        "radiation_mj_m2": 22.07,
        "wind_m_s": 2.78,
        "rh_pct": 73.5,
        "source": "test",
        "resolution": "day",
    }
    return pd.DataFrame([{**day, **changes}])


def test_penman_monteith_by_hand() -> None:
    # e(12.3) = 1.431, e(21.5) = 2.564: es = 1.9975, ea = 0.735 es = 1.468 (eq. 19)
    # u2 = 2.078 (the paper's), Rns = 0.77 * 22.07 = 16.99
    # Rnl = 3.71 * (0.34 - 0.14 sqrt(1.468)) / (0.34 - 0.14 sqrt(1.409)) = 3.64; Rn = 13.36
    # (0.408 * 0.122 * 13.36 + 0.0666 * 900 / 289.9 * 2.078 * 0.529) / (0.122 + 0.0666 * 1.7065)
    rows = with_et0(uccle(), UCCLE)
    assert rows["et0_mm"].tolist() == pytest.approx([3.79], abs=0.01)
    assert rows["et0_method"].tolist() == ["penman-monteith"]


def test_wind_is_taken_as_that_of_10_m_and_kept_as_observed() -> None:
    rows = with_et0(uccle(), UCCLE)
    assert rows["wind_m_s"].tolist() == [2.78]
    # 2.674 m/s at 10 m are the 2 m/s at 2 m that the paper takes for wind that is not known.
    usual = with_et0(uccle(wind_m_s=2.0 / 0.748), UCCLE)["et0_mm"].iloc[0]
    unknown = with_et0(uccle(wind_m_s=np.nan), UCCLE)["et0_mm"].iloc[0]
    assert usual == pytest.approx(unknown, rel=1e-4)


@pytest.mark.parametrize(
    ("unknown", "method"),
    [
        (["rh_pct"], "penman-monteith:humidity"),
        (["wind_m_s"], "penman-monteith:wind"),
        (["radiation_mj_m2"], "penman-monteith:radiation"),
        (["rh_pct", "radiation_mj_m2", "wind_m_s"], "penman-monteith:humidity+radiation+wind"),
        (["tmean_c"], "penman-monteith"),
        (["tmin_c"], "turc"),
        (["tmin_c", "tmax_c"], "turc"),
    ],
)
def test_the_method_tells_what_was_estimated(unknown: list[str], method: str) -> None:
    rows = with_et0(uccle(**dict.fromkeys(unknown, np.nan)), UCCLE)
    assert rows["et0_method"].tolist() == [method]
    assert 2.5 < rows["et0_mm"].iloc[0] < 5.0


def test_neither_method_gives_neither_value_nor_name() -> None:
    rows = with_et0(uccle(tmin_c=np.nan, radiation_mj_m2=np.nan), UCCLE)
    assert np.isnan(rows["et0_mm"].iloc[0])
    assert pd.isna(rows["et0_method"].iloc[0])


def test_turc_by_hand_where_no_place_is_told() -> None:
    # 0.013 * 16 / 31 * (23.8846 * 22.07 + 50) = 0.0067097 * 577.133
    rows = with_et0(uccle())
    assert rows["et0_mm"].tolist() == pytest.approx([3.8724], abs=1e-3)
    assert rows["et0_method"].tolist() == ["turc"]


def test_a_minimum_above_its_maximum_is_not_computed_with() -> None:
    rows = with_et0(uccle(tmin_c=21.5, tmax_c=12.3), UCCLE)
    assert rows["et0_method"].tolist() == ["turc"]
    assert rows[["tmin_c", "tmax_c"]].iloc[0].tolist() == [21.5, 12.3]


def test_the_usual_altitude_matters_little() -> None:
    without = with_et0(uccle(), UCCLE.drop(columns="altitude_m"))["et0_mm"].iloc[0]
    unknown = with_et0(uccle(), UCCLE.assign(altitude_m=np.nan))["et0_mm"].iloc[0]
    told = with_et0(uccle(), UCCLE.assign(altitude_m=USUAL_ALTITUDE_M))["et0_mm"].iloc[0]
    assert without == unknown == told
    sea = with_et0(uccle(), UCCLE.assign(altitude_m=0.0))["et0_mm"].iloc[0]
    high = with_et0(uccle(), UCCLE.assign(altitude_m=1700.0))["et0_mm"].iloc[0]
    assert 0 < without / sea - 1 < 0.012
    assert 0 < high / without - 1 < 0.055


def test_each_departement_has_its_own_sun() -> None:
    days = pd.concat([uccle(), uccle(departement="31"), uccle(departement="974")])
    places = pd.DataFrame({"departement": ["974", "59", "31"], "latitude_deg": [-21.1, 50.8, 43.4]})
    radiation = days.assign(radiation_mj_m2=np.nan)
    et0 = with_et0(radiation, places).set_index("departement")["et0_mm"]
    # In July: winter in La Réunion, the long days of the north not far from Toulouse's high sun.
    assert et0["974"] < 0.75 * et0["31"]
    assert et0["59"] == pytest.approx(et0["31"], rel=0.05)


def test_a_departement_without_latitude_is_named() -> None:
    with pytest.raises(InvalidTableError, match="no latitude of département 31"):
        with_et0(uccle(departement="31"), UCCLE)


@pytest.mark.parametrize(
    "changes", [{"tmax_c": 999.9}, {"rh_pct": 130.0}, {"wind_m_s": -1.0}, {"tmean_c": 400.0}]
)
def test_what_cannot_be_is_told_as_an_invalid_table(changes: dict[str, float]) -> None:
    with pytest.raises(InvalidTableError, match="weather_daily"):
        with_et0(uccle(**changes), UCCLE)


def test_embedded_data_have_the_et0_they_had() -> None:
    """Means and sunshine only: Turc, to the bit, whether places are told or not."""
    days = Bundled(ROOT / "assets_data").weather_daily(["31", "32"])
    places = pd.DataFrame({"departement": ["31", "32"], "latitude_deg": [43.4, 43.7]})
    rows = with_et0(days, places)
    ordered = days.sort_values(["departement", "date"])
    expected = et0_turc(ordered["tmean_c"].to_numpy(), ordered["radiation_mj_m2"].to_numpy())
    assert rows["et0_mm"].to_numpy().tobytes() == expected.tobytes()
    assert set(rows["et0_method"]) == {"turc"}
    pd.testing.assert_frame_equal(rows, with_et0(days))
