"""What the chart refuses: each message names the value and what is allowed."""

from __future__ import annotations

import pytest
from helm_charts import CHART, refusal, template

RPC = "services.backend.extraPorts[0].name=rpc,services.backend.extraPorts[0].port=9090"
REGION = "standIn.enabled=false,gateway.host=gateway.example.com"


@pytest.mark.parametrize(
    ("sets", "parts"),
    [
        (
            "colour=red",
            ["colour", "not allowed", "must be one of 'region', 'gateway', 'existingSecret'"],
        ),
        ("agent.colour=red", ["agent", "colour", "not allowed"]),
        ("services.frontend.colour=red", ["services", "frontend", "colour", "not allowed"]),
        ("services.frontend.replicas=-1", ["services", "frontend", "replicas", "minimum", "0"]),
        ("services.frontend.port=70000", ["services", "frontend", "port", "maximum", "65,535"]),
        ("services.Web.image=x", ["at '/services'", "'Web' not allowed"]),
        ("agent.mode=sidecar", ["agent", "mode", "'auto', 'native', 'container'"]),
        ("agent.version=latest", ["agent", "version"]),
        ("gateway.host=https://gateway.example.com", ["gateway", "host"]),
        ("cronJobs.nightly.image=x", ["nightly", "schedule"]),
        (
            "cronJobs.nightly.image=x,cronJobs.nightly.schedule=60 4 * * *",
            ['cronJobs.nightly.schedule: "60" is no minute', "Give 0 to 59"],
        ),
        (
            "cronJobs.nightly.image=x,cronJobs.nightly.schedule=0 0 * * 7",
            ['"7" is no weekday', "Sunday is 0"],
        ),
        (
            "cronJobs.nightly.image=x,cronJobs.nightly.schedule=@reboot",
            ['"@reboot" is not a schedule', "@daily"],
        ),
        ("watch.schedule=5m", ['watch.schedule: "5m" is not a schedule']),
        (
            "services.frontend.health.command={a}",
            ["services.frontend.health: both path and command", "Set one to null"],
        ),
        (
            "token=a,existingSecret=b",
            ["token, existingSecret: both are given", "Give only existingSecret"],
        ),
        (REGION, ["existingSecret: is empty", "sidecar token set --kubernetes-secret NAME"]),
        (f"{REGION},token=a\\,b", ["token: contains a comma", "[token-with-comma]"]),
        (
            "standIn.enabled=false,existingSecret=a",
            ["gateway.host: is empty", "sidecar render --region ID"],
        ),
        (
            "services.frontend.port=14271",
            ["services.frontend.port: 14271 is a port of the agent", "5778, 6831"],
        ),
        ("services.frontend.port=6831", ["services.frontend.port: 6831 is a port of the agent"]),
        ("services.backend.port=5778", ["services.backend.port: 5778 is a port of the agent"]),
        ("services.gateway.image=x", ["services.gateway: the chart uses the names", "gateway"]),
        ("jobs.frontend.image=x", ["jobs.frontend: services has the same name", "Rename one"]),
        ("services.web.port=80", ["services.web: has neither image nor args"]),
        (
            "services.frontend.peers.BACKEND_URL.service=nobody",
            [
                "services.frontend.peers.BACKEND_URL",
                '"nobody" is not a service',
                "backend, frontend",
            ],
        ),
        (
            "agent.version=1.14.0",
            ["agent.version: 1.14.0 is not a jaeger-agent version", "1.15.0 to 1.62.0"],
        ),
        ("agent.version=1.63.0", ["agent.version: 1.63.0", "1.15.0 to 1.62.0"]),
        (
            "gateway.tls=true,agent.version=1.17.9",
            ["gateway.tls: agent 1.17.9", "1.18.0 or later"],
        ),
        (
            "agent.mode=container,jobs.a.image=x",
            ["jobs, cronJobs: need a native agent", "never completes"],
        ),
        (
            "agent.mode=container,terminationGracePeriodSeconds=20",
            ["agent.stopDelaySeconds: 20", "Seconds, 20. Use less"],
        ),
        (
            "agent.extraArgs={--agent.tags=Authentication=x}",
            ["agent.extraArgs: the chart sets --agent.tags", "existingSecret"],
        ),
        (
            "agent.extraArgs={--reporter.grpc.host-port=x:1}",
            ["agent.extraArgs: the chart sets --reporter.grpc.host-port"],
        ),
        (
            "gateway.host=g.example.com",
            ["gateway.host, standIn.enabled: both are given", "standIn.enabled=false"],
        ),
        (
            "token=Authentication=a@b",
            ["token: begins with Authentication=", "only what follows it"],
        ),
        (
            "metrics.rules.enabled=true",
            ["metrics.rules.enabled: there is nothing to scrape", "metrics.enabled=true"],
        ),
        (
            "watch.enabled=true",
            ["watch.enabled: it reads the agents' admin ports", "metrics.enabled=true, too"],
        ),
        (
            "commonLabels.app\\.kubernetes\\.io/name=x",
            ["commonLabels: the chart sets app.kubernetes.io/name"],
        ),
        (
            "services.backend.podLabels.app\\.kubernetes\\.io/component=x",
            ["services.backend.podLabels: the chart sets app."],
        ),
        ("services.jaeger-agent.image=x", ["services.jaeger-agent: the chart uses the names"]),
        (
            "services.backend.extraVolumes[0].name=tmp",
            ["services.backend.extraVolumes: the chart has a volume tmp"],
        ),
        (
            "services.backend.port=null",
            ["services.backend.health.path: there is no port", "Give port, or a command"],
        ),
        (
            "services.backend.health.path=null,services.backend.health.retries=2",
            ["services.backend.health: has neither path nor command"],
        ),
        (
            "services.backend.enabled=false",
            ['BACKEND_URL: "backend" is not a service', "Use one of: frontend"],
        ),
        (
            "services.w.image=x,services.w.peers.A.service=w",
            ['"w" is not a service with a port', "backend, frontend"],
        ),
        (
            "services.frontend.peers.BACKEND_URL.port=grpc",
            ['services.frontend.peers.BACKEND_URL.port: service "backend" has no', "Leave it out"],
        ),
        (
            f"{RPC},services.frontend.peers.BACKEND_URL.port=grpc",
            ["peers.BACKEND_URL.port: service", "Use one of: rpc"],
        ),
        (
            "services.backend.autoscaling.minReplicas=4,services.backend.autoscaling.maxReplicas=2",
            ["services.backend.autoscaling.maxReplicas: 2 is less than minReplicas, 4"],
        ),
        ("region=eu central", ["region", "does not match pattern"]),
        (
            "global.imageRegistry=https://hub.example.com",
            ["imageRegistry", "does not match pattern"],
        ),
        ("networkPolicy.gatewayCidrs={10.0.0}", ["gatewayCidrs", "does not match pattern"]),
        ("resources.limits.cpu=lots", ["resources", "cpu", "does not match pattern"]),
        ("extraEnv[0].value=x", ["extraEnv", "missing property 'name'"]),
        ("services=null", ["missing property 'services'"]),
        (
            "services.frontend.replicas=1,services.frontend.podDisruptionBudget.minAvailable=1",
            ["podDisruptionBudget.minAvailable: 1 of 1 replicas", "Use less, or more replicas"],
        ),
        (
            "services.frontend.podDisruptionBudget.colour=1",
            ["podDisruptionBudget", "'colour' not allowed"],
        ),
        (
            "services.frontend.podDisruptionBudget.minAvailable=101%",
            ["podDisruptionBudget/minAvailable", "does not match pattern"],
        ),
        ("fullnameOverride=a.b", ["fullnameOverride", "does not match pattern"]),
        ("nameOverride=1st", ["nameOverride", "does not match pattern"]),
        ("agent.tuning=null", ["agent", "missing property 'tuning'"]),
    ],
)
def test_bad_values_are_refused(sets: str, parts: list[str]) -> None:
    """By the schema or by the chart, before anything reaches a cluster."""
    message = refusal("--set", sets)

    for part in parts:
        assert part in message


