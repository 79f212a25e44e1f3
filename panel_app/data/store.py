"""The only door from the app to data: read-only queries on the published warehouse.

A `Publication` is what one published file holds, read once and kept: an indicator is a matrix of
periods by départements, so that a step of the slider costs no query. It never changes, so any
number of sessions may share it; when a new file is there, `Store.publication` returns a new one.
"""

import contextlib
import json
import threading
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.indicators import drought_age
from geo_pipeline.indicators.classes import INDEX_DROUGHT_LIMIT, PERCENTILE_DROUGHT_LIMIT
from geo_pipeline.publishing import exports, look, views
from geo_pipeline.publishing.look import ClassStyle, Lang, Statement
from geo_pipeline.storage.standing import BROKEN as BROKEN  # noqa: PLC0414  for pages
from geo_pipeline.storage.standing import STATES as STATES  # noqa: PLC0414
from geo_pipeline.storage.standing import TROUBLES as TROUBLES  # noqa: PLC0414
from geo_pipeline.storage.warehouse import Version as Version  # noqa: PLC0414  for pages
from geo_pipeline.storage.warehouse import Warehouse, lacking
from panel_app.data.dekads import LONGEST_STEP

NO_STYLE = -1
"""Index of the style where there is no data."""

DROUGHT_INDICATOR, DROUGHT_AGE = "combined", "drought_age_dekads"
"""What is meant by the drought, and how long it has lasted."""

SNAPSHOT_VERSION = 2
"""Of the snapshot of the pipeline that the app can read."""

FloatMatrix = NDArray[np.float64]


def unusable(path: Path) -> list[str]:
    """Return why nothing can be shown of the publication at `path`; empty where it can.

    Where it lies is not said: anybody may ask. `geo-pipeline status` says more.
    """
    try:
        with contextlib.closing(Warehouse(path)) as warehouse:
            tables = lacking(warehouse)
    except NotPublishedError:
        return ["nothing is published yet"]
    except StorageError:
        return ["the publication cannot be read"]
    return [f"the publication is of another version: without {', '.join(tables)}"] * bool(tables)


