"""Set up, start and prove the sample: frontend, backend, one agent for each, and the stand-in.

It runs in containers if a container engine answers, otherwise as plain processes. At the end, print
the count of every hop, and a trace.
"""

from __future__ import annotations

import argparse

from sidecar.spec import AGENT_KINDS

EXAMPLES = """examples:
  sidecar demo
  sidecar demo --target process        without containers, even if an engine answers
  sidecar demo --agent-kind collector  with collectors, and an outage of the stand-in
  sidecar demo --down                  stop it and remove everything it started
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--target", choices=("compose", "process"), help="default: what this machine has"
    )
    parser.add_argument(
        "--agent-kind",
        choices=AGENT_KINDS,
        default=AGENT_KINDS[0],
        help="what takes the services' spans (default: %(default)s)",
    )
    parser.add_argument("--down", action="store_true", help="stop and remove what a demo started")
