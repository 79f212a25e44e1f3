"""The record of a published indicator, with its groups and units.

The indicators themselves are in `indicators`, their colours and classes in `styles`. A record names
the function that computes it instead of importing it, so that the app, which reads the records,
need not load the science.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from geo_pipeline.catalogue.styles import DROUGHT_CLASSES, ClassStyle
from geo_pipeline.words import Words

Kind = Literal["class", "stage", "amount", "anomaly", "restriction"]
Group = Literal[
    "drought",
    "rain",
    "balance",
    "soil",
    "outlook",
    "season",
    "crops",
    "yields",
    "days",
    "restrictions",
]
Step = Literal["day", "dekad", "year"]
OverSeason = Literal["mean", "sum", "end", "value"]

GROUPS: Final[Mapping[Group, Words]] = MappingProxyType(
    {
        "drought": Words("Sécheresse", "Drought"),
        "rain": Words("Pluie", "Rain"),
        "balance": Words("Pluie moins évaporation", "Rain less evaporation"),
        "soil": Words("Sol", "Soil"),
        "outlook": Words("Ce qui peut venir", "What may come"),
        "season": Words("Depuis le 1er septembre", "Since 1 September"),
        "crops": Words("Cultures", "Crops"),
        "yields": Words("Rendements", "Yields"),
        "days": Words("Jours secs, chauds, froids", "Dry, hot and cold days"),
        "restrictions": Words("Restrictions d'eau", "Water restrictions"),
    }
)

MM: Final = Words("mm", "mm")
PERCENT: Final = Words("%", "%")
SPREADS: Final = Words("σ", "σ")
DAYS: Final = Words("jours", "days")
DEKADS: Final = Words("décades", "dekads")
DEGREE_DAYS: Final = Words("degrés-jours", "degree days")
MJ_M2_DAY: Final = Words("MJ/m² par jour", "MJ/m² a day")
NO_UNIT: Final = Words("", "")
VALUE: Final = Words("valeur", "value")
AS_IT_IS: Final = Words("{}", "{}")
AS_NORMAL: Final = Words("comme la normale", "as normal")
BELOW_NORMAL: Final = (
    Words("est au-dessous de la normale", "is below normal"),
    Words("sont au-dessous de la normale", "are below normal"),
)


@dataclass(frozen=True, slots=True)
class Computation:
    """The function of `transforms` that computes an indicator, with its own arguments."""

    function: str
    """Module and name within `geo_pipeline.transforms`, such as `rain.spi`."""
    given: Mapping[str, int | str]
    """Keyword arguments in addition to the `Basis`, which all functions take."""


def computed_by(function: str, **given: int | str) -> Computation:
    """Return the computation by `function`: `computed_by("rain.spi", months=3)`."""
    return Computation(function, MappingProxyType(given))


@dataclass(frozen=True, slots=True)
class Indicator:
    """The meaning of a value of a table's `indicator` column, and the function that computes it."""

    key: str
    group: Group
    name: Words
    short_name: Words
    explanation: Words
    computation: Computation | None = None
    """None for values from other tables: harvests and restrictions."""
    crop: str = ""
    """The crop it refers to, empty for none."""
    unit: Words = NO_UNIT
    kind: Kind = "class"
    styles: tuple[ClassStyle, ...] = DROUGHT_CLASSES
    decimals: int = 0
    months: int | None = None
    value_name: Words = VALUE
    subject: Words | None = None
    """What is drier or wetter, at the beginning of a sentence; None where it is the rain itself."""
    phrase: Words = AS_IT_IS
    """Phrase for an amount; for a departure, its size without a sign."""
    surplus: Words = AS_IT_IS
    """Phrase for a departure above the normal, where `phrase` is for one below it."""
    same: Words = AS_NORMAL
    """Phrase for no departure."""
    below: tuple[Words, Words] = BELOW_NORMAL
    """Phrases for one département, and for several, whose departure is below `below_from`."""
    below_from: float = 0.0
    step: Step = "dekad"
    """Kind of its periods; the last dekad of a month stands for the month."""
    asset: str = "weather_daily"
    """The observations behind it, whose providers are named with it."""
    over_season: OverSeason = "mean"
    """How a season's value comes from its dekads: their mean, the sum of its months, the count at
    its end, or the one value of the year."""
    dry_is_high: bool = False
    """True when large values are dry."""
    of_area: bool = False
    """True when the value is a share of the département's area; `short_name` says which."""
    neutral: bool = False
    """True when large values are neither dry nor wet, such as warmth."""
    scored: bool = False
    """True when readers see 100 minus the percentile instead of the value: 100 is the driest."""
    ahead: bool = False
    """True when its periods are dekads to come."""
    symbol: str = ""
    """What specialists call it, such as SPI-3; lists name it beside the words."""
    family: Words | None = None
    """What it has in common with its near-twins; lists show them as one entry with a choice."""
    variant: Words = NO_UNIT
    """How it differs from the others of its family: its months, its crop, its kind of water."""
    standardised: bool = False
    """True when the value is an index whose usual value is 0; else its class has another value."""

    @property
    def by_class(self) -> bool:
        """True when the row's class decides the colour, false when its value does."""
        return self.kind in ("class", "stage", "restriction")
