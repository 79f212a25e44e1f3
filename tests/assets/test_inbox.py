"""Files dropped into the inbox: taken, refused, run once, and taken back, on a real instance."""

import gzip
import io
import json
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import geopandas as gpd
import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from geo_pipeline.definitions import build_definitions
from geo_pipeline.inbox import recognition
from geo_pipeline.inbox import taking as room
from geo_pipeline.inbox.refusals import RefusedError
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.sources import etalab
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.sources.http import Received
from geo_pipeline.storage.inbox_files import ProvidedFiles, safe_name
from geo_pipeline.storage.lake import Lake
from geo_pipeline.tables import SUMMED
from geo_pipeline.words import printable
from tests.conftest import ROOT, digests, made_from
from tests.sources.test_agreste import INSIDE, WHEAT, archive, strayed, workbook
from tests.sources.test_meteo_france import EAST, OTHER, RAIN, WEST, csv

pytestmark = pytest.mark.slow

SAA = "SAA_2010-2024-définitives_donnees-DepartementalesetRegionales.zip"
RR_T_VENT = "Q_32_latest-2019-2020_RR-T-Vent.csv.gz"
GERS = ("76 - Occitanie", "032 - Gers")


def saa(yield_q_ha: float = 60.0, **inside: bytes) -> bytes:
    """Agreste's zip: wheat of the Gers in 2010, 100 000 ha."""
    figures = [100_000, yield_q_ha, 100_000 * yield_q_ha]
    return archive({INSIDE: workbook({"COP": [(*GERS, WHEAT, figures)]}), **inside})


def days(n: int, first: date = date(2020, 6, 1)) -> list[dict[str, Any]]:
    """Rows of two stations of the Gers, the same at both: weather that varies, as it does."""
    found = []
    for station in (WEST, EAST):
        for k in range(n):
            values = {
                "RR": float(k % 5),
                "TN": 10.0 + k % 7,
                "TX": 20.0 + k % 7,
                "TM": 15.0 + k % 7,
            }
            values |= {"FFM": 2.0 + k % 3}
            codes = {f"Q{name}": 1 for name in values}
            day = f"{first + timedelta(days=k):%Y%m%d}"
            found.append({**station, "AAAAMMJJ": day, **values, **codes})
    return found


def stations(*rows: dict[str, Any]) -> bytes:
    return gzip.compress(csv(RAIN, rows or days(30)).encode(), mtime=0)


def outlines(**columns: list[str]) -> gpd.GeoDataFrame:
    """The embedded outlines as a provider names their columns."""
    frame = Bundled(ROOT / "assets_data").boundaries()
    known = gpd.GeoDataFrame(
        {"code": frame["departement"], "nom": frame["name"]}, geometry=frame.geometry
    ).set_crs("OGC:CRS84", allow_override=True)
    return known.assign(**columns)


def geojson(frame: gpd.GeoDataFrame) -> bytes:
    return str(frame.to_json(drop_id=True)).encode()


class House:
    """A home with its instance and definitions, and the cursor of the inbox's sensor."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.settings = settings
        self.instance = instance
        self.cursor: str | None = None
        self.provided = ProvidedFiles(settings.provided)
        self.definitions = build_definitions(
            home=settings.home, **settings.model_dump(include={"source", "crops", "since"})
        )

    def drop(self, name: str, content: bytes) -> Path:
        path = self.settings.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def tick(self) -> Any:
        """Evaluate the sensor as the daemon does, in definitions made anew."""
        sensor = self.definitions.resolve_sensor_def("inbox")
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, definitions=self.definitions
        )
        result = sensor.evaluate_tick(context)
        self.cursor = result.cursor
        return result

    def settled(self) -> Any:
        """Tick until what was dropped has been seen to."""
        self.tick()
        return self.tick()

    def execute(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Run what is asked for, in process, up to what is published: that takes seconds."""
        job = self.definitions.resolve_job_def(str(request.job_name))
        published = {dg.AssetKey("warehouse"), dg.AssetKey("exports")}
        return job.execute_in_process(
            instance=self.instance,
            tags={**request.tags, "dagster/run_key": str(request.run_key)},
            asset_selection=sorted(job.asset_layer.executable_asset_keys - published),
        )

    def reason(self, name: str) -> list[str]:
        """The two lines beside a rejected file, no-break spaces as spaces."""
        path = self.settings.inbox / "rejected" / f"{name}.reason.txt"
        return path.read_text(encoding="utf-8").replace("\u00a0", " ").splitlines()

    def left(self) -> list[str]:
        return sorted(path.name for path in self.settings.inbox.iterdir())


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with open_instance(Settings(home=tmp_path_factory.mktemp("instance"))) as opened:
        yield opened


