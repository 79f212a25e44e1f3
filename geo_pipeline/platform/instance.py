"""Dagster's instance: its home is created on first use under the home folder, and opened."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from filelock import FileLock

from geo_pipeline.errors import RecordsError, StorageError
from geo_pipeline.platform import configuration
from geo_pipeline.platform.pools import set_limits
from geo_pipeline.platform.record_damage import (
    LONGEST_REASON,
    in_one_line,
    refuse_stumps,
    what_happened,
)
from geo_pipeline.platform.record_storage import libpq_address
from geo_pipeline.settings import Settings
from geo_pipeline.words import message

CONNECT_TIMEOUT_S = 10


def dagster_home(settings: Settings) -> Path:
    """Return Dagster's home, ready for use: `DAGSTER_HOME` where it is set, else under the home.

    Raises:
        StorageError: the folder cannot be created or written.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or settings.dagster_home).absolute()
    for folder in (settings.home, home):
        _require_writable(folder)
    configuration.install(home)
    return home


def _require_writable(folder: Path) -> None:
    """Create `folder` and a file in it, which is removed at once."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0")
    except OSError as error:
        raise StorageError(
            message("records.home", folder=folder, why=str(error.strerror))
        ) from error


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Give Dagster's instance under the home folder, its records where `settings` say.

    Raises:
        StorageError: the folder cannot be created or written.
        RecordsError: now or during use, the records are damaged or locked, their disk is full, or
            PostgreSQL does not answer. Also where `dagster.yaml` is unusable.
        UsageError: the address of PostgreSQL is not valid.
    """
    home = dagster_home(settings)
    if settings.records_address is not None:
        _require_answer(settings.records_address.get_secret_value())
    with in_one_line(settings, home), _environment(environment(settings, home)):
        # Processes that create the databases of a new home at the same time would collide.
        with FileLock(home / ".opening.lock"):
            if settings.postgres_url is None:
                refuse_stumps(home)
            opened = _configured(settings, home)
            set_limits(opened)
        with opened as instance:
            yield instance


def _configured(settings: Settings, home: Path) -> dg.DagsterInstance:
    """Return the instance of the `dagster.yaml` in `home`.

    Raises:
        ConfigurationError: an edit or a flipped bit made it unusable. Dagster then raises many
            kinds of errors, so any error that is not about the records counts.
    """
    path = home / configuration.NAME
    try:
        return dg.DagsterInstance.from_config(str(home))
    except Exception as error:
        if configuration.is_untouched(path) or what_happened(error, settings, home) is not None:
            raise
        why = " ".join(str(error).split())[:LONGEST_REASON]
        raise configuration.ConfigurationError(path, why) from error


def environment(settings: Settings, home: Path) -> dict[str, str]:
    """Return the environment variables with which Dagster's own processes open this instance."""
    url = settings.records_address
    secret = {} if url is None else {"GEO_PIPELINE_POSTGRES_URL": url.get_secret_value()}
    return {"DAGSTER_HOME": str(home), **secret}


def _require_answer(url: str) -> None:
    """Raise StorageError where PostgreSQL at `url` refuses a connection; Dagster would retry
    long."""
    # Slow to import, and needed here alone.
    import psycopg2  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        psycopg2.connect(libpq_address(url), connect_timeout=CONNECT_TIMEOUT_S).close()
    except psycopg2.OperationalError as error:
        why = str(error).strip().splitlines()[0]
        raise RecordsError(message("records.postgres_closed", why=why)) from error


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables that Dagster reads, and restore the old ones afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
