"""Rehearse outages on a deployment whose gateway is the stand-in, and count every span.

Each fault is injected while marked spans are sent. The table shows the hop that notices it, what is
lost and where that is counted, and how long it takes until spans arrive again. Afterwards the
deployment is as before.
"""

from __future__ import annotations

import argparse

from sidecar.arguments import _kubernetes, _output, _spec

EXAMPLES = """examples:
  sidecar rehearse                                     the docker-compose.yml of this folder
  sidecar rehearse --out build/local --fault gateway-away --fault agent-killed
  sidecar rehearse --target process                    a `sidecar demo` without containers
  sidecar rehearse --release demo --namespace shop     a Helm release
  sidecar rehearse --list
  sidecar rehearse --output json | jq '.faults[] | {fault, lost, recovery_seconds}'

The exit code is 0 if, for each fault, sent = arrived + counted as lost, and the deployment is
proven at the end; else 1. Ctrl-C ends the fault first.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--fault",
        action="append",
        metavar="NAME",
        help="only this one; may be repeated (default: all that the target supports)",
    )
    parser.add_argument("--list", action="store_true", help="only list the faults")
    parser.add_argument(
        "--target",
        choices=("compose", "process", "kubernetes"),
        help="default: kubernetes with --release, process if a demo of processes runs here, else "
        "compose",
    )
    parser.add_argument(
        "--out",
        type=_spec.folder,
        metavar="FOLDER",
        help="the rendered folder (default: the current one)",
    )
    _kubernetes.add_release(parser)
    _output.add(parser)
