"""What is wrong with a rendering, and with the folder that it goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER_REFUSED = Rule(
    "folder-refused",
    Severity.ERROR,
    "The folder cannot take the rendering.",
    "`sidecar render` writes nothing: it replaces only files that it wrote itself.",
    "Move the file away, or choose another --out",
    "--out with a docker-compose.yml that sidecar did not write",
)
FOLDER_OF_OTHERS = Rule(
    "folder-of-others",
    Severity.ERROR,
    "The folder holds other files only: neither a spec nor a rendering.",
    "`sidecar render` writes nothing: its files would lie scattered among the others.",
    "Name a new or an empty folder with --out, or give --force",
    "--out /",
)
NOT_RENDERED = Rule(
    "cannot-be-rendered",
    Severity.ERROR,
    "A target cannot express the spec.",
    "`sidecar render` writes nothing.",
    "Change the value, or use another target",
    "A path that is not UTF-8",
)
STALE = Rule(
    "stale-rendering",
    Severity.WARNING,
    "A file of the folder differs from what the spec renders.",
    "What runs is not what the spec says, or the next rendering removes an edit.",
    "Render again; `sidecar render --diff` shows the difference",
    "A spec that was changed after `sidecar render`",
)
COMPOSE_ABSENT = Rule(
    "compose-not-installed",
    Severity.WARNING,
    "Docker Compose is not installed.",
    "It was not checked whether Compose can read the file, or the rendering.",
    "Install it where the deployment runs, and validate there",
    "A machine without `docker compose`",
)
COMPOSE_REFUSES = Rule(
    "compose-refuses-rendering",
    Severity.ERROR,
    "Docker Compose cannot read the rendering.",
    "`docker compose up` fails.",
    "Read its message; an old Compose may not know a key",
    "`docker compose config` exits with an error",
)


def freshness(*, equal: bool) -> Problem | None:
    """Judge a rendered file of a folder against what its spec renders now."""
    return None if equal else STALE.problem("differs from a fresh render")


def compose_config(error: str, fix: str | None = None) -> Problem | None:
    """Judge what `docker compose config` reports; empty: nothing."""
    return COMPOSE_REFUSES.problem(error, fix) if error else None


def compose_installed(absence: str, fix: str | None = None) -> Problem | None:
    """Judge why Compose cannot be asked; empty: it can."""
    return COMPOSE_ABSENT.problem(f"not asked: {absence}", fix) if absence else None


def folder(refusal: str, fix: str | None = None) -> Problem | None:
    """Judge why a folder cannot take a rendering; empty: it can."""
    return FOLDER_REFUSED.problem(refusal, fix) if refusal else None


def others(names: Sequence[str]) -> Problem | None:
    """Judge what is in a folder that has neither a spec nor a rendering."""
    if not names:
        return None
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return FOLDER_OF_OTHERS.problem(f"holds {names[0]}{more}, and nothing that sidecar wrote")
