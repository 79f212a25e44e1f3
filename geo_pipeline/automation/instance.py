"""Dagster's own home: made on first use under the home folder, from the `dagster.yaml` beside."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import dagster as dg
from filelock import FileLock

from geo_pipeline.errors import StorageError
from geo_pipeline.files import write_text
from geo_pipeline.settings import Settings


def dagster_home(settings: Settings) -> Path:
    """Return Dagster's home, ready for use: `DAGSTER_HOME` where it is set, else under the home.

    Raises:
        StorageError: the folder cannot be made or written.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or settings.dagster_home).absolute()
    for folder in (settings.home, home):
        _require_writable(folder)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        shipped = files(__package__).joinpath("dagster.yaml").read_text(encoding="utf-8")
        write_text(configuration, shipped)
    return home


def _require_writable(folder: Path) -> None:
    """Make `folder` and write something there that vanishes at once."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0")
    except OSError as error:
        raise StorageError(
            f"the home folder {folder} cannot be written ({error.strerror}): "
            "set GEO_PIPELINE_HOME to a folder of yours with room"
        ) from error


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Give Dagster's instance under the home folder.

    Raises:
        StorageError: the folder cannot be made or written.
    """
    home = dagster_home(settings)
    with _environment("DAGSTER_HOME", str(home)):
        # Processes that make the databases of a new home at the same time trip over each other.
        with FileLock(home / ".opening.lock"):
            opened = dg.DagsterInstance.from_config(str(home))
        with opened as instance:
            yield instance


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set an environment variable that Dagster reads, and put the old one back after."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
