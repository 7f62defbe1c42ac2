"""Alerts, judged by Prometheus' own promtool: the same for Compose and for the chart."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml
from _require import lack
from helm_charts import CHART, plan_of, template
from programs import find_program

from sidecar.errors import SidecarError
from sidecar.rendering import write
from sidecar.spec import AgentSettings, Service, Spec
from sidecar.targets import compose
from sidecar.targets.monitoring import collector_alerts, forwarder_alerts
from sidecar.targets.monitoring.alerts import ALERTS

WATCHED = Spec("local", name="shop", watch=True, monitoring=True)
INTERVAL = 15
AGENT = "jaeger_agent_"
PROCESSED = f"{AGENT}thrift_udp_server_packets_processed_total"
DROPPED = f"{AGENT}thrift_udp_server_packets_dropped_total"
SUBMITTED = f"{AGENT}reporter_spans_submitted_total"
FAILED = f"{AGENT}reporter_spans_failures_total"
QUEUE = f"{AGENT}thrift_udp_server_queue_size"
CONNECTED = f"{AGENT}connection_status_collector_connected"
START = "process_start_time_seconds"
HEALTHY = {
    PROCESSED: "0+144x60",
    DROPPED: "0x60",
    SUBMITTED: "0+10800x60",
    FAILED: "0x60",
    QUEUE: "0 3 0 0 1 0x55",
    CONNECTED: "1x60",
    START: "1000x60",
    "up": "1x60",
}
"""720 spans per second in packets of 75, for 15 minutes."""


@pytest.fixture(scope="module")
def promtool() -> str:
    """Prometheus' program that tests rules."""
    return find_program("promtool") or lack("promtool", "it is not on PATH")


@dataclass(frozen=True)
class Target:
    """Rules as a target renders them, and the labels that its series have."""

    rules: dict[str, Any]
    labels: dict[str, str]
    alert_labels: dict[str, str]

    def test(self, series: dict[str, str], at: str, expected: set[str]) -> dict[str, Any]:
        """Return a test that these alerts, and no others, fire."""
        labels = ", ".join(f'{name}="{value}"' for name, value in self.labels.items())
        alerts = []
        for alert in self.rules["groups"][0]["rules"]:
            entry: dict[str, Any] = {"eval_time": at, "alertname": alert["alert"]}
            if alert["alert"] in expected:
                fired = {"severity": "warning", **self.alert_labels}
                texts = {name: self.filled(text) for name, text in alert["annotations"].items()}
                entry["exp_alerts"] = [{"exp_labels": fired, "exp_annotations": texts}]
            alerts.append(entry)
        given = [
            {"series": f"{name}{{{labels}}}", "values": values} for name, values in series.items()
        ]
        return {"interval": f"{INTERVAL}s", "input_series": given, "alert_rule_test": alerts}

    def filled(self, text: str) -> str:
        """Return an annotation as Prometheus fills it in."""
        return re.sub(r"\{\{ \$labels\.(\w+) }}", lambda found: self.alert_labels[found[1]], text)


def of_compose(spec: Spec = WATCHED) -> Target:
    """Return the rules of a Compose deployment."""
    files = compose.render(plan_of(spec))
    labels = {"project": "shop", "service": "frontend"}
    rules = yaml.safe_load(files["monitoring/rules.yml"])
    return Target(rules, {"job": "sidecar-agents", **labels}, labels)


def of_chart(*more: object) -> Target:
    """Return the rules of a release."""
    options = ("--set", "metrics.enabled=true,metrics.rules.enabled=true")
    (found,) = (one for one in template(CHART, *options, *more) if one["kind"] == "PrometheusRule")
    labels = {"namespace": "default", "pod": "demo-frontend-1"}
    release = {"app_kubernetes_io_instance": "demo", "endpoint": "agent-admin"}
    return Target(found["spec"], {**release, **labels}, labels)


