"""Which provider gives what, as the settings say: each built on first use, with what it needs."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date
from functools import cached_property
from typing import Protocol

import geopandas as gpd
import pandas as pd

from geo_pipeline.errors import UsageError
from geo_pipeline.schemas import Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.sources import (
    agreste,
    bundled,
    etalab,
    franceagrimer,
    hubeau,
    meteo_france,
    meteo_france_api,
    open_meteo,
    sim2,
    vigieau,
)
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.observed import Attribution, Observed, WeatherSource
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.spatial.grid import GridMeans
from geo_pipeline.spatial.sampling import mean_latitudes, sampling_points
from geo_pipeline.spatial.voronoi import VoronoiCells
from geo_pipeline.storage.inbox_files import Provided, ProvidedFiles
from geo_pipeline.transforms.stations import StationMeans

SHORT_NAMES = {
    "open-meteo": "Open-Meteo",
    "meteo-france": "Météo-France",
    "meteo-france-api": "Météo-France",
    "sim2": "Météo-France (SIM2)",
}

OUTLINES = Attribution(
    source="provided",
    text_fr="Contours fournis par l'exploitant de ce site",
    text_en="Outlines provided by the operator of this site",
    licence_fr="voir l'exploitant",
    licence_en="ask the operator",
    url="",
    name="contours fournis",
)
"""A file of outlines does not tell whose they are."""


def attributions() -> pd.DataFrame:
    """Return how each provider is to be named: asset, source, name, texts, licences, url."""
    by_asset = {
        "weather_daily": (bundled, open_meteo, meteo_france, meteo_france_api, sim2),
        "crop_statistics": (agreste, franceagrimer),
        "water_restrictions": (vigieau,),
        "departements": (etalab,),
        "groundwater": (hubeau,),
    }
    rows = [
        {"asset": asset, **asdict(module.ATTRIBUTION)}
        for asset, modules in by_asset.items()
        for module in modules
    ]
    rows.append({"asset": "departements", **asdict(OUTLINES)})
    # What ships with the project was made from these.
    embedded = {
        "crop_statistics": agreste.ATTRIBUTION,
        "water_restrictions": vigieau.ATTRIBUTION,
        "departements": bundled.OUTLINES,
    }
    rows += [{"asset": asset, **asdict(of), "source": "bundled"} for asset, of in embedded.items()]
    frame = pd.DataFrame(rows)
    named = frame["name"].where(frame["name"] != "", frame["source"].map(SHORT_NAMES))
    return frame.assign(name=named.fillna(frame["source"]))


WEATHER = ("bundled", "open-meteo", "meteo-france", "meteo-france-api", "sim2")
CROPS = ("bundled", "agreste", "franceagrimer")
RESTRICTIONS = ("bundled", "vigieau")
BOUNDARIES = ("bundled", "etalab")
GROUNDWATER = ("hubeau",)


def check_settings(settings: Settings) -> None:
    """Raise UsageError where a setting names a provider that there is not."""
    for name, value, known in (
        ("source", settings.source, WEATHER),
        ("history", settings.history, (None, *WEATHER)),
        ("crops", settings.crops, CROPS),
        ("restrictions", settings.restrictions, RESTRICTIONS),
        ("boundaries", settings.boundaries, BOUNDARIES),
        ("groundwater", settings.groundwater, (None, *GROUNDWATER)),
    ):
        if value not in known:
            choices = ", ".join(each for each in known if each is not None)
            raise UsageError(f"unknown {name} '{value}': choose one of {choices}")


class Crops(Protocol):
    """A provider of crops by département."""

    name: str

    @property
    def provenance(self) -> Provenance:
        """Where its figures are from."""
        ...

    def crop_statistics(self, departement: str) -> pd.DataFrame:
        """Return all crops and years of one département."""
        ...


class ProvidedCrops(agreste.Agreste):
    """The workbook that came through the inbox."""

    setting = "the inbox"

    def __init__(self, http: Http, provided: Provided) -> None:
        super().__init__(http, provided.url)
        self._provided = provided

    def crop_statistics(self, departement: str) -> pd.DataFrame:
        """Return all crops and years of one département."""
        self._provided.check()
        return super().crop_statistics(departement)

    @property
    def provenance(self) -> Provenance:
        """Where its figures are from: the file by its name, when it was taken."""
        return self._provided.provenance(self.name, super().provenance.sha256)


class ProvidedOutlines(etalab.Etalab):
    """The outlines that came through the inbox."""

    name = OUTLINES.source

    def __init__(self, http: Http, provided: Provided) -> None:
        super().__init__(http, provided.url)
        self._provided = provided

    def boundaries(self) -> tuple[gpd.GeoDataFrame, Provenance]:
        """Return code, name and geometry (lon/lat), and the file by its name."""
        self._provided.check()
        frame, received = super().boundaries()
        return frame, self._provided.provenance(self.name, received.sha256)


class ProvidedStations(meteo_france.MeteoFrance):
    """A station file that came through the inbox, with that of other parameters of its period."""

    def __init__(self, http: Http, average: StationMeans, provided: tuple[Provided, ...]) -> None:
        super().__init__(http, average, files=[_station_file(each) for each in provided])
        self._provided, self._every = provided[0], provided

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days that the file has, and the file by its name."""
        for each in self._every:
            each.check()
        observed = super().weather(departement, since, until)
        sha256 = observed.provenance.sha256
        return observed._replace(provenance=self._provided.provenance(self.name, sha256))

    def touches(self, since: date, until: date) -> bool:
        """Say whether the file has days from `since` to `until`."""
        first, last = self._provided.about.first_day, self._provided.about.last_day
        return (first or date.min) <= until and since <= (last or date.max)


