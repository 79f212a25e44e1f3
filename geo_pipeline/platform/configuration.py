"""Dagster's `dagster.yaml` in its home: installed on first use, renewed while nobody edits it.

One that Dagster cannot read, because of a mistake or a flipped bit, is reported in one line and may
be set aside.
"""

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from geo_pipeline.errors import RecordsError
from geo_pipeline.files import write_text
from geo_pipeline.platform.record_files import REPAIR
from geo_pipeline.settings import Settings
from geo_pipeline.words import Message, message

NAME = "dagster.yaml"

SHIPPED = (
    "bd33aee8f40a35dd57156410ef8fc08a0759fcd4cc3e9cb02b1711dc11cca63a",
    "5246ca5a45cf52d8aa5bbf2d6392ebbbd8f882f7f51d32a7cc7224b2c1650e62",
    "451b2a87b8ecb7425c64ddf853b87c9834ba95068b4e9b15eccd740effb1cfe9",
)
"""SHA-256 of each version that was ever shipped, today's last."""

MOVED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "geo_pipeline.automation.storage": "geo_pipeline.platform.record_storage",
        "geo_pipeline.automation.event_log": "geo_pipeline.platform.event_log",
        "geo_pipeline.automation.alive": "geo_pipeline.platform.live_runs",
    }
)
"""Modules named in the configuration of earlier versions, and their present names."""


class ConfigurationError(RecordsError):
    """Dagster cannot use the `dagster.yaml` of a home."""

    def __init__(self, path: Path, why: Message | str) -> None:
        super().__init__(message("records.configuration", path=path, why=why, command=REPAIR))
        self.path = path


def shipped() -> str:
    """Return the `dagster.yaml` of this version."""
    return files(__package__).joinpath(NAME).read_text(encoding="utf-8")


def install(home: Path) -> None:
    """Install the `dagster.yaml` of this version in `home`, unless somebody wrote one there.

    Raises:
        StorageError: it cannot be written.
        ConfigurationError: an edited one names modules of an earlier version.
    """
    path = home / NAME
    if not path.exists() or (is_untouched(path) and path.read_text(encoding="utf-8") != shipped()):
        write_text(path, shipped())
        return
    content = path.read_bytes()
    for before, now in MOVED.items():
        if before.encode() in content:
            raise ConfigurationError(path, message("records.moved", before=before, now=now))


def note(home: Path, settings: Settings) -> str | None:
    """Return a remark on the `dagster.yaml` in `home` if the user edited it, else None.

    An edited file is left as it is.
    """
    path = home / NAME
    if not path.exists() or is_untouched(path):
        return None
    said = (
        f"{path} was changed and is left as it is: limits, retries and monitoring of this version "
        "may lack; move it away to take the shipped one"
    )
    if settings.postgres_url is not None and b"HomeStorage" not in path.read_bytes():
        said += "; GEO_PIPELINE_POSTGRES_URL is not looked at, since its storage is another"
    return said


def is_untouched(path: Path) -> bool:
    """Return whether the file has exactly the bytes of a shipped version."""
    return hashlib.sha256(path.read_bytes()).hexdigest() in SHIPPED
