"""The only door from the app to data: read-only queries on the published warehouse.

A `Publication` is what one published file holds, read once and kept: an indicator is a matrix of
periods by départements, so that a step of the slider costs no query. It never changes, so any
number of sessions may share it; when a new file is there, `Store.publication` returns a new one.
"""

import json
import threading
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline.errors import StorageError
from geo_pipeline.publishing import look
from geo_pipeline.publishing.look import ClassStyle, Lang, Statement
from geo_pipeline.storage.standing import BROKEN as BROKEN  # noqa: PLC0414  for pages
from geo_pipeline.storage.standing import STATES as STATES  # noqa: PLC0414
from geo_pipeline.storage.standing import TROUBLES as TROUBLES  # noqa: PLC0414
from geo_pipeline.storage.warehouse import Version as Version  # noqa: PLC0414  for pages
from geo_pipeline.storage.warehouse import Warehouse

DROUGHT = ("D1", "D2", "D3", "D4")
"""The classes that count as drought; D0 is a warning only."""

NO_STYLE = -1
"""Index of the style where there is no data."""

SNAPSHOT_VERSION = 1
"""Of the snapshot of the pipeline that the app can read."""

FloatMatrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Share:
    """One class at one period: how many départements are in it, and how much of the known area."""

    style: ClassStyle
    departements: int
    area_pct: float


@dataclass(frozen=True, eq=False)
class Matrix:
    """One indicator: rows are `periods`, columns the départements in order of their codes.

    `style` is the index in the indicator's styles, `NO_STYLE` where there is no data.
    """

    indicator: str
    periods: tuple[date, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]
    area_km2: FloatMatrix
    value: FloatMatrix
    percentile: FloatMatrix
    reference_years: FloatMatrix
    reference_period: NDArray[np.object_]
    drought_class: NDArray[np.object_]
    style: NDArray[np.int8]

    @property
    def styles(self) -> tuple[ClassStyle, ...]:
        """The classes or bins of the indicator, driest first."""
        return look.indicator_of(self.indicator).styles

    @property
    def by_day(self) -> bool:
        """Whether a period is a day rather than a month."""
        return look.indicator_of(self.indicator).kind == "restriction"

    def nearest(self, wanted: date | None) -> int:
        """Row of the period nearest to `wanted`, the latest for None."""
        if wanted is None:
            return len(self.periods) - 1
        return min(
            range(len(self.periods)),
            key=lambda row: abs((self.periods[row] - wanted).days),
        )

    def column(self, code: str) -> int:
        """Column of a département."""
        return self.codes.index(code)

    def period_words(self, row: int, lang: Lang) -> str:
        """The period as it is said: `août 2022`, `3 octobre 2026`."""
        return look.format_period(self.periods[row], "day" if self.by_day else "month", lang)

    def frame(self, row: int) -> pd.DataFrame:
        """One row a département at a period, as the exported maps have it."""
        return pd.DataFrame(
            {
                "departement": self.codes,
                "name": self.names,
                "value": self.value[row],
                "percentile": self.percentile[row],
                "drought_class": self.drought_class[row],
            }
        )

    def shown_value(self, row: int, column: int, lang: Lang) -> str:
        """The number of a département, with its unit; the combined class has its score."""
        if look.indicator_of(self.indicator).kind in ("restriction", "stage"):
            return ""
        value = look.shown_value(
            self.indicator, float(self.value[row, column]), float(self.percentile[row, column])
        )
        return look.format_value(self.indicator, value, lang)

    def statement(self, row: int, column: int, lang: Lang, reason: str | None = None) -> Statement:
        """What is said of a département at a period."""
        return look.statement(
            self.indicator,
            value=float(self.value[row, column]),
            percentile=float(self.percentile[row, column]),
            drought_class=self.drought_class[row, column],
            reference_years=float(self.reference_years[row, column]),
            reference_period=self.reference_period[row, column],
            reason=reason,
            lang=lang,
        )

    @cached_property
    def area_shares(self) -> FloatMatrix:
        """Share of the known area in each style, %: periods by styles; 0 where nothing is known."""
        counted = [(self.style == index) @ self.area_km2 for index in range(len(self.styles))]
        area = np.stack(counted, axis=1)
        total = area.sum(axis=1, keepdims=True)
        shares: FloatMatrix = np.divide(
            100.0 * area, total, out=np.zeros_like(area), where=total > 0
        )
        return shares

    def shares(self, row: int) -> list[Share]:
        """Each class at a period, driest first."""
        return [
            Share(style, int((self.style[row] == index).sum()), float(self.area_shares[row, index]))
            for index, style in enumerate(self.styles)
        ]

    def drought_share(self, row: int) -> float:
        """Share of the known area in drought (D1 or worse), %."""
        worse = [index for index, style in enumerate(self.styles) if style.code in DROUGHT]
        return float(self.area_shares[row, worse].sum())

    def missing(self, row: int) -> int:
        """How many départements have no data."""
        return int((self.style[row] == NO_STYLE).sum())

    def driest(self, row: int, count: int) -> list[int]:
        """Columns of the driest départements: the strictest class first, then the driest value."""
        known = np.flatnonzero(self.style[row] != NO_STYLE)
        which = look.indicator_of(self.indicator)
        dryness = self.percentile[row] if which.kind == "class" else self.value[row]
        dryness = -dryness if which.dry_is_high else dryness
        dryness = np.where(np.isnan(dryness), 0.0, dryness)
        strictness = np.zeros_like(known) if which.dry_is_high else self.style[row][known]
        order = np.lexsort((known, dryness[known], strictness))
        return [int(column) for column in known[order][:count]]