def _station_file(provided: Provided) -> meteo_france.StationFile:
    _, departement, _, group = provided.about.place.split("/")
    first, last = provided.about.first_day or date.min, provided.about.last_day or date.max
    return meteo_france.StationFile(departement, first.year, last.year, group, provided.url)


def _together(one: Provided, other: Provided) -> bool:
    """Say whether two station files are the groups of one period."""
    return one.path.parent.parent == other.path.parent.parent


class Providers:
    """The providers that `settings` choose, beside what ships with the project (`embedded`).

    A file that came through the inbox takes the place of the provider chosen: docs/inbox.md.
    `outlines` gives the départements (lon/lat).
    """

    def __init__(
        self,
        settings: Settings,
        embedded: bundled.Bundled,
        outlines: Callable[[], gpd.GeoDataFrame],
    ) -> None:
        check_settings(settings)
        self.settings = settings
        self._embedded = embedded
        self._outlines = outlines

    @cached_property
    def http(self) -> Http:
        """The one door to the network, shared by all."""
        settings = self.settings
        return Http(
            RawStore(settings.raw),
            offline=settings.offline,
            rates=settings.rates,
            mirrors=settings.mirrors,
            read_timeout_s=settings.read_timeout_s,
            attempts=settings.attempts,
            patience_s=settings.patience_s,
            contact=settings.contact,
            limits=settings.reading_limits,
            most_left_out=settings.most_left_out,
        )

    @cached_property
    def weather(self) -> list[WeatherSource]:
        """The provider of weather, then that of the history before it."""
        names = [self.settings.source]
        if self.settings.history not in (None, *names):
            names.append(str(self.settings.history))
        return [self._weather(name) for name in names]

    @cached_property
    def points(self) -> pd.DataFrame:
        """Points in each département: departement, latitude, longitude."""
        return sampling_points(self._outlines(), self.settings.open_meteo_spacing_km)

    @cached_property
    def places(self) -> pd.DataFrame:
        """Latitude of each département, for the sun: departement, latitude_deg."""
        return mean_latitudes(self.points)

    def _weather(self, name: str) -> WeatherSource:
        settings, http = self.settings, self.http
        if name == "open-meteo":
            return open_meteo.OpenMeteo(
                http,
                self.points,
                url=settings.address("open_meteo_url"),
                model=settings.open_meteo_model,
                provisional_days=settings.provisional_days,
            )
        if name == "meteo-france":
            return meteo_france.MeteoFrance(
                http,
                self._station_means,
                url=settings.data_gouv_url,
                files_url=settings.meteo_france_url,
            )
        if name == "meteo-france-api":
            return meteo_france_api.MeteoFranceApi(
                http,
                self._station_means,
                settings.meteo_france_api_key,
                url=settings.address("meteo_france_api_url"),
            )
        if name == "sim2":
            return sim2.Sim2(
                http,
                GridMeans(self._outlines(), settings.raw / "sim2-means"),
                url=settings.data_gouv_url,
                files_url=settings.sim2_url,
            )
        return self._embedded

    @cached_property
    def _station_means(self) -> StationMeans:
        return StationMeans(VoronoiCells(self._outlines()))

    @property
    def provided(self) -> ProvidedFiles:
        """The files that came through the inbox, as they are now."""
        return ProvidedFiles(self.settings.provided)

    def stations(self, departement: str, since: date, until: date) -> list[ProvidedStations]:
        """Return the provided station files with days in this period, the last taken first."""
        files = [
            each for each in self.provided.all("stations") if departement in each.about.departements
        ]
        base = [each for each in files if each.path.parent.name == meteo_france.BASE_GROUP]
        found = (
            ProvidedStations(
                self.http,
                self._station_means,
                (file, *(each for each in files if each is not file and _together(each, file))),
            )
            for file in base
        )
        return [source for source in found if source.touches(since, until)]

    def crops_of(self, codes: Iterable[str]) -> dict[str, Crops | None]:
        """Return who to ask for the crops of each of `codes`, None for the embedded figures."""
        files = list(self.provided.all("crops"))
        provided = ProvidedCrops(self.http, files[0]) if files else None
        has = files[0].about.departements if files else ()
        return {code: provided if code in has else self.crops for code in codes}

    @cached_property
    def crops(self) -> agreste.Agreste | franceagrimer.FranceAgriMer | None:
        """The provider of crops, None for the embedded figures."""
        if self.settings.crops == "agreste":
            return agreste.Agreste(self.http, self.settings.agreste_url)
        if self.settings.crops == "franceagrimer":
            return franceagrimer.FranceAgriMer(self.http, self.settings.franceagrimer_url)
        return None

    @cached_property
    def restrictions(self) -> vigieau.Vigieau | None:
        """The provider of water restrictions, None for the embedded day."""
        if self.settings.restrictions == "bundled":
            return None
        settings = self.settings
        return vigieau.Vigieau(
            self.http,
            settings.vigieau_url,
            dataset_url=settings.vigieau_dataset_url,
        )

    @property
    def boundaries(self) -> etalab.Etalab | None:
        """Outlines that were provided, else the provider chosen, None for the embedded ones."""
        for provided in self.provided.all("boundaries"):
            return ProvidedOutlines(self.http, provided)
        return self.chosen_boundaries

    @cached_property
    def chosen_boundaries(self) -> etalab.Etalab | None:
        """The provider of outlines that the settings choose, None for the embedded ones."""
        if self.settings.boundaries == "bundled":
            return None
        settings = self.settings
        return etalab.Etalab(
            self.http, settings.address("etalab_url"), settings.etalab_resolution_m
        )

    @cached_property
    def groundwater(self) -> hubeau.Hubeau | None:
        """The provider of groundwater levels, if any."""
        if self.settings.groundwater is None:
            return None
        return hubeau.Hubeau(self.http, self.settings.address("hubeau_url"))
