"""NASA POWER: daily weather at any place since 1981, without a key and for any use.

The weather is that of the reanalysis MERRA-2 (of its forward stream GEOS in the last weeks), the
radiation that of CERES. A request covers one place and any number of days, so thirty years of a
département take few requests. The cells have 0.5 by 0.625 degrees: coarser than Open-Meteo, and on
islands smaller than a cell mostly over the sea. Days are UTC. Free of rights; NASA asks to be
named. `docs/sources/nasa_power.md` has more.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from geo_pipeline.errors import SourceError
from geo_pipeline.provenance import Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.sources import payload
from geo_pipeline.sources.demand import Demand
from geo_pipeline.sources.http import Http, NotKeptError, Received
from geo_pipeline.sources.observed import OBSERVED, Observed, Parts
from geo_pipeline.sources.point_means import (
    Array,
    UnreadableError,
    Variable,
    is_number,
    leave_out_of_range,
    leave_out_swapped,
    mean_of_places,
    no_point,
    no_value,
    shown,
)
from geo_pipeline.weather_variables import WEATHER_VARIABLES
from geo_pipeline.words import Message, message, verbatim

NAME = "nasa-power"
URL = "https://power.larc.nasa.gov/api/temporal/daily/point"

FIRST_DAY: Final = date(1981, 1, 1)
"""First day of the archive; radiation begins in 1984."""

CELL_DEG: Final = (0.5, 0.625)
"""Size of a MERRA-2 cell in latitude and longitude; cell centres are multiples of it."""

PROVISIONAL_DAYS: Final = 60
"""Last days that may still change: MERRA-2 replaces its forward stream some weeks after a month."""

KNOWN_AFTER_DAYS: Final = 10
"""Days before today for which the weather is certainly known: the delay is some three days."""

DECADE_YEARS: Final = 10

BYTES_A_DAY: Final = 150
"""Length of an answer for each of its days: seven values with their dates."""

_log = logging.getLogger(__name__)


VARIABLES: Final = (
    Variable("T2M", "tmean_c", {"C": 1.0}),
    Variable("T2M_MAX", "tmax_c", {"C": 1.0}),
    Variable("T2M_MIN", "tmin_c", {"C": 1.0}),
    Variable("PRECTOTCORR", "precip_mm", {"mm/day": 1.0}),
    # The agricultural community is requested; the others get kilowatt hours.
    Variable("ALLSKY_SFC_SW_DWN", "radiation_mj_m2", {"MJ/m^2/day": 1.0, "kW-hr/m^2/day": 3.6}),
    Variable("WS10M", "wind_m_s", {"m/s": 1.0}),
    Variable("RH2M", "rh_pct", {"%": 1.0}),
)


class Period(NamedTuple):
    """Days of one request, inclusive; `final`: the answer will not change."""

    start: date
    end: date
    final: bool
    name: str
    """`1991-2000` for a decade, `2026` for a year."""


def periods(since: date, until: date, *, today: date) -> Iterator[Period]:
    """Yield the periods to request, which together cover every day from `since` to `until`.

    They follow the calendar, so that the answer to one request serves the next: finished decades
    (1991 to 2000), then single years, the current one up to yesterday.
    """
    settled = today - timedelta(days=PROVISIONAL_DAYS)
    since, until = max(since, FIRST_DAY), min(until, today - timedelta(days=1))
    year = since.year
    while year <= until.year:
        first = year - (year - 1) % DECADE_YEARS
        last = first + DECADE_YEARS - 1
        if date(last, 12, 31) > settled:
            first = last = year
        end = date(last, 12, 31)
        name = f"{first}" if first == last else f"{first}-{last}"
        start = max(date(first, 1, 1), FIRST_DAY)
        yield Period(start, min(end, today - timedelta(days=1)), end <= settled, name)
        year = last + 1


class NasaPower:
    """The archive at `url`, used for the cells of `points` (departement, latitude, longitude)."""

    name = NAME

    def __init__(
        self, http: Http, points: pd.DataFrame, *, url: str = URL, today: date | None = None
    ) -> None:
        """Take the points of `spatial.sampling`; `today` is today's date in UTC by default."""
        self.http = http
        self.points = points
        self.url = url
        self.today = today

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days from `since` to `until` (inclusive) that the archive has.

        Each value is the mean over the points of their cells' values, if at least half of them have
        one, else NaN; wind is at 10 m. The last days have no radiation yet. The provenance is that
        of the newest answer, with `sha256` the hash of the hashes of all. Impossible values are
        left out and reported in the notes.

        Raises:
            SourceError: the archive cannot be reached, refuses, sends too many impossible values,
                or has no value at all in these days.
        """
        places = cells(self.points[self.points["departement"] == departement])
        if places.empty:
            raise SourceError(no_point(f"{NAME}, département {departement}", self.url))
        today = self.today or datetime.now(UTC).date()
        received: list[Received] = []
        parts: list[pd.DataFrame] = []
        left_out: list[Message] = []
        missing: list[NotKeptError] = []
        for period in periods(since, until, today=today):
            try:
                answers = [
                    self._had(departement, place, period)
                    for place in places.itertuples(index=False)
                ]
                means, told = self._means(departement, places, period, answers)
            except NotKeptError as error:
                missing.append(error)
                continue
            received += answers
            parts.append(means)
            left_out += told
        if missing and not received:
            raise missing[0]
        if missing:
            _log.warning("%d periods are not kept: %s", len(missing), missing[0])
        rows = pd.concat(parts or [pd.DataFrame(index=pd.DatetimeIndex([], name="date"))])
        rows = rows.reindex(columns=list(WEATHER_VARIABLES)).sort_index()
        rows = rows.loc[str(since) : str(until)].dropna(how="all")
        if rows.empty:
            there = (FIRST_DAY, today - timedelta(days=1))
            who = f"{NAME}, département {departement}"
            raise SourceError(no_value(who, self.url, (since, until), there))
        settled = pd.Timestamp(today - timedelta(days=PROVISIONAL_DAYS))
        observed = rows.reset_index().assign(
            departement=departement,
            stations=pd.array([pd.NA] * len(rows), dtype="Int64"),
            source=NAME,
            resolution="day",
            provisional=rows.index > settled,
        )
        return Observed(observed[list(OBSERVED)], _provenance(received), tuple(left_out))

    def demand(self, codes: Sequence[str], since: date, until: date) -> Demand:
        """Return what the weather of `codes` takes, besides the final answers that are kept."""
        places = cells(self.points[self.points["departement"].isin(codes)])
        asked = [
            period
            for period in periods(since, until, today=self.today or datetime.now(UTC).date())
            for place in places.itertuples(index=False)
            if not (period.final and self.http.has_final(NAME, _name(place, period)))
        ]
        days = sum((period.end - period.start).days + 1 for period in asked)
        host = urlsplit(self.url).netloc
        return Demand(NAME, host, len(asked), float(len(asked)), days * BYTES_A_DAY)

    def _had(self, departement: str, place: Any, period: Period) -> Received:
        """Return the answer for one cell and period, which all its départements share."""
        return self.http.get(
            self.url,
            source=f"{NAME}, département {departement}",
            params={
                "parameters": ",".join(variable.name for variable in VARIABLES),
                "community": "AG",
                "latitude": f"{place.latitude:g}",
                "longitude": f"{place.longitude:g}",
                "start": f"{period.start:%Y%m%d}",
                "end": f"{period.end:%Y%m%d}",
                "time-standard": "UTC",
                "format": "JSON",
            },
            final=period.final,
            keep_as=_name(place, period),
        )

    def _means(
        self, departement: str, places: pd.DataFrame, period: Period, answers: list[Received]
    ) -> tuple[pd.DataFrame, list[Message]]:
        """Return the means over `places` by day, and what was left out of the answers."""
        source = f"{NAME}, département {departement}"
        dates = pd.date_range(period.start, period.end, name="date", unit="ns")
        most = answers[0].most_left_out
        sieves = {variable.column: payload.Sieve(most) for variable in VARIABLES}
        values: dict[str, list[Array]] = {variable.column: [] for variable in VARIABLES}
        for answer in answers:
            document = payload.json(answer, source)
            try:
                for variable in VARIABLES:
                    known = _values(document, variable, dates)
                    leave_out_of_range(variable.column, known, dates, sieves[variable.column])
                    values[variable.column].append(known)
            except UnreadableError as error:
                raise payload.unusable(answer, source, verbatim(error)) from error
        stacked = {name: np.concatenate(known) for name, known in values.items()}
        try:
            for name, sieve in sieves.items():
                sieve.require_most(of=int(np.isfinite(stacked[name]).sum()) + len(sieve.left_out))
            swapped = leave_out_swapped(stacked["tmin_c"], stacked["tmax_c"], dates, most)
        except UnreadableError as error:
            raise payload.unusable(answers[-1], source, verbatim(error)) from error
        means = {
            name: mean_of_places(np.repeat(known, places["points"], axis=0))
            for name, known in stacked.items()
        }
        told = [each for sieve in (*sieves.values(), swapped) for each in sieve.told()]
        for each in told:
            _log.warning("%s: %s", source, each)
        return pd.DataFrame(means, index=dates), told


def _name(place: Any, period: Period) -> str:
    """Return the name of the answer for a cell and period in the raw store."""
    return f"{place.latitude:g} {place.longitude:g} {period.name}"


def cells(points: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of `points`: latitude and longitude of their centres, number of `points`."""
    size = dict(zip(("latitude", "longitude"), CELL_DEG, strict=True))
    centres = pd.DataFrame(
        {axis: (points[axis] / step).round() * step for axis, step in size.items()}
    )
    return centres.groupby(["latitude", "longitude"]).size().rename("points").reset_index()


