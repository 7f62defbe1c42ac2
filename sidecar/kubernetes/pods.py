"""What the kit reads of a pod: its service, the state of its containers, its agent's address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.rules.agent_settings import COMPACT_HOST_PORT
from sidecar.rules.agents import (
    ADMIN_HOST_PORT,
    ADMIN_PORT,
    ADMIN_PORT_FLAG,
    COMPACT_PORT,
    DIRECT,
    REPORTER,
)
from sidecar.rules.collectors import METRICS_PORT

AGENT, GATEWAY = "jaeger-agent", "gateway"
"""Names of the chart's containers."""
COPIER = "sidecar-copier"
"""Of a canary: it is at the agent's port, and gives each packet to two."""
INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
NAME = "app.kubernetes.io/name"
REGION = "sidecar-kit/region"
"""Label: the region that the chart was rendered for."""
PROBE_IMAGE = "sidecar-kit/probe"
RELAYS = "sidecar-kit/relays"
"""Annotation: the image with which `sidecar verify` looks into the pod."""
INJECTED = "sidecar-kit/injected"
"""Annotation: `sidecar inject` gave the pod its agent."""
EVERY_POD = "!sidecar-kit/no-pod"
"""A selector that takes every pod: none has this label."""
_LOOPBACK = "127.0.0.1"
_ANY = ("", "0.0.0.0", "[::]", "::")  # noqa: S104 - what an agent's flag may hold

Object = Mapping[str, Any]


_LONGEST_HOSTNAME = 63


@dataclass(frozen=True)
class Pod:
    """One pod."""

    name: str
    namespace: str
    data: Object = field(repr=False)
    """As the cluster returns it."""

    @property
    def service(self) -> str:
        """The workload that it belongs to: the chart's component, else the application's name."""
        return service_of(self.data, self.name)

    @property
    def hostname(self) -> str:
        """The name that its processes know: given, as to Indexed Jobs, or as kubelets cut it."""
        own = self.data["spec"].get("hostname")
        return str(own or self.name[:_LONGEST_HOSTNAME].rstrip("-."))

    @property
    def image(self) -> str:
        """The image with which to look into it, by the chart; may be empty."""
        return self._noted(PROBE_IMAGE)

    @property
    def relays(self) -> str:
        """The name of the relays that its collector sends to, by the chart; may be empty."""
        return self._noted(RELAYS)

    def _noted(self, name: str) -> str:
        return str(self.data["metadata"].get("annotations", {}).get(name, ""))

    @property
    def ready(self) -> bool:
        """Tell whether the cluster sends it requests."""
        conditions = self.data.get("status", {}).get("conditions", [])
        states = {condition["type"]: condition["status"] for condition in conditions}
        return self.alive and states.get("Ready") == "True"

    @property
    def alive(self) -> bool:
        """Tell whether it runs, and is not about to end."""
        ending = "deletionTimestamp" in self.data["metadata"]
        return not ending and self.data["status"].get("phase") == "Running"

    def container(self, name: str) -> Object | None:
        """Return the specification of a container of any kind."""
        spec = self.data["spec"]
        groups = ("containers", "initContainers", "ephemeralContainers")
        return _named(name, (spec.get(group, []) for group in groups))

    def status_of(self, container: str) -> Object:
        """Return a container's status; empty where there is none yet."""
        status = self.data["status"]
        groups = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        return _named(container, (status.get(group, []) for group in groups)) or {}

    def runs(self, container: str) -> bool:
        """Tell whether a container runs."""
        return "running" in (self.status_of(container).get("state") or {})

    def trouble(self) -> str:
        """Return why it is not ready, in one line: its stopped containers, else its phase."""
        phase = self.data["status"].get("phase", "unknown")
        return ", ".join(self._stopped()) or f"is {phase}, and not ready"

    def _stopped(self) -> Iterator[str]:
        spec = self.data["spec"]
        for container in (*spec.get("initContainers", []), *spec["containers"]):
            if why := trouble_of(self.status_of(container["name"])):
                yield f"container {container['name']} {why}"


def is_injected(workload: Object) -> bool:
    """Tell whether `sidecar inject` gave a pod, or the template of some, its agent."""
    return INJECTED in (workload["metadata"].get("annotations") or {})


def template_of(workload: Object) -> Object:
    """Return the template of a workload's pods; of a CronJob, that of its Jobs'."""
    spec = workload["spec"]
    found: Object = spec.get("jobTemplate", workload)["spec"]["template"]
    return found


