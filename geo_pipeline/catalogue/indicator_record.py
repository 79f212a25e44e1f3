"""The record of a published indicator, with its groups and units.

The indicators themselves are in `indicators`, their colours and classes in `styles`. A record names
the function that computes it instead of importing it, so that the app, which reads the records,
starts without the science.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from geo_pipeline.catalogue.styles import DROUGHT_CLASSES, ClassStyle
from geo_pipeline.words import Words

Kind = Literal["class", "stage", "amount", "anomaly", "restriction"]
Group = Literal[
    "drought", "rain", "balance", "soil", "season", "crops", "yields", "days", "restrictions"
]
Step = Literal["day", "dekad", "year"]
OverSeason = Literal["mean", "sum", "end", "value"]

GROUPS: Final[Mapping[Group, Words]] = MappingProxyType(
    {
        "drought": Words("Sécheresse", "Drought"),
        "rain": Words("Pluie", "Rain"),
        "balance": Words("Pluie moins évaporation", "Rain less evaporation"),
        "soil": Words("Sol", "Soil"),
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
    """Which function of `transforms` computes an indicator, and what it is given of its own."""

    function: str
    """Module and name within `geo_pipeline.transforms`, such as `rain.spi`."""
    given: Mapping[str, int | str]
    """Keyword arguments beside the `Basis` that all of them take."""


def computed_by(function: str, **given: int | str) -> Computation:
    """Return the computation by `function`: `computed_by("rain.spi", months=3)`."""
    return Computation(function, MappingProxyType(given))


@dataclass(frozen=True, slots=True)
class Indicator:
    """What a table's `indicator` column means to a reader, and what computes it."""

    key: str
    group: Group
    name: Words
    short_name: Words
    explanation: Words
    computation: Computation | None = None
    """None for what other tables hold: harvests and restrictions."""
    crop: str = ""
    """The crop that it is of, empty for none."""
    unit: Words = NO_UNIT
    kind: Kind = "class"
    styles: tuple[ClassStyle, ...] = DROUGHT_CLASSES
    decimals: int = 0
    months: int | None = None
    value_name: Words = VALUE
    subject: Words | None = None
    """What is drier or wetter, as a sentence begins; None where the rain itself is told."""
    phrase: Words = AS_IT_IS
    """How an amount is told; of a departure its size, without a sign."""
    surplus: Words = AS_IT_IS
    """How a departure above the normal is told, where `phrase` tells one below it."""
    same: Words = AS_NORMAL
    """How no departure is told."""
    below: tuple[Words, Words] = BELOW_NORMAL
    """How one département, and how several, are told whose departure is below `below_from`."""
    below_from: float = 0.0
    step: Step = "dekad"
    """What its periods are; the last dekad of a month stands for the month."""
    asset: str = "weather_daily"
    """Whose providers are to be named: the observations that it rests on."""
    over_season: OverSeason = "mean"
    """How a season's value comes from its dekads: their mean, the sum of its months, what has
    counted on to its end, or the one value of the year."""
    dry_is_high: bool = False
    """True when a large value is the dry one."""
    neutral: bool = False
    """True when a large value is neither dry nor wet, such as warmth."""
    scored: bool = False
    """True when readers are shown 100 less the percentile in place of the value: 100 the driest."""
    standardised: bool = False
    """True when the value is an index with 0 for usual, false when the class has another value."""

    @property
    def by_class(self) -> bool:
        """True when the row's class decides the colour, false when its value does."""
        return self.kind in ("class", "stage", "restriction")
