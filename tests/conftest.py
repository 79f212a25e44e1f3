"""What tests share: a home folder with the whole of France, made once by the pipeline itself."""

import gc
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock

from geo_pipeline.cli import OBJECTS_BETWEEN_COLLECTIONS
from geo_pipeline.commands.runs import run
from geo_pipeline.objects import ObjectPath
from geo_pipeline.settings import Settings
from geo_pipeline.tables import SUMMED, TABLES
from geo_pipeline.territory import CODES

ROOT = Path(__file__).resolve().parents[1]

gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)  # as the command does

PARTITIONED = tuple(each.name for each in TABLES.values() if each.partitioned and not each.optional)
"""The tables by département that there are without a setting that asks for one."""

UNPARTITIONED = tuple(
    each.name for each in TABLES.values() if not each.partitioned and not each.optional
)
"""The tables of the whole of France among them."""


def made_from(table: str) -> set[str]:
    """Return the tables by département that are made from another, or from what is made from it."""
    direct = {each for each in PARTITIONED if table in TABLES[each].made_from}
    return direct.union(*(made_from(each) for each in direct))


def summed_from(table: str) -> set[str]:
    """Return the tables of the whole of France that are made from another or what is made of it."""
    changed = {table, *made_from(table)}
    for each in SUMMED:  # in the order of the flow
        if changed & set(TABLES[each].made_from):
            changed.add(each)
    return changed & set(SUMMED)


# No time of a busy machine makes a test fail.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules without a test of the tier that `-m` begins with: each worker loads all."""
    tier = str(config.option.markexpr).partition(" ")[0]
    if tier not in ("slow", "drill") or not collection_path.match("test_*.py"):
        return None
    return f"mark.{tier}" not in collection_path.read_text(encoding="utf-8") or None


def ignore(table: str, departement: str) -> None:
    """Nobody watches the progress."""


def digests(lake: Path) -> dict[str, str]:
    """Return the SHA-256 of each file under `lake`, by its path there.

    What a killed process left half-written beside them is none of them.
    """
    return {
        path.relative_to(lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(lake.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def in_store(settings: Settings, folder: Path) -> dict[str, str]:
    """Return the digests of the lake in the store, as `digests` has them of one on a disk."""
    lake = settings.lake
    assert isinstance(lake, ObjectPath)
    for pattern in ("*/part.parquet", "*/*/part.parquet"):
        for each in lake.glob(pattern):
            target = folder.joinpath(*each.key.parts[1:])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(each.read_bytes())
    return digests(folder)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of observations that only tests may read; skip where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.exists():
        pytest.skip("the observations for checks (../shared/data) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that the workers of one test run share.

    Where `GEO_PIPELINE_TEST_HOME` names a home that outlives a test run, so does this folder: it
    lies beside that home.
    """
    kept = os.environ.get("GEO_PIPELINE_TEST_HOME")
    if kept:
        beside = Path(f"{kept}-beside")
        beside.mkdir(parents=True, exist_ok=True)
        return beside
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def made(home: Path, codes: Sequence[str]) -> Path:
    """Return `home` with these départements run and published; whoever comes first makes it."""
    settings = Settings(home=home)
    with FileLock(f"{home}.lock"):
        if not settings.warehouse.exists():
            run(settings, codes, ignore)
    return home


@pytest.fixture(scope="session")
def published_home(of_all: Path) -> Path:
    """Return a home folder with all of France run and published. Read it, do not write to it.

    `GEO_PIPELINE_TEST_HOME` names one that outlives a test run: made by the first, read by others.
    """
    kept = os.environ.get("GEO_PIPELINE_TEST_HOME")
    return made(Path(kept) if kept else of_all / "france", CODES)


@pytest.fixture
def own_home(published_home: Path, tmp_path: Path) -> Path:
    """Return a copy of the published home that a test may do with what it likes."""
    home = tmp_path / "home"
    shutil.copytree(published_home, home)
    return home


@pytest.fixture(scope="session")
def small_home(of_all: Path) -> Path:
    """Return a home with 31, 32 and 33 run and published. Copy it, do not write to it."""
    return made(of_all / "small", ["31", "32", "33"])


@pytest.fixture(scope="session")
def pair_home(of_all: Path) -> Path:
    """Return a home with 75, of which no weather is known, and 76. Copy it, do not write to it."""
    return made(of_all / "pair", ["75", "76"])


@pytest.fixture
def own_small_home(small_home: Path, tmp_path: Path) -> Path:
    """Return a copy of the small home, for tests that run a département among others."""
    home = tmp_path / "home"
    shutil.copytree(small_home, home)
    return home
