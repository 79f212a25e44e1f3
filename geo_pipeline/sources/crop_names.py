"""Crops and places in statistical tables: our codes, and the labels of providers.

A label such as `01 - Blé tendre d'hiver et épeautre` becomes the code `soft_wheat` that
`crop_parameters.csv` and the embedded statistics use. An unknown label gets a code made of its own
words (`12 - Avoine de printemps`: `avoine_de_printemps`), so that no crop is dropped.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from geo_pipeline.territory import BY_CODE, DEPARTEMENTS, REGIONS
from geo_pipeline.words import message

CROPS: dict[str, tuple[str, ...]] = {
    "soft_wheat": (
        "ble tendre d hiver et epeautre",
        "ble tendre d hiver",
        "ble tendre",
        "total ble tendre",
    ),
    "durum_wheat": ("ble dur d hiver", "ble dur", "total ble dur"),
    "winter_barley": (
        "orge d hiver et escourgeon",
        "escourgeon et orge d hiver",
        "orge et escourgeon d hiver",
        "orges d hiver et escourgeon",
        "orge d hiver",
        "orges d hiver",
    ),
    "winter_rapeseed": (
        "colza grain d hiver",
        "colza d hiver",
        "colza d hiver et navette",
        "colza",
        "total colza",
        "total colza grain et navette",
    ),
    "grain_maize_irrigated": ("mais grain irrigue",),
    "grain_maize_rainfed": ("mais grain non irrigue",),
    "grain_maize": ("total mais grain", "mais grain total", "mais grain"),
    "silage_maize": (
        "total mais fourrage et ensilage",
        "mais fourrage et ensilage",
        "total mais fourrage",
        "mais fourrage",
        "mais ensilage",
    ),
    "sunflower": ("tournesol", "total tournesol"),
    "soybean": ("soja", "total soja"),
    "sugar_beet": (
        "betterave industrielle",
        "betteraves industrielles",
        "betterave sucriere",
        "betteraves sucrieres",
    ),
    "potato": ("total pommes de terre", "pommes de terre", "pomme de terre"),
    "triticale": ("triticale",),
    "vineyard": ("total vignes", "vignes", "vigne"),
    "permanent_grassland": (
        "total prairies permanentes",
        "prairies permanentes",
        "surface toujours en herbe",
        "surfaces toujours en herbe",
    ),
    "temporary_grassland": ("total prairies temporaires", "prairies temporaires"),
}
"""Our codes and their labels, normalised by `words`, in order of preference."""

# A number before a name (`01 - `, `02A - `), and the sum given in the label of a total (` (14 +
# 15)`).
_NUMBER = re.compile(r"^\s*(\d{1,4}[A-Z]?)\s*(?:[-–—:]\s*|$)", re.IGNORECASE)
_SUM = re.compile(r"\s*\((?=[^)]*\d)(?:\d+|à|[-+–…. ])+\)\s*$")

# Codes of overseas départements in files of the ministry of agriculture.
_OVERSEAS = {"9A": "971", "9B": "972", "9C": "973", "9D": "974", "9F": "976"}
# Collectivities that are not départements, and Corsica as one.
_ELSEWHERE = {"20", "975", "977", "978", "984", "986", "987", "988", "989"}
# Words that occur in no name of a département.
_TOTAL = re.compile(r"\b(total|ensemble|france|metropole|metropolitaine|dom|drom|outre mer)\b")
# Régions before 2016.
_FORMER = """
alsace|aquitaine|auvergne|basse normandie|bourgogne|centre|champagne ardenne|franche comte
|haute normandie|languedoc roussillon|limousin|lorraine|midi pyrenees|nord pas de calais|picardie
|poitou charentes|rhone alpes
"""


def words(text: str) -> str:
    """Return `text` in lower case without accents, its words one space apart."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe"))
    return " ".join(
        re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    )


def numbered(label: str) -> tuple[str, str]:
    """Return the number and the name of `07 - Maïs grain`; the number is empty where absent."""
    found = _NUMBER.match(label)
    return (found[1].upper(), label[found.end() :].strip()) if found else ("", label.strip())


def crop_name(label: str) -> str:
    """Return the words of a crop's label, without its number and the sum of a total."""
    return words(_SUM.sub("", numbered(label)[1]))


def crop_codes(labels: Iterable[str]) -> dict[str, str]:
    """Return the code of each of the `labels` of one file.

    Where several labels may mean one of our crops, the preferred one gets its code (winter wheat
    before all soft wheat); the others get codes of their own words. Two labels with the same words
    are distinguished by their numbers.
    """
    names = {label: crop_name(label) for label in dict.fromkeys(labels)}
    known = set(names.values())
    ours = {
        next(name for name in wanted if name in known): code
        for code, wanted in CROPS.items()
        if known & set(wanted)
    }
    times = Counter(names.values())
    codes = {}
    for label, name in names.items():
        code = ours.get(name) or name.replace(" ", "_") or "crop"
        number = numbered(label)[0].lower()
        codes[label] = f"{code}_{number}" if number and (times[name] > 1 or not name) else code
    return codes


def departement_code(code: str, name: str) -> str | None:
    """Return the INSEE code of a row's département, or None for a row of another area.

    Other areas are régions, France, and collectivities that are not départements. Codes may be
    printed with three characters (`077`, `02A`) or without a zero (`1`). Some numbers mean a région
    or a département (11 is Aude or Île-de-France): the name decides.

    Raises:
        ValueError: the code is unknown, or the name is that of another département.
    """
    written, called = code.strip().upper(), words(name)
    if called in _AREAS and called not in _NAMES:
        return None
    if _TOTAL.search(called) or not (written or called):
        return None
    short = written[1:] if len(written) == 3 and written.startswith("0") else written.zfill(2)
    insee = _OVERSEAS.get(short, short)
    if called in _NAMES and _NAMES[called] != insee:
        # An overseas région has the name of its only département, and a number of its own.
        if called in _AREAS and _AREAS[called] == written.zfill(2):
            return None
        if not written:
            return _NAMES[called]
        raise ValueError(message("crops.not_its_name", code=written, name=name.strip()))
    if insee in _ELSEWHERE:
        return None
    if insee not in BY_CODE:
        raise ValueError(message("crops.no_departement", text=repr(f"{written} {name}".strip())))
    return insee


_NAMES = {words(departement.name): departement.code for departement in DEPARTEMENTS}
_NAMES |= {"reunion": "974", "ville de paris": "75"}
_AREAS = {words(name): code for code, name in REGIONS.items()} | {"reunion": "04"}
_AREAS |= {name.strip(): "" for name in _FORMER.split("|")}
