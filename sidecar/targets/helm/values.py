"""A plan as values of the chart, and how these differ from the released chart's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sidecar.image_names import built_agent, built_collector, official
from sidecar.plan import DIRECT
from sidecar.regions import LOCAL
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.services import HealthTiming
from sidecar.targets.helm import collector, jobs
from sidecar.targets.helm.keys import KEYS
from sidecar.targets.pod_resources import (
    given_over,
    of_agent,
    of_drain,
    of_forwarder,
    resources,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.plan import AgentPlan, Plan, ServicePlan

Values = dict[str, Any]

TLS = "--reporter.grpc.tls.enabled=true"
_FORWARDER_TLS = {"--protocol=grpcs", "--protocol=https"}
SECRET = "tracing"  # noqa: S105 - a Secret's name
"""The Secret with the token, as rendered for a region."""
EXAMPLE = "/greet?name=you"
DEFAULT_LIMITS = (512, 1)
"""Memory in MiB and CPUs of a service whose spec names no limit: platforms ask for one."""
DEFAULT_TIMING = HealthTiming()
"""The spec's defaults; the chart's templates have the same."""
_SECTIONS = {"service": "services", "worker": "services", "job": "jobs", "cron": "cronJobs"}
"""Kind of a service → the values that have it."""
_CHART_NAMES = {
    "env": "extraEnv",
    "volumes": "extraVolumes",
    "volumeMounts": "extraVolumeMounts",
    "containers": "extraContainers",
}
"""What the chart calls otherwise than a spec, for it has some of its own."""
_NEVER_EMPTY = ("podDisruptionBudget", "autoscaling")
"""What the chart refuses if it is empty, for it would do nothing."""
_URL = re.compile(
    r"((?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>[A-Za-z0-9-]+):(?P<port>[0-9]{1,5})(?P<path>/.*)?"
)


def values_of(plan: Plan) -> Values:
    """Return the chart's values for a plan: every key, in the order of the table."""
    values: Values = {}
    decided = _decided(plan)
    for key in KEYS:
        *parents, name = key.path.split(".")
        section = values
        for parent in parents:
            section = section.setdefault(parent, {})
        section[name] = decided.get(key.path, key.default)
    return values


def difference(wanted: Mapping[str, Any], base: Mapping[str, Any]) -> Values:
    """Return what Helm has to merge into `base` to get `wanted`; null removes a key."""
    changes: Values = {key: None for key in base if key not in wanted}
    for key, value in wanted.items():
        if key not in base:
            changes[key] = value
        elif isinstance(value, dict) and isinstance(base[key], dict):
            if inner := difference(value, base[key]):
                changes[key] = inner
        elif value != base[key]:
            changes[key] = value
    return changes


def _decided(plan: Plan) -> Values:
    agent = plan.services[0].agent  # each replica's agent is sized for one and the same capacity
    return {
        "region": plan.region,
        "gateway.host": "" if plan.region == LOCAL else plan.gateway.host,
        "gateway.port": plan.gateway.port,
        "gateway.tls": _is_tls(plan),
        "existingSecret": "" if plan.region == LOCAL else SECRET,
        "images.agent": _agent_image(plan, agent),
        "images.sample": official().sample.name,
        "images.gateway": plan.probe.name,
        "agent.kind": agent.kind,
        "agent.version": agent.version,
        **collector.tuned("agent.tuning", agent.replica_tuning),
        **collector.decided(agent),
        **_canary(plan, agent),
        **_forwarder(plan),
        **_relay(plan),
        **_agent_resources(agent),
        **_workloads(plan),
        "resources": resources(*DEFAULT_LIMITS, 128),
        "standIn.enabled": plan.stand_in is not None,
        "standIn.resources": resources(768, 1, 128),
    }


def _agent_resources(agent: AgentPlan) -> Values:
    return {
        "agent.resources": of_agent(agent),
        "agent.drainResources": of_drain(agent),
    }


def _is_tls(plan: Plan) -> bool:
    if plan.forwarder is None:
        return TLS in plan.services[0].agent.argv
    return not _FORWARDER_TLS.isdisjoint(plan.forwarder.argv)


def _canary(plan: Plan, agent: AgentPlan) -> Values:
    values = collector.canary(agent)
    image = built_collector(values["canary.version"]).rpartition(":")[0]
    return {
        **values,
        "images.canary": _agent_image(plan, agent.canary.agent) if agent.canary else image,
        "canary.resources": given_over(
            resources(values.pop("canary.memory"), 0.5, 64),
            agent.kubernetes,
            "agent.kubernetes.canaryResources",
        ),
    }


def _forwarder(plan: Plan) -> Values:
    values = collector.forwarder(plan)
    made = of_forwarder(values.pop("forwarder.memory"), plan.services[0].agent)
    return {**values, "forwarder.resources": made}


