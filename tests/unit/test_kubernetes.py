"""docs/deployment/kubernetes: objects against Kubernetes' schemas, values against the chart's.

No cluster is here: what the schemas know is tested, and that the parts fit together.
"""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import dagster as dg
import kubernetes_validate
import pytest
import yaml
from dagster._core.launcher import LaunchRunContext

from geo_pipeline.commands import backfill
from geo_pipeline.places import version
from geo_pipeline.platform.configuration import shipped
from geo_pipeline.platform.internals import JobPythonOrigin
from geo_pipeline.settings import Settings
from tests.conftest import ROOT

FOLDER: Final = ROOT / "docs" / "deployment" / "kubernetes"
FILES: Final = ("app.yaml", "backup.yaml", "instance.yaml", "network.yaml", "settings.yaml")
VERSIONS: Final = ("1.30", "1.37")
"""The oldest and the newest release that the objects are checked for."""

PREFIX: Final = "GEO_PIPELINE_"

# Names from the schema of Dagster's chart, helm/dagster/schema of dagster-io/dagster (Apache-2.0),
# which refuses others in most of these objects.
_PODS: Final = {
    *("annotations", "affinity", "env", "envConfigMaps", "envSecrets", "image", "labels"),
    *("livenessProbe", "nodeSelector", "podSecurityContext", "readinessProbe", "resources"),
    *("schedulerName", "securityContext", "startupProbe", "tolerations", "volumeMounts", "volumes"),
}
CHART: Final = {
    "dagsterWebserver": _PODS
    | {"dbPoolRecycle", "dbStatementTimeout", "deploymentLabels", "enableReadOnly", "logLevel"}
    | {"nameOverride", "pathPrefix", "replicaCount", "service", "workspace"},
    "dagsterDaemon": _PODS
    | {"deploymentLabels", "enabled", "heartbeatTolerance", "runCoordinator", "runMonitoring"}
    | {"runRetries", "schedules", "sensors"},
    "dagster-user-deployments": {"deployments", "enabled", "enableSubchart", "imagePullSecrets"},
    "postgresql": {"enabled", "image", "postgresqlDatabase", "postgresqlHost", "postgresqlParams"}
    | {"postgresqlPassword", "postgresqlScheme", "postgresqlUsername", "service"},
    "global": {"celeryConfigSecretName", "dagsterHome", "dagsterInstanceConfigMap"}
    | {"postgresqlSecretName", "serviceAccountName"},
    "telemetry": {"enabled"},
    "generatePostgresqlPasswordSecret": None,
}
DEPLOYMENT: Final = _PODS | {
    *("codeServerArgs", "dagsterApiGrpcArgs", "includeConfigInLaunchedRuns", "name", "port"),
}


def objects() -> list[dict[str, Any]]:
    return [
        each
        for name in FILES
        for each in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
    ]


def named(kind: str, name: str) -> dict[str, Any]:
    (found,) = [
        each for each in objects() if each["kind"] == kind and each["metadata"]["name"] == name
    ]
    return found


def values() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "values.yaml").read_text(encoding="utf-8"))
    return loaded


def chart_parts() -> dict[str, dict[str, Any]]:
    """Return the parts of the chart that have pods."""
    loaded = values()
    (code,) = loaded["dagster-user-deployments"]["deployments"]
    return {
        "webserver": loaded["dagsterWebserver"],
        "daemon": loaded["dagsterDaemon"],
        "code": code,
    }


def pod_of(part: dict[str, Any]) -> dict[str, Any]:
    """Return a pod with what the chart takes from the values for one."""
    probes = {}
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in part:
            probe = {key: value for key, value in part[name].items() if key != "enabled"}
            if not probe.keys() & {"exec", "httpGet"}:  # as the chart does for a code server
                probe["exec"] = {"command": ["dagster", "api", "grpc-health-check"]}
            probes[name] = probe
    image = part["image"]
    sources = [{"configMapRef": each} for each in part["envConfigMaps"]]
    sources += [{"secretRef": each} for each in part["envSecrets"]]
    container = {
        "name": "dagster",
        "image": f"{image['repository']}:{image['tag']}",
        "imagePullPolicy": image["pullPolicy"],
        "env": part["env"],
        "envFrom": sources,
        "resources": part["resources"],
        "securityContext": part["securityContext"],
        "volumeMounts": part["volumeMounts"],
        **probes,
    }
    spec = {
        "containers": [container],
        "securityContext": part["podSecurityContext"],
        "volumes": part["volumes"],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}


