"""Small JSON files that are believed: no flipped bit of them goes unnoticed, none ends a run."""

import json
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError, SourceError
from geo_pipeline.sources.raw import About, RawStore
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import RECORD, Finding, Findings
from geo_pipeline.storage.inbox_files import About as AboutFile
from geo_pipeline.storage.inbox_files import ProvidedFiles
from geo_pipeline.words import message, verbatim

ERROR = Finding(
    "weather_daily", "31", "jumps", "error", verbatim("40 °C"), "2026-06-18T00:00:00+00:00"
)


def flipped(content: bytes, bit: int) -> bytes:
    """Return `content` with a bit flipped."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_each_bit_of_a_note_is_looked_at(tmp_path: Path) -> None:
    path, content = tmp_path / "note.json", [{"what": "40 °C", "since": 3, "is": True}]
    notes.write(path, content)
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        path.write_bytes(flipped(whole, bit))
        with suppress(DamagedError):
            assert notes.read(path) == content  # a blank that is another blank says the same
    for length in range(len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedError):
            notes.read(path)


def test_a_note_of_before_there_were_digests_is_read(tmp_path: Path) -> None:
    path = tmp_path / "weather_daily" / "31.json"
    path.parent.mkdir()
    path.write_text(json.dumps([ERROR.told()]))
    assert Findings(tmp_path).of("weather_daily", "31") == [ERROR]


ADDING = """
import sys
from dataclasses import replace
from pathlib import Path
from geo_pipeline.storage.findings import Findings
from tests.unit.test_notes import ERROR
print(flush=True)
sys.stdin.readline()
findings = Findings(Path(sys.argv[1]))
for number in range(30):
    check = f"{sys.argv[2]} {number}"
    findings.replace("weather_daily", "31", [replace(ERROR, check=check)], [check])
"""


def test_two_processes_lose_no_finding_of_one_another(tmp_path: Path) -> None:
    """A run of 31 publishes, and tells of damaged files of 32, while a run of 32 is checked."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ADDING, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for name in ("a", "b")
    ]
    for each in processes:
        assert each.stdout is not None
        each.stdout.readline()  # both are ready
    for each in processes:
        assert each.stdin is not None
        each.stdin.write(b"\n")
        each.stdin.close()
    assert [each.wait(timeout=120) for each in processes] == [0, 0]
    found = {each.check for each in Findings(tmp_path).of("weather_daily", "31")}
    assert found == {f"{name} {number}" for name in ("a", "b") for number in range(30)}


def test_a_finding_is_kept_with_its_values_and_told_in_either_language(tmp_path: Path) -> None:
    what = message("quality.days.gap", score=40.0, first="2021-03-02", last="2021-04-10")
    finding = Finding("weather_daily", "31", "days", "warning", what, "2026-06-18T00:00:00+00:00")
    Findings(tmp_path).replace("weather_daily", "31", [finding], ["days"])
    ((kept, *_),) = [notes.read(path) for path in tmp_path.glob("*/*.json")]
    assert kept["what"]["values"] == {"score": 40.0, "first": "2021-03-02", "last": "2021-04-10"}
    assert kept["what"]["en"] == "40 days are missing, 2021-03-02 to 2021-04-10"
    (read,) = Findings(tmp_path).all()
    assert read.what("fr") == "il manque 40\u00a0jours, du 2021-03-02 au 2021-04-10"


def test_a_finding_that_cannot_be_read_holds_until_the_checks_have_run(tmp_path: Path) -> None:
    """A flip of `error` must not release a département."""
    findings = Findings(tmp_path)
    findings.replace("weather_daily", "31", [ERROR], ["jumps"])
    path = tmp_path / "weather_daily" / "31.json"
    for damage in (path.read_bytes().replace(b"error", b"errop"), b"", b"{", b"[{}]", b"\xff"):
        path.write_bytes(damage)
        (finding,) = findings.held()["31"]
        assert (finding.check, finding.severity) == (RECORD, "error")
        assert f"{path} is damaged" in str(finding.what) or "no finding" in str(finding.what)
        assert "\n" not in str(finding.what)
    findings.replace("weather_daily", "31", [], ["jumps"])
    assert findings.held() == {}


def test_a_failure_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    failures = Failures(tmp_path)
    failures.add("weather_daily", "31", "open-meteo", verbatim("answered 503"))
    failures.add("weather_daily", "32", "open-meteo", verbatim("answered 503"))
    path = tmp_path / "weather_daily" / "31.json"
    path.write_bytes(flipped(path.read_bytes(), 900))
    damaged, other = failures.all()
    assert (damaged.table, damaged.departement) == ("weather_daily", "31")
    assert "is damaged" in str(damaged.why)
    assert str(other.why) == "answered 503"
    failures.clear("weather_daily", "31")
    assert list(failures.all()) == [other]


def test_a_failure_that_an_older_version_noted_is_read(tmp_path: Path) -> None:
    """Its reason was a text in English: that is what is told in either language."""
    old = {
        "table": "weather_daily",
        "departement": "31",
        "source": "open-meteo",
        "why": "answered 503",
        "failed_at": "2026-06-18T00:00:00+00:00",
    }
    notes.write(tmp_path / "weather_daily" / "31.json", old)
    (failure,) = Failures(tmp_path).all()
    assert failure.why("fr") == "answered 503"
    assert failure.told() == old


def test_what_is_told_of_a_kept_answer_is_looked_at(tmp_path: Path) -> None:
    """A flipped digit of its time would be another provenance of the rows made from it."""
    store = RawStore(tmp_path)
    place = store.place("x", "https://example.org/a.json")
    about = About(
        "x", "https://example.org/a.json", {}, 200, None, None, None, False, "", None, None
    )
    kept = store.put(place, about, [b"{}"])
    path = place / "received.json"
    whole = path.read_bytes()
    chance = random.Random(12)
    for _ in range(300):
        path.write_bytes(flipped(whole, chance.randrange(8 * len(whole))))
        assert store.find(place) in (None, kept)


def test_a_provided_file_that_is_not_what_was_dropped_is_told(tmp_path: Path) -> None:
    staged = tmp_path / "staged"
    staged.write_bytes(b"a;b\n1;2\n")
    sha256 = "b1b5dae9ffa6a7cc4c29ef6f6a2bd4b6a4d2a6a4ac7e6c52e0d2e84b4e5c4a57"
    provided = ProvidedFiles(tmp_path / "provided").take(
        staged, "crops.csv", sha256, AboutFile("crops", "crops", ("31",))
    )
    with pytest.raises(SourceError, match=r"crops\..*csv is damaged .*: drop crops\.csv again"):
        provided.check()
