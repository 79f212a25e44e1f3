"""What the policy of a page asks of its templates and scripts: no styles within HTML."""

import re
from pathlib import Path

import pytest

from panel_app.serving.document import styles_of

APP = Path(__file__).resolve().parents[3] / "panel_app"
TEMPLATES = sorted(APP.rglob("*.j2"))
SCRIPTS = sorted(APP.rglob("*.js"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(APP).as_posix())
def test_no_template_has_styles_that_the_policy_blocks(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"""(?<![\w-])style\s*=""", text)
    assert not re.search(r"<style>", text), "write <style{{ nonce }}>"
    assert not re.search(r"(?<![\w-])on[a-z]+\s*=\s*[\"']", text)


def test_no_script_brings_styles_as_text() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    assert not re.search(r"""setAttribute\(\s*["']style|createElement\(\s*["']style|<style""", text)


def test_no_rule_looks_for_a_style_as_it_was_written() -> None:
    """A style that a script has set reads `rgb(...)`: rules look at `data-style`, which stays."""
    for path in sorted(APP.rglob("*.css")):
        assert "[style" not in path.read_text(encoding="utf-8"), path


def test_the_first_view_has_the_styles_of_its_elements() -> None:
    page = '<i data-style="width:12.5%;--left:3px"></i><i data-style="width:12.5%;--left:3px"></i>'
    other = '<i data-style="background-color:#b8431f"></i>'
    rules = styles_of({"main": page, "shapes": other, "notice": page}).splitlines()
    assert rules == [
        '[data-style="width:12.5%;--left:3px"]:not(#_){width:12.5%;--left:3px}',
        '[data-style="background-color:#b8431f"]:not(#_){background-color:#b8431f}',
    ]


@pytest.mark.parametrize("said", ["color:red}body{display:none", "x:&quot;", "a:url(/x)"])
def test_what_is_no_plain_style_is_no_rule(said: str) -> None:
    page = f'<i data-style="{said}"></i>'
    assert styles_of({"main": page, "shapes": "", "notice": ""}) == ""
