"""Homes: where everything is kept, a local folder and, for what machines share, an object store.

The lake, the raw data, failures, findings, reports and the publication are shared. The inbox, logs,
Dagster's records, exports and the pipeline's state are of one machine and stay in the folder.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Any, Final

from pydantic import Field, SecretStr, field_validator, model_validator

from geo_pipeline.objects import ObjectPath, Place
from geo_pipeline.places import default_home
from geo_pipeline.settings_reading import ReadSettings
from geo_pipeline.stores import Access

SCHEME: Final = "s3://"
_ADDRESS: Final = re.compile(
    r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9][A-Za-z0-9._=-]*)*/?"
)


class Home(ReadSettings):
    """The settings that say where a home lies, and the place of each part of it."""

    home: Path = Field(
        default_factory=default_home,
        description="Folder of everything the system writes: lake, publication, exports, Dagster. "
        "Where the project is installed from a wheel: the user's folder for data of programs. "
        "`s3://bucket/prefix` for an object store (docs/object_store.md); what is of this machine "
        "then lies in a folder of that name in the default one.",
    )
    store: str = Field(
        default="",
        description="Object store of lake, raw data and publication, `s3://bucket/prefix`, where "
        "`GEO_PIPELINE_HOME` is to be a folder chosen for the rest.",
    )
    store_endpoint: str | None = Field(
        default=None,
        description="Address of the object store's server, such as http://host:8333; without one "
        "`AWS_ENDPOINT_URL`, else Amazon's.",
    )
    store_region: str | None = Field(
        default=None, description="Its region; without one `AWS_REGION`, else us-east-1."
    )
    store_access_key_id: SecretStr | None = Field(
        default=None,
        description="Its access key; without one `AWS_ACCESS_KEY_ID`, or the role of the machine.",
    )
    store_secret_access_key: SecretStr | None = Field(
        default=None, description="Its secret key; without one `AWS_SECRET_ACCESS_KEY`."
    )
    store_session_token: SecretStr | None = Field(
        default=None, description="Token of temporary keys; without one `AWS_SESSION_TOKEN`."
    )
    store_timeout_s: float = Field(
        default=60.0, gt=0, description="Longest silence of the object store in an answer, s."
    )
    store_patience_s: float = Field(
        default=30.0,
        ge=0,
        description="Longest time that one request to the object store is tried again, s.",
    )

    store_cache: Path | None = Field(
        default=None,
        description="Folder of this machine for what was read of the object store; without one "
        "`objects` in the home folder. It may be emptied at any time.",
    )

    @model_validator(mode="before")
    @classmethod
    def _in_store(cls, said: Any) -> Any:
        home = said.get("home") if isinstance(said, dict) else None
        if isinstance(home, str) and home.startswith(SCHEME):
            return {**said, "home": _folder_of(home), "store": home}
        return said

    @field_validator("store")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and _ADDRESS.fullmatch(value) is None:
            raise ValueError("write s3://bucket/prefix, with keys in settings of their own")
        return value.rstrip("/")

    @field_validator("store_endpoint")
    @classmethod
    def _server(cls, value: str | None) -> str | None:
        if value and re.fullmatch(r"https?://[^/@?#]+(/[^@?#]*)?", value) is None:
            raise ValueError("write http://host:port or https://host, without keys")
        return value or None

    @property
    def where(self) -> dict[str, str]:
        """The settings with which another process opens the same home."""
        return {"home": str(self.home), "store": self.store}

    @property
    def shared(self) -> Place:
        """What machines share: a prefix of the store where there is one, else the home folder."""
        if not self.store:
            return self.home
        bucket, _, prefix = self.store.removeprefix(SCHEME).partition("/")
        access = Access(
            bucket,
            prefix,
            self.store_cache or self.home / "objects",
            self.store_endpoint or _variable("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
            self.store_region or _variable("AWS_REGION", "AWS_DEFAULT_REGION"),
            self.store_access_key_id or _secret("AWS_ACCESS_KEY_ID"),
            self.store_secret_access_key or _secret("AWS_SECRET_ACCESS_KEY"),
            self.store_session_token or _secret("AWS_SESSION_TOKEN"),
            self.store_timeout_s,
            self.store_patience_s,
        )
        return ObjectPath.of(access)

    @property
    def lake(self) -> Place:
        """Folder of the lake, with one Parquet file for each table and partition."""
        return self.shared / "lake"

    @property
    def raw(self) -> Path:
        """Folder of what providers sent, byte for byte."""
        return self.home / "raw"

    @property
    def shared_raw(self) -> ObjectPath | None:
        """Where all machines keep what providers sent; None without a store."""
        shared = self.shared
        return shared / "raw" if isinstance(shared, ObjectPath) else None

    @property
    def failures(self) -> Place:
        """Folder of failures, one file each, until the partition succeeds."""
        return self.shared / "failures"

    @property
    def findings(self) -> Place:
        """Folder of the findings of checks, one file for each table and département."""
        return self.shared / "findings"

    @property
    def reports(self) -> Place:
        """Folder of what was noticed while tables were made, one file for each département."""
        return self.shared / "reports"

    @property
    def warehouse(self) -> Place:
        """The published, read-only DuckDB file."""
        return self.shared / "published" / "drought.duckdb"

    @property
    def inbox(self) -> Path:
        """Folder where files are dropped by hand."""
        return self.home / "inbox"

    @property
    def provided(self) -> Path:
        """Folder of the accepted files that came through the inbox."""
        return self.home / "provided"

    @property
    def logs(self) -> Path:
        """Folder of the logs, JSON lines."""
        return self.home / "logs"

    @property
    def monitoring(self) -> Path:
        """Folder of the state of the pipeline, for the app and for a monitoring system."""
        return self.home / "monitoring"

    @property
    def exports(self) -> Path:
        """Folder of exported maps and tables."""
        return self.home / "exports"

    @property
    def dagster_home(self) -> Path:
        """Folder of Dagster's own instance."""
        return self.home / "dagster"


def _variable(*names: str) -> str | None:
    """Return the first of the environment variables that is set."""
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def _secret(name: str) -> SecretStr | None:
    value = _variable(name)
    return None if value is None else SecretStr(value)


def _folder_of(address: str) -> Path:
    """Return the folder of this machine for a home in a store."""
    bare = address.rstrip("/")
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", bare.removeprefix(SCHEME))[:60]
    return default_home() / "stores" / f"{name}-{hashlib.sha256(bare.encode()).hexdigest()[:8]}"
