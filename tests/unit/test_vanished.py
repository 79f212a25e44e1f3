"""What the last partition knew and the next one does not, by hand."""

import numpy as np
import pandas as pd

from geo_pipeline.transforms.joined_histories import LEAST_DAYS
from geo_pipeline.transforms.vanished import vanished


def days(source: str = "sim2", **columns: object) -> pd.DataFrame:
    """Return the 366 days of 2020 and 365 of 2021 with 2 mm of rain, 10 °C and no more."""
    dates = pd.date_range("2020-01-01", "2021-12-31", name="date")
    names = ("tmin_c", "tmax_c", "radiation_mj_m2", "wind_m_s", "rh_pct", "et0_source_mm")
    unknown = dict.fromkeys((*names, "swi_source"), np.nan)
    known = {"tmean_c": 10.0, "precip_mm": 2.0, **unknown, **columns}
    return pd.DataFrame({"departement": "32", "date": dates, "source": source, **known})


def test_a_year_without_a_variable_is_told_and_a_gap_is_not() -> None:
    before = days()
    assert vanished("weather_daily", before, days()) == []
    rain = np.where(before["date"].dt.year == 2021, np.nan, 2.0)
    assert vanished("weather_daily", before, days(precip_mm=rain)) == [
        "precip_mm of 2021 (365 rows)"
    ]
    rain[-1] = 0.0
    assert vanished("weather_daily", before, days(precip_mm=rain)) == []


def test_another_source_and_other_days_are_not_compared() -> None:
    assert vanished("weather_daily", days("open-meteo"), days(precip_mm=np.nan)) == []
    few, none = days()[: LEAST_DAYS - 1], days(precip_mm=np.nan)
    assert vanished("weather_daily", few, none) == []
    assert vanished("weather_daily", days()[:LEAST_DAYS], none) == ["precip_mm of 2020 (30 rows)"]


def test_crops_are_judged_one_by_one() -> None:
    rows = pd.DataFrame(
        {
            "departement": "32",
            "year": [2018, 2019, 2020] * 2,
            "crop": ["soft_wheat"] * 3 + ["sunflower"] * 3,
            "area_ha": 100.0,
            "yield_q_ha": 50.0,
            "production_q": 5000.0,
        }
    )
    lost = rows.assign(yield_q_ha=[np.nan] * 3 + [50.0] * 3)
    assert vanished("crop_statistics", rows, lost) == ["yield_q_ha of soft_wheat (3 rows)"]
    assert vanished("crop_statistics", rows, rows[3:]) == []
