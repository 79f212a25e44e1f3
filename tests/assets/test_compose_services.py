"""The commands of docker-compose.yml, each run as it is written, beside real parts.

PostgreSQL and nginx are Debian's. Names of hosts and ports are those of this machine, paths those
of this folder; everything else is what the containers run: commands, health checks, secret files.
"""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
import obstore.exceptions
import obstore.store
import pytest
import yaml

from tests import object_store, postgres

pytestmark = [pytest.mark.slow, pytest.mark.drill, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PATIENCE_S = 240


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class System:
    """The services on this machine: where each listens, and what it is run with."""

    def __init__(self, folder: Path, database: str) -> None:
        text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
        self.written = yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))
        self.services: dict[str, Any] = self.written["services"]
        self.folder = folder
        self.home = folder / "home"
        self.secrets = folder / "secrets"
        self.database = urlsplit(database)
        self.ports = {each: str(_free_port()) for each in ("5006", "3000", "4000", "8443", "3443")}
        for name, content in {
            "postgres_password": unquote(self.database.password or ""),
            "app_cookie_secret": "0123456789abcdef0123456789abcdef",
            **{
                f"store_{each}": f"{each} of the store"
                for each in ("key_id", "key", "reader_key_id", "reader_key")
            },
        }.items():
            self.secrets.mkdir(exist_ok=True)
            (self.secrets / name).write_text(f"{content}\n", encoding="utf-8")

    def here(self, text: str) -> str:
        """Return what stands in the file, with the names of this machine."""
        for port, ours in self.ports.items():
            text = re.sub(rf"(?<!\d){port}(?!\d)", ours, text)
        text = text.replace("0.0.0.0", "127.0.0.1").replace("/app/", f"{ROOT}/")
        text = re.sub(r"http://(app|dagster-webserver):", "http://127.0.0.1:", text)
        return text.replace("=dagster-code", "=127.0.0.1").replace(
            "@postgres:5432/dagster",
            f"@127.0.0.1:{self.database.port}{self.database.path}",
        )

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment of a service: what is set here by name, its secrets as files."""
        run = self.folder / f"run-{name}"
        run.mkdir(exist_ok=True)
        for each in self.services[name].get("secrets", []):
            shutil.copy(self.secrets / each["source"], run / each["target"])
        set_here = [each for each in self.services[name]["environment"] if "=" in each]
        # Debian's server has a database `postgres`, of the same user.
        given = dict(self.here(each).split("=", 1) for each in set_here)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GEO_", "DAGSTER"))}
        return {
            **kept,
            **given,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "GEO_PIPELINE_HOME": str(self.home),
            "DAGSTER_HOME": str(self.home / "dagster"),
            "GEO_PIPELINE_SECRETS": str(run),
            "GEO_PIPELINE_APP_PORT": self.ports["5006"],
        }

    def command(self, name: str) -> list[str]:
        """Return the command of a service."""
        return [self.here(each) for each in self.services[name]["command"]]

    def run(self, name: str, *more: str) -> str:
        """Run a service that ends; return what it said."""
        done = subprocess.run(
            [*self.command(name), *more],
            cwd=ROOT,
            env=self.environment(name),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def up(self, name: str, environment: dict[str, str] | None = None) -> Iterator[None]:
        """Run a service until it is healthy, as its own check has it, and while the block lasts."""
        environment = environment or self.environment(name)
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(name), cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        try:
            check = [self.here(each) for each in self.services[name]["healthcheck"]["test"][1:]]
            addresses = {
                "webserver": f"http://127.0.0.1:{self.ports['3000']}",
                "code": f"127.0.0.1:{self.ports['4000']}",
            }
            if check[-1] in addresses:
                check += ["--url", addresses[check[-1]]]
            end = time.monotonic() + PATIENCE_S
            while True:
                asked = subprocess.run(
                    check, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
                )
                if asked.returncode == 0:
                    break
                said = log.read_text(encoding="utf-8") + asked.stdout + asked.stderr
                assert process.poll() is None, said
                assert time.monotonic() < end, said
                time.sleep(3)
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    if postgres.programs() is None:
        if os.environ.get("REQUIRE_POSTGRES"):
            pytest.fail("PostgreSQL's programs are not on this machine")
        pytest.skip("PostgreSQL's programs are not on this machine")
    with postgres.served() as url:
        yield url


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, database: str, small_home: Path
) -> Iterator[System]:
    """Return the services up, in the order of the file, on a home with three départements."""
    system = System(tmp_path_factory.mktemp("system"), database)
    shutil.copytree(small_home, system.home, ignore=shutil.ignore_patterns("dagster"))
    system.run("prepare")
    with ExitStack() as stack:
        for name in ("dagster-code", "dagster-webserver", "dagster-daemon", "app"):
            stack.enter_context(system.up(name))
        yield system


def _asked(system: System, query: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", int(system.ports["3000"]), timeout=60)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/graphql", json.dumps({"query": query}), headers)
    return json.load(connection.getresponse())["data"]


def test_a_run_of_the_pages_executes_where_the_code_is(system: System) -> None:
    """The pages hand it to the queue, the daemon to the code's server; records are PostgreSQL's."""
    selector = (
        '{repositoryLocationName: "geo_pipeline.definitions", repositoryName: "__repository__", '
        'jobName: "checks"}'
    )
    launched = _asked(
        system,
        f"mutation {{launchRun(executionParams: {{selector: {selector}, runConfigData: {{}}, "
        'executionMetadata: {tags: [{key: "dagster/partition", value: "31"}]}}) '
        "{__typename ... on LaunchRunSuccess {run {runId}}}}",
    )["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]
    end = time.monotonic() + PATIENCE_S
    while True:
        found = _asked(system, f'{{runOrError(runId: "{run_id}") {{... on Run {{status}}}}}}')
        status = found["runOrError"]["status"]
        if status in ("SUCCESS", "FAILURE", "CANCELED"):
            break
        assert time.monotonic() < end, status
        time.sleep(1)
    assert status == "SUCCESS"
    assert not (system.home / "dagster" / "history").exists()


def test_no_service_writes_a_secret_or_tells_one(system: System) -> None:
    secrets = {path.read_text(encoding="utf-8").strip() for path in system.secrets.iterdir()}
    files = [*system.folder.glob("*.log"), *system.home.rglob("*")]
    for path in files:
        if path.is_file():
            content = path.read_bytes()
            assert not [each for each in secrets if each.encode() in content], path


def test_everything_is_backed_up_wiped_and_restored_by_the_two_scripts(system: System) -> None:
    """`tools/container/backup.sh` and `restore.sh`: what they have Docker do is done here."""
    bin_folder = postgres.programs()
    assert bin_folder is not None
    shim = system.folder / "bin" / "docker"
    shim.parent.mkdir()
    shim.write_text(
        "#!/bin/sh\n"
        'case "$1 $2" in\n'
        '"compose exec") shift 4; exec "$@" ;;\n'
        '"compose run") shift 6; exec "$@" ;;\n'
        "esac\n",
        encoding="utf-8",
    )
    shim.chmod(0o755)
    found = system.database
    environment = {
        **system.environment("pipeline"),
        "PATH": f"{shim.parent}:{BIN}:{bin_folder}:{os.environ['PATH']}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(found.port),
        "PGPASSWORD": unquote(found.password or ""),
    }

    def script(name: str) -> str:
        # The database of this server is called `postgres`.
        text = (ROOT / "tools" / "container" / name).read_text(encoding="utf-8")
        text = text.replace("custom dagster", "custom postgres")
        return text.replace("--dbname=dagster", "--dbname=postgres")

    def call(name: str) -> None:
        local = system.folder / "tools" / "container" / name
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_text(script(name), encoding="utf-8")
        command = ["sh", str(local), "backups/today"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def asked(query: str) -> str:
        command = ["psql", "-U", "dagster", "-d", "postgres", "-Atc", query]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    runs = asked("SELECT count(*) FROM runs")
    before = {
        path.relative_to(system.home): path.read_bytes()
        for name in ("lake", "published")
        for path in (system.home / name).rglob("*.[pd]*")
        if path.is_file() and not path.name.startswith(".")
    }
    assert before
    call("backup.sh")
    shutil.rmtree(system.home / "lake")
    shutil.rmtree(system.home / "published")
    asked("DELETE FROM runs")
    call("restore.sh")
    assert asked("SELECT count(*) FROM runs") == runs
    assert before == {name: (system.home / name).read_bytes() for name in before}


@pytest.fixture(scope="module")
def proxy(system: System) -> Iterator[str]:
    """Run nginx on the configuration of the profile `proxy`; give the password before Dagster."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None or shutil.which("openssl") is None:
        if os.environ.get("REQUIRE_NGINX"):
            pytest.fail("nginx is not on this machine")
        pytest.skip("nginx is not on this machine")
    made = system.folder / "made"
    told = subprocess.run(
        ["sh", str(ROOT / "tools" / "container" / "secrets.sh"), str(made)],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    password = re.search(r"password (\w+)", told)
    assert password is not None
    own = system.folder / "nginx"
    own.mkdir()
    config = system.here((ROOT / "tools" / "container" / "nginx.conf").read_text(encoding="utf-8"))
    config = config.replace("/tmp/", f"{own}/").replace("/run/secrets/", f"{made}/")
    config = re.sub(r"listen (\d+)", r"listen 127.0.0.1:\1", config)
    if os.geteuid() == 0:
        config = f"user root;\n{config}"  # the folders of this test are root's alone
    path = own / "nginx.conf"
    path.write_text(config, encoding="utf-8")
    command = [each if each != "/etc/drought/nginx.conf" else str(path)
               for each in system.services["proxy"]["command"]]  # fmt: skip
    assert command[0] == "nginx"
    with (system.folder / "proxy.log").open("wb") as output:
        process = subprocess.Popen([nginx, *command[1:]], stdout=output, stderr=output)
    try:
        end = time.monotonic() + PATIENCE_S
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(system.ports["3443"]))) == 0:
                    break
            said = (system.folder / "proxy.log").read_text(encoding="utf-8")
            assert process.poll() is None, said
            assert time.monotonic() < end, said
            time.sleep(0.1)
        yield password[1]
    finally:
        process.terminate()
        process.wait(timeout=30)


