"""Open-Meteo's archive: daily weather at points laid inside a département, 1940 to a few days ago.

ERA5, ERA5-Land and ECMWF IFS as the model chosen has them, downscaled by Open-Meteo to the altitude
of each point. All points of a département are asked for in one request a period, and their mean is
the département's. Days are those of UTC: always 24 hours, and none of the 101 départements has its
daylight cut in two by them. Cadence: daily; the last days are provisional. CC BY 4.0 for
non-commercial use. `docs/sources/open_meteo.md` tells the rest.
"""

import json
import logging
import math
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.errors import SourceError
from geo_pipeline.schemas import Provenance, WeatherDaily
from geo_pipeline.settings import Settings
from geo_pipeline.sources import payload
from geo_pipeline.sources.http import Http, NotKeptError, Received
from geo_pipeline.sources.observed import OBSERVED, Observed, Parts

Array = npt.NDArray[np.float64]

NAME = "open-meteo"
URL = "https://archive-api.open-meteo.com/v1/archive"
MODEL = "best_match"

KNOWN_AFTER_DAYS = 10
"""Days before today that every archive of weather knows."""
FIRST_DAY = date(1940, 1, 1)
"""Where the archive begins."""

PROVISIONAL_DAYS = 5
"""Days before today that may still change: ERA5 follows by five."""

SETTLED_AFTER_DAYS = 92
"""Days after which years are asked for whole: by then ERA5 has replaced its first release."""

PATIENCE = 10
"""A day without a value is asked for again once a tenth of its age has gone by."""

LEAST_KNOWN_SHARE = 0.5
"""Share of the points that must be known on a day for their mean to stand for the département."""

FARTHEST_DEG = 1.0
"""How far the place of an answer may lie from the one asked for: cells are up to 0.25 degrees."""

HOST = "open-meteo.com"
DAYS_A_CALL = 14
"""There, each place counts as one call for every two weeks of up to ten variables, at least one."""

ADVICE = "try again later or set GEO_PIPELINE_OPEN_METEO_URL"


class Variable(NamedTuple):
    """A daily variable: its name there, its column here, and what its units are times ours."""

    name: str
    column: str
    units: Mapping[str, float]


CELSIUS = {"°C": 1.0}
MILLIMETRES = {"mm": 1.0}

VARIABLES = (
    Variable("temperature_2m_mean", "tmean_c", CELSIUS),
    Variable("temperature_2m_max", "tmax_c", CELSIUS),
    Variable("temperature_2m_min", "tmin_c", CELSIUS),
    Variable("precipitation_sum", "precip_mm", MILLIMETRES),
    Variable("et0_fao_evapotranspiration", "et0_source_mm", MILLIMETRES),
    Variable("shortwave_radiation_sum", "radiation_mj_m2", {"MJ/m²": 1.0, "MJ/m2": 1.0}),
    # m/s is asked for; a mirror that does not know the option says that it sends km/h.
    Variable("wind_speed_10m_mean", "wind_m_s", {"m/s": 1.0, "km/h": 1.0 / 3.6}),
    Variable("relative_humidity_2m_mean", "rh_pct", {"%": 1.0}),
)
MEASURES = [variable.column for variable in VARIABLES]


_log = logging.getLogger(__name__)


class Period(NamedTuple):
    """Days of one request, both ends in it; `final`: what is answered will not change."""

    start: date
    end: date
    final: bool
    name: str
    """`2024` for a year, `2024-11` for a month, `2024-11-21` for the dekad that begins so."""

    def parts(self) -> list["Period"]:
        """Return the months of a year or the dekads of a month; a dekad has none."""
        if self.name == f"{self.start:%Y}":
            return [_month(self.start.replace(month=month)) for month in range(1, 13)]
        if self.name == f"{self.start:%Y-%m}":
            return [_dekad(self.start.replace(day=day), self.end) for day in (1, 11, 21)]
        return []


class _Means(NamedTuple):
    """The département's means that one answer gives."""

    rows: pd.DataFrame
    """Columns `MEASURES`, a row a day."""
    hole: date | None
    """Last day of the period that is not there, or lacks a value that the place has elsewhere."""
    left_out: list[str]
    """Values that cannot be, a sentence each."""


