"""Clients of the providers that the settings choose, each built on first use."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cached_property
from typing import Any, Final, Protocol

import geopandas as gpd
import pandas as pd

from geo_pipeline.errors import UsageError
from geo_pipeline.provenance import Provenance
from geo_pipeline.providers import EMBEDDED, KINDS, PROVIDERS, Attribution, names, provider
from geo_pipeline.settings import Settings
from geo_pipeline.sources import (
    agreste,
    bundled,
    etalab,
    franceagrimer,
    hubeau,
    meteo_france,
    vigieau,
)
from geo_pipeline.sources.http import Http, OnBytes, unheard
from geo_pipeline.sources.observed import FIRST_LIVE_DAY, Observed, WeatherSource
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.spatial.grid import GridMeans
from geo_pipeline.spatial.sampling import mean_latitudes, sampling_points
from geo_pipeline.spatial.voronoi import VoronoiCells
from geo_pipeline.storage.inbox_files import Provided, ProvidedFiles
from geo_pipeline.tables import TABLES
from geo_pipeline.territory import BY_CODE
from geo_pipeline.transforms.stations import StationMeans
from geo_pipeline.words import Words, message

PROVIDED: Final = Attribution(
    Words(
        "Contours fournis par l'exploitant de ce site",
        "Outlines provided by the operator of this site",
    ),
    Words("voir l'exploitant", "ask the operator"),
    "",
    name="contours fournis",
)
"""For outlines that came through the inbox: the file does not say whose they are."""


OVERLAP_YEARS: Final = 2
"""Calendar years over which two histories are compared, up to the last of the older one."""


def attributions() -> pd.DataFrame:
    """Return the attribution of each provider: asset, source, name, texts, licences, url."""
    asset = {table.asks: table.name for table in TABLES.values() if table.asks is not None}
    named = [(asset[each.gives], each.name, each.attribution) for each in PROVIDERS]
    named.append((asset["boundaries"], ProvidedOutlines.name, PROVIDED))
    return pd.DataFrame(
        {
            "asset": table,
            "source": name,
            "text_fr": of.text.fr,
            "text_en": of.text.en,
            "licence_fr": of.licence.fr,
            "licence_en": of.licence.en,
            "url": of.url,
            "name": of.name or name,
        }
        for table, name, of in named
    )


def check_settings(settings: Settings) -> None:
    """Raise UsageError where a setting names an unknown provider."""
    for setting, kind in KINDS.items():
        value = getattr(settings, setting)
        may_be_none = Settings.model_fields[setting].default is None
        if value not in names(kind) and not (value is None and may_be_none):
            raise UsageError(
                message(
                    "providers.unknown", setting=setting, value=str(value), known=list(names(kind))
                )
            )


class Crops(Protocol):
    """A provider of crops by département."""

    name: str

    @property
    def provenance(self) -> Provenance:
        """The origin of its figures."""
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
        """The origin of its figures: the name of the file and when it was taken."""
        return self._provided.provenance(self.name, super().provenance.sha256)


class ProvidedOutlines(etalab.Etalab):
    """The outlines that came through the inbox."""

    name = "provided"

    def __init__(self, http: Http, provided: Provided) -> None:
        super().__init__(http, provided.url)
        self._provided = provided

    def boundaries(self) -> tuple[gpd.GeoDataFrame, Provenance]:
        """Return code, name and geometry (lon/lat), and the origin with the name of the file."""
        self._provided.check()
        frame, received = super().boundaries()
        return frame, self._provided.provenance(self.name, received.sha256)


class ProvidedStations(meteo_france.MeteoFrance):
    """A station file from the inbox, with the file of other parameters of the same period."""

    def __init__(self, http: Http, average: StationMeans, provided: tuple[Provided, ...]) -> None:
        super().__init__(http, average, files=[_station_file(each) for each in provided])
        self._provided, self._every = provided[0], provided

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days in the file, and the origin with the name of the file."""
        for each in self._every:
            each.check()
        observed = super().weather(departement, since, until)
        sha256 = observed.provenance.sha256
        return observed._replace(provenance=self._provided.provenance(self.name, sha256))

    def touches(self, since: date, until: date) -> bool:
        """Return whether the file has days from `since` to `until`."""
        first, last = self._provided.about.first_day, self._provided.about.last_day
        return (first or date.min) <= until and since <= (last or date.max)


def _station_file(provided: Provided) -> meteo_france.StationFile:
    _, departement, _, group = provided.about.place.split("/")
    first, last = provided.about.first_day or date.min, provided.about.last_day or date.max
    return meteo_france.StationFile(departement, first.year, last.year, group, provided.url)


def _together(one: Provided, other: Provided) -> bool:
    """Return whether two station files are the two groups of parameters of one period."""
    return one.path.parent.parent == other.path.parent.parent


