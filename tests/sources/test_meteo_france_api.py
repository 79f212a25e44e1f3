"""The DPClim API over real HTTP: orders, waiting, and each way of it going wrong."""

import logging
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pydantic import SecretStr

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.meteo_france_api import MeteoFranceApi
from geo_pipeline.sources.observed import OBSERVED, WeatherSource
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.spatial.voronoi import VoronoiCells
from geo_pipeline.transforms.stations import StationMeans

ROOT = Path(__file__).resolve().parents[2]
KEY = "eyJ4NXQiOiJZV0kxTTJZNE1qWTNOemsyTkRZeU5XTTRPV014TXpjek1UVm1Z"
HEADER = "POSTE;DATE;RR;QRR;TN;QTN;TX;QTX;TM;QTM;FFM;QFFM;UM;QUM;GLOT;QGLOT;ETPGRILLE;QETPGRILLE"
JANUARY = (date(2020, 1, 1), date(2020, 1, 31))
TODAY = date(2020, 6, 15)
AUCH = {
    "id": "32013005", "nom": "AUCH", "posteOuvert": True, "typePoste": 1,
    "lon": 0.25, "lat": 43.6, "alt": 128, "postePublic": True,
}  # fmt: skip
ISLE = {**AUCH, "id": "32160002", "nom": "L'ISLE-JOURDAIN", "lon": 0.75, "alt": 180}

Number = Callable[[str, int], str]


def comma(number: float) -> str:
    """Return a number as the API writes it."""
    return f"{number:.1f}".replace(".", ",")


def answer(station: str, *rows: str) -> str:
    """Return a file of `station`; rows begin with their date."""
    return "\n".join([HEADER, *(f"{station};{row}" for row in rows)]) + "\n"


class Api:
    """The API on a provider, as its description has it.

    `rows` are those of each station's file by the first and last day ordered; `not_ready` is how
    often a file is asked for in vain.
    """

    def __init__(self, provider: Any) -> None:
        self.provider = provider
        self.stations: list[Any] = [AUCH, ISLE]
        self.rows: Callable[[str, date, date], list[str]] = lambda station, since, until: []
        self.not_ready = 0
        self.today = TODAY
        self.orders: dict[str, tuple[str, date, date]] = {}
        self.asked_for: dict[str, int] = {}
        provider.on("/DPClim/liste-stations/quotidienne", self.list_stations)
        provider.on("/DPClim/commande-station/quotidienne", self.order)
        provider.on("/DPClim/commande/fichier", self.file)

    def list_stations(self, asked: Any) -> Any:
        if asked.headers.get("apikey") != KEY:
            return self.provider.answer(json={"message": "Invalid Credentials"}, status=401)
        if asked.one("id-departement") not in ("32", "20", "985"):
            return self.provider.answer("", status=404)
        return self.provider.answer(json=self.stations)

    def order(self, asked: Any) -> Any:
        assert asked.headers["apikey"] == KEY
        station = asked.one("id-station")
        since, until = (
            date.fromisoformat(asked.one(name).removesuffix("T00:00:00Z"))
            for name in ("date-deb-periode", "date-fin-periode")
        )
        if until > self.today:
            said = "la date de fin est dans le futur"
            return self.provider.answer(json={"message": said}, status=400)
        if (until - since).days > 365:
            said = "la période demandée ne doit pas dépasser 1 an"
            return self.provider.answer(json={"message": said}, status=400)
        number = f"2020{len(self.orders):09d}"
        self.orders[number] = station, since, until
        body = {"elaboreProduitAvecDemandeResponse": {"return": number}}
        return self.provider.answer(json=body, status=202)

    def file(self, asked: Any) -> Any:
        assert asked.headers["apikey"] == KEY
        number = asked.one("id-cmde")
        self.asked_for[number] = self.asked_for.get(number, 0) + 1
        if self.asked_for[number] <= self.not_ready:
            return self.provider.answer(status=204)
        station = self.orders[number][0]
        return self.provider.answer(answer(station, *self.rows(*self.orders[number])), status=201)

    def count(self, end: str) -> int:
        return sum(path.endswith(end) for path in self.provider.paths())


