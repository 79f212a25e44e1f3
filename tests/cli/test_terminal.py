"""What commands print: few troubles one by one, of many doubts the number."""

import pytest

from geo_pipeline.commands.terminal import FEW_DOUBTS, tell_doubts
from geo_pipeline.storage.findings import Finding
from geo_pipeline.words import verbatim


def doubt(code: str, check: str = "jumps") -> Finding:
    return Finding("weather_daily", code, check, "warning", verbatim("20 °C in a day"), "2026")


def told(doubts: list[Finding], capsys: pytest.CaptureFixture[str]) -> list[str]:
    tell_doubts(doubts)
    return capsys.readouterr().err.splitlines()


def test_few_doubts_are_told_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told([doubt("31"), doubt("32")], capsys)
    assert lines[0] == "published, though a check has a doubt:"
    assert lines[1] == "  weather_daily 31: jumps: 20 °C in a day"
    assert len(lines) == 3
    assert told([], capsys) == []


def test_of_many_doubts_the_number_is_told_and_where_to_read_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = [doubt(code, check) for code in ("31", "32", "33") for check in ("jumps", "order")]
    assert len(many) > FEW_DOUBTS
    (line,) = told([*many, doubt("01")], capsys)
    assert line == (
        "published, though checks have 7 doubts of 4 départements (weather_daily, jumps: 4; "
        "weather_daily, order: 3): `geo-pipeline status` names the places, "
        "`geo-pipeline status 01` tells those of one"
    )
