"""Print the completion script of a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

EXAMPLES = """examples:
  sidecar completion bash > ~/.local/share/bash-completion/completions/sidecar
  sidecar completion zsh > ~/.zfunc/_sidecar
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(args: argparse.Namespace) -> int:
    """Print the script for the whole command line."""
    import shtab

    from sidecar.cli import build_parser

    print(shtab.complete(build_parser(), shell=args.shell))
    return 0
