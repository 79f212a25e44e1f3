"""From a grid over HTTP to the share of a département's area in each class, against geopandas and
scipy."""

import shutil
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy import optimize, special, stats
from shapely.geometry import box

from geo_pipeline.commands.runs import run
from geo_pipeline.indicators import sswi
from geo_pipeline.places import PROJECT_ROOT
from geo_pipeline.settings import Settings
from geo_pipeline.storage.incomplete import incomplete
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.tables import chosen
from tests.conftest import digests, ignore
from tests.grid_home import XS, YS, grid_home, settings_of, weather

pytestmark = pytest.mark.slow

SHARES = [f"{name}_pct" for name in
          ("d4", "d3", "d2", "d1", "d0", "normal", "w0", "w1", "w2", "unknown")]  # fmt: skip
LIMITS = [-2.0, -1.6, -1.3, -0.8, -0.5]
"""Highest values of D4, D3, D2, D1 and D0; W0, W1 and W2 begin at 1, 1.5 and 2."""


@pytest.fixture(scope="module")
def home(of_all: Path) -> Path:
    """Return the home with the grid. Read it, do not write to it."""
    return grid_home(of_all)


@pytest.fixture(scope="module")
def published(home: Path) -> pd.DataFrame:
    """Return `area_in_class` as published."""
    return Warehouse(Settings(home=home).warehouse).table("area_in_class")