class _UnreadableError(Exception):
    """What is wrong with an answer, to be told with source, département and URL."""


class OpenMeteo:
    """The archive at `url`, asked at `points` (departement, latitude, longitude in degrees)."""

    name = NAME

    def __init__(
        self,
        http: Http,
        points: pd.DataFrame,
        *,
        url: str = URL,
        model: str = MODEL,
        provisional_days: int = PROVISIONAL_DAYS,
        today: date | None = None,
    ) -> None:
        """Take the points of `spatial.sampling`; `today` is that of the clock in UTC by default."""
        self.http = http
        self.points = points
        self.url = url
        self.model = model
        self.provisional_days = provisional_days
        self.today = today

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days from `since` to `until` (both in them) that the archive has.

        Each value is the mean of the points that have one, if at least half of them do, else NaN;
        wind is at 10 m, as it is sent. Days without any value have no row, nor have today and the
        days to come. The provenance is that of the newest answer; of several, `sha256` is the hash
        of their hashes, oldest period first. Values that cannot be are left out and told in the
        notes.

        Raises:
            SourceError: the archive cannot be had, says no, answers too much that cannot be, or has
                no value at all in these days.
        """
        places = self.points[self.points["departement"] == departement]
        if places.empty:
            raise SourceError(
                f"{NAME}, département {departement}: no point to ask {self.url} about; "
                "lay sampling points inside it"
            )
        today = self._today()
        received: list[Received] = []
        parts: list[pd.DataFrame] = []
        left_out: list[str] = []
        missing: list[NotKeptError] = []
        for period in periods(since, until, today=today, provisional_days=self.provisional_days):
            for answer, means in self._answered(departement, places, period, missing):
                received.append(answer)
                parts.append(means.rows)
                left_out += means.left_out
        if missing and not received:
            raise missing[0]
        if missing:
            _log.warning("%d dekads are not kept: %s", len(missing), missing[0])
        rows = pd.concat(parts or [pd.DataFrame(columns=MEASURES, index=pd.DatetimeIndex([]))])
        rows = rows.sort_index().loc[str(since) : str(until)].dropna(how="all")
        if rows.empty:
            raise SourceError(
                f"{NAME}, département {departement}: {self.url} has no value from {since} to "
                f"{until}; ask for days from {FIRST_DAY} to {today - timedelta(days=1)}"
            )
        settled = pd.Timestamp(today - timedelta(days=self.provisional_days))
        observed = rows.reset_index().assign(
            departement=departement,
            swi_source=np.nan,
            stations=pd.array([pd.NA] * len(rows), dtype="Int64"),
            source=f"{NAME}:{self.model}",
            resolution="day",
            provisional=rows.index > settled,
        )
        return Observed(observed[list(OBSERVED)], _provenance(received), tuple(left_out))

    def _answered(
        self,
        departement: str,
        places: pd.DataFrame,
        period: Period,
        missing: list[NotKeptError],
    ) -> Iterator[tuple[Received, _Means]]:
        """Yield what was answered for `period`, and the département's means by day.

        Offline, a year or month that was only ever asked for in parts is had from them; parts that
        were never asked for are added to `missing`.
        """
        query = self._query(places, period)
        try:
            answer, means = self._had(departement, places, period, query, final=period.final)
            asked_on, hole = answer.received_at.date(), means.hole
            if period.final and hole is not None and _is_due(hole, asked_on, self._today()):
                answer, means = self._had(departement, places, period, query, final=False)
        except NotKeptError as error:
            parts = period.parts()
            for part in parts:
                yield from self._answered(departement, places, part, missing)
            if not parts:
                missing.append(error)
            return
        yield answer, means

    def _had(
        self,
        departement: str,
        places: pd.DataFrame,
        period: Period,
        query: Mapping[str, str],
        *,
        final: bool,
    ) -> tuple[Received, _Means]:
        """Return the answer to `query`, and the means of it."""
        source = f"{NAME}, département {departement}"
        answer = self.http.get(
            self.url,
            source=source,
            params=query,
            final=final,
            keep_as=f"{departement} {period.name} {_digest(query)}",
            weight=calls(self.url, len(places), period),
        )
        document = payload.json(answer, source)
        try:
            means = _means(document, places, period, answer.most_left_out)
        except _UnreadableError as error:
            raise payload.unusable(answer, source, str(error), ADVICE) from error
        for each in means.left_out:
            _log.warning("%s: %s", source, each)
        return answer, means

    def _today(self) -> date:
        return self.today or datetime.now(UTC).date()

    def _query(self, places: pd.DataFrame, period: Period) -> dict[str, str]:
        return {
            "latitude": ",".join(f"{degrees:.4f}" for degrees in places["latitude"]),
            "longitude": ",".join(f"{degrees:.4f}" for degrees in places["longitude"]),
            "daily": ",".join(variable.name for variable in VARIABLES),
            "timezone": "GMT",
            "wind_speed_unit": "ms",
            "models": self.model,
            "start_date": period.start.isoformat(),
            "end_date": period.end.isoformat(),
        }


def calls(url: str, places: int, period: Period) -> float:
    """Return what a request counts for: at Open-Meteo by its size, at a mirror one."""
    host = urlsplit(url).hostname or ""
    if host != HOST and not host.endswith(f".{HOST}"):
        return 1.0
    days = (period.end - period.start).days + 1
    return places * max(days / DAYS_A_CALL, 1.0)


def _digest(query: Mapping[str, str]) -> str:
    """Return what tells a question from others about the same département and period."""
    asked = [value for name, value in query.items() if name not in ("start_date", "end_date")]
    return sha256("&".join(asked).encode()).hexdigest()[:12]


def _is_due(hole: date, asked_on: date, today: date) -> bool:
    """Say whether to ask again for a day that lacked a value when it was asked for last.

    On the next day at the earliest, then the less often the older it is: what was not filled in two
    months may never be.
    """
    return (today - asked_on).days >= max(1, (asked_on - hole).days // PATIENCE)


def periods(
    since: date,
    until: date,
    *,
    today: date,
    provisional_days: int = PROVISIONAL_DAYS,
) -> Iterator[Period]:
    """Yield the periods to ask for, so that they hold every day from `since` to `until` once.

    They follow the calendar, not `since` and `until`, so that what was answered to one question
    serves the next: whole years that ended over 92 days ago, then whole months, then dekads. Those
    that ended before the provisional days are final; the last dekads are asked for again until they
    are. Nothing before 1940 and nothing after yesterday.
    """
    yesterday = today - timedelta(days=1)
    since, until = max(since, FIRST_DAY), min(until, yesterday)
    settled = today - timedelta(days=max(provisional_days, 1))
    settled_year = today - timedelta(days=SETTLED_AFTER_DAYS)
    start = date(since.year, 1, 1)
    while start <= until:
        year = _year(start)
        whole = (
            (year, min(settled, settled_year)),
            (_month(start), settled),
        )
        period = next(
            (period for period, last in whole if period.end <= last), _dekad(start, yesterday)
        )
        if period.end >= since:
            yield period._replace(final=period.end <= settled)
        start = period.end + timedelta(days=1)


def _year(start: date) -> Period:
    return Period(start, date(start.year, 12, 31), True, f"{start:%Y}")


def _month(start: date) -> Period:
    return Period(start, _month_end(start), True, f"{start:%Y-%m}")


def _dekad(start: date, until: date) -> Period:
    return Period(start, min(_dekad_end(start), until), True, f"{start}")


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _dekad_end(day: date) -> date:
    return day.replace(day=10 if day.day <= 10 else 20) if day.day <= 20 else _month_end(day)


def _means(document: object, places: pd.DataFrame, period: Period, most_left_out: float) -> _Means:
    """Return the means over `places` of what was answered.

    A value that cannot be is left out; with too many of a variable, all is refused.
    """
    answers = _answers(document, places)
    dates = _dates(answers, period)
    values, sieves = {}, []
    for variable in VARIABLES:
        sieve = payload.Sieve(most_left_out)
        sent = [_values(answer, variable, dates, sieve) for answer in answers]
        known = values[variable.column] = np.stack(sent)
        n_sent = int(np.isfinite(known).sum()) + len(sieve.left_out)
        _leave_out_of_range(variable.column, known, dates, sieve)
        sieve.require_most(of=n_sent)
        sieves.append(sieve)
    sieves.append(_leave_out_swapped(values["tmin_c"], values["tmax_c"], dates, most_left_out))
    means = pd.DataFrame({name: _mean(known) for name, known in values.items()}, index=dates)
    told = [each for sieve in sieves for each in sieve.told()]
    return _Means(means, _last_hole(values, dates, period), told)


def _last_hole(values: Mapping[str, Array], dates: pd.DatetimeIndex, period: Period) -> date | None:
    """Return the last day that is missing or lacks a value, of variables as places by days."""
    known = np.concatenate([np.isfinite(each) for each in values.values()])
    known = known[known.any(axis=1)]  # what a place has on no day the model does not have there
    whole = np.logical_and(known.all(axis=0), len(known) > 0)
    days = pd.date_range(period.start, period.end)
    missing = days.difference(dates[whole])
    return missing[-1].date() if len(missing) else None


def _answers(document: object, places: pd.DataFrame) -> list[Mapping[str, Any]]:
    """Return the answer of each place, in the order asked."""
    answers: list[Any] = document if isinstance(document, list) else [document]
    for answer in answers:
        if not isinstance(answer, dict):
            raise _UnreadableError(f"sent {_shown(answer)} in place of a place's weather")
        if answer.get("error"):
            raise _UnreadableError(f"says no: {_shown(answer.get('reason'))}")
    if len(answers) != len(places):
        raise _UnreadableError(f"answered for {len(answers)} places of {len(places)} asked for")
    asked = places[["latitude", "longitude"]].to_numpy()
    for answer, place in zip(answers, asked, strict=True):
        there = [answer.get("latitude"), answer.get("longitude")]
        if not all(_is_number(degrees) for degrees in there):
            raise _UnreadableError(f"sent a place at {_shown(there)}")
        if np.abs(np.array(there, dtype=np.float64) - place).max() > FARTHEST_DEG:
            raise _UnreadableError(f"answered for the place {there}, asked for {place.tolist()}")
        if answer.get("utc_offset_seconds", 0) != 0:
            raise _UnreadableError(
                f"cut days {_shown(answer['utc_offset_seconds'])} s off UTC, asked for GMT"
            )
    return answers


def _dates(answers: Sequence[Mapping[str, Any]], period: Period) -> pd.DatetimeIndex:
    """Return the days that all `answers` are about."""
    times = _part(answers[0], "daily").get("time")
    if any(_part(answer, "daily").get("time") != times for answer in answers):
        raise _UnreadableError("sent other days for one place than for another")
    if not isinstance(times, list):
        raise _UnreadableError(f"sent {_shown(times)} in place of a list of days")
    try:
        days = [_day(text) for text in times]
    except (TypeError, ValueError) as error:
        raise _UnreadableError(f"sent what is no day: {error}") from error
    for before, after in pairwise(sorted(days)):
        if before == after:
            raise _UnreadableError(f"sent {before} twice")
    outside = [day for day in days if not period.start <= day <= period.end]
    if outside:
        raise _UnreadableError(f"sent days that were not asked for, {outside[0]} first")
    return pd.DatetimeIndex(days, name="date", dtype="datetime64[ns]")


def _day(text: object) -> date:
    """Return the day that `text` names as YYYY-MM-DD."""
    if not isinstance(text, str) or len(text) != len("2020-01-31"):
        raise ValueError(_shown(text))
    return date.fromisoformat(text)


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = answer.get(name)
    if not isinstance(part, dict):
        raise _UnreadableError(f"sent no `{name}`")
    return part


def _values(
    answer: Mapping[str, Any], variable: Variable, dates: pd.DatetimeIndex, sieve: payload.Sieve
) -> Array:
    """Return a variable of one place by day, in our unit, NaN where it is null or no number."""
    daily, units = _part(answer, "daily"), _part(answer, "daily_units")
    sent = daily.get(variable.name)
    if not isinstance(sent, list):
        raise _UnreadableError(f"sent no {variable.name}" if sent is None else _odd(variable, sent))
    if len(sent) != len(dates):
        raise _UnreadableError(f"sent {len(sent)} values of {variable.name} for {len(dates)} days")
    values = np.full(len(dates), np.nan)
    for day, value in enumerate(sent):
        if _is_number(value):
            values[day] = value
        elif value is not None:
            odd = f"{_odd(variable, value)} of {dates[day]:%F}"
            sieve.leave_out(_cell(variable.column, dates[day]), _UnreadableError(odd))
    if np.isnan(values).all():
        return values
    unit = units.get(variable.name)
    if not isinstance(unit, str) or unit not in variable.units:
        expected = next(iter(variable.units))
        raise _UnreadableError(f"sent {variable.name} in {_shown(unit)}, expected {expected}")
    return np.asarray(values * variable.units[unit])


def _is_number(value: object) -> bool:
    """Say whether `value` is a number, and not one too large for anything there is."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _odd(variable: Variable, value: object) -> str:
    return f"sent {_shown(value)} as {variable.name}"