@pytest.fixture
def house(tmp_path: Path, instance: dg.DagsterInstance) -> House:
    return House(Settings(home=tmp_path / "home"), instance)


@pytest.fixture
def full_house(own_small_home: Path, instance: dg.DagsterInstance) -> House:
    return House(Settings(home=own_small_home), instance)


def test_a_station_file_changes_just_its_partition(full_house: House) -> None:
    lake = Lake(full_house.settings.lake)
    before = digests(lake.root)
    full_house.drop(RR_T_VENT, stations())
    assert full_house.tick().run_requests == []
    (request,) = full_house.tick().run_requests
    assert (request.job_name, request.partition_key) == ("refresh_weather", "32")
    assert full_house.left() == []

    assert full_house.execute(request).success
    after = digests(lake.root)
    changed = {path for path in after if after[path] != before.get(path)}
    partitioned = {path for path in changed if "departement=" in path}
    assert partitioned == {
        f"{table}/departement=32/part.parquet"
        for table in ("weather_daily", *made_from("weather_daily"))
    }
    assert {path.split("/")[0] for path in changed - partitioned} <= set(SUMMED)

    rows = lake.read("weather_daily", "32").set_index("date")
    # The 15th day: k = 14, of which 4 mm and 20 °C.
    assert rows.loc["2020-06-15", ["precip_mm", "tmax_c"]].tolist() == [4.0, 20.0]
    assert rows.loc["2020-06-15", "source"] == "meteo-france:stations"
    assert rows.loc["2020-06-15", "resolution"] == "day"
    assert rows.loc["2020-07-15", "source"] == "bundled:agera5"
    known = lake.footer("weather_daily", "32").provenance
    (taken,) = full_house.provided.all()
    assert known["source"] == "meteo-france, bundled"
    assert known["url"] == f"provided/stations/32/latest-2019-2020/rr-t-vent/{taken.file}"
    assert datetime.fromisoformat(known["fetched_at"]) <= datetime.now(UTC)

    # Known to Dagster: the mark goes, and nothing is asked for again.
    assert full_house.tick().run_requests == []
    assert not any(each.pending for each in full_house.provided.all())

    # Taken back: the same partition runs again, on what is there without it.
    taken.path.unlink()
    (again,) = full_house.tick().run_requests
    assert (again.job_name, again.partition_key) == ("refresh_weather", "32")
    assert again.run_key != request.run_key
    assert full_house.execute(again).success
    assert digests(lake.root) == before
    assert full_house.tick().run_requests == []
    assert full_house.provided.gone() == []


