"""Météo-France's files and NASA POWER on loopback: a few cells and a station, real layouts."""

import gzip
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from tests.sources.file_host import FileHost

LIST = "/api/1/datasets/donnees-changement-climatique-sim-quotidienne/"
FOLDER = "/meteofrance/data/synchro_ftp/REF_CC/SIM/"
STATION_LIST = "/api/1/datasets/donnees-climatologiques-de-base-quotidiennes/"
STATION_FOLDER = "/meteofrance/data/synchro_ftp/BASE/QUOT/"
POWER = "/api/temporal/daily/point"
CELLS = {"32": (4360, 18570), "31": (5240, 18410), "33": (3720, 19850)}
"""A cell of the grid in each of three départements."""
HEADER = (
    "LAMBX;LAMBY;DATE;PRENEI;PRELIQ;T;FF;Q;DLI;SSI;HU;EVAP;ETP;PE;SWI;DRAINC;RUNC;"
    "RESR_NEIGE;RESR_NEIGE6;HTEURNEIGE;HTEURNEIGE6;HTEURNEIGEX;SNOW_FRAC;ECOULEMENT;"
    "WG_RACINE;WGI_RACINE;TINF_H;TSUP_H"
)
UNITS = {
    "T2M": "C", "T2M_MAX": "C", "T2M_MIN": "C", "PRECTOTCORR": "mm/day",
    "ALLSKY_SFC_SW_DWN": "MJ/m^2/day", "WS10M": "m/s", "RH2M": "%",
}  # fmt: skip


def weather(code: str, day: date) -> dict[str, float]:
    """Return the weather of a day: a season, and chance that is the same whenever it is asked."""
    chance = np.random.default_rng((day.toordinal(), int(code)))
    season = np.cos((day.timetuple().tm_yday - 200) / 365.25 * 2 * np.pi)
    mean_c = 13.0 + 8.0 * season + chance.normal(0, 2)
    rain_mm = chance.gamma(0.7, 6.0) if chance.random() < 0.35 else 0.0
    return {
        "PRELIQ": round(rain_mm, 1), "T": round(mean_c, 1), "FF": 2.5,
        "SSI": round(1300.0 + 900.0 * season, 1), "HU": 72.0, "ETP": round(2.5 + 2.0 * season, 1),
        "SWI": round(0.6 - 0.25 * season + chance.normal(0, 0.05), 3),
        "TINF_H": round(mean_c - 5.0, 1), "TSUP_H": round(mean_c + 5.0, 1),
    }  # fmt: skip


def grid(first: date, last: date) -> bytes:
    """Return a grid file of these days, as gzip."""
    lines = [HEADER]
    names = HEADER.split(";")[3:]
    for code, (x, y) in CELLS.items():
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            said = weather(code, day)
            values = ";".join(str(said.get(name, 0.0)) for name in names)
            lines.append(f"{x};{y};{day:%Y%m%d};{values}")
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


STATION = {"NUM_POSTE": "32013005", "NOM_USUEL": "AUCH", "LAT": 43.65, "LON": 0.58, "ALTI": 128}
STATION_COLUMNS = {
    "RR-T-Vent": {"RR": "PRELIQ", "TN": "TINF_H", "TX": "TSUP_H", "TM": "T", "FFM": "FF"},
    "autres-parametres": {"GLOT": "SSI", "UM": "HU", "ETPMON": "ETP", "ETPGRILLE": "ETP"},
}
"""Columns of the two groups of station files, with what they say in the grid."""


def station_file(first: date, last: date, group: str) -> bytes:
    """Return the days of a station in the Gers, each value validated, as gzip."""
    columns = STATION_COLUMNS[group]
    lines = [";".join([*STATION, "AAAAMMJJ", *(f"{each};Q{each}" for each in columns)])]
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        said = weather("32", day)
        values = (f"{said[name]};1" for name in columns.values())
        lines.append(";".join([*map(str, STATION.values()), f"{day:%Y%m%d}", *values]))
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