class Publication:
    """All that the app reads of one published file; what is asked for once is kept."""

    def __init__(self, warehouse: Warehouse, version: Version) -> None:
        self.version = version
        self._warehouse = warehouse
        self._lock = threading.RLock()
        self._matrices: dict[str, Matrix] = {}
        departements = warehouse.query("app_departements")
        self.codes: tuple[str, ...] = tuple(departements["departement"])
        self.names: tuple[str, ...] = tuple(departements["name"])
        self.regions: tuple[str, ...] = tuple(departements["region"])
        self.area_km2 = departements["area_km2"].to_numpy(dtype=float)
        self.published_at: datetime = warehouse.query("publication_date")["published_at"][0]
        periods = warehouse.query("indicator_periods")
        shown = periods["period_end"].dt.is_month_end
        shown |= periods["indicator"] == "water_restrictions"
        known = set(periods.loc[shown, "indicator"])
        self.indicators: tuple[str, ...] = tuple(key for key in look.INDICATORS if key in known)

    def name(self, code: str) -> str:
        """Name of a département."""
        return self.names[self.codes.index(code)]

    def region(self, code: str) -> str:
        """Région of a département."""
        return self.regions[self.codes.index(code)]

    @cached_property
    def shapes(self) -> gpd.GeoDataFrame:
        """Light shapes in planar km, one row a département in the order of `codes`."""
        with self._lock:
            return gpd.GeoDataFrame(self._warehouse.query("shapes"))

    def matrix(self, indicator: str) -> Matrix:
        """Return one indicator, read at the first call."""
        with self._lock:
            if indicator not in self._matrices:
                rows = self._warehouse.query("app_indicator", indicator=indicator)
                self._matrices[indicator] = self._pivot(indicator, rows)
            return self._matrices[indicator]

    @cached_property
    def _risk(self) -> pd.DataFrame:
        with self._lock:
            return self._warehouse.query("app_risk").set_index(["period_end", "departement"])

    def risk(self, period_end: date) -> pd.DataFrame:
        """What is known of the exposure in a month, by département; empty for other periods."""
        month = pd.Timestamp(period_end)
        if month not in self._risk.index.get_level_values(0):
            return self._risk.iloc[:0].droplevel(0)
        return pd.DataFrame(self._risk.xs(month))

    @cached_property
    def _crops(self) -> dict[str, pd.DataFrame]:
        with self._lock:
            table = self._warehouse.query("app_crops")
        return {str(code): rows for code, rows in table.groupby("departement")}

    def crops(self, code: str) -> pd.DataFrame:
        """Crops of a département by year; empty where none are published."""
        return self._crops.get(
            code, pd.DataFrame(columns=["crop", "year", "area_ha", "yield_q_ha"])
        )

    @cached_property
    def _weather(self) -> pd.DataFrame:
        with self._lock:
            return self._warehouse.query("app_weather_source").set_index("departement")

    def weather_source(self, code: str) -> "pd.Series[Any] | None":
        """What the weather of a département rests on, None where there is none."""
        return pd.Series(self._weather.loc[code]) if code in self._weather.index else None

    @cached_property
    def weather_names(self) -> str:
        """Short names of those whose weather is shown: `AgERA5`, `Open-Meteo, AgERA5`."""
        with self._lock:
            named = self._warehouse.query("attributions")
        return ", ".join(named.loc[named["asset"] == "weather_daily", "name"])

    @lru_cache(maxsize=256)  # noqa: B019  one publication lives as long as the process serves it
    def statements(self, indicator: str, row: int, lang: Lang) -> tuple[Statement, ...]:
        """What is said of each département at a period, for the hover."""
        matrix = self.matrix(indicator)
        return tuple(matrix.statement(row, column, lang) for column in range(len(self.codes)))

    @cached_property
    def rain_normal(self) -> FloatMatrix:
        """Normal rain of each calendar month (rows, January first) and département, mm.

        Worked back from what is published: rain of a month and its departure from the normal.
        """
        rain, anomaly = self.matrix("precip_mm"), self.matrix("precip_anomaly_pct")
        rows = [rain.periods.index(period) for period in anomaly.periods]
        with np.errstate(divide="ignore", invalid="ignore"):
            normal = rain.value[rows] / (1 + anomaly.value / 100)
        normal[~np.isfinite(normal) | (rain.value[rows] < 1)] = np.nan
        months = np.array([period.month for period in anomaly.periods])
        return np.stack([_median(normal[months == month]) for month in range(1, 13)])

    def _pivot(self, indicator: str, rows: pd.DataFrame) -> Matrix:
        """Turn the long form into matrices."""
        periods, row = np.unique(rows["period_end"].to_numpy(), return_inverse=True)
        column = pd.Index(self.codes).get_indexer(pd.Index(rows["departement"]))
        shape = (len(periods), len(self.codes))

        def spread(name: str) -> FloatMatrix:
            matrix = np.full(shape, np.nan)
            matrix[row, column] = rows[name].to_numpy(dtype=float, na_value=np.nan)
            return matrix

        def spread_texts(name: str) -> NDArray[np.object_]:
            matrix = np.full(shape, None, dtype=object)
            texts = rows[name].to_numpy(dtype=object, copy=True)
            texts[pd.isna(rows[name])] = None
            matrix[row, column] = texts
            return matrix

        value, classes = spread("value"), spread_texts("drought_class")
        return Matrix(
            indicator=indicator,
            periods=tuple(pd.Timestamp(period).date() for period in periods),
            codes=self.codes,
            names=self.names,
            area_km2=self.area_km2,
            value=value,
            percentile=spread("percentile"),
            reference_years=spread("reference_years"),
            reference_period=spread_texts("reference_period"),
            drought_class=classes,
            style=style_indices(indicator, value, classes),
        )


