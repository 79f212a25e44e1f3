"""Seasons of crops with their harvests: features by date of issue, years x places.

Add here how weather and harvests of départements are matched; forecasts from them are made in
`yields`. Dates of issue are the end of each month from sowing to harvest, and the day of harvest.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.indicators.crops import CALENDAR_OF, kc_curve, root_depth
from geo_pipeline.outlook.features import (
    LEAST_DAYS,
    VARIABLES,
    Field,
    SeasonSoFar,
    Window,
    season_features,
)
from geo_pipeline.transforms.daily_arrays import Array, Mask, pivoted
from geo_pipeline.transforms.soil import STAGES

Days = npt.NDArray[np.datetime64]
Years = npt.NDArray[np.int64]

DOUBTFUL: Final = 3.0
"""A harvest of less than a third of the median of earlier ones, or more than three times it, is
considered a mistake."""
LEAST_TO_DOUBT: Final = 5
"""Earlier harvests that this comparison needs."""

ONE_DAY: Final = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class Windows:
    """One window of a crop's season in each year, and the weather in it."""

    of: Sequence[Window]
    sown: "_Sown"
    only: frozenset[int] | None = field(default=None, kw_only=True)
    """Positions of the years that count, all where it is None."""

    @cached_property
    def inside(self) -> list[int]:
        """Positions of the years whose window is within the record."""
        first, last = self.sown.days[0], self.sown.days[-1]
        return [
            year
            for year, each in enumerate(self.of)
            if first <= each.sowing and each.issue <= last
            if self.only is None or year in self.only
        ]

    def within(self, years: frozenset[int]) -> Self:
        """Return the window of these years alone; the same, with its weather, where it has no
        other."""
        return self if years.issuperset(self.inside) else replace(self, only=years)

    @cached_property
    def weather(self) -> SeasonSoFar:
        """The weather of these years."""
        return SeasonSoFar.cut([self.of[year] for year in self.inside], *self.sown.record)

    @cached_property
    def known(self) -> Mask:
        """Whether all days of the window are known, years x places."""
        known = np.zeros((len(self.of), self.sown.places), dtype=np.bool_)
        if self.inside:
            known[self.inside] = self.weather.known
        return known

    @cached_property
    def features(self) -> Array:
        """The features of the season so far, groups x 2 x years x places."""
        if not self.inside:
            return np.zeros((0, 2, *self.known.shape))
        of_inside = season_features(self.weather, self.sown.field).values
        values = np.full((*of_inside.shape[:2], *self.known.shape), np.nan)
        values[:, :, self.inside] = of_inside
        return values


@dataclass(frozen=True, eq=False)
class Issue(Windows):
    """A date of issue: the season up to it."""

    number: int
    """1 at the end of the month of sowing, 2 a month later, and so on."""

    @property
    def days(self) -> Days:
        """The day of each year."""
        return np.array([each.issue for each in self.of])

    @property
    def month(self) -> int:
        """The month, 1-12."""
        return int(self.days[0].astype("datetime64[M]").astype(np.int64) % 12) + 1


@dataclass(frozen=True, eq=False)
class CropSeasons:
    """The seasons of one crop: arrays are years x places, NaN where unknown."""

    crop: str
    codes: Sequence[str]
    years: Years
    """Consecutive years of harvest."""
    yields: Array
    """q/ha, without doubtful ones."""
    issues: Sequence[Issue]
    placebos: Sequence[Windows]
    """As many days before sowing and after harvest."""

    @cached_property
    def seen(self) -> Mask:
        """Whether a harvest and the weather of its season, or of its beginning, are known."""
        weather = np.array([each.known for each in self.issues])
        return np.asarray(np.logical_or.reduce(weather) & ~np.isnan(self.yields))

    @cached_property
    def settled(self) -> Self:
        """The seasons with the years alone whose season is over or whose harvest is known.

        Skill is measured on them. The weather of a season under way would shift what is usual of
        the others, and so their skill from month to month.
        """
        over = self.issues[-1].known.any(axis=-1) if self.issues else np.False_
        only = frozenset(np.flatnonzero(self.seen.any(axis=-1) | over).tolist())
        return replace(
            self,
            issues=[each.within(only) for each in self.issues],
            placebos=[each.within(only) for each in self.placebos],
        )

    @property
    def digest(self) -> str:
        """Hash of all data of `settled`: the crop, its harvests, the weather of its seasons.

        The longest window of each year has the weather of all its dates of issue.
        """
        hashed = hashlib.sha256(repr((self.crop, list(self.codes), self.years.tolist())).encode())
        hashed.update(np.ascontiguousarray(self.yields).tobytes())
        seasons = self.settled
        for windows in (seasons.issues[::-1], *([each] for each in seasons.placebos)):
            hashed_years: set[int] = set()
            for each in windows:
                places = [n for n, year in enumerate(each.inside) if year not in hashed_years]
                hashed.update(repr([each.inside[n] for n in places]).encode())
                for name, values in each.weather.weather.items() if places else ():
                    hashed.update(name.encode() + np.ascontiguousarray(values[places]).tobytes())
                hashed_years.update(each.inside)
        return hashed.hexdigest()


