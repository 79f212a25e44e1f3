"""Root-zone water of each crop and day, from daily weather, crop parameters and soil storage."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.indicators.crops import day_of_season, kc_curve, root_depth
from geo_pipeline.indicators.root_zone import Output, SoilWater
from geo_pipeline.indicators.soil_water import InitialState
from geo_pipeline.outlook.ensemble import Soils, Weather, continuous
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.territory import CODES
from geo_pipeline.transforms import soil_stops
from geo_pipeline.transforms.daily_arrays import Array, Record, daily_records

REFERENCE_CROP = "grassland"
"""The crop whose soil water stands for the soil of a département: it grows all year."""

STAGES = ["days_initial", "days_development", "days_mid", "days_late"]

# Stored columns and their decimals: the data are not known to a thousandth of a millimetre.
KEPT: Mapping[Output, int] = {"depletion_mm": 3, "swi": 4, "ks": 4, "eta_mm": 3}


KNOWN_TO = 0.06
"""Share of a soil's water capacity within which its state must be bounded to count as known.

The middle of the bounds is stored, so wetness is at most 0.03 off, and less after each rain. That
is under half of its distance to Météo-France's normals (docs/against_nature.md). Waiting for 1 mm
would cost deep soils the spring after each gap.
"""


class Season(NamedTuple):
    """Crops through the days: arrays are crops x days (or crops x 1 where constant)."""

    crops: list[str]
    day: npt.NDArray[np.int64]
    """Day of the season, from 1; 0 off season."""
    length: npt.NDArray[np.int64]
    """Days of the season, crops."""
    grows: npt.NDArray[np.bool_]
    kc: Array
    root_depth_m: Array
    p: Array
    irrigated: npt.NDArray[np.bool_]

    def until(self, days: int) -> Self:
        """Return the first of the days."""
        return self._replace(
            day=self.day[:, :days],
            grows=self.grows[:, :days],
            kc=self.kc[:, :days],
            root_depth_m=self.root_depth_m[:, :days],
            irrigated=self.irrigated[:, :days],
        )


def soil_water_daily(
    weather: pd.DataFrame, crops: pd.DataFrame, storage: pd.DataFrame
) -> pd.DataFrame:
    """Return the valid rows of `soil_water_daily` for the départements in `weather`.

    `crops` and `storage` are the tables of `sources.agronomy`. Rows are those of the season of each
    crop, all days for perennial ones. Rooting depth is that of FAO-56 table 22 (the lower value for
    irrigated crops, the higher one for others), at most the depth of the soil. Soil drains only
    under `REFERENCE_CROP`, which stands for the land as a whole: under a field crop the same
    drainage explains its harvests less well (docs/against_nature.md).
    """
    return soil_water_since(weather, crops, storage, {}).rows


class SoilWaterSince(NamedTuple):
    """Soil water of the days that were not known before."""

    rows: pd.DataFrame
    """Valid rows of `soil_water_daily`, of all the days of a département or of its last ones."""
    before: dict[str, date]
    """The last day whose rows are those known before, of the départements that have one."""
    stops: dict[str, list[soil_stops.Stop]]
    """Where the balance of each département can be gone on with."""


def soil_water_since(
    weather: pd.DataFrame,
    crops: pd.DataFrame,
    storage: pd.DataFrame,
    known: Mapping[str, Sequence[soil_stops.Stop]],
) -> SoilWaterSince:
    """Return `soil_water_daily` from the last of the `known` stops of each département on.

    Where the weather until that stop has changed an earlier one is taken; without any, all days are
    computed. With the rows until then the table is the same in any case, and so are the stops.
    """
    found = SoilWaterSince(empty("soil_water_daily"), {}, {})
    frames = []
    for record in daily_records(weather, soil_stops.VARIABLES):
        by_begin: dict[int, list[_Place]] = {}
        for number, code in enumerate(record.codes):
            place = _Place.of(record, number, known.get(code, ()))
            by_begin.setdefault(place.begin, []).append(place)
        for begin, places in by_begin.items():
            frames.append(_since(begin, places, record.dates, (crops, storage), found))
    rows = pd.concat(frames, ignore_index=True) if frames else found.rows
    return found._replace(rows=validate("soil_water_daily", rows))


class _Place(NamedTuple):
    """A département, and where its balance begins."""

    code: str
    begin: int
    """Position of the first day to compute: 0, or the day after a known stop."""
    weather: dict[str, Array]
    hashes: dict[int, str]
    known: dict[int, soil_stops.Stop]

    @classmethod
    def of(cls, record: Record, number: int, stops: Sequence[soil_stops.Stop]) -> "_Place":
        known = soil_stops.among(record.dates, stops)
        hashes = soil_stops.weather_hashes(
            record, number, {*soil_stops.positions(record.dates), *known}
        )
        last = soil_stops.last_usable(record.dates, hashes, known)
        weather = {name: record[name][number] for name in soil_stops.VARIABLES}
        begin = 0 if last is None else last + 1
        return cls(record.codes[number], begin, weather, hashes, known)


def _since(
    begin: int,
    places: Sequence[_Place],
    dates: pd.DatetimeIndex,
    agronomy: tuple[pd.DataFrame, pd.DataFrame],
    found: SoilWaterSince,
) -> pd.DataFrame:
    """Return the rows of `places` from the day at `begin` on; note their stops in `found`."""
    crops, storage = agronomy
    first = max(begin - soil_stops.LEAST_DAYS, 0)
    window = slice(first, None)
    record = Record(
        [each.code for each in places],
        dates[window],
        {
            name: np.stack([each.weather[name][window] for each in places])
            for name in soil_stops.VARIABLES
        },
    )
    season = season_of_crops(record.dates, crops)
    soils = soils_of(record.codes, season, storage)
    weather = Weather(record.dates, record["precip_mm"], record["et0_mm"])
    state: InitialState | None = None
    if begin:
        stops = [each.known[begin - 1] for each in places]
        state = {
            "initial_depletion_mm": np.array([each.depletion_mm for each in stops]),
            "initial_below_mm": np.array([each.below_mm for each in stops]),
            "initial_taw_mm": soils.taw_mm[..., begin - 1 - first],
        }
    keep = (*KEPT, "below_mm")
    balance = continuous(weather, soils, keep, begin=begin - first, state=state)
    for number, place in enumerate(places):
        ends = np.stack([balance["depletion_mm"][number], balance["below_mm"][number]])
        found.stops[place.code] = [
            place.known[at]
            if at < begin
            else soil_stops.stop(
                dates[at], place.hashes[at], *(each[:, at - begin] for each in ends)
            )
            for at in soil_stops.positions(dates)
        ]
        if begin:
            found.before[place.code] = dates[begin - 1].date()
    return _rows(record, season, soils, balance, begin - first)


def season_of_crops(dates: pd.DatetimeIndex, crops: pd.DataFrame) -> Season:
    """Return the state of the crops on each day."""
    lengths = crops[STAGES].to_numpy()
    day = day_of_season(
        dates.to_numpy().astype("datetime64[D]"),
        crops["start_month"].to_numpy(),
        crops["start_day"].to_numpy(),
        lengths.sum(axis=1),
    )
    column = {name: crops[name].to_numpy() for name in crops}
    deep_m = np.where(column["irrigated"], column["root_low_m"], column["root_high_m"])
    return Season(
        crops=[str(crop) for crop in crops.index],
        day=day,
        length=lengths.sum(axis=1),
        grows=(day > 0) | column["perennial"][:, np.newaxis],
        kc=kc_curve(
            day,
            lengths,
            column["kc_ini"],
            column["kc_mid"],
            column["kc_end"],
            kc_off=column["kc_off"],
        ),
        root_depth_m=root_depth(day, lengths, column["root_min_m"], deep_m),
        p=column["p"][:, np.newaxis],
        irrigated=column["irrigated"][:, np.newaxis] & (day > 0),
    )


def soils_of(codes: Sequence[str], season: Season, storage: pd.DataFrame) -> Soils:
    """Return the crops of `season` on the soils of the places `codes`."""
    soil = storage.loc[list(codes)]
    water_mm_m = soil["available_water_mm_per_m"].to_numpy()[:, np.newaxis, np.newaxis]
    depth_m = soil["soil_depth_m"].to_numpy()[:, np.newaxis, np.newaxis]
    taw_mm = water_mm_m * np.minimum(season.root_depth_m, depth_m)
    drainage_per_day = soil["drainage_per_day"].to_numpy()[:, np.newaxis]
    is_reference = np.array(season.crops) == REFERENCE_CROP
    return Soils(
        kc=season.kc,
        taw_mm=taw_mm,
        p=season.p,
        irrigated=season.irrigated,
        drainage=np.where(is_reference, drainage_per_day, 0.0)[..., np.newaxis],
        tolerance_mm=KNOWN_TO * taw_mm.max(axis=-1),
    )


def _rows(
    record: Record, season: Season, soils: Soils, balance: SoilWater, begin: int
) -> pd.DataFrame:
    """Return the rows of the days from `begin` on, those of `balance`: places, crops, days."""
    taw_mm = soils.taw_mm[..., begin:]
    where = np.nonzero(np.broadcast_to(season.grows[:, begin:], taw_mm.shape))
    place, crop, day = where
    codes: Any = np.array([CODES.index(each) for each in record.codes])[place]
    crop_codes: Any = crop
    kept: dict[str, Array] = {
        name: np.round(getattr(balance, name)[where], places) for name, places in KEPT.items()
    }
    return pd.DataFrame(
        {
            "departement": pd.Categorical.from_codes(codes, categories=pd.Index(CODES)),
            "date": record.dates[begin:].to_numpy()[day],
            "crop": pd.Categorical.from_codes(crop_codes, categories=pd.Index(season.crops)),
            "taw_mm": np.round(taw_mm[where], KEPT["depletion_mm"]),
            **kept,
        }
    )