@dataclass(frozen=True, eq=False)
class Share:
    """One class at one period: its départements, its share of the known area and of a crop's."""

    style: ClassStyle
    departements: int
    area_pct: float
    crop_pct: float = float("nan")


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
    dry_rank: FloatMatrix | None = None
    """Rank among the years known of the dekad, 1 the driest; how many these are: `ranked_years`."""
    ranked_years: FloatMatrix | None = None
    little_grown: frozenset[int] = frozenset()
    """Columns where there is too little of the indicator's crop for it to be drawn."""
    published_on: date | None = None
    """What was over long before is told in the past tense."""
    published_age: FloatMatrix | None = None
    """Of the drought: its dekads as they are published."""

    @property
    def styles(self) -> tuple[ClassStyle, ...]:
        """The classes or bins of the indicator, driest first."""
        return look.indicator_of(self.indicator).styles

    @cached_property
    def by_dekad(self) -> bool:
        """Whether periods are dekads: then months may be shown alone."""
        return views.period_step(self.indicator, self.periods[0]) in ("dekad", "month")

    @cached_property
    def month_rows(self) -> list[int]:
        """Rows of the dekads that end a month."""
        return [
            row for row, period in enumerate(self.periods) if (period + timedelta(days=1)).day == 1
        ]

    def rows(self, step: str) -> list[int]:
        """Rows that are walked through: all, or the months among dekads."""
        if step == "month" and self.by_dekad and self.month_rows:
            return self.month_rows
        return list(range(len(self.periods)))

    def nearest(self, wanted: date | None, step: str = "dekad") -> int:
        """Row of the period nearest to `wanted`, the newest for None."""
        rows = self.rows(step)
        wanted = wanted or self.periods[self.newest]
        return min(rows, key=lambda row: abs((self.periods[row] - wanted).days))

    @cached_property
    def newest(self) -> int:
        """Row of the newest period of all: not of one that only few départements are ahead in."""
        return views.newest((self.style != NO_STYLE).sum(axis=1))

    def column(self, code: str) -> int:
        """Column of a département."""
        return self.codes.index(code)

    def period_words(self, row: int, lang: Lang, step: str = "dekad") -> str:
        """The period as it is said: `août 2022`, `2e décade d'août 2022`, `3 octobre 2026`."""
        said: look.Period = "month" if step == "month" else "dekad"
        if not self.by_dekad:
            said = views.period_step(self.indicator, self.periods[row])
        return look.format_period(self.periods[row], said, lang)

    def period_typed(self, row: int, step: str = "dekad") -> str:
        """The period as it is typed: `2022-08`, `2022-08-20`."""
        if not self.by_dekad:
            return views.period_text(self.indicator, self.periods[row])
        text = self.periods[row].isoformat()
        return text[:7] if step == "month" else text

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

    def style_at(self, row: int, column: int) -> ClassStyle:
        """The class of a département at a period, or that of no data."""
        index = int(self.style[row, column])
        return look.NO_DATA if index == NO_STYLE else self.styles[index]

    def ranked(self, row: int, column: int) -> look.Ranked | None:
        """Rank of a département among the years known, 1 the driest, and how many these are."""
        if self.dry_rank is None or self.ranked_years is None:
            return None
        return float(self.dry_rank[row, column]), float(self.ranked_years[row, column])

    def class_words(self, row: int, column: int, lang: Lang) -> str:
        """Name of the class of a département, marked where it rests on few years."""
        style = self.style_at(row, column)
        if self.is_unclassed(row, column):
            return self.statement(row, column, lang).head
        return look.class_words(style, self.reference_years[row, column], lang)

    def is_unclassed(self, row: int, column: int) -> bool:
        """Whether there is a value, and too few years of reference for a class."""
        at = row, column
        return look.is_unclassed(self.indicator, self.value[at], self.drought_class[at])

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
        if column in self.little_grown:
            reason = look.LITTLE_GROWN(lang)
        elif self.is_unclassed(row, column):
            reason = None  # it is not that there are no data
        return look.statement(
            self.indicator,
            value=float(self.value[row, column]),
            percentile=float(self.percentile[row, column]),
            drought_class=self.drought_class[row, column],
            reference_years=float(self.reference_years[row, column]),
            ranked=self.ranked(row, column),
            reference_period=self.reference_period[row, column],
            reason=reason,
            lang=lang,
            past=look.is_past(self.periods[row], self.published_on),
        )

    def shares_by(self, weight: FloatMatrix) -> FloatMatrix:
        """Share of `weight` (one a département) in each style, %: periods by styles.

        What has no data does not count; 0 where nothing is known.
        """
        known = np.where(np.isnan(weight), 0.0, weight)
        counted = np.stack(
            [(self.style == index) @ known for index in range(len(self.styles))], axis=1
        )
        total = counted.sum(axis=1, keepdims=True)
        shares: FloatMatrix = np.divide(
            100.0 * counted, total, out=np.zeros_like(counted), where=total > 0
        )
        return shares

    @cached_property
    def area_shares(self) -> FloatMatrix:
        """Share of the known area in each style, %: periods by styles."""
        return self.shares_by(self.area_km2)

    def shares(self, row: int, crop_ha: FloatMatrix | None = None) -> list[Share]:
        """Each class at a period, driest first, with its share of a crop's area if given."""
        nothing = np.full(len(self.styles), np.nan)
        crop = nothing if crop_ha is None else self._one_row(row).shares_by(crop_ha)[0]
        return [
            Share(
                style,
                int((self.style[row] == index).sum()),
                float(self.area_shares[row, index]),
                float(crop[index]),
            )
            for index, style in enumerate(self.styles)
        ]

    def _one_row(self, row: int) -> "Matrix":
        return replace(self, style=self.style[row : row + 1])

    @property
    def drought_styles(self) -> list[int]:
        """Indices of the styles that count as drought (D1 or worse)."""
        return [index for index, style in enumerate(self.styles) if style.code in look.IN_DROUGHT]

    def drought_share(self, row: int) -> float:
        """Share of the known area in drought (D1 or worse), %."""
        return float(self.area_shares[row, self.drought_styles].sum())

    def missing(self, row: int) -> int:
        """How many départements have no data."""
        return int((self.style[row] == NO_STYLE).sum())

    def dryness(self, row: int) -> FloatMatrix:
        """A number a département by which they are ranked: the smaller, the drier; NaN unknown.

        First the class, where classes decide, then the percentile or the value.
        """
        which = look.indicator_of(self.indicator)
        amount = self.percentile[row] if which.kind == "class" else self.value[row]
        amount = -amount if which.dry_is_high else amount
        known = self.style[row] != NO_STYLE
        if not which.by_class:
            return np.where(known, amount, np.nan)
        within = np.where(np.isnan(amount), 0.0, (amount + 1e-9) / 1e4)
        return np.where(known, self.style[row] + within, np.nan)

    def driest(self, row: int, count: int) -> list[int]:
        """Columns of the driest départements, the driest first, those alike by their code."""
        dryness = self.dryness(row)
        known = np.flatnonzero(~np.isnan(dryness))
        return [int(column) for column in known[np.argsort(dryness[known], kind="stable")][:count]]

    def follows(self, row: int) -> bool:
        """Whether a dekad is the next after the row before, with no hole between them."""
        return (self.periods[row] - self.periods[row - 1]).days <= LONGEST_STEP["dekad"]

    def index(self, where: Any) -> FloatMatrix:
        """Values `where` (as numpy picks them) as an index: 0 is usual, dry below.

        One that is standardised is told as it is, anything else by the index of its rank.
        """
        if look.indicator_of(self.indicator).standardised:
            return np.asarray(self.value[where])
        return np.asarray(ndtri(np.clip(self.percentile[where], 0.2, 99.8) / 100))

    @cached_property
    def age(self) -> FloatMatrix:
        """Dekads of the drought under way, 0 in none, NaN unknown: all that is said of since when.

        Of the drought it is what is published; of another index the same run theory on that index.
        """
        if self.published_age is not None:
            return self.published_age
        start = INDEX_DROUGHT_LIMIT
        if not look.indicator_of(self.indicator).standardised:
            start = float(ndtri(PERCENTILE_DROUGHT_LIMIT / 100))
        holes = [row for row in range(1, len(self.periods)) if not self.follows(row)]
        whole = np.insert(self.index(slice(None)), holes, np.nan, axis=0)
        age = drought_age(whole.T, start=start).T
        return np.delete(age, np.array(holes, dtype=int) + np.arange(len(holes)), axis=0)

    def drought_words(self, row: int, column: int, lang: Lang) -> str:
        """For how long it has been in drought, or the drought is not over; empty in none."""
        return look.drought_words(
            self.periods[row],
            self.age[row, column],
            self.drought_class[row, column],
            lang,
            past=look.is_past(self.periods[row], self.published_on),
        )


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
        self.is_previous = warehouse.reads_previous
        known = set(warehouse.query("indicator_periods")["indicator"])
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
        return self._crops.get(code, self._no_crops)

    @cached_property
    def _no_crops(self) -> pd.DataFrame:
        return pd.DataFrame(columns=["crop", "year", "area_ha", "yield_q_ha"])

    @cached_property
    def _weather(self) -> pd.DataFrame:
        with self._lock:
            return self._warehouse.query("app_weather_source").set_index("departement")

    def weather_source(self, code: str) -> "pd.Series[Any] | None":
        """What the weather of a département rests on, None where there is none."""
        return pd.Series(self._weather.loc[code]) if code in self._weather.index else None

    @cached_property
    def weather_until(self) -> date | None:
        """Last day that the weather of half of the départements reaches, None without weather."""
        ends = self._weather["last_date"].sort_values(ascending=False, ignore_index=True)
        return None if ends.empty else pd.Timestamp(ends[(len(ends) - 1) // 2]).date()

    @cached_property
    def attributions(self) -> pd.DataFrame:
        """Who is to be named, with licence and address: a row an asset and source."""
        with self._lock:
            return self._warehouse.query("attributions")

    @lru_cache(maxsize=256)  # noqa: B019  one publication lives as long as the process serves it
    def source_names(self, indicator: str) -> str:
        """Short names of those whose observations an indicator rests on: `AgERA5`, `Agreste`."""
        named = self.attributions
        rows = named[named["asset"] == look.indicator_of(indicator).asset]
        return ", ".join(
            # What ships with the project has no short name of its own.
            text.split(",")[0] if name == "bundled" else name
            for name, text in zip(rows["name"], rows["text_fr"], strict=True)
        )

    @lru_cache(maxsize=256)  # noqa: B019
    def statements(self, indicator: str, row: int, lang: Lang) -> tuple[Statement, ...]:
        """What is said of each département at a period, for the hover."""
        matrix = self.matrix(indicator)
        return tuple(matrix.statement(row, column, lang) for column in range(len(self.codes)))

    @cached_property
    def crop_areas(self) -> dict[str, FloatMatrix]:
        """Latest known area of each crop, ha, one a département; only crops with any."""
        areas: dict[str, FloatMatrix] = {}
        for code, rows in self._crops.items():
            known = rows.dropna(subset=["area_ha"])
            for crop, years in known.groupby("crop"):
                column = areas.setdefault(str(crop), np.full(len(self.codes), np.nan))
                column[self.codes.index(code)] = float(years["area_ha"].iloc[-1])
        return dict(sorted(areas.items()))

    def crop_area_years(self, crop: str) -> str:
        """Years that the latest known areas of a crop are of: `2022`, `2013-2022`."""
        years = [
            int(rows["year"].iloc[-1])
            for table in self._crops.values()
            if len(rows := table[(table["crop"] == crop) & table["area_ha"].notna()])
        ]
        first, last = min(years), max(years)
        return str(first) if first == last else f"{first}-{last}"

    def read_ahead(self) -> None:
        """Read what is asked for first; what cannot be read is told to whoever asks for it."""
        with contextlib.suppress(StorageError):
            for indicator in FIRST_ASKED:
                if indicator in self.indicators:
                    self.matrix(indicator)
            self.risk(self.published_at.date())
            self.crop_areas  # noqa: B018  read and kept

    def rows_of(self, script: str, code: str) -> pd.DataFrame:
        """Return what `<script>.sql` selects of one département: rare and small, not kept."""
        return self._warehouse.query(script, departement=code)

    @cached_property
    def held(self) -> dict[str, str]:
        """Since when the départements are held back whose figures are those of before."""
        with self._lock:
            rows = self._warehouse.query("app_held")
        return dict(zip(rows["departement"], rows["since"], strict=True))

    @cached_property
    def neighbours(self) -> dict[str, list[str]]:
        """Codes of the départements that border on each, the longest border first."""
        with self._lock:
            rows = self._warehouse.query("app_neighbours")
        return {
            str(code): list(others["neighbour"]) for code, others in rows.groupby("departement")
        }

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
            dry_rank=spread("dry_rank"),
            ranked_years=spread("ranked_years"),
            drought_class=classes,
            style=style_indices(indicator, value, classes),
            little_grown=frozenset(column[rows["little_grown"].to_numpy(dtype=bool)].tolist()),
            published_on=self.published_at.date(),
        )


FIRST_ASKED = (
    "combined", "precip_mm", "precip_anomaly_pct", "swi", "season_precip_mm", "season_balance_mm",
    "drought_age_dekads", "water_restrictions",
)  # fmt: skip
"""What most pages of a département and of France show."""


class Store:
    """The current publication, read again when a new one is there. Shared by all sessions.

    With `ahead` what is asked for first is read as soon as it is published, beside the sessions.
    """

    TAKES: ClassVar = {
        "html": "text/html",
        "csv": "text/csv",
        "parquet": "application/vnd.apache.parquet",
        "geojson": "application/geo+json",
    }
    """What can be made of a map: endings and media types."""

    def __init__(self, path: Path, *, ahead: bool = False) -> None:
        self.path = path
        self._ahead = ahead
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
                if self._ahead:
                    ahead = threading.Thread(target=self._publication.read_ahead)
                    ahead.start()
            return self._publication

    def take(self, kind: str, indicator: str, period: str, lang: Lang) -> tuple[str, str, bytes]:
        """Return a map or table as a file: its name, media type and content.

        Raises:
            UsageError: nothing is published of `indicator` at `period`.
            StorageError: the publication cannot be read.
        """
        view = views.select(self._warehouse, indicator, period)
        with TemporaryDirectory() as folder:
            target = Path(folder) / f"{view.name}.{kind}"
            if kind == "html":
                exports.export_map(self._warehouse, view, lang, target)
            else:
                exports.export_table(self._warehouse, view, target)
            return target.name, self.TAKES[kind], target.read_bytes()


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