def season_of(crop: "pd.Series[Any]", year: int) -> Window:
    """Return the whole season of a crop that is harvested in `year`."""
    day = f"{int(crop['start_month']):02}-{int(crop['start_day']):02}"
    length = (int(crop[STAGES].sum()) - 1) * ONE_DAY
    sowing = np.datetime64(f"{year}-{day}")
    if (sowing + length).astype("datetime64[Y]") > sowing.astype("datetime64[Y]"):
        sowing = np.datetime64(f"{year - 1}-{day}")
    return Window(sowing, sowing + length, sowing + length)


def last_event(until: np.datetime64, crops: pd.DataFrame) -> np.datetime64:
    """Return the last day, up to `until`, on which a window of some season begins or ends.

    On later days nothing of what is made from seasons changes before the next such day.
    """
    year = int(until.astype("datetime64[Y]").astype(np.int64)) + 1970
    month = until.astype("datetime64[M]")
    events = [each.astype("datetime64[D]") - ONE_DAY for each in (month, month + 1)]
    for _, crop in crops.iterrows():
        for harvested in range(year - 1, year + 2):
            season = season_of(crop, harvested)
            for window in (season, season.before_sowing(), season.after_harvest()):
                events += [window.sowing, window.issue]
    return max(each for each in events if each <= until)


def seasons_of_crops(
    weather: pd.DataFrame, statistics: pd.DataFrame, crops: pd.DataFrame, storage: pd.DataFrame
) -> Iterator[CropSeasons]:
    """Yield the seasons of each crop of `statistics` that has a calendar, by name.

    `weather` are rows of `weather_daily`, `crops` and `storage` the tables of `sources.agronomy`.
    """
    codes = sorted(set(weather["departement"]) & set(statistics["departement"]))
    if not codes:
        return
    dates = pd.date_range(weather["date"].min(), weather["date"].max())
    rows_of_both = weather[weather["departement"].isin(codes)]
    daily = pivoted(rows_of_both, codes, dates, VARIABLES)
    days = dates.to_numpy().astype("datetime64[D]")
    for crop, rows in statistics[statistics["departement"].isin(codes)].groupby("crop"):
        calendar = CALENDAR_OF.get(str(crop), str(crop))
        known = rows[rows["yield_q_ha"].notna()]
        if calendar in crops.index and len(known):
            sown = _Sown(pd.Series(crops.loc[calendar]), storage.loc[codes], (days, daily))
            yield _seasons(str(crop), known, codes, sown)


def _seasons(crop: str, known: pd.DataFrame, codes: list[str], sown: "_Sown") -> CropSeasons:
    harvested, reached = known["year"].to_numpy(dtype=np.int64), sown.years()
    first, last = (int(end(np.append(harvested, reached))) for end in (np.min, np.max))
    years = np.arange(first, last + 1)
    table = known.pivot(index="year", columns="departement", values="yield_q_ha")
    yields = table.reindex(index=years, columns=codes).to_numpy(dtype=np.float64)
    seasons = [sown.season(int(year)) for year in years]
    placebos = [
        Windows([of(each) for each in seasons], sown)
        for of in (Window.before_sowing, Window.after_harvest)
    ]
    return CropSeasons(
        crop, codes, years, without_doubtful(yields), list(_issues(seasons, sown)), placebos
    )


