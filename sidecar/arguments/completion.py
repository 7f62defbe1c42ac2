"""Print a completion script for a shell."""

from __future__ import annotations

import argparse

EXAMPLES = """examples:
  sidecar completion zsh > "${fpath[1]}/_sidecar"
  source <(sidecar completion bash)                 in this shell, or in ~/.bashrc
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="which one")
