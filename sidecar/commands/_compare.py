"""What another kind of agent changes in a deployment, as rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sidecar.console import table
from sidecar.rules import agents, collectors
from sidecar.spec import AgentSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sidecar.plan import AgentPlan, Plan
    from sidecar.spec.load import Loaded

_NONE = "-"


@dataclass(frozen=True)
class Change:
    """One thing that differs by kind."""

    service: str
    """Empty: the deployment as a whole."""
    what: str
    values: Mapping[str, str]
    """Kind → what it is there."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {"service": self.service or None, "what": self.what, **self.values}


def of_kind(loaded: Loaded, kind: str) -> Loaded:
    """Return a spec with another kind; what is set for one kind only is left out for the other."""
    spec, given = loaded.spec, loaded.spec.agent
    if given.kind == kind:
        return replace(loaded, spec=replace(spec, agent=replace(given, canary=None)))
    # what is set for a canary's collector holds for the kind, too
    other = given.of_collector if given.canary else AgentSettings(kind=kind)
    agent = replace(other, resources=given.resources, kubernetes=given.kubernetes)
    gateway = replace(spec.gateway, port=None, protocol=None)
    return replace(loaded, spec=replace(spec, agent=agent, gateway=gateway))


def changes(plans: Mapping[str, Plan]) -> list[Change]:
    """Return what differs, first of the deployment, then of each service's agent."""
    found = [_change("", what, plans, read) for what, read in _OF_ALL.items()]
    for number, service in enumerate(next(iter(plans.values())).services):
        of_agents = {kind: plan.services[number].agent for kind, plan in plans.items()}
        found += [_change(service.name, what, of_agents, read) for what, read in _OF_ONE.items()]
    return [each for each in found if len(set(each.values.values())) > 1]


def text_of(found: Sequence[Change], kinds: Sequence[str]) -> str:
    """Return the changes as a table; what is the same for all services is one row."""
    services = {each.service for each in found}
    rows: dict[tuple[str, ...], set[str]] = {}
    for each in found:
        values = (each.values[kind] for kind in kinds)
        rows.setdefault((each.what, *values), set()).add(each.service)
    named = [(_label(row[0], names, services - {""}), *row[1:]) for row, names in rows.items()]
    return table(("WHAT", *(kind.upper() for kind in kinds)), named)


def _label(what: str, names: set[str], services: set[str]) -> str:
    return what if names in ({""}, services) else f"{what} of {', '.join(sorted(names))}"


def _change(service: str, what: str, of: Mapping[str, Any], read: Callable[[Any], str]) -> Change:
    return Change(service, what, {kind: read(each) for kind, each in of.items()})


# What is compared -----------------------------------------------------------------------------


def _gateway(plan: Plan) -> str:
    return f"{plan.gateway.address} ({plan.gateway.protocol})"


def _helpers(plan: Plan) -> str:
    names = [each.name for each in (plan.forwarder, plan.queues) if each]
    return ", ".join(names) or _NONE


def _ports(agent: AgentPlan) -> str:
    compact = f"{agents.COMPACT_PORT}/udp"
    if agent.collector:
        return f"{compact}, {collectors.OTLP_GRPC_PORT}, {collectors.OTLP_HTTP_PORT}"
    return f"{compact}, {agents.SAMPLING_PORT}"


def _counters(agent: AgentPlan) -> str:
    return str(agent.collector.metrics_port if agent.collector else agents.ADMIN_PORT)


def _held(agent: AgentPlan) -> str:
    if agent.collector is None:
        return "milliseconds, in memory"
    size = agent.collector.buffer
    return f"{size.outage_s // 60} min, {size.queue_spans:,} spans, {size.disk_mib:,} MiB on disk"


def _settings(agent: AgentPlan) -> str:
    if agent.collector:
        return f"{agent.argv[0]}, a file of the rendering"
    return f"{len(agent.argv)} arguments"


_OF_ALL: Mapping[str, Callable[[Plan], str]] = {
    "gateway": _gateway,
    "token": lambda plan: plan.sent_token_file,
    "further containers": _helpers,
}
_OF_ONE: Mapping[str, Callable[[AgentPlan], str]] = {
    "image": lambda agent: agent.image.name,
    "listens at": _ports,
    "counters at": _counters,
    "memory": lambda agent: f"{agent.tuning.memory_mib} MiB",
    "holds an outage": _held,
    "settings": _settings,
    "health check": lambda agent: "its own" if agent.health else "none; verify reads its counters",
}
