"""Dockerfile, docker-compose.yml and .dockerignore: what can go wrong without building anything."""

import ast
import os
import re
import shutil
import stat
import subprocess
import tomllib
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from geo_pipeline.cli import app as command_line
from geo_pipeline.commands.health import COMMANDS, ROLES, of_container
from geo_pipeline.errors import UsageError
from geo_pipeline.settings import Settings, read_settings
from tools.documents import COMPOSE, OF_COMPOSE, OF_THE_IMAGE, compose_file

ROOT = Path(__file__).resolve().parents[2]
OTHERS = {"postgres", "proxy", "store"}
"""Services of images that others make."""

LONG_LIVED = {"app", "dagster-code", "dagster-webserver", "dagster-daemon"} | OTHERS
WORKERS = {"prepare", "pipeline", "dagster-code", "dagster-webserver", "dagster-daemon"}
"""Services that compute, or have it done: they share the volume and Dagster's records."""


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


@pytest.mark.parametrize("name", sorted(WORKERS | {"app"}))
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
        if argument.startswith("/app/"):
            path = argument.removeprefix("/app/")
            assert (ROOT / path).is_file()
            assert path.partition("/")[0] in _copied()


def test_ports_are_open_to_this_machine_only_by_default() -> None:
    ports = {name: each["ports"] for name, each in _services().items() if "ports" in each}
    assert set(ports) == {"app", "dagster-webserver", "proxy"}
    for published in ports.values():
        assert all(port.startswith("127.0.0.1:") for port in published)


def test_dagster_s_pages_are_never_open_to_others_but_through_the_proxy() -> None:
    """Whatever is set: their own port is that of this machine; the proxy's asks for a password."""
    written = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    (port,) = written["dagster-webserver"]["ports"]
    assert port.startswith("127.0.0.1:")
    config = (ROOT / "tools" / "container" / "nginx.conf").read_text(encoding="utf-8")
    servers = config.split("    server {")[1:]
    (dagster,) = [each for each in servers if "dagster-webserver" in each]
    assert dagster.index("auth_basic_user_file /run/secrets/dagster_users") < dagster.index(
        "location"
    )
    assert "auth_basic off" not in config
    assert all(re.findall(r"listen \d+( ssl)?;", each) == [" ssl"] for each in servers)


def test_all_share_the_home_of_the_image_and_the_app_only_reads_it() -> None:
    settings = dict(words.split("=", 1) for each in _of_image("ENV") for words in each.split())
    home = settings["GEO_PIPELINE_HOME"]
    assert _of_image("VOLUME") == [home]
    assert settings["DAGSTER_HOME"] == str(Settings(home=Path(home)).dagster_home)
    for name in WORKERS | {"app"}:
        of = _services()[name]["volumes"]
        assert of == [f"data:{home}:ro" if name == "app" else f"data:{home}"]


def _of_app() -> set[str]:
    """Return the settings that the code of the app asks for, wherever it names one."""
    found = set()
    for path in (ROOT / "panel_app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and "ettings" in ast.unparse(node.value):
                found.add(node.attr)
    return found & set(Settings.model_fields)


def _handed_on(name: str) -> list[str]:
    """Return the settings that a service is handed where they are set."""
    prefix = "GEO_PIPELINE_"
    variables: list[str] = _services()[name]["environment"]
    plain = [each for each in variables if "=" not in each]
    assert all(each.startswith(prefix) for each in plain)
    return [each.removeprefix(prefix).lower() for each in plain]


def test_every_setting_is_handed_on_to_who_reads_it() -> None:
    """A new field of `Settings` has to be handed on too, in the order of the class."""
    fields = [name for name in Settings.model_fields if name not in OF_THE_IMAGE | OF_COMPOSE]
    for service in WORKERS:
        wanted = [name for name in fields if not name.startswith("app_") or name == "app_url"]
        assert _handed_on(service) == wanted, "run `just docs`"
    app = _handed_on("app")
    assert app == [name for name in fields if name in app]
    assert {name for name in fields if name.startswith("app_")} <= set(app)
    assert _of_app() - OF_THE_IMAGE <= set(app)


def test_a_new_setting_is_written_into_the_compose_file(monkeypatch: pytest.MonkeyPatch) -> None:
    written = COMPOSE.read_text(encoding="utf-8")
    assert compose_file() == written
    monkeypatch.setitem(Settings.model_fields, "brand_new", Settings.model_fields["since"])
    line = "    - GEO_PIPELINE_BRAND_NEW\n"
    assert compose_file().count(line) == 1
    assert compose_file().replace(line, "") == written


def test_the_app_knows_no_secret_of_others_and_others_none_of_the_app() -> None:
    secret = {
        name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)
    }
    assert {"smtp_url", "webhook_urls", "meteo_france_api_key", "postgres_url"} <= secret
    of_app = {name for name in secret if name.startswith("app_")}
    of_store = {name for name in secret if name.startswith("store_")}  # all read it
    assert secret & set(_handed_on("app")) == of_app | of_store
    for service in WORKERS:
        assert not of_app & set(_handed_on(service))
    files = {name: _secret_files(name) for name in _services()}
    keys = ("geo_pipeline_store_access_key_id", "geo_pipeline_store_secret_access_key")
    # The app's keys only read.
    assert files["app"] == {
        "app_cookie_secret": "geo_pipeline_app_cookie_secret",
        **dict(zip(("store_reader_key_id", "store_reader_key"), keys, strict=True)),
    }
    for service in WORKERS:
        assert files[service] == {
            "postgres_password": "geo_pipeline_postgres_password",
            **dict(zip(("store_key_id", "store_key"), keys, strict=True)),
        }
    assert set(files["postgres"]) == {"postgres_password"}