@pytest.fixture
def api(provider: Any) -> Api:
    return Api(provider)


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def http() -> Http:
    return Http(default_rate=1e4, sleep=lambda seconds: None, read_timeout_s=5.0)


def means(*codes: str) -> StationMeans:
    shape = shapely.box(0.0, 43.2, 1.0, 44.0)
    outlines = {"departement": list(codes or ("32",))}
    frame = gpd.GeoDataFrame(outlines, geometry=[shape] * len(codes or "1"), crs="OGC:CRS84")
    return StationMeans(VoronoiCells(frame))


@pytest.fixture
def source(provider: Any, http: Http, waits: list[float]) -> MeteoFranceApi:
    return MeteoFranceApi(
        http,
        means(),
        SecretStr(KEY),
        url=f"{provider.url}/DPClim/",
        today=lambda: TODAY,
        wait=waits.append,
    )


def test_it_is_a_source_of_weather(source: MeteoFranceApi) -> None:
    weather: WeatherSource = source
    assert weather.name == "meteo-france-api"


def test_stations_are_listed_ordered_fetched_and_averaged(source: MeteoFranceApi, api: Api) -> None:
    api.rows = lambda station, since, until: {
        "32013005": [
            "20200101;10,4;1;-1,5;1;8,5;1;3,0;1;4,0;1;81;9;512;9;1,2;9",
            "20200102;1,0;1;;;;;;;;;;;;;;",
        ],
        "32160002": ["20200101;20,4;1;;;;;;;;;;;;;;", "20200102;9,0;2;;;;;;;;;;;;;;"],
    }[station]
    report = source.report("32", *JANUARY)
    rows = report.observed.rows
    assert list(rows.columns) == list(OBSERVED)
    assert rows["precip_mm"].tolist() == pytest.approx([15.4, 1.0], abs=1e-3)
    assert rows["stations"].tolist() == [2, 1]
    first = rows.iloc[0]
    assert (first["tmin_c"], first["tmax_c"], first["tmean_c"]) == (-1.5, 8.5, 3.0)
    assert first["radiation_mj_m2"] == pytest.approx(5.12)
    assert (first["rh_pct"], first["et0_source_mm"]) == (81.0, 1.2)
    assert first["source"] == "meteo-france-api:stations"
    assert rows["provisional"].tolist() == [False, False]
    assert report.stations["altitude_m"].tolist() == [128.0, 180.0]
    assert report.stations["name"].tolist() == ["AUCH", "L'ISLE-JOURDAIN"]
    assert report.observed.notes == ()
    periods = {(since, until) for _, since, until in api.orders.values()}
    assert periods == {JANUARY}


def with_columns(api: Api, headers: dict[str, str]) -> None:
    """Let the file of each station have this header, and one row of rain, as `RR` or not."""

    def file(asked: Any) -> Any:
        station = api.orders[asked.one("id-cmde")][0]
        names = headers[station].split(";")
        values = {"POSTE": station, "DATE": "20200101", **dict.fromkeys(("RR", "RR24"), "3,8")}
        row = ";".join(values.get(name, "") for name in names)
        return api.provider.answer(f"{headers[station]}\n{row}\n", status=201)

    api.provider.reset("/DPClim/commande/fichier").on("/DPClim/commande/fichier", file)


def test_a_station_with_few_columns(source: MeteoFranceApi, api: Api) -> None:
    """What one station does not measure is missing, where another has its column."""
    with_columns(api, {"32013005": "POSTE;DATE;RR;QRR;DRR;QDRR", "32160002": HEADER})
    rows = source.weather("32", *JANUARY).rows
    assert rows["precip_mm"].tolist() == pytest.approx([3.8])
    assert rows["tmin_c"].isna().all()


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        ("RR;QRR", "RR24;QRR24", "RR"),
        ("RR;QRR;", "", "RR"),
        ("TN;QTN;TX;QTX", "TNN;QTNN;TXX;QTXX", "TN, TX"),
        ("GLOT;QGLOT", "RAY;QRAY", "GLOT"),
    ],
)
def test_a_column_that_no_station_has_is_told(
    source: MeteoFranceApi, api: Api, provider: Any, old: str, new: str, missing: str
) -> None:
    """Not a year without rain; and it is asked for anew, though the days are final."""
    with_columns(api, dict.fromkeys(("32013005", "32160002"), HEADER.replace(old, new)))
    told = f"32: .* has no column {missing} in any of 2 stations from 2020-01-01 to 2020-01-31"
    with pytest.raises(SourceError, match=told):
        source.weather("32", *JANUARY)
    provider.reset("/DPClim/commande/fichier").on("/DPClim/commande/fichier", api.file)
    api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
    assert source.weather("32", *JANUARY).rows["precip_mm"].tolist() == pytest.approx([1.0])


