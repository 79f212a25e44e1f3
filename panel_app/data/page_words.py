"""The app's words: `fr.toml` and `en.toml` of `shell/` and of each page's folder.

Those of maps are in `publishing.look`.
"""

import tomllib
from functools import cache
from importlib.resources import files

from geo_pipeline.publishing import look
from geo_pipeline.publishing.look import Lang


class Catalogue:
    """The words of one language: `words("title")`, `words("notice.period", period=...)`."""

    def __init__(self, lang: Lang, texts: dict[str, str]) -> None:
        self.lang = lang
        self.texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of `key`, its placeholders filled."""
        return self.texts[key].format(**values) if values else self.texts[key]

    def count(self, key: str, number: int) -> str:
        """Return `key.one` or `key.many`; French takes the singular for zero too."""
        one = number < 2 if self.lang == "fr" else number == 1
        return self(f"{key}.{'one' if one else 'many'}", n=look.format_number(number, 0, self.lang))

    def crop(self, crop: str) -> str:
        """Name of a crop; one that we have no word for keeps its own, made readable."""
        known = look.CROP_NAMES.get(crop)
        return known(self.lang) if known else crop.replace("_", " ")


@cache
def catalogue(lang: Lang) -> Catalogue:
    """Return the words of `lang`.

    Raises:
        ValueError: two files have the same key.
    """
    app = files("panel_app")
    pages = sorted(app.joinpath("pages").iterdir(), key=lambda each: each.name)
    texts: dict[str, str] = {}
    for folder in (app.joinpath("shell"), *pages):
        file = folder.joinpath(f"{lang}.toml")
        if file.is_file():
            more = _flat(tomllib.loads(file.read_text(encoding="utf-8")))
            if twice := texts.keys() & more.keys():
                said = ", ".join(sorted(twice))
                raise ValueError(f"{folder.name}/{file.name} says again: {said}")
            texts |= more
    return Catalogue(lang, texts)


def _flat(tree: dict[str, object], prefix: str = "") -> dict[str, str]:
    """`{"map": {"title": ...}}` as `{"map.title": ...}`; `~` is a no-break space."""
    texts: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            texts |= _flat(value, f"{prefix}{key}.")
        else:
            texts[f"{prefix}{key}"] = str(value).replace("~", look.NBSP)
    return texts
