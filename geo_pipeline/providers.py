"""The providers of observations: one record each.

Add a provider here: its name in settings and for `--source`, what it gives, its address and its
attribution. Its module is `sources/<name>`, with `build` (its client) and `ask` (the smallest real
question, for `doctor`); its page is `docs/sources/<name>.md`. Settings, command line, doctor,
sensors and attributions follow from the record. docs/extending.md adds one step by step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Final, NamedTuple

from geo_pipeline.words import Words

EMBEDDED: Final = "bundled"
"""The name of the data that ship with the project."""

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "source": "weather",
        "history": "weather",
        "overseas": "weather",
        "crops": "crops",
        "restrictions": "restrictions",
        "boundaries": "boundaries",
        "groundwater": "groundwater",
    }
)
"""The settings that choose a provider, each with what it gives."""


@dataclass(frozen=True)
class Attribution:
    """How a provider must be named wherever its figures are shown."""

    text: Words
    licence: Words
    url: str
    name: str = ""
    """Its short name, as shown under a chart; the provider's own name where there is no other."""


MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0


class Quota(NamedTuple):
    """Calls that a provider allows to one address in a window of time."""

    calls: float
    window_s: float


@dataclass(frozen=True)
class Provider:
    """The record of a provider."""

    name: str
    """Its name in settings and for `--source`."""
    gives: str
    """What it gives: one of the values of `KINDS`, which the record of a table `asks` for."""
    attribution: Attribution
    address: str = ""
    """The setting of its address; empty for data that ship with the project."""
    key: str = ""
    """The setting of the key that it needs; empty where it needs none."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Requests a second that it publishes as its limit, by host."""
    quotas: Mapping[str, tuple[Quota, ...]] = field(default_factory=dict)
    """Calls that it allows in an hour or a day, by host; it may count a request as several."""
    downloads: Mapping[str, int] = field(default_factory=dict)
    """Files that may be fetched from it at the same time, by host."""
    watched_every: timedelta | None = None
    """How often the sensor looks for news of it; None where it offers no cheap way to see any."""

    @property
    def module(self) -> ModuleType:
        """The module of its client."""
        return import_module(f"geo_pipeline.sources.{self.name.replace('-', '_')}")


_LICENCE_OUVERTE: Final = Words("Licence Ouverte 2.0", "Licence Ouverte 2.0")
_OPEN_LICENCE: Final = Words("Licence Ouverte 2.0", "Open Licence 2.0")
_ETALAB_LICENCE: Final = Words("Licence Ouverte 2.0 (Etalab)", "Open Licence 2.0 (Etalab)")

_AGRESTE: Final = Attribution(
    Words(
        "Agreste, Statistique agricole annuelle",
        "Agreste, annual agricultural statistics of France",
    ),
    _LICENCE_OUVERTE,
    "https://agreste.agriculture.gouv.fr",
)
_VIGIEAU: Final = Attribution(
    Words("VigiEau, ministère chargé de l’écologie", "VigiEau, French ministry for ecology"),
    _OPEN_LICENCE,
    "https://vigieau.gouv.fr",
)

_METEO_FRANCE_FILES: Final = MappingProxyType(
    {"object.files.data.gouv.fr": 3, "meteofrance.s3.sbg.io.cloud.ovh.net": 3}
)
"""Hosts of Météo-France's files, which publish no limit: three at a time, as browsers keep to."""

