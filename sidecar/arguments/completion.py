"""Print a completion script for a shell."""

from __future__ import annotations

import argparse

EXAMPLES = """examples:
  sidecar completion bash > ~/.local/share/bash-completion/completions/sidecar
  sidecar completion zsh > ~/.zfunc/_sidecar
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))
