"""The values behind a map as files: digits, and what is said beside them."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from geo_pipeline.publishing.selection import select
from geo_pipeline.publishing.table_files import export_table, meaningful
from geo_pipeline.storage.warehouse import Warehouse


@pytest.fixture
def warehouse(published_home: Path) -> Warehouse:
    return Warehouse(published_home / "published" / "drought.duckdb")


def test_digits_that_mean_something() -> None:
    values = pd.Series([1234.5, -1234.4, 134.4, 40.6432, -1.2345, 0.0844, 0.0, np.nan])
    assert meaningful(values).tolist()[:7] == [1234, -1234, 134, 40.6, -1.23, 0.0844, 0]
    assert np.isnan(meaningful(values).iloc[7])


def test_french_and_international_csv_hold_the_same(warehouse: Warehouse, tmp_path: Path) -> None:
    view = select(warehouse, "precip_mm", "2022-08")
    french = export_table(warehouse, view, tmp_path / "fr.csv", "fr")
    other = export_table(warehouse, view, tmp_path / "int.csv", "fr", "international")
    assert french.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = pd.read_csv(french, sep=";", decimal=",", dtype=str)
    place = rows.set_index("departement")
    # The dekads of the embedded weather add up to 48.04 and 29.46 mm.
    assert place.loc[["32", "33"], "value"].tolist() == ["48", "29,5"]
    assert set(rows["unit"]) == {"mm"}
    assert (rows["reference_years"].dropna() == "12").any()
    assert not rows["reference_years"].dropna().str.contains(",").any()
    again = pd.read_csv(other, dtype=str)
    assert (again["value"].fillna("") == rows["value"].str.replace(",", ".").fillna("")).all()
    assert again["licence"].unique().tolist() == ["licence Copernicus; domaine public"]
    assert again["source"].iloc[0].startswith("AgERA5")


def test_value_and_percentile_of_the_drought_are_explained(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """The one falls where the other rises."""
    view = select(warehouse, "combined", "2022-08")
    rows = pd.read_csv(export_table(warehouse, view, tmp_path / "a.csv", "en"))
    known = rows.dropna(subset=["value", "percentile"])
    assert np.allclose(known["value"], 100 - known["percentile"], atol=0.11)
    assert "100 less the percentile" in rows["reading"].iloc[0]
    assert "0 is the driest" in rows["reading"].iloc[0]
    spi = select(warehouse, "spi_3", "2022-08")
    said = pd.read_csv(export_table(warehouse, spi, tmp_path / "b.csv", "en"))["reading"].iloc[0]
    assert "100 less" not in said
    assert "0 is the driest" in said


def test_geojson_and_parquet_say_the_same_beside_the_rows(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    view = select(warehouse, "swi", "2022-08")
    geojson = export_table(warehouse, view, tmp_path / "a.geojson", "fr")
    about = json.loads(geojson.read_text(encoding="utf-8"))["about"]
    assert about["unit"] == "sans unité"
    assert about["licence"] == "licence Copernicus; domaine public"
    assert len(gpd.read_file(geojson)) == 101
    parquet = export_table(warehouse, view, tmp_path / "a.parquet", "fr")
    metadata = pq.read_schema(parquet).metadata
    assert {name: metadata[name.encode()].decode() for name in about} == about
    frame = gpd.read_parquet(parquet)
    assert frame.crs.to_authority() == ("OGC", "CRS84")
    assert frame["reference_years"].dtype == "Int64"
