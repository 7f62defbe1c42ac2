"""Finds the Debian mirror that the host itself installs from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

SUITE = "bookworm"
OFFICIAL_MAIN = "http://deb.debian.org/debian"
OFFICIAL_SECURITY = "http://deb.debian.org/debian-security"


@dataclass(frozen=True)
class DebianMirror:
    """Where Debian's packages and its security updates come from."""

    main: str = field(default=OFFICIAL_MAIN, repr=False)
    security: str = field(default=OFFICIAL_SECURITY, repr=False)

    def __str__(self) -> str:
        return without_credentials(self.main)


def debian_mirror(named: str | None = None, apt: Path = Path("/etc/apt")) -> DebianMirror:
    """Return the mirror named, else the Debian mirror in the host's apt sources, else the official one."""
    if named:
        return DebianMirror(named.rstrip("/"), f"{named.rstrip('/')}-security")
    uris = [uri.rstrip("/") for uri in _uris(apt) if uri.startswith(("http://", "https://"))]
    main = next((uri for uri in uris if urlsplit(uri).path.endswith("/debian")), None)
    if main is None:
        return DebianMirror()
    security = next(
        (uri for uri in uris if urlsplit(uri).path.endswith("/debian-security")), f"{main}-security"
    )
    return DebianMirror(main, security)


def without_credentials(url: str) -> str:
    """Return a URL that may be shown: user name and password are dropped."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _uris(apt: Path) -> list[str]:
    one_line = [apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))]
    found = [uri for path in one_line for uri in _one_line_uris(_read(path))]
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        found += _deb822_uris(_read(path))
    return found


def _one_line_uris(text: str) -> list[str]:
    return re.findall(r"^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)", text, re.MULTILINE)


def _deb822_uris(text: str) -> list[str]:
    stanzas = re.split(r"\n\s*\n", text)
    enabled = (
        stanza
        for stanza in stanzas
        if not re.search(r"^Enabled:\s*no\b", stanza, re.MULTILINE | re.IGNORECASE)
    )
    fields = (
        re.search(r"^URIs:((?:.*)(?:\n[ \t]+.*)*)", stanza, re.MULTILINE | re.IGNORECASE)
        for stanza in enabled
    )
    return [uri for match in fields if match for uri in match.group(1).split()]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
