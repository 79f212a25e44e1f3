"""Seasons of crops by dekad: only crops in season are at risk."""

from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.transforms.calendar import crop_seasons
from tests.conftest import ROOT


def test_crops_stand_from_their_first_day_to_their_last() -> None:
    """Wheat has 268 days from 20 October, to 14 July; maize 170 from 20 April, to 6 October."""
    rows = crop_seasons(crop_parameters(ROOT / "assets_data"))
    seasons = {
        crop: set(zip(of["month"], of["third"], strict=True)) for crop, of in rows.groupby("crop")
    }
    wheat, maize = seasons["soft_wheat"], seasons["grain_maize_rainfed"]
    assert {(10, 1), (12, 2), (5, 0), (7, 0)} <= wheat
    assert not {(7, 1), (8, 2), (10, 0)} & wheat
    assert min(maize) == (4, 1)
    assert max(maize) == (9, 2)
    assert len(maize) == 17
    assert seasons["grain_maize"] == maize
    assert seasons["permanent_grassland"] == seasons["grassland"]
    assert "triticale" not in seasons  # it has no calendar
