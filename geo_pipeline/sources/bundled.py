"""The observations and boundaries that ship with the project (`assets_data/PROVENANCE.md`).

Weather: AgERA5 averaged over the cropland of each département, by dekad, 2010-2022 without 2014.
Crops: Statistique agricole annuelle (Agreste). Restrictions: VigiEau, one day. Boundaries: Natural
Earth 10 m. Départements that a file does not cover give frames of 0 rows, never invented ones.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from geo_pipeline.errors import SourceError, UsageError
from geo_pipeline.provenance import Provenance
from geo_pipeline.sources import agronomy
from geo_pipeline.sources.observed import OBSERVED, Observed, Parts
from geo_pipeline.words import message, verbatim

# The day on which the embedded files were made from their sources (PROVENANCE.md).
EMBEDDED_ON = "2026-11-23"

COLUMNS = {
    "departements.parquet": [
        "departement",
        "name",
        "region_code",
        "region",
        "area_official_km2",
        "geometry",
    ],
    "weather_dekadal.parquet": [
        "departement",
        "dekad_start",
        "n_days",
        "precip_mm",
        "tmean_c",
        "radiation_mj_m2",
    ],
    "crop_statistics.parquet": [
        "departement",
        "year",
        "crop",
        "area_ha",
        "yield_q_ha",
        "production_q",
        "source",
    ],
    "water_restrictions.parquet": [
        "departement",
        "date",
        "level_max",
        "level_surface",
        "level_groundwater",
        "level_drinking",
    ],
}

_TOLD = re.compile(r"^\| `(\w+\.\w+)` \| \d+ \| `([0-9a-f]{64})` \|$", re.MULTILINE)
"""A row of the table of files in `PROVENANCE.md`."""


class Bundled:
    """The embedded files in `folder`."""

    name = "bundled"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def boundaries(self) -> gpd.GeoDataFrame:
        """Return the 101 départements: code, name, région, area_official_km2, geometry."""
        return gpd.GeoDataFrame.from_arrow(self._parquet("departements.parquet"))

    def light_boundaries(self) -> gpd.GeoDataFrame:
        """Return the 101 départements simplified together for drawing: departement, geometry."""
        path = self.folder / "departements_light.geojson"
        try:
            features = json.loads(path.read_text(encoding="utf-8"))["features"]
            frame = gpd.GeoDataFrame.from_features(features, crs="EPSG:4326")
            return frame[["departement", "geometry"]]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise _unreadable(path, error) from error

    def weather_daily(
        self, codes: Sequence[str], since: date | None = None, until: date | None = None
    ) -> pd.DataFrame:
        """Return daily weather of `codes` without ET0, each dekad spread evenly over its days.

        Raises:
            UsageError: no day of the data lies between `since` and `until`.
            SourceError: the embedded file is missing or damaged.
        """
        start, end = self.period(since, until)
        dekads = self._weather
        days = _spread(dekads[dekads["departement"].isin(codes)])
        return days[days["date"].between(start, end)]

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days from `since` to `until` in the embedded data, possibly none."""
        dekads = self._weather
        days = _spread(dekads[dekads["departement"] == departement])
        rows = days[days["date"].between(pd.Timestamp(since), pd.Timestamp(until))]
        unknown = {"et0_source_mm": np.nan, "swi_source": np.nan, "provisional": False}
        rows = rows.assign(**unknown, stations=pd.array([pd.NA] * len(rows), dtype="Int64"))
        return Observed(
            rows[list(OBSERVED)].reset_index(drop=True), self.provenance("weather_dekadal.parquet")
        )

    def period(self, since: date | None, until: date | None) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Return the first and last day of weather to use, by default all there is.

        Raises:
            UsageError: no day of the data lies between `since` and `until`.
            SourceError: the embedded file is missing or damaged.
        """
        starts, n_days = self._weather["dekad_start"], self._weather["n_days"]
        first, last = starts.min(), (starts + pd.to_timedelta(n_days - 1, unit="D")).max()
        start = pd.Timestamp(since) if since else first
        end = pd.Timestamp(until) if until else last
        if start > end or start > last or end < first:
            raise UsageError(
                message(
                    "embedded.no_weather",
                    start=start.date(),
                    end=end.date(),
                    first=first.date(),
                    last=last.date(),
                )
            )
        return start, end

    def crop_statistics(self, codes: Sequence[str]) -> pd.DataFrame:
        """Return area, yield and production by crop and year of `codes`."""
        return self._crops[self._crops["departement"].isin(codes)]

    def water_restrictions(self) -> pd.DataFrame:
        """Return the restriction levels of the 101 départements on the day of the snapshot."""
        return _frame(self._parquet("water_restrictions.parquet"))

    def crop_parameters(self) -> pd.DataFrame:
        """Return calendar, coefficients and roots of each crop (`sources.agronomy`)."""
        return self._crop_parameters.copy()

    def soil_storage(self) -> pd.DataFrame:
        """Return available water and soil depth of each département (`sources.agronomy`)."""
        return self._soil_storage.copy()

    def provenance(self, file: str) -> Provenance:
        """Return the origin of the rows of the embedded `file`."""
        path = self.folder / file
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise _unreadable(path, error) from error
        return Provenance(self.name, f"assets_data/{file}", EMBEDDED_ON, digest)

    def changed(self) -> list[str]:
        """Return the embedded files whose SHA-256 differs from that in `PROVENANCE.md`.

        Raises:
            SourceError: one of them, or the page, is missing.
        """
        page = self.folder / "PROVENANCE.md"
        try:
            told = _TOLD.findall(page.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise _unreadable(page, error) from error
        return [file for file, digest in told if self.provenance(file).sha256 != digest]

    @cached_property
    def _weather(self) -> pd.DataFrame:
        return _frame(self._parquet("weather_dekadal.parquet"))

    @cached_property
    def _crops(self) -> pd.DataFrame:
        return _frame(self._parquet("crop_statistics.parquet"))

    @cached_property
    def _crop_parameters(self) -> pd.DataFrame:
        return agronomy.crop_parameters(self.folder)

    @cached_property
    def _soil_storage(self) -> pd.DataFrame:
        return agronomy.soil_storage(self.folder)

    def _parquet(self, file: str) -> pa.Table:
        path = self.folder / file
        try:
            content = pq.ParquetFile(path).read()
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(path, error) from error
        missing = [name for name in COLUMNS[file] if name not in content.column_names]
        if missing:
            raise _unreadable(path, ValueError(message("crops.no_column", columns=missing)))
        return content.select(COLUMNS[file])


def _unreadable(path: Path, error: Exception) -> SourceError:
    """Return the one-line error for a missing or damaged embedded file."""
    what = message("embedded.missing")
    if path.exists():
        why = verbatim(str(error).splitlines()[0]) if not isinstance(error, ValueError) else error
        what = message("fault.unreadable", why=why)
    return SourceError(message("embedded.file", path=path, what=what))


def _frame(content: pa.Table) -> pd.DataFrame:
    """Return `content` as a pandas frame, with dates as datetime64[ns]."""
    frame: pd.DataFrame = content.to_pandas(date_as_object=False, coerce_temporal_nanoseconds=True)
    return frame


def _spread(dekads: pd.DataFrame) -> pd.DataFrame:
    """Return `dekads` as days: rain divided evenly, means repeated, the rest NaN."""
    n_days = dekads["n_days"].to_numpy(dtype=np.int64)
    last = np.cumsum(n_days)
    day_of_dekad = np.arange(n_days.sum()) - np.repeat(last - n_days, n_days)
    days: dict[str, Any] = {
        "departement": np.repeat(dekads["departement"].to_numpy(), n_days),
        "date": np.repeat(dekads["dekad_start"].to_numpy(), n_days)
        + day_of_dekad.astype("timedelta64[D]"),
        "tmean_c": np.repeat(dekads["tmean_c"].to_numpy(), n_days),
        "precip_mm": np.repeat(dekads["precip_mm"].to_numpy() / n_days, n_days),
        "radiation_mj_m2": np.repeat(dekads["radiation_mj_m2"].to_numpy(), n_days),
    }
    frame = pd.DataFrame(days)
    unknown = ["tmin_c", "tmax_c", "wind_m_s", "rh_pct"]
    return frame.assign(
        **dict.fromkeys(unknown, np.nan), source="bundled:agera5", resolution="dekad"
    )


def build(parts: Parts) -> Bundled:
    """Return the data that ship with the project."""
    embedded: Bundled = parts.embedded
    return embedded