class Providers:
    """The providers that `settings` choose, and the data that ship with the project (`embedded`).

    A file that came through the inbox replaces the chosen provider: docs/inbox.md. `outlines`
    returns the départements (lon/lat).
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
        """The client for all HTTP requests, shared by all providers."""
        return self.client()

    def client(self, on_bytes: OnBytes = unheard) -> Http:
        """Return a client for HTTP requests that tells `on_bytes` of each piece of a download."""
        settings = self.settings
        return Http(
            RawStore(settings.raw, settings.shared_raw),
            offline=settings.offline,
            rates=settings.rates,
            quotas=settings.quotas,
            mirrors=settings.mirrors,
            read_timeout_s=settings.read_timeout_s,
            attempts=settings.attempts,
            patience_s=settings.patience_s,
            contact=settings.contact,
            limits=settings.reading_limits,
            most_left_out=settings.most_left_out,
            on_bytes=on_bytes,
        )

    @cached_property
    def weather(self) -> list[WeatherSource]:
        """The provider of weather, then that of the history before it."""
        chosen = [self.settings.source]
        if self.settings.history not in (None, *chosen):
            chosen.append(str(self.settings.history))
        return [self._built("weather", name) for name in chosen]

    @cached_property
    def overseas(self) -> WeatherSource | None:
        """The provider of weather overseas, None where it is that of all départements."""
        source: WeatherSource | None = self._built("weather", self.settings.overseas)
        return source

    def weather_of(self, departement: str) -> list[WeatherSource]:
        """Return the providers of a département's weather, the most trusted first."""
        if BY_CODE[departement].overseas and self.overseas is not None:
            return [self.overseas]
        return self.weather

    def first_days(self, until: date) -> list[date]:
        """Return the first day to ask each provider of `weather` for.

        Where a history covers the days before, the first provider is asked only for the overlap, or
        from `source_since` on, unless `since` asks for more: providers limit how much they may be
        asked.
        """
        settings = self.settings
        first = settings.since or FIRST_LIVE_DAY
        if len(self.weather) == 1:
            return [first]
        if settings.source_since is not None:
            return [max(first, settings.source_since), first]
        if settings.since is not None:
            return [first, first]
        seam = until
        if settings.history == EMBEDDED:
            seam = min(until, self._embedded.period(None, None)[1].date())
        return [max(first, date(seam.year - OVERLAP_YEARS + 1, 1, 1)), first]

    @cached_property
    def points(self) -> pd.DataFrame:
        """Points in each département: departement, latitude, longitude."""
        return sampling_points(self._outlines(), self.settings.open_meteo_spacing_km)

    @cached_property
    def places(self) -> pd.DataFrame:
        """Latitude of each département, for the position of the sun: departement, latitude_deg."""
        return mean_latitudes(self.points)

    @property
    def embedded(self) -> bundled.Bundled:
        """The data that ship with the project."""
        return self._embedded

    @cached_property
    def station_means(self) -> StationMeans:
        """Computes the mean of a département from its stations."""
        return StationMeans(VoronoiCells(self._outlines()))

    @cached_property
    def grid_means(self) -> GridMeans:
        """Computes the means of départements from grid files, each read once."""
        return GridMeans(self._outlines(), self.settings.raw / "sim2-means")

    def release(self) -> None:
        """Forget what is in memory for several départements, once all of them were asked for."""
        if "grid_means" in vars(self):
            self.grid_means.release()

    def _built(self, kind: str, name: str | None) -> Any:
        """Return the client of a provider; None where the embedded data are chosen."""
        if name is None or (name == EMBEDDED and kind != "weather"):
            return None
        return provider(kind, name).module.build(self)

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
                self.station_means,
                (file, *(each for each in files if each is not file and _together(each, file))),
            )
            for file in base
        )
        return [source for source in found if source.touches(since, until)]

    def crops_of(self, codes: Iterable[str]) -> dict[str, Crops | None]:
        """Return the provider of crops for each of `codes`, None for the embedded figures."""
        files = list(self.provided.all("crops"))
        provided = ProvidedCrops(self.http, files[0]) if files else None
        has = files[0].about.departements if files else ()
        return {code: provided if code in has else self.crops for code in codes}

    @cached_property
    def crops(self) -> agreste.Agreste | franceagrimer.FranceAgriMer | None:
        """The provider of crops, None for the embedded figures."""
        crops: agreste.Agreste | franceagrimer.FranceAgriMer | None
        crops = self._built("crops", self.settings.crops)
        return crops

    @cached_property
    def restrictions(self) -> vigieau.Vigieau | None:
        """The provider of water restrictions, None for the embedded day."""
        restrictions: vigieau.Vigieau | None
        restrictions = self._built("restrictions", self.settings.restrictions)
        return restrictions

    @property
    def boundaries(self) -> etalab.Etalab | None:
        """Provided outlines, else the chosen provider, None for the embedded outlines."""
        for provided in self.provided.all("boundaries"):
            return ProvidedOutlines(self.http, provided)
        return self.chosen_boundaries

    @cached_property
    def chosen_boundaries(self) -> etalab.Etalab | None:
        """The provider of outlines that the settings choose, None for the embedded ones."""
        outlines: etalab.Etalab | None = self._built("boundaries", self.settings.boundaries)
        return outlines

    @cached_property
    def groundwater(self) -> hubeau.Hubeau | None:
        """The provider of groundwater levels, if any."""
        levels: hubeau.Hubeau | None = self._built("groundwater", self.settings.groundwater)
        return levels
