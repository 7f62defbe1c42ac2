"""What is wrong with the file that a token lies in: its path, content and permissions."""

from __future__ import annotations

from typing import NamedTuple

from sidecar.findings import Problem, Rule, Severity

_SET = "Run `sidecar token set` to write it again"

NOT_SET = Rule(
    "token-not-set",
    Severity.WARNING,
    "A rendered folder has no token file.",
    "The agents do not start.",
    "Run `sidecar token set --out FOLDER`",
    "sidecar validate --out build/cn-shanghai, before sidecar token set",
)
MISSING = Rule(
    "missing-token-file",
    Severity.ERROR,
    "The token file that an agent reads does not exist, or is a folder.",
    "The agents do not start. Docker creates a folder in place of a missing file.",
    "Run `sidecar token set --out FOLDER`",
    "sidecar token check --out build/cn-shanghai, before sidecar token set",
)
UNREADABLE = Rule(
    "unreadable-token-file",
    Severity.ERROR,
    "The token file cannot be read as text.",
    "The token cannot be checked, and the agent may not be able to read it.",
    _SET,
    "secrets/agent.yaml in a folder that another user owns",
)
NOT_A_TOKEN_FILE = Rule(
    "not-a-token-file",
    Severity.ERROR,
    "The file is not an agent's configuration with a token and nothing else.",
    "The agent would start without the token, and every span would be lost.",
    _SET,
    "secrets/agent.yaml with only the token in it",
)
OTHER_KEY = Rule(
    "tags-key-of-another-version",
    Severity.ERROR,
    "The token file has the tags key of another version of the agent.",
    "The agent ignores the key, and reports without a token.",
    "Run `sidecar token set --agent-version VERSION`",
    "agent.tags in the file, and agent: {version: 1.15.0} in the spec",
)
CLOSED_TO_AGENT = Rule(
    "token-file-closed-to-agent",
    Severity.ERROR,
    "The agent's user cannot read the token file.",
    "The agent does not start.",
    "Run `chmod 0444` on the file",
    "chmod 0600 secrets/agent.yaml",
)
WRITABLE_BY_OTHERS = Rule(
    "token-file-writable-by-others",
    Severity.WARNING,
    "Other users of the host can change the token file.",
    "They can make the agent report to the gateway with another token, or with none.",
    "Run `chmod 0444` on the file",
    "chmod 0666 secrets/agent.yaml",
)
FOLDER_OPEN = Rule(
    "token-folder-open",
    Severity.WARNING,
    "Other users of the host can enter the folder of the token file.",
    "The file must be readable for the agent's user, so the folder must keep other users out.",
    "Run `chmod 0700` on the folder",
    "chmod 0755 secrets",
)
SOURCE_READABLE = Rule(
    "token-source-readable-by-others",
    Severity.WARNING,
    "Other users of the host can read the file that a token is taken from.",
    "They can send spans in your name.",
    "Run `chmod 0600` on the file, or remove it once the token is set",
    "chmod 0644 token.txt",
)


class Status(NamedTuple):
    """The owner and the permissions of a file."""

    mode: int
    """The permission bits."""
    uid: int
    gid: int


def rendered(fix: str, *, exists: bool) -> Problem | None:
    """Judge whether a rendered folder has its token file; `fix` is the command that writes it."""
    cause = "does not exist; the agents will not start"
    return None if exists else NOT_SET.problem(cause, fix)


def file(fix: str, *, exists: bool, is_folder: bool = False) -> Problem | None:
    """Judge whether a token file is there; `fix` is the command that writes it."""
    if is_folder:
        cause = "is a folder: Docker creates one in place of a missing file"
        return MISSING.problem(cause, fix)
    return None if exists else MISSING.problem("does not exist", fix)


def readable(error: str, fix: str | None = None) -> Problem | None:
    """Judge the error of reading a token file; empty where it could be read."""
    return UNREADABLE.problem(error, fix) if error else None


def content(key: str | None) -> Problem | None:
    """Judge the key that holds the token in a token file; None where the file has another shape."""
    if key is not None:
        return None
    cause = 'is not an agent\'s token file, agent: {tags: "Authentication=..."} and nothing else'
    return NOT_A_TOKEN_FILE.problem(cause)


def tags_key(found: str, needed: str) -> Problem | None:
    """Judge the key that holds the token; `needed` is what the agent's version reads, "" any."""
    if needed in (found, ""):
        return None
    cause = (
        f"has {found}; an agent of this version reads {needed}, and would report without a token"
    )
    return OTHER_KEY.problem(cause)


def can_read(status: Status, user: str) -> bool:
    """Tell whether a user "uid:gid" may read a file: as owner, by group or as any other."""
    uid, gid = (int(part) for part in user.split(":"))
    if status.uid == uid:
        return bool(status.mode & 0o400)
    return bool(status.mode & (0o040 if status.gid == gid else 0o004))


def rights(status: Status, user: str, path: str) -> list[Problem]:
    """Judge a token file's permissions for the agent's user; the path is quoted for a shell."""
    found = []
    if not can_read(status, user):
        cause = f"the agent's user {user} cannot read it ({status.mode:04o})"
        found.append(CLOSED_TO_AGENT.problem(cause, f"Run `chmod 0444 {path}`"))
    if status.mode & 0o022:
        cause = f"others on this host can change it ({status.mode:04o})"
        found.append(WRITABLE_BY_OTHERS.problem(cause, f"Run `chmod 0444 {path}`"))
    return found


def folder_mode(mode: int, path: str) -> Problem | None:
    """Judge the permission bits of the folder of a token file; the path is quoted for a shell."""
    if not mode & 0o077:
        return None
    cause = f"others on this host can enter it ({mode:04o}), and read the token"
    return FOLDER_OPEN.problem(cause, f"Run `chmod 0700 {path}`")


def source_mode(mode: int, path: str) -> Problem | None:
    """Judge the permission bits of a file with a bare token; the path is quoted for a shell."""
    if not mode & 0o044:
        return None
    cause = f"others on this host can read it ({mode:04o})"
    return SOURCE_READABLE.problem(
        cause, f"Run `chmod 0600 {path}`, or remove it once the token is set"
    )
