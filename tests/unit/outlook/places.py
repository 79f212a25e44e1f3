"""Two places with a dozen years of weather and three crops, for the tests of `outlook`."""

import numpy as np
import pandas as pd

from geo_pipeline.outlook.ensemble import LONGEST_DAYS, Soils, Weather

GRASS, MAIZE, IRRIGATED = range(3)


def weather(first: str = "2008-01-01", last: str = "2019-12-31", seed: int = 1) -> Weather:
    """Return rain on a third of the days and a demand with seasons, as France has them."""
    dates = pd.date_range(first, last)
    random = np.random.default_rng(seed)
    shape = (2, len(dates))
    rain = np.where(random.random(shape) < 0.3, random.gamma(0.8, 9.0, shape), 0.0)
    season = 2.6 - 2.2 * np.cos(2 * np.pi * (dates.dayofyear.to_numpy() + 10) / 365.25)
    return Weather(dates, rain, season * random.uniform(0.8, 1.2, shape))


def crops(record: Weather) -> tuple[Soils, np.ndarray]:
    """Return grass that drains, maize from 20 April to 6 October, and maize that is irrigated."""
    dates = pd.date_range(record.dates[0], periods=len(record.dates) + LONGEST_DAYS)
    start = pd.to_datetime(dates.year.astype(str) + "-04-20")
    day = (dates - start).days.to_numpy()
    stands = (day >= 0) & (day < 170)
    taw = np.where(stands, np.interp(day, [0, 30, 80], [45.0, 60.0, 170.0]), 45.0)
    grass = np.full(len(dates), 150.0)
    storage = np.array([1.0, 0.7])[:, np.newaxis, np.newaxis]
    maize_kc = np.where(
        stands, np.interp(day, [0, 30, 80, 140, 170], [0.3, 0.3, 1.2, 1.2, 0.6]), 0.8
    )
    soils = Soils(
        kc=np.array([np.full(len(dates), 0.9), maize_kc, maize_kc]),
        taw_mm=storage * np.array([grass, taw, taw]),
        p=np.array([[0.6], [0.55], [0.55]]),
        irrigated=np.array([np.zeros(len(dates), bool), np.zeros(len(dates), bool), stands]),
        drainage=np.array([[[0.004], [0.0], [0.0]]] * 2),
        tolerance_mm=np.full((2, 3), 1.0),
    )
    return soils, np.array([np.ones(len(dates), bool), stands, stands])


def replaced(record: Weather, after: int, until: int | None = None, seed: int = 99) -> Weather:
    """Return the record with other weather after a day, until another or to its end."""
    other = weather(str(record.dates[0].date()), str(record.dates[-1].date()), seed)
    days = slice(after + 1, until)
    rain, et0 = record.rain_mm.copy(), record.et0_mm.copy()
    rain[:, days], et0[:, days] = other.rain_mm[:, days], other.et0_mm[:, days]
    return Weather(record.dates, rain, et0)
