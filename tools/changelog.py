"""CHANGELOG.md in the form of Keep a Changelog: its newest release, and the next one."""

from __future__ import annotations

import re

UNRELEASED = "## [Unreleased]"
_SECTION = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", re.MULTILINE)
_LINK = re.compile(r"^\[Unreleased\]: (?P<site>\S+)/(?:commits|compare)/\S+$", re.MULTILINE)


def newest_release(text: str) -> str | None:
    """Return the version of the newest section; None before the first release."""
    found = _SECTION.search(text)
    return found[1] if found else None


def unreleased_changes(text: str) -> str:
    """Return what the next release says. Raises ValueError where the section is missing."""
    _, heading, rest = text.partition(f"{UNRELEASED}\n")
    if not heading:
        raise ValueError(f"no section {UNRELEASED}")
    return re.split(r"^(?:## |\[)", rest, maxsplit=1, flags=re.MULTILINE)[0].strip()


def release(text: str, version: str, date: str) -> str:
    """Return the changelog with the unreleased changes under a version, and with its links.

    Raises ValueError where a section or the link to the unreleased changes is missing.
    """
    changes = unreleased_changes(text)
    if not (link := _LINK.search(text)):
        raise ValueError("no link [Unreleased]: …/compare/… or …/commits/…")
    site = link["site"]
    links = [
        f"[Unreleased]: {site}/compare/v{version}...HEAD",
        f"[{version}]: {site}/releases/tag/v{version}",
    ]
    before, after = text.split(changes, maxsplit=1) if changes else (text, "")
    released = f"{before}## [{version}] - {date}\n\n{changes}{after}"
    return released.replace(link[0], "\n".join(links))
