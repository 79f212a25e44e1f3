"""Station files of Météo-France: columns, units and quality codes, read strictly.

The station files and the DPClim API send the same parameters under the same names. Here they become
rows in SI units; `stations` makes a département's weather of them.
"""

import gzip
import html
import io
import logging
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, NamedTuple, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.faults import FORMAT, LATER, asker, fault, neither
from geo_pipeline.sources.http import MOST_LEFT_OUT, Received
from geo_pipeline.weather_variables import RADIATION_J_CM2, STATION_VARIABLES, WEATHER_RANGES
from geo_pipeline.words import Message, message

GOOD_CODES = (0.0, 1.0, 9.0)
"""Quality codes of values that are used: protected, validated, passed the first checks.

A value with code 2 (doubtful) or an undocumented code becomes missing. A value without a code was
never doubted and is used.
"""

J_CM2_TO_MJ_M2 = 0.01

WIND_10M_TO_2M = 4.87 / math.log(67.8 * 10.0 - 5.42)
"""Wind at 2 m over grass as a share of the wind at 10 m (FAO-56, equation 47)."""

STATION = ("NUM_POSTE", "POSTE")
DAY = ("AAAAMMJJ", "DATE")
PLACE = ("NOM_USUEL", "LAT", "LON", "ALTI")
KEY = ["station", "date"]

MOST_ROWS = 20_000_000
"""Most rows of one file: ten times those of the largest département since 1950."""
MOST_REPEATED = 0.5
"""Share of repeated rows that is accepted: a file concatenated with itself has half."""

_log = logging.getLogger(__name__)

RANGES = {
    "RR": WEATHER_RANGES["precip_mm"],
    "TN": WEATHER_RANGES["tmin_c"],
    "TX": WEATHER_RANGES["tmax_c"],
    "TM": WEATHER_RANGES["tmean_c"],
    "TNTXM": WEATHER_RANGES["tmean_c"],
    "FFM": WEATHER_RANGES["wind_m_s"],
    "FF2M": WEATHER_RANGES["wind_m_s"],
    "GLOT": RADIATION_J_CM2,
    "UM": WEATHER_RANGES["rh_pct"],
    "ETPMON": WEATHER_RANGES["et0_source_mm"],
    "ETPGRILLE": WEATHER_RANGES["et0_source_mm"],
}
"""Parameters that are read, with their possible range in their own unit: mm, °C, m/s, J/cm², %."""


class StationDays(NamedTuple):
    """Observations of stations.

    stations: station (8 digits), name, lat, lon (degrees), altitude_m; one row for each station.

    days: station, date, the columns `STATION_VARIABLES`; one row for each station and day, NaN for
    missing.
    """

    stations: pd.DataFrame
    days: pd.DataFrame


@dataclass(frozen=True)
class Origin:
    """Provider, département and address of some content: the beginning of each error."""

    source: str
    departement: str
    url: str

    def error(self, what: Message, advice: Message = LATER) -> SourceError:
        """Return the one-line error that says `what` is wrong."""
        who = asker(self.source, self.departement)
        return SourceError(fault(who, self.url, what, advice))