def _issues(seasons: Sequence[Window], sown: "_Sown") -> Iterator[Issue]:
    """Yield the dates of issue, the first being the one with `LEAST_DAYS` of weather."""
    ends = np.array([(each.sowing, each.harvest) for each in seasons]).astype("datetime64[M]")
    for number in range(int(np.diff(ends).astype(np.int64).max()) + 1):
        days = [_issued(each, number) for each in seasons]
        windows = [
            Window(each.sowing, day, each.harvest) for each, day in zip(seasons, days, strict=True)
        ]
        if all(each.issue - each.sowing + ONE_DAY >= LEAST_DAYS * ONE_DAY for each in windows):
            yield Issue(windows, sown, number + 1)


def _issued(season: Window, number: int) -> np.datetime64:
    """Return the end of the month `number` months after sowing, but no later than the harvest."""
    month = season.sowing.astype("datetime64[M]") + np.timedelta64(number + 1, "M")
    return min(month.astype("datetime64[D]") - ONE_DAY, season.harvest)


def without_doubtful(yields: Array) -> Array:
    """Return harvests, years x places, without doubtful ones (`DOUBTFUL`).

    Each is compared with earlier ones only, so that forecasts of the past use what was known then.
    """
    kept = yields.copy()
    for year in range(LEAST_TO_DOUBT, len(yields)):
        before = kept[:year]
        enough = np.count_nonzero(~np.isnan(before), axis=0) >= LEAST_TO_DOUBT
        usual = np.full(yields.shape[1], np.nan)
        usual[enough] = np.nanmedian(before[:, enough], axis=0)
        doubtful = (kept[year] * DOUBTFUL < usual) | (kept[year] > usual * DOUBTFUL)
        kept[year] = np.where(doubtful, np.nan, kept[year])
    return kept


@dataclass(frozen=True, eq=False)
class _Sown:
    """A crop on the soils of the places, with their weather."""

    crop: "pd.Series[Any]"
    soil: pd.DataFrame
    record: tuple[Days, dict[str, Array]]
    """Days, and the weather on them, places x days."""

    @property
    def days(self) -> Days:
        """The days of the record."""
        return self.record[0]

    @property
    def places(self) -> int:
        """Number of places."""
        return len(self.soil)

    def season(self, year: int) -> Window:
        """Return the whole season that is harvested in `year`."""
        return season_of(self.crop, year)

    def years(self) -> list[int]:
        """Return the years of harvest of the seasons that begin within the record."""
        first, last = (int(day.astype("datetime64[Y]").astype(int)) for day in self.days[[0, -1]])
        return [
            year
            for year in range(first + 1970, last + 1972)
            if self.days[0] <= self.season(year).sowing <= self.days[-1]
        ]

    @cached_property
    def field(self) -> Field:
        """The crop as input of the features."""
        of, lengths = self.crop, self.crop[STAGES].to_numpy(dtype=np.int64)
        day, ends = np.arange(1, lengths.sum() + 1), np.cumsum(lengths)
        deep_m = of["root_low_m"] if of["irrigated"] else of["root_high_m"]
        soil_m, water_mm_m = (
            self.soil[name].to_numpy()[:, np.newaxis]
            for name in ("soil_depth_m", "available_water_mm_per_m")
        )
        flowering, ripening = (int(ends[1]) + 1, int(ends[2])), int(ends[2]) + 1
        if not np.isnan(of["flowering_from_day"]):
            flowering = int(of["flowering_from_day"]), int(of["yield_formation_from_day"]) - 1
            ripening = int(of["ripening_from_day"])
        roots_m = np.minimum(root_depth(day, lengths, of["root_min_m"], deep_m), soil_m)
        return Field(
            kc=kc_curve(day, lengths, of["kc_ini"], of["kc_mid"], of["kc_end"]),
            taw_mm=water_mm_m * roots_m,
            p=float(of["p"]),
            flowering=flowering,
            ripening=ripening,
        )
