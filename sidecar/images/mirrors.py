"""Finds the Debian mirror from which the host itself installs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

SUITE = "bookworm"
OFFICIAL_MAIN = "http://deb.debian.org/debian"
OFFICIAL_SECURITY = "http://deb.debian.org/debian-security"
_DISABLED = re.compile(r"^Enabled:\s*no\b", re.MULTILINE | re.IGNORECASE)
_URIS = re.compile(r"^URIs:((?:.*)(?:\n[ \t]+.*)*)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class DebianMirror:
    """The sources of Debian's packages and of its security updates."""

    main: str = field(default=OFFICIAL_MAIN, repr=False)
    security: str = field(default=OFFICIAL_SECURITY, repr=False)

    def __str__(self) -> str:
        return without_credentials(self.main)


def debian_mirror(named: str | None = None, apt: Path = Path("/etc/apt")) -> DebianMirror:
    """Return the mirror of that URL, else the one in the host's apt sources, else the official."""
    if named:
        return DebianMirror(named.rstrip("/"), f"{named.rstrip('/')}-security")
    uris = [uri.rstrip("/") for uri in _uris(apt) if uri.startswith(("http://", "https://"))]
    main = _ending(uris, "/debian")
    if main is None:
        return DebianMirror()
    return DebianMirror(main, _ending(uris, "/debian-security") or f"{main}-security")


def _ending(uris: Iterable[str], suffix: str) -> str | None:
    return next((uri for uri in uris if urlsplit(uri).path.endswith(suffix)), None)


def without_credentials(url: str) -> str:
    """Return a URL without user name and password, so that it may be shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _uris(apt: Path) -> list[str]:
    found: list[str] = []
    for path in [apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))]:
        found += _one_line_uris(_read(path))
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        found += _deb822_uris(_read(path))
    return found


def _one_line_uris(text: str) -> list[str]:
    return re.findall(r"^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)", text, re.MULTILINE)


def _deb822_uris(text: str) -> list[str]:
    found: list[str] = []
    for stanza in re.split(r"\n\s*\n", text):
        uris = _URIS.search(stanza)
        if uris and not _DISABLED.search(stanza):
            found += uris.group(1).split()
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
