"""What a service's settings become on both targets, and what is for a cluster only."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml
from helm_charts import CHART, one, plan_of, template, written

from sidecar.checks.spec import check_spec
from sidecar.checks.stacks import left_out
from sidecar.regions import load_regions
from sidecar.rendering import COMPOSE_FILE
from sidecar.spec import HealthCheck, Resources, Service, Spec, Volume
from sidecar.spec.load import Loaded
from sidecar.targets import compose as target
from sidecar.targets.helm.differences import differences
from sidecar.targets.helm.values import values_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLAIM = {"name": "data", "persistentVolumeClaim": {"claimName": "shop"}}
SPREAD = {
    "maxSkew": 1,
    "topologyKey": "zone",
    "whenUnsatisfiable": "ScheduleAnyway",
    "labelSelector": {"matchLabels": {"team": "shop"}},
}
CLUSTER = {
    "envFrom": [{"configMapRef": {"name": "shop"}}],
    "volumes": [CLAIM],
    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    "podLabels": {"team": "shop"},
    "podAnnotations": {"example.com/owner": "shop"},
    "podDisruptionBudget": {"maxUnavailable": 1},
    "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
    "strategy": {"type": "Recreate"},
    "initContainers": [{"name": "warm", "command": ["warm"]}],
    "nodeSelector": {"disk": "ssd"},
    "affinity": {"podAntiAffinity": {}},
    "tolerations": [{"key": "batch", "operator": "Exists"}],
    "topologySpreadConstraints": [SPREAD],
    "serviceAccountName": "shop",
    "priorityClassName": "high",
    "podSecurityContext": {"fsGroup": 2000},
}
OF_THE_POD = (
    *("nodeSelector", "affinity", "tolerations", "topologySpreadConstraints"),
    *("serviceAccountName", "priorityClassName"),
)


def service(**settings: Any) -> Service:
    """Return a service with some settings."""
    return Service("web", "shop:1.0", port=8000, **settings)


def spec(**settings: Any) -> Spec:
    """Return the spec of one such service."""
    return Spec("cn-shanghai", services=(service(**settings),))


@pytest.fixture
def composed(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function from settings to the service as `docker compose config` reads it."""
    program = request.getfixturevalue("compose").program

    def call(**settings: Any) -> dict[str, Any]:
        (tmp_path / COMPOSE_FILE).write_text(target.render(plan_of(spec(**settings)))[COMPOSE_FILE])
        command = [*program, "-f", str(tmp_path / COMPOSE_FILE), "config", "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)["services"]["web"]

    return call


@pytest.fixture
def deployed(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function from settings to the service's Deployment, which the API knows."""

    def call(**settings: Any) -> dict[str, Any]:
        found = template(written(plan_of(spec(**settings)), tmp_path))
        for each in found:
            kubernetes_validate.validate(each, "1.34", strict=True)
        return one(found, "Deployment", "demo-web")["spec"]

    return call


def container_of(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return the service's own container."""
    (found,) = deployment["template"]["spec"]["containers"]
    return found


def test_a_read_only_root_is_one_on_both_targets(composed, deployed) -> None:
    """With a /tmp in memory; without it, nothing is assumed of a user's image."""
    mine, pod = composed(read_only_root=True), container_of(deployed(read_only_root=True))

    assert (True, ["/tmp:mode=1777,size=64m"]) == (mine["read_only"], mine["tmpfs"])
    assert pod["securityContext"]["readOnlyRootFilesystem"] is True
    assert "read_only" not in composed()
    assert container_of(deployed())["securityContext"]["readOnlyRootFilesystem"] is False


def test_a_service_may_take_its_time_to_stop(composed, deployed) -> None:
    """Else it has 30 seconds, and in a cluster what all pods have."""
    pods = [deployed(stop_grace_s=120), deployed()]

    assert [120, 60] == [each["template"]["spec"]["terminationGracePeriodSeconds"] for each in pods]
    assert ("2m0s", "30s") == (
        composed(stop_grace_s=120)["stop_grace_period"],
        composed()["stop_grace_period"],
    )


def test_readiness_has_a_path_of_its_own(deployed) -> None:
    """A service that cannot take requests now is not restarted."""
    found = container_of(deployed(health=HealthCheck(http="/live", ready="/ready")))

    assert ("/live", "/ready", "/live") == tuple(
        found[f"{probe}Probe"]["httpGet"]["path"] for probe in ("liveness", "readiness", "startup")
    )


def test_a_command_may_tell_whether_it_lives_and_a_path_whether_it_is_ready(deployed) -> None:
    """The two need not be of one kind."""
    found = container_of(deployed(health=HealthCheck(command=("check",), ready="/ready")))

    assert {"command": ["check"]} == found["livenessProbe"]["exec"]
    assert "/ready" == found["readinessProbe"]["httpGet"]["path"]


def test_composes_one_check_is_that_of_readiness(composed) -> None:
    """Compose waits for it, and restarts nothing that fails it."""
    checks = HealthCheck(command=("check",), ready="/ready")

    assert "http://127.0.0.1:8000/ready" in composed(health=checks)["healthcheck"]["test"][-1]


def test_the_sample_has_both_paths_in_a_cluster() -> None:
    """The frontend's /readyz asks its backend."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    assert {"path": "/healthz", "ready": {"path": "/readyz"}} == values["services"]["frontend"][
        "health"
    ]


def test_replicas_are_left_to_an_autoscaler_unless_the_spec_says_them(deployed) -> None:
    """An upgrade would set them back."""
    assert (None, 2) == (deployed().get("replicas"), deployed(replicas=2)["replicas"])


def test_what_is_for_a_cluster_reaches_its_pod(deployed) -> None:
    """By Kubernetes' own names, beside what the chart needs."""
    found = deployed(kubernetes=CLUSTER)
    pod, own = found["template"], container_of(found)

    assert CLUSTER["envFrom"] == own["envFrom"]
    assert CLUSTER["lifecycle"] == own["lifecycle"]
    assert CLAIM in pod["spec"]["volumes"]
    assert {"name": "data", "mountPath": "/data"} in own["volumeMounts"]
    assert {name: CLUSTER[name] for name in OF_THE_POD} == {
        name: pod["spec"][name] for name in OF_THE_POD
    }
    assert ({"type": "Recreate"}, 2000) == (
        found["strategy"],
        pod["spec"]["securityContext"]["fsGroup"],
    )
    assert "shop" == pod["metadata"]["labels"]["team"]
    assert "shop" == pod["metadata"]["annotations"]["example.com/owner"]


def test_an_init_container_comes_after_the_agent(deployed) -> None:
    """So that it is traced; its image is the service's own."""
    names = {
        each["name"]: each
        for each in deployed(kubernetes=CLUSTER)["template"]["spec"]["initContainers"]
    }

    assert ["jaeger-agent", "warm"] == list(names)
    assert "shop:1.0" == names["warm"]["image"]


def test_an_autoscaler_decides_how_many(tmp_path) -> None:
    """The chart has one, and no number beside it."""
    scaled = {"autoscaling": {"minReplicas": 2, "maxReplicas": 9}}
    objects = template(written(plan_of(spec(kubernetes=scaled)), tmp_path))
    found = one(objects, "HorizontalPodAutoscaler", "demo-web")

    assert (2, 9) == (found["spec"]["minReplicas"], found["spec"]["maxReplicas"])
    assert "replicas" not in one(objects, "Deployment", "demo-web")["spec"]


def test_more_ports_are_reached_by_their_names(composed, tmp_path) -> None:
    """In a cluster through the Service; in Compose by every service."""
    objects = template(written(plan_of(spec(ports={"metrics": 9000})), tmp_path))
    ports = one(objects, "Service", "demo-web")["spec"]["ports"]

    assert [("http", 8000), ("metrics", 9000)] == [(each["name"], each["port"]) for each in ports]
    assert ["9000"] == composed(ports={"metrics": 9000})["expose"]


def test_compose_says_what_it_leaves_out(tmp_path) -> None:
    """At its line, once for a service."""
    mine = spec(kubernetes={"envFrom": [], "podLabels": {}})
    (found,) = left_out(Loaded(mine, {}, tmp_path), plan_of(mine))

    assert ("kubernetes-under-compose", "services.web.kubernetes") == (found.id, found.subject)
    assert "Compose leaves out envFrom, podLabels" == found.cause
    assert "Add env_files for envFrom; or ignore this where Compose is for tests only" == found.fix


def test_compose_is_silent_about_what_stands_for_a_clusters_setting(tmp_path) -> None:
    """Who has followed the fix is told no more."""
    given = {
        "envFrom": [{"configMapRef": {"name": "a"}}],
        "env": [{"name": "POD"}],
        "resources": {"requests": {"cpu": "1"}},
        "volumes": [{"name": "data"}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    bare = spec(kubernetes=given)
    followed = spec(
        kubernetes=given,
        env_files=("web.env",),
        environment={"POD": "dev"},
        resources=Resources(256),
        volumes=(Volume("data", "/data"),),
    )
    (found,) = left_out(Loaded(bare, {}, tmp_path), plan_of(bare))

    assert "Compose leaves out envFrom, env, resources, volumes, volumeMounts" == found.cause
    assert "env_files for envFrom, environment for env, the service's resources" in found.fix
    assert "volumes for volumes and volumeMounts" in found.fix
    assert [] == list(left_out(Loaded(followed, {}, tmp_path), plan_of(followed)))


def test_what_a_cluster_has_instead_is_no_difference() -> None:
    """A claim at the same path, and variables of a ConfigMap."""
    files = {"env_files": ("web.env",), "volumes": (Volume("./a", "/data"), Volume("./b", "/b"))}
    mine = plan_of(spec(**files, kubernetes=CLUSTER))
    causes = {each.id: each.cause for each in differences(mine)}

    assert "chart-without-env-files" not in causes
    assert "volumes (/b) stay on the host" == causes["chart-without-volumes"]


def test_limits_for_a_cluster_are_limits() -> None:
    """No other is missing."""
    limits = {"resources": {"limits": {"memory": "1Gi"}}}
    found = [
        {each.id for each in differences(plan_of(spec(**given)))}
        for given in ({"kubernetes": limits}, {})
    ]

    assert [False, True] == ["no-memory-limit" in ids for ids in found]


def test_a_token_in_the_settings_for_a_cluster_is_found(tmp_path) -> None:
    """They are written to the values, which are committed."""
    token = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
    mine = spec(kubernetes={"podAnnotations": {"note": token}})
    region = load_regions()["cn-shanghai"]
    found = check_spec(Loaded(mine, {}, tmp_path), plan_of(mine), region)

    assert ["services.web.kubernetes.podAnnotations"] == [
        each.subject for each in found if "token" in each.id
    ]
    assert token not in "".join(map(str, found))


def test_nothing_is_given_that_the_spec_does_not_say() -> None:
    """A short overlay."""
    values = values_of(plan_of(spec()))["services"]["web"]

    assert {"image", "port", "readOnlyRootFilesystem"} == values.keys()
