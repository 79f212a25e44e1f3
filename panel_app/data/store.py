"""Read-only queries on the published warehouse: the app gets its data only here.

A `Publication` is the content of one published file, read once and kept. It never changes, so any
number of sessions may share it; for a new file `Store.publication` returns a new one.
"""

import contextlib
import threading
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline.catalogue.indicators import INDICATORS, indicator_of
from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.objects import Place
from geo_pipeline.publishing import exports, selection, table_files
from geo_pipeline.publishing.api import editions, sizes
from geo_pipeline.publishing.api.editions import Edition
from geo_pipeline.publishing.api.sizes import Size
from geo_pipeline.publishing.bulletin.records import offered, years_then
from geo_pipeline.publishing.formats import format_years
from geo_pipeline.publishing.sentences import Statement
from geo_pipeline.storage.warehouse import Version as Version  # noqa: PLC0414  for sessions
from geo_pipeline.storage.warehouse import Warehouse, lacking
from geo_pipeline.words import Lang
from panel_app.data.indicator_matrix import FloatMatrix, Matrix, style_indices
from panel_app.data.kept import kept

DROUGHT_INDICATOR: Final = "combined"
"""The indicator called the drought."""
DROUGHT_AGE: Final = "drought_age_dekads"
"""The indicator with the age of the drought."""
FIRST_ASKED: Final = (
    "combined", "precip_mm", "precip_anomaly_pct", "swi", "season_precip_mm", "season_balance_mm",
    "drought_age_dekads", "water_restrictions",
)  # fmt: skip
"""Indicators that most pages need, read first."""


def unusable(path: Place) -> list[str]:
    """Return why the publication at `path` cannot be shown; empty where it can.

    Its path is not mentioned, because anybody may ask; `geo-pipeline status` says more.
    """
    try:
        with contextlib.closing(Warehouse(path)) as warehouse:
            tables = lacking(warehouse)
    except NotPublishedError:
        return ["nothing is published yet"]
    except StorageError:
        return ["the publication cannot be read"]
    return [f"the publication is of another version: without {', '.join(tables)}"] * bool(tables)


