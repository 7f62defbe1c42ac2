"""Why a container of an engine does not run, from what the engine knows of it."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sidecar.engine.project import KIND
from sidecar.rules import kinds, parts, queue_files
from sidecar.verify.compose.token_files import source_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container
    from sidecar.findings import Problem

_LAST_LINES = 500
_NEVER_ENDED = ("running", "paused", "created")
"""States of a container that was not restarted."""


def trouble_of(engine: Engine, container: Container) -> Problem | None:
    """Return why a container does not run; None where it does."""
    data = engine.containers.inspect(container.identity)
    state = _state_of(container, data)
    if state.status == "running":
        return None
    return parts.container(state, _last_words(engine, container, data))


def restart_of(engine: Engine, container: Container, since: float) -> Problem | None:
    """Return why a container ended; None where it runs since before the Unix time `since`."""
    data = engine.containers.inspect(container.identity)
    state = _state_of(container, data)
    if state.status == "running" and data["State"].get("StartedAt", "") < _as_text(since):
        return None
    return parts.restarted(state, _last_words(engine, container, data))


def is_done(data: Mapping[str, Any]) -> bool:
    """Tell whether a container ended without an error, from all that the engine knows of it."""
    state = data["State"]
    return state["Status"] == "exited" and not state.get("ExitCode", 0)


def _as_text(time: float) -> str:
    """Return a Unix time as the engine writes it, so that texts compare as times do."""
    return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def _state_of(container: Container, data: Mapping[str, Any]) -> parts.State:
    """Return a container's state, from all that the engine knows of it."""
    state = data["State"]
    return parts.State(
        name=container.name,
        status=state["Status"],
        exit_code=state.get("ExitCode", 0),
        out_of_memory=state.get("OOMKilled", False),
        restarts=data.get("RestartCount", 0),
        error=state.get("Error", ""),
    )


def _last_words(engine: Engine, container: Container, data: Mapping[str, Any]) -> Problem | None:
    """Judge what an agent wrote before it ended; None for one that never did."""
    file = source_of(data)
    is_collector = data["Config"].get("Labels", {}).get(KIND) == kinds.COLLECTOR.name
    has_ended = data.get("RestartCount") or data["State"]["Status"] not in _NEVER_ENDED
    if not has_ended or not (file or is_collector):
        return None
    log = engine.containers.logs(container.identity, last=_LAST_LINES)
    if is_collector:
        found = queue_files.ended(log)
        return found and replace(found, cause=f"container {container.name}: {found.cause}")
    return parts.ended_agent(log, str(file), _mode(file)) if file else None


def _mode(file: Path) -> int | None:
    """Return a file's mode; None where it is not on this machine."""
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return None