def _through(
    system: System, port: str, path: str, headers: dict[str, str], method: str = "GET"
) -> http.client.HTTPResponse:
    trusted = ssl.create_default_context(cafile=str(system.folder / "made" / "tls_certificate"))
    connection = http.client.HTTPSConnection(
        "localhost", int(system.ports[port]), timeout=60, context=trusted
    )
    connection.request(method, path, headers=headers)
    return connection.getresponse()


def _basic(password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'dagster:{password}'.encode()).decode()}"}


def test_dagster_s_pages_ask_for_a_password_and_the_app_for_none(
    system: System, proxy: str
) -> None:
    assert _through(system, "8443", "/health", {}).status == 200
    for wrong in ({}, _basic("wrong"), _basic("")):
        answer = _through(system, "3443", "/server_info", wrong)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Dagster"'
    answer = _through(system, "3443", "/server_info", _basic(proxy))
    assert answer.status == 200
    assert "dagster_webserver_version" in json.load(answer)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_another_site_cannot_post_with_the_password_of_a_reader(system: System, proxy: str) -> None:
    foreign = {**_basic(proxy), "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
    assert _through(system, "3443", "/graphql", foreign, "POST").status == 403
    own = {**_basic(proxy), "Sec-Fetch-Site": "same-origin"}
    assert _through(system, "3443", "/graphql", own, "POST").status != 403
    assert _through(system, "3443", "/server_info", foreign).status == 200  # a link


def test_websockets_pass_the_proxy(system: System, proxy: str) -> None:
    asking = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "graphql-ws",
    }
    answer = _through(system, "3443", "/graphql", {**asking, **_basic(proxy)})
    assert answer.status == 101
    # The answer to that key, of RFC 6455, section 1.3.
    assert answer.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert _through(system, "3443", "/graphql", asking).status == 401


