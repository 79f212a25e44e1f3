"""Soil outlook: rows of `soil_outlook`, `outlook_hindcast`, `outlook_skill` and `recovery`.

Add here how the functions of `outlook` are applied to dates, départements and crops in season.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.outlook import recovery as rain
from geo_pipeline.outlook.ensemble import (
    LEADS,
    LONGEST_DAYS,
    Array,
    Mask,
    Positions,
    Soils,
    Weather,
    Windows,
    chances,
    windows,
)
from geo_pipeline.outlook.hindcast import (
    DROUGHT,
    LEAST_YEARS,
    Past,
    class_limits,
    forecast,
    hindcasts,
    in_season,
    observations,
    other_years,
    past,
    state_at,
)
from geo_pipeline.outlook.verification import skill, skill_range, weibull_quantiles
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.daily_arrays import daily_records
from geo_pipeline.transforms.soil import Season, season_of_crops, soils_of

VARIABLES: Final = ("precip_mm", "et0_mm")

QUANTILES: Final[Mapping[str, float]] = {
    "p10": 0.1,
    "p25": 0.25,
    "p50": 0.5,
    "p75": 0.75,
    "p90": 0.9,
}
USUAL: Final[Mapping[str, float]] = {"usual_p10": 0.1, "usual_p50": 0.5, "usual_p90": 0.9}
CHANCES: Final = ("d0_pct", "d1_pct", "d2_pct", "d3_pct", "d4_pct")
"""In the order of `outlook.hindcast.CLASS_LEVELS`."""

GOALS: Final = ("easing", "end")
"""Goals of a recovery: out of D1, and the median of other years."""

DECIMALS: Final = 4
"""Decimals of wetness and of its scores; the soil itself is known to a few hundredths."""

HINDCAST: Final[Mapping[str, str]] = {
    "observed": "observed",
    "p10": "low",
    "p50": "median",
    "p90": "high",
    "members": "members",
    "rank": "rank",
    "crps": "crps",
    "crps_climatology": "crps_climatology",
    "crps_persistence": "crps_persistence",
    "rps": "rps",
    "rps_climatology": "rps_climatology",
    "drought_chance": "drought_chance",
    "drought": "drought",
}
"""Columns of `outlook_hindcast`, each with its field of `outlook.hindcast.Hindcast`."""


OBSERVED: Final = ("departement", "period_end", "crop", "lead_dekads", "observed")
"""Columns of `outlook_hindcast` that tell what was observed."""


class Land(NamedTuple):
    """Places with the same days of record: their weather, crops, soils and the water in these."""

    codes: list[str]
    weather: Weather
    season: Season
    soils: Soils
    known: Past

    def until(self, day: date) -> "Land | None":
        """Return the days until `day`; None where there is none."""
        dates = self.weather.dates
        days = int(np.searchsorted(dates.to_numpy(), np.datetime64(day), side="right"))
        if days in (0, len(dates)):
            return self if days else None
        weather = Weather(
            dates[:days], self.weather.rain_mm[:, :days], self.weather.et0_mm[:, :days]
        )
        season = self.season.until(days + LONGEST_DAYS)
        soils = self.soils.until(days + LONGEST_DAYS)
        # Roots of a record that has just begun may not have reached the bottom of the soil.
        is_deep = np.array_equal(soils.profile_mm, self.soils.profile_mm)
        known = self.known.until(days) if is_deep else past(weather, soils)
        return Land(self.codes, weather, season, soils, known)


def lands(weather: pd.DataFrame, crops: pd.DataFrame, storage: pd.DataFrame) -> Iterator[Land]:
    """Yield the places in `weather`, grouped by their first and last day.

    Seasons of crops extend beyond the last day, as far as an ensemble looks ahead.
    """
    for record in daily_records(weather, VARIABLES):
        days = pd.date_range(record.dates[0], periods=len(record.dates) + LONGEST_DAYS)
        season = season_of_crops(days, crops)
        known = Weather(record.dates, record["precip_mm"], record["et0_mm"])
        soils = soils_of(record.codes, season, storage)
        yield Land(record.codes, known, season, soils, past(known, soils))


# Hindcasts --------------------------------------------------------------------------------------


def outlook_hindcast(
    weather: pd.DataFrame, crops: pd.DataFrame, storage: pd.DataFrame, *, month: int | None = None
) -> pd.DataFrame:
    """Return the valid rows of `outlook_hindcast` for the départements in `weather`.

    `crops` and `storage` are the tables of `sources.agronomy`; with a `month` the rows are those
    issued in it.
    """
    return hindcasts_of(lands(weather, crops, storage), month)


def hindcasts_of(places: Iterable[Land], month: int | None = None) -> pd.DataFrame:
    """Return the same for `places`."""
    frames = [_hindcast_rows(land, month) for land in places]
    frames = [each for each in frames if len(each)]
    rows = pd.concat(frames, ignore_index=True) if frames else empty("outlook_hindcast")
    return validate("outlook_hindcast", rows)


def _hindcast_rows(land: Land, month: int | None) -> pd.DataFrame:
    """Return the rows of one record, not sorted."""
    parts: list[dict[str, npt.NDArray[Any]]] = []
    for some in hindcasts(land.weather, land.soils, land.season.grows, land.known, month):
        place, crop, issue, lead = where = np.nonzero(~np.isnan(some.scored.median))
        columns = {
            column: np.round(getattr(some.scored, name)[where], DECIMALS).astype(np.float32)
            for column, name in HINDCAST.items()
        }
        keys = {
            "place": some.places[place],
            "crop": some.crops[crop],
            "issue": some.issues[issue],
            "lead": lead + 1,
        }
        parts.append({**keys, **columns})
    if not parts:
        return empty("outlook_hindcast")
    whole = {name: np.concatenate([each[name] for each in parts]) for name in parts[0]}
    return pd.DataFrame(
        {
            "departement": _codes(land, whole["place"]),
            "period_end": land.weather.dates.to_numpy()[whole["issue"]],
            "crop": _crops(land, whole["crop"]),
            "lead_dekads": whole["lead"].astype(np.int8),
            **{name: whole[name] for name in HINDCAST},
        }
    )


def _codes(land: Land, place: Positions) -> pd.Categorical:
    codes: Any = np.array([CODES.index(each) for each in land.codes])[place]
    return pd.Categorical.from_codes(codes, categories=pd.Index(CODES))


def _crops(land: Land, crop: Positions) -> pd.Categorical:
    positions: Any = crop
    return pd.Categorical.from_codes(positions, categories=pd.Index(land.season.crops))


# Skill ------------------------------------------------------------------------------------------


def outlook_skill(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the valid rows of `outlook_skill` from `scores`, sums by crop, month, lead and year.

    Its columns are those of `sql/outlook_scores.sql`.
    """
    groups = ["crop", "month", "lead_dekads"]
    if scores.empty:
        return validate("outlook_skill", empty("outlook_skill"))
    table = scores.set_index([*groups, "year"]).unstack("year")
    by_year = {
        name: table[name].to_numpy(dtype=np.float64)
        for name in scores.columns.drop([*groups, "year"])
    }
    columns: dict[str, Any] = {
        "forecasts": np.nansum(by_year["forecasts"], axis=1).astype(np.int64),
        "years": (by_year["forecasts"] > 0).sum(axis=1),
    }
    for reference in ("climatology", "persistence"):
        pair = by_year["crps"], by_year[f"crps_{reference}"]
        bounds = skill_range(*pair)
        columns[f"crpss_{reference}"] = skill(*pair)
        columns[f"crpss_{reference}_low"] = bounds.lower
        columns[f"crpss_{reference}_high"] = bounds.upper
    columns["rpss"] = skill(by_year["rps"], by_year["rps_climatology"])
    columns["coverage_pct"] = _percent(by_year["within"], by_year["forecasts"])
    with np.errstate(invalid="ignore", divide="ignore"):
        yearly = 100.0 * by_year["within"] / by_year["forecasts"]
    columns["coverage_worst_year_pct"] = np.nanmin(yearly, axis=1)
    columns["drought_chance_pct"] = _percent(by_year["drought_chance"], by_year["forecasts"])
    columns["drought_frequency_pct"] = _percent(by_year["drought"], by_year["forecasts"])
    columns["likely"] = np.nansum(by_year["likely"], axis=1).astype(np.int64)
    columns["likely_frequency_pct"] = _percent(by_year["likely_drought"], by_year["likely"])
    return validate("outlook_skill", table.index.to_frame(index=False).assign(**columns))