def _values(document: object, variable: Variable, dates: pd.DatetimeIndex) -> Array:
    """Return a variable of one cell (one place by days) in our unit, NaN where unknown."""
    sent = _part(document, "properties", "parameter", variable.name)
    unit = str(_part(document, "parameters", variable.name).get("units"))
    if unit not in variable.units:
        expected = next(iter(variable.units))
        units_told = {"unit": shown(unit), "expected": expected}
        raise UnreadableError(message("points.unit", variable=variable.name, **units_told))
    fill = _part(document, "header").get("fill_value")
    if not is_number(fill):
        raise UnreadableError(message("points.no_fill_value"))
    positions = {f"{day:%Y%m%d}": at for at, day in enumerate(dates)}
    values = np.full((1, len(dates)), np.nan)
    for day, value in sent.items():
        if day not in positions:
            raise UnreadableError(message("points.day_beyond", day=shown(day)))
        if not is_number(value):
            odd = message("points.odd", sent=shown(value), variable=variable.name)
            raise UnreadableError(message("points.on_day", what=odd, day=day))
        if value != fill:
            values[0, positions[day]] = value * variable.units[unit]
    return values


def _part(document: object, *names: str) -> Mapping[str, Any]:
    """Return the part of `document` under nested `names`."""
    part = document
    for name in names:
        part = part.get(name) if isinstance(part, dict) else None
    if not isinstance(part, dict):
        raise UnreadableError(message("points.no_part", part=".".join(names)))
    return part


def _provenance(received: list[Received]) -> Provenance:
    """Return the origin of rows that came in several answers."""
    newest = max(received, key=lambda answer: answer.received_at)
    digest = sha256("".join(answer.sha256 for answer in received).encode()).hexdigest()
    return Provenance(NAME, newest.url, newest.received_at.isoformat(timespec="seconds"), digest)


def build(parts: Parts) -> NasaPower:
    """Return the client built from `parts`."""
    return NasaPower(parts.http, parts.points, url=parts.settings.address("nasa_power_url"))


def ask(http: Http, settings: Settings) -> None:
    """Ask for one day of Paris that the archive has."""
    paris = pd.DataFrame({"departement": ["75"], "latitude": [48.856], "longitude": [2.35]})
    day = datetime.now(UTC).date() - timedelta(days=KNOWN_AFTER_DAYS)
    NasaPower(http, paris, url=settings.address("nasa_power_url")).weather("75", day, day)
