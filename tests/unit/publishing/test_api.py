"""The data for programs: rows, filters, pages, forms, errors, and the document that describes them.

Answers are compared with what pandas reads from the lake, or with figures that INSEE publishes.
"""

import gzip
import io
import json
import shutil
import subprocess
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest

from geo_pipeline.publishing.api import openapi
from geo_pipeline.publishing.api.offers import NAMES, offer
from geo_pipeline.publishing.api.questions import QuestionError, form, period_days
from geo_pipeline.publishing.api.service import Answer, Asked, Service
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse

BASE = "http://example.org/api/v1"


@pytest.fixture(scope="module")
def service(small_home: Path) -> Service:
    return Service(small_home / "published" / "drought.duckdb")


def ask(service: Service, address: str, **more: Any) -> Answer:
    """Ask for an address, which may have a query."""
    parts = urlsplit(address.removeprefix(BASE).lstrip("/"))
    return service.answer(Asked(parts.path, parts.query, base=BASE, **more))


def content(answer: Answer) -> bytes:
    assert answer.body is not None
    read = answer.body.read()
    assert len(read) == answer.length
    return read


def told(service: Service, address: str) -> dict[str, Any]:
    answer = ask(service, address)
    said: dict[str, Any] = json.loads(content(answer))
    assert answer.status == 200, said
    return said


def test_rows_are_those_of_the_lake(service: Service, small_home: Path) -> None:
    """SPI-3 of the Gers in 2022: each dekad, each value."""
    said = told(
        service, "tables/indicator_values?indicator=spi_3&departement=32&period=2022&limit=100"
    )
    known = Lake(small_home / "lake").read("drought_indicators", "32")
    known = known[(known["indicator"] == "spi_3") & (known["period_end"].dt.year == 2022)]
    known = known.sort_values("period_end")
    assert said["count"] == len(known) == 36
    assert said["next"] is None
    assert [row["period_end"] for row in said["rows"]] == list(known["period_end"].astype(str))
    values = [row["value"] for row in said["rows"]]
    assert values == pytest.approx(known["value"].to_list(), nan_ok=True)
    assert {row["departement"] for row in said["rows"]} == {"32"}


def test_outlines_have_the_published_areas(service: Service) -> None:
    """Areas as INSEE publishes them (assets_data/build/official_areas.csv)."""
    answer = ask(service, "tables/departements?format=parquet&limit=101")
    rows = gpd.read_parquet(io.BytesIO(content(answer)))
    assert rows.crs.to_authority() == ("OGC", "CRS84")
    assert len(rows) == 101
    gers = rows.set_index("departement").loc["32"]
    assert gers["name"] == "Gers"
    assert gers["area_km2"] == pytest.approx(6257, abs=5)
    drawn = rows.to_crs("EPSG:2154").set_index("departement").geometry.area / 1e6
    assert drawn["32"] == pytest.approx(6257, rel=0.05)


