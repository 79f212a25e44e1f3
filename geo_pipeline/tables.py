"""The tables of the lake: one record each, in the order of the flow.

Add a table here: its name, the model of its rows (`schemas`), its place in the flow, its inputs and
its checks. Files, jobs, checks, sensors, the publication, Dagster's pages and the data dictionary
follow from the record. Rows are validated in `table_rows` and made in `assets`; what a check looks
for is in `automation.checks`. Tables that are only in the publication are in `published_tables`.
docs/extending.md adds a table step by step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from geo_pipeline.settings import Settings
from geo_pipeline.weather_variables import WEATHER_VARIABLES
from geo_pipeline.words import Words

if TYPE_CHECKING:
    from geo_pipeline.schemas import Exact

LAYERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1_geography": "core",
        "2_observations": "core",
        "3_drought": "mart",
        "4_publication": "published",
    }
)
"""Groups in the order of the flow, as Dagster's pages sort them, each with its layer."""


class Kept(NamedTuple):
    """Values that a table must not lose between two runs."""

    key: tuple[str, ...]
    """Columns that identify a row, besides the département."""
    variables: tuple[str, ...]
    least: int
    """Number of common rows with a value from which losing all values cannot be chance."""
    within: str | None = None
    """Column whose values are judged separately (for `date`, each year)."""


@dataclass(frozen=True)
class Table:
    """The record of a table of the lake."""

    name: str
    title: Words
    """Its name for readers, as a heading."""
    model: str
    """Module and class with columns, units and ranges of its rows; the docstring describes it."""
    group: str
    """Its place in the flow: one of `LAYERS`."""
    partitioned: bool = False
    """Whether it has a file for each département, or one for the whole of France."""
    asks: str | None = None
    """What its asset asks a provider for; None for a table made from others."""
    at_a_time: int = 1
    """Steps that may ask its provider at the same time: where one file has all départements, a
    second step would request the same file again."""
    refreshed_by: str | None = None
    """The job that requests it again, with all that depends on it."""
    setting: str | None = None
    """The setting that the table needs; None for a table that always exists."""
    weather_of: str | None = None
    """The provider that it needs among those of the weather; None for any."""
    needs_whole: Literal["day", "dekad", "year"] = "day"
    """What must be over in the weather before the rows change: they are the same on all days in
    between, and are not made again."""
    foretells: bool = False
    """Whether it is of forecasts, which the first map of a home does not wait for."""
    made_from: tuple[str, ...] = ()
    """Tables that its asset waits for: its inputs, or those whose outlines its requests use."""
    columns_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The source columns of each column, as `table.column`."""
    checks: Mapping[str, str] = field(default_factory=dict)
    """Checks of its rows beyond their ranges: names, each with what is checked."""
    checked_with: tuple[str, ...] = ()
    """Other tables that its checks read, where these are made in the same run."""
    kept: Kept | None = None
    """Values that must not disappear when a provider no longer sends them."""
    published_as: str | None = None
    """The stored table of the publication, where a view with the table's own name extends it."""
    published_in_sums: tuple[str, ...] = ()
    """The tables of the publication made from it, where its own rows are too many."""
    published_model: str | None = None
    """The model of its published rows, where that view adds columns."""

    @property
    def rows(self) -> "type[Exact]":
        """The model of its rows."""
        return model(self.model)

    @property
    def optional(self) -> bool:
        """Whether it exists only with some settings."""
        return self.setting is not None or self.weather_of is not None

    @property
    def layer(self) -> str:
        """Whether it is observed (`core`) or computed (`mart`)."""
        return LAYERS[self.group]


_CODE: Final = ("departements.departement",)
_BALANCE: Final = ("weather_daily.precip_mm", "weather_daily.et0_mm")
_CLASS: Final = "drought_indicators.drought_class"
_HARVESTS: Final = ("crop_statistics.yield_q_ha", *_BALANCE, "weather_daily.tmean_c")

