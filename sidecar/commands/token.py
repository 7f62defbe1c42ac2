"""Put a region's token where the agent reads it: secrets/agent.yaml. The token is never a flag's value.

It is taken from the source that is named (--file, --stdin), else from $TRACING_TOKEN, else asked for, unseen.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from sidecar.commands import _spec
from sidecar.errors import SidecarError, UsageError
from sidecar.images.names import AGENT_VERSION

EXAMPLES = """examples:
  sidecar token set --out build/cn-shanghai            asks for it
  sidecar token set --out build/cn-shanghai --file token.txt
  vault read -field=token secret/tracing | sidecar token set --stdin --out build/cn-shanghai
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("action", type=_action, choices=("set",), help="set: write secrets/agent.yaml")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--file", type=Path, metavar="FILE", help="read it from a file")
    source.add_argument("--stdin", action="store_true", help="read it from standard input")
    parser.add_argument("--out", type=_spec.folder, default=Path(), metavar="FOLDER", help="the rendered folder")
    parser.add_argument("--agent-version", default=AGENT_VERSION, metavar="VERSION", help="decides the key of the file")


def _action(word: str) -> str:
    if word != "set":  # said here: argparse's own message would show the word, which may be a token
        raise argparse.ArgumentTypeError("use `set`; a token is not an argument")
    return word


def run(args: argparse.Namespace) -> int:
    """Take the token from its source and write the agent's file."""
    from sidecar import agent
    from sidecar.plan import TOKEN_FILE
    from sidecar.tokens import content, store

    key = agent.tags_key(args.agent_version)
    path = args.out / TOKEN_FILE
    store.write(content.clean(_read(args, args.environment_token)), path, key)
    print(f"{path}: written (0444 in a 0700 folder: the agent's user reads it)")
    return 0


def _read(args: argparse.Namespace, variable: str | None) -> str:
    from sidecar import yamlio
    from sidecar.tokens import TOKEN_VARIABLE

    if args.file:
        return yamlio.read_text(args.file)
    if args.stdin:
        return yamlio.decode(sys.stdin.buffer.read(yamlio.MAX_BYTES + 1), "standard input")
    if variable is not None:
        return variable
    if not sys.stdin.isatty():
        raise UsageError("token", "has no source", f"Give --file FILE, --stdin or ${TOKEN_VARIABLE}")
    try:
        return getpass.getpass("Token (not shown): ")
    except EOFError:
        raise SidecarError("token", "was not given", "Type or paste it, or give --file FILE") from None