def test_a_workbook_has_its_departements_and_the_rest_stays(full_house: House) -> None:
    lake = Lake(full_house.settings.lake)
    before = digests(lake.root)
    content = saa()
    full_house.drop(SAA, content)
    (request,) = full_house.settled().run_requests
    assert (request.job_name, request.partition_key) == ("refresh_crops", "32")
    done = full_house.execute(request)
    assert done.success
    told = [each.user_message for each in full_house.instance.all_logs(done.run_id)]
    (lacking,) = [
        text for text in told if "crop_statistics, département 32: agreste has no" in text
    ]
    assert "grain_maize_irrigated" in lacking
    assert "soft_wheat" not in lacking
    after = digests(lake.root)
    changed = {path for path in after if after[path] != before[path] and "departement=" in path}
    assert changed == {
        f"{table}/departement=32/part.parquet"
        for table in ("crop_statistics", *made_from("crop_statistics"))
    }
    rows = lake.read("crop_statistics", "32")
    assert rows[["year", "crop", "yield_q_ha"]].to_numpy().tolist() == [[2010, "soft_wheat", 60.0]]
    assert rows["source"].tolist() == ["SAA 2010-2024 définitives"]
    known = lake.footer("crop_statistics", "32").provenance
    (taken,) = full_house.provided.all()
    assert known["sha256"] == taken.sha256
    assert known["fetched_at"] == taken.taken_at.isoformat()
    assert "SAA_2010-2024-définitives" in known["url"]


def test_the_same_bytes_run_once_and_an_older_file_is_kept(house: House) -> None:
    content = saa(60.0)
    house.drop(SAA, content)
    (first,) = house.settled().run_requests
    house.drop("autre nom.zip", content)
    assert {request.run_key for request in house.settled().run_requests} == {first.run_key}
    house.drop("SAA corrigée.zip", saa(70.0))
    (second,) = house.settled().run_requests
    assert second.run_key != first.run_key
    (active,) = house.provided.all("crops")
    assert active.name == "SAA corrigée.zip"
    (older,) = (house.settings.provided / "crops" / "older").iterdir()
    assert older.read_bytes() == content
    assert older.name.startswith(str(datetime.now(UTC).year))
    # Back to the first: bytes that were in use once may be so again.
    house.drop(SAA, content)
    (third,) = house.settled().run_requests
    assert third.run_key not in (first.run_key, second.run_key)


def test_a_crash_after_the_taking_loses_no_run(house: House) -> None:
    house.drop(RR_T_VENT, stations())
    house.tick()
    cursor = house.cursor
    (request,) = house.tick().run_requests
    # The daemon dies before it launched anything or kept the cursor; then once more.
    for _ in range(2):
        house.cursor = cursor
        (same,) = house.tick().run_requests
        assert same.run_key == request.run_key
    tags = {"dagster/run_key": str(request.run_key)}
    house.instance.create_run_for_job(
        house.definitions.resolve_job_def("refresh_weather"), tags=tags
    )
    assert house.tick().run_requests == []


def test_a_crash_before_the_drop_is_removed_takes_it_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = house.drop(RR_T_VENT, stations())
    house.tick()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", _no_unlink(path))
        house.tick()
    assert path.exists()
    (taken,) = house.provided.all()
    house.tick()
    assert not path.exists()
    assert list(house.provided.all()) == [taken]


def _no_unlink(kept: Path) -> Any:
    real = Path.unlink

    def unlink(self: Path, missing_ok: bool = False) -> None:
        if self == kept:
            raise PermissionError(1, "killed here")
        real(self, missing_ok)

    return unlink


def test_a_file_being_written_is_left_until_it_is_still(house: House) -> None:
    content = stations()
    path = house.drop(RR_T_VENT, content[:100])
    house.tick()
    path.write_bytes(content)
    assert house.tick().run_requests == []
    assert house.left() == [RR_T_VENT]
    assert len(house.tick().run_requests) == 1
    for name in (".hidden.csv", "x.csv.part", "x.tmp", "~lock.csv", "x.csv~"):
        house.drop(name, content)
    house.settled()
    assert house.left() == [".hidden.csv", "x.csv.part", "x.csv~", "x.tmp", "~lock.csv"]


def test_corsica_is_two_partitions_of_one_run(house: House) -> None:
    station = {**WEST, "NUM_POSTE": "20004002", "LAT": 41.92, "LON": 8.79}
    rows = [{**row, **station} for row in days(5)[:5]]
    house.drop("corse.csv", csv(RAIN, rows).encode())
    (request,) = house.settled().run_requests
    assert request.tags["dagster/asset_partition_range_start"] == "2A"
    assert request.tags["dagster/asset_partition_range_end"] == "2B"


