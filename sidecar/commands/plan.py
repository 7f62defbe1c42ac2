"""Show everything decided for a region: gateway, agents with their arguments and tuning, services, images."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sidecar.commands import _spec

if TYPE_CHECKING:
    import argparse

    from sidecar.plan import Plan

EXAMPLES = """examples:
  sidecar plan --region eu-central-1
  sidecar plan --region cn-shanghai --network vpc --output json | jq '.services[].agent.argv'
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    _spec.add_arguments(parser)
    parser.add_argument("--out", type=_spec.folder, metavar="FOLDER", help="the folder it would be rendered into")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    from sidecar.regions import load_regions

    plan, _ = _spec.plan_of(_spec.spec_of(args), load_regions(args.regions), args.out)
    print(json.dumps(plan.as_dict(), indent=2) if args.output == "json" else _text(plan))
    return 0


def _text(plan: Plan) -> str:
    gateway = plan.gateway
    lines = [
        f"region   {plan.region} · {plan.region_name}",
        f"gateway  {gateway.address} ({gateway.network}, {gateway.protocol})",
        f"token    {plan.token_file}",
    ]
    for service in plan.services:
        agent, tuning = service.agent, service.agent.tuning
        published = f", published on 127.0.0.1:{service.publish}" if service.publish else ""
        lines += [
            "",
            f"{service.name}  port {service.port}{published}, image {service.image.name}",
            f"  {agent.name}  {agent.kind} {agent.version}, image {agent.image.name}",
            f"    {tuning.workers} workers, {tuning.queue_packets} packets queued, {tuning.memory_mib} MiB,",
            f"    up to {tuning.ceiling_spans_per_second:,} spans/s in stock batches",
            *(f"    {argument}" for argument in agent.argv),
        ]
    return "\n".join(lines)
