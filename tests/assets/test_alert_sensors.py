"""The sensors that raise alerts: what happens to real homes and runs, and what is told of it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.storage.tags import MAX_RETRIES_TAG, WILL_RETRY_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._utils.error import SerializableErrorInfo

from geo_pipeline.assets.drought import departement_risk
from geo_pipeline.assets.publication import warehouse
from geo_pipeline.automation.sensors import drought, operations
from geo_pipeline.errors import HeldError, SourceError, UsageError
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.partitions import departement_partitions
from geo_pipeline.platform.run_records import run_failures
from geo_pipeline.platform.step_failures import failure
from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import Finding, Findings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.territory import CODES
from geo_pipeline.words import message, verbatim

pytestmark = pytest.mark.slow

NOTED = "first publication: noted, no message is sent"


def lines(home: Path) -> list[dict[str, Any]]:
    """Return the alerts in the log file."""
    log = home / "alerts" / "alerts.jsonl"
    if not log.exists():
        return []
    every = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    return [each for each in every if each["event"] == "alert"]


class Ticking:
    """A sensor ticked by hand, each tick in a context of its own that has only the cursor."""

    def __init__(self, sensor: dg.SensorDefinition, instance: dg.DagsterInstance) -> None:
        self.sensor, self.instance = sensor, instance
        self.cursor: str | None = None

    def tick(self) -> str:
        """Return what the sensor says of a tick."""
        context = dg.build_sensor_context(self.instance, cursor=self.cursor)
        data = self.sensor.evaluate_tick(context)
        assert data.run_requests == []
        self.cursor = data.cursor
        assert data.skip_message is not None
        return data.skip_message


CHOSEN = ("09", "31", "32", "46", "66")
"""At the end of 2022: D1, D0, normal, D0, D4."""


@pytest.fixture(scope="module")
def chosen_lake(published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake with the last months of a few départements: published in no time."""
    root = tmp_path_factory.mktemp("chosen")
    whole, lake = Lake(published_home / "lake"), Lake(root)
    for name in ("departements", "departement_shapes", "departement_neighbours"):
        shutil.copytree(whole.root / name, root / name)
    shutil.copytree(whole.root / "water_restrictions", root / "water_restrictions")
    for code in CHOSEN:
        for name in ("weather_daily", "drought_indicators"):
            rows = whole.read(name, code)
            day = "date" if name == "weather_daily" else "period_end"
            late = rows[rows[day] > pd.Timestamp(2022, 11, 30)]
            lake.write(name, late, whole.origin(name, code), code)
    return root


@pytest.fixture
def settings(chosen_lake: Path, tmp_path: Path) -> Settings:
    """Return the settings of a home of its own with that lake."""
    shutil.copytree(chosen_lake, tmp_path / "home" / "lake")
    return Settings(home=tmp_path / "home")


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings) as opened:
        yield opened


