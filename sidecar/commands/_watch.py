"""What `sidecar verify` shows of a deployment without marked spans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sidecar.commands import _target
from sidecar.console import say
from sidecar.watch import compose, report
from sidecar.watch.kubernetes import ReleaseAgents
from sidecar.watch.process import ProcessAgents
from sidecar.watch.run import Terms, Verdict, watch
from sidecar.watch.status import status

if TYPE_CHECKING:
    import argparse

    from sidecar.watch.agents import Watched


def wanted(args: argparse.Namespace) -> bool:
    """Tell whether the flags ask for something else than a proof."""
    return bool(args.status or args.watch)


def run(args: argparse.Namespace) -> int:
    """Show what the flags ask for; return 1 if something is wrong."""
    if args.watch:
        return _watched(args)
    found = status(deployment_of(args))
    print(json.dumps(found.as_dict(), indent=2) if args.output == "json" else found.as_text())
    return 0 if found.ok else 1


def _watched(args: argparse.Namespace) -> int:
    deployment = deployment_of(args)
    say(f"watching {deployment.name} every {args.every:g} s; Ctrl-C ends it")
    shown = report.as_line if args.output == "json" else report.as_text
    ok = False
    for entry in watch(deployment, Terms(args.every, args.budget, args.period)):
        print(shown(entry), flush=True)
        ok = isinstance(entry, Verdict) and entry.ok
    return 0 if ok else 1


def deployment_of(args: argparse.Namespace) -> Watched:
    """Return the deployment that the flags name, as it is read without marked spans."""
    target = _target.target_of(args)
    if target == "kubernetes":
        return ReleaseAgents(_target.kubectl_of(args), args.release or "", args.selector or "")
    if target == "process":
        return ProcessAgents(_target.process_folder(args))
    return compose.agents_of(_target.compose_folder(args))
