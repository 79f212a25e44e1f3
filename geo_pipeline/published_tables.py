"""The tables that are made for the publication and are not in the lake: one record each.

Add such a table here: its title, the model of its rows, the tables it is made from. The SQL that
makes it is `sql/publication.sql` or a script beside it. Tables of the lake are in `tables`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from geo_pipeline.tables import OBSERVED, TABLES
from geo_pipeline.words import Words


class Derived(NamedTuple):
    """The record of a table that is made for the publication."""

    title: Words
    """Its name for readers, as a heading."""
    model: str
    """Module and class of its rows, as in `Table`."""
    made_from: tuple[str, ...] = ()
    """Tables that it is made from."""


PUBLISHED: Final[Mapping[str, Derived]] = MappingProxyType(
    {
        "indicator_values": Derived(
            Words("Valeurs des cartes", "Values of the maps"),
            "publication_schemas.IndicatorValues",
            (
                "drought_indicators",
                "area_in_class",
                "water_restrictions",
                "crop_statistics",
                "soil_outlook",
            ),
        ),
        "drought_events": Derived(
            Words("Épisodes de sécheresse", "Droughts on record"),
            "publication_schemas.DroughtEvents",
            ("drought_indicators",),
        ),
        "grid_cells": Derived(
            Words("Mailles de SIM2", "Cells of SIM2"), "cell_schemas.GridCells", ("cell_dekads",)
        ),
        "yield_anomalies": Derived(
            Words("Écarts de rendement", "Departures of yields"),
            "publication_schemas.YieldAnomalies",
            ("crop_statistics", "departement_neighbours"),
        ),
        "exposure": Derived(
            Words("Cultures exposées", "Crops at stake"),
            "stake_schemas.Exposure",
            ("crop_statistics", "drought_indicators", "water_restrictions"),
        ),
        "exposure_by_region": Derived(
            Words("Cultures exposées par région", "Crops at stake by région"),
            "stake_schemas.ExposureByRegion",
            ("crop_statistics", "drought_indicators", "water_restrictions"),
        ),
        "crop_stages": Derived(
            Words("Calendrier des cultures", "Calendar of crops"), "publication_schemas.CropStages"
        ),
    }
)
"""The tables that are made for the publication and are not in the lake."""


def observed_in(name: str) -> tuple[str, ...]:
    """Return the observed tables that a table of the lake or of the publication is made from."""
    if name in OBSERVED:
        return (name,)
    inputs = TABLES[name].made_from if name in TABLES else PUBLISHED[name].made_from
    found = {each for table in inputs for each in observed_in(table)}
    return tuple(each for each in OBSERVED if each in found)
