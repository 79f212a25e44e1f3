"""Names of crops, of their stages and of their periods."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from geo_pipeline.words import Words

CROP_NAMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "soft_wheat": Words("Blé tendre", "Soft wheat"),
        "durum_wheat": Words("Blé dur", "Durum wheat"),
        "winter_barley": Words("Orge d'hiver", "Winter barley"),
        "winter_rapeseed": Words("Colza d'hiver", "Winter rapeseed"),
        "triticale": Words("Triticale", "Triticale"),
        "grain_maize": Words("Maïs grain", "Grain maize"),
        "grain_maize_irrigated": Words("Maïs grain irrigué", "Grain maize, irrigated"),
        "grain_maize_rainfed": Words("Maïs grain non irrigué", "Grain maize, rainfed"),
        "silage_maize": Words("Maïs fourrage", "Silage maize"),
        "sunflower": Words("Tournesol", "Sunflower"),
        "soybean": Words("Soja", "Soybean"),
        "sugar_beet": Words("Betterave sucrière", "Sugar beet"),
        "potato": Words("Pomme de terre", "Potato"),
        "vineyard": Words("Vigne", "Vineyard"),
        "grassland": Words("Prairie", "Grassland"),
        "permanent_grassland": Words("Prairie permanente", "Permanent grassland"),
        "temporary_grassland": Words("Prairie temporaire", "Temporary grassland"),
    }
)

CROP_STAGE_NAMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "initial": Words("début de cycle", "early season"),
        "development": Words("croissance", "growth"),
        "mid": Words("mi-saison", "mid-season"),
        "late": Words("fin de cycle", "late season"),
    }
)
"""FAO-56's stages of a crop's season, as written inside a sentence."""

CROP_PERIOD_NAMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "vegetative": Words("phase végétative", "vegetative growth"),
        "flowering": Words("floraison", "flowering"),
        "yield_formation": Words("formation de la récolte", "yield formation"),
        "ripening": Words("maturation", "ripening"),
    }
)
"""FAO-33's periods of yield response, likewise; `crop_period_name` has those of one crop."""

_TUBERS: Final = Words("début de la tubérisation", "tuber initiation")


def crop_period_name(crop: str, period: str) -> Words:
    """Return the name of a period of yield response of `crop`, as written inside a sentence.

    What is flowering for other crops is the late vegetative period of the potato, when tubers form.
    """
    return _TUBERS if (crop, period) == ("potato", "flowering") else CROP_PERIOD_NAMES[period]