def read_days(
    content: BinaryIO,
    origin: Origin,
    since: date,
    until: date,
    *,
    needed: Iterable[str] = (),
    most_left_out: float = MOST_LEFT_OUT,
) -> pd.DataFrame:
    """Return the rows of a file of Météo-France from `since` to `until`, read as a stream.

    The file is plain or gzip, separated by `;`, with decimal points or commas and its columns in
    any order; unknown columns are ignored. Rows that occur twice with the same values are used
    once.

    Parameters
    ----------
    content : stream of the bytes
    origin : the origin, for errors
    since, until : first and last day
    needed : columns that must exist; the values of other absent columns are missing
    most_left_out : share of the values of a column that may be out of range and are left out

    Returns
    -------
    station, date, the columns `STATION_VARIABLES`, and name, lat, lon, altitude_m where the file
    has them

    Raises:
        SourceError: it is no such file, cut, without a needed column; a value is no number, too
            many are out of range, or a row occurs twice with different values.
    """
    with _readable(origin):
        stream = _unzipped(content)
        names = _header(stream.readline(), origin)
        _check_columns(names, needed, origin)
        station = next((name for name in STATION if name in names), None)
        day = next((name for name in DAY if name in names), None)
        if station is None or day is None:
            missing = ["/".join(each) for each in (STATION, DAY) if not {*each} & {*names}]
            raise origin.error(message("fault.no_column", columns=neither(*missing)), FORMAT)
        places = [name for name in PLACE if name in names]
        used = [name for name in RANGES if name in names]
        texts = [station, day, *(p for p in places if p != "NOM_USUEL"), *used]
        texts += [f"Q{name}" for name in used if f"Q{name}" in names]
        kinds: dict[str, pa.DataType] = dict.fromkeys(texts, pa.string())
        if "NOM_USUEL" in names:
            kinds["NOM_USUEL"] = pa.binary()  # its encoding varies
        parts, n_read, n_wanted, repeated = [], 0, 0, None
        for batch in _batches(stream, names, kinds):
            n_read += batch.num_rows
            if n_read > MOST_ROWS:
                raise origin.error(
                    message("stations.too_many_rows", rows=MOST_ROWS), message("advice.fewer")
                )
            part = _part(batch, station, day, origin, (since, until))
            n_wanted += len(part)
            twice = part.duplicated(KEY)
            if twice.any():
                repeated = part[twice].iloc[0] if repeated is None else repeated
                # A row that is repeated a million times then takes the memory of one.
                part = part[~part.duplicated()]
            parts.append(part)
    frame = pd.concat(parts, ignore_index=True) if parts else _part_of_nothing(kinds, origin)
    rows = once(_si(frame, origin, most_left_out), origin)
    n_repeated = n_wanted - len(rows)
    if repeated is not None and n_repeated > MOST_REPEATED * n_wanted:
        raise origin.error(
            message(
                "stations.repeats",
                repeated=n_repeated,
                rows=n_wanted,
                station=repeated["station"],
                day=repeated["date"].date(),
            )
        )
    return rows


def once(rows: pd.DataFrame, origin: Origin) -> pd.DataFrame:
    """Return `rows` with each station and day once.

    Raises:
        SourceError: a station has two different rows for a day.
    """
    twice = rows.duplicated(KEY, keep=False)
    if not twice.any():
        return rows
    known = [name for name in (*KEY, *STATION_VARIABLES) if name in rows]
    single = rows[~rows.duplicated(known)]
    clash = single[single.duplicated(KEY)]
    if len(clash):
        first = clash.iloc[0]
        raise origin.error(
            message(
                "stations.differ",
                station=first["station"],
                day=first["date"].date(),
                days=len(clash),
            )
        )
    return single.reset_index(drop=True)


def table_of_stations(rows: pd.DataFrame, origin: Origin) -> pd.DataFrame:
    """Return station, name, lat, lon, altitude_m: one row a station, with its latest description.

    Raises:
        SourceError: a station has no or impossible coordinates, so that it cannot be weighted.
    """
    described = rows.sort_values("date", kind="stable").groupby("station", as_index=False)
    table = described[["name", "lat", "lon", "altitude_m"]].last()
    table["name"] = [_decoded(name) for name in table["name"]]
    placed = table["lat"].between(-90.0, 90.0) & table["lon"].between(-180.0, 180.0)
    if not placed.all():
        first = table[~placed].iloc[0]
        raise origin.error(
            message(
                "stations.placed",
                station=first["station"],
                latitude=first["lat"],
                longitude=first["lon"],
            )
        )
    return pd.DataFrame(table)


def read_received(
    received: Received,
    origin: Origin,
    since: date,
    until: date,
    *,
    needed: Iterable[str] = (),
) -> pd.DataFrame:
    """Return `read_days` of what was received; unreadable content is requested anew next time."""
    try:
        with received.open() as content:
            return read_days(
                content,
                origin,
                since,
                until,
                needed=needed,
                most_left_out=received.most_left_out,
            )
    except SourceError as error:
        received.reject(error.message)
        raise


