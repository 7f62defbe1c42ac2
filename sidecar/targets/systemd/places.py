"""Where things are on the host, and how a unit reads its token."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

UNIT = "sidecar-agent"
"""The agent's unit, whatever its kind; its folders on the host are called the same."""
UNIT_FOLDER = "/etc/systemd/system"
PROGRAMS = f"/usr/local/lib/{UNIT}"
SETTINGS = f"/etc/{UNIT}"
CREDENTIALS = "${CREDENTIALS_DIRECTORY}"
"""Where a unit finds its own copy of what LoadCredential names."""
LOOPBACK = "127.0.0.1"


def escaped(arguments: Iterable[str]) -> list[str]:
    """Return arguments as a unit has them: % begins a specifier there."""
    return [text.replace("%", "%%") for text in arguments]