class Store:
    """The current publication, read again when a new one is there. Shared by all sessions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._warehouse = Warehouse(path)
        self._lock = threading.Lock()
        self._publication: Publication | None = None

    def version(self) -> Version:
        """Return what changes with each publication: one look at the folder, no query.

        Raises:
            NotPublishedError: nothing has been published yet.
        """
        return self._warehouse.version()

    def publication(self) -> Publication:
        """Return what is published now.

        Raises:
            NotPublishedError: nothing has been published yet.
            StorageError: the file is damaged.
        """
        with self._lock:
            version = self.version()
            if self._publication is None or self._publication.version != version:
                self._publication = Publication(self._warehouse, version)
            return self._publication


def style_indices(
    indicator: str, value: FloatMatrix, classes: NDArray[np.object_]
) -> NDArray[np.int8]:
    """Index of the style of each value: by its class, or by the bin it falls in."""
    which = look.indicator_of(indicator)
    index = np.full(value.shape, NO_STYLE, dtype=np.int8)
    if which.by_class:
        for position, style in enumerate(which.styles):
            index[classes == style.code] = position
        return index
    lowers = np.array([style.lower for style in which.styles])
    known = ~np.isnan(value)
    index[known] = np.searchsorted(lowers, value[known], side="right") - 1
    return index


def _median(rows: FloatMatrix) -> FloatMatrix:
    """Median down the columns, NaN where a column has no number."""
    middle = np.full(rows.shape[1], np.nan)
    known = ~np.isnan(rows).all(axis=0)
    if rows.size and known.any():
        middle[known] = np.nanmedian(rows[:, known], axis=0)
    return middle


class PipelineStore:
    """How the pipeline stands, as it was last written for the app; read again when it changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._read: tuple[Version, dict[str, Any]] | None = None

    def version(self) -> Version | None:
        """Return what changes with each writing, None where nothing was written yet."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def snapshot(self) -> dict[str, Any] | None:
        """Return the last snapshot, None where nothing was written yet.

        Raises:
            StorageError: it cannot be read, or is of another version of this software.
        """
        version = self.version()
        if version is None:
            return None
        with self._lock:
            if self._read is None or self._read[0] != version:
                self._read = version, self._load()
            return self._read[1]

    def _load(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StorageError(f"cannot read {self.path} ({error}): run the pipeline") from error
        if not isinstance(content, dict) or content.get("version") != SNAPSHOT_VERSION:
            raise StorageError(f"{self.path} is of another version: run the pipeline again")
        return content
