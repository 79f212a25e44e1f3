"""Soils of the dekads to come on the map: what the outlook tells, nothing where it is silent."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_pipeline import sql
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing import selection, table_files
from geo_pipeline.spatial import database
from geo_pipeline.storage.warehouse import Warehouse
from panel_app.data.store import Publication
from panel_app.pages.map import map_page, map_place
from panel_app.pages.ranking import ranking_page
from tests.app.conftest import plain, view_of

COLUMNS = {"soil_drought_chance_pct": "d1_pct", "soil_wetness_ahead": "p50"}


@pytest.mark.parametrize("indicator", sorted(COLUMNS))
@pytest.mark.parametrize("code", ["31", "66", "59"])
def test_the_map_shows_what_the_outlook_tells(
    publication: Publication, indicator: str, code: str
) -> None:
    matrix = publication.matrix(indicator)
    told = publication.rows_of("app_soil_outlook", code).dropna(subset=["p50"])
    assert [f"{each:%Y-%m-%d}" for each in matrix.periods] == [
        f"{pd.Timestamp(each):%Y-%m-%d}" for each in told["target_end"]
    ]
    shown = matrix.value[:, matrix.column(code)]
    assert shown == pytest.approx(told[COLUMNS[indicator]].to_numpy(float), nan_ok=True)


def test_a_departement_whose_weather_ended_before_has_none(publication: Publication) -> None:
    """Haute-Corse ends in 2020 in the embedded data."""
    matrix = publication.matrix("soil_drought_chance_pct")
    assert matrix.periods[0].year == 2023
    assert np.isnan(matrix.value[:, matrix.column("2B")]).all()


def test_why_it_has_none_is_said_on_the_map_and_in_its_file(
    publication: Publication, published_home: Path
) -> None:
    """Its last day, and the day of which the map is; Paris has no weather at all."""
    ended = "météo n'y est connue que jusqu'au 31 décembre 2020"
    said = dict(
        zip(publication.codes, publication.statements("soil_wetness_ahead", 0, "fr"), strict=True)
    )
    assert ended in plain(said["2B"].body)
    assert "pas de prévision du 31 décembre 2022" in plain(said["2B"].body)
    assert "météo" not in said["75"].body
    view = view_of(publication, indicator="soil_wetness_ahead", departement="2B")
    assert ended in plain(map_place.departement(view)["body"])
    warehouse = Warehouse(published_home / "published" / "drought.duckdb")
    chosen = selection.select(warehouse, "soil_wetness_ahead")
    reasons = chosen.with_reasons("fr").set_index("departement")["reason"]
    assert ended in plain(reasons["2B"])
    assert plain(reasons["75"]) == "la source ne couvre pas ce département"
    other = selection.select(warehouse, "swi")
    assert other.with_reasons("fr")["reason"].notna().any()
    assert "known_until" not in other.values  # files of other indicators stay as they are


def test_the_day_of_the_forecast_stands_beside_it(
    publication: Publication, published_home: Path, tmp_path: Path
) -> None:
    for page in ("map", "ranking"):
        view = view_of(publication, page=page, indicator="soil_drought_chance_pct")
        head = {"map": map_page, "ranking": ranking_page}[page].slots(view)["headline"]
        assert "prévision du 31 décembre 2022" in plain(head)
        assert "prévision" not in plain(map_page.headline(view_of(publication))["issued"])
    warehouse = Warehouse(published_home / "published" / "drought.duckdb")
    for indicator, told in (("soil_wetness_ahead", "2022-12-31"), ("swi", None)):
        file = tmp_path / f"{indicator}.csv"
        table_files.export_table(warehouse, selection.select(warehouse, indicator), file)
        rows = pd.read_csv(file, sep=";")
        assert "known_until" not in rows
        assert (rows["issued"].unique().tolist() == [told]) if told else "issued" not in rows


def test_a_forecast_is_not_told_in_the_past(publication: Publication) -> None:
    view = view_of(publication, indicator="soil_wetness_ahead")
    finding = plain(map_page.headline(view)["finding"])
    assert "étaient" not in finding
    assert "allaient" not in finding
    ranking = ranking_page.slots(
        view_of(publication, page="ranking", indicator="soil_drought_chance_pct")
    )
    assert "Risque le plus fort" in plain(ranking["headline"])
    assert "en dix jours" not in plain(ranking["headline"])
    assert "périodes de dix jours prévues" in plain(ranking["table"])


def test_one_departement_ahead_does_not_take_the_forecast_from_the_others() -> None:
    """By issues of three départements, two of 2022 and one of 2024: France's is of 2022."""
    days = ["2022-12-31", "2022-12-31", "2024-06-30"]
    rows = pd.DataFrame({"departement": ["31", "32", "33"], "period_end": pd.to_datetime(days)})
    text = sql.load("publication")
    view = text[text.index("CREATE TABLE outlook_issued") :].split(";")[0]
    with database.connect(functions=False) as connection:
        connection.register("soil_outlook_values", rows)
        connection.execute(view)
        assert connection.table("outlook_issued").fetchall()[0][0] == pd.Timestamp("2022-12-31")


def test_limits_are_written_with_the_comma_in_french() -> None:
    styles = indicator_of("soil_wetness_ahead").styles
    assert styles[4].name("fr") == "0,4 à 0,6"
    assert styles[4].name("en") == "0.4 to 0.6"
