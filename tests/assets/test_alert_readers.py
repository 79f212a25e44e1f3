"""Readers with alerts of their own: each is told what concerns them, in their language."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from geo_pipeline.automation.alerts import Alerts
from geo_pipeline.automation.drought_changes import Change, DroughtState
from geo_pipeline.automation.readers import Reader, readers
from geo_pipeline.automation.sensors.drought import drought_alert
from geo_pipeline.errors import UsageError
from geo_pipeline.settings import Settings
from tests.assets.test_alerts import Hook, hook  # noqa: F401  a fixture

DAY = "2022-06-30"


def change(code: str, was: str, now: str, *, level: tuple[str, str] = ("none", "none")) -> Change:
    before = DroughtState(was, "2022-06-20", level[0], "2022-06-20")
    return Change(code, before, DroughtState(now, DAY, level[1], DAY), False, False)


CHANGES = [
    change("32", "D0", "D1"),
    change("31", "D1", "D3"),
    change("33", "D2", "normal"),
    change("75", "normal", "normal", level=("vigilance", "alerte")),
]
STANDING = {"sunflower": {("31", date(2022, 6, 30)), ("32", date(2022, 3, 31))}}


def told(**preferences: object) -> set[tuple[str, str]]:
    """Return what a reader is told: départements with `worse`, `raised` or `over`."""
    reader = Reader.model_validate({"name": "a", "emails": ["a@example.org"], **preferences})
    return {
        (each.code, what)
        for each in reader.concerning(CHANGES, STANDING)
        for what in ("worse", "raised", "over")
        if getattr(each, what)
    }


def test_without_preferences_everything_is_told() -> None:
    assert told() == {("32", "worse"), ("31", "worse"), ("33", "over"), ("75", "raised")}


def test_places_classes_levels_and_crops_each_narrow_it() -> None:
    assert told(departements=["Gers"]) == {("32", "worse")}
    assert told(regions=["76"]) == {("32", "worse"), ("31", "worse")}
    assert told(departements=["75"], regions=["75"]) == {("75", "raised"), ("33", "over")}
    assert told(from_class="D2") == {("31", "worse"), ("33", "over"), ("75", "raised")}
    assert told(from_class="D3") == {("31", "worse"), ("75", "raised")}
    assert told(from_class="never") == {("75", "raised")}
    assert told(from_level="crise", from_class="never") == set()
    # Sunflower stands in 31 on that dekad; in 32 it did in March only.
    assert told(crops=["sunflower"]) == {("31", "worse")}
    assert told(crops=["potato"]) == set()


def test_each_reader_gets_their_own_message_once(tmp_path: Path, hook: Hook) -> None:  # noqa: F811
    """In their language, by their channel; and nothing of what concerns others."""
    file = tmp_path / "readers.toml"
    file.write_text(
        f"""
[[reader]]
name = "Gers"
departements = ["32"]
webhooks = ["{hook.url}"]

[[reader]]
name = "Grain trader"
from_class = "D3"
from_level = "never"
language = "en"
webhooks = ["{hook.url}"]

[[reader]]
name = "Corsica"
regions = ["94"]
webhooks = ["{hook.url}"]
""",
        encoding="utf-8",
    )
    settings = Settings(home=tmp_path, alert_readers=file)
    for _ in range(2):  # the second time nothing is new
        for reader in readers(settings):
            own = reader.settings(settings)
            alert = drought_alert(own, reader.concerning(CHANGES, {}))
            Alerts(own, reader.folder).send([alert] if alert else [])
    titles = [each["text"].replace("\u00a0", " ") for each in hook.taken]
    assert titles == [
        "Gers (32) : sécheresse modérée (auparavant : anormalement sec)",
        "Haute-Garonne (31): extreme drought (before: moderate drought)",
    ]


MISTAKES = (
    ("readers", "write each reader below a line"),
    ("[[reader]]\nname = 'a'", "reader 1: give emails or webhooks"),
    ("[[reader]]\nemails = ['a@b.fr']", "reader 1: name: Field required"),
    ("[[reader]]\nname = 'a'\nemails = ['a@b.fr']\ncolour = 'red'", "colour: Extra inputs"),
    ("[[reader]]\nname = 'a'\nwebhooks = ['x']\ncrops = ['oats']", "unknown crop oats"),
    ("[[reader]]\nname = 'a'\nwebhooks = ['x']\nregions = ['99']", "unknown region 99"),
    ("[[reader]]\nname = 'a'\nwebhooks = ['x']\ndepartements = ['Gars']", "did you mean"),
    ("[[reader]]\nname = 'a'\nwebhooks = ['x']\nfrom_class = 'D5'", "from_class: Input should be"),
    ("[[reader]]\nname = 'a'\nemails = ['a@b.fr']", "set GEO_PIPELINE_SMTP_URL"),
    ("[[reader]]\nname = 'a'\nwebhooks = ['x']\n" * 2, "two readers are called a"),
    ("[[reader]", "cannot be read"),
)


@pytest.mark.parametrize(("content", "says"), MISTAKES)
def test_a_mistake_in_the_file_is_one_line(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "readers.toml"
    file.write_text("other = 1" if content == "readers" else content, encoding="utf-8")
    with pytest.raises(UsageError) as wrong:
        readers(Settings(home=tmp_path, alert_readers=file))
    text = str(wrong.value)
    assert says in text
    assert str(file) in text
    assert "\n" not in text


def test_the_test_of_alerts_reaches_readers_too(tmp_path: Path, hook: Hook) -> None:  # noqa: F811
    file = tmp_path / "readers.toml"
    file.write_text(f"[[reader]]\nname = 'Gers'\nlanguage = 'en'\nwebhooks = ['{hook.url}']\n")
    done = subprocess.run(
        [sys.executable, "-m", "geo_pipeline", "test-alert"],
        env={"GEO_PIPELINE_HOME": str(tmp_path), "GEO_PIPELINE_ALERT_READERS": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["log file: taken", "Gers: webhook 1: taken"]
    assert hook.taken[0]["text"] == "Test of the alerts"
