"""France: its 101 départements, which are the static partitions, and other facts of the country.

Codes, names and régions; the plane in which each département is measured and where overseas ones
are drawn; the time zone, the start of the cropping year, the levels of water restrictions. Another
country is another module like this one, with its data and its sources. SQL gets these facts as
parameter tables (`spatial.parameters`).

Only this module interprets what a user types for a département (a code in any case, with or without
its leading zero, or a name). Codes and names: INSEE, Code officiel géographique, as in the npm
package `@etalab/decoupage-administratif` 6.0.0 (MIT).
"""

import difflib
import unicodedata
from collections.abc import Iterable
from functools import reduce
from typing import Final, NamedTuple

from geo_pipeline.errors import UsageError
from geo_pipeline.words import message, verbatim

TIME_ZONE: Final = "Europe/Paris"
"""The time zone of days and hours in France."""

CROPPING_YEAR_START: Final = (9, 1)
"""First month and day of the year of field crops: the sowing of winter cereals."""

RESTRICTION_LEVELS: Final = ("vigilance", "alerte", "alerte_renforcee", "crise")
"""Levels of water restrictions of VigiEau, from the mildest to the strictest."""

MAIN_CRS: Final = "EPSG:2154"
"""The plane of metropolitan France: Lambert-93."""

REGIONS: dict[str, str] = {
    "01": "Guadeloupe",
    "02": "Martinique",
    "03": "Guyane",
    "04": "La Réunion",
    "06": "Mayotte",
    "11": "Île-de-France",
    "24": "Centre-Val de Loire",
    "27": "Bourgogne-Franche-Comté",
    "28": "Normandie",
    "32": "Hauts-de-France",
    "44": "Grand Est",
    "52": "Pays de la Loire",
    "53": "Bretagne",
    "75": "Nouvelle-Aquitaine",
    "76": "Occitanie",
    "84": "Auvergne-Rhône-Alpes",
    "93": "Provence-Alpes-Côte d'Azur",
    "94": "Corse",
}


class Departement(NamedTuple):
    """A département: INSEE `code` (a string: `01`, `2A`, `971`), `name`, `region_code`."""

    code: str
    name: str
    region_code: str

    @property
    def region(self) -> str:
        """Name of the région."""
        return REGIONS[self.region_code]

    @property
    def overseas(self) -> bool:
        """Whether the département lies outside metropolitan France."""
        return self.code in OVERSEAS

    @property
    def crs(self) -> str:
        """The plane in which its lengths are correct to about a thousandth."""
        return OVERSEAS[self.code].crs if self.overseas else MAIN_CRS

    @property
    def where(self) -> str:
        """Its place in a French sentence: `dans le Gers`, `en Gironde`."""
        preposition = next(each for each, codes in PREPOSITIONS.items() if self.code in codes)
        return f"{preposition} {self.name}".replace("' ", "'")

    @property
    def article(self) -> str:
        """Its article in French: `le Gers`, `l'Ain`, `les Landes`; none of Paris."""
        preposition = next(each for each, codes in PREPOSITIONS.items() if self.code in codes)
        return _article(preposition, self.name, masculine=self.code in MASCULINE)

    @property
    def of(self) -> str:
        """Its name after « de » in French: `du Gers`, `de l'Ain`, `des Landes`, `de Paris`."""
        return f"{OF[self.article]}{self.name}"

    @property
    def inset(self) -> int | None:
        """Its position in the row of framed insets under the map; None on the map itself."""
        return OVERSEAS[self.code].inset if self.overseas else None


class Overseas(NamedTuple):
    """Facts of an overseas département: its own plane, and its position among the insets."""

    crs: str
    inset: int


OVERSEAS: Final = {
    "971": Overseas("EPSG:5490", 0),  # RGAF09 / UTM 20N
    "972": Overseas("EPSG:5490", 1),
    "973": Overseas("EPSG:2972", 2),  # RGFG95 / UTM 22N
    "974": Overseas("EPSG:2975", 3),  # RGR92 / UTM 40S
    "976": Overseas("EPSG:4471", 4),  # RGM04 / UTM 38S
}


PREPOSITIONS: Final = {
    "à": ("75", "974", "976"),
    "en": (
        "07", "09", "16", "17", "19", "21", "24", "28", "2A", "2B", "31", "33", "35", "37",
        "38", "43", "44", "48", "49", "52", "53", "54", "57", "70", "71", "73", "74", "76",
        "77", "85", "87", "93", "971", "972", "973"
    ),
    "dans la": ("23", "26", "42", "50", "51", "55", "58", "72", "80", "86"),
    "dans le": (
        "14", "15", "18", "25", "29", "30", "32", "39", "41", "45", "46", "47", "56", "59",
        "62", "63", "67", "68", "69", "81", "82", "83", "84", "90", "94", "95"
    ),
    "dans les": (
        "04", "05", "06", "08", "13", "22", "40", "64", "65", "66", "78", "79", "88", "92"
    ),
    "dans l'": (
        "01", "02", "03", "10", "11", "12", "27", "34", "36", "60", "61", "89", "91"
    ),
}  # fmt: skip
"""French words before the name of a département in which something lies."""


