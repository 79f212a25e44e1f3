"""Commands end within seconds of SIGTERM, also while they wait for a provider that told them to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.sources.conftest import Provider

pytestmark = pytest.mark.slow


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    yield server
    server.close()


def test_a_run_that_was_told_to_wait_ends_soon_after_a_signal(
    provider: Provider, tmp_path: Path
) -> None:
    provider.on("/v1/archive", b"{}", status=429, headers={"Retry-After": "150"})
    process = subprocess.Popen(
        [sys.executable, "-m", "geo_pipeline", "run", "--source", "open-meteo",
         "--since", "2026-01-01", "--departements", "31,32"],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
        env={
            **os.environ,
            "GEO_PIPELINE_HOME": str(tmp_path / "home"),
            "GEO_PIPELINE_OPEN_METEO_URL": f"{provider.url}/v1/archive",
        },
    )  # fmt: skip
    deadline_s = time.monotonic() + 60
    while not provider.asked:
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    told_s = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert time.monotonic() - told_s < 30.0
    assert process.returncode == 1
    assert "stopped by a signal" in errors


def test_work_that_heeds_no_signal_is_ended(tmp_path: Path) -> None:
    code = """
import signal, sys, time
from geo_pipeline.commands.ending import ended_within
signal.signal(signal.SIGTERM, lambda *_: None)
with ended_within(0.5):
    print("ready", flush=True)
    time.sleep(120)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    told_s = time.monotonic()
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert 0.4 < time.monotonic() - told_s < 30.0
    assert (process.returncode, errors) == (
        1,
        "error: the run was stopped by a signal; what it had written stays: run it with "
        "--resume\n",
    )  # fmt: skip