def _percent(part: Array, whole: Array) -> Array:
    """Return one sum over years as a percentage of another, NaN where that is 0."""
    parts, wholes = np.nansum(part, axis=1), np.nansum(whole, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(wholes > 0, 100.0 * parts / wholes, np.nan))


# Outlook ----------------------------------------------------------------------------------------


class Issue(NamedTuple):
    """The present forecast for the crops in season, arrays (places, crops, ...)."""

    day: int
    """Position of the day of issue."""
    known: Past
    to_come: Windows
    crops: Positions
    members: Array
    """(..., leads, members)."""
    usual: Array
    """(..., leads, members), wetness of the other years in the same dekads."""
    shown: Mask
    """(crops, leads), whether the crop is in season until then."""


def _issued(land: Land) -> Issue | None:
    """Return the forecast at the end of the last complete dekad, None if there is no such dekad."""
    known = land.known
    if not known.ends.size:
        return None
    day = int(known.ends[-1])
    (to_come,) = windows(land.weather.dates, np.array([day]))
    crops = np.flatnonzero(land.season.grows[:, day])
    members = forecast(land.weather, land.soils, known, to_come, crops)
    target = known.mean.shape[-1] + np.arange(LEADS)[np.newaxis]
    usual = other_years(known.mean[:, crops], target, to_come.offsets)
    shown = in_season(land.season.grows[crops], to_come)[:, 0]
    members, usual = (np.moveaxis(each[:, :, 0], -2, -1) for each in (members, usual))
    return Issue(day, known, to_come, crops, members, usual, shown)