@pytest.fixture(scope="module")
def by_dekad() -> dict[str, np.ndarray]:
    """Return rain, ETP and mean SWI: cells x dekads, added up by pandas, cells by x and y."""
    rows = weather()
    day = pd.to_datetime(rows["DATE"].astype(str))
    third = np.minimum((day.dt.day - 1) // 10, 2)
    key = [rows["LAMBX"], rows["LAMBY"], day.dt.year * 36 + (day.dt.month - 1) * 3 + third]
    grouped = rows.groupby(key)[["PRELIQ", "ETP", "SWI"]]
    shape = len(XS) * len(YS), -1
    return {
        "rain": grouped.sum()["PRELIQ"].to_numpy().reshape(shape),
        "etp": grouped.sum()["ETP"].to_numpy().reshape(shape),
        "swi": grouped.mean()["SWI"].to_numpy().reshape(shape),
        "days": grouped.size().to_numpy().reshape(shape),
    }


@pytest.fixture(scope="module")
def areas() -> np.ndarray:
    """Return the area of each cell in the Gers, and last of what no cell covers, by geopandas."""
    embedded = pq.ParquetFile(PROJECT_ROOT / "assets_data" / "departements.parquet").read()
    outlines = gpd.GeoDataFrame.from_arrow(embedded)
    gers = outlines[outlines["departement"] == "32"].to_crs("EPSG:27572")
    squares = gpd.GeoDataFrame(
        {"cell": range(len(XS) * len(YS))},
        geometry=[
            box(100 * x - 4000, 100 * y - 4000, 100 * x + 4000, 100 * y + 4000)
            for x in XS
            for y in YS
        ],
        crs="EPSG:27572",
    )
    parts = gpd.overlay(squares, gers[["geometry"]], how="intersection")
    found = np.zeros(len(squares) + 1)
    found[parts["cell"]] = parts.area
    found[-1] = gers.area.iloc[0] - found.sum()
    return found


def summed(values: np.ndarray, dekads: int) -> np.ndarray:
    """Return running sums, without the incomplete first ones, of the last dekad of each year."""
    sums = np.stack([values[:, end - dekads : end].sum(axis=1) for end in
                     range(36, values.shape[1] + 1, 36)], axis=1)  # fmt: skip
    return np.asarray(sums)


def l_moments(sample: np.ndarray) -> tuple[float, float, float]:
    """Return the first two L-moments and the L-skewness of a sample, unbiased."""
    x, n = np.sort(sample), len(sample)
    place = np.arange(n)
    b0 = x.mean()
    b1 = (place / (n - 1) * x).mean()
    b2 = (place * (place - 1) / ((n - 1) * (n - 2)) * x).mean()
    l2, l3 = 2 * b1 - b0, 6 * b2 - 6 * b1 + b0
    return b0, l2, l3 / l2


def spi_of(sample: np.ndarray) -> float:
    """Return the SPI of the last of these totals among all of them.

    A gamma by L-moments is fitted to those above 0; the others are a mass at 0.
    """
    above = sample[sample > 0]
    dry = 1 - len(above) / len(sample)
    if sample[-1] == 0:
        return float(stats.norm.ppf(dry))
    l1, l2, _ = l_moments(above)
    half = 0.5 * np.log(np.pi)
    shape = optimize.brentq(
        lambda a: np.exp(special.gammaln(a + 0.5) - special.gammaln(a + 1) - half) - l2 / l1,
        1e-3,
        1e5,
    )
    rest = stats.gamma.cdf(sample[-1], shape, scale=l1 / shape)
    return float(stats.norm.ppf(dry + (1 - dry) * rest))


def spei_of(sample: np.ndarray) -> float:
    """Return the SPEI of the last of these balances: generalised logistic (Hosking & Wallis)."""
    l1, l2, skewness = l_moments(sample)
    k = -skewness
    scale = l2 * np.sin(k * np.pi) / (k * np.pi)
    place = l1 - scale * (1 / k - np.pi / np.sin(k * np.pi))
    inner = 1 - k * (sample[-1] - place) / scale
    return float(stats.norm.ppf(1 / (1 + inner ** (1 / k)) if inner > 0 else float(k < 0)))


def shares(index: np.ndarray, areas: np.ndarray) -> list[float]:
    """Return the share of the area in each class, %, and last of what is in none."""
    of = np.full(len(index), 5)
    for place, limit in reversed(list(enumerate(LIMITS))):
        of[index <= limit] = place
    for place, limit in enumerate([1.0, 1.5, 2.0]):
        of[index >= limit] = 6 + place
    counted = [areas[:-1][of == place].sum() for place in range(9)]
    return (100 * np.array([*counted, areas[-1]]) / areas.sum()).tolist()


def at_the_end(published: pd.DataFrame, indicator: str) -> list[float]:
    """Return the published shares of the last dekad."""
    rows = published[published["indicator"] == indicator].set_index("period_end")
    assert set(rows["departement"]) == {"32"}
    return [float(each) for each in rows.loc["2025-12-31", SHARES]]


def test_shares_of_rain_are_those_of_geopandas_and_scipy(
    published: pd.DataFrame, by_dekad: dict[str, np.ndarray], areas: np.ndarray
) -> None:
    totals = summed(by_dekad["rain"], 9)
    found = shares(np.array([spi_of(each) for each in totals]), areas)
    assert at_the_end(published, "spi_3") == pytest.approx(found, abs=0.01)
    assert sum(share > 1 for share in found) > 4  # not one class alone


def test_shares_of_balance_are_those_of_geopandas_and_scipy(
    published: pd.DataFrame, by_dekad: dict[str, np.ndarray], areas: np.ndarray
) -> None:
    totals = summed(by_dekad["rain"] - by_dekad["etp"], 9)
    found = shares(np.array([spei_of(each) for each in totals]), areas)
    assert at_the_end(published, "spei_3") == pytest.approx(found, abs=0.01)


def test_shares_of_soil_and_of_all_are_those_of_the_indices_of_cells(
    published: pd.DataFrame, by_dekad: dict[str, np.ndarray], areas: np.ndarray
) -> None:
    """The kernel estimate is ours; how it is applied to the days of a month is checked."""
    days = summed(by_dekad["days"].astype(float), 3)
    month = summed(by_dekad["swi"] * by_dekad["days"], 3) / days
    soil = sswi(_each_december(month))[:, -1]
    found = shares(soil, areas)
    assert at_the_end(published, "sswi") == pytest.approx(found, abs=0.05)


def _each_december(values: np.ndarray) -> np.ndarray:
    """Return months of which only the Decembers are known: `values`, cells x years."""
    months = np.full((len(values), values.shape[1] * 12), np.nan)
    months[:, 11::12] = values
    return months


def test_the_shares_of_each_row_sum_to_the_whole(
    published: pd.DataFrame, areas: np.ndarray
) -> None:
    assert published[SHARES].sum(axis=1).to_numpy() == pytest.approx(100.0)
    assert set(published["indicator"]) == {"combined", "spi_3", "spei_3", "sswi"}
    # No cell of the grid reaches the western end of the Gers.
    outside = 100 * areas[-1] / areas.sum()
    assert published["unknown_pct"].min() == pytest.approx(outside, abs=0.01)
    # The first three months have no SPI-3; every dekad after them has.
    rain = published[published["indicator"] == "spi_3"]
    assert rain["period_end"].min() == pd.Timestamp("2014-03-31")
    assert len(rain) == 12 * 36 - 8


def test_letters_and_shares_say_the_same(home: Path, published: pd.DataFrame) -> None:
    warehouse = Warehouse(Settings(home=home).warehouse)
    cells = warehouse.query("app_grid_cells")
    row = published[(published["indicator"] == "combined")].iloc[-1]
    letters = np.array(list(row["cell_classes"]))
    assert len(letters) == len(cells)
    for place, column in enumerate(SHARES):
        letter = str(place) if place < 9 else "~"
        share = 100 * cells["area_km2"][letters == letter].sum() / cells["area_km2"].sum()
        assert share == pytest.approx(row[column], abs=1e-6)


def test_maps_have_the_share_at_a_class_or_worse(home: Path, published: pd.DataFrame) -> None:
    """Of the known area."""
    warehouse = Warehouse(Settings(home=home).warehouse)
    for indicator in ("combined", "spi_3"):
        row = published[published["indicator"] == indicator].iloc[-1]
        for place, name in ((4, "d1"), (3, "d2"), (2, "d3")):
            key = f"area_pct_{indicator}_{name}"
            value = warehouse.query("map_values", indicator=key, period_end="2025-12-31")
            value = value.set_index("departement")["value"].dropna()
            share = 100 * row[SHARES[:place]].sum() / (100 - row["unknown_pct"])
            assert value.to_dict() == {"32": pytest.approx(share)}


@pytest.fixture
def own(home: Path, of_all: Path, tmp_path: Path) -> Settings:
    """Return the settings of a copy of the home, whose grid files are not asked for again."""
    copied = Path(shutil.copytree(home, tmp_path / "home"))
    url = (of_all / "grid.url").read_text(encoding="utf-8")
    return settings_of(copied, url, offline=True)


def test_another_run_reads_no_file_again_and_keeps_the_rows(own: Settings) -> None:
    first = digests(own.lake)
    made = {path: path.stat().st_mtime_ns for path in own.raw.rglob("cells-*.parquet")}
    assert len(made) == 12
    assert run(own, ["32"], ignore).failures == ()
    assert digests(own.lake) == first
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert incomplete(own, []) == []


@pytest.mark.drill
def test_days_after_days_make_the_lake_of_all_days_at_once(own: Settings) -> None:
    whole = digests(own.lake)
    before = own.model_copy(update={"until": date(2025, 12, 15)})
    assert run(before, ["32"], ignore).failures == ()
    assert Lake(own.lake).footer("cell_dekads", "32").last_date == date(2025, 12, 10)
    assert run(own, ["32"], ignore).failures == ()
    assert digests(own.lake) == whole


def test_with_weather_of_another_provider_cells_go(home: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(home, tmp_path / "home"))
    settings = Settings(home=own)
    assert run(settings, ["32"], ignore).failures == ()
    assert not [*settings.lake.glob("cell_dekads/*/*"), *settings.lake.glob("area_in_class/*/*")]
    assert Warehouse(settings.warehouse).table("area_in_class").empty
    assert Warehouse(settings.warehouse).table("grid_cells").empty
    assert incomplete(settings, []) == []


def test_their_tables_exist_only_where_the_grid_gives_weather(home: Path) -> None:
    names = {each.name for each in chosen(Settings(home=home))}
    assert not {"cell_dekads", "area_in_class"} & names
    with_grid = {each.name for each in chosen(Settings(home=home, history="sim2"))}
    assert {"cell_dekads", "area_in_class"} < with_grid


def test_the_size_of_what_is_kept_is_some_bytes_a_cell_and_dekad(home: Path) -> None:
    path = Lake(Settings(home=home).lake).path("cell_dekads", "32")
    rows = pq.ParquetFile(path).metadata.num_rows
    assert path.stat().st_size / rows < 8
