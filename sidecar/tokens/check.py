"""Checks a token where it is kept, and the content and permissions of its file. Never shows it."""

from __future__ import annotations

import hashlib
import re
import shlex
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.rules import recognition, token_files, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sidecar.findings import Finding, Problem

SUBJECT = "token"
_SECTION = re.compile(r"\A(?:\s*#.*\n)*\s*(?:agent|jaeger):")
_SALT = b"sidecar-kit: fingerprint of a token"


@dataclass(frozen=True)
class Checked:
    """What may be shown of a token."""

    place: str
    findings: tuple[Finding, ...]
    fingerprint: str | None = None
    """Eight hexadecimal digits; None where there is no token."""
    key: str | None = None
    """The agent's key that holds it, agent.tags or jaeger.tags; None outside an agent's file."""
    public: bool = False
    """True for the constant of the region `local`."""


def fingerprint(token: str) -> str:
    """Return eight hexadecimal digits, the same for the same token wherever it is kept.

    scrypt makes each guess cost about 50 ms, and 32 bits cannot confirm one, so that it is safe to
    print.
    """
    return hashlib.scrypt(token.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=4).hex()


def check_candidate(text: str, place: str, file: Path | None) -> Checked:
    """Check a token before it is set; `file` is what it was read from, if that was a file."""
    findings = source_findings(file) if file else []
    return _with_token(Checked(place, tuple(findings)), recognition.strip(text))


def source_findings(file: Path) -> list[Finding]:
    """Warn of a file with a bare token that others can read."""
    mode = _mode(file)
    problem = None if mode is None else token_files.source_mode(mode, _quoted(file))
    return _findings([problem], str(file))


def is_agent_file(text: str) -> bool:
    """Tell whether a text is an agent's config file rather than a bare token."""
    return bool(_SECTION.match(text))


def check_agent_file(path: Path, key: str, user: str) -> Checked:
    """Check the file that an agent reads: `key` is what its version reads, `user` its uid:gid."""
    fix = f"Run `sidecar token set --out {_quoted(_rendered_folder(path))}`"
    absent = token_files.file(fix, exists=path.is_file(), is_folder=path.is_dir())
    if absent:
        return Checked(str(path), tuple(_findings([absent], str(path))))
    try:
        text = yamlio.read_text(path)
    except SidecarError as error:
        return _unreadable(str(path), error)
    checked = check_agent_text(text, key, str(path))
    rights = [] if checked.public else _rights(path, user)
    return replace(checked, findings=(*rights, *checked.findings))


def check_agent_data(config: bytes, key: str, place: str) -> Checked:
    """Check an agent's config file as bytes; see check_agent_text."""
    try:
        text = yamlio.decode(config, place)
    except SidecarError as error:
        return _unreadable(place, error)
    return check_agent_text(text, key, place)


def check_agent_text(text: str, key: str, place: str) -> Checked:
    """Check an agent's config file by its text; `key` is what the agent's version reads."""
    found, token = _parsed(text)
    if found is None:
        return Checked(place, tuple(_findings([token_files.content(None)], place)))
    wrong_key = _findings([token_files.tags_key(found, key)], place)
    return _with_token(Checked(place, tuple(wrong_key), key=found), token)


def key_of(config: bytes) -> str | None:
    """Return the key that holds the token in an agent's config file; None where there is none."""
    try:
        return _parsed(yamlio.decode(config, ""))[0]
    except SidecarError:
        return None


def token_of(config: bytes) -> str:
    """Return the token in an agent's config file, for a search; empty where there is none."""
    try:
        return _parsed(yamlio.decode(config, ""))[1]
    except SidecarError:
        return ""


def _with_token(checked: Checked, token: str) -> Checked:
    """Add what there is to report of the token itself."""
    broken = tokens.broken_rules(token)
    found = _findings(broken or tokens.warnings(token), checked.place)
    return replace(
        checked,
        findings=(*checked.findings, *found),
        fingerprint=None if broken else fingerprint(token),
        public=token == recognition.LOCAL_TOKEN,
    )


def _unreadable(place: str, error: SidecarError) -> Checked:
    fix = "Run the check as its owner" if "Permission" in error.cause else None
    return Checked(place, tuple(_findings([token_files.readable(error.cause, fix)], place)))


def _findings(problems: Iterable[Problem | None], place: str) -> list[Finding]:
    return [problem.at(SUBJECT, place) for problem in problems if problem]


def _parsed(text: str) -> tuple[str | None, str]:
    """Return (key, token) of an agent's file; (None, "") where it is anything else."""
    try:
        data: Any = yamlio.load(text, "")
    except SidecarError:  # its message quotes the file
        return None, ""
    for section in ("agent", "jaeger"):
        if isinstance(data, dict) and data.keys() == {section} and _is_tags(data[section]):
            return f"{section}.tags", data[section]["tags"].removeprefix(recognition.PREFIX)
    return None, ""


def _is_tags(data: object) -> bool:
    return (
        isinstance(data, dict)
        and data.keys() == {"tags"}
        and isinstance(data["tags"], str)
        and data["tags"].startswith(recognition.PREFIX)
    )


def _rights(path: Path, user: str) -> list[Finding]:
    found, folder = path.stat(), path.parent
    status = token_files.Status(stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
    of_file = token_files.rights(status, user, _quoted(path))
    of_folder = token_files.folder_mode(_mode(folder) or 0, _quoted(folder))
    return [*_findings(of_file, str(path)), *_findings([of_folder], str(folder))]


def _rendered_folder(path: Path) -> Path:
    return path.parent.parent if path.parent.name == "secrets" else path.parent


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
