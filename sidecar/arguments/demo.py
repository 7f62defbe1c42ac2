"""Set up, start and prove the sample: frontend and backend, an agent beside each, and the stand-in gateway.

In containers where an engine answers, as plain processes where none does. Ends with every hop's count and a trace.
"""

from __future__ import annotations

import argparse

EXAMPLES = """examples:
  sidecar demo
  sidecar demo --target process        without containers, even where an engine answers
  sidecar demo --down                  stop it and leave nothing behind
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--target", choices=("compose", "process"), help="default: what this machine has"
    )
    parser.add_argument("--down", action="store_true", help="stop and remove what a demo started")
