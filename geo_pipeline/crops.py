"""Crops by what is computed for them. Their parameters are in `assets_data`.

`crop_parameters.csv` has the same lists in its columns, and a test compares both; the names of
crops are in `catalogue.indicators`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

RAINFED: Final = (
    "soft_wheat",
    "durum_wheat",
    "winter_barley",
    "winter_rapeseed",
    "grain_maize_rainfed",
    "sunflower",
    "soybean",
    "sugar_beet",
    "potato",
    "vineyard",
    "grassland",
)
"""Crops of `assets_data/crop_parameters.csv` without irrigation."""

CEREALS: Final = ("soft_wheat", "durum_wheat", "winter_barley")
"""Crops whose hot days are counted: above 25 °C from flowering on their grains shrivel."""

IRRIGABLE: Final = ("grain_maize_irrigated", "soybean", "potato", "sugar_beet")
"""Those that are irrigated in France where water is at hand, and whose need is worked out."""

IRRIGATED_AREAS: Final = ("grain_maize_irrigated",)
"""Those of them whose statistics tell the area that is irrigated."""

RAINFED_TWIN: Final[Mapping[str, str]] = MappingProxyType(
    {"grain_maize_irrigated": "grain_maize_rainfed"}
)
"""The crop that shows what an irrigated one would lack on rain alone."""

DAYS_BEFORE_FLOWERING: Final = 30
"""From when on light and excess of water count as those of flowering: ears are formed."""

DAYS_AFTER_FLOWERING: Final = 15
"""Until when: grains are set."""