MASCULINE: Final = ("49",)
"""Départements after « en » that are masculine all the same: le Maine-et-Loire."""

REGION_PREPOSITIONS: Final = {"dans le": ("44",), "dans les": ("32", "52"), "à": ("04", "06")}
"""French words before the name of a région in which something lies; « en » before all others."""

MASCULINE_REGIONS: Final = ("24",)
"""Régions after « en » that are masculine all the same: le Centre-Val de Loire."""

OF: Final = {"le": "du ", "la": "de la ", "les": "des ", "l'": "de l'", "": "de "}
"""French « de » with each article."""

_VOWELS: Final = "aeiouyàâéèêîôûAEIOUYÀÂÉÈÊÎÔÛ"


def _article(preposition: str, name: str, *, masculine: bool) -> str:
    """Return the French article of a place that is `preposition` its name."""
    if preposition == "à":
        return ""
    if preposition != "en":
        return preposition.removeprefix("dans ")
    if name[0] in _VOWELS:
        return "l'"
    return "le" if masculine else "la"


class Region(NamedTuple):
    """A région: INSEE `code` and `name`."""

    code: str
    name: str

    @property
    def where(self) -> str:
        """Its place in a French sentence: `en Occitanie`, `dans le Grand Est`."""
        return f"{self._preposition} {self.name}"

    @property
    def of(self) -> str:
        """Its name after « de » in French: `de l'Occitanie`, `du Grand Est`."""
        masculine = self.code in MASCULINE_REGIONS
        return f"{OF[_article(self._preposition, self.name, masculine=masculine)]}{self.name}"

    @property
    def departements(self) -> tuple[str, ...]:
        """Codes of its départements."""
        return tuple(each.code for each in DEPARTEMENTS if each.region_code == self.code)

    @property
    def _preposition(self) -> str:
        known = (each for each, codes in REGION_PREPOSITIONS.items() if self.code in codes)
        return next(known, "en")


DEPARTEMENTS: tuple[Departement, ...] = (
    Departement("01", "Ain", "84"),
    Departement("02", "Aisne", "32"),
    Departement("03", "Allier", "84"),
    Departement("04", "Alpes-de-Haute-Provence", "93"),
    Departement("05", "Hautes-Alpes", "93"),
    Departement("06", "Alpes-Maritimes", "93"),
    Departement("07", "Ardèche", "84"),
    Departement("08", "Ardennes", "44"),
    Departement("09", "Ariège", "76"),
    Departement("10", "Aube", "44"),
    Departement("11", "Aude", "76"),
    Departement("12", "Aveyron", "76"),
    Departement("13", "Bouches-du-Rhône", "93"),
    Departement("14", "Calvados", "28"),
    Departement("15", "Cantal", "84"),
    Departement("16", "Charente", "75"),
    Departement("17", "Charente-Maritime", "75"),
    Departement("18", "Cher", "24"),
    Departement("19", "Corrèze", "75"),
    Departement("21", "Côte-d'Or", "27"),
    Departement("22", "Côtes-d'Armor", "53"),
    Departement("23", "Creuse", "75"),
    Departement("24", "Dordogne", "75"),
    Departement("25", "Doubs", "27"),
    Departement("26", "Drôme", "84"),
    Departement("27", "Eure", "28"),
    Departement("28", "Eure-et-Loir", "24"),
    Departement("29", "Finistère", "53"),
    Departement("2A", "Corse-du-Sud", "94"),
    Departement("2B", "Haute-Corse", "94"),
    Departement("30", "Gard", "76"),
    Departement("31", "Haute-Garonne", "76"),
    Departement("32", "Gers", "76"),
    Departement("33", "Gironde", "75"),
    Departement("34", "Hérault", "76"),
    Departement("35", "Ille-et-Vilaine", "53"),
    Departement("36", "Indre", "24"),
    Departement("37", "Indre-et-Loire", "24"),
    Departement("38", "Isère", "84"),
    Departement("39", "Jura", "27"),
    Departement("40", "Landes", "75"),
    Departement("41", "Loir-et-Cher", "24"),
    Departement("42", "Loire", "84"),
    Departement("43", "Haute-Loire", "84"),
    Departement("44", "Loire-Atlantique", "52"),
    Departement("45", "Loiret", "24"),
    Departement("46", "Lot", "76"),
    Departement("47", "Lot-et-Garonne", "75"),
    Departement("48", "Lozère", "76"),
    Departement("49", "Maine-et-Loire", "52"),
    Departement("50", "Manche", "28"),
    Departement("51", "Marne", "44"),
    Departement("52", "Haute-Marne", "44"),
    Departement("53", "Mayenne", "52"),
    Departement("54", "Meurthe-et-Moselle", "44"),
    Departement("55", "Meuse", "44"),
    Departement("56", "Morbihan", "53"),
    Departement("57", "Moselle", "44"),
    Departement("58", "Nièvre", "27"),
    Departement("59", "Nord", "32"),
    Departement("60", "Oise", "32"),
    Departement("61", "Orne", "28"),
    Departement("62", "Pas-de-Calais", "32"),
    Departement("63", "Puy-de-Dôme", "84"),
    Departement("64", "Pyrénées-Atlantiques", "75"),
    Departement("65", "Hautes-Pyrénées", "76"),
    Departement("66", "Pyrénées-Orientales", "76"),
    Departement("67", "Bas-Rhin", "44"),
    Departement("68", "Haut-Rhin", "44"),
    Departement("69", "Rhône", "84"),
    Departement("70", "Haute-Saône", "27"),
    Departement("71", "Saône-et-Loire", "27"),
    Departement("72", "Sarthe", "52"),
    Departement("73", "Savoie", "84"),
    Departement("74", "Haute-Savoie", "84"),
    Departement("75", "Paris", "11"),
    Departement("76", "Seine-Maritime", "28"),
    Departement("77", "Seine-et-Marne", "11"),
    Departement("78", "Yvelines", "11"),
    Departement("79", "Deux-Sèvres", "75"),
    Departement("80", "Somme", "32"),
    Departement("81", "Tarn", "76"),
    Departement("82", "Tarn-et-Garonne", "76"),
    Departement("83", "Var", "93"),
    Departement("84", "Vaucluse", "93"),
    Departement("85", "Vendée", "52"),
    Departement("86", "Vienne", "75"),
    Departement("87", "Haute-Vienne", "75"),
    Departement("88", "Vosges", "44"),
    Departement("89", "Yonne", "27"),
    Departement("90", "Territoire de Belfort", "27"),
    Departement("91", "Essonne", "11"),
    Departement("92", "Hauts-de-Seine", "11"),
    Departement("93", "Seine-Saint-Denis", "11"),
    Departement("94", "Val-de-Marne", "11"),
    Departement("95", "Val-d'Oise", "11"),
    Departement("971", "Guadeloupe", "01"),
    Departement("972", "Martinique", "02"),
    Departement("973", "Guyane", "03"),
    Departement("974", "La Réunion", "04"),
    Departement("976", "Mayotte", "06"),
)
CODES: tuple[str, ...] = tuple(departement.code for departement in DEPARTEMENTS)
BY_CODE: dict[str, Departement] = {departement.code: departement for departement in DEPARTEMENTS}