def power(asked: dict[str, list[str]]) -> bytes:
    """Return what NASA POWER says of a cell."""
    first, last = (date.fromisoformat(asked[name][0]) for name in ("start", "end"))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    values = {"T2M": 25.0, "T2M_MAX": 29.0, "T2M_MIN": 21.0, "PRECTOTCORR": 4.0,
              "ALLSKY_SFC_SW_DWN": 18.0, "WS10M": 4.0, "RH2M": 80.0}  # fmt: skip
    names = asked["parameters"][0].split(",")
    said: dict[str, Any] = {
        "properties": {
            "parameter": {
                name: {f"{day:%Y%m%d}": values[name] + day.toordinal() % 4 for day in days}
                for name in names
            }
        },
        "header": {"fill_value": -999.0},
        "parameters": {name: {"units": UNITS[name]} for name in names},
    }
    return json.dumps(said).encode()


class PowerHost(FileHost):
    """Files by address, and NASA POWER."""

    def _answer(self, door: Any) -> None:
        at = urlsplit(door.path)
        if at.path != POWER:
            super()._answer(door)
            return
        body = power(parse_qs(at.query))
        with self._lock:
            self.asked.append((door.command, POWER, None, 200))
        door.send_response(200)
        door.send_header("Content-Length", str(len(body)))
        door.send_header("Content-Type", "application/json")
        door.end_headers()
        door.wfile.write(body)


@dataclass
class LiveHost(PowerHost):
    """All that `geo-pipeline live` asks, since a year, up to the day before yesterday."""

    since: int = 2014
    today: date = field(default_factory=lambda: datetime.now(UTC).date())

    def __post_init__(self) -> None:
        super().__post_init__()
        known = self.today - timedelta(days=2)
        for year in range(self.since, known.year + 1):
            last = min(date(year, 12, 31), known.replace(day=1) - timedelta(days=1))
            if last >= date(year, 1, 1):
                self.files[f"{FOLDER}QUOT_SIM2_{year}.csv.gz"] = grid(date(year, 1, 1), last)
        latest = grid(known - timedelta(days=59), known)
        self.files[f"{FOLDER}QUOT_SIM2_latest.csv.gz"] = latest
        resources = [
            {"title": path.rpartition("/")[2], "format": "csv.gz", "url": f"{self.url}{path}"}
            for path in self.files
        ]
        self.files[LIST] = json.dumps(
            {"id": "6569b27598256cc583c917a7", "resources": resources}
        ).encode()
        self._put_stations(known)

    def _put_stations(self, known: date) -> None:
        """Put the station files of a département, whose lengths are told as those of links are."""
        start = date(known.year - 1, 1, 1)
        periods = [(f"latest-{start.year}-{known.year}", start, known)]
        if self.since < start.year:
            end = date(start.year - 1, 12, 31)
            periods.append((f"previous-1950-{end.year}", date(self.since, 1, 1), end))
        resources = []
        for period, first, last in periods:
            for group in STATION_COLUMNS:
                path = f"{STATION_FOLDER}Q_32_{period}_{group}.csv.gz"
                self.files[path] = station_file(first, last, group)
                met = {"check:headers:content-length": len(self.files[path])}
                resources.append({"url": f"{self.url}{path}", "filesize": None, "extras": met})
        self.files[STATION_LIST] = json.dumps({"resources": resources}).encode()

    def environment(self, home: Any) -> dict[str, str]:
        """Return the settings that lead here."""
        return {
            "GEO_PIPELINE_HOME": str(home),
            "GEO_PIPELINE_DATA_GOUV_URL": self.url,
            "GEO_PIPELINE_NASA_POWER_URL": self.url + POWER,
            "GEO_PIPELINE_OPEN_METEO_SPACING_KM": "200",
            "GEO_PIPELINE_RATES": json.dumps({self.host: 200.0}),
        }
