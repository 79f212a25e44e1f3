"""Headlines of maps of areas: in how many départements it is most of the area."""

import pandas as pd
import pytest

from geo_pipeline.catalogue import area_indicators
from geo_pipeline.catalogue.indicators import COMPUTED, INDICATORS
from geo_pipeline.publishing.headlines import finding
from geo_pipeline.transforms.area_in_class import INDICES


def values(*shares: float) -> pd.DataFrame:
    """Return the rows of a map of these shares, %."""
    return pd.DataFrame(
        {
            "departement": [f"{place:02d}" for place in range(1, len(shares) + 1)],
            "name": [f"Lieu {place}" for place in range(1, len(shares) + 1)],
            "value": shares,
            "percentile": float("nan"),
            "drought_class": None,
        }
    )


def said(indicator: str, *shares: float) -> str:
    text = finding(indicator, values(*shares), "fr")
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_drought_over_most_of_the_area() -> None:
    assert said("area_pct_spi_3_d2", 96.0, 50.1, 50.0, 0.0) == (
        "2 départements sur 4 ont plus de la moitié de leur surface en sécheresse grave ou pire "
        "(D2), dont 1 presque entièrement."
    )
    assert said("area_pct_combined_d1", 60.0) == (
        "1 département sur 1 a plus de la moitié de sa surface en sécheresse modérée ou pire (D1)."
    )
    assert said("area_pct_combined_d3", 10.0, float("nan")) == (
        "Aucun département sur 1 n'a plus de la moitié de sa surface en sécheresse extrême ou "
        "pire (D3)."
    )


def test_restrictions_over_most_of_the_area() -> None:
    assert said("restricted_area_pct_surface_crise", 60.0, 10.0) == (
        "1 département sur 2 a plus de la moitié de sa surface en crise (rivières et lacs)."
    )


@pytest.mark.parametrize("indicator", INDICES)
def test_shares_are_of_indicators_that_cells_have(indicator: str) -> None:
    assert indicator in COMPUTED
    assert INDICES.keys() == area_indicators.OF.keys()
    for least in ("d1", "d2", "d3"):
        assert INDICATORS[f"area_pct_{indicator}_{least}"].of_area
