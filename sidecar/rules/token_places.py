"""Where a token must not lie: in git, and in files next to its own."""

from __future__ import annotations

from sidecar.findings import Problem, Rule, Severity

IN_GIT = Rule(
    "token-in-git",
    Severity.ERROR,
    "git tracks the token file.",
    "Everybody who can read the repository can send spans in your name.",
    "Run `git rm --cached` on it, ignore it, and rotate the token",
    "git add --force secrets/agent.yaml",
)
IN_HISTORY = Rule(
    "token-in-git-history",
    Severity.ERROR,
    "A commit of the repository holds the token file.",
    "Removing the file later does not remove it from the history.",
    "Rotate the token: the old one is known to everybody who can read the repository",
    "a commit that added secrets/agent.yaml, and one that removed it",
)
NOT_IGNORED = Rule(
    "token-not-ignored",
    Severity.WARNING,
    "git does not ignore the token file.",
    "The next `git add .` commits the token.",
    "Add it to .gitignore",
    "build/cn-shanghai/secrets/agent.yaml without a line in .gitignore",
)
IN_FILE = Rule(
    "token-in-rendered-file",
    Severity.ERROR,
    "A file of the folder, other than the token file, holds the token.",
    "Files of a rendering are copied, committed and shown; the token is then public.",
    "Remove it there, and rotate the token",
    "the token pasted into docker-compose.yml",
)


def git(commit: str, *, tracked: bool, ignored: bool) -> Problem | None:
    """Judge what git knows of a token file; `commit` is the last one that has it, or empty."""
    if tracked:
        return IN_GIT.problem("git tracks it")
    if commit:
        return IN_HISTORY.problem(f"commit {commit} of this repository holds it")
    return None if ignored else NOT_IGNORED.problem("git does not ignore it")


def rendered_file(*, holds_token: bool) -> Problem | None:
    """Judge a file next to the token file."""
    return IN_FILE.problem("holds the token") if holds_token else None
