"""The data package, held against the rules of Data Package 2.0 and against its own files."""

import csv
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from geo_pipeline.catalogue.indicators import COMPUTED, INDICATORS
from geo_pipeline.errors import StorageError
from geo_pipeline.publishing.api import packages
from geo_pipeline.publishing.api.service import Asked, Service
from geo_pipeline.storage.warehouse import Warehouse

NAMES = re.compile(r"^[a-z0-9._-]+$")
TYPES = {"string", "number", "integer", "boolean", "date"}
CONSTRAINTS = {"required", "minimum", "maximum", "enum"}


@pytest.fixture(scope="module")
def warehouse(small_home: Path) -> Warehouse:
    return Warehouse(small_home / "published" / "drought.duckdb")


@pytest.fixture(scope="module")
def archive(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(packages.write(warehouse, tmp_path_factory.mktemp("package") / "a.zip"))


@pytest.fixture(scope="module")
def told(archive: zipfile.ZipFile) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(archive.read("datapackage.json"))
    return said


def test_the_descriptor_follows_the_standard(told: dict[str, Any]) -> None:
    assert NAMES.match(told["name"])
    assert told["$schema"].endswith("/2.0/datapackage.json")
    names = [each["name"] for each in told["resources"]]
    assert len(set(names)) == len(names)
    for each in [told, *told["resources"]]:
        assert all(licence.get("name") or licence.get("path") for licence in each["licenses"])
        assert all(NAMES.match(licence["name"]) for licence in each["licenses"])
        assert all(source["title"] for source in each.get("sources", []))
    for each in told["resources"]:
        assert NAMES.match(each["name"])
        assert not each["path"].startswith(("/", "."))
        fields = {field["name"]: field for field in each["schema"]["fields"]}
        assert set(each["schema"].get("primaryKey", [])) <= set(fields)
        for field in fields.values():
            assert field["type"] in TYPES
            assert set(field.get("constraints", {})) <= CONSTRAINTS


def test_each_file_is_as_it_is_described(archive: zipfile.ZipFile, told: dict[str, Any]) -> None:
    paths = {each["path"] for each in told["resources"]}
    assert set(archive.namelist()) == paths | {"datapackage.json"}
    for each in told["resources"]:
        content = archive.read(each["path"])
        if not content:  # a table without rows, such as groundwater without a provider
            continue
        assert len(content) == each["bytes"]
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == each["hash"]
        rows = csv.reader(io.StringIO(content.decode()))
        assert next(rows) == [field["name"] for field in each["schema"]["fields"]]


def test_every_indicator_of_the_rows_is_explained(archive: zipfile.ZipFile) -> None:
    listed = csv.DictReader(io.StringIO(archive.read("indicators.csv").decode()))
    units = {row["indicator"]: row["unit"] for row in listed}
    assert (units["precip_mm"], units["spi_3"]) == ("mm", "")
    rows = csv.DictReader(io.StringIO(archive.read("tables/drought_indicators.csv").decode()))
    hidden = set(COMPUTED) - set(INDICATORS)  # of which `drought_events` is made
    assert {row["indicator"] for row in rows} <= set(units) | hidden


def test_units_are_in_the_schema(told: dict[str, Any]) -> None:
    tables = {each["name"]: each for each in told["resources"]}
    fields = {each["name"]: each for each in tables["crop_statistics"]["schema"]["fields"]}
    assert {name: each.get("unit") for name, each in fields.items()} == {
        "departement": None,
        "year": None,
        "crop": None,
        "area_ha": "ha",
        "yield_q_ha": "q/ha",
        "production_q": "q",
        "source": None,
    }


def test_the_same_publication_gives_the_same_bytes(
    warehouse: Warehouse, archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    again = packages.write(warehouse, tmp_path / "b.zip")
    assert again.read_bytes() == Path(str(archive.filename)).read_bytes()


def test_the_server_describes_its_own_files(small_home: Path) -> None:
    """Paths are relative to the descriptor, each with an answer."""
    service = Service(small_home / "published" / "drought.duckdb")
    answer = service.answer(Asked("datapackage.json"))
    assert answer.body is not None
    for each in json.loads(answer.body.read())["resources"]:
        assert service.answer(Asked(each["path"])).status == 200, each["path"]


def test_a_folder_that_cannot_be_written_keeps_its_file(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("here already")
    with pytest.raises(StorageError, match="cannot write"):
        packages.write(warehouse, tmp_path / "file" / "package.zip")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
