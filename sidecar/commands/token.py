from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.commands import _token_source
from sidecar.errors import UsageError
from sidecar.image_names import AGENT_VERSION

if TYPE_CHECKING:
    import argparse

    from sidecar.tokens.check import Checked


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    if args.action != "rotate" and (args.dry_run or args.no_verify):
        raise UsageError(
            "token", "--dry-run and --no-verify belong to rotate", "See `sidecar token --help`"
        )
    if args.action != "check" and args.output != "text":
        raise UsageError("token", "--output belongs to check", "See `sidecar token --help`")
    _check_cluster_flags(args)
    if args.kubernetes_secret is not None:
        from sidecar.commands import _token_secret

        return {"set": _token_secret.set_, "check": _check, "rotate": _token_secret.rotate}[
            args.action
        ](args)
    return {"set": _set, "check": _check, "rotate": _rotate}[args.action](args)


def _check_cluster_flags(args: argparse.Namespace) -> None:
    see = "See `sidecar token --help`"
    if args.kubernetes_secret is None:
        if args.namespace or args.context or args.apply:
            raise UsageError(
                "token", "--namespace, --context and --apply belong to --kubernetes-secret", see
            )
        return
    if args.out != Path():
        raise UsageError("token", "--out and --kubernetes-secret exclude each other", see)
    if args.apply and args.action != "set":
        raise UsageError("token", "--apply belongs to set", see)
    if args.action == "set" and not args.apply and args.context:
        raise UsageError("token", "--context belongs to --apply", see)


def _set(args: argparse.Namespace) -> int:
    from sidecar.access import require_rendered
    from sidecar.plan import TOKEN_FILE
    from sidecar.tokens import store

    require_rendered(args.out)
    key = _key(args)
    path = args.out / TOKEN_FILE
    token = _token_source.new(args)
    with store.alone(path, _token_source.say):
        store.write(token, path, key)
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
        fine = (
            []
            if failed(findings)
            else [f"{place}: a token an agent can carry, fingerprint {checked.fingerprint}"]
        )
        print("\n".join([*_token_source.lines(findings), *fine]))
    return 1 if failed(findings) else 0


def _checked(args: argparse.Namespace) -> tuple[Checked, str]:
    from sidecar import agent
    from sidecar.plan import LOCAL_TOKEN_FILE, TOKEN_FILE
    from sidecar.tokens import check

    if args.stdin or (args.file and not check.is_agent_file(_token_source.text_of(args.file))):
        return check.check_candidate(_token_source.read(args, None), args.file), str(
            args.file or "standard input"
        )
    if args.kubernetes_secret is not None:
        from sidecar.commands import _token_secret

        return _token_secret.checked(args)
    own, public = args.out / TOKEN_FILE, args.out / LOCAL_TOKEN_FILE
    path = args.file or (public if public.is_file() and not own.exists() else own)
    return check.check_agent_file(path, _key(args), agent.USER), str(path)


def _rotate(args: argparse.Namespace) -> int:
    from sidecar.access import require_rendered
    from sidecar.plan import TOKEN_FILE
    from sidecar.tokens import check, store

    require_rendered(args.out)
    _key(args)  # a wrong version is told before the token is asked for
    path = args.out / TOKEN_FILE
    new = _token_source.new(args)
    mark = f"fingerprint {check.fingerprint(new)}"
    if args.dry_run:
        return _rotate_dry(args, path, mark)
    with store.alone(path, _token_source.say):
        return _rotate_alone(args, path, new, mark)


def _rotate_dry(args: argparse.Namespace, path: Path, mark: str) -> int:
    from sidecar.tokens import rotation

    running = rotation.find_running(args.out, path)
    print(f"{path}: would be written, {mark}")
    print(
        f"nothing else: {running}"
        if isinstance(running, str)
        else f"would be replaced: {', '.join(running.names)}"
    )
    return 0


def _rotate_alone(args: argparse.Namespace, path: Path, new: str, mark: str) -> int:
    from sidecar import agent
    from sidecar.tokens import rotation, store

    key = _key(args) if args.agent_version else _key_of(path)
    running = rotation.find_running(args.out, path)
    if isinstance(running, str):
        store.write(new, path, key)
        print(f"{path}: written, {mark}. Nothing to restart: {running}")
        return 0
    rotation.rotate(
        running,
        path,
        agent.config_text(new, key).encode(),
        _token_source.say,
        prove=not args.no_verify,
    )
    print(f"{path}: written, {mark}. Replaced: {', '.join(running.names)}")
    return 0


def _key(args: argparse.Namespace) -> str:
    from sidecar import agent

    return agent.tags_key(args.agent_version or AGENT_VERSION)


def _key_of(path: Path) -> str:
    """Return the key of the file that is there; else the default version's."""
    from sidecar import agent
    from sidecar.tokens import check

    found = check.check_agent_file(path, "", agent.USER).key if path.is_file() else None
    return found or agent.tags_key(AGENT_VERSION)