_ALL: Final = (
    Table(
        "departements",
        Words("Contours", "Outlines"),
        "schemas.Departements",
        "1_geography",
        asks="boundaries",
        refreshed_by="refresh_boundaries",
    ),
    Table(
        "departement_shapes",
        Words("Formes de la carte", "Shapes of the map"),
        "schemas.DepartementShapes",
        "1_geography",
        made_from=("departements",),
        columns_from={
            "departement": _CODE,
            "name": ("departements.name",),
            "region": ("departements.region",),
            "geometry": ("departements.geometry",),
            "frame": ("departements.geometry",),
        },
    ),
    Table(
        "departement_neighbours",
        Words("Voisinages", "Neighbours"),
        "schemas.DepartementNeighbours",
        "1_geography",
        made_from=("departements",),
        columns_from={
            "departement": _CODE,
            "neighbour": _CODE,
            "shared_border_km": ("departements.geometry",),
        },
    ),
    Table(
        "weather_daily",
        Words("Météo", "Weather"),
        "schemas.WeatherDaily",
        "2_observations",
        partitioned=True,
        asks="weather",
        at_a_time=2,  # one département can be repaired while the whole of France is being fetched
        refreshed_by="refresh_weather",
        made_from=("departements",),
        checks={
            "days": "Looks for missing days, missing values and days in the future.",
            "order": "The day's mean temperature lies between its minimum and its maximum.",
            "climatology": "Compares temperature and rain with the same calendar month of the "
            "département's other years.",
            "jumps": "Looks for sudden changes of temperature, and for values that stay the same "
            "for days, as of a broken sensor.",
            "neighbours": "Compares monthly temperature and rain with the median of the "
            "neighbouring départements.",
            "other_source": "Compares the two providers of a joined history in the years that "
            "both cover.",
            "freshness": "The last day of a live provider is recent enough.",
        },
        checked_with=("departement_neighbours",),
        # Rows of another source are not compared: it may lack what the first source had.
        kept=Kept(("date", "source"), WEATHER_VARIABLES, 30, within="date"),
    ),
    Table(
        "crop_statistics",
        Words("Cultures", "Crops"),
        "schemas.CropStatistics",
        "2_observations",
        partitioned=True,
        asks="crops",
        refreshed_by="refresh_crops",
        checks={
            "area": "Crops cover no more than the département, and their areas do not leap from "
            "one year to the next.",
            "figures": "Production is area times yield, and yields are within the range of the "
            "département's other years.",
            "neighbours": "Compares yields with the median of the neighbouring départements.",
            "freshness": "Figures of a live provider were fetched recently enough.",
        },
        checked_with=("departement_neighbours",),
        kept=Kept(("year", "crop"), ("area_ha", "yield_q_ha", "production_q"), 3, within="crop"),
    ),
    Table(
        "water_restrictions",
        Words("Restrictions d'eau", "Water restrictions"),
        "schemas.WaterRestrictions",
        "2_observations",
        asks="restrictions",
        refreshed_by="refresh_restrictions",
        made_from=("departements",),
        checks={
            "levels": "Shares of the area sum to 100 % at most, and no kind of water has a "
            "stricter level than the strictest one given for the département."
        },
    ),
    Table(
        "groundwater",
        Words("Nappes", "Groundwater"),
        "schemas.Groundwater",
        "2_observations",
        partitioned=True,
        asks="groundwater",
        at_a_time=2,
        refreshed_by="refresh_weather",
        setting="groundwater",
        checks={"months": "Looks for missing months and months in the future."},
        kept=Kept(("period_end",), ("below_normal_pct", "index_median"), 12),
    ),
    Table(
        "soil_water_daily",
        Words("Eau du sol", "Soil water"),
        "schemas.SoilWaterDaily",
        "3_drought",
        partitioned=True,
        made_from=("weather_daily",),
        columns_from={
            "departement": ("weather_daily.departement",),
            "date": ("weather_daily.date",),
            "depletion_mm": _BALANCE,
            "swi": _BALANCE,
            "ks": _BALANCE,
            "eta_mm": _BALANCE,
        },
        checks={
            "balance": "Depletion does not exceed the available water, and the wetness index "
            "follows from both."
        },
        published_in_sums=("soil_water_monthly",),
    ),
    Table(
        "drought_indicators",
        Words("Indices de sécheresse", "Drought indicators"),
        "schemas.DroughtIndicators",
        "3_drought",
        partitioned=True,
        needs_whole="dekad",
        made_from=("weather_daily", "soil_water_daily"),
        columns_from={
            "departement": ("weather_daily.departement",),
            "period_end": ("weather_daily.date",),
            "value": (
                *_BALANCE,
                "weather_daily.tmean_c",
                "weather_daily.tmax_c",
                "weather_daily.tmin_c",
                "soil_water_daily.swi",
                "soil_water_daily.eta_mm",
            ),
        },
        checks={
            "dekads": "Looks for missing dekads, and for indicators without a value in the last "
            "dekad although the weather is complete."
        },
    ),
    Table(
        "cell_dekads",
        Words("Mailles", "Cells"),
        "cell_schemas.CellDekads",
        "3_drought",
        partitioned=True,
        weather_of="sim2",
        needs_whole="dekad",
        made_from=("weather_daily",),
        published_in_sums=("grid_cells",),
    ),
    Table(
        "area_in_class",
        Words("Surface par classe", "Area in each class"),
        "cell_schemas.AreaInClass",
        "3_drought",
        partitioned=True,
        weather_of="sim2",
        made_from=("cell_dekads",),
        columns_from={
            "departement": ("cell_dekads.departement",),
            "unknown_pct": ("cell_dekads.area_km2",),
            "cell_classes": ("cell_dekads.rain_mm", "cell_dekads.etp_mm", "cell_dekads.swi"),
        },
    ),
    Table(
        "provider_differences",
        Words("Écarts entre fournisseurs", "Differences of providers"),
        "schemas.ProviderDifferences",
        "3_drought",
        # Made from the weather, which comes by the indicators: one publication follows both.
        made_from=("drought_indicators",),
        columns_from={
            "departement": ("weather_daily.departement",),
            "provider": ("weather_daily.source",),
            "adjusted": ("weather_daily.source",),
        },
    ),
    Table(
        "irrigation_need",
        Words("Besoin d'irrigation", "Irrigation need"),
        "stake_schemas.IrrigationNeed",
        "3_drought",
        partitioned=True,
        needs_whole="dekad",
        made_from=("weather_daily", "crop_statistics"),
        columns_from={
            "departement": ("weather_daily.departement",),
            "period_end": ("weather_daily.date",),
            "season_mm": _BALANCE,
            "usual_season_mm": _BALANCE,
            "next_30_days_p10_mm": _BALANCE,
            "next_30_days_p50_mm": _BALANCE,
            "next_30_days_p90_mm": _BALANCE,
            "area_ha": ("crop_statistics.area_ha",),
            "area_year": ("crop_statistics.year",),
            "season_m3": (*_BALANCE, "crop_statistics.area_ha"),
        },
    ),
    Table(
        "departement_risk",
        Words("Risque", "Risk"),
        "schemas.DepartementRisk",
        "3_drought",
        made_from=(
            "departements",
            "departement_neighbours",
            "drought_indicators",
            "crop_statistics",
            "water_restrictions",
        ),
        columns_from={
            "departement": _CODE,
            "period_end": ("drought_indicators.period_end",),
            "score": ("drought_indicators.value",),
            "drought_class": (_CLASS,),
            "drivers": (_CLASS, "drought_indicators.indicator"),
            "neighbours_in_drought_pct": (_CLASS, "departement_neighbours.neighbour"),
            "crop_area_ha": ("crop_statistics.area_ha",),
            "crop_area_crops": ("crop_statistics.crop",),
            "crop_area_first_year": ("crop_statistics.year",),
            "crop_area_last_year": ("crop_statistics.year",),
            "exposed_crop_area_ha": ("crop_statistics.area_ha", _CLASS),
            "restriction_level": ("water_restrictions.level_max",),
        },
        # Shapes are joined when it is read: stored in it they would be repeated for each dekad.
        published_as="departement_risk_values",
    ),
    Table(
        "yield_skill",
        Words("Qualité des prévisions de rendement", "Skill of yield forecasts"),
        "outlook_schemas.YieldSkill",
        "3_drought",
        foretells=True,
        # The weather comes by the indicators: one publication follows both.
        made_from=("drought_indicators", "crop_statistics"),
        columns_from={
            "crop": ("crop_statistics.crop",),
            "skill": _HARVESTS,
            "verdict": _HARVESTS,
        },
    ),
    Table(
        "yield_outlook",
        Words("Rendements à venir", "Yields to come"),
        "outlook_schemas.YieldOutlook",
        "3_drought",
        foretells=True,
        made_from=("drought_indicators", "crop_statistics", "yield_skill"),
        columns_from={
            "departement": ("crop_statistics.departement",),
            "baseline_q_ha": ("crop_statistics.yield_q_ha",),
            "model_q_ha": _HARVESTS,
            "published": ("yield_skill.verdict",),
            "why": ("yield_skill.verdict",),
            "in_hindsight": ("crop_statistics.year",),
        },
    ),
    Table(
        "outlook_hindcast",
        Words("Prévisions passées du sol", "Past forecasts of soils"),
        "outlook_schemas.OutlookHindcast",
        "3_drought",
        foretells=True,
        partitioned=True,
        needs_whole="year",
        made_from=("weather_daily",),
        columns_from={
            "departement": ("weather_daily.departement",),
            "observed": _BALANCE,
            "p50": _BALANCE,
            "crps": _BALANCE,
        },
        published_in_sums=("outlook_local_skill", "soil_outlook_past"),
    ),
    Table(
        "outlook_skill",
        Words("Qualité des prévisions du sol", "Skill of forecasts of soils"),
        "outlook_schemas.OutlookSkill",
        "3_drought",
        foretells=True,
        made_from=("outlook_hindcast",),
        columns_from={
            "crpss_climatology": ("outlook_hindcast.crps", "outlook_hindcast.crps_climatology"),
            "crpss_persistence": ("outlook_hindcast.crps", "outlook_hindcast.crps_persistence"),
            "rpss": ("outlook_hindcast.rps", "outlook_hindcast.rps_climatology"),
        },
    ),
    Table(
        "soil_outlook",
        Words("Eau du sol à venir", "Soil water to come"),
        "outlook_schemas.SoilOutlook",
        "3_drought",
        foretells=True,
        partitioned=True,
        needs_whole="dekad",
        made_from=("weather_daily",),
        columns_from={
            "departement": ("weather_daily.departement",),
            "p50": _BALANCE,
            "d1_pct": _BALANCE,
        },
        checks={
            "quantiles": "Quantiles rise, and a drought class is no likelier than the milder "
            "one that includes it."
        },
        # Whether readers see a forecast follows from `outlook_skill`, joined on reading.
        published_as="soil_outlook_values",
        published_model="outlook_schemas.PublishedSoilOutlook",
    ),
    Table(
        "recovery",
        Words("Pluie avant la fin de la sécheresse", "Rain until recovery"),
        "outlook_schemas.Recovery",
        "3_drought",
        foretells=True,
        partitioned=True,
        needs_whole="dekad",
        made_from=("weather_daily",),
        columns_from={
            "departement": ("weather_daily.departement",),
            "rain_needed_mm": _BALANCE,
            "chance_pct": _BALANCE,
        },
    ),
)

