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
from pathlib import Path
from typing import Any

import pytest

from geo_pipeline.storage.lake import PARTITIONED

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120
Query = Callable[..., dict[str, Any]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an empty home folder."""
    return tmp_path / "home"


@pytest.fixture
def query(home: Path) -> Iterator[Query]:
    """Start `geo-pipeline dagster` on a free loopback port; give the function that asks it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "geo_pipeline", "dagster", "-h", "127.0.0.1", "-p", str(port)],
        cwd=ROOT,
        env={**os.environ, "GEO_PIPELINE_HOME": str(home)},
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
    loaded = query(
        "{repositoriesOrError {... on RepositoryConnection {nodes {"
        "name location {name} jobs {name} assetNodes {assetKey {path}}}}}}"
    )
    (repository,) = loaded["repositoriesOrError"]["nodes"]
    assert {"france", "departement", "publish"} <= {each["name"] for each in repository["jobs"]}
    assert len(repository["assetNodes"]) == 11
    launched = query(
        "mutation ($run: ExecutionParams!) {launchRun(executionParams: $run) {"
        "... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}",
        run={
            "selector": {
                "repositoryLocationName": repository["location"]["name"],
                "repositoryName": repository["name"],
                "jobName": "departement",
            },
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": "31"}]},
        },
    )["launchRun"]
    assert "run" in launched, launched

    def status() -> str:
        asked = query(
            "query ($id: ID!) {runOrError(runId: $id) {... on Run {status}}}",
            id=launched["run"]["runId"],
        )
        return str(asked["runOrError"]["status"])

    until(lambda: status() in ("SUCCESS", "FAILURE", "CANCELED"))
    assert status() == "SUCCESS"
    for table in PARTITIONED:
        name = Path("lake", table, "departement=31", "part.parquet")
        alone, together = ((folder / name).read_bytes() for folder in (home, published_home))
        assert hashlib.sha256(alone).digest() == hashlib.sha256(together).digest()
        assert [path.name for path in (home / "lake" / table).iterdir()] == ["departement=31"]
    assert (home / "published" / "drought.duckdb").is_file()
