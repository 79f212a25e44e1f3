"""The station files over real HTTP: values worked out by hand, and each fault told."""

import gzip
import hashlib
import io
import math
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.meteo_france import MeteoFrance
from geo_pipeline.sources.observed import OBSERVED, WeatherSource
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.sources.station_files import Origin, read_days
from geo_pipeline.sources.stations import homes, own_code
from geo_pipeline.spatial.voronoi import VoronoiCells
from geo_pipeline.transforms.stations import StationMeans

ROOT = Path(__file__).resolve().parents[2]
DATASET = "/api/1/datasets/donnees-climatologiques-de-base-quotidiennes/"
PLACES = "NUM_POSTE;NOM_USUEL;LAT;LON;ALTI;AAAAMMJJ"
RAIN = (
    f"{PLACES};RR;QRR;TN;QTN;HTN;QHTN;TX;QTX;HTX;QHTX;TM;QTM;TNTXM;QTNTXM;TAMPLI;QTAMPLI;"
    "TNSOL;QTNSOL;TN50;QTN50;DG;QDG;FFM;QFFM;FF2M;QFF2M;FXY;QFXY;DXY;QDXY;HXY;QHXY"
).split(";")
OTHER = (
    f"{PLACES};DHUMEC;QDHUMEC;PMERM;QPMERM;INST;QINST;GLOT;QGLOT;UN;QUN;UX;QUX;UM;QUM;"
    "ETPMON;QETPMON;ETPGRILLE;QETPGRILLE"
).split(";")
WEST = {"NUM_POSTE": "32013005", "NOM_USUEL": "AUCH", "LAT": 43.6, "LON": 0.25, "ALTI": 128}
EAST = {"NUM_POSTE": "32160002", "NOM_USUEL": "L'ISLE", "LAT": 43.6, "LON": 0.75, "ALTI": 180}
JANUARY = (date(2020, 1, 1), date(2020, 1, 31))


def square(*codes: str) -> gpd.GeoDataFrame:
    """Return each département as a degree square; a meridian parts it nearly in the middle."""
    shape = shapely.box(0.0, 43.2, 1.0, 44.0)
    return gpd.GeoDataFrame(
        {"departement": list(codes)}, geometry=[shape] * len(codes), crs="OGC:CRS84"
    )


