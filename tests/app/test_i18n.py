"""Both languages say everything, and nothing is said that no one asks for."""

import re
from pathlib import Path

import panel_app
from panel_app.data.page_words import catalogue

APP = Path(panel_app.__file__).parent
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    french, english = catalogue("fr").texts, catalogue("en").texts
    assert french.keys() == english.keys()
    for key, text in french.items():
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(english[key])), key


def test_every_text_is_used() -> None:
    sources = [*APP.rglob("*.py"), *APP.rglob("*.j2")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    made = (
        "pipeline.variable.",
        "crop.",
        "threshold.",
        "waiting.",
        "damaged.",
        "nav.",
        "script.",
        "server.",
    )
    made += (
        "control.step_",
        "compare.mode_",
        "take.",
        "change.since_",
        "change.before_",
        "change.than_",
    )
    made += ("departement.yield_baseline.", "departement.yield_why.")
    made += ("departement.outlook_chance_of.",)
    made += tuple(
        f"pipeline.{part}."
        for part in ("state", "meaning", "status", "severity", "table", "kind", "check_name")
    )
    for key in catalogue("fr").texts:
        counted = key.removesuffix(".one").removesuffix(".many")
        asked = any(f'"{name}"' in code or f"'{name}'" in code for name in (key, counted))
        assert key.startswith(made) or asked, key


def test_every_text_that_is_asked_for_exists() -> None:
    asked = re.compile(r"words\(\s*[\"']([a-z_]+(?:\.\w+)+)[\"']")
    for path in [*APP.rglob("*.py"), *APP.rglob("*.j2")]:
        for key in asked.findall(path.read_text(encoding="utf-8")):
            known = catalogue("fr").texts
            # What ends in `_` or `.` is put together with a name.
            made = key[-1] in "_." and any(each.startswith(key) for each in known)
            assert made or key in known, (path.name, key)


def test_plural() -> None:
    assert catalogue("fr").count("departement.dekads", 1) == "10\u00a0jours (1\u00a0décade)"
    assert catalogue("en").count("departement.dekads", 3) == "30\u00a0days (3\u00a0dekads)"


def test_a_crop_without_a_word_is_made_readable() -> None:
    assert catalogue("fr").crop("soft_wheat") == "Blé tendre"
    assert catalogue("fr").crop("winter_oat") == "winter oat"


def test_no_template_says_anything_by_itself() -> None:
    """What a reader sees or hears is asked of a catalogue: a template has no words of its own."""
    allowed = {"width", "device", "initial", "scale", "light", "dark", "PNG", "SVG", "CSV"}
    allowed |= {"Atom", "iCalendar", "HTML", "PDF"}  # names of standards
    wrong = {}
    for template in sorted(APP.rglob("*.j2")):
        text = template.read_text(encoding="utf-8")
        text = re.sub(r"<style.*?</style>|<code>.*?</code>|{#.*?#}", "", text, flags=re.S)
        text = re.sub(r"{%.*?%}|{{.*?}}", "", text, flags=re.S)
        heard = re.findall(r"(?:aria-label|title|placeholder|alt|content)=\"([^\"]*)\"", text)
        seen = re.split(r"<[^>]*>", text)
        said = {word for each in (*heard, *seen) for word in re.findall(r"[^\W\d_]{2,}", each)}
        if said - allowed:
            wrong[template.relative_to(APP).as_posix()] = said - allowed
    assert not wrong


def test_french_punctuation_is_kept_to_its_word() -> None:
    """Never a plain space before a colon, a per cent sign or a closing quote."""
    texts = catalogue("fr").texts
    assert not {key: text for key, text in texts.items() if re.search(r" [:;!?%»]", text)}
