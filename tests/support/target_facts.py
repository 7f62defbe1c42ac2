"""What the targets render of an agent and its forwarder, as facts in one form: path → value."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from chart_objects import containers_of, pod_of
from helm_charts import CHART, one, template

from sidecar.demo.collectors import Places, placed
from sidecar.rendering import COMPOSE_FILE
from sidecar.targets import compose, overlay, systemd
from sidecar.targets.helm import overlay as values_text
from sidecar.targets.helm.values import values_of
from sidecar.targets.manifests import additions
from sidecar.targets.overlay import AgentPlace, Overlay

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sidecar.plan import Plan

Facts = dict[str, Any]
SERVICE = "web"
_PORT = re.compile(r":(\d{2,5})\b")


def flat(value: Any, path: str) -> Facts:
    """Return a value's leaves by their paths."""
    if isinstance(value, dict) and value:
        pairs = value.items()
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        pairs = enumerate(value)
    else:
        return {path: value}
    return {key: leaf for name, each in pairs for key, leaf in flat(each, f"{path}.{name}").items()}


def _kind(plan: Plan) -> str:
    """Return what the facts of an agent are called: by its kind."""
    return "collector" if plan.services[0].agent.collector else "agent"


def _flags(words: Iterable[str], part: str) -> Facts:
    pairs = (word.partition("=") for word in words)
    return {f"{part}.flag.{name}": value for name, _, value in pairs}


# Compose and the overlay ------------------------------------------------------------------------


def of_compose(plan: Plan) -> Facts:
    """Return the facts of the Compose file of a plan for one service."""
    return _of_stack(yaml.safe_load(compose.render(plan)[COMPOSE_FILE]), plan)


def of_overlay(plan: Plan) -> Facts:
    """Return those of the overlay for the same service in a stack of a user's."""
    places = tuple(AgentPlace(service, f"{SERVICE}-tracing") for service in plan.services)
    text = overlay.render(plan, Overlay((COMPOSE_FILE,), (), places))
    return _of_stack(yaml.safe_load(text), plan)


def _of_stack(stack: Mapping[str, Any], plan: Plan) -> Facts:
    kind = _kind(plan)
    names = {kind: f"{SERVICE}-agent"}
    if plan.forwarder:
        names["forwarder"] = plan.forwarder.name
    facts: Facts = {}
    for part, name in names.items():
        facts |= _of_composed(stack["services"][name], part)
    texts = compose.configurations(plan)
    for source in stack["services"][names[kind]].get("configs", []):
        text = texts[stack["configs"][source["source"]]["file"].removeprefix("./")]
        facts |= flat(yaml.safe_load(text), "config")
    return facts


def _of_composed(container: Mapping[str, Any], part: str) -> Facts:
    mounts = container.get("volumes", [])
    secrets = [f"/run/secrets/{each['target']}" for each in container.get("secrets", [])]
    image = str(container["image"])
    return {
        **_flags(container["command"], part),
        f"{part}.program": container.get("entrypoint"),
        f"{part}.image": re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", image),
        f"{part}.GOMEMLIMIT": container.get("environment", {}).get("GOMEMLIMIT"),
        f"{part}.memory": int(container["mem_limit"].removesuffix("m")),
        f"{part}.cpus": container.get("cpus"),
        f"{part}.processes": container["pids_limit"],
        f"{part}.user": container["user"],
        f"{part}.read-only": container["read_only"],
        f"{part}.dropped capabilities": container["cap_drop"],
        f"{part}.new privileges": "no-new-privileges:true" not in container["security_opt"],
        f"{part}.restarts": container["restart"] != "no",
        f"{part}.grace": int(container["stop_grace_period"].removesuffix("s")),
        f"{part}.kept": [each["target"] for each in mounts if not each.get("read_only")],
        f"{part}.token": [*secrets, *(each["target"] for each in mounts if each.get("read_only"))],
        f"{part}.asks": _asked(container.get("healthcheck", {}).get("test", [])),
    }


def _asked(words: Iterable[str]) -> list[str]:
    """Return the ports that a probe asks."""
    return sorted(set(_PORT.findall(" ".join(words))))


# The chart and what inject adds -----------------------------------------------------------------


def of_chart(plan: Plan, folder: Path) -> Facts:
    """Return the facts of the chart with the overlay of a plan."""
    (folder / "values.yaml").write_text(values_text(plan, values_of(plan)))
    objects = template(CHART, "-f", folder / "values.yaml")
    facts: Facts = {}
    parts = {"jaeger-agent": _kind(plan), "forwarder": "forwarder"}
    for name in (SERVICE, "forwarder") if plan.forwarder else (SERVICE,):
        pod = pod_of(one(objects, "Deployment", f"demo-{name}"))
        assert pod
        for container in containers_of(pod):
            if part := parts.get(container["name"]):
                facts |= _of_pods(container, part)
                facts[f"{part}.grace"] = pod["terminationGracePeriodSeconds"]
    for each in objects:
        if each["kind"] == "ConfigMap" and each["metadata"]["name"] == "demo-collector":
            facts |= flat(yaml.safe_load(each["data"]["config.yaml"]), "config")
    return facts