def columns_received(received: Received, origin: Origin) -> list[str]:
    """Return the names of the columns of a received file.

    Raises:
        SourceError: it has none, or is damaged.
    """
    with _readable(origin), received.open() as content:
        return _header(_unzipped(content).readline(), origin)


@contextmanager
def _readable(origin: Origin) -> Iterator[None]:
    """Report errors of the gzip and CSV readers in one line."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise origin.error(message("stations.gzip", why=error)) from error
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0][:150]
        raise origin.error(message("stations.unreadable", why=reason)) from error


def _unzipped(content: BinaryIO) -> "io.BufferedReader[io.RawIOBase]":
    """Return a stream of the text, unpacked if necessary."""
    stream = io.BufferedReader(cast(io.RawIOBase, content))
    if stream.peek(2)[:2] != b"\x1f\x8b":
        return stream
    return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=stream)))


def _header(line: bytes, origin: Origin) -> list[str]:
    """Return the names of the columns."""
    text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").strip()
    if not text:
        raise origin.error(message("stations.empty"))
    if text.startswith(("<", "{")):
        kind = "HTML" if text.startswith("<") else "JSON"
        raise origin.error(message("stations.no_csv", kind=kind, start=html.unescape(text)[:80]))
    names = [name.strip().strip('"').upper() for name in text.split(";")]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise origin.error(message("stations.column_twice", column=twice[0]), FORMAT)
    return names


def _check_columns(names: Sequence[str], needed: Iterable[str], origin: Origin) -> None:
    """Raise unless all needed columns exist, and each value has its quality code."""
    missing = [name for name in needed if name not in names]
    used = [name for name in RANGES if name in names]
    if not used and not missing:
        missing = ["RR"]
    coded = any(f"Q{name}" in names for name in used)
    missing += [f"Q{name}" for name in used if coded and f"Q{name}" not in names]
    if missing:
        raise origin.error(message("fault.no_column", columns=list(dict.fromkeys(missing))), FORMAT)


def _batches(
    stream: "io.BufferedReader[io.RawIOBase]", names: list[str], kinds: dict[str, pa.DataType]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows below the header, with the columns of `kinds` only."""
    if not stream.peek(1):
        return
    reader = csv.open_csv(
        stream,
        csv.ReadOptions(column_names=names, block_size=1 << 22),
        csv.ParseOptions(delimiter=";"),
        csv.ConvertOptions(
            include_columns=list(kinds),
            column_types=kinds,
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    yield from reader


def _part(
    batch: pa.RecordBatch, station: str, day: str, origin: Origin, period: tuple[date, date]
) -> pd.DataFrame:
    """Return the rows of `batch` within the period, with numbers as numbers."""
    since, until = period
    days = _numbers(pc.replace_substring(batch[day], "-", ""), day, origin, pa.int32())
    stations = pc.utf8_trim_whitespace(batch[station])
    if days.null_count or stations.null_count:
        column = day if days.null_count else station
        raise origin.error(message("fault.row_without", column=column))
    first, last = (int(each.strftime("%Y%m%d")) for each in (since, until))
    wanted = pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last))
    columns = {
        name: batch[name].filter(wanted)
        for name in batch.schema.names
        if name not in (station, day)
    }
    numbers = {
        name: column if name == "NOM_USUEL" else _numbers(column, name, origin, pa.float64())
        for name, column in columns.items()
    }
    identifiers = pc.utf8_lpad(stations.filter(wanted), 8, "0").dictionary_encode()
    return pd.DataFrame(
        {
            "station": identifiers.to_pandas().astype(object),
            "date": _dates(days.filter(wanted), day, origin),
            **{
                name: column.to_pandas() if name == "NOM_USUEL" else _floats(column)
                for name, column in numbers.items()
            },
        }
    )


def _part_of_nothing(kinds: dict[str, pa.DataType], origin: Origin) -> pd.DataFrame:
    """Return a frame of 0 rows, for a file that ends after its header."""
    names = [name for name in kinds if name not in (*STATION, *DAY)]
    empty = pd.DataFrame({name: pd.Series(dtype=np.float64) for name in names})
    empty.insert(0, "station", pd.Series(dtype=object))
    empty.insert(1, "date", pd.Series(dtype="datetime64[ns]"))
    return empty


