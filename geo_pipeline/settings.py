"""Every knob of the system: one class, read from `GEO_PIPELINE_*` environment variables."""

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """Where things lie and where data come from. Reading it touches neither disk nor network."""

    model_config = SettingsConfigDict(env_prefix="GEO_PIPELINE_", frozen=True)

    home: Path = Field(
        default=PROJECT_ROOT / "data",
        description="Folder of everything the system writes: lake, publication, exports, Dagster.",
    )
    embedded_data: Path = Field(
        default=PROJECT_ROOT / "assets_data",
        description="Folder of the boundaries and observations that ship with the project.",
    )
    source: str = Field(default="bundled", description="Where observations come from.")
    since: date | None = Field(default=None, description="First day of weather to take.")
    until: date | None = Field(default=None, description="Last day of weather to take.")
    language: Literal["fr", "en"] = Field(default="fr", description="Language of exported pages.")

    @property
    def lake(self) -> Path:
        """Folder of the lake: one Parquet file a table and partition."""
        return self.home / "lake"

    @property
    def warehouse(self) -> Path:
        """The published, read-only DuckDB file."""
        return self.home / "published" / "drought.duckdb"

    @property
    def exports(self) -> Path:
        """Folder of exported maps and tables."""
        return self.home / "exports"

    @property
    def dagster_home(self) -> Path:
        """Folder of Dagster's own instance."""
        return self.home / "dagster"