def service_of(workload: Object, name: str) -> str:
    """Return the service of a pod, or of the template of some, by its labels; else its name."""
    labels = workload["metadata"].get("labels") or {}
    return str(labels.get(COMPONENT) or labels.get(NAME) or labels.get("app") or name)


def _named(name: str, groups: Iterable[Iterable[Object]]) -> Object | None:
    for group in groups:
        for container in group:
            if container["name"] == name:
                return container
    return None


def trouble_of(status: Object, *, may_end: bool = True) -> str:
    """Return why a container does not run, from its status; empty where it does.

    One that ended with exit code 0 is no trouble where it `may_end`.
    """
    state = status.get("state", {})
    if ended := state.get("terminated"):
        return "" if may_end and not ended["exitCode"] else f"ended: {_end(ended)}"
    if not (waiting := state.get("waiting")):
        return ""
    last = status.get("lastState", {}).get("terminated")
    before = f", last ended: {_end(last)}" if last else ""
    return f"waits: {waiting.get('reason', 'unknown')}{before}"


def reasons_of(status: Object) -> tuple[str, str]:
    """Return why a container waits or has ended, and why it ended before; else empty."""
    state, last = status.get("state", {}), status.get("lastState", {}).get("terminated", {})
    now = state.get("waiting") or state.get("terminated") or {}
    return _reason(now), _reason(last)


def _reason(state: Object) -> str:
    """Return a state's reason; the runtime names a lack of memory at the start in the message."""
    if "OOM-killed" in str(state.get("message", "")):
        return "OOMKilled"
    return str(state.get("reason", ""))


def message_of(status: Object) -> str:
    """Return the cluster's message on a container that waits, and its last words; may be empty."""
    waits = status.get("state", {}).get("waiting", {})
    ended = status.get("lastState", {}).get("terminated", {})
    return "\n".join(str(each["message"]) for each in (waits, ended) if each.get("message"))


def _end(terminated: Object) -> str:
    return f"{terminated.get('reason', 'Error')}, exit code {terminated['exitCode']}"


def pods_of(answer: Object) -> list[Pod]:
    """Return the pods of a `kubectl get pods` answer, by name."""
    return sorted(map(_pod, answer["items"]), key=lambda pod: pod.name)


def _pod(data: Object) -> Pod:
    return Pod(data["metadata"]["name"], data["metadata"]["namespace"], data)


def admin_of(pod: Pod) -> str:
    """Return the URL of the agent's admin port as seen from inside its pod."""
    if is_collector(pod):
        return f"http://{_LOOPBACK}:{METRICS_PORT}"
    host, _, port = _flag(pod, ADMIN_HOST_PORT).rpartition(":")
    if "$(POD_IP)" in host:
        host = str(pod.data["status"].get("podIP", _LOOPBACK))
    if host in _ANY:
        host = _LOOPBACK
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{port or _flag(pod, ADMIN_PORT_FLAG) or ADMIN_PORT}"


def is_collector(pod: Pod) -> bool:
    """Tell whether a collector is in the agent's place: it has a file where an agent has flags."""
    return bool(_flag(pod, "config"))


def reporter_of(pod: Pod) -> str:
    """Return the HOST:PORT that the pod's agent hands spans to; empty where no flag names it."""
    return _flag(pod, REPORTER).removeprefix(DIRECT)


def compact_port_of(pod: Pod) -> int:
    """Return the UDP port for compact Thrift: of the pod's agent, or of the copier before it."""
    if pod.container(COPIER):
        return COMPACT_PORT
    port = _flag(pod, COMPACT_HOST_PORT).rpartition(":")[2]
    return int(port) if port.isdecimal() else COMPACT_PORT


def agent_of(pod: Pod) -> str:
    """Return the HOST:PORT that the pod's service reports to: its variables', else loopback's."""
    given: dict[str, str] = {}
    for container in pod.data["spec"]["containers"]:
        for variable in container.get("env", []):
            if variable.get("value"):
                given[variable["name"]] = variable["value"]
    host = given.get("JAEGER_AGENT_HOST", _LOOPBACK)
    return f"{host}:{given.get('JAEGER_AGENT_PORT', COMPACT_PORT)}"


def _flag(pod: Pod, name: str) -> str:
    """Return the value of an agent's flag, named without dashes; empty where it has none."""
    prefix = f"--{name}="
    for argument in (pod.container(AGENT) or {}).get("args", []):
        if str(argument).startswith(prefix):
            return str(argument).removeprefix(prefix)
    return ""