def test_periods_are_a_year_at_most_and_end_yesterday(source: MeteoFranceApi, api: Api) -> None:
    api.stations = [AUCH]
    api.rows = lambda station, since, until: [f"{since:%Y%m%d};1,0;1" + ";" * 14]
    rows = source.weather("32", date(2017, 11, 5), date(2021, 12, 31)).rows
    assert [(str(since), str(until)) for _, since, until in api.orders.values()] == [
        ("2017-11-05", "2017-12-31"),
        ("2018-01-01", "2018-12-31"),
        ("2019-01-01", "2019-12-31"),
        ("2020-01-01", "2020-06-14"),
    ]
    assert len(rows) == 4


def test_the_last_days_are_provisional(source: MeteoFranceApi, api: Api) -> None:
    api.stations = [AUCH]
    api.rows = lambda station, since, until: [
        f"{day};1,0;1" + ";" * 14 for day in (20200501, 20200502, 20200614)
    ]
    rows = source.weather("32", date(2020, 5, 1), TODAY).rows
    assert rows["provisional"].tolist() == [False, True, True]


def test_published_figures_come_back_as_they_are(
    source: MeteoFranceApi, api: Api, shared_data: Path
) -> None:
    """The official temperatures of the Gers, decimal commas and all, as if of one station."""
    path = shared_data / "observed" / "temperature_quotidienne_departementale_2018_2020.csv"
    official = pd.read_csv(path, sep=";", dtype={"code_insee_departement": str})
    official["date_obs"] = pd.to_datetime(official["date_obs"])
    official = official.query("code_insee_departement == '32' and date_obs < '2020-06-01'")
    official = official.sort_values("date_obs")

    def rows(station: str, since: date, until: date) -> list[str]:
        some = official[official["date_obs"].between(pd.Timestamp(since), pd.Timestamp(until))]
        return [
            f"{row.date_obs:%Y%m%d};;;{row.tmin};1;{row.tmax};1;{row.tmoy};1".replace(".", ",")
            + ";" * 8
            for row in some.itertuples()
        ]

    api.stations, api.rows = [AUCH], rows
    observed = source.weather("32", date(2018, 1, 1), date(2020, 12, 31)).rows
    assert len(observed) == len(official) == 882
    for name, column in (("tmin_c", "tmin"), ("tmax_c", "tmax"), ("tmean_c", "tmoy")):
        np.testing.assert_allclose(observed[name], official[column], rtol=0, atol=1e-9)


def test_closed_and_private_stations_are_not_ordered(source: MeteoFranceApi, api: Api) -> None:
    closed, private = {**ISLE, "posteOuvert": False}, {**ISLE, "id": "1", "postePublic": False}
    api.stations = [AUCH, closed, private]
    api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
    source.weather("32", *JANUARY)
    assert {station for station, _, _ in api.orders.values()} == {"32013005"}


def test_a_lost_leading_zero_is_put_back(source: MeteoFranceApi, api: Api) -> None:
    api.stations = [{**AUCH, "id": 1014002, "alt": None, "lat": "43.6"}]
    api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
    report = source.report("32", *JANUARY)
    assert {station for station, _, _ in api.orders.values()} == {"01014002"}
    assert report.stations["altitude_m"].isna().all()