class _Cluster(BaseHTTPRequestHandler):
    """Takes the job that it is sent, as a cluster would."""

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.sent[self.path] = json.loads(content)  # type: ignore[attr-defined]
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dg.job
def departement() -> None:
    """Do nothing."""


@pytest.fixture(scope="module")
def job_of_a_run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the job that Dagster sends a cluster for a run, on the instance as it is here."""
    home = tmp_path_factory.mktemp("dagster")
    instance = yaml.safe_load(named("ConfigMap", "drought-instance")["data"]["dagster.yaml"])
    away = {"load_incluster_config": False, "kubeconfig_file": str(home / "kubeconfig")}
    instance["run_launcher"]["config"] |= away
    (home / "dagster.yaml").write_text(yaml.safe_dump(instance), encoding="utf-8")
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), _Cluster) as cluster,
        pytest.MonkeyPatch.context() as patch,
    ):
        cluster.sent = {}  # type: ignore[attr-defined]
        Thread(target=cluster.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{cluster.server_address[1]}"
        known = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "x", "cluster": {"server": address}}],
            "users": [{"name": "x", "user": {}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            "current-context": "x",
        }
        (home / "kubeconfig").write_text(yaml.safe_dump(known), encoding="utf-8")
        patch.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.from_config(str(home)) as opened:
            # As `geo-pipeline backfill` queues it.
            origin = JobPythonOrigin("departement", backfill.code())
            run = opened.create_run_for_job(departement, job_code_origin=origin)
            opened.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
        cluster.shutdown()
        (path, sent), *others = cluster.sent.items()  # type: ignore[attr-defined]
    assert not others
    assert path == "/apis/batch/v1/namespaces/drought/jobs"
    made: dict[str, Any] = sent
    return made


@pytest.fixture(scope="module")
def pods(job_of_a_run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the specification of each pod that there may be."""
    return dict(_pods(job_of_a_run))


def _pods(job_of_a_run: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "app", named("Deployment", "drought-app")["spec"]["template"]["spec"]
    job = named("CronJob", "drought-backup")["spec"]["jobTemplate"]
    yield "backup", job["spec"]["template"]["spec"]
    yield "run", job_of_a_run["spec"]["template"]["spec"]
    for name, part in chart_parts().items():
        yield name, pod_of(part)["spec"]


@pytest.mark.parametrize("release", VERSIONS)
def test_objects_are_those_of_kubernetes(release: str, job_of_a_run: dict[str, Any]) -> None:
    made = [pod_of(part) for part in chart_parts().values()]
    for each in [*objects(), *made, job_of_a_run]:
        kubernetes_validate.validate(each, release, strict=True)


def test_a_wrong_name_would_be_found() -> None:
    wrong = named("Service", "drought-app")
    wrong["spec"]["port"] = 80
    with pytest.raises(kubernetes_validate.ValidationError, match="port"):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_values_are_named_as_the_chart_names_them() -> None:
    loaded = values()
    assert set(loaded) <= set(CHART)
    for name, known in CHART.items():
        if known is not None:
            assert set(loaded[name]) <= known, name
    assert set(chart_parts()["code"]) <= DEPLOYMENT


@pytest.mark.parametrize("name", ["app", "backup", "run", "webserver", "daemon", "code"])
def test_no_pod_can_do_more_than_it_needs(name: str, pods: dict[str, dict[str, Any]]) -> None:
    """What the restricted standard of Kubernetes asks for, and a root file system that is read."""
    spec = pods[name]
    of_pod = spec["securityContext"]
    assert of_pod["runAsNonRoot"] is True
    assert of_pod["runAsUser"] == 10001, "the user of the image"
    assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}
    assert "memory" in container["resources"]["limits"]
    assert not spec.get("hostNetwork")
    assert not any("hostPath" in each for each in spec["volumes"])
    if name in ("app", "webserver", "daemon", "code"):
        assert "livenessProbe" in container
    if name in ("app", "backup", "run"):
        assert spec["automountServiceAccountToken"] is False


