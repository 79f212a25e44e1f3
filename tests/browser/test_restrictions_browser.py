"""Restrictions from VigiEau's answers, over real HTTP, to the pages that readers see."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from geo_pipeline.commands.runs import run
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.territory import CODES
from tests.browser.reader import Picture
from tests.conftest import ignore
from tests.sources.conftest import Provider, provider

pytestmark = pytest.mark.browser

__all__ = ["provider"]

GERS_IN_CRISIS = "Gers à l'ouest de 0,4°"


def zone(name: str, kind: str, level: str, geometry: Any) -> dict[str, Any]:
    """A zone of the Gers, as in VigiEau's own file."""
    mark = "concerneExploitation"
    return {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(geometry),
        "properties": {
            "id": name,
            "nom": name,
            "type": kind,
            "niveauGravite": level,
            "departement": {"code": "32", "nom": "Gers"},
            "arreteRestriction": {
                "numero": "32-2026-11",
                "dateDebut": "2026-07-01",
                "dateFin": "2026-10-31",
                "fichier": "https://example.org/32-2026-11.pdf",
            },
            "restrictions": [
                {"nom": "Irrigation du maïs", "description": "Interdite le jour", mark: True},
                {"nom": "Lavage des voitures", "description": "Interdit", mark: False},
            ],
        },
    }


@pytest.fixture
def restricted(own_small_home: Path, provider: Provider) -> tuple[Path, float]:
    """A home with restrictions of the Gers, and the share of its area that is in crisis, %."""
    outlines = Lake(Settings(home=own_small_home).lake).read("departements")
    gers = outlines.set_index("departement").geometry["32"]
    low_x, low_y, high_x, high_y = gers.bounds
    west = shapely.box(low_x - 1, low_y - 1, 0.4, high_y + 1)
    rest = shapely.box(0.4, low_y - 1, high_x + 1, high_y + 1)
    areas = {"SupMax": "crise", "SouMax": None, "AepMax": "vigilance", "Max": "crise"}
    none = dict.fromkeys(f"niveauGravite{name}" for name in areas)
    levels = [{"code": code, **none} for code in CODES]
    levels[CODES.index("32")] |= {f"niveauGravite{name}": level for name, level in areas.items()}
    provider.on("/api/departements", json=levels)
    zones = [
        zone(GERS_IN_CRISIS, "SUP", "crise", west),
        zone("Gers à l'est", "SUP", "alerte", rest),
        zone("Tout le Gers", "AEP", "vigilance", gers),
    ]
    provider.on("/zones.geojson", json={"type": "FeatureCollection", "features": zones})
    file = {"title": "zones", "format": "geojson", "url": f"{provider.url}/zones.geojson"}
    provider.on("/dataset/", json={"resources": [file]})
    settings = Settings(
        home=own_small_home,
        restrictions="vigieau",
        vigieau_url=provider.url,
        vigieau_dataset_url=f"{provider.url}/dataset/",
        attempts=1,
    )
    assert run(settings, ["32"], ignore).failures == ()
    plane = gpd.GeoSeries([gers, gers.intersection(west)], crs="OGC:CRS84").to_crs(6933).area
    return own_small_home, 100 * plane[1] / plane[0]


def test_the_map_of_restrictions_opens_with_the_share_of_the_area(
    restricted: tuple[Path, float], serve: Any, read: Any, picture: Picture
) -> None:
    home, in_crisis_pct = restricted
    with serve(home) as (_, address):
        reader = read("indicator=restricted_area_pct_surface_crise", app=address)
        assert "Part du département en crise : rivières et lacs" in reader.text("h1")
        gers = reader.page.locator("[data-map=a] [data-code='32']").first
        gers.hover()
        reader.says("#tip", f"{in_crisis_pct:.0f} % du département en crise")
        picture(reader.page, "restrictions_map.png")
        # The highest level is a second choice, and says what it is.
        reader.visit("indicator=water_restrictions&departement=32")
        gers.hover()
        reader.says("#tip", "quelque part dans le département")
        assert "niveau le plus élevé quelque part dans le département" in reader.text(".key")
        reader.visit("page=departement&departement=32")
        table = reader.page.locator(".restrictions")
        crisis = table.locator("tr", has_text="Seuls les usages prioritaires").locator("td")
        cells = [each.strip() for each in crisis.all_inner_texts()]
        assert cells == [f"{in_crisis_pct:.0f}\u202f%", "–", "–"]
        zones = reader.page.locator(".zones")
        assert not zones.get_by_text(GERS_IN_CRISIS, exact=True).first.is_visible()
        zones.locator("summary").first.click()
        first = zones.locator("tbody tr").first
        assert first.locator("th").inner_text().startswith(GERS_IN_CRISIS)
        assert "du 1er juillet 2026 au 31 octobre 2026" in " ".join(first.inner_text().split())
        link = first.locator("a")
        assert link.get_attribute("href") == "https://example.org/32-2026-11.pdf"
        zones.get_by_text("Ce qui est limité pour l'agriculture").first.click()
        assert zones.get_by_text("Interdite le jour").first.is_visible()
        assert zones.get_by_text("Lavage des voitures").count() == 0
        assert reader.overflow() == []
        picture(reader.page, "restrictions_departement.png", full_page=True)
        reader.assert_clean()


def test_where_only_the_highest_level_is_known_that_is_said(read: Any) -> None:
    """The embedded data: no zone, so no share is offered."""
    reader = read("indicator=water_restrictions&departement=32")
    assert "niveau le plus élevé quelque part dans le département" in reader.text(".key")
    assert "%" not in reader.text(".legend")
    reader.visit("page=departement&departement=32")
    text = reader.text("[data-slot=restrictions]")
    assert "la part du territoire concernée n'est pas connue" in text
    reader.assert_clean()