@pytest.mark.parametrize("name", ["Q_985_latest-2019-2020_RR-T-Vent.csv", "mayotte.csv"])
def test_mayotte_is_the_985_of_meteo_france(house: House, name: str) -> None:
    station = {**WEST, "NUM_POSTE": "98508001", "LAT": -12.8, "LON": 45.28}
    house.drop(name, csv(RAIN, [{**row, **station} for row in days(5)[:5]]).encode())
    (request,) = house.settled().run_requests
    assert request.tags["dagster/partition"] == "976"
    (taken,) = house.provided.all()
    assert taken.about.departements == ("976",)


def test_other_parameters_go_with_the_file_of_their_period(house: House) -> None:
    values = {"GLOT": 2000, "QGLOT": 1, "UM": 60, "QUM": 1}
    other = csv(OTHER, [{**WEST, "AAAAMMJJ": 20200601, **values}]).encode()
    name = "Q_32_latest-2019-2020_autres-parametres.csv"
    house.drop(name, other)
    house.settled()
    assert "RR-T-Vent" in house.reason(name)[0]
    # Together they are taken in the right order, whatever their names.
    house.drop(name, other)
    house.drop(RR_T_VENT, stations())
    house.settled()
    groups = {each.about.place.rpartition("/")[2] for each in house.provided.all("stations")}
    assert groups == {"rr-t-vent", "autres-parametres"}


def test_outlines_run_boundaries_and_are_used(house: House) -> None:
    house.drop("contours.parquet", parquet(outlines()))
    (request,) = house.settled().run_requests
    assert (request.job_name, request.partition_key) == ("refresh_boundaries", None)
    warned: list[str] = []
    used, origin = Workspace(house.settings).boundaries(warned.append)
    assert warned == []
    assert len(used) == 101
    assert origin.source == "provided"
    assert origin.url.startswith("provided/boundaries/contours.")


def test_outlines_read_the_same_in_each_form(tmp_path: Path) -> None:
    frame = outlines()
    plain = geojson(frame)
    forms = [plain, archive({"d.geojson": plain}), gzip.compress(plain), parquet(frame)]
    read = []
    for content in forms:
        path = tmp_path / "dropped"
        path.write_bytes(content)
        assert recognition.recognised(path) == "boundaries"
        received = Received("dropped", 200, datetime.now(UTC), "", path=path)
        read.append(etalab.read_received(received, "boundaries"))
    for each in read[1:]:
        assert each["code"].tolist() == read[0]["code"].tolist()
        assert each.geometry.geom_equals_exact(read[0].geometry, 1e-9).all()


def parquet(frame: gpd.GeoDataFrame) -> bytes:
    saved = io.BytesIO()
    frame.to_parquet(saved)
    return saved.getvalue()


def _csv(change: dict[str, Any], header: Any = RAIN) -> bytes:
    return csv(header, [{**days(1)[0], **change}, *days(3)]).encode()


def _shifted() -> bytes:
    frame = outlines()
    moved = frame["code"] == "31"
    frame.loc[moved, "geometry"] = frame.geometry[moved].map(
        lambda shape: shapely.transform(shape, lambda xy: np.add(xy, (10.0, 0.0)))
    )
    return geojson(frame)