def _numbers(column: pa.Array, name: str, origin: Origin, kind: pa.DataType) -> pa.Array:
    """Return the texts of `column` as numbers, empty ones as null; decimal commas are accepted."""
    texts = pc.utf8_trim_whitespace(column)
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    try:
        numbers = pc.cast(pc.replace_substring(texts, ",", "."), kind)
    except pa.ArrowInvalid as error:
        said = str(error).splitlines()[0]
        raise origin.error(message("stations.no_number", column=name, why=said)) from error
    if pa.types.is_floating(kind) and pc.any(pc.is_nan(numbers)).as_py():
        raise origin.error(message("stations.no_number", column=name, why="nan"))
    return numbers


def _floats(column: pa.Array) -> NDArray[np.float64]:
    """Return numbers as an array, with null as NaN."""
    numbers: NDArray[np.float64] = column.to_numpy(zero_copy_only=False)
    return numbers.astype(np.float64)


def _dates(days: pa.Array, name: str, origin: Origin) -> pd.Series:
    """Return numbers such as 20200131 as dates."""
    texts = days.to_pandas().astype(str)
    dates: pd.Series = pd.to_datetime(texts, format="%Y%m%d", errors="coerce")
    if (wrong := dates.isna()).any():
        raise origin.error(message("stations.no_date", column=name, text=texts[wrong].iloc[0]))
    return dates.astype("datetime64[ns]")


def _si(frame: pd.DataFrame, origin: Origin, most_left_out: float) -> pd.DataFrame:
    """Return the trusted values in SI units, and the places."""
    good = {name: _trusted(frame, name, origin, most_left_out) for name in RANGES}
    rows = frame[KEY].assign(
        tmin_c=good["TN"],
        tmax_c=good["TX"],
        tmean_c=good["TM"].fillna(good["TNTXM"]).fillna((good["TN"] + good["TX"]) / 2.0),
        precip_mm=good["RR"],
        radiation_mj_m2=good["GLOT"] * J_CM2_TO_MJ_M2,
        wind_m_s=good["FFM"].fillna(good["FF2M"] / WIND_10M_TO_2M),
        rh_pct=good["UM"],
        # Dew makes ETP slightly negative; the demand for water is then 0.
        et0_source_mm=good["ETPMON"].fillna(good["ETPGRILLE"]).clip(lower=0.0),
    )
    for column, name in zip(PLACE, ("name", "lat", "lon", "altitude_m"), strict=True):
        if column in frame:
            rows[name] = frame[column]
    return rows


def _trusted(frame: pd.DataFrame, name: str, origin: Origin, most_left_out: float) -> pd.Series:
    """Return the values of `name` with a good quality code; out-of-range ones are left out.

    Raises:
        SourceError: too many are out of range, so they must be in another unit.
    """
    if name not in frame:
        return pd.Series(np.nan, index=frame.index)
    values = frame[name]
    code = f"Q{name}"
    if code in frame:
        values = values.where(frame[code].isna() | frame[code].isin(GOOD_CODES))
    low, high = RANGES[name]
    off = values.notna() & ~values.between(low, high)
    if not off.any():
        return values
    first = frame[off].iloc[0]
    what = message(
        "stations.out_of_range",
        column=name,
        value=first[name],
        station=first["station"],
        day=first["date"].date(),
        lowest=low,
        highest=high,
        count=off.sum(),
    )
    error = origin.error(what, message("advice.corrected"))
    if off.sum() > most_left_out * values.notna().sum():
        raise error
    _log.warning("left out: %s", error)
    return values.where(~off)


def _decoded(name: object) -> str:
    """Return the name of a station, in whichever encoding it came."""
    if not isinstance(name, bytes):
        return "" if name is None or name != name else str(name)  # noqa: PLR0124
    try:
        return name.decode("utf-8").strip()
    except UnicodeDecodeError:
        return name.decode("cp1252", "replace").strip()
