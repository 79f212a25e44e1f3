"""The catalogue: both languages say the same, and what is kept as JSON is told again in either."""

import ast
import json
import pickle
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from geo_pipeline.errors import DamagedError, SourceError
from geo_pipeline.words import (
    NARROW_NBSP,
    NBSP,
    Message,
    catalogue,
    joined,
    message,
    message_of,
    printable,
    read_kept,
    verbatim,
)

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"\{(\w+)[^}]*\}")


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    french, english = catalogue("fr").texts, catalogue("en").texts
    assert french.keys() == english.keys()
    other = {
        key
        for key, text in french.items()
        if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(english[key]))
    }
    assert not other


def test_french_punctuation_is_kept_to_its_word() -> None:
    """Never a plain space before a colon, a per cent sign or a closing quote."""
    loose = {key for key, text in catalogue("fr").texts.items() if re.search(r" [:;!?%»]", text)}
    assert not loose


def _asked() -> dict[str, tuple[Path, set[str] | None]]:
    """The keys that code asks for by `message("key", name=...)`, and with which values."""
    asked: dict[str, tuple[Path, set[str] | None]] = {}
    for path in (ROOT / "geo_pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            key = getattr(node.args[0], "value", None)
            if name == "message" and isinstance(key, str):
                names = {each.arg for each in node.keywords if each.arg}
                open_ended = any(each.arg is None for each in node.keywords)
                asked[key] = (path, None if open_ended else names)
    return asked


def test_what_is_asked_for_exists_and_is_given_its_values() -> None:
    texts = catalogue("en").texts
    wrong = {
        key: path.name
        for key, (path, names) in _asked().items()
        if key not in texts or (names is not None and set(PLACEHOLDER.findall(texts[key])) - names)
    }
    assert not wrong


def _errors() -> set[str]:
    """The names of the errors that a user can act on, those made from others too."""
    found = {"GeoPipelineError"}
    bases = {
        node.name: {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
        for path in (ROOT / "geo_pipeline").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return found


def test_no_error_is_raised_with_a_text_of_one_language() -> None:
    """`ValueError`s of the science are not told to a user, `verbatim` tells what a library says."""
    names, literal = _errors(), set()
    for path in (ROOT / "geo_pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            what = node.args[0]
            is_text = isinstance(what, ast.JoinedStr) or (
                isinstance(what, ast.Constant) and isinstance(what.value, str)
            )
            if name in names and is_text:
                literal.add(path.relative_to(ROOT).as_posix())
    assert not literal


def test_every_text_is_used() -> None:
    """A key stands in the code, or its beginning, or an f-string there that names the rest."""
    constants, beginnings = set(), set()
    code = [each for room in ("geo_pipeline", "panel_app") for each in (ROOT / room).rglob("*.py")]
    for path in code:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                beginnings.add(str(node.values[0].value))
    unused = {
        key
        for key in catalogue("en").texts
        if key not in constants
        and key.rpartition(".")[0] not in constants
        and not any("." in each and key.startswith(each) for each in beginnings)
    }
    assert not unused


def test_values_are_told_in_the_language() -> None:
    share = Message("plain", {"text": [1.5, 2]})
    assert share("fr") == "1,5, 2"
    assert share("en") == "1.5, 2"
    assert Message("plain", {"text": share})("fr") == "1,5, 2"


def test_values_are_what_json_can_keep() -> None:
    told = message(
        "plain",
        text=[np.float64(0.25), date(2022, 8, 1), Path("a/b.csv"), SourceError("no file")],
    )
    assert told.values == {"text": [0.25, "2022-08-01", "a/b.csv", "no file"]}
    kept = json.loads(json.dumps(told.kept()))
    assert read_kept(kept) == told
    assert read_kept(kept)("fr") == "0,25, 2022-08-01, a/b.csv, no file"


def test_messages_are_told_in_turn_each_once() -> None:
    first, then = verbatim("too hot"), verbatim("too dry")
    both = joined([first, then, first])
    assert both("en") == "too hot; too dry"
    assert both("fr") == f"too hot{NBSP}; too dry"
    assert joined([both, verbatim("late")])("en") == "too hot; too dry; late"
    assert joined([first]) == first
    assert read_kept(both.kept()) == both


def test_a_message_of_a_row_keeps_what_its_text_asks_for() -> None:
    assert message_of("plain", {"text": 1.5, "other": 2}) == message("plain", text=1.5)


def test_what_an_older_version_kept_is_told_as_it_stands() -> None:
    assert read_kept("no answer")("fr") == "no answer"
    gone = {"key": "no.such.key", "values": {}, "en": "it went wrong"}
    assert read_kept(gone) == verbatim("it went wrong")
    other = {"key": "plain", "values": {"other": 1}, "en": "it went wrong"}
    assert read_kept(other) == verbatim("it went wrong")


def test_an_error_says_its_message_and_passes_between_processes() -> None:
    error = SourceError(message("plain", text=0.5))
    assert str(error) == "0.5"
    assert error.message("fr") == "0,5"
    again = pickle.loads(pickle.dumps(error))
    assert again.message == error.message
    damaged = pickle.loads(pickle.dumps(DamagedError("it is cut", Path("a.parquet"))))
    assert (str(damaged), damaged.path) == ("it is cut", Path("a.parquet"))


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError, match="key"):
        Message("no.such.key")()


def test_a_no_break_space_is_written_as_a_tilde() -> None:
    assert all("~" not in text for text in catalogue("fr").texts.values())
    assert NBSP == "\u00a0"


def test_what_does_not_print_is_a_space() -> None:
    """Escapes of terminals, ends of lines, turned writing, invisible characters."""
    for each in "\x1b\x07\n\r\x9b\u2028\u202e\u2066\u200b\ufeff":
        assert printable(f"a{each}b") == "a b"
    said = f"Côtes-d'Armor{NBSP}: 1{NARROW_NBSP}234 « œ »"
    assert printable(said) == said
