"""Put a region's token where the agent reads it. The token is never the value of a flag.

set and rotate read it from --file or --stdin, else from $TRACING_TOKEN, else from a prompt that
does not show it. They write it into secrets/agent.yaml of a rendered folder, or with
--kubernetes-secret into a Secret.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sidecar.arguments import _output, _spec
from sidecar.arguments._findings import add_ignore
from sidecar.rules.agents import DEFAULT_VERSION

EXAMPLES = """examples:
  sidecar token set --out build/cn-shanghai
  sidecar token check --out build/cn-shanghai
  sidecar token rotate --out build/cn-shanghai --file new.txt
  sidecar token set --kubernetes-secret tracing --namespace shop --apply
"""

_WITH_VALUE = {
    *("--file", "--from-compose", "--out", "--kubernetes-secret", "-n", "--namespace", "--context"),
    *("--agent-version", "--output", "--ignore"),
}
_SOURCE = "where the token comes from (default: $TRACING_TOKEN, else a prompt)"

_SET = """Write the token.

With --kubernetes-secret, print the manifest of the Secret, or apply it with --apply.
"""
_SET_EXAMPLES = """examples:
  sidecar token set --out build/cn-shanghai
  sidecar token set --out build/cn-shanghai --file token.txt
  sidecar token set --out . --from-compose docker-compose.yml
  vault read -field=token secret/tracing | sidecar token set --stdin --out build/cn-shanghai
  sidecar token set --kubernetes-secret tracing --file token.txt | kubeseal > sealed.yaml
  sidecar token set --kubernetes-secret tracing --namespace shop --apply
"""
_CHECK = """Check the token and the permissions of its file, and show a fingerprint of the token.

Two files hold the same token if they have the same fingerprint. With --file or --stdin, check a
token before it is set.
"""
_CHECK_EXAMPLES = """examples:
  sidecar token check --out build/cn-shanghai
  sidecar token check --file token.txt --output json
  sidecar token check --kubernetes-secret tracing --namespace shop
"""
_ROTATE = """Replace the token of running agents without losing spans.

Start agents with the new token next to the running ones, prove them, and end the old ones after
they have sent what they hold. With --kubernetes-secret, apply the Secret and restart the workloads
that mount it. If a step fails, restore the old token.
"""
_ROTATE_EXAMPLES = """examples:
  sidecar token rotate --out build/cn-shanghai --file new.txt
  sidecar token rotate --out build/cn-shanghai --file new.txt --dry-run
  sidecar token rotate --kubernetes-secret tracing --namespace shop --file new.txt
"""


def configure(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Add the sub-commands, and return their parsers."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    set_ = actions.add_parser("set", help="write the token", description=_SET, epilog=_SET_EXAMPLES)
    check = actions.add_parser(
        "check",
        help="check the token without showing it",
        description=_CHECK,
        epilog=_CHECK_EXAMPLES,
    )
    rotate = actions.add_parser(
        "rotate",
        help="replace the token of running agents",
        description=_ROTATE,
        epilog=_ROTATE_EXAMPLES,
    )
    _configure_set(set_)
    _configure_check(check)
    _configure_rotate(rotate)
    return [set_, check, rotate]


def action_first(words: list[str]) -> list[str]:
    """Return the command's words with the action before its flags, where argparse wants it."""
    if words[:1] in (["-h"], ["--help"]):
        return words
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _WITH_VALUE else 1
    return [*words[at : at + 1], *words[:at], *words[at + 1 :]]


def _configure_set(parser: argparse.ArgumentParser) -> None:
    source = _add_source(parser, _SOURCE)
    source.add_argument(
        "--from-compose",
        type=Path,
        metavar="FILE",
        help="take it over from the hand-made agent of a Compose file",
    )
    _add_store(parser, DEFAULT_VERSION)
    parser.add_argument(
        "--apply", action="store_true", help="apply the Secret (default: print its manifest)"
    )


def _configure_check(parser: argparse.ArgumentParser) -> None:
    _add_source(parser, "a token to check before it is set")
    _add_store(parser, DEFAULT_VERSION)
    _output.add(parser)
    add_ignore(parser)


def _configure_rotate(parser: argparse.ArgumentParser) -> None:
    _add_source(parser, _SOURCE)
    _add_store(parser, "the key stays")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be done")
    parser.add_argument(
        "--no-verify", action="store_true", help="send no marked spans through the new agents"
    )


def _add_source(parser: argparse.ArgumentParser, title: str) -> argparse._MutuallyExclusiveGroup:
    source = parser.add_argument_group(title).add_mutually_exclusive_group()
    source.add_argument("--file", type=Path, metavar="FILE", help="read it from a file")
    source.add_argument("--stdin", action="store_true", help="read it from standard input")
    return source


def _add_store(parser: argparse.ArgumentParser, version: str) -> None:
    group = parser.add_argument_group("where the agents read it")
    store = group.add_mutually_exclusive_group()
    store.add_argument(
        "--out", type=_spec.folder, metavar="FOLDER", help="the rendered folder (default: .)"
    )
    store.add_argument("--kubernetes-secret", metavar="NAME", help="a Secret of a cluster instead")
    group.add_argument(
        "-n", "--namespace", metavar="NAME", help="of the Secret (default: the context's)"
    )
    group.add_argument(
        "--context", metavar="NAME", help="of your kubeconfig (default: the current one)"
    )
    group.add_argument(
        "--agent-version",
        type=_version,
        metavar="VERSION",
        help=f"chooses the key that holds the token (default: {version})",
    )


def _version(text: str) -> str:
    if text.replace(".", "").isdecimal():
        return text
    # without the text, which may be a token
    raise argparse.ArgumentTypeError("is not a version such as 1.62.0")
