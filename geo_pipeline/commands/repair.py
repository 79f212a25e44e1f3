"""`geo-pipeline repair`: sets aside unreadable files outside the lake, so that work can go on.

The lake is the truth: what is set aside is history, or is found again by the next run.
"""

from dataclasses import dataclass
from pathlib import Path

from geo_pipeline import notes
from geo_pipeline.automation.troubles import dagster_home
from geo_pipeline.objects import Place
from geo_pipeline.platform import configuration, record_damage
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import Findings
from geo_pipeline.territory import CODES


@dataclass(frozen=True)
class Repaired:
    """What was set aside, under its new names."""

    records: tuple[Path, ...]
    """Files of Dagster; new ones were made."""
    notes: tuple[Place, ...]
    """Failures and findings."""
    codes: tuple[str, ...]
    """The départements of these notes: running them again restores what the notes said."""


def set_damaged_aside(settings: Settings) -> Repaired:
    """Set aside damaged Dagster records, failures and findings; leave everything else alone.

    Raises:
        RecordsError: the records are in use, or cannot be reached, rather than damaged.
        StorageError: the home cannot be written.
    """
    home = dagster_home(settings)
    records: list[Path] = []
    if settings.postgres_url is None and home.exists():
        records = record_damage.set_aside(home)
    path = home / configuration.NAME
    if records or (path.exists() and not configuration.is_untouched(path)):
        records += _reopened(settings)
    damaged = [*Failures(settings.failures).damaged(), *Findings(settings.findings).damaged()]
    return Repaired(
        tuple(records),
        tuple(notes.set_aside(each) for each in damaged),
        tuple(sorted({each.departement for each in damaged} & set(CODES))),
    )


def _reopened(settings: Settings) -> list[Path]:
    """Have Dagster create its missing records; return its configuration if it was set aside.

    Raises:
        RecordsError: the records cannot be reached.
    """
    aside: list[Path] = []
    try:
        with open_instance(settings):
            pass
    except configuration.ConfigurationError as error:
        aside.append(record_damage.aside(error.path))
        with open_instance(settings):
            pass
    return aside
