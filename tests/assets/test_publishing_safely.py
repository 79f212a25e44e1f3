"""A publication is the old one or the new one, whole: with any disk, flipped bit or change."""

import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.runtime.providers import attributions
from geo_pipeline.settings import Settings
from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.spatial.database import attach
from geo_pipeline.storage import warehouse_building, warehouse_plan, warehouse_tables
from geo_pipeline.storage.findings import Finding
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse, check_whole, is_whole, previous
from geo_pipeline.storage.warehouse_building import Published
from geo_pipeline.tables import TABLES
from geo_pipeline.transforms.calendar import calendar_tables
from geo_pipeline.transforms.exposure import risk_tables
from geo_pipeline.words import verbatim
from tests.conftest import ROOT, digests

pytestmark = pytest.mark.slow

BESIDE = calendar_tables(crop_parameters(ROOT / "assets_data")) | risk_tables(Settings())
SOME = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")
MB = 1_000_000


@pytest.fixture(scope="module")
def twelve(published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a lake of twelve départements and their publication. Copy it."""
    folder = tmp_path_factory.mktemp("twelve")
    whole, lake = Lake(published_home / "lake"), Lake(folder / "lake")
    for table in TABLES:
        codes = SOME if TABLES[table].partitioned else (None,)
        for path, copy in ((whole.path(table, code), lake.path(table, code)) for code in codes):
            if path.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    publish(lake, folder / "published" / "drought.duckdb")
    return folder


@pytest.fixture
def lake(twelve: Path, tmp_path: Path) -> Lake:
    """Return a lake that a test may change."""
    shutil.copytree(twelve / "lake", tmp_path / "lake")
    return Lake(tmp_path / "lake")


@pytest.fixture
def target(twelve: Path, tmp_path: Path) -> Path:
    """Return the publication of that lake, which a test may replace or damage."""
    shutil.copytree(twelve / "published", tmp_path / "published")
    return tmp_path / "published" / "drought.duckdb"


def publish(lake: Lake, target: Path, **held: list[Finding]) -> Published:
    return warehouse_building.publish(lake, target, attributions(), BESIDE, held)


def change(lake: Lake, code: str, rain: float = 1.5, rows: int | None = None) -> None:
    """Write other weather, and the days of `code` from it, or only the first `rows` of them."""
    for table, column in (("weather_daily", "precip_mm"), ("soil_water_daily", "swi")):
        frame = lake.read(table, code).iloc[:rows]
        frame[column] *= rain
        lake.write(table, frame, lake.origin(table, code), code)


@contextmanager
def disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a file system of `size` bytes at `folder`; skip where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let a test mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def tables(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the number of rows of each table and two sums of their hashes, whatever their order;
    not when it was made."""
    with closing(attach(path)) as connection:
        connection.execute("USE published")
        names = [
            name
            for (name,) in connection.execute("SHOW TABLES").fetchall()
            if name not in {"departement_risk", "publication"}
        ]
        of = "SELECT count(*), sum(hash(each)::HUGEINT), bit_xor(hash(each)) FROM {} AS each"
        return {name: connection.sql(of.format(name)).fetchall()[0] for name in names}


def weather(path: Path, code: str) -> list[tuple[object, ...]]:
    """Return the published days of a département, in the order of their values."""
    with closing(attach(path)) as connection:
        of = "SELECT * FROM published.weather_daily WHERE departement = $1 ORDER BY ALL"
        return connection.execute(of, [code]).fetchall()


@pytest.mark.parametrize("begun_as_copy", [False, True])
def test_a_disk_that_fills_while_publishing(
    lake: Lake,
    target: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begun_as_copy: bool,
) -> None:
    """The old publication or the new one, whole, whatever the room from 5 to 40 MB."""
    monkeypatch.setattr(warehouse_building, "_SIZE_WHILE_BUILT", 0.0)  # it does not look beforehand
    if not begun_as_copy:
        monkeypatch.setattr(warehouse_plan, "MOST_CONTINUED", 0)
    old = target.stat().st_size
    change(lake, "12")
    told, made = [], 0
    for free in (5, 8, 11, 14, 20, 40):
        with disk(tmp_path / f"{free}", old + free * MB) as small:
            there = small / target.name
            shutil.copyfile(target, there)
            before = digests(small)[target.name]
            try:
                publish(lake, there)
            except StorageError as error:
                told.append(str(error))
                assert digests(small)[target.name] == before
                assert not previous(there).exists()
            else:
                made += 1
                assert digests(small)[target.name] != before
                assert digests(small)[previous(there).name] == before
            check_whole(there)
            left = {path.name for path in small.iterdir()}
            assert left <= {target.name, previous(target).name, "drought.lock"}
    assert told
    assert made
    for line in told:
        assert re.fullmatch(r"cannot (publish|write) .* before is unchanged", line)


def test_too_little_room_is_told_beforehand(lake: Lake, target: Path, tmp_path: Path) -> None:
    with (
        disk(tmp_path / "small", 7 * MB) as small,
        pytest.raises(
            StorageError, match=r"^cannot publish .*: 7 MB are free on its disk and abou"
        ),
    ):
        publish(lake, small / target.name)


def test_the_publication_before_makes_room_where_there_is_none(
    lake: Lake, target: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    size = target.stat().st_size
    # Room for the publication and for making another, not for keeping the one before as well.
    with disk(tmp_path / "small", round(2.9 * size)) as small:
        there = small / target.name
        publish(lake, there)
        change(lake, "12")
        publish(lake, there)
        assert is_whole(previous(there))
        assert not caplog.records
        change(lake, "12")
        publish(lake, there)
        check_whole(there)
        assert "the publication before goes" in caplog.text


def test_a_bit_that_flips_anywhere_in_the_publication_is_found(target: Path) -> None:
    chance = random.Random(12)
    size = target.stat().st_size
    places = [chance.randrange(size) for _ in range(60)]
    places += [chance.randrange(12_288) for _ in range(20)]  # the three heads of the file
    check_whole(target)
    with target.open("r+b", buffering=0) as file:
        for place in places:
            file.seek(place)
            (was,) = file.read(1)
            file.seek(place)
            file.write(bytes([was ^ 1 << chance.randrange(8)]))
            with pytest.raises(StorageError, match="publish again with `geo-pipeline run`"):
                check_whole(target)
            file.seek(place)
            file.write(bytes([was]))
    check_whole(target)


@pytest.mark.parametrize("damage", ["cut", "empty", "text"])
def test_a_stump_is_no_publication(lake: Lake, target: Path, damage: str) -> None:
    with pytest.raises(NotPublishedError):
        check_whole(target.with_name("other.duckdb"))
    content = target.read_bytes()
    target.write_bytes({"cut": content[:-300_000], "empty": b"", "text": b"no database"}[damage])
    assert not is_whole(target)
    with pytest.raises(StorageError):
        Warehouse(target).query("publication_date")
    publish(lake, target)
    check_whole(target)


def test_the_one_before_is_read_while_the_publication_is_damaged(lake: Lake, target: Path) -> None:
    first = Warehouse(target).query("publication_date")["published_at"].iloc[0]
    change(lake, "12")
    publish(lake, target)
    target.write_bytes(b"no database")
    reader = Warehouse(target)
    assert reader.query("publication_date")["published_at"].iloc[0] == first
    # Of one that is held back now the rows are those of the last that can be read.
    rain = weather(previous(target), "12")
    assert rain
    change(lake, "12")
    finding = Finding(
        "weather_daily", "12", "jumps", "error", verbatim("x"), datetime.now(UTC).isoformat()
    )
    publish(lake, target, **{"12": [finding]})
    assert weather(target, "12") == rain
    assert reader.query("publication_date")["published_at"].iloc[0] > first
    # What was damaged is not kept as the one before.
    assert is_whole(previous(target))


def changes(code: str) -> list[Callable[[Lake], None]]:
    """Return what may become of the files of a département."""
    return [
        lambda lake: change(lake, code),
        lambda lake: change(lake, code, rows=5),
        lambda lake: change(lake, code, rows=0),
        lambda lake: lake.path("crop_statistics", code).unlink(),
        lambda lake: lake.path("soil_water_daily", code).unlink(),
    ]


def test_what_is_carried_on_is_what_a_new_one_would_be(
    lake: Lake, target: Path, tmp_path: Path
) -> None:
    finding = Finding(
        "weather_daily", "03", "jumps", "error", verbatim("x"), datetime.now(UTC).isoformat()
    )
    steps = changes("12")
    for step in steps:
        step(lake)
        change(lake, "03")
        publish(lake, target, **{"03": [finding]})
    held = weather(target, "03")
    anew = tmp_path / "anew" / target.name
    anew.parent.mkdir()
    shutil.copyfile(target, anew)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse_plan, "MOST_CONTINUED", 0)
        publish(lake, anew, **{"03": [finding]})
    assert continued(target) == len(steps)
    assert continued(anew) == 0
    assert tables(target) == tables(anew)
    publish(lake, target)  # released
    publish(lake, anew)
    assert tables(target) == tables(anew)
    assert weather(target, "03") != held


def test_a_table_with_many_changes_is_loaded_anew(
    lake: Lake, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh day changes the weather of all départements: the other tables are carried on."""
    monkeypatch.setattr(warehouse_plan, "MOST_CHANGED", 1)
    for code in ("01", "02", "03"):
        change(lake, code)
    lake.path("crop_statistics", "12").unlink()
    finding = Finding(
        "weather_daily", "03", "jumps", "error", verbatim("x"), datetime.now(UTC).isoformat()
    )
    before = weather(target, "03")
    publish(lake, target, **{"03": [finding]})
    assert weather(target, "03") == before
    publish(lake, target)
    assert weather(target, "03") != before
    anew = tmp_path / "anew" / target.name
    anew.parent.mkdir()
    publish(lake, anew)
    assert tables(target) == tables(anew)
    assert continued(target) == 2  # rows of 12 were replaced in one table, then those of 03


def test_after_many_replacements_all_is_built_anew(
    lake: Lake, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse_plan, "MOST_CONTINUED", 1)
    for expected in (1, 0):
        change(lake, "01")
        publish(lake, target)
        assert continued(target) == expected


def test_files_that_others_write_meanwhile_are_published_as_they_came_to_be(
    lake: Lake, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when départements run in processes of their own: days are taken, then others are there."""
    load, left = warehouse_tables._load, [100, 200]

    def load_while_another_writes(*given: Any) -> None:
        load(*given)
        if given[2] == "drought_indicators" and left:
            change(lake, "03", rows=left.pop())

    monkeypatch.setattr(warehouse_tables, "_load", load_while_another_writes)
    target.unlink()
    publish(lake, target)
    assert left == []
    with closing(attach(target)) as connection:
        connection.execute("USE published")
        of = "SELECT count(*) FROM weather_daily WHERE departement = '03'"
        assert connection.execute(of).fetchone() == (100,)


def test_rows_that_are_lost_on_the_way_are_not_published(lake: Lake, target: Path) -> None:
    before = digests(target.parent)
    with closing(duckdb.connect(str(target))) as connection:
        connection.execute("DELETE FROM weather_daily WHERE departement = '02'")
    changed = digests(target.parent)
    assert changed != before
    change(lake, "01")
    with pytest.raises(StorageError, match=r"weather_daily of départements with other rows"):
        publish(lake, target)
    assert digests(target.parent) == changed


def continued(path: Path) -> int:
    """Return how many publications in a row began as a copy of the one before."""
    with closing(attach(path)) as connection:
        (count,) = (
            connection.execute("SELECT continued FROM published.publication").fetchone() or ()
        )
    return int(count)