def test_pages_follow_each_other_without_a_gap(service: Service, small_home: Path) -> None:
    warehouse = Warehouse(small_home / "published" / "drought.duckdb")
    for name in ("crop_statistics", "exposure_by_region", "irrigation_need", "drought_events"):
        about, rows = offer(name), []
        size = max(1, len(warehouse.table(name)) // 3)
        address: str | None = f"tables/{name}?limit={min(size, 10_000)}"
        while address:
            said = told(service, address)
            rows += said["rows"]
            address = said["next"]
        keys = [tuple(row[each] or "" for each in about.key) for row in rows]
        assert len(rows) == len(warehouse.table(name)), name
        assert keys == sorted(set(keys)), name


def test_all_forms_say_the_same(service: Service) -> None:
    address = (
        "tables/irrigation_need?departement=31&crop=grain_maize_irrigated&since=2020&until=2021-08"
    )
    rows = pd.DataFrame(told(service, address)["rows"])
    assert len(rows) > 20
    read = {
        "csv": pd.read_csv(
            io.BytesIO(content(ask(service, f"{address}&format=csv"))), dtype={"departement": str}
        ),
        "parquet": gpd.read_parquet(
            io.BytesIO(content(ask(service, f"{address}&format=parquet")))
        ).drop(columns="geometry"),
    }
    for other in read.values():
        assert list(other) == list(rows)
        assert list(other["period_end"].astype(str)) == list(rows["period_end"])
        for column in rows.select_dtypes("number"):
            assert other[column].astype(float).to_numpy() == pytest.approx(
                rows[column].astype(float).to_numpy(), nan_ok=True
            )


def test_periods_are_days_months_and_years() -> None:
    assert period_days("2022", "period") == (date(2022, 1, 1), date(2022, 12, 31))
    assert period_days("2024-02", "period") == (date(2024, 2, 1), date(2024, 2, 29))
    assert period_days("2022-08-20", "period") == (date(2022, 8, 20), date(2022, 8, 20))
    with pytest.raises(QuestionError):
        period_days("2022-13", "period")


def test_a_year_is_compared_with_years(service: Service) -> None:
    said = told(service, "tables/crop_statistics?departement=31&since=2015&until=2016")
    assert {row["year"] for row in said["rows"]} == {2015, 2016}


def test_period_since_and_until_all_hold(service: Service) -> None:
    query = "departement=31&period=2015&since=2014&until=2020"
    said = told(service, f"tables/crop_statistics?{query}")
    assert {row["year"] for row in said["rows"]} == {2015}
    none = told(service, "tables/crop_statistics?departement=31&period=2015&since=2016")
    assert none["count"] == 0


def test_a_region_stands_for_its_departements(service: Service) -> None:
    said = told(service, "tables/departements?region=94")
    assert [row["departement"] for row in said["rows"]] == ["2A", "2B"]


def test_a_crop_chooses_its_indicators(service: Service) -> None:
    said = told(service, "tables/indicator_values?crop=soybean&period=2022-07-31&departement=31")
    keys = {row["indicator"] for row in said["rows"]}
    assert keys
    assert all("soybean" in key for key in keys)


MISTAKES = (
    ("tables/soil", 404, "path"),
    ("nothing", 404, "path"),
    ("files/indicators/spi_3.exe", 404, "path"),
    ("files/tables/../../etc/passwd", 404, "path"),
    ("indicators/soil", 404, "path"),
    ("indicators?lang=fr", 400, "lang"),
    ("tables/departements?departement=99", 400, "departement"),
    ("tables/departements?departement=31'%20OR%201=1--", 400, "departement"),
    ("tables/departements?departement=", 400, "departement"),
    ("tables/departements?crop=maize", 400, "crop"),
    ("tables/departements?region=99", 400, "region"),
    ("tables/indicator_values?indicator=spi", 400, "indicator"),
    ("tables/indicator_values?crop=oats", 400, "crop"),
    ("tables/indicator_values?period=August", 400, "period"),
    ("tables/indicator_values?since=2022&until=2021", 400, "since"),
    ("tables/departements?limit=0", 400, "limit"),
    ("tables/departements?limit=10001", 400, "limit"),
    ("tables/departements?limit=-1", 400, "limit"),
    ("tables/departements?limit=1&limit=2", 400, "limit"),
    ("tables/departements?cursor=rubbish", 400, "cursor"),
    ("tables/departements?cursor=WzEsMl0=", 400, "cursor"),
    ("tables/departements?cursor=WyJvbGQiLCIzMSJd", 410, "cursor"),
    ("tables/departements?format=xml", 400, "format"),
    ("tables/departements?departement=%ff", 400, "query"),
    ("tables/departements?" + "departement=31&" * 1000, 414, "query"),
)


@pytest.mark.parametrize(("address", "status", "parameter"), MISTAKES)
def test_a_mistake_is_a_problem_in_one_line(
    service: Service, address: str, status: int, parameter: str
) -> None:
    answer = ask(service, address)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = json.loads(content(answer))
    assert (said["status"], said["parameter"]) == (status, parameter)
    for text in (said["detail"], said["detail_fr"]):
        assert text
        assert "\n" not in text
        assert len(text) < 4_000


def test_the_form_is_the_one_that_is_accepted_most() -> None:
    assert form({}, "").name == "json"
    assert form({}, "text/html,application/xhtml+xml,*/*;q=0.8").name == "json"
    assert form({}, "application/json;q=0.5, text/csv").name == "csv"
    assert form({}, "text/*").name == "csv"
    assert form({"format": ["parquet"]}, "text/csv").name == "parquet"
    with pytest.raises(QuestionError) as refused:
        form({}, "text/html, application/json;q=0")
    assert refused.value.status == 406


def test_an_unchanged_answer_is_not_sent_again(service: Service) -> None:
    address = "tables/crop_statistics?departement=31"
    first = ask(service, address)
    tag = first.headers["ETag"]
    assert tag.startswith('"')  # a strong one
    again = ask(service, address, if_none_match=f'"other", {tag}')
    assert (again.status, again.body) == (304, None)
    assert again.headers["ETag"] == tag
    others = [
        ask(service, f"{address}&format=csv"),
        ask(service, address, gzip=True),
        ask(service, "tables/crop_statistics?departement=32"),
    ]
    tags = {each.headers["ETag"] for each in others} | {tag}
    assert len(tags) == 4


def test_the_same_data_have_the_same_bytes(service: Service, small_home: Path) -> None:
    """Two services and a copy of the publication: no moment and no path is in a file."""
    for name in ("indicators/spi_3.csv", "indicators/spi_3.parquet", "tables/recovery.parquet"):
        first, second = ask(service, f"files/{name}"), ask(service, f"files/{name}")
        assert first.headers["ETag"] == second.headers["ETag"]
        assert content(first) == content(second)


def test_texts_are_compressed_where_that_is_accepted(service: Service) -> None:
    answer = ask(service, "tables/crop_statistics?departement=31", gzip=True)
    assert answer.headers["Content-Encoding"] == "gzip"
    plain = content(ask(service, "tables/crop_statistics?departement=31"))
    packed = content(answer)
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 3


def test_spi_3_of_all_dekads_is_one_address(service: Service, small_home: Path) -> None:
    known = Warehouse(small_home / "published" / "drought.duckdb").table("drought_indicators")
    known = known[known["indicator"] == "spi_3"]
    csv = pd.read_csv(
        io.BytesIO(content(ask(service, "files/indicators/spi_3.csv"))),
        dtype={"departement": str},
        parse_dates=["period_end"],
    )
    assert len(csv) == len(known)
    joined = csv.merge(known, on=["departement", "period_end"], validate="1:1")
    assert joined["value_x"].to_numpy() == pytest.approx(joined["value_y"].to_numpy(), nan_ok=True)
    parquet = gpd.read_parquet(io.BytesIO(content(ask(service, "files/indicators/spi_3.parquet"))))
    assert len(parquet) == len(csv)
    assert parquet.geometry.notna().all()
    drawn = gpd.read_file(io.BytesIO(content(ask(service, "files/indicators/spi_3.geojson"))))
    assert len(drawn) == 101
    gers = drawn.set_index("departement").loc["32"]
    day = joined[(joined["departement"] == "32") & joined["value_x"].notna()].iloc[-1]
    assert gers[str(day["period_end"].date())] == pytest.approx(day["value_x"])


def test_the_metadata_of_a_file_say_what_it_is(service: Service) -> None:
    file = io.BytesIO(content(ask(service, "files/indicators/precip_mm.parquet")))
    said = {name.decode(): text.decode() for name, text in pq.read_metadata(file).metadata.items()}
    assert said["unit"] == "mm"
    assert said["licence"]
    assert said["source"]
    assert said["publication"] in said["citation"]
    assert json.loads(said["geo"])["version"] == "1.1.0"


def test_lists_lead_to_everything_there_is(service: Service) -> None:
    for link in told(service, "")["links"].values():
        assert told(service, link)
    tables = told(service, "tables")["tables"]
    assert [each["table"] for each in tables] == list(NAMES)
    for each in tables:
        assert each["description"]
        assert all(column["description"] for column in each["columns"]), each["table"]
        assert ask(service, f"{each['rows']}?limit=1").status == 200, each["table"]
    spi = next(
        each for each in told(service, "indicators")["indicators"] if each["indicator"] == "spi_3"
    )
    assert (spi["crop"], spi["step"], spi["high_is_dry"]) == (None, "dekad", False)
    assert (spi["first_period"], spi["last_period"]) < ("2015", "2023")
    for address in spi["files"].values():
        assert ask(service, address).status == 200


def _is(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value is what a schema of a column allows."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if value is None:
        return "null" in kinds
    types = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}
    right = any(isinstance(value, types[kind]) for kind in kinds if kind != "null")
    if isinstance(value, bool) and "boolean" not in kinds:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if schema.get("format") == "date":
        date.fromisoformat(value)
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    return right and low <= value <= high


def test_rows_are_as_the_document_says(service: Service) -> None:
    """A client that knows the document only meets no surprise in the first rows of each table."""
    document = told(service, "openapi.json")
    assert document["openapi"] == "3.1.0"
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        if not path.startswith("/tables/"):
            continue
        answer = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        name = answer["properties"]["rows"]["items"]["$ref"].rpartition("/")[2]
        said = told(service, f"{path}?limit=500")
        assert set(said) == set(answer["required"])
        for row in said["rows"]:
            properties = schemas[name]["properties"]
            assert set(row) == set(properties) == set(schemas[name]["required"]), path
            wrong = {
                column: value for column, value in row.items() if not _is(value, properties[column])
            }
            assert not wrong, path


def test_the_document_needs_no_publication(tmp_path: Path) -> None:
    empty = Service(tmp_path / "none.duckdb")
    assert ask(empty, "openapi.json").status == 200
    answer = ask(empty, "tables/departements")
    assert answer.status == 503
    assert "nothing is published" in json.loads(content(answer))["detail"]


def test_a_damaged_publication_is_a_problem(small_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "drought.duckdb"
    shutil.copy(small_home / "published" / "drought.duckdb", path)
    service = Service(path)
    assert ask(service, "tables").status == 200
    path.write_bytes(b"no database")
    assert ask(service, "tables").status == 503


def test_a_full_disk_is_said_and_sends_nothing_half(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large answers are made in a file of the system's temporary folder: here of 16 kB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let a test mount a small file system")
    try:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        monkeypatch.setattr("geo_pipeline.publishing.api.service.IN_MEMORY_BYTES", 1000)
        service = Service(small_home / "published" / "drought.duckdb")
        answer = ask(service, "files/indicators/spi_3.csv")
        assert answer.status == 503
        assert "No space left on device" in json.loads(content(answer))["detail"]
        assert ask(service, "tables/departements?limit=1").status == 200
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_new_publication_ends_old_cursors(small_home: Path, tmp_path: Path) -> None:
    """Its tag is another one too: nobody gets rows of two publications in one table."""
    import duckdb

    path = tmp_path / "drought.duckdb"
    shutil.copy(small_home / "published" / "drought.duckdb", path)
    service = Service(path)
    first = ask(service, "tables/crop_statistics?limit=1")
    after = json.loads(content(first))["next"]
    assert ask(service, after).status == 200
    newer = tmp_path / "newer.duckdb"
    shutil.copy(path, newer)
    with duckdb.connect(str(newer)) as connection:
        now = datetime.now(UTC)
        connection.execute("UPDATE publication SET fingerprint = 'other', published_at = ?", [now])
    newer.replace(path)
    assert ask(service, after).status == 410
    again = ask(service, "tables/crop_statistics?limit=1")
    assert again.headers["ETag"] != first.headers["ETag"]


def test_every_table_has_a_path_and_every_filter_a_column() -> None:
    paths = openapi.document("/api/v1")["paths"]
    for name in NAMES:
        parameters = paths[f"/tables/{name}"]["get"]["parameters"]
        assert all(each["description"] for each in parameters if each["in"] == "query")
        assert offer(name).key, name
