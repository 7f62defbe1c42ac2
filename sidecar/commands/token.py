"""Put a region's token where the agent reads it: secrets/agent.yaml. The token is never a flag's value.

It is taken from the source that is named (--file, --stdin), else from $TRACING_TOKEN, else asked for, unseen.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError, UsageError

if TYPE_CHECKING:
    import argparse

EXAMPLES = """examples:
  sidecar token set --out build/cn-shanghai            asks for it
  sidecar token set --out build/cn-shanghai --file token.txt
  vault read -field=token secret/tracing | sidecar token set --stdin --out build/cn-shanghai
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    set_parser = actions.add_parser("set", help="write secrets/agent.yaml", description=__doc__, epilog=EXAMPLES)
    source = set_parser.add_mutually_exclusive_group()
    source.add_argument("--file", type=Path, metavar="FILE", help="read it from a file")
    source.add_argument("--stdin", action="store_true", help="read it from standard input")
    set_parser.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="the rendered folder")
    set_parser.add_argument("--agent-version", default="1.62.0", metavar="VERSION", help="decides the key of the file")


def run(args: argparse.Namespace) -> int:
    """Take the token from its source and write the agent's file."""
    from sidecar import agent, tokens
    from sidecar.plan import TOKEN_FILE

    variable = tokens.take_from_environment()
    token = tokens.clean(_read(args, variable))
    path = args.out / TOKEN_FILE
    tokens.write(token, path, agent.tags_key(args.agent_version))
    print(f"{path}: written (0444 in a 0700 folder: the agent's user reads it)")
    return 0


def _read(args: argparse.Namespace, variable: str | None) -> str:
    from sidecar import yamlio
    from sidecar.tokens import TOKEN_VARIABLE

    if args.file:
        return yamlio.read_text(args.file)
    if args.stdin:
        return sys.stdin.read()
    if variable is not None:
        return variable
    if not sys.stdin.isatty():
        raise UsageError("token", "has no source", f"Give --file FILE, --stdin or ${TOKEN_VARIABLE}")
    try:
        return getpass.getpass("Token (not shown): ")
    except EOFError:
        raise SidecarError("token", "was not given") from None