PROVIDERS: Final = (
    # Station and grid files come once a day at no promised hour: asking every hour is soon enough,
    # and the list is one request. Restriction orders are dated by day. Statistics change a few
    # times a year, outlines once: they are asked once a day. Open-Meteo, NASA POWER, DPClim and
    # Hub'Eau offer no news.
    Provider(
        EMBEDDED,
        "weather",
        Attribution(
            Words(
                "AgERA5, produit avec des informations du service Copernicus sur le changement "
                "climatique (CEPMMT), moyenne sur les terres cultivées du département",
                "AgERA5, generated using Copernicus Climate Change Service information (ECMWF), "
                "averaged over the cropland of each département",
            ),
            Words("licence Copernicus", "Copernicus licence"),
            "https://cds.climate.copernicus.eu/datasets/sis-agrometeorological-indicators",
            name="AgERA5",
        ),
    ),
    Provider(
        "open-meteo",
        "weather",
        Attribution(
            Words(
                "Données météorologiques d'Open-Meteo.com, d'après ERA5 "
                "(service Copernicus Changement climatique, ECMWF)",
                "Weather data by Open-Meteo.com, from ERA5 "
                "(Copernicus Climate Change Service, ECMWF)",
            ),
            Words(
                "CC BY 4.0, usage non commercial de l'interface gratuite",
                "CC BY 4.0, non-commercial use of the free interface",
            ),
            "https://open-meteo.com/",
            name="Open-Meteo",
        ),
        address="open_meteo_url",
        rates={"archive-api.open-meteo.com": 10.0},  # 600 a minute
        quotas={"archive-api.open-meteo.com": (Quota(5_000, HOUR_S), Quota(10_000, DAY_S))},
    ),
    Provider(
        "nasa-power",
        "weather",
        Attribution(
            Words(
                "NASA POWER (Langley Research Center) : MERRA-2 et CERES",
                "NASA POWER (Langley Research Center): MERRA-2 and CERES",
            ),
            Words("libre de droits, citation demandée", "free of rights, to be cited"),
            "https://power.larc.nasa.gov/",
            name="NASA POWER",
        ),
        address="nasa_power_url",
        rates={"power.larc.nasa.gov": 1.0},  # no limit is published; thirty years are few requests
    ),
    Provider(
        "meteo-france",
        "weather",
        Attribution(
            Words(
                "Météo-France, données climatologiques de base quotidiennes (meteo.data.gouv.fr)",
                "Météo-France, daily climatological data of stations (meteo.data.gouv.fr)",
            ),
            _ETALAB_LICENCE,
            "https://meteo.data.gouv.fr/",
            name="Météo-France",
        ),
        address="data_gouv_url",
        downloads=_METEO_FRANCE_FILES,
        watched_every=timedelta(hours=1),
    ),
    Provider(
        "meteo-france-api",
        "weather",
        Attribution(
            Words(
                "Météo-France, API Données climatologiques (portail-api.meteofrance.fr)",
                "Météo-France, climatological data API (portail-api.meteofrance.fr)",
            ),
            _ETALAB_LICENCE,
            "https://portail-api.meteofrance.fr/",
            name="Météo-France",
        ),
        address="meteo_france_api_url",
        key="meteo_france_api_key",
        rates={"public-api.meteofrance.fr": 0.8},  # 50 a minute
    ),
    Provider(
        "sim2",
        "weather",
        Attribution(
            Words(
                "Météo-France, SIM quotidienne (SAFRAN-ISBA, meteo.data.gouv.fr)",
                "Météo-France, daily SIM (SAFRAN-ISBA, meteo.data.gouv.fr)",
            ),
            _ETALAB_LICENCE,
            "https://meteo.data.gouv.fr/",
            name="Météo-France (SIM2)",
        ),
        address="data_gouv_url",
        downloads=_METEO_FRANCE_FILES,
        watched_every=timedelta(hours=1),
    ),
    Provider(EMBEDDED, "crops", _AGRESTE),
    Provider(
        "agreste",
        "crops",
        _AGRESTE,
        address="agreste_url",
        watched_every=timedelta(days=1),
    ),
    Provider(
        "franceagrimer",
        "crops",
        Attribution(
            Words(
                "FranceAgriMer, d'après Agreste : surfaces, rendements et productions",
                "FranceAgriMer, after Agreste: areas, yields and productions",
            ),
            _LICENCE_OUVERTE,
            "https://visionet.franceagrimer.fr",
        ),
        address="franceagrimer_url",
        watched_every=timedelta(days=1),
    ),
    Provider(EMBEDDED, "restrictions", _VIGIEAU),
    Provider(
        "vigieau",
        "restrictions",
        _VIGIEAU,
        address="vigieau_url",
        watched_every=timedelta(hours=1),
    ),
    Provider(
        "hubeau",
        "groundwater",
        Attribution(
            Words(
                "Hub’Eau, API Piézométrie : données ADES (BRGM, Eaufrance)",
                "Hub’Eau, piezometry API: ADES data (BRGM, Eaufrance)",
            ),
            _OPEN_LICENCE,
            "https://hubeau.eaufrance.fr/page/api-piezometrie",
        ),
        address="hubeau_url",
        rates={"hubeau.eaufrance.fr": 10.0},  # fair use
    ),
    Provider(
        EMBEDDED,
        "boundaries",
        Attribution(
            Words("Natural Earth 1:10m", "Natural Earth 1:10m"),
            Words("domaine public", "public domain"),
            "https://www.naturalearthdata.com",
            name="Natural Earth",
        ),
    ),
    Provider(
        "etalab",
        "boundaries",
        Attribution(
            Words(
                "Contours administratifs : Etalab, d'après IGN Admin Express",
                "Administrative boundaries: Etalab, after IGN Admin Express",
            ),
            _LICENCE_OUVERTE,
            "https://etalab-datasets.geo.data.gouv.fr/contours-administratifs",
        ),
        address="etalab_url",
        watched_every=timedelta(days=1),
    ),
)
"""All of them; those of one kind are in the order in which they are offered."""

LIVE: Final = tuple(each for each in PROVIDERS if each.name != EMBEDDED)
"""Those that are asked over the network."""


OVERSEAS: Final = "nasa-power"
"""The provider that `geo-pipeline live` takes for the overseas départements, unless told."""


def names(kind: str) -> tuple[str, ...]:
    """Return the names of the providers that give `kind`."""
    return tuple(each.name for each in PROVIDERS if each.gives == kind)


def provider(kind: str, name: str) -> Provider:
    """Return the provider `name` of `kind`; KeyError where there is none."""
    for each in PROVIDERS:
        if (each.gives, each.name) == (kind, name):
            return each
    raise KeyError(f"no provider {name} of {kind}")
