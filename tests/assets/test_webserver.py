"""Dagster's own pages and daemon on the definitions: they load, and run a partition when asked."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from geo_pipeline.storage.lake import Lake
from tests.conftest import PARTITIONED, UNPARTITIONED
from tests.sources.conftest import Provider, provider

pytestmark = pytest.mark.slow

__all__ = ["provider"]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120
ENDED = ("SUCCESS", "FAILURE", "CANCELED")
Query = Callable[..., dict[str, Any]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an empty home folder."""
    return tmp_path / "home"


@pytest.fixture
def query(home: Path) -> Iterator[Query]:
    """Give the function that asks Dagster's pages of `home`."""
    with served(home) as ask:
        yield ask


@contextmanager
def served(home: Path, **variables: str) -> Iterator[Query]:
    """Start `geo-pipeline dagster` on a free loopback port; give the function that asks it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "geo_pipeline", "dagster", "-h", "127.0.0.1", "-p", str(port)],
        cwd=ROOT,
        env={**os.environ, "GEO_PIPELINE_HOME": str(home), **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def ask(text: str, **variables: object) -> dict[str, Any]:
        body = json.dumps({"query": text, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            data: dict[str, Any] = json.load(answer)["data"]
        return data

    try:
        until(lambda: reachable(port))
        yield ask
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def reachable(port: int) -> bool:
    """Return whether the server answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def until(holds: Callable[[], bool]) -> None:
    """Wait until `holds`, or fail."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"waited {PATIENCE_S} s in vain")
        time.sleep(0.5)


@pytest.mark.slow
def test_the_pages_load_everything_and_run_one_partition(
    query: Query, home: Path, published_home: Path
) -> None:
    repository = loaded(query)
    assert {"france", "departement", "publish"} <= {each["name"] for each in repository["jobs"]}
    beside = {"warehouse", "exports", "bulletins"}
    assert len(repository["assetNodes"]) == len(PARTITIONED) + len(UNPARTITIONED) + len(beside)
    run_id = launched(query, "31")
    until(partial(ended, query, run_id))
    assert status(query, run_id) == "SUCCESS"
    for table in PARTITIONED:
        name = Path("lake", table, "departement=31", "part.parquet")
        alone, together = ((folder / name).read_bytes() for folder in (home, published_home))
        assert hashlib.sha256(alone).digest() == hashlib.sha256(together).digest()
        assert [path.name for path in (home / "lake" / table).iterdir()] == ["departement=31"]
    assert (home / "published" / "drought.duckdb").is_file()


@pytest.mark.drill
@pytest.mark.slow
def test_a_run_that_waits_for_its_provider_can_be_stopped(home: Path, provider: Provider) -> None:
    """By Dagster's pages, or by a signal to the process of the run; it is not tried again."""
    provider.on("/archive", delay_s=600.0)
    source = {
        "GEO_PIPELINE_SOURCE": "open-meteo",
        "GEO_PIPELINE_OPEN_METEO_URL": f"{provider.url}/archive",
    }
    with served(home, **source) as query:
        for before, (how, end) in enumerate((("terminate", "CANCELED"), ("SIGTERM", "FAILURE"))):
            run_id = launched(query, "31")
            until(partial(waiting_or_ended, query, run_id, provider, before))
            assert status(query, run_id) == "STARTED"
            process = json.loads((home / "dagster" / "running" / run_id).read_text("utf-8"))["pid"]
            stopped_at = time.monotonic()
            if how == "SIGTERM":
                os.kill(process, signal.SIGTERM)
            else:
                query("mutation ($id: String!) {terminateRun(runId: $id) {__typename}}", id=run_id)
            until(partial(ended, query, run_id))
            assert time.monotonic() - stopped_at < 60
            assert status(query, run_id) == end
            until(partial(gone, process))
            assert time.monotonic() - stopped_at < 60
            assert len(provider.asked) == before + 1
    lake = Lake(home / "lake")
    assert not lake.path("weather_daily", "31").exists()
    written = [path for path in (home / "lake").rglob("*") if path.is_file()]
    assert {path.name for path in written} <= {"part.parquet"}
    assert len(lake.read("crop_statistics", "31"))  # of before, whole


def ended(query: Query, run_id: str) -> bool:
    """Say whether a run has come to its end."""
    return status(query, run_id) in ENDED


def waiting_or_ended(query: Query, run_id: str, provider: Provider, before: int) -> bool:
    """Say whether a run has asked its provider, which was asked `before` times, or ended."""
    return len(provider.asked) > before or ended(query, run_id)


def gone(process: int) -> bool:
    """Say whether there is no such process any more."""
    return not Path(f"/proc/{process}").exists()


def loaded(query: Query) -> dict[str, Any]:
    """Return the one repository that the pages have."""
    found = query(
        "{repositoriesOrError {... on RepositoryConnection {nodes {"
        "name location {name} jobs {name} assetNodes {assetKey {path}}}}}}"
    )
    (repository,) = found["repositoriesOrError"]["nodes"]
    return dict(repository)


def launched(query: Query, departement: str) -> str:
    """Launch a run for a département, and return its id."""
    repository = loaded(query)
    answer = query(
        "mutation ($run: ExecutionParams!) {launchRun(executionParams: $run) {"
        "... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}",
        run={
            "selector": {
                "repositoryLocationName": repository["location"]["name"],
                "repositoryName": repository["name"],
                "jobName": "departement",
            },
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": departement}]},
        },
    )["launchRun"]
    assert "run" in answer, answer
    return str(answer["run"]["runId"])


def status(query: Query, run_id: str) -> str:
    """Return the status of a run."""
    asked = query("query ($id: ID!) {runOrError(runId: $id) {... on Run {status}}}", id=run_id)
    return str(asked["runOrError"]["status"])