def _shown(value: object) -> str:
    """Return `value` as JSON, short enough for a message of one line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _cell(name: str, day: pd.Timestamp) -> str:
    return f"a {name} of {day:%F}"


def _leave_out_of_range(
    name: str, values: Array, dates: pd.DatetimeIndex, sieve: payload.Sieve
) -> None:
    """Take out of `values` (places by days) those that the data dictionary rules out."""
    low, high = _range(name)
    for place, day in np.argwhere((values < low) | (values > high)):
        told = f"sent {values[place, day]:g} as {name} of {dates[day]:%F}"
        error = _UnreadableError(f"{told}, beyond {low:g} to {high:g}")
        sieve.leave_out(_cell(name, dates[day]), error)
        values[place, day] = np.nan


def _leave_out_swapped(
    tmin_c: Array, tmax_c: Array, dates: pd.DatetimeIndex, most_left_out: float
) -> payload.Sieve:
    """Take out of both (places by days) a minimum above the maximum, and return which."""
    sieve = payload.Sieve(most_left_out)
    n_pairs = int(np.isfinite(tmin_c + tmax_c).sum())
    for place, day in np.argwhere(tmin_c > tmax_c):
        told = f"sent a minimum above the maximum on {dates[day]:%F}"
        sieve.leave_out(_cell("tmin_c and tmax_c", dates[day]), _UnreadableError(told))
        tmin_c[place, day] = tmax_c[place, day] = np.nan
    sieve.require_most(of=n_pairs)
    return sieve


def _range(name: str) -> tuple[float, float]:
    """Return the least and greatest value of a column of `weather_daily`."""
    limits: dict[str, float] = {}
    for check in WeatherDaily.to_schema().columns[name].checks:
        limits.update(check.statistics or {})
    return limits.get("min_value", -math.inf), limits.get("max_value", math.inf)


def _mean(values: Array) -> Array:
    """Return the mean over places of places x days, NaN where under half of them are known.

    Taken of the distance to the first known one, so that equal values give that very value.
    """
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    first = np.take_along_axis(values, known.argmax(axis=0)[np.newaxis], axis=0)[0]
    away = np.where(known, values - first, 0.0).sum(axis=0) / np.maximum(count, 1)
    least, most = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    enough = count >= LEAST_KNOWN_SHARE * len(values)
    return np.asarray(np.where(enough, np.clip(first + away, least, most), np.nan))


def _provenance(received: Sequence[Received]) -> Provenance:
    """Return where rows come from that were received in one answer or several."""
    newest = received[-1]
    hashes = [answer.sha256 for answer in received]
    digest = hashes[0] if len(hashes) == 1 else sha256("".join(hashes).encode()).hexdigest()
    fetched_at = max(answer.received_at for answer in received)
    return Provenance(NAME, newest.url, fetched_at.isoformat(timespec="seconds"), digest)


def build(parts: Parts) -> OpenMeteo:
    """Return the client that `parts` make."""
    settings = parts.settings
    return OpenMeteo(
        parts.http,
        parts.points,
        url=settings.address("open_meteo_url"),
        model=settings.open_meteo_model,
        provisional_days=settings.provisional_days,
    )


def ask(http: Http, settings: Settings) -> None:
    """Ask for one day of Paris that every archive knows."""
    paris = pd.DataFrame({"departement": ["75"], "latitude": [48.856], "longitude": [2.35]})
    day = datetime.now(UTC).date() - timedelta(days=KNOWN_AFTER_DAYS)
    url = settings.address("open_meteo_url")
    OpenMeteo(http, paris, url=url, model=settings.open_meteo_model).weather("75", day, day)
