"""The app's server as a process of its own, on a free loopback port, for a while."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAID = re.compile(r"^The map app: (http://\S+)$", re.MULTILINE)
PATIENCE_S = 240

Served = tuple[subprocess.Popen[bytes], str]


def app_settings(**settings: object) -> dict[str, str]:
    """Return the variables of these settings of the app, named without GEO_PIPELINE_APP_."""
    return {f"GEO_PIPELINE_APP_{name.upper()}": str(value) for name, value in settings.items()}


def environment(home: Path, **settings: object) -> dict[str, str]:
    """Return the environment with these settings of the app only."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("GEO_PIPELINE_APP")}
    return {**kept, "GEO_PIPELINE_HOME": str(home), **app_settings(**settings)}


@contextmanager
def serving(
    home: Path,
    log: Path,
    *,
    port: int = 0,
    program: Sequence[str] = ("-m", "panel_app"),
    **settings: object,
) -> Iterator[Served]:
    """Run the server on what is published in `home`; give its process and address; end it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *program, "--port", str(port)],
            cwd=ROOT,
            env=environment(home, **settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + PATIENCE_S
        while (said := SAID.search(log.read_text(encoding="utf-8"))) is None:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < until, log.read_text(encoding="utf-8")
            time.sleep(0.1)
        yield process, said[1]
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Serve the app on the publication in `home`; give its address."""
    with tempfile.TemporaryDirectory() as folder, serving(home, Path(folder) / "log") as (_, url):
        yield url