@pytest.fixture
def of_france(provider: Any, http: Http) -> MeteoFranceApi:
    """The source with the real outlines."""
    boundaries = gpd.read_parquet(ROOT / "assets_data" / "departements.parquet")
    return MeteoFranceApi(
        http, StationMeans(VoronoiCells(boundaries)), SecretStr(KEY),
        url=f"{provider.url}/DPClim", today=lambda: TODAY,
    )  # fmt: skip


def test_corsica_is_asked_for_as_one_and_ordered_by_side(
    of_france: MeteoFranceApi, api: Api
) -> None:
    api.stations = [
        {**AUCH, "id": "20004002", "lon": 8.793, "lat": 41.918},
        {**AUCH, "id": "20148001", "lon": 9.485, "lat": 42.540},
    ]
    api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
    of_france.weather("2B", *JANUARY)
    assert {station for station, _, _ in api.orders.values()} == {"20148001"}


def test_mayotte_is_asked_for_by_its_code_there(of_france: MeteoFranceApi, api: Api) -> None:
    api.stations = [{**AUCH, "id": "98508001", "lon": 45.28, "lat": -12.8}]
    api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
    assert of_france.weather("976", *JANUARY).rows["departement"].tolist() == ["976"]


def test_waiting_grows_and_has_an_end(source: MeteoFranceApi, api: Api, waits: list[float]) -> None:
    api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
    api.not_ready = 4
    assert source.weather("32", *JANUARY).rows["stations"].tolist() == [2]
    assert waits == [1.0, 1.5, 2.25, 3.375]
    api.not_ready = 10**9
    with pytest.raises(SourceError, match=r"2 orders not ready after 5\d\d s .*run it again"):
        source.weather("32", date(2020, 2, 1), date(2020, 2, 29))
    assert sum(waits) < 620.0


