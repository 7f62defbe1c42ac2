"""Put a region's token where the agent reads it: secrets/agent.yaml. The token is never a flag's value.

set and rotate take it from the source that is named (--file, --stdin), else from $TRACING_TOKEN, else ask for it,
unseen. check looks at the folder's file, or at a candidate from --file or --stdin, and shows a fingerprint by which
two places can be compared. rotate also starts agents with the new token beside the running ones, proves them, and
ends the old ones once they have handed on what they held.

With --kubernetes-secret it is a Secret instead of a folder's file: set writes its manifest to standard output, or
applies it; rotate applies it and rolls the pods that mount it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sidecar.arguments import _spec
from sidecar.image_names import AGENT_VERSION

EXAMPLES = """examples:
  sidecar token set --out build/cn-shanghai            asks for it
  sidecar token set --out build/cn-shanghai --file token.txt
  vault read -field=token secret/tracing | sidecar token set --stdin --out build/cn-shanghai
  sidecar token check --out build/cn-shanghai          file, rights and fingerprint
  sidecar token check --file token.txt --output json   before it is set
  sidecar token rotate --out build/cn-shanghai --file new.txt
  sidecar token set --kubernetes-secret tracing --file token.txt | kubeseal > sealed.yaml
  sidecar token set --kubernetes-secret tracing --namespace shop --apply
  sidecar token rotate --kubernetes-secret tracing --namespace shop --file new.txt
"""

_ACTIONS = ("set", "check", "rotate")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("action", type=_action, choices=_ACTIONS, help="what to do, see above")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--file", type=Path, metavar="FILE", help="read it from a file")
    source.add_argument("--stdin", action="store_true", help="read it from standard input")
    parser.add_argument(
        "--out", type=_spec.folder, default=Path(), metavar="FOLDER", help="the rendered folder"
    )
    parser.add_argument(
        "--agent-version",
        type=_version,
        metavar="VERSION",
        help=f"decides the key of the file (default: {AGENT_VERSION}'s, or as it is)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="rotate: only say what would be done"
    )
    parser.add_argument(
        "--no-verify",
        action="store_true",
        help="rotate: send no marked spans through the new agents",
    )
    parser.add_argument(
        "--output", choices=("text", "json"), default="text", help="form of check's result"
    )
    cluster = parser.add_argument_group("kubernetes")
    cluster.add_argument(
        "--kubernetes-secret", metavar="NAME", help="a Secret in place of a folder's file"
    )
    cluster.add_argument(
        "-n", "--namespace", metavar="NAME", help="where it is (default: the context's own)"
    )
    cluster.add_argument(
        "--context", metavar="NAME", help="of your kubeconfig (default: the current one)"
    )
    cluster.add_argument(
        "--apply", action="store_true", help="set: apply the Secret (default: print its manifest)"
    )


def _action(word: str) -> str:
    if (
        word not in _ACTIONS
    ):  # said here: argparse's own message would show the word, which may be a token
        raise argparse.ArgumentTypeError(
            "use `set`, `check` or `rotate`; a token is not an argument"
        )
    return word


def _version(text: str) -> str:
    if text.replace(".", "").isdecimal():
        return text
    raise argparse.ArgumentTypeError(
        "is not a version such as 1.62.0"
    )  # not shown: it may be a token