def station_workbook() -> bytes:
    """Days of stations of two départements, as a spreadsheet saves them; an empty sheet beside."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "data"
    sheet.append(["NUM_POSTE", "NOM_USUEL", "LAT", "LON", "ALTI", "DATE", "RR", "QRR", "TN", "QTN"])
    for number, name in ((4039001, "CASTELLANE"), (84009002, "LA BASTIDE DES JOURDANS")):
        sheet.append([number, name, 43.8, 6.1, 500, date(2023, 8, 1), 0.2, 1, 9.6, 1])
    book.create_sheet("graph")
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


BAD: dict[str, tuple[str, bytes, str, str]] = {
    "a word for a figure": (
        "saa.xlsx",
        workbook({"COP": [(*GERS, WHEAT, ["beaucoup", 60, 600])]}),
        "feuille COP, cellule D7",
        "sheet COP, cell D7",
    ),
    "units": (
        SAA,
        archive({INSIDE: workbook({"COP": [(*GERS, f"{n:02} - C{n}", [100, 60, 600])
                                           for n in range(30, 40)]})}),
        "unités",
        "units cannot be told",
    ),
    "no workbook in the zip": ("x.zip", archive({"lisez.txt": b"rien"}), "lisez.txt", "lisez.txt"),
    "a cut zip": (SAA, saa()[:-200], "endommagée", "damaged"),
    "a cut gzip": (RR_T_VENT, stations()[:-20], "incomplet", "cut"),
    "no column": ("q.csv", _csv({}, [n for n in RAIN if n != "TX"]), "TX", "TX"),
    "out of range": (
        "q.csv",
        _csv({"RR": 5000, "AAAAMMJJ": 20200501}),
        "RR = 5000 à la station 32013005 le 2020-05-01",
        "RR = 5000 for station 32013005 on 2020-05-01",
    ),
    "two départements": ("q.csv", _csv({"NUM_POSTE": "31069001"}), "stations de 2", "of 2 d"),
    "another département": (
        "Q_31_latest-2019-2020_RR-T-Vent.csv",
        _csv({}),
        "département 32",
        "of département 32 by its stations",
    ),
    "days to come": ("q.csv", _csv({"AAAAMMJJ": 21000101}), "à venir", "to come"),
    "a far cell": (
        "saa.xlsx",
        strayed("XFD1048576"),
        "feuille FOU : des cellules vont jusqu'à XFD1048576, soit 1048576 lignes sur 16384",
        "sheet FOU: cells reach to XFD1048576, 1048576 rows by 16384 columns",
    ),
    "one day again and again": (
        "q.csv",
        csv(RAIN, days(5)).encode() + csv(RAIN, days(1)[:1]).encode().partition(b"\n")[2] * 50_000,
        "répète 50000 de ses 50010 lignes, dont la station 32013005 le 2020-06-01",
        "repeats 50000 of its 50010 rows, station 32013005 on 2020-06-01",
    ),
    "a day two years after the others": (
        "q.csv",
        csv(RAIN, [*days(30), *days(1, first=date(2022, 6, 30))]).encode(),
        "saute du 2020-06-30 au 2022-06-30",
        "jumps from 2020-06-30 to 2022-06-30",
    ),
    "years not taken": (
        "q.csv", csv(RAIN, days(3, first=date(1950, 1, 1))).encode(), "1950-01-01", "1991-01-01",
    ),
    "months": ("m.csv", b"NUM_POSTE;AAAAMM;RR\n32013005;202001;3\n", "mensuelles", "monthly"),
    "a moved département": ("c.geojson", _shifted(), "31 n'est pas à sa place", "31 does not lie"),
    "no code": (
        "c.geojson",
        geojson(outlines().rename(columns={"code": "insee"})),
        "l'objet n° 1 n'a pas code et nom",
        "number 1, without code and nom",
    ),
    "no JSON": ("c.geojson", b'{"type": "FeatureCollection", }', "ligne 1", "line 1"),
    "a web page": ("c.geojson", b"<!doctype html><title>404</title>", "page web", "web page"),
    "nothing": ("c.geojson", b"", "vide", "empty"),
    "something else": ("photo.jpg", b"\xff\xd8\xff\xe0" + b"0" * 100, "non reconnu", "recognised"),
    "an old workbook": ("a.xls", b"\xd0\xcf\x11\xe0" + b"0" * 100, ".xlsx", ".xlsx"),
    "stations in a workbook": (
        "stations_rr_t_vent_2023.xlsx", station_workbook(),
        "classeur de stations de Météo-France (feuille data)", "one a département: Q_<département>",
    ),
    "a path in the zip": (
        SAA, saa(**{"../../evil.csv": b"x"}), "chemin dangereux", "dangerous path",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_rejected_with_its_reason(house: House, case: str) -> None:
    name, content, fr, en = BAD[case]
    house.drop(name, content)
    result = house.settled()
    assert result.run_requests == []
    assert list(house.provided.all()) == []
    assert house.left() == ["rejected"]
    assert (house.settings.inbox / "rejected" / name).read_bytes() == content
    french, english = house.reason(name)
    assert french.startswith(f"{name} : ")
    assert english.startswith(f"{name}: ")
    assert fr in french
    assert en in english
    assert "; " in french
    assert len(french) < 600


def bomb() -> bytes:
    """GeoParquet of 3 MB whose first column is 8 GB when it is read."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 8_000_000, pa.int32()), ["x" * 1_000])
    shape = pa.DictionaryArray.from_arrays(text.indices, [shapely.Point(2, 46).wkb])
    geo = pq.read_schema(io.BytesIO(parquet(outlines().head(1)))).metadata[b"geo"]
    saved = io.BytesIO()
    table = pa.table({"code": text, "nom": text, "geometry": shape})
    pq.write_table(table.replace_schema_metadata({b"geo": geo}), saved)
    return saved.getvalue()