def soil_outlook(
    weather: pd.DataFrame,
    crops: pd.DataFrame,
    storage: pd.DataFrame,
    *,
    issued: date | None = None,
) -> pd.DataFrame:
    """Return the valid rows of `soil_outlook` for the départements in `weather`.

    They are issued at the end of the last complete dekad, or of the last one until the day
    `issued`; later weather is ignored.
    """
    if issued is not None:
        weather = weather[weather["date"] <= pd.Timestamp(issued)]
    return outlook_of(lands(weather, crops, storage))


def outlook_of(places: Iterable[Land]) -> pd.DataFrame:
    """Return the same for `places`, at the end of the last complete dekad."""
    frames = [_outlook_rows(land, issue) for land in places if (issue := _issued(land)) is not None]
    rows = pd.concat(frames, ignore_index=True) if frames else empty("soil_outlook")
    return validate("soil_outlook", rows)


def _outlook_rows(land: Land, issue: Issue) -> pd.DataFrame:
    """Return the rows of one record."""
    members = np.where(_enough(issue)[..., np.newaxis], issue.members, np.nan)
    shown = np.broadcast_to(issue.shown, members.shape[:-1])
    place, crop, lead = where = np.nonzero(shown)
    now = issue.known.at_end[:, issue.crops, -1]
    limits = class_limits(issue.usual)
    columns = {
        "usual_years": (~np.isnan(issue.usual)).sum(axis=-1)[where],
        "members": (~np.isnan(members)).sum(axis=-1)[where],
        "swi": np.round(now[place, crop], DECIMALS),
        **_rounded(
            QUANTILES, weibull_quantiles(members, list(QUANTILES.values()))[where], DECIMALS
        ),
        **_rounded(USUAL, weibull_quantiles(issue.usual, list(USUAL.values()))[where], DECIMALS),
        **_rounded(CHANCES, 100.0 * chances(members, limits)[where], 1),
    }
    ends = _ends(land, issue)
    return pd.DataFrame(
        {
            "departement": _codes(land, place),
            "period_end": land.weather.dates[issue.day],
            "crop": _crops(land, issue.crops[crop]),
            "lead_dekads": lead + 1,
            "target_end": ends.to_numpy()[lead],
            **columns,
        }
    )


def observed(places: Iterable[Land]) -> pd.DataFrame:
    """Return the mean wetness under the first of the crops in each dekad of the record.

    Columns: departement, target_end, observed, as in `outlook_hindcast`.
    """
    frames = []
    for land in places:
        known = land.known
        mean = np.round(known.mean[:, 0], DECIMALS)
        place, dekad = np.nonzero(~np.isnan(mean))
        frames.append(
            pd.DataFrame(
                {
                    "departement": _codes(land, place),
                    "target_end": land.weather.dates.to_numpy()[known.ends[dekad]],
                    "observed": mean[place, dekad],
                }
            )
        )
    if not frames:
        return pd.DataFrame({"departement": [], "target_end": [], "observed": []})
    return pd.concat(frames, ignore_index=True)