def _secret_files(name: str) -> dict[str, str]:
    """Return the secrets that a service is given as files: their names, and those of the files."""
    given = _services()[name].get("secrets", [])
    return {each: each for each in given if isinstance(each, str)} | {
        each["source"]: each["target"] for each in given if not isinstance(each, str)
    }


def test_a_secret_is_a_file_that_is_named_like_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {file for name in WORKERS | {"app"} for file in _secret_files(name).values()}
    assert {file.removeprefix("geo_pipeline_") for file in named} <= set(Settings.model_fields)
    for file in named:
        (tmp_path / file).write_text("a/b:c\n", encoding="utf-8")
    monkeypatch.setenv("GEO_PIPELINE_SECRETS", str(tmp_path))
    (line,) = [each for each in _services()["pipeline"]["environment"] if "POSTGRES_URL=" in each]
    name, _, value = line.partition("=")
    monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.app_cookie_secret is not None
    assert settings.app_cookie_secret.get_secret_value() == "a/b:c"
    assert settings.records_address is not None
    assert settings.records_address.get_secret_value() == (
        "postgresql://dagster:a%2Fb%3Ac@postgres:5432/dagster"
    )
    assert "a/b" not in repr(settings)
    assert "a%2Fb" not in repr(settings)


def test_a_secret_that_cannot_be_read_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "geo_pipeline_postgres_password").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("GEO_PIPELINE_SECRETS", str(tmp_path))
    with pytest.raises(UsageError, match=r"the secret .* cannot be read"):
        read_settings()


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    """`secrets.sh`: every file that compose names, for the eyes of the owner alone."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    folder = tmp_path / "secrets"
    command = ["sh", str(ROOT / "tools" / "container" / "secrets.sh"), str(folder)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert {path.name for path in folder.iterdir()} == set(yaml.safe_load(text)["secrets"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in folder.iterdir())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(set(before.values())) == len(before)
    password = re.search(r"user dagster, password (\w{24})", told)
    assert password is not None
    assert not any(password[1].encode() in content for content in before.values())
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    assert again.stderr == ""
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_service_has_limits_and_a_log_that_ends() -> None:
    for name, service in _services().items():
        assert re.fullmatch(r"[1-9]g", service["mem_limit"]), name
        assert float(service["cpus"]) > 0, name
        assert service["pids_limit"] > 0, name
        assert service["logging"]["driver"] == "json-file"
        assert {"max-size", "max-file"} == set(service["logging"]["options"]), name


def test_who_breaks_into_the_app_reaches_neither_dagster_nor_its_records() -> None:
    networks = {name: set(service["networks"]) for name, service in _services().items()}
    near = {name for name, each in networks.items() if each & networks["app"]} - {"app"}
    assert near == {"proxy", "store"}
    near = {name for name, each in networks.items() if each & networks["dagster-webserver"]}
    assert near == WORKERS | {"postgres", "proxy", "store"}
    assert not networks["proxy"] & networks["postgres"]
    text = _with_defaults((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert set(yaml.safe_load(text)["networks"]) == set().union(*networks.values())


def test_a_file_is_dropped_into_the_inbox_of_the_volume_as_the_documents_say(
    tmp_path: Path,
) -> None:
    """The command within the container, run here: the name appears once the file is whole."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (line,) = [each for each in text.splitlines() if "/data/inbox" in each and "sh -c" in each]
    outside, _, within = line.partition(" sh -c ")
    assert outside.startswith("docker compose run --rm -T pipeline")
    command = f"sh -c {within}".replace("/data/inbox", str(tmp_path / "inbox"))
    (tmp_path / "saa.xlsx").write_bytes(bytes(range(256)) * 4000)
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    (dropped,) = (tmp_path / "inbox").iterdir()
    assert dropped.name == "saa.xlsx"
    assert dropped.read_bytes() == (tmp_path / "saa.xlsx").read_bytes()
    (tmp_path / "saa.xlsx").unlink()
    assert subprocess.run(command, shell=True, cwd=tmp_path, check=False).returncode


