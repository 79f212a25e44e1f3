"""The app's words: `fr.toml` and `en.toml` of `shell/`, `serving/`, `site/` and each page's folder.

Names of numbers, dates and classes are in `geo_pipeline.publishing`.
"""

from functools import cache
from importlib.resources import files

from geo_pipeline import words
from geo_pipeline.catalogue.crop_names import CROP_NAMES
from geo_pipeline.publishing.formats import format_number
from geo_pipeline.tables import TABLES
from geo_pipeline.words import Lang


class Catalogue(words.Catalogue):
    """The words of the app in one language, with counts of things, names of crops and tables."""

    def count(self, key: str, number: int, n: object = None) -> str:
        """Return `key.one` or `key.many`, with a separator of thousands."""
        return super().count(key, number, n or format_number(number, 0, self.lang))

    def crop(self, crop: str) -> str:
        """Name of a crop; an unknown one keeps its own code, made readable."""
        known = CROP_NAMES.get(crop)
        return known(self.lang) if known else crop.replace("_", " ")

    def table(self, name: str) -> str:
        """Name of a table of the lake; an unknown one keeps its own name."""
        return TABLES[name].title(self.lang) if name in TABLES else name


@cache
def catalogue(lang: Lang) -> Catalogue:
    """Return the words of `lang`.

    Raises:
        ValueError: two files have the same key.
    """
    app = files("panel_app")
    pages = sorted(app.joinpath("pages").iterdir(), key=lambda each: each.name)
    rooms = (*map(app.joinpath, ("shell", "serving", "site")), *pages)
    return Catalogue(lang, words.read(rooms, lang))
