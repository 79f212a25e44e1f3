"""Open-Meteo's answers: the values of each point, and their mean over the département.

Impossible values are left out or make the answer unreadable; nothing is guessed.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline.sources import payload
from geo_pipeline.sources.open_meteo.request_periods import Period
from geo_pipeline.sources.point_means import (
    Array,
    UnreadableError,
    Variable,
    cell,
    is_number,
    leave_out_of_range,
    leave_out_swapped,
    mean_of_places,
    shown,
)
from geo_pipeline.words import Message, message

FARTHEST_DEG = 1.0
"""Largest distance between the place of an answer and of its request: cells have up to 0.25
degrees."""


CELSIUS = {"°C": 1.0}
MILLIMETRES = {"mm": 1.0}

VARIABLES = (
    Variable("temperature_2m_mean", "tmean_c", CELSIUS),
    Variable("temperature_2m_max", "tmax_c", CELSIUS),
    Variable("temperature_2m_min", "tmin_c", CELSIUS),
    Variable("precipitation_sum", "precip_mm", MILLIMETRES),
    Variable("et0_fao_evapotranspiration", "et0_source_mm", MILLIMETRES),
    Variable("shortwave_radiation_sum", "radiation_mj_m2", {"MJ/m²": 1.0, "MJ/m2": 1.0}),
    # m/s is requested; a mirror that does not know the option states that it sends km/h.
    Variable("wind_speed_10m_mean", "wind_m_s", {"m/s": 1.0, "km/h": 1.0 / 3.6}),
    Variable("relative_humidity_2m_mean", "rh_pct", {"%": 1.0}),
)
MEASURES = [variable.column for variable in VARIABLES]


class Means(NamedTuple):
    """The département's means from one answer."""

    rows: pd.DataFrame
    """Columns `MEASURES`, one row for each day."""
    hole: date | None
    """Last day of the period that is missing, or lacks a value that the place has on other days."""
    left_out: list[Message]
    """Impossible values, one sentence each."""


def read_means(
    document: object, places: pd.DataFrame, period: Period, most_left_out: float
) -> Means:
    """Return the means over `places` of an answer.

    An impossible value is left out; with too many of one variable the whole answer is refused.
    """
    answers = _answers(document, places)
    dates = _dates(answers, period)
    values, sieves = {}, []
    for variable in VARIABLES:
        sieve = payload.Sieve(most_left_out)
        sent = [_values(answer, variable, dates, sieve) for answer in answers]
        known = values[variable.column] = np.stack(sent)
        n_sent = int(np.isfinite(known).sum()) + len(sieve.left_out)
        leave_out_of_range(variable.column, known, dates, sieve)
        sieve.require_most(of=n_sent)
        sieves.append(sieve)
    sieves.append(leave_out_swapped(values["tmin_c"], values["tmax_c"], dates, most_left_out))
    means = pd.DataFrame(
        {name: mean_of_places(known) for name, known in values.items()}, index=dates
    )
    told = [each for sieve in sieves for each in sieve.told()]
    return Means(pd.DataFrame(means, index=dates), _last_hole(values, dates, period), told)


def _last_hole(values: Mapping[str, Array], dates: pd.DatetimeIndex, period: Period) -> date | None:
    """Return the last day that is missing or lacks a value; variables are places by days."""
    known = np.concatenate([np.isfinite(each) for each in values.values()])
    known = known[known.any(axis=1)]  # without places that the model does not have at all
    whole = np.logical_and(known.all(axis=0), len(known) > 0)
    days = pd.date_range(period.start, period.end)
    missing = days.difference(dates[whole])
    return missing[-1].date() if len(missing) else None


