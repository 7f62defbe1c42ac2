"""Looks at a token where it lies: its file's shape and rights, and the token itself. Never shows it."""

from __future__ import annotations

import hashlib
import re
import shlex
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.findings import Finding, Severity
from sidecar.secrecy import LOCAL_TOKEN, PREFIX
from sidecar.tokens import content

if TYPE_CHECKING:
    import os
    from pathlib import Path

_SECTION = re.compile(r"\A(?:\s*#.*\n)*\s*(?:agent|jaeger):")
_SALT = b"sidecar-kit: fingerprint of a token"


@dataclass(frozen=True)
class Checked:
    """What can be told of a token without telling it."""

    findings: tuple[Finding, ...]
    fingerprint: str | None = None
    """Eight hexadecimal digits; None where there is no token."""
    key: str | None = None
    """The agent's key that holds it, agent.tags or jaeger.tags; None for a token outside an agent's file."""
    public: bool = False
    """True for the constant of the region `local`."""


def fingerprint(token: str) -> str:
    """Return eight hexadecimal digits by which two places can be compared.

    scrypt makes each guess cost some 50 ms, and 32 bits cannot confirm one: printing it gives no token away.
    """
    return hashlib.scrypt(token.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=4).hex()


def check_candidate(text: str, source: Path | None) -> Checked:
    """Check a token before it is set; `source` is the file that it was read from."""
    return _judged(
        content.strip(text), source_findings(source) if source else [], None, str(source or "")
    )


def source_findings(source: Path) -> list[Finding]:
    """Warn of a file with a bare token that others can read."""
    mode = _mode(source)
    if mode is None or not mode & 0o044:
        return []
    cause = f"others on this host can read it ({mode:04o})"
    fix = f"chmod 0600 {_quoted(source)}, or remove it once the token is set"
    return [Finding(Severity.WARNING, content.SUBJECT, str(source), cause, fix)]


def is_agent_file(text: str) -> bool:
    """Tell whether a text is an agent's config file rather than a bare token."""
    return bool(_SECTION.match(text))


def check_agent_file(path: Path, key: str, user: str) -> Checked:
    """Check the file that an agent reads: `key` is what its version knows, `user` its uid:gid."""
    if not path.is_file():
        cause = (
            "is a folder: Docker makes one for a file that is missing"
            if path.is_dir()
            else "is not there"
        )
        folder = path.parent.parent if path.parent.name == "secrets" else path.parent
        fix = f"sidecar token set --out {_quoted(folder)}"
        return Checked((Finding(Severity.ERROR, content.SUBJECT, str(path), cause, fix),))
    try:
        text = yamlio.read_text(path)
    except SidecarError as error:
        fix = (
            "Look as its owner"
            if "Permission" in error.cause
            else "Write it anew: sidecar token set"
        )
        return Checked((Finding(Severity.ERROR, content.SUBJECT, str(path), error.cause, fix),))
    checked = check_agent_text(text, key, str(path))
    rights = [] if checked.public else _rights(path, user)
    return replace(checked, findings=(*rights, *checked.findings))


def check_agent_text(text: str, key: str, place: str) -> Checked:
    """Check an agent's config file by its text; `key` is what the agent's version knows, empty: any."""
    found, token = _parsed(text)
    if found is None:
        cause = (
            'is not an agent\'s token file, agent: {tags: "Authentication=..."} and nothing else'
        )
        wrong = Finding(
            Severity.ERROR, content.SUBJECT, place, cause, "Write it anew: sidecar token set"
        )
        return Checked((wrong,))
    return _judged(token, _key(place, found, key), found, place)


def _judged(token: str, before: list[Finding], key: str | None, place: str) -> Checked:
    broken = content.broken_rules(token)
    errors = [
        Finding(Severity.ERROR, content.SUBJECT, place, rule.cause, rule.fix) for rule in broken
    ]
    hints = [] if broken else content.hints(token)
    warnings = [Finding(one.severity, one.subject, place, one.cause, one.fix) for one in hints]
    mark = None if broken else fingerprint(token)
    return Checked((*before, *errors, *warnings), mark, key, token == LOCAL_TOKEN)


def _parsed(text: str) -> tuple[str | None, str]:
    """Return (key, token) of an agent's file; (None, "") where it is anything else."""
    try:
        data: Any = yamlio.load(text, "")
    except SidecarError:  # its words quote the file
        return None, ""
    for section in ("agent", "jaeger"):
        if isinstance(data, dict) and data.keys() == {section} and _is_tags(data[section]):
            return f"{section}.tags", data[section]["tags"].removeprefix(PREFIX)
    return None, ""


def _is_tags(data: object) -> bool:
    return (
        isinstance(data, dict)
        and data.keys() == {"tags"}
        and isinstance(data["tags"], str)
        and data["tags"].startswith(PREFIX)
    )


def _key(place: str, found: str, needed: str) -> list[Finding]:
    if needed in (found, ""):
        return []
    cause = (
        f"holds {found}; an agent of this version reads {needed}, and would report without a token"
    )
    fix = "Name the version: sidecar token set --agent-version VERSION"
    return [Finding(Severity.ERROR, content.SUBJECT, place, cause, fix)]


def _rights(path: Path, user: str) -> list[Finding]:
    findings = []
    if not can_read(path.stat(), user):
        cause = f"the agent's user {user} cannot read it ({_mode(path):04o})"
        findings.append(
            Finding(
                Severity.ERROR, content.SUBJECT, str(path), cause, f"chmod 0444 {_quoted(path)}"
            )
        )
    if (_mode(path) or 0) & 0o022:
        cause = f"others on this host can change it ({_mode(path):04o})"
        findings.append(
            Finding(
                Severity.WARNING, content.SUBJECT, str(path), cause, f"chmod 0444 {_quoted(path)}"
            )
        )
    folder = path.parent
    if (_mode(folder) or 0) & 0o077:
        cause = f"others on this host can enter it ({_mode(folder):04o}), and read the token"
        fix = f"chmod 0700 {_quoted(folder)}"
        findings.append(Finding(Severity.WARNING, content.SUBJECT, str(folder), cause, fix))
    return findings


def can_read(status: os.stat_result, user: str) -> bool:
    """Tell whether a user "uid:gid" may read what has this status: owner, group or others, as the kernel decides."""
    uid, gid = (int(part) for part in user.split(":"))
    if status.st_uid == uid:
        return bool(status.st_mode & 0o400)
    return bool(status.st_mode & (0o040 if status.st_gid == gid else 0o004))


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