TABLES: Final[Mapping[str, Table]] = MappingProxyType({each.name: each for each in _ALL})
"""The tables of the lake by name, in the order of the flow."""

PARTITIONED: Final = tuple(each.name for each in _ALL if each.partitioned)
"""Tables with a file for each département."""

OBSERVED: Final = tuple(each.name for each in _ALL if each.asks is not None)
"""Tables that come from a provider."""

DERIVED: Final = tuple(each.name for each in _ALL if each.partitioned and each.asks is None)
"""Tables made, for each département, from its other tables."""

SUMMED: Final = tuple(
    each.name
    for each in _ALL
    if not each.partitioned and any(name in PARTITIONED for name in each.made_from)
)
"""Those of the whole of France that are made from all départements."""


def model(name: str) -> "type[Exact]":
    """Return the model with this name, loading it at the first use.

    Commands that only look at the lake do not need the models, and pandera and geopandas are slow
    to import.
    """
    module, _, of = name.partition(".")
    loaded: type[Exact] = getattr(import_module(f"geo_pipeline.{module}"), of)
    return loaded


def models_digest() -> str:
    """Return a hash of the modules with the models, which changes whenever one of these does."""
    modules = sorted({each.model.partition(".")[0] for each in TABLES.values()})
    texts = [Path(__file__).with_name(f"{module}.py").read_bytes() for module in modules]
    return sha256(b"".join(texts)).hexdigest()


def chosen(settings: Settings) -> list[Table]:
    """Return the tables that exist with these `settings`."""
    return [
        each
        for each in TABLES.values()
        if (each.setting is None or getattr(settings, each.setting) is not None)
        and (each.weather_of in (None, settings.source, settings.history))
    ]
