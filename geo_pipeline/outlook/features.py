"""The weather of crops from sowing to the day of issue, in the terms in which fields answer to it.

Add a feature here: what is known of a season on the day of a forecast. Weather comes in cut to its
window (`SeasonSoFar.cut`) and cannot be reached beyond it: neither what is still to come, nor what
was before sowing, with which harvests agree by chance. So the soil is taken as full at sowing.
What harvests are made of it is in `models`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import numpy as np

from geo_pipeline.crops import DAYS_AFTER_FLOWERING, DAYS_BEFORE_FLOWERING
from geo_pipeline.indicators._arrays import BoolArray, FloatArray, IntArray
from geo_pipeline.indicators.soil_water import soil_water_balance

VARIABLES: Final = ("precip_mm", "et0_mm", "tmean_c", "radiation_mj_m2")
"""The daily weather that features are made of."""

GROUPS: Final = ("water", "rain", "warmth", "light", "excess")
"""What features are of: two at most each, and one regression a group (`models`)."""

LEAST_DAYS: Final = 10
"""Days of a stage that must have passed for it to be told of: a dekad."""

ONE_DAY: Final = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class Window:
    """A season as seen on the day of issue, which is in it: no weather beyond these two days.

    Raises:
        ValueError: the days are not in the order sowing, issue, harvest.
    """

    sowing: np.datetime64
    issue: np.datetime64
    harvest: np.datetime64

    def __post_init__(self) -> None:
        if not self.sowing <= self.issue <= self.harvest:
            told = f"sowing {self.sowing}, issue {self.issue}, harvest {self.harvest}"
            raise ValueError(f"a forecast is issued between sowing and harvest: {told}")

    def before_sowing(self) -> "Window":
        """Return the days that end with the eve of sowing, as many: no crop has felt them."""
        eve = self.sowing - ONE_DAY
        return Window(eve - (self.harvest - self.sowing), eve, eve)

    def after_harvest(self) -> "Window":
        """Return the days that begin on the morrow of harvest, as many: no crop has felt them."""
        morrow = self.harvest + ONE_DAY
        end = morrow + (self.harvest - self.sowing)
        return Window(morrow, end, end)


@dataclass(frozen=True, slots=True)
class SeasonSoFar:
    """Daily weather of one crop's seasons, each cut to its window: years x places x days.

    The days of a shorter one (without 29 February) that are past its issue hold nothing: 0. A place
    that lacks a day of a year is NaN in all of it.
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
        """Return what the windows (one a year) let see of `daily`, places x `dates` without gaps.

        Raises:
            KeyError: one of `VARIABLES` is not there.
        """
        days = np.array([int((w.issue - w.sowing) / ONE_DAY) + 1 for w in windows], dtype=np.int64)
        places = daily[VARIABLES[0]].shape[0]
        weather = {name: np.zeros((len(windows), places, days.max())) for name in VARIABLES}
        for year, window in enumerate(windows):
            first = int((window.sowing - dates[0]) / ONE_DAY)
            there = first >= 0 and window.issue <= dates[-1]
            for name in VARIABLES:
                seen = daily[name][:, first : first + days[year]] if there else np.nan
                weather[name][year, :, : days[year]] = seen
        missing = np.any([np.isnan(each).any(axis=-1) for each in weather.values()], axis=0)
        for each in weather.values():
            each[missing] = np.nan
        return cls(weather, days)

    @property
    def known(self) -> BoolArray:
        """Whether a place has all days of a year's window: years x places."""
        return ~np.isnan(self.weather[VARIABLES[0]][..., 0])


class Field(NamedTuple):
    """A crop in the soils of the places, day by day from sowing to harvest."""

    kc: FloatArray
    """Crop coefficient, days."""
    taw_mm: FloatArray
    """Water that its roots can take, places x days."""
    p: float
    """Share of it that they take without stress."""
    flowering: tuple[int, int]
    """First and last day of flowering, or of the stage in which shortage costs most."""
    ripening: int
    """First day of ripening, from which on water matters little."""


class Features(NamedTuple):
    """Features by group: groups x 2 x years x places, NaN where the weather is not known.

    A group that has not begun by the day of issue is not there; the second of a pair that has not
    begun, or that there is none of, is 0 throughout.
    """

    groups: tuple[str, ...]
    values: FloatArray


def season_features(season: SeasonSoFar, field: Field) -> Features:
    r"""Return what the season so far says of a crop.

    - `water`: :math:`\sum ET_a / \sum ET_c`, the share of its need that a crop without irrigation
      got: since sowing, and from before flowering to ripening (FAO's WRSI, as a share)
    - `rain`: its sum until flowering, and from then to ripening, mm
    - `warmth`: the mean temperature until flowering, and since, °C
    - `light`: radiation around flowering, MJ/m²
    - `excess`: water that the soil could not hold until then (percolation), and rain less
      evapotranspiration around flowering, mm
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
    seen = int(season.days.min())

    def total(daily: FloatArray, first: int, end: int) -> FloatArray:
        told = seen - first >= LEAST_DAYS
        return np.asarray(daily[..., first:end].sum(axis=-1) if told else np.zeros(known.shape))

    def share(first: int, end: int) -> FloatArray:
        asked = total(water["etc_mm"], first, end)
        return np.divide(total(water["eta_mm"], first, end), asked, where=asked > 0, out=asked)

    def mean(daily: FloatArray, first: int, end: int) -> FloatArray:
        days = np.minimum(season.days, end)[:, np.newaxis] - first
        return np.asarray(total(daily, first, end) / np.maximum(days, 1))

    mild, whole = weather["tmean_c"], length
    pairs = {
        "water": (share(0, whole), share(ear, ripe)),
        "rain": (total(rain_mm, 0, bloom), total(rain_mm, bloom, ripe)),
        "warmth": (mean(mild, 0, bloom), mean(mild, bloom, whole)),
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