def _relay(plan: Plan) -> Values:
    values = collector.relay(plan)
    own = resources(values.pop("relay.memory"), 1, 64)
    given = plan.relay.kubernetes if plan.relay else {}
    return {**values, "relay.resources": given_over(own, given, "relay.kubernetes.resources")}


def _agent_image(plan: Plan, agent: AgentPlan) -> str:
    """Return the agent's image without its tag, which is agent.version; a user's own as it is."""
    if agent.image.variable is None:
        return agent.image.name
    built = plan.stand_in is not None or plan.image_source == "build"
    own = built_collector(agent.version) if agent.collector else built_agent()
    return (own if built else agent.image.name).rpartition(":")[0]


def _workloads(plan: Plan) -> Values:
    """Return the services, jobs and cron jobs, each by its name."""
    found: Values = {section: {} for section in dict.fromkeys(_SECTIONS.values())}
    for service in plan.services:
        found[_SECTIONS[service.kind]][service.name] = _workload(service, plan)
    return found


def _workload(service: ServicePlan, plan: Plan) -> Values:
    values = _service(service, plan)
    if service.job is None:
        return values
    return {key: value for key, value in values.items() if key != "replicas"} | jobs.decided(
        service.job
    )


def _service(service: ServicePlan, plan: Plan) -> Values:
    environment, peers = variables_of(service, plan)
    user = service.user and int(service.user.partition(":")[0])
    values = {
        "image": None if is_sample(service) else service.image.name,
        "port": service.port,
        "replicas": service.fixed_replicas,
        "args": [literal(word) for word in service.command],
        "env": environment,
        "peers": peers,
        "example": EXAMPLE if is_sample(service) and service.depends_on else None,
        "health": _health(service),
        "runAsUser": user,
        "readOnlyRootFilesystem": None if is_read_only(service) else False,
        "resources": _limits(service) if service.memory_mib or service.cpus else None,
        "terminationGracePeriodSeconds": service.stop_grace_s,
        "extraPorts": [{"name": name, "port": port} for name, port in service.ports.items()],
        **{_CHART_NAMES.get(name, name): value for name, value in service.kubernetes.items()},
    }
    return {
        key: value
        for key, value in values.items()
        if value not in (None, [], {}) or (value == {} and key in _NEVER_EMPTY)
    }


def _limits(service: ServicePlan) -> Values:
    memory_mib, cpus = DEFAULT_LIMITS
    return resources(service.memory_mib or memory_mib, service.cpus or cpus, 128)


def is_read_only(service: ServicePlan) -> bool:
    """Tell whether a service cannot write to its root file system."""
    return service.hardened or service.read_only_root


def is_sample(service: ServicePlan) -> bool:
    """Tell whether a service is one of the kit's own sample."""
    return service.image.build_target is not None


def literal(text: str) -> str:
    """Return a text that Kubernetes passes on unchanged: it expands `$(NAME)`, and `$$` to `$`."""
    return re.sub(r"\$(?=[$(])", "$$", text)


def variables_of(service: ServicePlan, plan: Plan) -> tuple[Values, Values]:
    """Return the variables that the chart does not set, and the peers: addresses of services."""
    chart_sets = {
        "JAEGER_AGENT_HOST": service.agent.name,
        "JAEGER_AGENT_PORT": str(COMPACT_PORT),
        "JAEGER_SERVICE_NAME": service.name,
    }
    ports = {other.name: ports_of(other) for other in plan.services}
    environment: Values = {}
    peers: Values = {}
    for name, value in sorted(service.environment.items()):
        url = _URL.fullmatch(value)
        if value in (chart_sets.get(name), DIRECT.get(name)):
            continue
        if url and int(url["port"]) in ports.get(url["host"], {}):
            peers[name] = _peer(url, ports[url["host"]][int(url["port"])])
        else:
            environment[name] = literal(value)
    return environment, peers


def ports_of(service: ServicePlan) -> dict[int, str]:
    """Return the ports of a service, each with the name that a peer gives; empty for its first."""
    named = {port: name for name, port in service.ports.items()}
    return named | ({service.port: ""} if service.port else {})


def _peer(url: re.Match[str], port: str) -> Values:
    """Return an address of another service without the parts that are the chart's defaults."""
    parts = {"service": url["host"], "port": port, "path": url["path"]}
    scheme = {} if url["scheme"] == "http" else {"scheme": url["scheme"] or ""}
    return {key: part for key, part in parts.items() if part} | scheme


def _health(service: ServicePlan) -> Values:
    if not service.health:
        return {}
    values: Values = {"command": list(service.live or service.health)}
    if service.health_path:
        values = {"path": service.health_path}
    if service.ready_path:
        values["ready"] = {"path": service.ready_path}
    timing = service.health_timing
    if timing is None or timing == DEFAULT_TIMING:
        return values
    return {
        **values,
        "intervalSeconds": timing.interval_s,
        "timeoutSeconds": timing.timeout_s,
        "retries": timing.retries,
        "startSeconds": timing.start_period_s,
    }