def test_an_inactive_station_is_left_out_and_told(
    source: MeteoFranceApi, api: Api, provider: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it is the order or the file that says so."""
    third = {**AUCH, "id": "32107002", "lat": 43.5}
    api.stations = [AUCH, ISLE, third]
    api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
    order, file = api.order, api.file

    def inactive_order(asked: Any) -> Any:
        if asked.one("id-station") == "32160002":
            return provider.answer(json={"message": "station inactive"}, status=500)
        return order(asked)

    def inactive_file(asked: Any) -> Any:
        if api.orders[asked.one("id-cmde")][0] == "32107002":
            said = "production en échec (plage d'absence de données)"
            return provider.answer(json={"message": said}, status=500)
        return file(asked)

    provider.reset("/DPClim/commande-station/quotidienne")
    provider.on("/DPClim/commande-station/quotidienne", inactive_order)
    provider.reset("/DPClim/commande/fichier").on("/DPClim/commande/fichier", inactive_file)
    with caplog.at_level(logging.WARNING):
        report = source.report("32", *JANUARY)
    assert report.observed.rows["stations"].tolist() == [1]
    assert tuple(map(str, report.observed.notes)) == (
        "station 32160002 is left out from 2020-01-01 to 2020-01-31: station inactive",
        "station 32107002 is left out from 2020-01-01 to 2020-01-31: "
        "production en échec (plage d'absence de données)",
    )
    assert "station 32160002 is left out" in caplog.text


def test_a_station_that_sends_no_value_is_told(source: MeteoFranceApi, api: Api) -> None:
    """Neither with rows that are empty nor without any."""
    api.stations = [AUCH, ISLE, {**AUCH, "id": "32107002", "lat": 43.5}]
    rows = {"32013005": ["20200101;1,0;1" + ";" * 14], "32160002": ["20200101;" + ";" * 15]}
    api.rows = lambda station, since, until: rows.get(station, [])
    report = source.report("32", *JANUARY)
    assert report.observed.rows["stations"].tolist() == [1]
    assert tuple(map(str, report.observed.notes)) == (
        "station 32107002 sent no value",
        "station 32160002 sent no value",
    )


def test_the_years_before_a_station_opened_are_not_left_out(
    source: MeteoFranceApi, api: Api, provider: Any
) -> None:
    """2016 and 2017 are refused and lack nothing, since 2018 is the first there is; 2019 lacks."""
    api.rows = lambda station, since, until: [f"{since:%Y%m%d};1,0;1" + ";" * 14]

    def order(asked: Any) -> Any:
        year = int(asked.one("date-deb-periode")[:4])
        if asked.one("id-station") == "32160002" and year in (2016, 2017, 2019):
            return provider.answer(json={"message": "station inactive"}, status=500)
        return api.order(asked)

    path = "/DPClim/commande-station/quotidienne"
    provider.reset(path).on(path, order)
    assert tuple(
        map(str, source.report("32", date(2016, 1, 1), date(2020, 1, 31)).observed.notes)
    ) == ("station 32160002 is left out from 2019-01-01 to 2019-12-31: station inactive",)


@pytest.mark.parametrize("burst", [2, 5, 8])
@pytest.mark.parametrize("path", ["commande-station/quotidienne", "commande/fichier"])
def test_a_burst_of_500_is_not_a_station_that_is_inactive(
    source: MeteoFranceApi, api: Api, provider: Any, burst: int, path: str
) -> None:
    api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
    handler = api.order if "station" in path else api.file
    provider.reset(f"/DPClim/{path}").on(f"/DPClim/{path}", status=500, times=burst)
    provider.on(f"/DPClim/{path}", handler)
    report = source.report("32", *JANUARY)
    assert report.observed.rows["stations"].tolist() == [2]
    assert report.observed.notes == ()


@pytest.mark.parametrize("status", [404, 410, 502, 507])
@pytest.mark.parametrize("path", ["commande-station/quotidienne", "commande/fichier"])
def test_one_station_in_trouble_is_not_the_departements(
    source: MeteoFranceApi, api: Api, provider: Any, status: int, path: str
) -> None:
    api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
    handler = api.order if "station" in path else api.file

    def troubled(asked: Any) -> Any:
        of = asked.query.get("id-station") or [api.orders[asked.one("id-cmde")][0]]
        return provider.answer(status=status) if of == ["32160002"] else handler(asked)

    provider.reset(f"/DPClim/{path}").on(f"/DPClim/{path}", troubled)
    report = source.report("32", *JANUARY)
    assert report.observed.rows["stations"].tolist() == [1]
    assert tuple(map(str, report.observed.notes)) == (
        f"station 32160002 is left out from 2020-01-01 to 2020-01-31: error {status}",
    )


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_gone_is_ordered_once_more(
    source: MeteoFranceApi, api: Api, provider: Any, status: int
) -> None:
    """As when another program has downloaded it."""
    api.stations = [AUCH]
    api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
    path = "/DPClim/commande/fichier"
    provider.reset(path).on(path, status=status).on(path, api.file)
    report = source.report("32", *JANUARY)
    assert report.observed.rows["precip_mm"].tolist() == [1.0]
    assert report.observed.notes == ()
    assert len(api.orders) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_the_departements(
    source: MeteoFranceApi, api: Api, provider: Any, status: int
) -> None:
    path = "/DPClim/commande-station/quotidienne"
    provider.reset(path).on(path, status=status)
    with pytest.raises(SourceError, match=f"{status}"):
        source.weather("32", *JANUARY)


def test_a_server_that_only_fails_is_given_up(
    source: MeteoFranceApi, api: Api, provider: Any
) -> None:
    api.stations = [{**AUCH, "id": f"320000{number:02d}"} for number in range(20)]
    path = "/DPClim/commande-station/quotidienne"
    provider.reset(path).on(path, status=500)
    with pytest.raises(SourceError, match=r"nothing of any of 20 stations \(error 500\)"):
        source.weather("32", *JANUARY)
    assert api.count("commande-station/quotidienne") == 20 * 3 + 3 * 5


def test_past_answers_are_kept_and_ordered_once(
    provider: Any, http: Http, source: MeteoFranceApi, api: Api
) -> None:
    api.stations = [AUCH]
    api.rows = lambda station, since, until: [f"{since:%Y%m%d};1,0;1" + ";" * 14]
    period = date(2019, 12, 1), date(2020, 6, 30)
    first = source.weather("32", *period)
    assert len(api.orders) == 2
    second = source.weather("32", *period)
    assert [str(since) for _, since, _ in api.orders.values()] == [
        "2019-12-01", "2020-01-01", "2020-01-01",
    ]  # fmt: skip
    pd.testing.assert_frame_equal(first.rows, second.rows)


def test_a_rebuild_from_what_is_kept_needs_no_network_and_no_key(
    tmp_path: Path, provider: Any, api: Api
) -> None:
    """Also where a station was inactive."""
    api.rows = lambda station, since, until: [f"{since:%Y%m%d};1,0;1" + ";" * 14]
    order = api.order
    path = "/DPClim/commande-station/quotidienne"
    provider.reset(path).on(
        path,
        lambda asked: (
            provider.answer(status=500) if asked.one("id-station") == "32160002" else order(asked)
        ),
    )
    period = date(2019, 12, 1), date(2020, 6, 30)
    url = f"{provider.url}/DPClim"
    online = MeteoFranceApi(
        Http(RawStore(tmp_path), default_rate=1e4, sleep=lambda seconds: None),
        means(), SecretStr(KEY), url=url, today=lambda: TODAY,
    )  # fmt: skip
    before = online.weather("32", *period)
    provider.close()
    offline = MeteoFranceApi(
        Http(RawStore(tmp_path), offline=True), means(), None, url=url, today=lambda: TODAY
    )
    after = offline.report("32", *period)
    pd.testing.assert_frame_equal(before.rows, after.observed.rows)
    assert before.provenance == after.observed.provenance
    assert "station 32160002 is left out" in str(after.observed.notes[0])
    for file in tmp_path.rglob("*"):
        assert KEY not in str(file)
        if file.is_file():
            assert KEY.encode() not in file.read_bytes()
    with pytest.raises(SourceError, match=r"nothing of any of 2 stations .*without --offline"):
        offline.weather("32", date(2018, 1, 1), date(2018, 1, 2))


def test_without_a_key_nothing_is_asked(provider: Any, http: Http, api: Api) -> None:
    source = MeteoFranceApi(http, means(), None, url=f"{provider.url}/DPClim")
    with pytest.raises(
        SourceError, match=r"département 32: .*needs a key; get one at https.*API_KEY"
    ):
        source.weather("32", *JANUARY)
    assert provider.asked == []


def test_a_key_is_never_told(
    provider: Any, http: Http, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "wrong-" + KEY
    source = MeteoFranceApi(http, means(), SecretStr(wrong), url=f"{provider.url}/DPClim")
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as caught:
        source.weather("32", *JANUARY)
    message = str(caught.value)
    assert message.startswith("meteo-france-api, département 32: ")
    assert "401 (Invalid Credentials); check the key" in message
    assert wrong not in message + caplog.text + repr(source)


def test_an_unknown_departement(source: MeteoFranceApi, api: Api) -> None:
    with pytest.raises(SourceError, match=r"département 971: .*liste-stations.*no such dépar"):
        source.weather("971", *JANUARY)


def test_what_the_api_says_is_told(source: MeteoFranceApi, api: Api) -> None:
    api.today = date(2019, 1, 1)
    with pytest.raises(SourceError, match=r"32: .*400 \(la date de fin est dans le futur\)"):
        source.weather("32", *JANUARY)


LISTS = {
    "HTML": ("<html>", "sent HTML in place of data"),
    "nothing": ("", "sent nothing"),
    "another JSON": ('{"stations": []}', "not a list of stations"),
    "a list of texts": ('["32013005"]', "not a list of stations"),
    "none": ("[]", "no station that is open and public"),
    "no coordinates": ('[{"id": "32013005", "lat": 43.6}]', "places station 32013005 nowhere"),
    "impossible place": ('[{"id": "32013005", "lat": 436, "lon": 0}]', "at 436"),
    "no number": ('[{"lat": 43.6, "lon": 0.2}]', "with the number None"),
    "a word for true": ('[{"id": "1", "posteOuvert": "oui"}]', "posteOuvert = 'oui'"),
    "twice": (
        '[{"id": "1", "lat": 43.6, "lon": 0.2}, {"id": "1", "lat": 43.7, "lon": 0.2}]',
        "station 00000001 twice",
    ),
}


@pytest.mark.parametrize("fault", LISTS)
def test_a_list_that_is_none(source: MeteoFranceApi, api: Api, provider: Any, fault: str) -> None:
    body, what = LISTS[fault]
    path = "/DPClim/liste-stations/quotidienne"
    provider.reset(path).on(path, body)
    with pytest.raises(SourceError, match=what) as caught:
        source.weather("32", *JANUARY)
    assert str(caught.value).startswith(
        f"meteo-france-api, département 32: {provider.url}/DPClim/liste-stations"
    )


FILES = {
    "HTML": ("<html>", "sent HTML in place of CSV"),
    "empty": ("", "sent nothing"),
    "no date": (HEADER.replace("DATE", "QUAND") + "\n", "has no column AAAAMMJJ/DATE"),
    "no values": ("POSTE;DATE;X\n32013005;20200101;1\n", "has no column RR"),
    "no code": ("POSTE;DATE;RR;TN;QTN\n32013005;20200101;1,0;;\n", "has no column QRR"),
    "another station": (answer("31069001", "20200101;1,0;1" + ";" * 14), "sent station 31069001"),
    "cut row": (answer("32013005", "20200101;1,0"), "cannot be read"),
    "word": (answer("32013005", "20200101;mq;1" + ";" * 14), "column RR .*mq"),
    "two commas": (answer("32013005", "20200101;1,0,0;1" + ";" * 14), "column RR .*1.0.0"),
    "out of range": (answer("32013005", "20200101;-5,0;1" + ";" * 14), "RR = -5 for station"),
    "conflict": (
        answer("32013005", "20200101;1,0;1" + ";" * 14, "20200101;2,0;1" + ";" * 14),
        "two rows that differ for station 32013005 on 2020-01-01",
    ),
    "no rows": (answer("32013005"), "has no value of any station"),
}


@pytest.mark.parametrize("fault", FILES)
def test_a_faulty_file_is_named_with_what_is_wrong(
    source: MeteoFranceApi, api: Api, provider: Any, fault: str
) -> None:
    body, what = FILES[fault]
    api.stations = [AUCH]
    path = "/DPClim/commande/fichier"
    provider.reset(path).on(path, body, status=201)
    with pytest.raises(SourceError, match=what) as caught:
        source.weather("32", *JANUARY)
    assert str(caught.value).startswith(f"meteo-france-api, département 32: {provider.url}/DPClim")
    assert "\n" not in str(caught.value)
    # What could not be read is ordered anew.
    if fault != "no rows":
        provider.reset(path).on(path, api.file)
        api.rows = lambda station, since, until: ["20200101;1,0;1" + ";" * 14]
        assert source.weather("32", *JANUARY).rows["precip_mm"].tolist() == [1.0]


NO_NUMBER = (
    "<html>",
    "{}",
    '{"elaboreProduitAvecDemandeResponse": []}',
    '{"elaboreProduitAvecDemandeResponse": {"return": null}}',
)


@pytest.mark.parametrize("body", NO_NUMBER)
def test_an_order_without_number(
    source: MeteoFranceApi, api: Api, provider: Any, body: str
) -> None:
    path = "/DPClim/commande-station/quotidienne"
    provider.reset(path).on(path, body, status=202)
    with pytest.raises(SourceError, match=r"département 32: .*(HTML|number of the order)"):
        source.weather("32", *JANUARY)


def test_slow_throttled_and_cut_answers_lose_nothing(
    source: MeteoFranceApi, api: Api, provider: Any
) -> None:
    api.rows = lambda station, since, until: ["20200101;12,4;1" + ";" * 14]
    path = "/DPClim/commande/fichier"
    provider.reset(path)
    provider.on(path, status=429, headers={"Retry-After": "0"}, times=2)
    provider.on(path, answer("32013005", "20200101;12,4;1" + ";" * 14), status=201, cut=100)
    provider.on(path, drop=True)
    provider.on(path, api.file)
    report = source.report("32", *JANUARY)
    assert report.observed.rows["precip_mm"].tolist() == pytest.approx([12.4])
    assert report.observed.rows["stations"].tolist() == [2]
