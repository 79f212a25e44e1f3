"""Soils of the dekads to come on the map: what the outlook tells, nothing where it is silent."""

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.catalogue.indicators import indicator_of
from panel_app.data.store import Publication

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


def test_limits_are_written_with_the_comma_in_french() -> None:
    styles = indicator_of("soil_wetness_ahead").styles
    assert styles[4].name("fr") == "0,4 à 0,6"
    assert styles[4].name("en") == "0.4 to 0.6"