PLACES: tuple[str, ...] = ("FR", *(f"R{code}" for code in REGIONS), *CODES)
"""Keys of France, of all régions and of all départements: what a bulletin can be of."""


def name_key(text: str) -> str:
    """Return `text` without accents, case, hyphens or apostrophes, to compare typed names."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())


_BY_KEY: dict[str, str] = {
    name_key(departement.name): departement.code for departement in DEPARTEMENTS
}


def parse_departement(text: str) -> str:
    """Return the INSEE code meant by `text`: `1`, `01`, `2a` or `Haute-Garonne`.

    Raises:
        UsageError: no département has this code or name; the nearest names are suggested.
    """
    typed = text.strip()
    code = typed.upper().zfill(2)
    if code in BY_CODE:
        return code
    if name_key(typed) in _BY_KEY:
        return _BY_KEY[name_key(typed)]
    near = difflib.get_close_matches(name_key(typed), _BY_KEY, n=3)
    names = [f"{_BY_KEY[key]} ({BY_CODE[_BY_KEY[key]].name})" for key in near]
    advice = message("territory.codes")
    if names:
        several = reduce(
            lambda one, other: message("list.or", one=one, other=other),
            names[1:],
            verbatim(names[0]),
        )
        advice = message("territory.meant", names=several)
    raise UsageError(message("territory.unknown", typed=typed, advice=advice))


def parse_departements(texts: Iterable[str]) -> list[str]:
    """Return the INSEE codes meant by `texts` (each may itself be a comma list), in code order.

    Raises:
        UsageError: one of them is unknown, or none is given.
    """
    typed = [part for text in texts for part in text.split(",") if part.strip()]
    if not typed:
        raise UsageError(message("territory.none_given"))
    return sorted({parse_departement(part) for part in typed})


def stretches(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return `codes` as contiguous ranges (first, last), in the order of partitions."""
    places = sorted(CODES.index(code) for code in set(codes))
    spans: list[tuple[int, int]] = []
    for place in places:
        if spans and place == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], place)
        else:
            spans.append((place, place))
    return [(CODES[first], CODES[last]) for first, last in spans]


def spelled(codes: Iterable[str]) -> list[str]:
    """Return `codes` for a reader: `01`, `2A to 30`, with contiguous ranges combined."""
    return [first if first == last else f"{first} to {last}" for first, last in stretches(codes)]


def is_stretch(first: str, last: str, count: int) -> bool:
    """Return whether `count` départements from `first` to `last` are a whole range."""
    return CODES.index(last) - CODES.index(first) + 1 == count