TARGETS = {"compose": of_compose, "chart": of_chart}
CASES: dict[str, tuple[dict[str, str], str, set[str]]] = {
    "a healthy agent": ({}, "10m", set()),
    "an idle agent": ({PROCESSED: "7x60", SUBMITTED: "525x60", CONNECTED: "1x60"}, "10m", set()),
    "an agent that has no span yet": (
        {PROCESSED: "0x60", SUBMITTED: "0x60", CONNECTED: "0x60"},
        "10m",
        set(),
    ),
    "one packet, whose spans come with the next reading": (
        {PROCESSED: "7x20 8x40", SUBMITTED: "525x21 600x39"},
        "5m15s",
        set(),
    ),
    "before an outage of 10 s that costs 7,200 spans": (
        {SUBMITTED: "0+10800x20 208800+10800x39", FAILED: "0x20 7200x40"},
        "5m",
        set(),
    ),
    "right after that outage": (
        {SUBMITTED: "0+10800x20 208800+10800x39", FAILED: "0x20 7200x40"},
        "5m15s",
        {"TracingSpansFailed"},
    ),
    "four minutes after that outage": (
        {SUBMITTED: "0+10800x20 208800+10800x39", FAILED: "0x20 7200x40"},
        "9m",
        {"TracingSpansFailed"},
    ),
    "seven minutes after that outage": (
        {SUBMITTED: "0+10800x20 208800+10800x39", FAILED: "0x20 7200x40"},
        "12m",
        set(),
    ),
    "a loss within the budget": ({FAILED: "0x20 10x40"}, "5m30s", set()),
    "dropped packets": ({DROPPED: "0x20 3x40"}, "5m30s", {"TracingPacketsDropped"}),
    "silence: packets are processed and none is submitted": (
        {SUBMITTED: "0+10800x20 216000x40", QUEUE: "0x22 0 0 0x36"},
        "8m30s",
        {"TracingAgentSilent"},
    ),
    "a gateway that does not answer: the queue grows, too": (
        {SUBMITTED: "0+10800x20 216000x40", QUEUE: "0x20 90+140x40"},
        "8m30s",
        {"TracingAgentSilent", "TracingQueueNotEmpty"},
    ),
    "a queue that does not empty, although spans are submitted": (
        {QUEUE: "0x20 5 9 4x38"},
        "9m",
        {"TracingQueueNotEmpty"},
    ),
    "no connection, and packets": (
        {CONNECTED: "1x20 0x40", SUBMITTED: "0+10800x20 216000x40", FAILED: "0x20 0+10800x40"},
        "9m",
        {"TracingAgentNotConnected", "TracingSpansFailed"},
    ),
    "an agent that is away": ({"up": "1x20 0x40"}, "7m", {"TracingAgentDown"}),
    "an agent that was restarted twice": (
        {START: "1000x10 2000x10 3000x40"},
        "8m",
        {"TracingAgentRestarts"},
    ),
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_alerts_fire_when_they_should_and_only_then(target, promtool, tmp_path) -> None:
    """Each case names all alerts that fire at its moment."""
    found = target()
    tests = [
        {"name": name, **found.test({**HEALTHY, **series}, at, expected)}
        for name, (series, at, expected) in CASES.items()
    ]
    assert_fires(promtool, tmp_path, found, tests)


SENT, ACCEPTED = "otelcol_exporter_sent_spans", "otelcol_receiver_accepted_spans"
WAITING = "otelcol_exporter_queue_size"
COLLECTOR_HEALTHY = {
    ACCEPTED: "0+10800x60",
    SENT: "0+10800x60",
    WAITING: "200000x60",
    "otelcol_exporter_queue_capacity": "500000000x60",
    "otelcol_process_uptime": "0+15x60",
    "up": "1x60",
}
"""720 spans per second for 15 minutes; a batch waits for its share of 200 ms, in bytes."""
COLLECTOR_CASES: dict[str, tuple[dict[str, str], str, set[str]]] = {
    "a healthy collector": ({}, "10m", set()),
    "no span yet": ({ACCEPTED: "_x60", SENT: "_x60", WAITING: "0x60"}, "10m", set()),
    "the first refusal, whose counter begins with it": (
        {"otelcol_exporter_send_failed_spans": "_x20 75x40"},
        "5m30s",
        {"TracingSpansFailed"},
    ),
    "another refusal": (
        {"otelcol_exporter_send_failed_spans": "75x30 150x30"},
        "8m",
        {"TracingSpansFailed"},
    ),
    "a refusal ten minutes ago": (
        {"otelcol_exporter_send_failed_spans": "_x10 75x50"},
        "12m30s",
        set(),
    ),
    "a full queue": (
        {"otelcol_exporter_enqueue_failed_spans": "_x20 75x40"},
        "5m30s",
        {"TracingPacketsDropped"},
    ),
    "a full memory": (
        {"otelcol_receiver_refused_spans": "_x20 75x40"},
        "5m30s",
        {"TracingPacketsDropped"},
    ),
    "an outage of four minutes": (
        {WAITING: "200000x19 0+5400000x40", SENT: "0+10800x20 216000x40"},
        "9m",
        {"TracingQueueNotEmpty"},
    ),
    "a backlog without new spans": (
        {ACCEPTED: "_x60", SENT: "_x60", WAITING: "250000x60"},
        "5m",
        {"TracingQueueNotEmpty"},
    ),
    "a queue that is half full": (
        {WAITING: "200000x19 300000000x40"},
        "5m",
        {"TracingQueueHalfFull"},
    ),
    "a collector that is away": ({"up": "1x20 0x40"}, "7m", {"TracingAgentDown"}),
    "a collector that was restarted twice": (
        {"otelcol_process_uptime": "0+15x10 0+15x10 0+15x40"},
        "8m",
        {"TracingAgentRestarts"},
    ),
}
COLLECTOR_TARGETS = {
    "compose": lambda: of_compose(replace(WATCHED, agent=AgentSettings("collector"))),
    "chart": lambda: of_chart("-f", CHART / "ci" / "collector-values.yaml"),
}


@pytest.mark.parametrize("target", COLLECTOR_TARGETS.values(), ids=COLLECTOR_TARGETS)
def test_alerts_on_collectors_fire_when_they_should(target, promtool, tmp_path) -> None:
    """By their own counters, some of which begin with the first loss."""
    found = target()
    tests = [
        {"name": name, **found.test({**COLLECTOR_HEALTHY, **series}, at, expected)}
        for name, (series, at, expected) in COLLECTOR_CASES.items()
    ]
    assert_fires(promtool, tmp_path, found, tests)
    fired = set().union(*(expected for _, _, expected in COLLECTOR_CASES.values()))
    assert {alert.name for alert in collector_alerts.ALERTS} == fired


HELD = "sidecar_forwarder_holding"
FORWARDER_HEALTHY = {HELD: "0x60", "up": "1x60"}
FORWARDER_CASES: dict[str, tuple[dict[str, str], str, set[str]]] = {
    "a healthy forwarder": ({}, "10m", set()),
    "the first call that is dropped, whose counter begins with it": (
        {"sidecar_forwarder_dropped_calls_total": "_x20 1x40"},
        "5m30s",
        {"TracingForwarderDropped"},
    ),
    "a call that was dropped ten minutes ago": (
        {"sidecar_forwarder_dropped_calls_total": "_x10 1x50"},
        "12m30s",
        set(),
    ),
    "an outage of four minutes": (
        {HELD: "0x20 1x16 0x24"},
        "8m30s",
        {"TracingForwarderHolds"},
    ),
    "right after it": ({HELD: "0x20 1x16 0x24"}, "9m30s", set()),
    "a forwarder that is away": ({"up": "1x20 0x40"}, "7m", {"TracingForwarderDown"}),
}


def with_forwarder(target: Target, labels: dict[str, str], alert_labels: dict[str, str]) -> Target:
    """Return a target whose series are the forwarder's."""
    return replace(target, labels=labels | alert_labels, alert_labels=alert_labels)


FORWARDER_TARGETS = {
    "compose": lambda: with_forwarder(
        COLLECTOR_TARGETS["compose"](), {"job": "sidecar-forwarder"}, {"project": "shop"}
    ),
    "chart": lambda: with_forwarder(
        COLLECTOR_TARGETS["chart"](),
        {"app_kubernetes_io_instance": "demo", "endpoint": "state"},
        {"namespace": "default", "pod": "demo-forwarder-1"},
    ),
}


@pytest.mark.parametrize("target", FORWARDER_TARGETS.values(), ids=FORWARDER_TARGETS)
def test_alerts_on_the_forwarder_fire_when_they_should(target, promtool, tmp_path) -> None:
    """By its own counters, and when it cannot be scraped; the collectors' do not."""
    found = target()
    tests = [
        {"name": name, **found.test({**FORWARDER_HEALTHY, **series}, at, expected)}
        for name, (series, at, expected) in FORWARDER_CASES.items()
    ]
    assert_fires(promtool, tmp_path, found, tests)
    fired = set().union(*(expected for _, _, expected in FORWARDER_CASES.values()))
    assert {alert.name for alert in forwarder_alerts.ALERTS} == fired


def test_agents_have_no_alerts_on_a_forwarder() -> None:
    """They send to the gateway themselves."""
    assert "Forwarder" not in json.dumps([of_compose().rules, of_chart().rules])


def assert_fires(promtool, tmp_path, found: Target, tests: list[dict[str, Any]]) -> None:
    """Let promtool judge tests of a target's rules."""
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(found.rules))
    suite = {"rule_files": ["rules.yml"], "evaluation_interval": "15s", "tests": tests}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(suite, width=1000))

    done = subprocess.run(
        [promtool, "test", "rules", tmp_path / "tests.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def test_each_alert_fires_in_some_case() -> None:
    """One that never fires would pass every other test."""
    fired = set().union(*(expected for _, _, expected in CASES.values()))

    assert {alert.name for alert in ALERTS} == fired


def test_promtool_accepts_the_configuration_of_a_deployment(promtool, tmp_path) -> None:
    """With the rules that it names."""
    write(compose.render(plan_of(WATCHED)), tmp_path / "out")
    done = subprocess.run(
        [promtool, "check", "config", tmp_path / "out" / "monitoring" / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout


def test_every_agent_is_scraped_under_its_services_name() -> None:
    """At the admin port, by its name in the monitoring network."""
    files = compose.render(plan_of(WATCHED))
    (job,) = yaml.safe_load(files["monitoring/prometheus.yml"])["scrape_configs"]

    assert {"frontend": ["frontend-agent:14271"], "backend": ["backend-agent:14271"]} == {
        group["labels"]["service"]: group["targets"] for group in job["static_configs"]
    }
    files = compose.render(plan_of(replace(WATCHED, agent=AgentSettings("collector"))))
    agents, forwarder = yaml.safe_load(files["monitoring/prometheus.yml"])["scrape_configs"]
    assert ["frontend-agent:8888"] == agents["static_configs"][0]["targets"]
    assert ["sidecar-forwarder:14318"] == forwarder["static_configs"][0]["targets"]
    watch = yaml.safe_load(files["docker-compose.yml"])["services"]["sidecar-watch"]
    assert "--agent=frontend=frontend-agent:8888" in watch["command"]


def test_the_dashboard_of_both_targets_is_one() -> None:
    """It names only counters that an agent has."""
    files = compose.render(plan_of(WATCHED))
    options = ("--set", "metrics.enabled=true,metrics.dashboard.enabled=true")
    (found,) = (one for one in template(CHART, *options) if one["kind"] == "ConfigMap")

    assert files["monitoring/dashboard.json"] == found["data"]["sidecar-agents.json"]
    assert "1" == found["metadata"]["labels"]["grafana_dashboard"]
    panels = json.loads(files["monitoring/dashboard.json"])["panels"]
    shown = {re.search(r"jaeger_agent_\w+", panel["targets"][0]["expr"])[0] for panel in panels}
    assert {PROCESSED, DROPPED, SUBMITTED, FAILED, QUEUE, CONNECTED} == shown


def test_a_watched_deployment_is_the_golden_one(golden) -> None:
    """The watch, the monitoring network, and the files for Prometheus and Grafana."""
    for name, text in compose.render(plan_of(WATCHED)).items():
        golden(f"compose/watched/{name}", text)


@pytest.mark.parametrize(
    "spec", [replace(WATCHED, monitoring=False), replace(WATCHED, watch=False)]
)
def test_agents_and_the_watch_meet_in_a_network_of_their_own(spec: Spec) -> None:
    """No service is in it, and nothing of it is published."""
    data = yaml.safe_load(compose.render(plan_of(spec))["docker-compose.yml"])
    members = [name for name, one in data["services"].items() if "monitoring" in one["networks"]]
    watch = ["sidecar-watch"] if spec.watch else []

    assert ["frontend-agent", "backend-agent", *watch] == members
    assert {"internal": True} == data["networks"]["monitoring"]
    assert all("ports" not in data["services"][name] for name in members)


def test_without_both_there_is_no_such_network() -> None:
    """Nor a file, nor a container."""
    files = compose.render(plan_of(replace(WATCHED, watch=False, monitoring=False)))

    assert {"docker-compose.yml", "local-agent.yaml"} == set(files)
    assert "monitoring" not in files["docker-compose.yml"]


def test_the_name_of_the_watch_is_no_services() -> None:
    """A user may have a service of that name."""
    spec = Spec("cn-shanghai", services=(Service("sidecar-watch", image="web:1"),), watch=True)
    data = yaml.safe_load(compose.render(plan_of(spec))["docker-compose.yml"])

    assert {"sidecar-watch", "sidecar-watch-agent", "sidecar-watch-2"} == set(data["services"])
    assert ["--agent=sidecar-watch=sidecar-watch-agent:14271"] == (
        data["services"]["sidecar-watch-2"]["command"]
    )


def test_a_rendering_with_a_dashboard_is_replaced_by_the_next(tmp_path) -> None:
    """JSON cannot say who wrote it; a dashboard of somebody else's is not replaced."""
    rendering = compose.render(plan_of(WATCHED))
    write(rendering, tmp_path / "out")
    write(rendering, tmp_path / "out")
    own = tmp_path / "own" / "monitoring"
    own.mkdir(parents=True)
    (own / "dashboard.json").write_text("{}")

    with pytest.raises(SidecarError, match="was not written by sidecar"):
        write(rendering, tmp_path / "own")
