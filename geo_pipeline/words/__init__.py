"""Words in two languages: the catalogue, and messages that can be told in either language.

The texts are beside the code that uses them: `fr.toml` and `en.toml` in a room of the pipeline, in
a page's folder of the app, and in this folder those of the top-level modules. A text has
placeholders as in `str.format`, and writes a no-break space as `~`. This module reads these files
and defines `Message`: a key and values, which errors, findings, failures and alerts carry, and
which become words only where somebody reads them. Names of numbers, dates and classes are in
`publishing`.
"""

from __future__ import annotations

import math
import string
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal, get_args

Lang = Literal["fr", "en"]
LANGS: Final = get_args(Lang)

NBSP: Final = "\u00a0"
NARROW_NBSP: Final = "\u202f"


def printable(text: str) -> str:
    """Return `text` with a space in place of each character that does not print.

    Such characters steer a terminal, end a line, or turn the direction of writing, so that a name
    reads as another. No-break spaces stay.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in _SPACES else " " for each in text)


_SPACES: Final = NBSP + NARROW_NBSP

VERBATIM: Final = "plain"
"""Key of texts that exist in one language only, from a library or an older version."""

SEVERAL: Final = "several"
"""Key of several messages told one after the other."""


@dataclass(frozen=True, slots=True)
class Words:
    """One text in the two languages; call it with a language to read it.

    For the words of a record (an indicator, a class, a provider), which are added with the record.
    All other texts are in the catalogue.
    """

    fr: str
    en: str

    def __call__(self, lang: Lang = "fr") -> str:
        """Return the text in `lang`."""
        return {"fr": self.fr, "en": self.en}[lang]


class Catalogue:
    """The texts of one language: `words("title")`, `words("notice.period", period=...)`."""

    def __init__(self, lang: Lang, texts: Mapping[str, str]) -> None:
        self.lang = lang
        self.texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of `key`, its placeholders filled.

        Numbers have the decimal sign of the language, and messages are translated into it. Several
        values are separated by commas, several messages by semicolons.

        Raises:
            KeyError: there is no such text, or a value that it needs is missing.
        """
        text = self.texts[key]
        if not values:
            return text
        if any(isinstance(value, Message | float | list | tuple) for value in values.values()):
            return _Filled(self.lang).vformat(text, (), values)
        return text.format(**values)  # ten times as fast, for sentences on all départements

    def count(self, key: str, number: int, n: object = None) -> str:
        """Return `key.one` or `key.many`, with the number as `n`, or `n` itself if given.

        French uses the singular for zero too.
        """
        one = number < 2 if self.lang == "fr" else number == 1
        return self(f"{key}.{'one' if one else 'many'}", n=number if n is None else n)


class _Filled(string.Formatter):
    """Fills placeholders with values in the form of one language."""

    def __init__(self, lang: Lang) -> None:
        self._lang: Lang = lang

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Message):
            return value(self._lang)
        if isinstance(value, list | tuple):
            told = [self.format_field(each, format_spec) for each in value]
            return self._between(value).join(told)
        text = str(super().format_field(value, format_spec))
        is_decimal = isinstance(value, float) and math.isfinite(value)
        return text.replace(".", ",") if is_decimal and self._lang == "fr" else text

    def _between(self, values: Sequence[object]) -> str:
        if not all(isinstance(each, Message) for each in values):
            return ", "
        return f"{NBSP}; " if self._lang == "fr" else "; "