def _answers(document: object, places: pd.DataFrame) -> list[Mapping[str, Any]]:
    """Return the answer for each place, in the order of the request."""
    answers: list[Any] = document if isinstance(document, list) else [document]
    for answer in answers:
        if not isinstance(answer, dict):
            raise UnreadableError(message("points.no_place", sent=shown(answer)))
        if answer.get("error"):
            raise UnreadableError(message("points.says_no", why=shown(answer.get("reason"))))
    if len(answers) != len(places):
        what = message("points.places", answered=len(answers), asked=len(places))
        raise UnreadableError(what)
    asked = places[["latitude", "longitude"]].to_numpy()
    for answer, place in zip(answers, asked, strict=True):
        there = [answer.get("latitude"), answer.get("longitude")]
        if not all(is_number(degrees) for degrees in there):
            raise UnreadableError(message("points.place_at", place=shown(there)))
        if np.abs(np.array(there, dtype=np.float64) - place).max() > FARTHEST_DEG:
            what = message("points.another_place", answered=str(there), asked=str(place.tolist()))
            raise UnreadableError(what)
        if answer.get("utc_offset_seconds", 0) != 0:
            offset_s = shown(answer["utc_offset_seconds"])
            raise UnreadableError(message("points.cut_days", seconds=offset_s))
    return answers


def _dates(answers: Sequence[Mapping[str, Any]], period: Period) -> pd.DatetimeIndex:
    """Return the days of all `answers`, which must be the same."""
    times = _part(answers[0], "daily").get("time")
    if any(_part(answer, "daily").get("time") != times for answer in answers):
        raise UnreadableError(message("points.other_days"))
    if not isinstance(times, list):
        raise UnreadableError(message("points.no_days", sent=shown(times)))
    try:
        days = [_day(text) for text in times]
    except (TypeError, ValueError) as error:
        raise UnreadableError(message("points.no_day", why=error)) from error
    for before, after in pairwise(sorted(days)):
        if before == after:
            raise UnreadableError(message("points.day_twice", day=before))
    outside = [day for day in days if not period.start <= day <= period.end]
    if outside:
        raise UnreadableError(message("points.days_beyond", day=outside[0]))
    return pd.DatetimeIndex(days, name="date", dtype="datetime64[ns]")


def _day(text: object) -> date:
    """Return the day that `text` names as YYYY-MM-DD."""
    if not isinstance(text, str) or len(text) != len("2020-01-31"):
        raise ValueError(shown(text))
    return date.fromisoformat(text)


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = answer.get(name)
    if not isinstance(part, dict):
        raise UnreadableError(message("points.no_part", part=name))
    return part


def _values(
    answer: Mapping[str, Any], variable: Variable, dates: pd.DatetimeIndex, sieve: payload.Sieve
) -> Array:
    """Return a variable of one place by day in our unit, NaN where it is null or no number."""
    daily, units = _part(answer, "daily"), _part(answer, "daily_units")
    sent = daily.get(variable.name)
    if not isinstance(sent, list):
        none = message("points.no_variable", variable=variable.name)
        raise UnreadableError(none if sent is None else _odd(variable, sent))
    if len(sent) != len(dates):
        counts = {"values": len(sent), "days": len(dates)}
        raise UnreadableError(message("points.count", variable=variable.name, **counts))
    values = np.full(len(dates), np.nan)
    for day, value in enumerate(sent):
        if is_number(value):
            values[day] = value
        elif value is not None:
            odd = message("points.on_day", what=_odd(variable, value), day=dates[day].date())
            sieve.leave_out(cell(variable.column, dates[day]), UnreadableError(odd))
    if np.isnan(values).all():
        return values
    unit = units.get(variable.name)
    if not isinstance(unit, str) or unit not in variable.units:
        expected = next(iter(variable.units))
        units_told = {"unit": shown(unit), "expected": expected}
        raise UnreadableError(message("points.unit", variable=variable.name, **units_told))
    return np.asarray(values * variable.units[unit])


def _odd(variable: Variable, value: object) -> Message:
    return message("points.odd", sent=shown(value), variable=variable.name)