@pytest.mark.parametrize("release", ["a.b", "1st", "9.9"])
def test_a_release_name_that_services_cannot_have_is_refused(release: str) -> None:
    """Dots, or a digit first; a name that works is proposed."""
    message = refusal(release=release)

    assert f'release name "{release}": Services are named after it' in message
    assert any(f'Use e.g. "{usable}"' in message for usable in ("a-b", "st", "demo"))
    assert "or set fullnameOverride" in message


def test_a_release_name_that_is_too_long_is_refused() -> None:
    """With a workload's name behind it a Service has at most 63 characters, a CronJob 52."""
    message = refusal(
        "--set", "cronJobs.nightly.schedule=@daily,cronJobs.nightly.image=x", release="r" * 45
    )

    assert "cronJobs.nightly: the name" in message
    assert (
        "has 53 characters, at most 52 are allowed. Shorten the release's name or the workload's, "
        "or set fullnameOverride" in message
    )


def test_a_service_may_be_called_gateway_where_no_stand_in_is() -> None:
    """The name is taken by the stand-in only."""
    sets = f"{REGION},existingSecret=t,services.gateway.image=x:1"

    assert "demo-gateway" in {each["metadata"]["name"] for each in template(CHART, "--set", sets)}


def test_an_unsupported_kubernetes_is_refused() -> None:
    """By Chart.yaml, with both versions."""
    assert (
        "requires kubeVersion: >=1.27.0-0 which is incompatible with Kubernetes v1.26.0"
        in refusal(kubernetes="1.26.0")
    )


def test_a_native_agent_on_an_old_kubernetes_is_refused() -> None:
    """Where it is asked for; auto takes the plain container."""
    message = refusal("--set", "agent.mode=native", kubernetes="1.28.0")

    assert (
        "agent.mode: native needs Kubernetes 1.29 or later, this is v1.28.0. Use auto or container"
        in message
    )
