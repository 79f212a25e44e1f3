"""A sentence for readers on each table: what it holds.

Tables without one are told by the first line of the data dictionary, which is in English. Names of
tables are in their records (`tables`, `published_tables`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from geo_pipeline.words import NBSP, Words


def _said(fr: str, en: str) -> Words:
    """Return a sentence; `~` is a no-break space, as in the catalogue."""
    return Words(fr.replace("~", NBSP), en.replace("~", NBSP))


SAID: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "departements": _said(
            "Les 101 départements~: nom, région, surface et contour.",
            "The 101 départements: name, région, area and outline.",
        ),
        "departement_neighbours": _said(
            "Les départements qui se touchent, et la longueur de leur limite.",
            "Départements that share a border, and its length.",
        ),
        "weather_daily": _said(
            "La météo de chaque jour~: températures, pluie, rayonnement, vent, humidité, "
            "évapotranspiration de référence.",
            "The weather of each day: temperatures, rain, radiation, wind, humidity, reference "
            "evapotranspiration.",
        ),
        "crop_statistics": _said(
            "Surface, rendement et production de chaque culture, par année de récolte.",
            "Area, yield and production of each crop by year of harvest.",
        ),
        "water_restrictions": _said(
            "Le niveau de restriction d'eau de chaque jour, et la part de la surface où il vaut.",
            "The level of water restrictions on each day, and the share of the area where it "
            "is in force.",
        ),
        "groundwater": _said(
            "Les nappes, mois par mois, d'après les piézomètres~; vide sans fournisseur.",
            "Groundwater by month, from piezometers; empty without a provider.",
        ),
        "drought_indicators": _said(
            "Tous les indices par période de dix jours~: valeur, centile, classe, et leur "
            "incertitude.",
            "All indices by ten days: value, percentile, class, and how sure they are.",
        ),
        "provider_differences": _said(
            "Les écarts entre deux fournisseurs de la même météo, par mois.",
            "How far two providers of the same weather differ, by month.",
        ),
        "irrigation_need": _said(
            "L'eau qu'il faudrait apporter aux cultures irriguées depuis le début de leur saison.",
            "The water that irrigated crops would have needed since their season began.",
        ),
        "departement_risk": _said(
            "La classe de sécheresse avec ses causes, les cultures exposées et les restrictions.",
            "The class of drought with its causes, exposed crops and restrictions.",
        ),
        "yield_skill": _said(
            "La qualité mesurée des prévisions de rendement.",
            "The measured quality of yield forecasts.",
        ),
        "yield_outlook": _said(
            "Les rendements prévus avant la récolte, avec leur intervalle.",
            "Yields forecast before harvest, with their interval.",
        ),
        "outlook_skill": _said(
            "La qualité mesurée des prévisions de l'eau du sol.",
            "The measured quality of forecasts of soil water.",
        ),
        "soil_outlook": _said(
            "L'eau du sol des 90~jours à venir, là où la prévision a fait ses preuves.",
            "Soil water of the next 90 days, where such forecasts have proved good.",
        ),
        "recovery": _said(
            "La pluie qui mettrait fin à la sécheresse du sol, et sa probabilité.",
            "The rain that would end the drought of the soil, and its chance.",
        ),
        "indicator_values": _said(
            "Tout ce que les cartes montrent, sous une seule forme.",
            "Everything that maps show, in one form.",
        ),
        "drought_events": _said(
            "Chaque sécheresse connue~: début, fin, durée, gravité.",
            "Each drought on record: beginning, end, length, severity.",
        ),
        "yield_anomalies": _said(
            "Chaque récolte comparée à la moyenne des cinq précédentes.",
            "Each harvest beside the mean of the five before it.",
        ),
        "exposure": _said(
            "Les cultures sur pied, leur manque d'eau et leur risque.",
            "Standing crops, their shortage of water and their risk.",
        ),
        "exposure_by_region": _said(
            "Les mêmes, en sommes par région et pour la France.",
            "The same as sums by région and for France.",
        ),
        "crop_stages": _said(
            "Les dates habituelles des stades de chaque culture.",
            "The usual dates of the stages of each crop.",
        ),
        "area_in_class": _said(
            "La part de la surface de chaque département dans chaque classe, d'après des "
            "mailles de 8~km~; seulement avec SIM2.",
            "The share of each département's area in each class, from cells of 8 km; only with "
            "SIM2.",
        ),
        "grid_cells": _said(
            "Les mailles de 8~km de SIM2 dans chaque département~: leur centre, et leur "
            "surface dans le département~; seulement avec SIM2.",
            "The cells of 8~km of SIM2 in each département: their centre, and their area "
            "inside it; only with SIM2.",
        ),
    }
)
