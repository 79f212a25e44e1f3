"""What is said of a file that is refused: what is wrong, where, and what to do, in two languages.

The readers say it in English, one line; the phrases they use have their French here.
"""

import re
from collections.abc import Mapping, Sequence

from geo_pipeline.judging import FatalFileError
from geo_pipeline.storage.inbox_files import Kind

KINDS: Mapping[Kind, tuple[str, str]] = {
    "crops": (
        "téléchargez de nouveau la SAA sur agreste.agriculture.gouv.fr et déposez le zip ou le "
        "classeur tel quel",
        "download the SAA again from agreste.agriculture.gouv.fr and drop the zip or the workbook "
        "as it is",
    ),
    "stations": (
        "téléchargez de nouveau Q_<département>_<période>_RR-T-Vent.csv.gz sur meteo.data.gouv.fr "
        "et déposez-le tel quel",
        "download Q_<département>_<period>_RR-T-Vent.csv.gz again from meteo.data.gouv.fr and "
        "drop it as it is",
    ),
    "boundaries": (
        "corrigez la couche (les 101 départements, propriétés code et nom, longitude et latitude "
        "WGS 84) et déposez-la de nouveau",
        "correct the layer (the 101 départements, properties code and nom, WGS 84 longitude and "
        "latitude) and drop it again",
    ),
}
"""What to do about a file of each kind that is bad."""

ACCEPTED_FR = (
    "sont acceptés : classeur ou zip de la SAA (Agreste), CSV quotidien de stations "
    "(Météo-France, gz ou non), contours des départements (GeoJSON, zip ou gz, ou GeoParquet)"
)
ACCEPTED_EN = (
    "accepted are: a workbook or zip of the SAA (Agreste), a daily CSV of stations "
    "(Météo-France, gz or not), outlines of départements (GeoJSON, zip or gz, or GeoParquet)"
)


class RefusedError(Exception):
    """A file is not taken: what is wrong, where, and what to do, in French and in English."""

    def __init__(self, fr: str, en: str) -> None:
        super().__init__(fr, en)
        self.fr = fr
        self.en = en

    def __str__(self) -> str:
        """Return the English."""
        return self.en


def unknown(fr: str, en: str) -> RefusedError:
    """Return the refusal of a file that is none of those accepted."""
    return RefusedError(f"{fr} ; {ACCEPTED_FR}", f"{en}; {ACCEPTED_EN}")


def too_much(fr: str, en: str) -> RefusedError:
    """Return the refusal of an archive that holds more than is unpacked."""
    return RefusedError(
        f"archive trop grosse ({fr}) ; déposez le fichier comme il est publié",
        f"an archive that holds too much ({en}); drop the file as it is published",
    )


def stations_in_a_workbook(sheet: str) -> RefusedError:
    """Return the refusal of stations that went through a spreadsheet, which mends what it reads."""
    file = "Q_<département>_<{}>_RR-T-Vent.csv.gz"
    return RefusedError(
        f"classeur de stations de Météo-France (feuille {sheet}), où un tableur a pu perdre des "
        "zéros et des dates ; déposez les fichiers de meteo.data.gouv.fr tels quels, un par "
        f"département : {file.format('période')}",
        f"a workbook of Météo-France's stations (sheet {sheet}), in which a spreadsheet may have "
        "lost zeros and dates; drop the files of meteo.data.gouv.fr as they are, one a "
        f"département: {file.format('period')}",
    )


def fatal(error: FatalFileError) -> RefusedError:
    """Return the refusal of a file that took its reader's memory or time, or ended it."""
    memory_mb, time_s = error.limits.memory_mb, error.limits.time_s
    fr = {
        "memory": f"sa lecture demande plus que les {memory_mb} Mo de mémoire permis",
        "time": f"sa lecture prend plus que les {time_s:g} s permises",
        "crash": "le lecteur s'est arrêté net en le lisant",
    }[error.reason]
    return RefusedError(
        f"{fr} ; déposez le fichier comme il est publié, ou seulement la période utile",
        f"it {error}; drop the file as it is published, or the period that is of use alone",
    )


