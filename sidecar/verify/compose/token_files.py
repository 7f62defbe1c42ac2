"""The token file of an agent's container: which one it reads, and whether it has the latest."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.verify.times import seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    Inspected = Mapping[str, Any]
    """What the engine knows of a container, in its own form."""

_CONFIG_FILE = "--config-file="


def source_of(agent: Inspected) -> Path | None:
    """Return the path on the engine's host of the file that an agent reads; None for others."""
    inside = _inside(agent)
    mounts = agent.get("Mounts") or []
    return next((Path(each["Source"]) for each in mounts if each["Destination"] == inside), None)


def content_of(agent: Inspected) -> bytes | None:
    """Return the file as the agent's container has it, or else as it is now; None for neither."""
    for path in (_mounted(agent), source_of(agent)):
        with suppress(OSError):
            if path:
                return path.read_bytes()
    return None


def stale(agent: Inspected, named: str) -> str:
    """Return why an agent may use another token than that of the file `named` by Compose.

    Empty where it does not, or where that is not known.
    """
    source = source_of(agent)
    if not named or source is None:
        return ""
    if str(source) != named:
        return f"it reads {source}, the Compose file names {named}"
    with suppress(OSError):
        changed = source.stat().st_mtime > seconds_of(agent["State"].get("StartedAt", ""))
        if changed and not _is_copy(_mounted(agent), source):
            return f"{source} was written after it started"
    return ""


def process_of(container: Inspected) -> Path | None:
    """Return a container's process in /proc; None where the engine runs it on another machine."""
    process = Path("/proc") / str(container["State"].get("Pid") or "none")
    try:
        groups = (process / "cgroup").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return process if container["Id"] in groups else None


def _inside(agent: Inspected) -> str:
    arguments = agent["Config"].get("Cmd") or []
    named = (word for word in arguments if word.startswith(_CONFIG_FILE))
    return next(named, "").removeprefix(_CONFIG_FILE)


def _mounted(agent: Inspected) -> Path | None:
    """Return the token file as the agent's container has it: it keeps a file that was replaced."""
    process = process_of(agent)
    return process / "root" / _inside(agent).lstrip("/") if process else None


def _is_copy(mounted: Path | None, source: Path) -> bool:
    """Tell whether a replaced file has the content of the one that an agent still has.

    Where this user may not look into the agent's container, it is not known to have it.
    """
    try:
        if mounted is None or mounted.samefile(source):
            return False
        return mounted.read_bytes() == source.read_bytes()
    except PermissionError:
        return False
