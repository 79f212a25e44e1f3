"""Features of yield forecasts: the weather of a crop from sowing to the day of issue.

Add a feature here. Its weather is cut to this window (`SeasonSoFar.cut`): later weather is unknown
on the day of issue, and earlier weather agrees with harvests only by chance. The soil is therefore
taken as full at sowing. Regressions on the features are in `models`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import numpy as np

from geo_pipeline.crops import DAYS_AFTER_FLOWERING, DAYS_BEFORE_FLOWERING
from geo_pipeline.indicators._arrays import BoolArray, FloatArray, IntArray
from geo_pipeline.indicators.soil_water import soil_water_balance

VARIABLES: Final = ("precip_mm", "et0_mm", "tmean_c", "radiation_mj_m2")
"""Variables of the daily weather that features are computed from."""

GROUPS: Final = ("water", "rain", "warmth", "light", "excess")
"""Groups of features: each has at most two, and one regression (`models`)."""

LEAST_DAYS: Final = 10
"""Days of a stage that must have passed before it has a feature: a dekad."""

ONE_DAY: Final = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class Window:
    """The days of a season up to the day of issue, between sowing and harvest.

    Raises:
        ValueError: the days are not in the order sowing, issue, harvest.
    """

    sowing: np.datetime64
    issue: np.datetime64
    harvest: np.datetime64

    def __post_init__(self) -> None:
        if not self.sowing <= self.issue <= self.harvest:
            days = f"sowing {self.sowing}, issue {self.issue}, harvest {self.harvest}"
            raise ValueError(f"a forecast is issued between sowing and harvest: {days}")

    def before_sowing(self) -> "Window":
        """Return as many days ending on the eve of sowing: their weather came too early."""
        eve = self.sowing - ONE_DAY
        return Window(eve - (self.harvest - self.sowing), eve, eve)

    def after_harvest(self) -> "Window":
        """Return as many days beginning after harvest: their weather came too late."""
        morrow = self.harvest + ONE_DAY
        end = morrow + (self.harvest - self.sowing)
        return Window(morrow, end, end)


@dataclass(frozen=True, slots=True)
class SeasonSoFar:
    """Daily weather of one crop's seasons, each cut to its window: years x places x days.

    A season without 29 February is a day shorter, and has 0 after its day of issue. If a place
    lacks a day of a season, all its days are NaN.
    """

    weather: Mapping[str, FloatArray]
    days: IntArray
    """Days of each year's window."""

    @classmethod
    def cut(
        cls,
        windows: Sequence[Window],
        dates: "np.ndarray[tuple[int], np.dtype[np.datetime64]]",
        daily: Mapping[str, FloatArray],
    ) -> Self:
        """Return `daily` (places x consecutive `dates`) cut to the windows, one a year.

        Raises:
            KeyError: one of `VARIABLES` is missing.
        """
        days = np.array([int((w.issue - w.sowing) / ONE_DAY) + 1 for w in windows], dtype=np.int64)
        places = daily[VARIABLES[0]].shape[0]
        weather = {name: np.zeros((len(windows), places, days.max())) for name in VARIABLES}
        for year, window in enumerate(windows):
            first = int((window.sowing - dates[0]) / ONE_DAY)
            in_record = first >= 0 and window.issue <= dates[-1]
            for name in VARIABLES:
                values = daily[name][:, first : first + days[year]] if in_record else np.nan
                weather[name][year, :, : days[year]] = values
        missing = np.any([np.isnan(each).any(axis=-1) for each in weather.values()], axis=0)
        for each in weather.values():
            each[missing] = np.nan
        return cls(weather, days)

    @property
    def known(self) -> BoolArray:
        """Whether all days of a year's window are known: years x places."""
        return ~np.isnan(self.weather[VARIABLES[0]][..., 0])


class Field(NamedTuple):
    """A crop on the soils of the places, by day from sowing to harvest."""

    kc: FloatArray
    """Crop coefficient, days."""
    taw_mm: FloatArray
    """Total available water of its root zone, places x days."""
    p: float
    """Share of it that roots take up without stress."""
    flowering: tuple[int, int]
    """First and last day of flowering, or of the stage most sensitive to a shortage of water."""
    ripening: int
    """First day of ripening, when water no longer matters much."""


class Features(NamedTuple):
    """Features by group: groups x 2 x years x places, NaN where the weather is not known.

    Groups whose stages have not begun by the day of issue are left out. The second feature is 0
    where its stage has not begun, or where the group has only one.
    """

    groups: tuple[str, ...]
    values: FloatArray


def season_features(season: SeasonSoFar, field: Field) -> Features:
    r"""Return the features of the season so far.

    - `water`: :math:`\sum ET_a / \sum ET_c`, the share of its need that a crop without irrigation
      received: since sowing, and from before flowering to ripening (FAO's WRSI, as a share)
    - `rain`: its sum before flowering, and from then to ripening, mm
    - `warmth`: the mean temperature before flowering, and since, °C
    - `light`: radiation around flowering, MJ/m²
    - `excess`: percolation before flowering, and rain minus evapotranspiration around it, mm
    """
    known = season.known
    weather = {name: np.where(known[..., None], season.weather[name], 0.0) for name in VARIABLES}
    rain_mm, et0_mm = weather["precip_mm"], weather["et0_mm"]
    length = rain_mm.shape[-1]
    water = soil_water_balance(
        rain_mm,
        et0_mm,
        field.kc[:length],
        field.taw_mm[:, :length],
        field.p,
        initial_depletion_mm=np.zeros(known.shape),
        profile_mm=field.taw_mm.max(axis=-1, keepdims=True),
        keep=("eta_mm", "etc_mm", "percolation_mm"),
    )
    bloom, set_ = field.flowering[0] - 1, field.flowering[1] + DAYS_AFTER_FLOWERING
    ear, ripe = max(bloom - DAYS_BEFORE_FLOWERING, 0), field.ripening - 1
    shortest = int(season.days.min())

    def total(daily: FloatArray, first: int, end: int) -> FloatArray:
        has_begun = shortest - first >= LEAST_DAYS
        return np.asarray(
            daily[..., first:end].sum(axis=-1) if has_begun else np.zeros(known.shape)
        )

    def share(first: int, end: int) -> FloatArray:
        need = total(water["etc_mm"], first, end)
        return np.divide(total(water["eta_mm"], first, end), need, where=need > 0, out=need)

    def mean(daily: FloatArray, first: int, end: int) -> FloatArray:
        days = np.minimum(season.days, end)[:, np.newaxis] - first
        return np.asarray(total(daily, first, end) / np.maximum(days, 1))

    temperature_c, whole = weather["tmean_c"], length
    pairs = {
        "water": (share(0, whole), share(ear, ripe)),
        "rain": (total(rain_mm, 0, bloom), total(rain_mm, bloom, ripe)),
        "warmth": (mean(temperature_c, 0, bloom), mean(temperature_c, bloom, whole)),
        "light": (total(weather["radiation_mj_m2"], ear, set_), np.zeros(known.shape)),
        "excess": (
            total(water["percolation_mm"], 0, ear),
            total(rain_mm - et0_mm, ear, set_),
        ),
    }
    begun = {name: pair for name, pair in pairs.items() if np.any(pair)}
    shape = (0, 2, *known.shape)
    values = np.stack([np.stack(each) for each in begun.values()]) if begun else np.zeros(shape)
    return Features(tuple(begun), np.where(known, values, np.nan))