def observed_after(places: Iterable[Land]) -> pd.DataFrame:
    """Return what `outlook_hindcast` has of the next dekad, without its forecasts.

    Columns: departement, period_end, crop, lead_dekads, observed. Not sorted.
    """
    frames = [empty("outlook_hindcast")[list(OBSERVED)]]
    for land in places:
        for issues, forecasts, mean in observations(
            land.weather, land.soils, land.season.grows, land.known
        ):
            place, crop, issue = where = np.nonzero(forecasts)
            columns = {
                "departement": _codes(land, place),
                "period_end": land.weather.dates.to_numpy()[issues[issue]],
                "crop": _crops(land, crop),
                "lead_dekads": np.ones(len(place), np.int8),
                "observed": np.round(mean[where], DECIMALS).astype(np.float32),
            }
            frames.append(pd.DataFrame(columns))
    return pd.concat([each for each in frames if len(each)] or frames, ignore_index=True)


def _enough(issue: Issue) -> Mask:
    """Return whether there are enough other years for a forecast, (places, crops, leads)."""
    ours, theirs = ((~np.isnan(each)).sum(axis=-1) for each in (issue.members, issue.usual))
    return np.asarray((ours >= LEAST_YEARS) & (theirs >= LEAST_YEARS))


def _rounded(
    names: Sequence[str] | Mapping[str, float], values: Array, digits: int
) -> dict[str, Array]:
    """Return the columns `names` from the last axis of `values`."""
    return dict(zip(names, np.round(values, digits).T, strict=True))


def _ends(land: Land, issue: Issue) -> pd.DatetimeIndex:
    """Return the last day of each dekad to come."""
    return land.weather.dates[issue.day] + pd.to_timedelta(
        np.cumsum(issue.to_come.lengths), unit="D"
    )


# Recovery ---------------------------------------------------------------------------------------


def recovery(weather: pd.DataFrame, crops: pd.DataFrame, storage: pd.DataFrame) -> pd.DataFrame:
    """Return the valid rows of `recovery` for the départements in `weather`.

    They are issued like those of `soil_outlook`.
    """
    frames = []
    for land in lands(weather, crops, storage):
        if (issue := _issued(land)) is not None:
            frames += [
                _recovery_rows(land, issue, horizon, goal)
                for horizon in rain.HORIZONS
                for goal in GOALS
            ]
    rows = pd.concat(frames, ignore_index=True) if frames else empty("recovery")
    return validate("recovery", rows)


def _recovery_rows(land: Land, issue: Issue, horizon: int, goal: str) -> pd.DataFrame:
    """Return the rows of one record, horizon and goal."""
    limits = _goal(issue.usual[..., horizon - 1, :], goal)
    known = issue.known
    needed = rain.rain_needed(
        land.weather,
        land.soils.of_crops(issue.crops),
        state_at(known, land.soils, issue.crops, issue.to_come.issues),
        issue.to_come,
        limits[..., np.newaxis],
        dekads=horizon,
    )
    enough = _enough(issue)[..., horizon - 1]
    members = np.where(enough[..., np.newaxis], issue.members[..., horizon - 1, :], np.nan)
    chance = 1.0 - chances(members, limits[..., np.newaxis])[..., 0]
    present = known.mean[:, issue.crops]
    last = np.array([[present.shape[-1] - 1]])
    before = other_years(present, last, issue.to_come.offsets)[:, :, 0, :, 0]
    reached = present[..., -1] >= _goal(before, goal)
    shown = np.broadcast_to(issue.shown[:, horizon - 1], limits.shape) & ~np.isnan(chance)
    place, crop = where = np.nonzero(shown)
    return pd.DataFrame(
        {
            "departement": _codes(land, place),
            "period_end": land.weather.dates[issue.day],
            "crop": _crops(land, issue.crops[crop]),
            "horizon_dekads": horizon,
            "goal": goal,
            "target_end": _ends(land, issue)[horizon - 1],
            "goal_swi": np.round(limits[where], DECIMALS),
            "swi": np.round(known.at_end[:, issue.crops, -1][where], DECIMALS),
            "reached": reached[where],
            "rain_needed_mm": np.round(needed.rain_mm[..., 0][where], 1),
            "rain_usual_mm": np.round(needed.usual_mm[..., 0][where], 1),
            "chance_pct": np.round(100.0 * chance[where], 1),
            "members": (~np.isnan(members)).sum(axis=-1)[where],
        }
    )


def _goal(usual: Array, goal: str) -> Array:
    """Return the wetness to reach, given that of other years, (..., years)."""
    if goal == "easing":
        return class_limits(usual)[..., DROUGHT]
    return weibull_quantiles(usual, [0.5])[..., 0]
