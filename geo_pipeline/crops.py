"""The crops that are followed, by what is computed of them. Their parameters are in `assets_data`.

`crop_parameters.csv` says the same in its columns, and a test holds both together; what crops are
called is in `catalogue.indicators`.
"""

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
"""Crops of `assets_data/crop_parameters.csv` that live on rain."""

WITH_YIELD_RESPONSE: Final = (
    "soft_wheat",
    "durum_wheat",
    "grain_maize_rainfed",
    "sunflower",
    "soybean",
    "sugar_beet",
    "potato",
    "vineyard",
)
"""Those of them with a published yield response factor."""

CEREALS: Final = ("soft_wheat", "durum_wheat", "winter_barley")
"""Those whose hot days are counted: above 25 °C, from flowering on, their grains shrivel."""
