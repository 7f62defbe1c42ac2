"""Checks of the token that the agents will read: its form, its file, git, the files next to it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from sidecar import programs
from sidecar.files import real
from sidecar.plan import LOCAL_TOKEN_FILE
from sidecar.plan.agents import USER
from sidecar.preflight.records import broken, found, judged, passed, skipped
from sidecar.rules import token_places as rules
from sidecar.tokens.check import check_agent_file
from sidecar.tokens.check import token_of as token_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sidecar.preflight.records import Candidate, Result

_GIT_SECONDS = 5
_PUBLIC = "holds the stand-in's constant, which is no secret"
_NO_FILE = "there is no token file: see `token-file`"
_MOST_FILES, _MOST_BYTES = 2000, 2**20
_HIDDEN = {".git", ".venv", "node_modules", "__pycache__"}


def check_file(candidate: Candidate) -> Iterator[Result]:
    """Judge the token file as `sidecar token check` does."""
    path = candidate.token_file
    if path is None:
        yield skipped("token-file", "token", "the deployment has no token file on this machine")
        return
    checked = check_agent_file(path, candidate.tags_key, USER)
    if path.name == LOCAL_TOKEN_FILE and candidate.is_local:
        yield passed("token-file", str(path), _PUBLIC)
        return
    yield from (found("token-file", finding) for finding in checked.findings)
    if not checked.findings:
        yield passed(
            "token-file", str(path), f"holds a token with fingerprint {checked.fingerprint}"
        )


def check_git(candidate: Candidate) -> Iterator[Result]:
    """Ask git what it knows of the token file."""
    path = candidate.token_file
    if path is None or candidate.is_local:
        yield skipped("token-in-git", "token", _NO_FILE if path is None else _PUBLIC)
        return
    try:
        yield _judge_git(_existing(path.parent), path)
    except FileNotFoundError:
        yield skipped("token-in-git", "git", "is not on PATH")
    except subprocess.TimeoutExpired:
        yield skipped("token-in-git", "git", f"did not answer within {_GIT_SECONDS} s")


def _judge_git(folder: Path, path: Path) -> Result:
    if _git(folder, "rev-parse", "--is-inside-work-tree") != "true":
        return passed("token-in-git", str(path), "is in no git repository")
    name = str(path.absolute())
    problem = rules.git(
        _git(folder, "log", "--all", "--max-count=1", "--format=%h", "--", name),
        tracked=bool(_git(folder, "ls-files", "--", name)),
        ignored=bool(_git(folder, "check-ignore", "--", name)),
    )
    return judged("token-in-git", name, problem, "is ignored, and in no commit")


def _git(folder: Path, *words: str) -> str:
    """Return what a git command prints; empty where it fails."""
    done = programs.run(["git", "-C", str(folder), *words], _GIT_SECONDS)
    return done.stdout.strip() if done.returncode == 0 else ""


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return folder if folder.is_dir() else _existing(folder.parent)


def check_files(candidate: Candidate) -> Iterator[Result]:
    """Search the files of the folder for the token."""
    path, folder = candidate.token_file, candidate.folder
    if path is None or folder is None or not path.is_file():
        yield skipped("token-in-files", "token", _NO_FILE)
        return
    if candidate.is_local:
        yield skipped("token-in-files", str(path), _PUBLIC)
        return
    token = token_of(path).encode()
    if not token:
        yield skipped("token-in-files", str(path), "no token can be read from it: see `token-file`")
        return
    searched = list(_files(folder, path))
    problems = {file: rules.rendered_file(holds_token=_holds(file, token)) for file in searched}
    copies = [broken("token-in-files", str(file), each) for file, each in problems.items() if each]
    fine = passed("token-in-files", str(folder), f"{len(searched)} files were searched")
    yield from copies or [fine]


def token_of(path: Path) -> str:
    """Return the token of an agent's file; empty where it holds none that can be read."""
    try:
        return token_in(path.read_bytes())
    except OSError:
        return ""


def _files(folder: Path, but: Path) -> Iterator[Path]:
    """Yield the files of a folder that can be a rendering's, but one."""
    count, but = 0, real(but)
    for path in sorted(folder.rglob("*")):
        if _HIDDEN.intersection(path.parts) or path.is_symlink() or real(path) == but:
            continue
        if path.is_file() and path.stat().st_size <= _MOST_BYTES and count < _MOST_FILES:
            count += 1
            yield path


def _holds(path: Path, token: bytes) -> bool:
    try:
        return token in path.read_bytes()
    except OSError:
        return False