def of_inject(plan: Plan) -> Facts:
    """Return the facts of what inject adds to manifests: to a pod, and to its namespace."""
    added = additions(plan, "tracing", native=True)
    facts = _of_pods(added.agent, _kind(plan))
    for each in added.shared.objects("") if added.shared else ():
        if each["kind"] == "Deployment":
            pod = each["spec"]["template"]["spec"]
            facts |= _of_pods(pod["containers"][0], "forwarder")
            facts["forwarder.grace"] = pod["terminationGracePeriodSeconds"]
        if each["kind"] == "ConfigMap":
            facts |= flat(yaml.safe_load(each["data"]["config.yaml"]), "config")
    return facts


def _of_pods(container: Mapping[str, Any], part: str) -> Facts:
    security, limits = container["securityContext"], container["resources"]["limits"]
    variables = {each["name"]: each.get("value") for each in container.get("env", [])}
    mounts = container["volumeMounts"]
    kept = [each["mountPath"] for each in mounts if not each.get("readOnly")]
    return {
        **_flags(container["args"], part),
        f"{part}.program": container.get("command"),
        f"{part}.image": container["image"],
        f"{part}.GOMEMLIMIT": variables.get("GOMEMLIMIT"),
        f"{part}.memory": int(limits["memory"].removesuffix("Mi")),
        f"{part}.cpus": int(limits["cpu"].removesuffix("m")) / 1000,
        f"{part}.user": f"{security['runAsUser']}:{security['runAsGroup']}",
        f"{part}.read-only": security["readOnlyRootFilesystem"],
        f"{part}.dropped capabilities": security["capabilities"]["drop"],
        f"{part}.new privileges": security["allowPrivilegeEscalation"],
        f"{part}.restarts": container.get("restartPolicy", "Always") == "Always",
        f"{part}.kept": [path for path in kept if path != "/tmp"],
        f"{part}.token": [each["mountPath"] for each in mounts if each["name"] == "sidecar-token"],
        f"{part}.asks": _probed(container),
    }


def _probed(container: Mapping[str, Any]) -> list[str]:
    """Return the ports that the probes ask."""
    named = {port["name"]: port["containerPort"] for port in container["ports"]}
    found: set[str] = set()
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = container.get(name, {})
        found |= set(_PORT.findall(" ".join(probe.get("exec", {}).get("command", []))))
        if port := probe.get("httpGet", {}).get("port"):
            found.add(str(named.get(port, port)))
    return sorted(found)


# Units and the demo's processes -----------------------------------------------------------------


def of_units(plan: Plan) -> Facts:
    """Return the facts of the units for a host."""
    files = systemd.render(plan)
    facts = _of_unit(files["systemd/sidecar-agent.service"], _kind(plan))
    if plan.host_forwarder:
        facts |= _of_unit(files["systemd/sidecar-forwarder.service"], "forwarder")
        facts |= flat(yaml.safe_load(files["systemd/config.yaml"]), "config")
    return facts


def _of_unit(text: str, part: str) -> Facts:
    lines = text.replace("\\\n", " ").splitlines()
    unit = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]\w+=", line))
    program, *words = shlex.split(unit["ExecStart"])
    environment = dict([unit["Environment"].split("=", 1)]) if "Environment" in unit else {}
    state = unit.get("StateDirectory")
    quota = unit.get("CPUQuota")
    return {
        **_flags(words, part),
        f"{part}.program": program,
        f"{part}.GOMEMLIMIT": environment.get("GOMEMLIMIT"),
        f"{part}.memory": int(unit["MemoryMax"].removesuffix("M")),
        f"{part}.cpus": int(quota.removesuffix("%")) / 100 if quota else None,
        f"{part}.processes": int(unit["TasksMax"]),
        f"{part}.user": "its own" if unit["DynamicUser"] == "yes" else "root",
        f"{part}.read-only": unit["ProtectSystem"] == "strict",
        f"{part}.dropped capabilities": [] if unit["CapabilityBoundingSet"] else ["ALL"],
        f"{part}.new privileges": unit["NoNewPrivileges"] != "yes",
        f"{part}.restarts": unit["Restart"] == "always",
        f"{part}.grace": int(unit["TimeoutStopSec"]),
        f"{part}.kept": [f"/var/lib/{state}"] if state else [],
        f"{part}.token": unit["LoadCredential"].split(":")[:1] if "LoadCredential" in unit else [],
        f"{part}.asks": [],
    }


PLACES = Places("127.0.0.1:7001", 7002, "127.0.0.1:7003", Path("token"), Path("queue"))


def of_demo(plan: Plan) -> Facts:
    """Return the facts of a collector's configuration as a process of the demo has it."""
    agent = plan.services[0].agent
    assert agent.collector
    return flat(placed(agent.collector.configuration, PLACES), "config")