def test_a_file_that_is_fatal_to_its_reader_is_set_aside(house: House) -> None:
    """And the good one beside it is taken at the same look."""
    settings = house.settings.model_copy(update={"reading_memory_mb": 500})
    content = bomb()
    assert len(content) < 4_000_000
    house.drop("a_bomb.parquet", content)
    house.drop("saa.zip", saa())
    inbox = room.Inbox(Workspace(settings))
    look = inbox.scan(inbox.scan({}).waiting)
    assert [each.name for each in look.taken] == ["saa.zip"]
    assert house.left() == ["rejected"]
    french, english = house.reason("a_bomb.parquet")
    assert "plus que les 500 Mo de mémoire permis" in french
    assert "more than the 500 MB of memory that are allowed" in english
    assert (settings.inbox / "rejected" / "a_bomb.parquet").read_bytes() == content


def test_a_file_that_takes_too_long_is_set_aside(house: House) -> None:
    settings = house.settings.model_copy(update={"reading_time_s": 0.2})
    house.drop("saa.zip", saa())
    inbox = room.Inbox(Workspace(settings))
    look = inbox.scan(inbox.scan({}).waiting)
    assert look.taken == []
    assert "takes more than the 0.2 s that are allowed" in house.reason("saa.zip")[1]


def test_names_and_kinds_of_files_that_are_refused(house: House, tmp_path: Path) -> None:
    inbox = house.settings.inbox
    inbox.mkdir(parents=True)
    secret = tmp_path / "secret.csv"
    secret.write_bytes(stations())
    (inbox / "link.csv.gz").symlink_to(secret)
    (inbox / "folder").mkdir()
    os.mkfifo(inbox / "pipe.csv")
    turned = "Q_32_\u202evsc.exe"  # shown as Q_32_exe.csv
    for name in ("a\\..\\b.csv", "x\ny.csv", "$(touch pwned);.csv", "n" * 220 + ".csv", turned):
        house.drop(name, stations())
    house.settled()
    assert house.left() == ["rejected"]
    assert secret.read_bytes() == stations()
    reasons = {
        path.name: path.read_text(encoding="utf-8") for path in (inbox / "rejected").glob("*.txt")
    }
    assert "lien symbolique" in reasons["link.csv.gz.reason.txt"]
    assert "dossier" in reasons["folder.reason.txt"]
    assert "spécial" in reasons["pipe.csv.reason.txt"]
    assert "caractères interdits" in reasons["x_y.csv.reason.txt"]
    assert "caractères interdits" in reasons["Q_32__vsc.exe.reason.txt"]
    assert len(reasons) == 7
    # A name that only a shell would mind is taken, under a plain one.
    (taken,) = house.provided.all()
    assert taken.name == "$(touch pwned);.csv"
    assert taken.file == f"_(touch pwned)_.{taken.sha256[:12]}.csv"