def test_the_store_lets_the_pipeline_write_and_the_app_read(tmp_path: Path) -> None:
    """The command of the profile `s3`, with the users that `secrets.sh` has made."""
    made = tmp_path / "made"
    subprocess.run(["sh", str(ROOT / "tools" / "container" / "secrets.sh"), str(made)], check=True)
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    master, volume, filer, port = map(str, object_store.free_ports(4))
    replaced = {
        "8333": port,
        "=/tmp": f"={tmp_path}",
        "/run/secrets/": f"{made}/",
        "=/data": f"={tmp_path}",
        "-ip=store": "-ip=127.0.0.1",
        "0.0.0.0": "127.0.0.1",
    }
    command = [str(BIN / "weed"), *yaml.safe_load(text)["services"]["store"]["command"]]
    for before, now in replaced.items():
        command = [each.replace(before, now) for each in command]
    command += [f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"]

    def store(kind: str) -> Any:
        return obstore.store.S3Store(
            "drought",
            endpoint=f"http://127.0.0.1:{port}",
            access_key_id=(made / f"store_{kind}key_id").read_text(encoding="utf-8").strip(),
            secret_access_key=(made / f"store_{kind}key").read_text(encoding="utf-8").strip(),
            region="us-east-1",
            allow_http=True,
            virtual_hosted_style_request=False,
        )

    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as said:
                    assert said.status == 200
                    break
            except OSError:
                assert process.poll() is None, (tmp_path / "log").read_text(encoding="utf-8")
                assert time.monotonic() < end
                time.sleep(0.2)
        obstore.put(store(""), "lake/part.parquet", b"rows")
        assert bytes(obstore.get(store("reader_"), "lake/part.parquet").bytes()) == b"rows"
        with pytest.raises(obstore.exceptions.PermissionDeniedError):
            obstore.put(store("reader_"), "lake/part.parquet", b"others")
        assert bytes(obstore.get(store(""), "lake/part.parquet").bytes()) == b"rows"
    finally:
        process.kill()
        process.wait()