@dataclass(frozen=True, slots=True)
class Message:
    """A text of the catalogue: its key, with the values of its placeholders.

    Values are texts, numbers, messages, or lists of these, all of which JSON can hold.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, lang: Lang = "fr") -> str:
        """Return its text in `lang`.

        Raises:
            KeyError: the catalogue lacks the key, or a value that the text needs is missing.
        """
        return catalogue(lang)(self.key, **self.values)

    def __str__(self) -> str:
        """Return its text in English, for logs and the command line."""
        return self("en")

    def kept(self) -> dict[str, Any]:
        """Return it as JSON: key, values, and its English text for versions without the key."""
        return {"key": self.key, "values": keep_all(self.values), "en": str(self)}


def message(key: str, **values: object) -> Message:
    """Return the message `key`; errors become their messages, paths and dates texts."""
    return Message(key, {name: _value(value) for name, value in values.items()})


def verbatim(text: object) -> Message:
    """Return a text in one language as a message; an error becomes its own message."""
    told = _value(text) if isinstance(text, BaseException) else text
    return told if isinstance(told, Message) else Message(VERBATIM, {"text": str(told)})


def message_of(key: str, row: Mapping[str, object]) -> Message:
    """Return the message `key` with those values of `row` that its text needs."""
    asked = (name for _, name, _, _ in string.Formatter().parse(catalogue("en").texts[key]))
    return message(key, **{name: row[name] for name in asked if name})


def joined(messages: Iterable[Message]) -> Message:
    """Return several messages as one, each told once; a single one is returned unchanged."""
    told: list[Message] = []
    for several in messages:
        each = several.values["messages"] if several.key == SEVERAL else [several]
        told += [one for one in each if one not in told]
    return told[0] if len(told) == 1 else Message(SEVERAL, {"messages": told})


def read_kept(kept: str | Mapping[str, Any]) -> Message:
    """Return a message that was kept as JSON; a plain text of an older version is kept.

    Where the key is no longer known, or its text needs other values now, it is the English text.
    """
    if isinstance(kept, str):
        return verbatim(kept)
    told = Message(kept["key"], read_all(kept["values"]))
    try:
        for lang in LANGS:
            told(lang)
    except (KeyError, ValueError, IndexError):
        return verbatim(kept["en"])
    return told


def keep_all(content: Any) -> Any:
    """Return `content` as JSON, with every message in it in its kept form."""
    if isinstance(content, Message):
        return content.kept()
    if isinstance(content, Mapping):
        return {name: keep_all(value) for name, value in content.items()}
    return [keep_all(each) for each in content] if isinstance(content, list | tuple) else content


def read_all(kept: Any) -> Any:
    """Return the content of kept JSON, with every message in it restored."""
    if isinstance(kept, Mapping):
        if kept.keys() == {"key", "values", "en"}:
            return read_kept(kept)
        return {name: read_all(value) for name, value in kept.items()}
    return [read_all(each) for each in kept] if isinstance(kept, list) else kept


def _value(value: object) -> Any:
    if isinstance(value, BaseException):
        said = value.args[0] if value.args else ""
        return said if isinstance(said, Message) else " ".join(str(value).split())
    if isinstance(value, Message | str | bool | int | float):
        return value
    if isinstance(value, Sequence | set | frozenset):
        return [_value(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    item = getattr(value, "item", None)  # numpy's numbers
    return item() if callable(item) else str(value)


@cache
def catalogue(lang: Lang) -> Catalogue:
    """Return the pipeline's words in `lang`.

    Raises:
        ValueError: two files have the same key.
    """
    return Catalogue(lang, read(_folders(files("geo_pipeline")), lang))


def read(folders: Iterable[Traversable], lang: Lang) -> dict[str, str]:
    """Return the texts of `lang` in `folders`, by key; a folder without words has none.

    Raises:
        ValueError: two files have the same key.
    """
    texts: dict[str, str] = {}
    for folder in folders:
        file = folder.joinpath(f"{lang}.toml")
        if file.is_file():
            more = _flat(tomllib.loads(file.read_text(encoding="utf-8")))
            if twice := texts.keys() & more.keys():
                said = ", ".join(sorted(twice))
                raise ValueError(f"{folder.name}/{file.name} says again: {said}")
            texts |= more
    return texts


def _folders(top: Traversable) -> Iterable[Traversable]:
    """Yield the folders below `top`, by name."""
    for each in sorted(top.iterdir(), key=lambda each: each.name):
        if each.is_dir() and each.name != "__pycache__":
            yield each
            yield from _folders(each)


def _flat(tree: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """`{"map": {"title": ...}}` as `{"map.title": ...}`; `~` is a no-break space."""
    texts: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            texts |= _flat(value, f"{prefix}{key}.")
        else:
            texts[f"{prefix}{key}"] = str(value).replace("~", NBSP)
    return texts
