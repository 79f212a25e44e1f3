"""Dockerfile, docker-compose.yml and .dockerignore: what can go wrong without building anything."""

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from geo_pipeline.cli import app as command_line
from geo_pipeline.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
LONG_LIVED = {"app", "dagster-webserver", "dagster-daemon"}


def _with_defaults(text: str) -> str:
    """Put in the default of each variable, as compose does where the environment is silent."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def _services() -> dict[str, dict[str, Any]]:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    services: dict[str, dict[str, Any]] = yaml.safe_load(_with_defaults(text))["services"]
    return services


def _stages() -> list[list[tuple[str, str]]]:
    """Return the Dockerfile's instructions, (name, arguments), by stage; first what is before."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    stages: list[list[tuple[str, str]]] = [[]]
    for line in filter(str.strip, text.splitlines()):
        name, _, arguments = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, " ".join(arguments.split())))
    return stages


def _of_image(name: str) -> list[str]:
    """Return the arguments of the instructions `name` in the stage that becomes the image."""
    return [arguments for each, arguments in _stages()[-1] if each == name]


def _copied() -> set[str]:
    """Return what the stages take from the project's folder."""
    every = [each for stage in _stages() for each in stage]
    plain = [words for name, words in every if name == "COPY" and "--from=" not in words]
    return {source for words in plain for source in words.split()[:-1]}


@pytest.mark.parametrize("name", sorted(_services()))
def test_a_service_runs_what_the_image_has(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    scripts = set(project["scripts"]) | set(entry_points(group="console_scripts").names)
    program, *arguments = _services()[name]["command"]
    if program == "python":
        assert arguments.pop(0) == "-m"
        module = arguments.pop(0)
        assert (ROOT / module / "__main__.py").is_file()
        assert module in _copied()
    else:
        assert program in scripts
    for argument in arguments:
        if argument.endswith(".py"):
            assert (ROOT / argument).is_file()
            assert argument.partition("/")[0] in _copied()


def test_ports_are_open_to_this_machine_only_by_default() -> None:
    ports = {name: each["ports"] for name, each in _services().items() if "ports" in each}
    assert set(ports) == {"app", "dagster-webserver"}
    for published in ports.values():
        assert all(port.startswith("127.0.0.1:") for port in published)


def test_all_share_the_home_of_the_image_and_the_app_only_reads_it() -> None:
    settings = dict(words.split("=", 1) for each in _of_image("ENV") for words in each.split())
    home = settings["GEO_PIPELINE_HOME"]
    assert _of_image("VOLUME") == [home]
    assert settings["DAGSTER_HOME"] == str(Settings(home=Path(home)).dagster_home)
    for name, service in _services().items():
        assert service["volumes"] == [f"data:{home}:ro" if name == "app" else f"data:{home}"]


def test_settings_handed_on_exist() -> None:
    handed_on = {name for each in _services().values() for name in each["environment"]}
    known = {f"GEO_PIPELINE_{field.upper()}" for field in Settings.model_fields}
    assert handed_on <= known


def test_the_app_is_handed_its_settings_and_no_secrets_of_others() -> None:
    """Where it listens is in its command, as the health check and the ports have it."""
    app = set(_services()["app"]["environment"])
    names = {name for name in Settings.model_fields if name.startswith("app_")}
    own = {f"GEO_PIPELINE_{name.upper()}" for name in names - {"app_address", "app_port"}}
    assert own <= app
    secret = {
        f"GEO_PIPELINE_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    for name, service in _services().items():
        of_app = secret & own
        handed_on = set(service["environment"]) & secret
        assert handed_on == of_app if name == "app" else not handed_on & of_app


def test_all_wait_for_dagster_s_home() -> None:
    for name, service in _services().items():
        waits = service.get("depends_on", {})
        ready = {"prepare": {"condition": "service_completed_successfully"}}
        assert waits == ({} if name == "prepare" else ready), name
        assert (service["restart"] == "unless-stopped") == (name in LONG_LIVED)
        assert ("healthcheck" in service) == (name in LONG_LIVED)


def test_what_prepare_runs_makes_configuration_and_databases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(tmp_path))
    result = CliRunner().invoke(command_line, _services()["prepare"]["command"][1:])
    assert result.exit_code == 0, result.output
    made = {path.name for path in (tmp_path / "dagster").rglob("*") if path.is_file()}
    assert {"dagster.yaml", "runs.db", "index.db", "schedules.db"} <= made


def test_the_image_runs_as_a_numbered_user_who_owns_nothing_but_the_volume() -> None:
    stage = _stages()[-1]
    (user,) = _of_image("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    last = [name for name, _ in stage].index("USER")
    assert {name for name, _ in stage[last:]} <= {"USER", "VOLUME", "CMD"}
    assert not any("--chown" in words for words in _of_image("COPY"))


def test_every_stage_stands_on_the_base_that_the_builder_names() -> None:
    before, *stages = _stages()
    (argument,) = (words for name, words in before if name == "ARG")
    assert argument.startswith("BASE_IMAGE=python:3.")
    named = {stage[0][1].partition(" AS ")[2] for stage in stages}
    assert all(stage[0][1].split()[0] in named | {"${BASE_IMAGE}"} for stage in stages)


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    seen = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    assert seen == _copied()
    assert {"assets_data", "geo_pipeline", "panel_app", "requirements.txt"} <= seen
    assert all((ROOT / name).exists() for name in seen)
    assert seen.isdisjoint({".git", ".venv", "data", "tests"})