def bad(kind: Kind, name: str, message: str) -> RefusedError:
    """Return the refusal of a file whose reader says `message`."""
    what = re.sub(r"^[\w-]+(?:, département \S+)?: ", "", " ".join(message.split()))
    what = what.replace(f"{name} ", "", 1)
    what = what.partition("; try again")[0].partition("; run it again")[0]
    what = re.split(r"; (?:its format|the provider may|ask for|report it)", what)[0]
    what = what.removeprefix("cannot be used: ")
    fr, en = KINDS[kind]
    return RefusedError(f"{french(what)} ; {fr}", f"{what}; {en}")


FRENCH: Sequence[tuple[str, str]] = (
    # What is longer comes first: its words are not to be taken for those of another phrase.
    (r"has no crop sheet", "n'a aucune feuille de cultures"),
    (r"two columns are called (\S+)", r"deux colonnes s'appellent \1"),
    (r"has the column (\S+) twice", r"a deux fois la colonne \1"),
    (r"has column (\S+) more than once", r"a plus d'une fois la colonne \1"),
    (r"the unit of (\w+) cannot be told \((two are|none is) named above the header\)",
     r"l'unité de \1 est incertaine (aucune ou plusieurs au-dessus de l'en-tête)"),
    (r"(\w+) of (\d+) is (\S+), more than there can be",
     r"\1 de \2 vaut \3, plus qu'il n'est possible"),
    (r"sent an empty file", "fichier vide"),
    (r"sent nothing", "fichier vide"),
    (r"sent (HTML|JSON) in place of CSV", r"\1 au lieu de CSV"),
    (r"sent HTML in place of data \(a page(?: titled '(.*)')?\)",
     r"page web au lieu de données (« \1 »)"),
    (r"sent HTML or XML in place of a table", "HTML ou XML au lieu d'un tableau"),
    (r"sent no zip archive where one belongs", "pas une archive zip"),
    (r"holds more than (\S+) MB when uncompressed", r"plus de \1 Mo une fois décompressé"),
    (r"has (.+?) as a (\w+), which is no polygon", r"\1 est un objet \2, pas un polygone"),
    (r"has coordinates of (.+?) that are none", r"les coordonnées de \1 n'en sont pas"),
    (r"has no coordinates of (.+)", r"aucune coordonnée pour \1"),
    (r"no coordinate reference system is stated", "aucun système de coordonnées n'est indiqué"),
    (r"has no column (.+); there are (.+)", r"pas de colonne \1 ; il y a \2"),
    (r"has no column NUM_POSTE/POSTE and AAAAMMJJ/DATE",
     "pas de colonne NUM_POSTE/POSTE ni AAAAMMJJ/DATE"),
    (r"sheet (\S+), cell (\w+)", r"feuille \1, cellule \2"),
    (r"sheet (\S+), row (\d+)", r"feuille \1, ligne \2"),
    (r"\bsheet (\S+?)(?=[:, ])", r"feuille \1"),
    (r"no row of its first (\d+) has", r"aucune de ses \1 premières lignes n'a"),
    (r"is there twice", "est en double"),
    (r"is there (\d+) times", r"est là \1 fois"),
    (r"figures of no crop", "des chiffres sans culture"),
    (r"figures of no département", "des chiffres sans département"),
    (r"is no figure", "n'est pas un nombre"),
    (r"is below 0", "est négatif"),
    (r"more than there can be", "plus qu'il n'est possible"),
    (r"production is (\S+) times area by yield, so its units cannot be told",
     r"la production vaut \1 fois surface par rendement : unités incertaines"),
    (r"cannot be read as a workbook", "n'est pas un classeur lisible"),
    (r"holds no figure", "ne contient aucun chiffre"),
    (r"is a zip with (\d+) files such as are wanted in place of 1: it holds",
     r"le zip a \1 classeur(s) départemental(aux) au lieu de 1 ; il contient"),
    (r"is a zip archive with (\d+) files in place of 1", r"le zip a \1 fichiers au lieu de 1"),
    (r"\bno column", "pas de colonne"),
    (r"has (\w+) = (\S+) for station (\d+) on (\S+), out of (\S+) to (\S+) \((\d+) such values\)",
     r"\1 = \2 à la station \3 le \4, hors de \5 à \6 (\7 valeur(s))"),
    (r"has pas de colonne", "pas de colonne"),
    (r"has no number in column", "pas un nombre dans la colonne"),
    (r"has no date in column", "pas une date dans la colonne"),
    (r"has a row without", "une ligne sans"),
    (r"has two rows that differ for station (\d+) on (\S+) \((\d+) such days\)",
     r"deux lignes différentes pour la station \1 le \2 (\3 jour(s))"),
    (r"places station (\d+) at latitude (\S+), longitude (\S+)",
     r"la station \1 serait à la latitude \2, longitude \3"),
    (r"has no value of any station", "aucune valeur d'aucune station"),
    (r"cells reach to (\w+), (\d+) rows by (\d+) columns; delete what stands far from the table",
     r"des cellules vont jusqu'à \1, soit \2 lignes sur \3 colonnes ; supprimez ce qui est loin "
     r"du tableau"),
    (r"repeats (\d+) of its (\d+) rows, station (\d+) on (\S+) among them",
     r"répète \1 de ses \2 lignes, dont la station \3 le \4"),
    (r"has more than (\d+) rows", r"plus de \1 lignes"),
    (r"jumps from (\S+) to (\S+) \(station (\d+)\), after which there are (\d+) days only",
     r"saute du \1 au \2 (station \3), après quoi il n'y a que \4 jour(s)"),
    (r"has a day to come, (\S+) of station (\d+)", r"un jour à venir, \1, à la station \2"),
    (r"has days from (\S+) to (\S+), and weather is taken from (\S+) to (\S+)",
     r"jours du \1 au \2, alors que la météo est prise du \3 au \4"),
    (r"has stations of (\d+) départements", r"stations de \1 départements"),
    (r"has stations of (\S+), which is none of the 101 départements",
     r"stations de \1, qui n'est aucun des 101 départements"),
    (r"is of département (\S+) by its stations, of (\S+) by its name",
     r"département \1 d'après ses stations, \2 d'après son nom"),
    (r"sent a damaged or cut gzip file", "fichier gzip endommagé ou incomplet"),
    (r"sent a damaged zip archive", "archive zip endommagée"),
    (r"sent a file that cannot be read", "fichier illisible"),
    (r"sent no JSON \((.*), line (\d+), column (\d+)\)",
     r"JSON invalide à la ligne \2, colonne \3 (\1)"),
    (r"sent JSON that ends too early \(after (\d+) characters\)",
     r"JSON incomplet (s'arrête après \1 caractères)"),
    (r"sent JSON that is nested too deeply", "JSON trop profondément imbriqué"),
    (r"is JSON without the features of GeoJSON", "JSON sans les « features » d'un GeoJSON"),
    (r"is no GeoParquet", "n'est pas un GeoParquet"),
    (r"is not in longitude and latitude but in", "n'est pas en longitude et latitude mais en"),
    (r"coordinates are in (.+?), not in longitude and latitude",
     r"coordonnées en \1, non en longitude et latitude"),
    (r"has a feature, number (\d+), with no properties", r"l'objet n° \1 n'a pas de propriétés"),
    (r"has a feature, number (\d+), without code and nom as text \(properties: (.*)\)",
     r"l'objet n° \1 n'a pas code et nom en texte (propriétés : \2)"),
    (r"there is no feature", "aucun objet"),
    (r"is missing", "manque"),
    (r"is no département", "n'est pas un département"),
    (r"is no valid polygon", "n'est pas un polygone valide"),
    (r"has longitude and latitude swapped", "a longitude et latitude inversées"),
    (r"does not lie where it should", "n'est pas à sa place"),
    (r"(\d+) more\b", r"\1 autres"),
    (r" and (?=LIB_|\d|feuille)", " et "),
    (r" or (?=LIB_)", " ou "),
    (r"there are ", "il y a "),
    (r"cannot be read", "illisible"),
)  # fmt: skip
"""What readers say, in French; what is not here stays as they say it."""


def french(what: str) -> str:
    """Return what a reader says in French."""
    for english, words in FRENCH:
        what = re.sub(english, words, what)
    return what