def test_each_mounted_volume_is_there_and_homes_can_be_written(
    pods: dict[str, dict[str, Any]],
) -> None:
    for name, spec in pods.items():
        (container,) = spec["containers"]
        volumes = {each["name"] for each in spec["volumes"]}
        mounts = {each["mountPath"]: each for each in container["volumeMounts"]}
        assert {each["name"] for each in mounts.values()} <= volumes, name
        if name in ("webserver", "daemon", "code", "run"):
            assert {"/dagster", "/dagster/dagster.yaml", "/data", "/tmp"} <= set(mounts), name
            assert mounts["/dagster/dagster.yaml"]["subPath"] == "dagster.yaml"
            home = [each["value"] for each in container["env"] if each["name"] == "DAGSTER_HOME"]
            assert home == ["/dagster"], name


def test_secrets_are_named_and_never_written(pods: dict[str, dict[str, Any]]) -> None:
    secret = {
        f"{PREFIX}{name.upper()}"
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    told = set(named("ConfigMap", "drought-settings")["data"])
    for spec in pods.values():
        for container in spec["containers"]:
            told |= {each["name"] for each in container.get("env", []) if "value" in each}
    assert not told & secret
    assert not any("PASSWORD" in each for each in told)
    settings = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert {each for each in told if each.startswith(PREFIX)} <= settings


def test_services_policies_and_budgets_choose_the_pods_that_there_are() -> None:
    deployment = named("Deployment", "drought-app")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    chosen = [
        deployment["spec"]["selector"]["matchLabels"],
        named("Service", "drought-app")["spec"]["selector"],
        named("PodDisruptionBudget", "drought-app")["spec"]["selector"]["matchLabels"],
        named("NetworkPolicy", "drought-app")["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(each.items() <= labels.items() for each in chosen)
    (served,) = named("Service", "drought-app")["spec"]["ports"]
    assert served["targetPort"] == port["name"]
    assert f"--port={port['containerPort']}" in container["command"]
    (entry,) = named("NetworkPolicy", "drought-app")["spec"]["ingress"]
    assert [each["port"] for each in entry["ports"]] == [port["containerPort"]]
    assert (
        named("PodDisruptionBudget", "drought-app")["spec"]["minAvailable"]
        < (deployment["spec"]["replicas"])
    )
    code = chart_parts()["code"]
    policy = named("NetworkPolicy", "drought-code")["spec"]
    assert policy["podSelector"]["matchLabels"]["deployment"] == code["name"]
    assert policy["ingress"][0]["ports"][0]["port"] == code["port"]
    (server,) = chart_parts()["webserver"]["workspace"]["servers"]
    assert (server["host"], server["port"]) == (code["name"], code["port"])


def test_the_instance_is_the_shipped_one_but_for_its_launcher() -> None:
    ours = yaml.safe_load(named("ConfigMap", "drought-instance")["data"]["dagster.yaml"])
    expected = yaml.safe_load(shipped())
    launcher = ours.pop("run_launcher")
    del expected["run_launcher"]
    assert ours["concurrency"]["runs"].pop("max_concurrent_runs") > 2
    del expected["concurrency"]["runs"]["max_concurrent_runs"]
    assert ours == expected
    assert (launcher["module"], launcher["class"]) == ("dagster_k8s", "K8sRunLauncher")
    image = chart_parts()["code"]["image"]
    assert launcher["config"]["job_image"] == f"{image['repository']}:{image['tag']}"
    assert image["tag"] == version()


def test_every_name_that_is_referred_to_is_made_here_or_told_of(
    pods: dict[str, dict[str, Any]],
) -> None:
    made = {(each["kind"], each["metadata"]["name"]) for each in objects()}
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    for spec in pods.values():
        (container,) = spec["containers"]
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                assert ("ConfigMap", source["configMapRef"]["name"]) in made
            else:
                assert f"create secret generic {source['secretRef']['name']} " in told
        for volume in spec["volumes"]:
            if "secret" in volume:
                assert f"create secret generic {volume['secret']['secretName']} " in told
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in made
    for path in Path(FOLDER).glob("*.yaml"):
        assert path.name in told