def csv(header: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    """Return a file as it is published: `;`, decimal points, nothing for missing."""
    lines = [";".join(header)]
    lines += [";".join(str(row.get(name, "")) for name in header) for row in rows]
    return "\n".join(lines) + "\n"


def rain(*rows: dict[str, Any], header: Sequence[str] = RAIN) -> bytes:
    return gzip.compress(csv(header, rows).encode(), mtime=0)


def other(*rows: dict[str, Any], header: Sequence[str] = OTHER) -> bytes:
    return gzip.compress(csv(header, rows).encode(), mtime=0)


def day(number: int, station: dict[str, Any] = WEST, **values: Any) -> dict[str, Any]:
    """Return a row of January 2020; each value validated unless its code is given."""
    codes = {f"Q{name}": 1 for name in values if not name.startswith("Q")}
    return {**station, "AAAAMMJJ": 20200100 + number, **codes, **values}


class Published:
    """The dataset on a provider: lists what files it has and serves them."""

    def __init__(self, provider: Any) -> None:
        self.provider = provider
        self.resources: list[Any] = [
            {"title": "Fiches", "url": "https://example.org/fiches.pdf"},
            {"title": "MENSQ", "url": f"{provider.url}/MENSQ_32_latest-2020-2021.csv.gz"},
            {"title": "no url"},
        ]
        provider.on(DATASET, lambda asked: provider.answer(json={"resources": self.resources}))

    def put(self, name: str, body: bytes | str, **said: Any) -> str:
        """List and serve a file; return its URL."""
        url = f"{self.provider.url}/BASE/QUOT/{name}"
        self.resources.append({"title": name, "url": url, "last_modified": "2026-10-01T06:00:00"})
        self.provider.on(f"/BASE/QUOT/{name}", body, **said)
        return url

    def latest(self, *rows: dict[str, Any], code: str = "32") -> None:
        """Put a file of the running years, with a file of other parameters without rows."""
        self.put(f"Q_{code}_latest-2019-2020_RR-T-Vent.csv.gz", rain(*rows))
        self.put(f"Q_{code}_latest-2019-2020_autres-parametres.csv.gz", other())


@pytest.fixture
def published(provider: Any) -> Published:
    return Published(provider)


@pytest.fixture
def http() -> Http:
    return Http(default_rate=1e4, sleep=lambda seconds: None, attempts=3, read_timeout_s=5.0)


@pytest.fixture
def source(provider: Any, http: Http) -> MeteoFrance:
    return MeteoFrance(http, StationMeans(VoronoiCells(square("32"))), url=provider.url)


def test_it_is_a_source_of_weather(source: MeteoFrance) -> None:
    weather: WeatherSource = source
    assert weather.name == "meteo-france"


def test_values_in_our_units_joined_from_both_groups(
    source: MeteoFrance, published: Published
) -> None:
    published.put(
        "Q_32_latest-2019-2020_RR-T-Vent.csv.gz",
        rain(day(1, RR=12.4, TN=-1.5, TX=8.5, TM=3.0, FFM=4.0, FF2M=9.9), day(2, RR=0.0)),
    )
    published.put(
        "Q_32_latest-2019-2020_autres-parametres.csv.gz",
        other(day(1, GLOT=512, UM=81, ETPMON=0.9, ETPGRILLE=1.7), day(3, ETPGRILLE=0.6)),
    )
    observed = source.weather("32", *JANUARY)
    rows = observed.rows
    assert list(rows.columns) == list(OBSERVED)
    assert rows["date"].dtype == "datetime64[ns]"
    assert rows["date"].dt.day.tolist() == [1, 2, 3]
    first = rows.iloc[0]
    assert (first["departement"], first["source"]) == ("32", "meteo-france:stations")
    assert first["resolution"] == "day"
    assert first["tmin_c"] == -1.5
    assert first["tmax_c"] == 8.5
    assert first["tmean_c"] == 3.0
    assert first["precip_mm"] == 12.4
    assert first["wind_m_s"] == 4.0
    assert first["radiation_mj_m2"] == pytest.approx(5.12)
    assert first["rh_pct"] == 81.0
    assert first["et0_source_mm"] == 0.9
    assert math.isnan(first["swi_source"])
    assert rows["stations"].tolist() == [1, 1, 0]
    assert rows["precip_mm"].tolist() == pytest.approx([12.4, 0.0, math.nan], nan_ok=True)
    assert rows["et0_source_mm"].tolist() == pytest.approx([0.9, math.nan, 0.6], nan_ok=True)
    assert observed.provenance.source == "meteo-france"
    assert observed.provenance.url.count("/BASE/QUOT/Q_32_latest-2019-2020_") == 2


def test_the_mean_is_of_those_that_report_and_the_stations_are_told(
    source: MeteoFrance, published: Published
) -> None:
    """Two stations at a quarter and three quarters of the square: half of it each."""
    published.latest(
        day(1, WEST, RR=10.0), day(1, EAST, RR=20.0), day(2, WEST, RR=10.0), day(2, EAST)
    )
    report = source.report("32", *JANUARY)
    rows = report.observed.rows
    assert rows["precip_mm"].tolist() == pytest.approx([15.0, 10.0], abs=1e-3)
    assert rows["stations"].tolist() == [2, 1]
    table = report.stations.set_index("station")
    assert table["name"].to_dict() == {"32013005": "AUCH", "32160002": "L'ISLE"}
    assert table["altitude_m"].to_dict() == {"32013005": 128.0, "32160002": 180.0}
    assert table["weight"].tolist() == pytest.approx([0.75, 0.25], abs=1e-4)
    assert report.observed.notes == ()


def test_doubtful_values_are_missing_and_the_others_are_used(
    source: MeteoFrance, published: Published
) -> None:
    """0 protected, 1 validated, 9 filtered, none at all; 2 is doubtful, 5 is not documented."""
    codes = (0, 1, 2, 9, "", 5)
    published.latest(*(day(n, RR=float(n), QRR=code, TN=0.0) for n, code in enumerate(codes, 1)))
    rows = source.weather("32", *JANUARY).rows
    known = [1.0, 2.0, math.nan, 4.0, 5.0, math.nan]
    assert rows["precip_mm"].tolist() == pytest.approx(known, nan_ok=True)
    assert rows["stations"].tolist() == [1, 1, 0, 1, 1, 0]
    assert rows["tmin_c"].tolist() == [0.0] * 6


def test_a_doubtful_value_may_be_anything(source: MeteoFrance, published: Published) -> None:
    published.latest(day(1, RR=5.0, TX=99.9, QTX=2))
    assert source.weather("32", *JANUARY).rows["tmax_c"].isna().all()


def test_the_mean_temperature_is_of_the_hours_else_of_the_extremes(
    source: MeteoFrance, published: Published
) -> None:
    published.latest(
        day(1, TN=0.0, TX=10.0, TM=4.0, TNTXM=5.0),
        day(2, TN=0.0, TX=10.0, TM=4.0, QTM=2, TNTXM=5.0),
        day(3, TN=0.0, TX=11.0),
        day(4, TN=0.0),
    )
    means = source.weather("32", *JANUARY).rows["tmean_c"].tolist()
    assert means == pytest.approx([4.0, 5.0, 5.5, math.nan], nan_ok=True)


def test_wind_at_ten_metres_is_measured_or_made_from_two(
    source: MeteoFrance, published: Published
) -> None:
    published.latest(day(1, FFM=0.0), day(2, FF2M=1.5), day(3, RR=1.0))
    winds = source.weather("32", *JANUARY).rows["wind_m_s"].tolist()
    assert winds[0] == 0.0
    # FAO-56, example 14: 3.2 m/s at 10 m are 2.4 m/s at 2 m.
    assert round(2.4 / 1.5 * winds[1], 1) == 3.2
    assert math.isnan(winds[2])


def test_dew_is_no_demand(source: MeteoFrance, published: Published) -> None:
    published.put("Q_32_latest-2019-2020_RR-T-Vent.csv.gz", rain(day(1, RR=1.0)))
    published.put("Q_32_latest-2019-2020_autres-parametres.csv.gz", other(day(1, ETPMON=-0.1)))
    assert source.weather("32", *JANUARY).rows["et0_source_mm"].tolist() == [0.0]


def test_periods_that_touch_are_read_and_past_ones_once(
    provider: Any, http: Http, published: Published
) -> None:
    old = {**WEST, "AAAAMMJJ": 19491231, "RR": 1.0, "QRR": 1}
    middle = {**WEST, "AAAAMMJJ": 19500101, "RR": 2.0, "QRR": 1}
    published.put("Q_32_1786-1949_RR-T-Vent.csv.gz", rain(old))
    published.put("Q_32_previous-1950-2018_RR-T-Vent.csv.gz", rain(middle))
    published.put("Q_32_previous-1950-2018_autres-parametres.csv.gz", other())
    published.latest(day(1, RR=3.0))
    published.put("Q_31_latest-2019-2020_RR-T-Vent.csv.gz", b"of another")
    for _ in range(2):
        source = MeteoFrance(http, StationMeans(VoronoiCells(square("32"))), url=provider.url)
        report = source.report("32", date(1949, 1, 1), date(2020, 12, 31))
        rows = report.observed.rows
        assert rows["precip_mm"].tolist() == [1.0, 2.0, 3.0]
        assert [str(each.date()) for each in rows["date"]] == [
            "1949-12-31", "1950-01-01", "2020-01-01",
        ]  # fmt: skip
        assert tuple(map(str, report.observed.notes)) == (
            "no file of autres-parametres for 1786 to 1949: "
            "radiation, humidity and ETP of these years are missing",
        )
    asked = provider.paths()
    assert asked.count("/BASE/QUOT/Q_32_previous-1950-2018_RR-T-Vent.csv.gz") == 1
    assert asked.count("/BASE/QUOT/Q_32_latest-2019-2020_RR-T-Vent.csv.gz") == 2
    assert not any("Q_31" in path or "MENSQ" in path for path in asked)
    provider.asked.clear()
    source.weather("32", *JANUARY)
    assert sorted(provider.paths()) == [
        "/BASE/QUOT/Q_32_latest-2019-2020_RR-T-Vent.csv.gz",
        "/BASE/QUOT/Q_32_latest-2019-2020_autres-parametres.csv.gz",
    ]


def test_names_of_2026(http: Http, provider: Any, published: Published) -> None:
    """The oldest period is `avant-1949`: it is neither asked for in vain nor takes the end."""
    before = {**WEST, "AAAAMMJJ": 19490101, "RR": 5.0, "QRR": 1}
    published.put("Q_32_avant-1949_RR-T-Vent.csv.gz", rain(before))
    published.put("Q_32_previous-1950-2018_RR-T-Vent.csv.gz", rain(day(1, RR=1.0)))
    published.latest(day(1, RR=1.0))
    latest = "/BASE/QUOT/Q_32_latest-2019-2020_RR-T-Vent.csv.gz"
    for fallen in (1.0, 731.0):
        provider.reset(latest).on(latest, rain(day(1, RR=fallen)))
        source = MeteoFrance(http, StationMeans(VoronoiCells(square("32"))), url=provider.url)
        assert source.weather("32", *JANUARY).rows["precip_mm"].tolist() == [fallen]
    assert not any("avant" in path for path in provider.paths())
    assert source.weather("32", date(1949, 1, 1), date(1949, 12, 31)).rows["precip_mm"][0] == 5.0


@pytest.mark.parametrize("period", ["apres-2024", "complement", "latest-2025", "20-26"])
def test_a_period_that_is_not_understood_is_an_error(
    source: MeteoFrance, published: Published, period: str
) -> None:
    published.latest(day(1, RR=1.0))
    published.put(f"Q_32_{period}_RR-T-Vent.csv.gz", rain(day(1, RR=1.0)))
    published.put(f"Q_31_{period}_RR-T-Vent.csv.gz", rain(day(1, RR=1.0)))
    with pytest.raises(SourceError, match=rf"lists Q_32_{period}_RR-T-Vent\.csv\.gz, whose name"):
        source.weather("32", *JANUARY)


def test_a_file_of_this_year_is_asked_for_again_whatever_is_listed_beside(
    http: Http, provider: Any, published: Published
) -> None:
    today = pd.Timestamp.now("UTC").tz_localize(None).normalize()
    name = f"Q_32_latest-{today.year - 1}-{today.year}_RR-T-Vent.csv.gz"
    yesterday = {**WEST, "AAAAMMJJ": f"{today - timedelta(days=1):%Y%m%d}", "QRR": 9}
    published.put(f"Q_32_next-{today.year + 1}-{today.year + 2}_RR-T-Vent.csv.gz", rain())
    published.put(name, rain({**yesterday, "RR": 1.0}))
    for fallen in (1.0, 7.0):
        path = f"/BASE/QUOT/{name}"
        provider.reset(path).on(path, rain({**yesterday, "RR": fallen}))
        source = MeteoFrance(http, StationMeans(VoronoiCells(square("32"))), url=provider.url)
        rows = source.weather("32", date(today.year - 1, 1, 1), date(today.year, 12, 31)).rows
        assert rows["precip_mm"].tolist() == [fallen]
        assert rows["provisional"].tolist() == [True]


def test_mayotte_has_a_code_of_its_own(http: Http, provider: Any, published: Published) -> None:
    station = {"NUM_POSTE": "98508001", "NOM_USUEL": "PAMANDZI", "LAT": -12.80, "LON": 45.28}
    published.latest(day(1, {**station, "ALTI": 7}, RR=4.5), code="985")
    boundaries = gpd.read_parquet(ROOT / "assets_data" / "departements.parquet")
    source = MeteoFrance(http, StationMeans(VoronoiCells(boundaries)), url=provider.url)
    rows = source.weather("976", *JANUARY).rows
    assert rows["departement"].tolist() == ["976"]
    assert rows["precip_mm"].tolist() == [4.5]


def test_one_impossible_value_does_not_refuse_the_others(
    source: MeteoFrance, published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [day(number, RR=1.0, TN=2.0) for number in range(1, 31)]
    rows[4] = day(5, RR=5000.0, TN=2.0)
    published.latest(*rows)
    found = source.weather("32", *JANUARY).rows.set_index("date")
    assert np.isnan(found["precip_mm"][pd.Timestamp("2020-01-05")])
    assert found["precip_mm"].sum() == 29.0
    assert found["tmin_c"].tolist() == [2.0] * 30
    assert "left out: meteo-france, département 32: " in caplog.text
    assert "has RR = 5000 for station 32013005 on 2020-01-05" in caplog.text


def test_codes_of_meteo_france() -> None:
    """As the API lists them: 20 is Corsica, 985 is Mayotte, 975 and others are no départements."""
    assert [own_code(code) for code in ("01", "2A", "2B", "971", "976")] == [
        "01", "20", "20", "971", "985",
    ]  # fmt: skip
    assert homes("20") == ("2A", "2B")
    assert homes("985") == ("976",)
    assert homes("31") == ("31",)
    assert homes("975") == homes("99") == ()


def test_only_the_days_asked_for(source: MeteoFrance, published: Published) -> None:
    published.latest(*(day(number, RR=1.0) for number in range(1, 32)))
    rows = source.weather("32", date(2020, 1, 10), date(2020, 1, 12)).rows
    assert rows["date"].dt.day.tolist() == [10, 11, 12]


def test_the_last_days_are_provisional(source: MeteoFrance, published: Published) -> None:
    """Those within 45 days of the day on which the running file came."""
    today = pd.Timestamp.now("UTC").tz_localize(None).normalize()
    ages = (60, 47, 43, 1)
    rows = [
        {**WEST, "AAAAMMJJ": f"{today - timedelta(days=age):%Y%m%d}", "RR": 1.0, "QRR": 9}
        for age in ages
    ]
    years = f"{today.year - 1}-{today.year}"
    published.put(f"Q_32_latest-{years}_RR-T-Vent.csv.gz", rain(*rows))
    observed = source.weather("32", date(today.year - 1, 1, 1), date(today.year, 12, 31)).rows
    assert observed["provisional"].dtype == np.bool_
    assert observed["provisional"].tolist() == [False, False, True, True]


@pytest.mark.parametrize("paged", ["next_page", "linked", "relative"])
def test_lists_that_come_in_pages(provider: Any, http: Http, paged: str) -> None:
    name = "Q_32_latest-2019-2020_RR-T-Vent.csv.gz"
    url = f"/files/{name}" if paged == "relative" else f"{provider.url}/files/{name}"
    pdf = {"url": "https://example.org/fiches.pdf"}
    second = f"{provider.url}/page/2"
    if paged == "linked":
        provider.on(DATASET, json={"resources": {"href": f"{provider.url}/page/1", "total": 2}})
    else:
        provider.on(DATASET, json={"resources": [pdf], "next_page": "/page/1"})
    provider.on("/page/1", json={"data": [pdf], "next_page": second})
    provider.on("/page/2", json={"data": [{"url": url}], "next_page": None})
    provider.on(f"/files/{name}", rain(day(1, RR=7.0)))
    source = MeteoFrance(http, StationMeans(VoronoiCells(square("32"))), url=provider.url + "/")
    assert source.weather("32", *JANUARY).rows["precip_mm"].tolist() == [7.0]


def test_files_from_a_mirror(provider: Any, http: Http) -> None:
    """The list names the real folder; the files are fetched from the mirror that is set."""
    name = "Q_32_latest-2019-2020_RR-T-Vent.csv.gz"
    real = f"https://object.files.data.gouv.fr/meteofrance/data/synchro_ftp/BASE/QUOT/{name}"
    provider.on(DATASET, json={"resources": [{"url": real}]})
    provider.on(f"/mirror/{name}", rain(day(1, RR=7.0)))
    means = StationMeans(VoronoiCells(square("32")))
    source = MeteoFrance(http, means, url=provider.url, files_url=f"{provider.url}/mirror/")
    assert source.weather("32", *JANUARY).rows["precip_mm"].tolist() == [7.0]


def test_corsica_is_one_file_and_two_departements(
    provider: Any, http: Http, published: Published
) -> None:
    ajaccio = {"NUM_POSTE": "20004002", "NOM_USUEL": "AJACCIO", "LAT": 41.918, "LON": 8.793}
    bastia = {"NUM_POSTE": "20148001", "NOM_USUEL": "BASTIA", "LAT": 42.540, "LON": 9.485}
    published.latest(
        day(1, {**ajaccio, "ALTI": 5}, RR=3.0), day(1, {**bastia, "ALTI": 10}, RR=8.0), code="20"
    )
    boundaries = gpd.read_parquet(ROOT / "assets_data" / "departements.parquet")
    source = MeteoFrance(http, StationMeans(VoronoiCells(boundaries)), url=provider.url)
    south, north = source.report("2A", *JANUARY), source.report("2B", *JANUARY)
    assert south.observed.rows["precip_mm"].tolist() == [3.0]
    assert north.observed.rows["precip_mm"].tolist() == [8.0]
    assert south.stations["station"].tolist() == ["20004002"]
    assert south.observed.rows["departement"].tolist() == ["2A"]


def test_published_figures_come_back_as_they_are(
    source: MeteoFrance, published: Published, shared_data: Path
) -> None:
    """The official temperatures of the Gers, three years, as if of one station."""
    official = pd.read_csv(
        shared_data / "observed" / "temperature_quotidienne_departementale_2018_2020.csv",
        sep=";", dtype={"code_insee_departement": str}, parse_dates=["date_obs"],
    ).query("code_insee_departement == '32'").sort_values("date_obs")  # fmt: skip
    rows = [
        {
            **WEST,
            "AAAAMMJJ": f"{row.date_obs:%Y%m%d}",
            **{"TN": row.tmin, "QTN": 1, "TX": row.tmax, "QTX": 1, "TM": row.tmoy, "QTM": 1},
        }
        for row in official.itertuples()
    ]
    published.put("Q_32_previous-1950-2018_RR-T-Vent.csv.gz", rain(*rows[:365]))
    published.latest(*rows[365:])
    observed = source.weather("32", date(2018, 1, 1), date(2020, 12, 31)).rows
    assert len(observed) == 1096
    for name, column in (("tmin_c", "tmin"), ("tmax_c", "tmax"), ("tmean_c", "tmoy")):
        np.testing.assert_allclose(observed[name], official[column], rtol=0, atol=1e-9)
    assert observed["precip_mm"].isna().all()
    assert observed["stations"].tolist() == [0] * 1096


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(lambda text: text.encode("latin-1"), id="Latin-1"),
        pytest.param(lambda text: text.encode("utf-8"), id="UTF-8"),
        pytest.param(lambda text: text.encode("utf-8-sig"), id="BOM"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(lambda text: text.replace("12.5", "12,5").encode(), id="decimal comma"),
        pytest.param(lambda text: text.replace(";12.5;", "; 12.5 ;").encode(), id="padded"),
    ],
)
@pytest.mark.parametrize("zipped", [True, False], ids=["gzip", "plain"])
def test_ways_of_writing_the_same(
    source: MeteoFrance, published: Published, encoded: Any, zipped: bool
) -> None:
    station = {**WEST, "NOM_USUEL": "CONDOM-SÉNÉBÈS"}
    content = encoded(csv(RAIN, [day(1, station, RR=12.5)]))
    published.put(
        "Q_32_latest-2019-2020_RR-T-Vent.csv.gz", gzip.compress(content) if zipped else content
    )
    report = source.report("32", *JANUARY)
    assert report.observed.rows["precip_mm"].tolist() == [12.5]
    assert report.stations["name"].tolist() == ["CONDOM-SÉNÉBÈS"]


def test_columns_in_another_order_and_new_ones(source: MeteoFrance, published: Published) -> None:
    header = ["NEW", *reversed(RAIN), "QNEW"]
    row = day(1, RR=12.5, NEW="text")
    published.put("Q_32_latest-2019-2020_RR-T-Vent.csv.gz", rain(row, header=header))
    assert source.weather("32", *JANUARY).rows["precip_mm"].tolist() == [12.5]


def test_a_row_twice_counts_once_and_a_leading_zero_is_kept(
    source: MeteoFrance, published: Published
) -> None:
    short = {**WEST, "NUM_POSTE": "1014002"}
    full = {**WEST, "NUM_POSTE": "01014002"}
    published.latest(day(1, short, RR=5.0), day(1, full, RR=5.0), day(2, full, RR=6.0))
    report = source.report("32", *JANUARY)
    assert report.observed.rows["precip_mm"].tolist() == [5.0, 6.0]
    assert report.observed.rows["stations"].tolist() == [1, 1]
    assert report.stations["station"].tolist() == ["01014002"]


def without(header: Sequence[str], name: str) -> list[str]:
    return [each for each in header if each != name]


FAULTS = {
    "truncated gzip": (rain(*(day(n, RR=n / 7) for n in range(1, 32)))[:-30], "cut gzip"),
    "damaged gzip": (rain(day(1, RR=1.0))[:20] + b"\0" * 40, "damaged or cut gzip"),
    "HTML": (b"<!doctype html><title>Maintenance</title>", "sent HTML in place of CSV"),
    "HTML in gzip": (gzip.compress(b"<html>"), "sent HTML in place of CSV"),
    "JSON": (b'{"error": "busy"}', "sent JSON in place of CSV"),
    "empty": (b"", "sent nothing"),
    "empty gzip": (gzip.compress(b""), "sent an empty file"),
    "missing column": (rain(day(1), header=without(RAIN, "RR")), "has no column RR"),
    "missing code": (rain(day(1), header=without(RAIN, "QTX")), "has no column QTX"),
    "missing station": (
        rain(day(1), header=without(RAIN, "NUM_POSTE")),
        "has no column NUM_POSTE",
    ),
    "column twice": (rain(day(1), header=[*RAIN, "RR"]), "has the column RR twice"),
    "cut row": (csv(RAIN, [day(1, RR=1.0)]).encode()[:-9], "cannot be read"),
    "not a number": (rain(day(1, TX="nan")), "has no number in column TX"),
    "no number": (rain(day(1, TX="chaud")), "has no number in column TX .*chaud"),
    "no date": (rain({**day(1, RR=1.0), "AAAAMMJJ": 20200132}), "no value|no date"),
    "no date at all": (rain({**day(1, RR=1.0), "AAAAMMJJ": ""}), "a row without AAAAMMJJ"),
    "impossible date": (rain({**day(1, RR=1.0), "AAAAMMJJ": 20200100}), "no value|no date"),
    "word for date": (rain({**day(1, RR=1.0), "AAAAMMJJ": "hier"}), "column AAAAMMJJ .*hier"),
    "conflict": (
        rain(day(1, RR=1.0), day(2, RR=4.0), day(1, RR=2.0)),
        "two rows that differ for station 32013005 on 2020-01-01",
    ),
    "negative rain": (rain(day(1, RR=-1.0)), "RR = -1 for station 32013005 on 2020-01-01"),
    "infinite": (rain(day(1, RR="inf")), "RR = inf for station 32013005"),
    "too hot": (rain(day(3, TX=99.9)), "TX = 99.9 for station 32013005 on 2020-01-03"),
    "no coordinates": (rain(day(1, {**WEST, "LAT": ""}, RR=1.0)), "places station 32013005"),
    "no rows": (rain(), "has no value of any station in these days"),
    "no values": (rain(day(1)), "has no value of any station in these days"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_named_with_what_is_wrong(
    source: MeteoFrance, published: Published, fault: str
) -> None:
    body, what = FAULTS[fault]
    url = published.put("Q_32_latest-2019-2020_RR-T-Vent.csv.gz", body)
    with pytest.raises(SourceError, match=what) as caught:
        source.weather("32", *JANUARY)
    message = str(caught.value)
    assert message.startswith("meteo-france, département 32: ")
    assert url in message
    assert "\n" not in message
    assert "; " in message.rpartition(url)[2]


def test_a_faulty_file_is_asked_for_anew_even_of_the_past(
    provider: Any, http: Http, published: Published
) -> None:
    """A past file is fetched once only; not when what came could not be read."""
    path = "/BASE/QUOT/Q_32_previous-1950-2018_RR-T-Vent.csv.gz"
    row = {**WEST, "AAAAMMJJ": 20180101, "RR": 2.0, "QRR": 1}
    published.put("Q_32_previous-1950-2018_RR-T-Vent.csv.gz", b"<html>")
    published.latest()
    year = date(2018, 1, 1), date(2018, 12, 31)
    source = MeteoFrance(http, StationMeans(VoronoiCells(square("32"))), url=provider.url)
    with pytest.raises(SourceError, match="HTML"):
        source.weather("32", *year)
    provider.reset(path).on(path, rain(row))
    assert source.weather("32", *year).rows["precip_mm"].tolist() == [2.0]


def test_files_that_contradict_each_other_are_both_named(
    source: MeteoFrance, published: Published
) -> None:
    published.put("Q_32_previous-1950-2020_RR-T-Vent.csv.gz", rain(day(1, RR=1.0)))
    published.put("Q_32_latest-2019-2020_RR-T-Vent.csv.gz", rain(day(1, RR=1.5)))
    with pytest.raises(SourceError, match=r"previous-1950-2020.* and .*latest-2019.*differ"):
        source.weather("32", *JANUARY)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<html>", "sent HTML in place of data"),
        ("[]", "not a dataset"),
        ('{"title": "x"}', "without a list of resources"),
        ('{"resources": 3}', "without a list of resources"),
        ('{"resources": [{"url": 4}, 7, null]}', "lists no daily file Q_32_"),
        ("", "sent nothing"),
        ('{"resources": [', "ends too early"),
    ],
)
def test_a_list_that_is_none(source: MeteoFrance, provider: Any, body: str, what: str) -> None:
    provider.on(DATASET, body)
    with pytest.raises(SourceError, match=what) as caught:
        source.weather("32", *JANUARY)
    assert str(caught.value).startswith("meteo-france, département 32: ")
    assert DATASET in str(caught.value)


def test_pages_without_end(source: MeteoFrance, provider: Any) -> None:
    provider.on(DATASET, json={"resources": [], "next_page": DATASET})
    with pytest.raises(SourceError, match="over 100 pages"):
        source.weather("32", *JANUARY)


def test_a_departement_or_a_period_that_is_not_listed(
    source: MeteoFrance, published: Published
) -> None:
    published.latest(day(1, RR=1.0))
    with pytest.raises(SourceError, match=r"département 976: .* lists no daily file Q_985_"):
        source.weather("976", *JANUARY)
    with pytest.raises(SourceError, match="no file of 2010-01-01 to 2010-12-31, but of 2019 to"):
        source.weather("32", date(2010, 1, 1), date(2010, 12, 31))


def test_trouble_on_the_way(source: MeteoFrance, published: Published, provider: Any) -> None:
    """A burst of 500, a 429 and a cut body, then the file: nothing is lost."""
    path = "/BASE/QUOT/Q_32_latest-2019-2020_RR-T-Vent.csv.gz"
    provider.on(path, status=500)
    provider.on(path, rain(day(1, RR=12.5)), cut=50)
    published.put("Q_32_latest-2019-2020_RR-T-Vent.csv.gz", rain(day(1, RR=12.5)))
    provider.on("/BASE/QUOT/Q_32_latest-2019-2020_autres-parametres.csv.gz", status=429,
                headers={"Retry-After": "0"})  # fmt: skip
    published.put("Q_32_latest-2019-2020_autres-parametres.csv.gz", other(day(1, UM=50)))
    rows = source.weather("32", *JANUARY).rows
    assert rows["precip_mm"].tolist() == [12.5]
    assert rows["rh_pct"].tolist() == [50.0]


def test_a_file_that_is_gone_is_named(source: MeteoFrance, published: Published) -> None:
    published.resources.append(
        {"url": f"{published.provider.url}/gone/Q_32_latest-2019-2020_RR-T-Vent.csv.gz"}
    )
    with pytest.raises(SourceError, match=r"^meteo-france, département 32: .*/gone/.* 404"):
        source.weather("32", *JANUARY)


def test_a_rebuild_from_what_is_kept_needs_no_network(
    tmp_path: Path, provider: Any, published: Published
) -> None:
    published.latest(day(1, RR=12.5), day(1, EAST, RR=1.0))
    means = StationMeans(VoronoiCells(square("32")))
    online = MeteoFrance(Http(RawStore(tmp_path)), means, url=provider.url)
    before = online.weather("32", *JANUARY)
    provider.close()
    offline = MeteoFrance(Http(RawStore(tmp_path), offline=True), means, url=provider.url)
    after = offline.weather("32", *JANUARY)
    pd.testing.assert_frame_equal(before.rows, after.rows)
    assert before.provenance == after.provenance
    parts = [
        hashlib.sha256(body).hexdigest()
        for body in (other(), rain(day(1, RR=12.5), day(1, EAST, RR=1.0)))
    ]
    assert after.provenance.sha256 == hashlib.sha256("".join(parts).encode()).hexdigest()


def test_an_impossible_date_is_told_in_a_few_words() -> None:
    """Without the hints of pandas, three lines of them."""
    rows = b"NUM_POSTE;AAAAMMJJ;RR\n32013005;20200228;1.0\n32013005;20200231;1.0\n"
    origin = Origin("meteo-france", "32", "q.csv")
    with pytest.raises(SourceError) as caught:
        read_days(io.BytesIO(rows), origin, date(1900, 1, 1), date(2100, 1, 1))
    assert str(caught.value) == (
        "meteo-france, département 32: q.csv has no date in column AAAAMMJJ (20200231); "
        "try again later"
    )