def test_the_file_is_one_for_compose(tmp_path: Path) -> None:
    """`docker compose config`, where there is a compose: Debian's package `docker-compose`."""
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not on this machine")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    said = subprocess.run(
        ["docker-compose", "--profile", "proxy", "--profile", "s3", "config"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "GEO_PIPELINE_SOURCE": "sim2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    services = yaml.safe_load(said.stdout)["services"]
    assert set(services) == set(_services())
    assert "variable is not set" not in said.stderr
    assert services["pipeline"]["environment"]["GEO_PIPELINE_SOURCE"] == "sim2"
    assert "GEO_PIPELINE_SOURCE" not in services["app"]["environment"]


def test_services_start_in_the_order_in_which_they_need_each_other() -> None:
    healthy, done = "service_healthy", "service_completed_successfully"
    wanted = {
        "postgres": {},
        "prepare": {"postgres": healthy},
        "pipeline": {"prepare": done},
        "app": {"prepare": done},
        "dagster-code": {"prepare": done},
        "dagster-webserver": {"dagster-code": healthy},
        "dagster-daemon": {"dagster-code": healthy},
        "store": {},
        "proxy": {"app": healthy, "dagster-webserver": healthy},
    }
    found = {
        name: {each: how["condition"] for each, how in service.get("depends_on", {}).items()}
        for name, service in _services().items()
    }
    assert found == wanted
    for name, service in _services().items():
        assert (service["restart"] == "unless-stopped") == (name in LONG_LIVED)
        assert ("healthcheck" in service) == (name in LONG_LIVED)
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name


@pytest.mark.parametrize("name", sorted(WORKERS | {"app"}))
def test_a_container_finds_out_which_service_it_is(name: str, tmp_path: Path) -> None:
    """The image has one health check; the first process is Docker's own, and names the command."""
    words = ["/sbin/docker-init", "--", *_services()[name]["command"]]
    first = tmp_path / "cmdline"
    first.write_bytes("\0".join(words).encode() + b"\0")
    found = of_container(first)
    assert found == {
        "app": "app",
        "dagster-code": "code",
        "dagster-webserver": "webserver",
        "dagster-daemon": "daemon",
    }.get(name)
    assert set(COMMANDS.values()) == set(ROLES)


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
    assert {name for name, _ in stage[last:]} <= {"USER", "VOLUME", "HEALTHCHECK", "CMD"}
    assert not any("--chown" in words for words in _of_image("COPY"))


def test_every_stage_stands_on_the_base_that_the_builder_names() -> None:
    before, *stages = _stages()
    base, dated = (words for name, words in before if name == "ARG")
    assert base.startswith("BASE_IMAGE=python:3.")
    assert re.fullmatch(r"SOURCE_DATE_EPOCH=\d{10}", dated)
    named = {stage[0][1].partition(" AS ")[2] for stage in stages}
    *made, image = stages
    assert all(stage[0][1].split()[0] in named | {"${BASE_IMAGE}"} for stage in made)
    # The image is what was copied into it: nothing that a stage has removed lies below.
    assert image[0][1] == "scratch"
    copied = [words.split()[0].removeprefix("--from=") for name, words in image if name == "COPY"]
    assert set(copied) <= named


def test_the_build_tries_every_module_and_knows_what_only_several_machines_need() -> None:
    """A module that needs more than requirements.txt must not end the build of the usual image."""
    pinned = re.compile(r"^([\w.-]+)(?:\[\w+\])?==", re.MULTILINE)
    usual = set(pinned.findall((ROOT / "requirements.txt").read_text(encoding="utf-8")))
    more = set(pinned.findall((ROOT / "requirements-cluster.txt").read_text(encoding="utf-8")))
    imported = {
        name
        for package in ("geo_pipeline", "panel_app")
        for path in (ROOT / package).rglob("*.py")
        for name in re.findall(r"^(?:import|from) (\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    of = packages_distributions()
    needed = {
        name
        for name in imported & of.keys()
        if {each.lower().replace("_", "-") for each in of[name]} <= more - usual
    }
    text = (ROOT / "tools" / "container" / "try.sh").read_text(encoding="utf-8")
    (extras,) = re.findall(r"^extras = (\(.*\))$", text, re.MULTILINE)
    assert {"celery", "dagster_celery", "kombu"} == needed
    assert needed <= set(ast.literal_eval(extras))


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    seen = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    assert seen == _copied()
    assert {"assets_data", "geo_pipeline", "panel_app", "requirements.txt"} <= seen
    assert all((ROOT / name).exists() for name in seen)
    assert seen.isdisjoint({".git", ".venv", "data", "tests"})
