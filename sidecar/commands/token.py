"""`sidecar token`: sets, checks and rotates the token of a folder's or a cluster's agents."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.commands import _target
from sidecar.commands._findings import ignored_ids
from sidecar.console import findings_data, findings_text, say
from sidecar.engine.compose import start_command
from sidecar.errors import SidecarError, UsageError
from sidecar.findings import failed, without
from sidecar.kubernetes.fixes import placed_command
from sidecar.plan.agents import USER, config_text, tags_key
from sidecar.rendering import require_rendered
from sidecar.rules.agents import DEFAULT_VERSION
from sidecar.tokens import check, from_compose, rotation, secret_store
from sidecar.tokens.file_store import FileStore, is_forwarded
from sidecar.tokens.secret_store import SecretStore
from sidecar.tokens.source import TokenSource

if TYPE_CHECKING:
    import argparse

    from sidecar.findings import Finding
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.tokens.store import TokenStore

_KEEP = "running agents keep the old token until they are replaced: "
_TAKEN = "collectors' forwarder takes it with the next call; `sidecar verify` proves it"


def run(args: argparse.Namespace) -> int:
    """Run one of the actions."""
    _check_cluster_flags(args)
    return {"set": _set, "check": _check, "rotate": _rotate}[args.action](args)


def _check_cluster_flags(args: argparse.Namespace) -> None:
    applies = args.action == "set" and args.apply
    if args.kubernetes_secret is None:
        if args.namespace or args.context or applies:
            raise _usage(args, "--namespace, --context and --apply need --kubernetes-secret")
    elif args.context and args.action == "set" and not applies:
        raise _usage(args, "--context needs --apply")


def _usage(args: argparse.Namespace, cause: str) -> UsageError:
    command = f"token {args.action}"
    return UsageError(command, cause, f"See `sidecar {command} --help`")


def _set(args: argparse.Namespace) -> int:
    if args.kubernetes_secret is not None and not args.apply:
        return _print_manifest(args)
    store, key = _rendered_store(args), _key(args)
    token = _token(args)
    config = config_text(token, key).encode()
    with store.locked(say):
        before = None
        if args.kubernetes_secret is None:
            with suppress(SidecarError):  # one that cannot be read is replaced, too
                before = store.read()
        store.write(config)
    if args.kubernetes_secret is None:
        print(f"{store.name}: written (0444 in a 0700 folder: the agent's user reads it)")
        if before not in (None, config):
            out = args.out or Path()
            print(_TAKEN if is_forwarded(out) else f"{_KEEP}{start_command(out)} --force-recreate")
    else:
        print(f"{store.name}: applied, fingerprint {check.fingerprint(token)}")
        _print_running(store, _target.kubectl_of(args))
    return 0


def _print_manifest(args: argparse.Namespace) -> int:
    name, key = secret_store.checked_name(args.kubernetes_secret), _key(args)
    if sys.stdout.isatty():
        fix = "Redirect it, pipe it into `kubectl apply -f -`, or give --apply"
        raise UsageError("token", "the manifest would show it on this terminal", fix)
    config = config_text(_token(args), key)
    print(secret_store.manifest(name, args.namespace or "", config.encode()), end="")
    return 0


def _print_running(store: TokenStore, kubectl: Kubectl) -> None:
    with suppress(SidecarError):  # a user who may not list workloads can still set a token
        if names := store.agents().names:
            command = placed_command(f"kubectl rollout restart {' '.join(names)}", kubectl)
            print(f"running pods keep the old token until they are replaced: {command}")


def _check(args: argparse.Namespace) -> int:
    ids = ignored_ids(args)
    checked = _checked(args)
    findings, ignored = without(checked.findings, ids)
    if args.output == "json":
        print(json.dumps(_as_dict(checked, findings, ignored), indent=2))
    else:
        _print(checked, findings, ignored)
    return 1 if failed(findings) else 0


def _as_dict(checked: check.Checked, findings: list[Finding], ignored: int) -> dict[str, object]:
    return {
        "ok": not failed(findings),
        "file": checked.place,
        "key": checked.key,
        "fingerprint": checked.fingerprint,
        "public": checked.public,
        "findings": findings_data(findings),
        "ignored": ignored,
    }


def _print(checked: check.Checked, findings: list[Finding], ignored: int) -> None:
    if text := findings_text(findings, ignored):
        print(text)
    if not failed(findings):
        found = f"holds a token that an agent can send, fingerprint {checked.fingerprint}"
        print(f"{checked.place}: {found}")


def _checked(args: argparse.Namespace) -> check.Checked:
    """Check the candidate that --file or --stdin gives, else what the store holds."""
    if not args.file and not args.stdin:
        return _store(args).check(_key(args))
    source = TokenSource(args.file, args.stdin)
    text = source.text()
    if args.file and check.is_agent_file(text):
        return check.check_agent_file(args.file, _key(args), USER)
    return check.check_candidate(text, source.name, args.file)


def _rotate(args: argparse.Namespace) -> int:
    store, key = _rendered_store(args), _key(args)
    token = _token(args)
    new = rotation.NewToken(token, key, key if args.agent_version else None)
    mark = f"fingerprint {check.fingerprint(token)}"
    if args.dry_run:
        return _rotate_dry(store, mark)
    agents = rotation.rotate(store, new, say, prove=not args.no_verify)
    done = (
        f"{agents.replaced.capitalize()}: {', '.join(agents.names)}"
        if agents.names
        else f"Nothing to restart: {agents.idle}"
    )
    print(f"{store.name}: {store.written}, {mark}. {done}")
    return 0


def _rotate_dry(store: TokenStore, mark: str) -> int:
    agents = store.agents()
    print(f"{store.name}: would be {store.written}, {mark}")
    if agents.names:
        print(f"would be {agents.replaced}: {', '.join(agents.names)}")
    else:
        print(f"nothing else: {agents.idle}")
    return 0


def _rendered_store(args: argparse.Namespace) -> TokenStore:
    """Return the store. Raises SidecarError for a folder that does not exist."""
    if args.kubernetes_secret is None:
        require_rendered(args.out or Path())
    return _store(args)


def _store(args: argparse.Namespace) -> TokenStore:
    if args.kubernetes_secret is None:
        return FileStore(args.out or Path())
    return SecretStore(_target.kubectl_of(args), args.kubernetes_secret)


def _key(args: argparse.Namespace) -> str:
    return tags_key(args.agent_version or DEFAULT_VERSION)


def _token(args: argparse.Namespace) -> str:
    """Return the token from its source; warnings about it go to standard error."""
    variable = args.environment_token
    if getattr(args, "from_compose", None):
        variable = from_compose.token_text(args.from_compose, os.environ, variable)
    token, findings = TokenSource(args.file, args.stdin, variable).token()
    for finding in findings:
        say(findings_text([finding], stream=sys.stderr))
    return token