@pytest.fixture
def publishing() -> Iterator[dg.DagsterInstance]:
    """Give an instance in memory, for those that only publish: a real one takes a while to make."""
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def publish(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Publish what the lake holds, by the pipeline's own assets."""
    workspace = Workspace(settings)
    done = dg.materialize(
        [departement_risk, warehouse], instance=instance, resources={"workspace": workspace}
    )
    assert done.success


def put_class(settings: Settings, code: str, drought_class: str, day: str = "2022-12-31") -> None:
    """Let the combined class of a dekad be another one, D1 to D3 being likely (8 times in 10)."""
    lake = Lake(settings.lake)
    rows = lake.read("drought_indicators", code)
    place = (rows["indicator"] == "combined") & (rows["period_end"] == pd.Timestamp(day))
    assert place.sum() == 1
    classes = rows["drought_class"].cat
    if drought_class not in classes.categories:
        rows["drought_class"] = classes.add_categories([drought_class])
    rows.loc[place, "drought_class"] = drought_class
    rows.loc[place, ["percentile_low", "percentile_high", "class_chance"]] = [2.4, 19.5, 0.27]
    lake.write("drought_indicators", rows, lake.origin("drought_indicators", code), code)


def put_level(settings: Settings, level_of: dict[str, str | None], day: str) -> None:
    """Let the highest level of restriction on a day be another one."""
    lake = Lake(settings.lake)
    rows = lake.read("water_restrictions").assign(date=pd.Timestamp(day))
    for code, level in level_of.items():
        rows.loc[rows["departement"] == code, "level_max"] = level
    lake.write("water_restrictions", rows, lake.origin("water_restrictions"))


def only(found: list[dg.SensorDefinition]) -> dg.SensorDefinition:
    (sensor,) = found
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    return sensor


# --------------------------------------------------------------------------------------------
# Drought
# --------------------------------------------------------------------------------------------


def test_a_class_that_worsens_is_told_once(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    sensor = only(drought.sensors(settings))
    ticking = Ticking(sensor, instance)
    assert ticking.tick() == "nothing is published yet"
    publish(settings, instance)
    assert ticking.tick() == NOTED
    assert ticking.tick() == "nothing new is published"
    assert lines(settings.home) == []
    put_class(settings, "32", "D2")
    publish(settings, instance)
    assert ticking.tick() == "new publication: 1 départements worse than before"
    (told,) = lines(settings.home)
    assert told["title"] == "Gers (32)\u00a0: sécheresse grave (auparavant\u00a0: normal)"
    assert told["text"].splitlines() == [
        "Sécheresse\u00a0: normal → sécheresse grave (D2).",
        "Classe incertaine\u00a0: entre sécheresse modérée et sécheresse extrême "
        "(8\u00a0chances sur\u00a010).",
        "Période\u00a0: 3e décade de décembre 2022.",
        "Données de l'archive livrée avec le système\u00a0: cette période est passée.",
    ]
    assert told["link"] == (
        "http://localhost:5006/?departement=32&indicator=combined&period=2022-12&lang=fr"
    )
    assert (told["kind"], told["severity"], told["departements"]) == ("drought", "warning", ["32"])
    # Neither the next tick nor the same data again, nor another process with the cursor.
    assert ticking.tick() == "nothing new is published"
    publish(settings, instance)
    again = Ticking(only(drought.sensors(settings)), instance)
    again.cursor = ticking.cursor
    assert again.tick() == "new publication: 0 départements worse than before"
    assert len(lines(settings.home)) == 1
    # Nor a tick whose cursor was lost between the message and its end.
    put_class(settings, "31", "D3")
    publish(settings, instance)
    before = again.cursor
    again.tick()
    again.cursor = before
    again.tick()
    assert [each["departements"] for each in lines(settings.home)] == [["32"], ["31"]]


def test_a_reader_is_told_of_their_own_places_by_the_sensor(
    settings: Settings, publishing: dg.DagsterInstance, tmp_path: Path
) -> None:
    """What they got is in a log of their own; a mistake in the file stops no other message."""
    file = tmp_path / "readers.toml"
    reader = (
        "[[reader]]\nname = 'Lot'\ndepartements = ['46']\nwebhooks = ['http://127.0.0.1:9/x']\n"
    )
    file.write_text(reader)
    with_reader = settings.model_copy(update={"alert_readers": file})
    ticking = Ticking(only(drought.sensors(with_reader)), publishing)
    publish(settings, publishing)
    ticking.tick()
    for code in ("31", "46"):
        put_class(settings, code, "D3")
    publish(settings, publishing)
    ticking.tick()
    (told,) = lines(settings.home)
    assert set(told["departements"]) == {"31", "46"}
    (own,) = (settings.home / "alerts" / "readers").glob("*/alerts.jsonl")
    first = json.loads(own.read_text(encoding="utf-8").splitlines()[0])
    assert first["departements"] == ["46"]
    file.write_text("[[reader]]\nname = 'Lot'\n")
    put_class(settings, "31", "D4")
    publish(settings, publishing)
    with pytest.raises(UsageError, match="give emails or webhooks"):
        ticking.tick()
    assert [each["departements"] for each in lines(settings.home)][1:] == [["31"]]


def test_many_changes_are_one_message_worst_first(
    settings: Settings, publishing: dg.DagsterInstance
) -> None:
    english = settings.model_copy(update={"alert_language": "en", "app_url": "https://d.example/"})
    ticking = Ticking(only(drought.sensors(english)), publishing)
    put_level(settings, {"09": "vigilance", "46": None, "66": "crise"}, "2026-10-03")
    for code, before in {"31": "D0", "32": "normal", "46": "D0", "66": "D1", "09": "D1"}.items():
        put_class(settings, code, before)
    publish(settings, publishing)
    ticking.tick()
    put_class(settings, "31", "D1")
    put_class(settings, "32", "D4")
    put_class(settings, "46", "D3")
    put_class(settings, "66", "normal")
    put_class(settings, "09", "D0")  # better, and not yet normal: not worth a word
    put_level(settings, {"09": "alerte_renforcee", "46": "vigilance", "66": None}, "2026-10-04")
    publish(settings, publishing)
    ticking.tick()
    (told,) = lines(settings.home)
    assert told["title"] == (
        "Drought worse in 3\u00a0départements, water restrictions raised in 2\u00a0départements"
    )
    assert told["severity"] == "error"
    assert told["table"] == [
        ["Département", "Drought", "Water restrictions"],
        ["Gers (32)", "normal → exceptional drought (D4)", ""],
        ["Lot (46)", "abnormally dry → extreme drought (D3)", "no restriction → watch"],
        ["Haute-Garonne (31)", "abnormally dry → moderate drought (D1)", ""],
        ["Ariège (09)", "", "watch → heightened alert"],
    ]
    assert told["text"].splitlines() == [
        "Now: 1 in exceptional drought, 1 in extreme drought, 1 in moderate drought.",
        "On average the class told is the right one 27 times in 100.",
        "Period: 21-31\u00a0December 2022.",
        "Restrictions in force on: 4\u00a0October 2026.",
        "Data of the archive that ships with the system: this period is past.",
        "Back to normal: Pyrénées-Orientales (66).",
        "Restrictions lifted: Pyrénées-Orientales (66).",
    ]
    assert told["link"] == "https://d.example/?indicator=combined&period=2022-12&lang=en"


def test_departements_that_are_held_are_judged_when_they_no_longer_are(
    settings: Settings, publishing: dg.DagsterInstance
) -> None:
    ticking = Ticking(only(drought.sensors(settings)), publishing)
    publish(settings, publishing)
    ticking.tick()
    put_class(settings, "32", "D2")
    put_class(settings, "31", "D2")
    publish(settings, publishing)
    findings = Findings(settings.findings)
    finding = Finding(
        "weather_daily", "32", "jumps", "error", verbatim("40 °C in a day"), "2026-11-23"
    )
    findings.replace("weather_daily", "32", [finding], ["jumps"])
    ticking.tick()
    assert [each["departements"] for each in lines(settings.home)] == [["31"]]
    assert ticking.tick() == "nothing new is published"
    findings.replace("weather_daily", "32", [], ["jumps"])
    ticking.tick()
    assert [each["departements"] for each in lines(settings.home)] == [["31"], ["32"]]


def test_provisional_data_are_marked_and_an_earlier_period_is_not_judged(
    settings: Settings, publishing: dg.DagsterInstance
) -> None:
    ticking = Ticking(only(drought.sensors(settings)), publishing)
    publish(settings, publishing)
    ticking.tick()
    lake = Lake(settings.lake)
    weather = lake.read("weather_daily", "32").assign(source="open-meteo")
    weather.loc[weather["date"] == pd.Timestamp(2022, 12, 30), "provisional"] = True
    lake.write("weather_daily", weather, lake.origin("weather_daily", "32"), "32")
    put_class(settings, "32", "D1")
    # Of another one the last dekad is gone; the one before was worse, and is old news.
    put_class(settings, "31", "D4", "2022-12-20")
    rows = lake.read("drought_indicators", "31")
    rows = rows[rows["period_end"] < pd.Timestamp(2022, 12, 31)]
    lake.write("drought_indicators", rows, lake.origin("drought_indicators", "31"), "31")
    publish(settings, publishing)
    ticking.tick()
    (told,) = lines(settings.home)
    assert told["departements"] == ["32"]
    assert told["text"].splitlines()[0].endswith("sécheresse modérée (D1)*.")
    assert told["text"].splitlines()[3] == (
        "* Données provisoires, que le fournisseur peut encore corriger."
    )


# --------------------------------------------------------------------------------------------
# Operations
# --------------------------------------------------------------------------------------------


def failing_job(path: Path) -> dg.JobDefinition:
    """Return a job whose asset fails for the partitions that the file at `path` names."""

    @dg.asset(name="weather_daily", partitions_def=departement_partitions)
    def weather_daily(context: dg.AssetExecutionContext) -> None:
        if context.partition_key in path.read_text(encoding="utf-8"):
            raise SourceError(
                f"open-meteo: https://o.example/{context.partition_key}?key=x is down"
            )

    job = dg.define_asset_job("departement", executor_def=dg.in_process_executor)
    return dg.Definitions(assets=[weather_daily], jobs=[job]).resolve_job_def("departement")


def test_a_failed_run_is_told_once_and_once_more_when_it_is_mended(
    settings: Settings, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("32", encoding="utf-8")
    job = failing_job(broken)
    ticking = Ticking(only(operations.sensors(settings)), instance)
    ticking.tick()
    failed = job.execute_in_process(partition_key="32", instance=instance, raise_on_error=False)
    assert not failed.success
    ticking.tick()
    ticking.tick()
    (told,) = lines(settings.home)
    assert told["title"] == ("Exécution de departement échouée à l'étape weather_daily, Gers (32)")
    reason, moment = told["text"].splitlines()
    assert reason == "Raison\u00a0: open-meteo: https://o.example/32?key=x is down"
    assert moment.startswith("Échec le ")
    assert moment.endswith("\u00a0UTC.")
    assert told["link"] == f"http://localhost:3000/runs/{failed.run_id}"
    assert (told["kind"], told["severity"], told["departements"]) == ("operations", "error", ["32"])
    # The run of another département mends nothing of this one.
    assert job.execute_in_process(partition_key="31", instance=instance).success
    ticking.tick()
    assert len(lines(settings.home)) == 1
    broken.write_text("", encoding="utf-8")
    assert job.execute_in_process(partition_key="32", instance=instance).success
    ticking.tick()
    ticking.tick()
    _, mended = lines(settings.home)
    assert mended["title"] == (
        "Rétabli\u00a0: exécution de departement échouée à l'étape weather_daily, Gers (32)"
    )
    assert mended["severity"] == "info"
    # It may fail again, which is told though the day is not over.
    broken.write_text("32", encoding="utf-8")
    job.execute_in_process(partition_key="32", instance=instance, raise_on_error=False)
    ticking.tick()
    assert len(lines(settings.home)) == 3


@pytest.mark.parametrize("from_command_line", [False, True])
def test_why_a_run_failed_is_told_in_the_language_of_the_alerts(
    settings: Settings, instance: dg.DagsterInstance, *, from_command_line: bool
) -> None:
    """Dagster's pages have the English of our own errors, whose message its record keeps.

    A run of the command line raises its error, so that its end does not name the step.
    """

    @dg.asset
    def exports() -> None:
        error = HeldError(message("states.last_day", day="2022-08-31"))
        raise failure(error.message) from error

    job = dg.define_asset_job("publish", executor_def=dg.in_process_executor)
    made = dg.Definitions(assets=[exports], jobs=[job]).resolve_job_def("publish")
    ticking = Ticking(only(operations.sensors(settings)), instance)
    ticking.tick()
    with suppress(dg.Failure):
        made.execute_in_process(
            instance=instance, raise_on_error=from_command_line, tags={MAX_RETRIES_TAG: "0"}
        )
    (failed,) = instance.get_runs()
    ticking.tick()
    (told,) = lines(settings.home)
    assert told["text"].splitlines()[0] == "Raison\u00a0: dernier jour le 2022-08-31"
    why = run_failures(instance, [failed.run_id])[failed.run_id].told
    assert why("fr") == "exports\u00a0: dernier jour le 2022-08-31"
    assert why("en") == "exports: last day 2022-08-31"


def test_runs_that_fail_alike_are_one_message(
    settings: Settings, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    codes = ["09", "2A", "31", "32"]
    broken.write_text(" ".join(codes), encoding="utf-8")
    job = failing_job(broken)
    for code in codes:
        job.execute_in_process(partition_key=code, instance=instance, raise_on_error=False)
    retried = job.execute_in_process(partition_key="32", instance=instance, raise_on_error=False)
    instance.add_run_tags(retried.run_id, {WILL_RETRY_TAG: "true"})
    ticking = Ticking(only(operations.sensors(settings)), instance)
    ticking.tick()
    (told,) = lines(settings.home)
    assert told["title"] == (
        "4 exécutions de departement échouées à l'étape weather_daily, 4\u00a0départements"
    )
    assert told["departements"] == codes
    assert [row[1] for row in told["table"][1:]] == [
        "Ariège (09)", "Corse-du-Sud (2A)", "Haute-Garonne (31)", "Gers (32)",
    ]  # fmt: skip


def fail(settings: Settings, *codes: str) -> None:
    """Let a provider fail for these départements, as the asset records it."""
    for code in codes:
        why = f"open-meteo, département {code}: https://o.example/a?latitude={code}.5 answered 503"
        Failures(settings.failures).add("weather_daily", code, "open-meteo", verbatim(why))


def test_a_provider_that_fails_for_ten_is_one_message(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    ticking = Ticking(only(operations.sensors(settings)), instance)
    assert ticking.tick().startswith("0 troubles")
    ten = list(CODES[:10])
    fail(settings, *ten)
    ticking.tick()
    ticking.tick()
    (told,) = lines(settings.home)
    assert told["title"] == "weather_daily\u00a0: données non reçues, 10\u00a0départements"
    assert told["departements"] == ten
    heads, row = told["table"]
    assert heads == ["Départements", "Depuis", "Raison"]
    assert row[0].startswith("Ain (01), Aisne (02), Allier (03), ")
    assert row[2] == ("p.\u00a0ex. open-meteo, département 01: https://o.example/a?… answered 503")
    assert told["link"] == "http://localhost:3000/assets/weather_daily"
    # The same ones failing again are no news; one more is, with the others it stands beside.
    fail(settings, *ten[:5])
    ticking.tick()
    assert len(lines(settings.home)) == 1
    fail(settings, "31")
    ticking.tick()
    assert len(lines(settings.home)[-1]["departements"]) == 11
    # Four are mended: told once, together.
    for code in ten[:4]:
        Failures(settings.failures).clear("weather_daily", code)
    ticking.tick()
    ticking.tick()
    assert len(lines(settings.home)) == 3
    mended = lines(settings.home)[-1]
    assert mended["title"] == (
        "Rétabli\u00a0: weather_daily\u00a0: données non reçues, 4\u00a0départements"
    )
    assert mended["departements"] == ten[:4]
    fail(settings, ten[0])
    ticking.tick()
    assert len(lines(settings.home)) == 4


def test_what_fails_is_told_when_the_runs_are_done(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """Or ten minutes later at most; what failed in the meantime comes with it."""
    now = datetime.now(UTC)
    begun, alerts, _ = operations.tick(settings, instance, None, now)
    assert alerts == []
    run = instance.create_run_for_job(
        failing_job(settings.home), status=dg.DagsterRunStatus.STARTED
    )
    fail(settings, "31")
    cursor, alerts, said = operations.tick(settings, instance, begun, now)
    assert alerts == []
    assert said.startswith("runs are under way")
    fail(settings, "32")
    later = now + timedelta(minutes=9)
    cursor, alerts, _ = operations.tick(settings, instance, cursor, later)
    assert alerts == []
    done, alerts, _ = operations.tick(settings, instance, cursor, now + timedelta(minutes=10))
    assert [each.departements for each in alerts] == [("31", "32")]
    instance.report_run_canceled(run)
    _, alerts, _ = operations.tick(settings, instance, cursor, later)
    assert [each.departements for each in alerts] == [("31", "32")]
    assert json.loads(done)["waiting_since"] is None


def test_a_run_that_failed_with_its_provider_is_not_told_twice(
    settings: Settings, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("32", encoding="utf-8")
    run = failing_job(broken).execute_in_process(
        partition_key="32", instance=instance, raise_on_error=False
    )
    assert not run.success
    fail(settings, "32")
    ticking = Ticking(only(operations.sensors(settings)), instance)
    ticking.tick()
    (told,) = lines(settings.home)
    assert told["title"] == "weather_daily\u00a0: données non reçues, Gers (32)"


def test_late_held_and_damaged_departements_are_told_in_english_too(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    english = settings.model_copy(update={"alert_language": "en"})
    lake = Lake(settings.lake)
    live = Provenance("open-meteo", "https://o.example", "2022-12-31T12:00:00+00:00", "0" * 64)
    lake.write("weather_daily", lake.read("weather_daily", "46"), live, "46")
    finding = Finding(
        "weather_daily", "31", "jumps", "error", verbatim("40 °C in a day"), "2026-11-23"
    )
    Findings(settings.findings).replace("weather_daily", "31", [finding], ["jumps"])
    lake.path("drought_indicators", "66").write_bytes(b"PAR1 and then nothing")
    Ticking(only(operations.sensors(english)), instance).tick()
    told = {each["key"]: each for each in lines(settings.home)}
    assert {key: each["title"] for key, each in told.items()} == {
        "held:weather_daily": "weather_daily: held back by a check, Haute-Garonne (31)",
        "late:weather_daily": "weather_daily: late, Lot (46)",
        "damaged:drought_indicators": (
            "drought_indicators: file cannot be read, Pyrénées-Orientales (66)"
        ),
    }
    assert told["held:weather_daily"]["table"][1][2] == "jumps: 40 °C in a day"
    assert told["late:weather_daily"]["severity"] == "warning"
    assert "last day 2022-12-31" in told["late:weather_daily"]["table"][1][2]


def test_a_schedule_that_fails_is_told(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Ticks as the daemon records them."""
    state = InstigatorState(
        RemoteInstigatorOrigin(_origin(), "weather"),
        InstigatorType.SCHEDULE,
        InstigatorStatus.RUNNING,
        ScheduleInstigatorData("0 9 * * *", datetime.now(UTC).timestamp()),
    )
    instance.add_instigator_state(state)
    error = SerializableErrorInfo("ValueError: no such province\n", [], "ValueError")
    now = datetime.now(UTC).timestamp()

    def tick(status: TickStatus, seconds: float) -> None:
        instance.create_tick(
            TickData(
                state.instigator_origin_id,
                state.instigator_name,
                InstigatorType.SCHEDULE,
                status,
                now + seconds,
                error=error if status == TickStatus.FAILURE else None,
                selector_id=state.selector_id,
            )
        )

    tick(TickStatus.FAILURE, 0)
    ticking = Ticking(only(operations.sensors(settings)), instance)
    ticking.tick()
    ticking.tick()
    (told,) = lines(settings.home)
    assert told["title"] == "Calendrier weather\u00a0: il échoue"
    assert told["text"] == "Raison\u00a0: ValueError: no such province"
    tick(TickStatus.SKIPPED, 60)
    ticking.tick()
    assert lines(settings.home)[-1]["title"] == "Rétabli\u00a0: calendrier weather\u00a0: il échoue"


def _origin() -> RemoteRepositoryOrigin:
    place = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name="m"), "here")
    return RemoteRepositoryOrigin(place, "repository")
