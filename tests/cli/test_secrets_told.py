"""Commands, files of the home, Dagster's pages and the app, run with a secret in each setting."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.secret_settings import MARK, planted, secret
from tests.serving import ROOT, serving

pytestmark = pytest.mark.slow

COMMANDS = (
    "doctor --json", "materialize 75", "status", "test-alert", "export table --indicator none",
    "run --source nowhere", "health app",
)  # fmt: skip
TYPED = """
import contextlib, os, sys
from geo_pipeline.__main__ import main
for line in sys.argv[1].splitlines():
    print(">", line, file=sys.stderr, flush=True)
    sys.argv = ["geo-pipeline", *line.split()]
    with contextlib.suppress(SystemExit):
        main()
"""
ASKED = """
import asyncio, json
from geo_pipeline.settings import Settings
from tests.assets.test_dagster_pages import asked, schema
QUERY = '''{
  instance {info hasInfo runLauncher {name} concurrencyLimits {concurrencyKey}}
  workspaceOrError {... on Workspace {locationEntries {name displayMetadata {key value}
    locationOrLoadError {... on RepositoryLocation {repositories {
      allTopLevelResourceDetails {name description configuredValues {key value}
        configFields {name description defaultValueAsJson}}
      sensors {name description metadata {assetKeys {path}}}
      pipelines {name description tags {key value} modes {resources {name description
        configField {name description defaultValueAsJson}}}}
      assetNodes {opName description metadataEntries {label description}}}}
      ... on PythonError {message stack}}}}}
  runsOrError {... on Runs {results {id runConfigYaml tags {key value}
    stats {... on RunStatsSnapshot {stepsFailed}}}}}
}'''
with asked(Settings()) as context:
    told = asyncio.run(schema().execute_async(QUERY, context_value=context))
    assert not told.errors, told.errors
    print(json.dumps(told.data))
"""


def _run(program: str, *arguments: str, home: Path, without: str = "") -> str:
    """Return all that a program says with secrets in all settings but one."""
    variables = {name: value for name, value in planted().items() if name != without}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=home.parent,
        env={
            **os.environ,
            **variables,
            "PYTHONPATH": str(ROOT),
            "GEO_PIPELINE_HOME": str(home),
            "GEO_PIPELINE_ALERT_EMAILS": '["ada@example.org"]',
            "GEO_PIPELINE_METEO_FRANCE_API_URL": "http://127.0.0.1:1",
            "GEO_PIPELINE_LOG_LEVEL": "DEBUG",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def _told(text: str) -> list[str]:
    return [line for line in text.splitlines() if MARK in line]


def _kept(home: Path) -> Iterator[Path]:
    """Give the files of a home that have a secret in them."""
    for path in home.rglob("*"):
        if path.is_file() and MARK.encode() in path.read_bytes():
            yield path


@pytest.mark.drill
def test_commands_records_and_pages_tell_no_secret(tmp_path: Path) -> None:
    """Dagster's records first in files, then in a PostgreSQL that does not answer."""
    home = tmp_path / "home"
    with_records = {"home": home, "without": "GEO_PIPELINE_POSTGRES_URL"}
    said = _run(TYPED, "\n".join(COMMANDS), **with_records)  # type: ignore[arg-type]
    assert said.count("\n> ") + said.startswith("> ") == len(COMMANDS), said
    assert (home / "published" / "drought.duckdb").exists()
    assert _told(said) == []
    pages = _run(ASKED, **with_records)  # type: ignore[arg-type]
    assert '"workspace"' in pages, pages
    assert _told(pages) == []
    assert list(_kept(home)) == []
    refused = _run(TYPED, "doctor\nmaterialize 75", home=home)
    assert "refused" in refused
    assert _told(refused) == []
    assert list(_kept(home)) == []


def test_the_app_tells_no_secret(tmp_path: Path) -> None:
    of_app = {
        name.removeprefix("GEO_PIPELINE_APP_").lower(): value
        for name, value in planted().items()
        if name.startswith("GEO_PIPELINE_APP_")
    }
    log = tmp_path / "log.txt"
    with serving(tmp_path / "home", log, sign_in="basic", **of_app) as (_, address):
        site = address.removesuffix("/app")
        reader, stranger = requests.Session(), requests.Session()
        form = stranger.get(f"{site}/login", timeout=60)
        token = {"_xsrf": stranger.cookies["_xsrf"]}
        reader.cookies.update(stranger.cookies)
        wrong = {"username": "ada", "password": "wrong", **token}
        right = {"username": "ada", "password": secret("app_users"), **token}
        answers = [form, stranger.post(f"{site}/login", wrong, timeout=60)]
        answers += [reader.post(f"{site}/login", right, timeout=60)]
        assert answers[-1].url.endswith("/app"), answers[-1].url
        for path in ("/app", "/metrics", "/api/v1", "/health", "/nothing", "/app/ws", "/logout"):
            for who in (stranger, reader):
                answers.append(who.get(f"{site}{path}", timeout=60))
        bearer = {"Authorization": f"Bearer {secret('app_metrics_token')}"}
        metrics = stranger.get(f"{site}/metrics", headers=bearer, timeout=60)
        assert metrics.status_code == 503  # nothing is published; without the token it is 401
        for answer in (*answers, metrics):
            assert _told(answer.text) == [], answer.url
            assert MARK not in str(answer.headers), answer.url
    assert _told(log.read_text(encoding="utf-8")) == []
    assert list(_kept(tmp_path / "home")) == []
