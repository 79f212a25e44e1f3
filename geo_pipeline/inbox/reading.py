"""Reading of a dropped file: all of it, by the reader of the provider whose file it is.

This runs in a process of its own (`judging`), so that a file that crashes its reader cannot crash
Dagster.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd

from geo_pipeline.errors import GeoPipelineError, StorageError
from geo_pipeline.inbox.recognition import PEEK, columns_of, opened, recognised
from geo_pipeline.inbox.refusals import RefusedError, bad, stations_in_a_workbook
from geo_pipeline.settings import Settings
from geo_pipeline.sources import agreste, etalab, meteo_france, payload, workbook
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.sources.http import Received
from geo_pipeline.sources.observed import FIRST_LIVE_DAY
from geo_pipeline.sources.station_files import (
    DAY,
    KEY,
    STATION,
    Origin,
    read_days,
    table_of_stations,
)
from geo_pipeline.sources.stations import homes
from geo_pipeline.spatial.boundaries import accepted
from geo_pipeline.storage.inbox_files import About, Kind, ProvidedFiles, safe_name
from geo_pipeline.weather_variables import STATION_VARIABLES
from geo_pipeline.words import message

LONGEST_SILENCE_DAYS = 366
"""Days without any value after which a few further days are not taken as part of a record."""
FEWEST_DAYS_AFTER = 10
"""Fewest days that continue a record after such a silence; fewer are probably a mistake."""


def understood(settings: Settings, path: Path, name: str, digest: str) -> About:
    """Return what the file at `path` contains, dropped as `name`, after reading and checking it.

    Raises:
        RefusedError: its kind is unknown, or its content is bad.
        StorageError: the data to compare it with cannot be read.
    """
    kind = recognised(path)
    received = Received(
        name, 200, datetime.now(UTC), digest, path=path, most_left_out=settings.most_left_out
    )
    read: Mapping[Kind, Callable[[Settings, Received], About]] = {
        "crops": _crops,
        "stations": _stations,
        "boundaries": _boundaries,
    }
    try:
        return read[kind](settings, received)
    except (RefusedError, MemoryError):
        raise
    except StorageError:
        raise  # not the fault of the file
    except (GeoPipelineError, ValueError) as error:
        raise bad(kind, error) from error
    except Exception as error:
        what = message("inbox.unreadable", error=type(error).__name__, why=error)
        raise bad(kind, ValueError(what)) from error


def _crops(_: Settings, received: Received) -> About:
    try:
        rows = agreste.Agreste.read(received)
    except ValueError:
        if sheet := _sheet_of_stations(received):
            raise stations_in_a_workbook(sheet) from None
        raise
    return About("crops", "crops", tuple(sorted(rows["departement"].unique())))


def _sheet_of_stations(received: Received) -> str | None:
    """Return the sheet of a workbook that has the columns of Météo-France's stations, if any."""
    if workbook.PART not in payload.members(received, "stations"):
        return None
    for title, cells in workbook.sheets(received.content, received.url):
        names = {str(cell).strip().upper() for cell in (cells[0] if cells else ())}
        if names & {*STATION} and names & {*DAY}:
            return title
    return None


def _boundaries(settings: Settings, received: Received) -> About:
    candidate = etalab.read_received(received, "boundaries")
    embedded = Bundled(settings.embedded_data).boundaries()
    outlines, problem = accepted(candidate, embedded)
    if problem is not None:
        raise ValueError(problem)
    return About("boundaries", "boundaries", tuple(sorted(outlines["departement"])))


def _stations(settings: Settings, received: Received) -> About:
    name = received.url
    with received.open() as content, opened(content) as text:
        columns = columns_of(text.readline(PEEK))
    group = meteo_france.BASE_GROUP
    if "RR" not in columns and {"GLOT", "UM"} & set(columns):
        group = meteo_france.OTHER_GROUP
    origin = Origin(meteo_france.NAME, "?", name)
    needed = meteo_france.NEEDED[group]
    with received.open() as content:
        rows = read_days(
            content,
            origin,
            date(1700, 1, 1),
            date(2200, 1, 1),
            needed=needed,
            most_left_out=received.most_left_out,
        )
    rows = rows.dropna(subset=list(STATION_VARIABLES), how="all")
    if rows.empty:
        raise ValueError(message("inbox.no_value"))
    table_of_stations(rows, origin)
    code = _departement(rows)
    first, last = (rows["date"].agg(end).date() for end in ("min", "max"))
    _require_useful(settings, rows, first, last)
    _require_going_on(rows)
    published = meteo_france.FILE.fullmatch(name)
    if published and not set(homes(published["departement"].upper())) & set(homes(code)):
        named = published["departement"]
        raise ValueError(message("inbox.another_departement", code=code, named=named))
    period = published["period"].lower() if published else f"{first.year}-{last.year}"
    place = f"stations/{code}/{safe_name(period)}"
    if group == meteo_france.OTHER_GROUP and not any(
        each.about.place == f"{place}/{meteo_france.BASE_GROUP}"
        for each in ProvidedFiles(settings.provided).all("stations")
    ):
        raise RefusedError(message("inbox.other_group", code=code, period=period))
    return About("stations", f"{place}/{group}", homes(code), first, last)


def _require_useful(settings: Settings, rows: pd.DataFrame, first: date, last: date) -> None:
    """Raise unless weather can be taken from these days."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    if last > tomorrow:
        station = rows.loc[rows["date"].idxmax(), KEY[0]]
        raise ValueError(message("inbox.to_come", day=last, station=station))
    since = settings.since or FIRST_LIVE_DAY
    until = settings.until or tomorrow
    if last < since or first > until:
        raise ValueError(
            message("inbox.days_not_taken", first=first, last=last, since=since, until=until)
        )


def _require_going_on(rows: pd.DataFrame) -> None:
    """Raise where a few days stand alone long after the others: they would count as the newest."""
    days = pd.Series(rows["date"].unique()).sort_values(ignore_index=True)
    after = days.diff() > pd.Timedelta(days=LONGEST_SILENCE_DAYS)
    if not after.any():
        return
    start = int(after[after].index[-1])
    if len(days) - start < FEWEST_DAYS_AFTER:
        of = rows.loc[rows["date"] == days[start], KEY[0]].iloc[0]
        raise ValueError(
            message(
                "inbox.jumps",
                before=days[start - 1].date(),
                after=days[start].date(),
                station=of,
                count=len(days) - start,
            )
        )


def _departement(rows: pd.DataFrame) -> str:
    """Return the département of all stations, as Météo-France numbers it."""
    stations = sorted(map(str, rows["station"].unique()))
    codes = {each[:3] if each.startswith(("97", "98")) else each[:2]: each for each in stations}
    if len(codes) > 1:
        listed = ", ".join(f"{code} ({station})" for code, station in sorted(codes.items())[:5])
        raise ValueError(message("inbox.several_departements", count=len(codes), listed=listed))
    (code,) = codes
    if not homes(code):
        raise ValueError(message("inbox.none_of_101", code=code))
    return code
