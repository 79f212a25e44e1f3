"""The log: a JSON object a line, whole under many writers, without secrets, readable by man."""

import io
import json
import logging
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from geo_pipeline import logs
from geo_pipeline.settings import Settings


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_holds_what_is_known_and_nothing_else(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    log = logging.getLogger("geo_pipeline.somewhere")
    with logs.recording(settings, run_id="r1", job="france"):
        log.info("asked\nagain", extra=logs.about(source="open-meteo", seconds=0.25))
        logs.written("weather_daily", "31", "bundled", 4383)
        logs.failed("weather_daily", "32", "open-meteo", "no\nanswer")
        log.debug("not at level INFO")
    log.warning("after the end")
    asked, written, failed = lines(settings.logs / "pipeline.jsonl")
    moment = datetime.fromisoformat(asked.pop("time"))
    assert moment.tzinfo == UTC
    assert asked == {
        "level": "INFO",
        "logger": "geo_pipeline.somewhere",
        "message": "asked\nagain",
        "run_id": "r1",
        "job": "france",
        "source": "open-meteo",
        "seconds": 0.25,
    }
    assert (written["table"], written["departement"], written["rows"]) == (
        "weather_daily",
        "31",
        4383,
    )
    assert written["seconds"] >= 0
    assert (failed["level"], failed["error"], failed["departement"]) == ("ERROR", "no answer", "32")


def test_the_time_has_milliseconds_and_utc(tmp_path: Path) -> None:
    record = logging.makeLogRecord({"msg": "x", "levelname": "INFO", "created": 0.5})
    line = json.loads(logs.JsonLines(tmp_path / "x").line(record))
    assert line["time"] == "1970-01-01T00:00:00.500Z"


def test_nothing_is_set_up_outside_a_recording(tmp_path: Path) -> None:
    logger = logging.getLogger("geo_pipeline")
    before = list(logger.handlers), logger.level
    assert logs.written("weather_daily", "31", "bundled", 1) is None
    with logs.recording(Settings(home=tmp_path)):
        assert not (tmp_path / "logs").exists()
    assert (list(logger.handlers), logger.level) == before


def test_a_recording_within_another_writes_each_line_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with logs.recording(settings), logs.recording(settings, run_id="inner"):
        logging.getLogger("geo_pipeline").info("one")
    assert [line.get("run_id") for line in lines(settings.logs / "pipeline.jsonl")] == ["inner"]


def test_secrets_never_reach_the_file(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        meteo_france_api_key=SecretStr('k"ey-1234'),
        webhook_urls=[SecretStr("https://hooks.example.org/Tsecret")],
    )
    with logs.recording(settings):
        logging.getLogger("geo_pipeline").error(
            'sent k"ey-1234', extra=logs.about(error="https://hooks.example.org/Tsecret: 404")
        )
    text = (settings.logs / "pipeline.jsonl").read_text(encoding="utf-8")
    assert "ey-1234" not in text
    assert "Tsecret" not in text
    assert json.loads(text)["error"] == "***: 404"


def test_an_exception_is_told_in_one_line(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with logs.recording(settings):
        try:
            raise ValueError("two\nlines")
        except ValueError:
            logging.getLogger("geo_pipeline").exception("went wrong")
    assert lines(settings.logs / "pipeline.jsonl")[0]["error"] == "ValueError: two lines"


def test_the_console_reads_as_plain_words() -> None:
    stream = io.StringIO()
    handler = logs.console(stream)
    record = logging.makeLogRecord(
        {"msg": "weather_daily %s: failed", "args": ("31",), "levelname": "ERROR"}
        | logs.about(error="no answer")
    )
    handler.handle(record)
    assert stream.getvalue().endswith("ERROR weather_daily 31: failed - no answer\n")


def test_a_folder_that_cannot_be_written_stops_no_work(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with logs.recording(Settings(home=tmp_path)):
        logging.getLogger("geo_pipeline").info("lost")


def _write(folder: str, who: int, count: int) -> None:
    handler = logs.JsonLines(Path(folder) / "pipeline.jsonl", {"job": str(who)}, max_bytes=20_000)
    for number in range(count):
        record = logging.makeLogRecord({"msg": f"{number} " + "é" * 300, "levelname": "INFO"})
        handler.handle(record)


def test_four_processes_tear_no_line_and_lose_none_within_what_is_kept(tmp_path: Path) -> None:
    """160 lines of 700 bytes: put aside five times at 20 kB, so that none is dropped yet."""
    count = 35
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(str(tmp_path), who, count)) for who in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
        assert each.exitcode == 0
    files = sorted(tmp_path.glob("pipeline*.jsonl"))
    found = [line for path in files for line in lines(path)]
    assert 1 < len(files) <= 1 + logs.KEPT_FILES
    assert len(found) == 4 * count
    told = {(line["job"], line["message"].split()[0]) for line in found}
    assert told == {(str(who), str(number)) for who in range(4) for number in range(count)}


def test_the_oldest_file_is_dropped(tmp_path: Path) -> None:
    handler = logs.JsonLines(tmp_path / "pipeline.jsonl", max_bytes=10)
    for number in range(logs.KEPT_FILES + 3):
        handler.handle(logging.makeLogRecord({"msg": str(number), "levelname": "INFO"}))
    kept = sorted(path.name for path in tmp_path.glob("*.jsonl"))
    assert kept == [f"pipeline.{n}.jsonl" for n in range(1, logs.KEPT_FILES + 1)]
    assert lines(handler.file.older(1))[0]["message"] == str(logs.KEPT_FILES + 2)


def test_other_files_of_lines_are_bounded_alike(tmp_path: Path) -> None:
    file = logs.Rotated(tmp_path / "alerts.jsonl", max_bytes=100)
    for number in range(100):
        file.append(f"{number:09}")
    kept = sorted(tmp_path.glob("*.jsonl"))
    assert len(kept) == 1 + logs.KEPT_FILES
    assert all(path.stat().st_size <= 110 for path in kept)
    last = "".join(file.older(n).read_text() for n in range(logs.KEPT_FILES, 0, -1))
    last += file.path.read_text()
    assert last.split() == [f"{number:09}" for number in range(100)][-len(last.split()) :]
