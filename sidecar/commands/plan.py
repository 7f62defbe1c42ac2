from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sidecar.commands import _compare, _spec
from sidecar.console import masked, table
from sidecar.regions import load_regions
from sidecar.rules.recognition import mask
from sidecar.spec.sources import short

if TYPE_CHECKING:
    import argparse

    from sidecar.plan import AgentPlan, Plan, ServicePlan
    from sidecar.spec import JobSettings
    from sidecar.spec.load import Loaded


def run(args: argparse.Namespace) -> int:
    """Print the plan, and where each setting came from."""
    loaded = _spec.load_spec(args)
    if args.compare:
        return _compare_kinds(args, loaded)
    plan, _ = _spec.plan_of(loaded, load_regions(args.regions), args.out)
    if args.output == "json":
        provenance = {path: origin.as_dict() for path, origin in loaded.provenance.items()}
        print(json.dumps(masked({**plan.as_dict(), "provenance": provenance}), indent=2))
    else:
        text = _text(plan, ", ".join(loaded.spec.compose))
        print(f"{mask(text)}\n\n{_settings(loaded)}")
    return 0


def _compare_kinds(args: argparse.Namespace, loaded: Loaded) -> int:
    regions = load_regions(args.regions)
    plans = {
        kind: _spec.plan_of(_compare.of_kind(loaded, kind), regions, args.out)[0]
        for kind in args.compare
    }
    found = _compare.changes(plans)
    if args.output == "json":
        print(json.dumps(masked([each.as_dict() for each in found]), indent=2))
    else:
        print(mask(_compare.text_of(found, args.compare)))
    return 0


def _settings(loaded: Loaded) -> str:
    origins = loaded.provenance.items()
    rows = [(path, _shown(origin.value), origin.source) for path, origin in origins]
    return table(("SETTING", "VALUE", "FROM"), rows)


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON-ready data
    if value in (None, "", []):
        return "-"
    text = value if isinstance(value, str) and value.isprintable() else json.dumps(masked(value))
    return short(mask(text))


def _text(plan: Plan, files: str) -> str:
    gateway = plan.gateway
    lines = [
        f"region   {plan.region} · {plan.region_name}",
        f"gateway  {gateway.address} ({gateway.network}, {gateway.protocol})",
        f"token    {plan.sent_token_file}",
        f"name     {plan.project} (Compose project)" if not files else f"over     {files}",
    ]
    for service in plan.services:
        lines += ["", *_service(service, exists=bool(files))]
    return "\n".join(lines)


def _service(service: ServicePlan, *, exists: bool) -> list[str]:
    """Return the lines of a service; one that exists stays as its Compose file says."""
    agent, tuning = service.agent, service.agent.tuning
    sizes = f"{tuning.workers} workers, {tuning.queue_packets:,} packets queued"
    return [
        service.name if exists else f"{service.name}  {_reached(service)}",
        f"  {agent.name}  {agent.kind} {agent.version}, image {agent.image.name}",
        f"    {sizes}, {tuning.memory_mib} MiB,",
        f"    up to {tuning.ceiling_spans_per_second:,} spans/s in stock batches",
        *(f"    {argument}" for argument in agent.argv),
        *_canary(agent),
    ]


def _canary(agent: AgentPlan) -> list[str]:
    """Return the lines of the collector that gets what the agent gets."""
    if agent.canary is None:
        return []
    beside, copier = agent.canary.agent, agent.canary.copier
    return [
        f"  {beside.name}  {beside.kind} {beside.version}, image {beside.image.name}",
        f"  {copier.name}  gives each packet to both",
    ]


def _reached(service: ServicePlan) -> str:
    if service.job:
        return f"{_ending(service.kind, service.job)}, image {service.image.name}"
    port = f"port {service.port}" if service.port else "no port"
    image = f", image {service.image.name}"
    replicas = f"{service.replicas} replicas, " if service.replicas > 1 else ""
    if not service.publish:
        return f"{replicas}{port}{image}"
    ports = service.publish.ports(service.replicas)
    last = f"-{ports[-1]}" if len(ports) > 1 else ""
    return f"{replicas}{port}, published on {service.publish.host}:{ports[0]}{last}{image}"


def _ending(kind: str, job: JobSettings) -> str:
    """Return what is known of how a job runs, or each job of a cron."""
    when = f" {job.schedule}" if job.schedule else ""
    deadline = f", ended after {job.deadline_s} s" if job.deadline_s else ""
    return f"{kind}{when}, {job.retries} retries{deadline}"