def test_names_within_an_archive_are_told_without_what_steers_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "dropped"
    path.write_bytes(archive({"a\x1b[2J\u202etxt\nb.md": b"x"}))
    with pytest.raises(RefusedError) as refused:
        recognition.recognised(path)
    assert "a [2J txt b.md" in str(refused.value)
    assert str(refused.value) == printable(str(refused.value))


def test_what_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognition, "MOST_ZIPPED_BYTES", 3_000_000)
    monkeypatch.setattr(recognition, "MOST_GZIPPED_BYTES", 3_000_000)
    for content in (
        gzip.compress(b"0" * 4_000_000),
        saa(**{"big.csv": b"0" * 4_000_000}),
        archive({"a.xlsx": archive({"[Content_Types].xml": b"0" * 4_000_000})}),
    ):
        path = tmp_path / "dropped"
        path.write_bytes(content)
        with pytest.raises(RefusedError, match="more than 3 MB when unpacked"):
            recognition.recognised(path)


def test_a_file_that_is_too_large_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_BYTES", 1_000_000)
    house.drop("huge.csv", b"0" * 1_000_001)
    house.settled()
    assert "more than the 1 MB allowed" in house.reason("huge.csv")[1]


def test_an_archive_that_lies_about_its_sizes_is_weighed() -> None:
    content = bytearray(archive({"a.json": b"0" * 4_000_000}))
    size = (4_000_000).to_bytes(4, "little")
    while (at := content.find(size)) >= 0:
        content[at : at + 4] = (10).to_bytes(4, "little")
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as lying:
        assert lying.infolist()[0].file_size == 10
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(recognition, "MOST_ZIPPED_BYTES", 3_000_000)
            with pytest.raises(recognition.RefusedError, match="more than 3 MB"):
                recognition._weighed(lying)


def test_rejected_files_are_told_once_in_one_message(house: House) -> None:
    house.drop("photo.jpg", b"\xff\xd8\xff\xe0")
    house.drop("old.xls", b"\xd0\xcf\x11\xe0" + b"0" * 100)
    house.settled()
    house.tick()
    log = (house.settings.home / "alerts" / "alerts.jsonl").read_text(encoding="utf-8")
    (told,) = [json.loads(line) for line in log.splitlines()]
    assert "2 fichiers" in told["title"]
    for name in ("photo.jpg", "old.xls"):
        assert name in json.dumps(told, ensure_ascii=False)


def test_two_rejected_of_one_name_are_both_kept(house: House) -> None:
    for content in (b"one", b"two"):
        house.drop("x.txt", content)
        house.settled()
    rejected = list((house.settings.inbox / "rejected").iterdir())
    kept = [path for path in rejected if not path.name.endswith(".reason.txt")]
    assert {path.read_bytes() for path in kept} == {b"one", b"two"}
    assert len(rejected) == 4


def test_the_cursor_is_small_and_survives(house: House) -> None:
    house.drop(RR_T_VENT, stations())
    house.tick()
    assert list(json.loads(str(house.cursor))) == [RR_T_VENT]
    # A new process reads the same cursor.
    again = House(house.settings, house.instance)
    again.cursor = house.cursor
    assert len(again.tick().run_requests) == 1


def test_a_memory_that_is_damaged_is_begun_anew(house: House) -> None:
    house.drop(RR_T_VENT, stations())
    house.tick()
    house.cursor = f"k{house.cursor}"
    assert house.tick().run_requests == []
    assert len(house.tick().run_requests) == 1


def test_safe_names() -> None:
    assert safe_name("../../etc/passwd") == "_.._etc_passwd"
    assert safe_name("SAA_2010-2024-définitives (1).xlsx") == "SAA_2010-2024-définitives (1).xlsx"
    assert safe_name("...") == "_"
    assert len(safe_name("é" * 300).encode()) <= 160
