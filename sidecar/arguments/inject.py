"""Add agents to what you have: to the services of a Compose file, or to Kubernetes manifests.

A Compose file stays as it is: inject writes an overlay next to it, docker-compose.tracing.yml.
Manifests are written with agents, to standard output or into a file, and are otherwise the same
byte for byte. What is in the first FILE decides.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sidecar.arguments import _findings, _inject_compose, _inject_manifests, _output, _spec
from sidecar.inject import EVERY_AGENT

EXAMPLES = """examples:
  sidecar inject docker-compose.yml --region cn-shanghai
  sidecar inject docker-compose.yml --region cn-shanghai --service web --activate
  sidecar inject docker-compose.yml prod.yml --region cn-shanghai --dry-run
  sidecar inject docker-compose.yml --remove
  kubectl get deploy -o yaml | sidecar inject - --region cn-shanghai | kubectl apply -f -
  sidecar inject manifests/ --region cn-shanghai --in-place
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="Compose files, manifests, a folder, or - (default: the Compose file of this folder)",
    )
    _spec.add_arguments(parser)
    _add_choice(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="what is written (default: docker-compose.tracing.yml next to the Compose file; "
        "standard output for manifests)",
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--dry-run", action="store_true", help="write nothing, print the result")
    only.add_argument("--diff", action="store_true", help="write nothing, show what would change")
    _inject_compose.add(parser)
    _inject_manifests.add(parser)
    _findings.add_ignore(parser)
    _output.add(parser)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is traced")
    group.add_argument(
        "--service",
        action="append",
        default=[],
        metavar="NAME",
        help="trace this service or workload; may be repeated (default: those that show it)",
    )
    group.add_argument(
        "--not",
        dest="excluded",
        action="append",
        default=[],
        metavar="NAME",
        help="do not trace it; may be repeated",
    )
    group.add_argument(
        "--replace",
        action="append",
        nargs="?",
        const=EVERY_AGENT,
        default=[],
        metavar="NAME",
        help="replace this agent, all-in-one or collector of yours; may be repeated; "
        "for manifests, without NAME: all",
    )
