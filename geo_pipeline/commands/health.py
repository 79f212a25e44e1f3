"""`geo-pipeline health`: the health checks of the containers, one for each service.

A process that answers may still not work, so each service is tested with a request of the kind that
it exists to answer. Which service a container runs, the command of its first process says.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from geo_pipeline.automation import dagster_records, record_troubles, troubles
from geo_pipeline.automation.troubles import Trouble
from geo_pipeline.errors import StorageError, UsageError
from geo_pipeline.platform import record_damage
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.settings import Settings
from geo_pipeline.words import message, verbatim

PATIENCE_S: Final = 10.0
WEBSERVER: Final = "http://127.0.0.1:3000"
CODE: Final = "127.0.0.1:4000"

FIRST_PROCESS: Final = Path("/proc/1/cmdline")
COMMANDS: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        b"panel_app": "app",
        b"dagster-webserver": "webserver",
        b"dagster-daemon": "daemon",
        b"code-server": "code",
    }
)
"""What the command of each service has among its words, as a word or the end of a path."""

_LOCATIONS: Final = """{ workspaceOrError { ... on PythonError { message } ... on Workspace {
 locationEntries { name loadStatus locationOrLoadError { ... on PythonError { message } } } } } }"""


def app(settings: Settings, url: str | None) -> list[Trouble]:
    """Return the troubles of the app: it does not answer, or has no publication to show."""
    address = url or f"http://127.0.0.1:{settings.app_port}{settings.app_prefix}"
    with _told("app", address, "python -m panel_app") as found:
        said = _ask(f"{address}/health")
        found += [
            Trouble("publication", address, verbatim(each), None, troubles.STATUS) for each in said
        ]
    return found


def webserver(_settings: Settings, url: str | None) -> list[Trouble]:
    """Return the troubles of Dagster's pages: they do not answer, or could not load the code."""
    address = url or WEBSERVER
    with _told("webserver", address, troubles.DAGSTER) as found:
        body = json.dumps({"query": _LOCATIONS}).encode()
        answer = _ask(f"{address}/graphql", body)["data"]["workspaceOrError"]
        entries = answer.get("locationEntries", [])
        errors = [answer.get("message")] if not entries else []
        for each in entries:
            errors.append((each["locationOrLoadError"] or {}).get("message"))
        found += [
            Trouble("code", address, verbatim(_short(each)), None, troubles.DAGSTER)
            for each in errors
            if each
        ]
        if not entries and not found:
            what = message("health.no_code")
            found.append(Trouble("code", address, what, None, troubles.DAGSTER))
    return found


def _short(error: str) -> str:
    return " ".join(error.split())[: record_damage.LONGEST_REASON]


def daemon(settings: Settings, _url: str | None) -> list[Trouble]:
    """Return the troubles of Dagster's daemons, the code they call, schedules and sensors."""
    now, home = datetime.now(UTC), troubles.dagster_home(settings)
    damaged = record_troubles.of_damage(settings, home)
    if damaged:
        return damaged
    try:
        with open_instance(settings) as instance, record_damage.reading(home):
            daemons = dagster_records.daemons(instance, now)
            watched = record_troubles.watched(instance, now)
    except StorageError as error:
        return [record_troubles.of_error(settings, home, error)]
    if not any(each["heartbeat_at"] for each in daemons):
        what = message("health.no_sign_yet")
        return [Trouble("daemon", record_troubles.ALL_DAEMONS, what, None, troubles.DAGSTER)]
    return list(record_troubles.of_services(daemons, watched, now))


def code(_settings: Settings, url: str | None) -> list[Trouble]:
    """Return the troubles of Dagster's code server: it does not say that it serves."""
    # Slow to import, and needed here alone.
    import grpc  # type: ignore[import-untyped]  # noqa: PLC0415
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]  # noqa: PLC0415

    address = url or CODE
    with _told("code server", address, troubles.DAGSTER) as found:
        try:
            with grpc.insecure_channel(address) as channel:
                asked = health_pb2.HealthCheckRequest(service="DagsterApi")
                answer = health_pb2_grpc.HealthStub(channel).Check(asked, timeout=PATIENCE_S)
        except grpc.RpcError as error:
            raise OSError(error.code().name) from error
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            what = message("health.no_code")
            found.append(Trouble("code", address, what, None, troubles.DAGSTER))
    return found


def of_container(first: Path = FIRST_PROCESS) -> str | None:
    """Return the service that this container runs; None where it is none, such as a run.

    Raises:
        UsageError: the first process cannot be looked at.
    """
    try:
        words = [each.rpartition(b"/")[2] for each in first.read_bytes().split(b"\0")]
    except OSError as error:
        raise UsageError(message("health.no_role", why=error.strerror or error)) from error
    return next((role for word, role in COMMANDS.items() if word in words), None)


ROLES: Final[Mapping[str, Callable[[Settings, str | None], list[Trouble]]]] = MappingProxyType(
    {"app": app, "webserver": webserver, "daemon": daemon, "code": code}
)
"""The health check of each service: takes its address, None for that in its container."""


@contextmanager
def _told(name: str, address: str, do: str) -> Iterator[list[Trouble]]:
    """Give a list of troubles; one is added where `name` does not answer as it should."""
    found: list[Trouble] = []
    try:
        yield found
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = message("health.no_answer", name=name, why=error)
        found.append(Trouble("daemon", address, what, None, do))


def _ask(address: str, body: bytes | None = None) -> Any:
    """Return the JSON of an answer from this machine, whatever its status."""
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)
