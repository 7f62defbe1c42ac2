"""Put a region's token where the agent reads it: secrets/agent.yaml. The token is never a flag's value.

set and rotate take it from the source that is named (--file, --stdin), else from $TRACING_TOKEN, else ask for it,
unseen. check looks at the folder's file, or at a candidate from --file or --stdin, and shows a fingerprint by which
two places can be compared. rotate also starts agents with the new token beside the running ones, proves them, and
ends the old ones once they have handed on what they held.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.commands import _spec
from sidecar.errors import SidecarError, UsageError
from sidecar.images.names import AGENT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sidecar.findings import Finding
    from sidecar.tokens.check import Checked

EXAMPLES = """examples:
  sidecar token set --out build/cn-shanghai            asks for it
  sidecar token set --out build/cn-shanghai --file token.txt
  vault read -field=token secret/tracing | sidecar token set --stdin --out build/cn-shanghai
  sidecar token check --out build/cn-shanghai          file, rights and fingerprint
  sidecar token check --file token.txt --output json   before it is set
  sidecar token rotate --out build/cn-shanghai --file new.txt
"""

_ACTIONS = ("set", "check", "rotate")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("action", type=_action, choices=_ACTIONS, help="what to do, see above")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--file", type=Path, metavar="FILE", help="read it from a file")
    source.add_argument("--stdin", action="store_true", help="read it from standard input")
    parser.add_argument("--out", type=_spec.folder, default=Path(), metavar="FOLDER", help="the rendered folder")
    parser.add_argument(
        "--agent-version",
        metavar="VERSION",
        help=f"decides the key of the file (default: {AGENT_VERSION}'s, or as it is)",
    )
    parser.add_argument("--dry-run", action="store_true", help="rotate: only say what would be done")
    parser.add_argument("--no-verify", action="store_true", help="rotate: send no marked spans through the new agents")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="form of check's result")


def _action(word: str) -> str:
    if word not in _ACTIONS:  # said here: argparse's own message would show the word, which may be a token
        raise argparse.ArgumentTypeError("use `set`, `check` or `rotate`; a token is not an argument")
    return word


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    if args.action != "rotate" and (args.dry_run or args.no_verify):
        raise UsageError("token", "--dry-run and --no-verify belong to rotate", "See `sidecar token --help`")
    if args.action != "check" and args.output != "text":
        raise UsageError("token", "--output belongs to check", "See `sidecar token --help`")
    return {"set": _set, "check": _check, "rotate": _rotate}[args.action](args)


def _set(args: argparse.Namespace) -> int:
    from sidecar import agent
    from sidecar.plan import TOKEN_FILE
    from sidecar.tokens import store

    key = agent.tags_key(args.agent_version or AGENT_VERSION)
    path = args.out / TOKEN_FILE
    store.write(_new(args), path, key)
    print(f"{path}: written (0444 in a 0700 folder: the agent's user reads it)")
    return 0


def _check(args: argparse.Namespace) -> int:
    from sidecar.findings import failed

    checked, place = _checked(args)
    findings = list(checked.findings)
    if args.output == "json":
        data = {
            "ok": not failed(findings),
            "file": place,
            "key": checked.key,
            "fingerprint": checked.fingerprint,
            "public": checked.public,
            "findings": [finding.as_dict() for finding in findings],
        }
        print(json.dumps(data, indent=2))
    else:
        fine = [] if failed(findings) else [f"{place}: a token an agent can carry, fingerprint {checked.fingerprint}"]
        print("\n".join([*_lines(findings), *fine]))
    return 1 if failed(findings) else 0


def _checked(args: argparse.Namespace) -> tuple[Checked, str]:
    from sidecar import agent
    from sidecar.plan import LOCAL_TOKEN_FILE, TOKEN_FILE
    from sidecar.tokens import check

    if args.stdin or (args.file and not check.is_agent_file(_text_of(args.file))):
        return check.check_candidate(_read(args, None), args.file), str(args.file or "standard input")
    own, public = args.out / TOKEN_FILE, args.out / LOCAL_TOKEN_FILE
    path = args.file or (public if public.is_file() and not own.exists() else own)
    key = agent.tags_key(args.agent_version or AGENT_VERSION)
    return check.check_agent_file(path, key, agent.USER), str(path)


def _rotate(args: argparse.Namespace) -> int:
    from sidecar import agent, tokens
    from sidecar.plan import TOKEN_FILE
    from sidecar.tokens import check, rotation, store

    path = args.out / TOKEN_FILE
    key = agent.tags_key(args.agent_version) if args.agent_version else _key_of(path)
    new = _new(args)
    running = rotation.find_running(args.out, path)
    mark = f"fingerprint {check.fingerprint(new)}"
    if args.dry_run:
        print(f"{path}: would be written, {mark}")
        print(
            f"nothing else: {running}" if isinstance(running, str) else f"would be replaced: {', '.join(running.names)}"
        )
        return 0
    if isinstance(running, str):
        store.write(new, path, key)
        print(f"{path}: written, {mark}. Nothing to restart: {running}")
        return 0
    rotation.rotate(running, path, tokens.agent_config(new, key).encode(), _say, prove=not args.no_verify)
    print(f"{path}: written, {mark}. Replaced: {', '.join(running.names)}")
    return 0


def _key_of(path: Path) -> str:
    """Return the key of the file that is there; else the default version's."""
    from sidecar import agent
    from sidecar.tokens import check

    found = check.check_agent_file(path, "", agent.USER).key if path.is_file() else None
    return found or agent.tags_key(AGENT_VERSION)


def _new(args: argparse.Namespace) -> str:
    """Return the token from its source, with what is odd about it said on standard error."""
    from sidecar.tokens import check, content

    token = content.clean(_read(args, args.environment_token))
    for line in _lines([*(check.source_findings(args.file) if args.file else []), *content.hints(token)]):
        _say(line)
    return token


def _lines(findings: Iterable[Finding]) -> list[str]:
    from sidecar.console import colour

    return [f"{colour(one.severity.value, one.severity.value)}: {one}" for one in findings]


def _say(text: str) -> None:
    print(f"sidecar: {text}", file=sys.stderr, flush=True)


def _read(args: argparse.Namespace, variable: str | None) -> str:
    from sidecar import yamlio
    from sidecar.tokens import TOKEN_VARIABLE

    if args.file:
        return _text_of(args.file)
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


def _text_of(file: Path) -> str:
    """Return a source's text. Raises SidecarError without the path, which may be a token given in the wrong place."""
    from sidecar import yamlio

    try:
        return yamlio.read_text(file)
    except SidecarError as error:
        raise SidecarError("--file", error.cause, error.fix) from None