class Publication:
    """Everything that the app reads of one published file; each part is kept once read."""

    draws_cells: ClassVar[bool] = True
    """Whether the zoomed map shows cells of a grid, where there are any."""

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
        self.is_previous = warehouse.reads_previous
        known = set(warehouse.query("indicator_periods")["indicator"])
        self.indicators: tuple[str, ...] = tuple(key for key in INDICATORS if key in known)

    def name(self, code: str) -> str:
        """Name of a département."""
        return self.names[self.codes.index(code)]

    def region(self, code: str) -> str:
        """Région of a département."""
        return self.regions[self.codes.index(code)]

    @cached_property
    def shapes(self) -> gpd.GeoDataFrame:
        """Light shapes in planar km, one row for each département in the order of `codes`."""
        with self._lock:
            return gpd.GeoDataFrame(self._warehouse.query("shapes"))

    @cached_property
    def inset_outlines(self) -> gpd.GeoDataFrame:
        """Outlines (longitude and latitude) of the départements drawn in insets, with a scale."""
        with self._lock:
            return gpd.GeoDataFrame(self._warehouse.query("inset_outlines"))

    def matrix(self, indicator: str) -> Matrix:
        """Return one indicator, read at the first call."""
        with self._lock:
            if indicator not in self._matrices:
                rows = self._warehouse.query("app_indicator", indicator=indicator)
                matrix = self._pivot(indicator, rows)
                if indicator == DROUGHT_INDICATOR and DROUGHT_AGE in self.indicators:
                    matrix = replace(matrix, published_age=self._age(matrix.periods))
                self._matrices[indicator] = matrix
            return self._matrices[indicator]

    def _age(self, periods: tuple[date, ...]) -> FloatMatrix:
        """The published age of the drought at `periods`."""
        ages = self.matrix(DROUGHT_AGE)
        rows = {period: row for row, period in enumerate(ages.periods)}
        unknown = np.full(len(self.codes), np.nan)
        return np.stack([ages.value[rows[day]] if day in rows else unknown for day in periods])

    @cached_property
    def _risk(self) -> tuple[dict[date, pd.DataFrame], pd.DataFrame]:
        """The exposure of all months, by their last day; and that of an unknown one."""
        with self._lock:
            table = self._warehouse.query("app_risk").set_index("departement")
        by_month = _by_period(table)
        return by_month, table.iloc[:0].drop(columns="period_end")

    def risk(self, period_end: date) -> pd.DataFrame:
        """The exposure in a month, by département; empty for other periods."""
        by_month, none = self._risk
        return by_month.get(period_end, none)

    def at_stake(self, period_end: date) -> pd.DataFrame:
        """What is at stake at the end of a dekad, a row for each région and crop.

        Rows of France have no région.
        """
        by_dekad, none = self._at_stake
        return by_dekad.get(period_end, none)

    @cached_property
    def _at_stake(self) -> tuple[dict[date, pd.DataFrame], pd.DataFrame]:
        """The same of all dekads: a query for each step would keep readers waiting."""
        with self._lock:
            table = self._warehouse.query("app_exposure")
        return _by_period(table), table.iloc[:0].drop(columns="period_end")

    @cached_property
    def _crops(self) -> dict[str, pd.DataFrame]:
        with self._lock:
            table = self._warehouse.query("app_crops")
        return {str(code): rows for code, rows in table.groupby("departement")}

    def crops(self, code: str) -> pd.DataFrame:
        """Crops of a département by year; empty where none are published."""
        return self._crops.get(code, self._no_crops)

    @cached_property
    def _no_crops(self) -> pd.DataFrame:
        return pd.DataFrame(columns=["crop", "year", "area_ha", "yield_q_ha"])

    @cached_property
    def _weather(self) -> pd.DataFrame:
        with self._lock:
            return self._warehouse.query("app_weather_source").set_index("departement")

    def weather_source(self, code: str) -> "pd.Series[Any] | None":
        """Origin of the weather of a département, None where it has none."""
        return pd.Series(self._weather.loc[code]) if code in self._weather.index else None

    @cached_property
    def unadjusted_weather(self) -> pd.DataFrame:
        """Départements whose weather joins days of several providers as they are."""
        with self._lock:
            return self._warehouse.query("unadjusted_weather")

    @cached_property
    def weather_until(self) -> date | None:
        """Last day of weather of at least half of the départements, None without weather."""
        ends = self._weather["last_date"].sort_values(ascending=False, ignore_index=True)
        return None if ends.empty else pd.Timestamp(ends.iloc[(len(ends) - 1) // 2]).date()

    @cached_property
    def attributions(self) -> pd.DataFrame:
        """The attributions, with licence and address: one row for each asset and source."""
        with self._lock:
            return self._warehouse.query("attributions")

    @cached_property
    def edition(self) -> Edition:
        """The publication as programs know it: digest, sources, citation."""
        with self._lock:
            return editions.read(self._warehouse)

    @cached_property
    def file_sizes(self) -> dict[str, Size]:
        """About how large the whole files of each table are."""
        with self._lock:
            return sizes.estimate(self._warehouse)

    @kept(256)
    def source_names(self, indicator: str) -> str:
        """Short names of the sources of an indicator's observations: `AgERA5`, `Agreste`."""
        named = self.attributions
        rows = named[named["asset"] == indicator_of(indicator).asset]
        return ", ".join(
            # The data that ship with the project have no short name of their own.
            text.split(",")[0] if name == "bundled" else name
            for name, text in zip(rows["name"], rows["text_fr"], strict=True)
        )

    @kept(256)
    def statements(self, indicator: str, row: int, lang: Lang) -> tuple[Statement, ...]:
        """The words on each département at a period, for tooltips."""
        matrix = self.matrix(indicator)
        return tuple(
            matrix.statement(row, column, lang, self.no_forecast(indicator, code, lang))
            for column, code in enumerate(self.codes)
        )

    @cached_property
    def outlook_issued(self) -> date | None:
        """Day on which the outlook of France was issued, None where there is none."""
        with self._lock:
            return selection.issued_on(self._warehouse)

    @cached_property
    def bulletin_days(self) -> tuple[date, ...]:
        """The dekads that there is a bulletin of, as `bulletin.records` counts them."""
        if DROUGHT_INDICATOR not in self.indicators:
            return ()
        return offered(self.matrix(DROUGHT_INDICATOR).periods, self.years_then)

    @cached_property
    def years_then(self) -> NDArray[np.int64]:
        """Years of the combined index at each dekad until then, rows and columns of its matrix."""
        matrix = self.matrix(DROUGHT_INDICATOR)
        return years_then(matrix.periods, matrix.value)

    @cached_property
    def class_min_years(self) -> int:
        """Years of reference that a class needs."""
        with self._lock:
            return int(self._warehouse.query("class_rules")["class_min_years"].iloc[0])

    def no_forecast(self, indicator: str, code: str, lang: Lang) -> str | None:
        """Why a département has no forecast: its weather ended; None for other indicators."""
        if not indicator_of(indicator).ahead or self.outlook_issued is None:
            return None
        weather = self.weather_source(code)
        if weather is None:
            return None
        return selection.ended_before(self.outlook_issued, weather["last_date"], lang)

    @cached_property
    def crop_areas(self) -> dict[str, FloatMatrix]:
        """Latest known area of each crop, ha, one for each département; only crops with any."""
        areas: dict[str, FloatMatrix] = {}
        for code, rows in self._crops.items():
            known = rows.dropna(subset=["area_ha"])
            for crop, years in known.groupby("crop"):
                column = areas.setdefault(str(crop), np.full(len(self.codes), np.nan))
                column[self.codes.index(code)] = float(years["area_ha"].iloc[-1])
        return dict(sorted(areas.items()))

    def crop_area_years(self, crop: str) -> str:
        """Years of the latest known areas of a crop: `2022`, `2013-2022`."""
        years = [
            int(rows["year"].iloc[-1])
            for table in self._crops.values()
            if len(rows := table[(table["crop"] == crop) & table["area_ha"].notna()])
        ]
        return format_years(min(years), max(years))

    def read_ahead(self) -> None:
        """Read what is needed first; errors are left to the session that needs it."""
        with contextlib.suppress(StorageError):
            for indicator in FIRST_ASKED:
                if indicator in self.indicators:
                    self.matrix(indicator)
            self.risk(self.published_at.date())
            self.crop_areas  # noqa: B018  read and kept
            self.file_sizes  # noqa: B018

    def offers(self, path: str) -> bool:
        """Whether a whole file can be had: `tables/exposure.csv`, `indicators/swi.parquet`."""
        return True

    def rows_of(self, script: str, code: str) -> pd.DataFrame:
        """Return what `<script>.sql` selects for one département: rare and small, not kept."""
        return self._warehouse.query(script, departement=code)

    @cached_property
    def grid_cells(self) -> pd.DataFrame:
        """The cells of the grid in each département; empty where the weather is of no grid."""
        with self._lock:
            return self._warehouse.query("app_grid_cells")

    @cached_property
    def cell_indicators(self) -> frozenset[str]:
        """The indicators that cells have."""
        with self._lock:
            return frozenset(self._warehouse.query("app_cell_indicators")["indicator"])

    @kept(128)
    def cell_classes(self, indicator: str, period_end: date) -> dict[str, str]:
        """The classes of the cells at a dekad: a character for each, by département."""
        rows = self._warehouse.query("app_cell_classes", indicator=indicator, period_end=period_end)
        return dict(zip(rows["departement"], rows["cell_classes"], strict=True))

    @cached_property
    def held(self) -> dict[str, str]:
        """Since when each département that is held back shows earlier figures."""
        with self._lock:
            rows = self._warehouse.query("app_held")
        return dict(zip(rows["departement"], rows["since"], strict=True))

    @cached_property
    def outlook_skill(self) -> pd.DataFrame:
        """Skill of the soil outlook by month of issue and lead, France as a whole."""
        with self._lock:
            return self._warehouse.query("app_outlook_skill")

    @cached_property
    def neighbours(self) -> dict[str, list[str]]:
        """Codes of the neighbours of each département, the longest border first."""
        with self._lock:
            rows = self._warehouse.query("app_neighbours")
        return {
            str(code): list(others["neighbour"]) for code, others in rows.groupby("departement")
        }

    def _pivot(self, indicator: str, rows: pd.DataFrame) -> Matrix:
        """Turn rows in long form into matrices."""
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
            percentile_low=spread("percentile_low"),
            percentile_high=spread("percentile_high"),
            class_chance=spread("class_chance"),
            reference_years=spread("reference_years"),
            reference_period=spread_texts("reference_period"),
            dry_rank=spread("dry_rank"),
            ranked_years=spread("ranked_years"),
            drought_class=classes,
            style=style_indices(indicator, value, classes),
            little_grown=frozenset(column[rows["little_grown"].to_numpy(dtype=bool)].tolist()),
            published_on=self.published_at.date(),
        )


def _by_period(table: pd.DataFrame) -> dict[date, pd.DataFrame]:
    """The rows of each period: to search all rows at each step costs more than the step's words."""
    rows = table.drop(columns="period_end")
    days = pd.DatetimeIndex(table["period_end"])
    parts = rows.groupby(days.date, sort=False).indices
    return {date.fromisoformat(str(day)): rows.iloc[at] for day, at in parts.items()}


class Store:
    """The current publication, read again when a new one exists. Shared by all sessions.

    With `ahead`, what is needed first is read as soon as it is published, in a separate thread.
    """

    TAKES: ClassVar = {
        "html": "text/html",
        "csv": "text/csv",
        "csv_international": "text/csv",
        "parquet": "application/vnd.apache.parquet",
        "geojson": "application/geo+json",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    """Files of a map, which begin with their ending, and media types."""

    def __init__(
        self, path: Place, kind: type[Publication] = Publication, *, ahead: bool = False
    ) -> None:
        self.path = path
        self._ahead, self._kind = ahead, kind
        self._warehouse = Warehouse(path)
        self._lock = threading.Lock()
        self._publication: Publication | None = None

    def version(self) -> Version:
        """Return a value that changes with each publication, from the folder, without a query.

        Raises:
            NotPublishedError: nothing has been published yet.
        """
        return self._warehouse.version()

    def publication(self) -> Publication:
        """Return the current publication.

        Raises:
            NotPublishedError: nothing has been published yet.
            StorageError: the file is damaged.
        """
        with self._lock:
            version = self.version()
            if self._publication is None or self._publication.version != version:
                self._publication = self._kind(self._warehouse, version)
                if self._ahead:
                    ahead = threading.Thread(target=self._publication.read_ahead)
                    ahead.start()
            return self._publication

    def take(self, kind: str, indicator: str, period: str, lang: Lang) -> tuple[str, str, bytes]:
        """Return a map or table as a file: its name, media type and content.

        Raises:
            UsageError: the publication has nothing of `indicator` at `period`.
            StorageError: the publication cannot be read.
        """
        view = selection.select(self._warehouse, indicator, period)
        with TemporaryDirectory() as folder:
            ending, _, style = kind.partition("_")
            target = Path(folder) / f"{view.name}.{ending}"
            if kind == "html":
                exports.export_map(self._warehouse, view, lang, target)
            else:
                csv: table_files.Style | None = "international" if style else None
                table_files.export_table(self._warehouse, view, target, lang, csv)
            return target.name, self.TAKES[kind], target.read_bytes()
