"""Which containers of a Compose project are one folder's: two folders may have the same project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container

WORKING_DIR = "com.docker.compose.project.working_dir"
CONFIG_FILES = "com.docker.compose.project.config_files"
FILE = "docker-compose.yml"
RENAME = "Give `name:` in the spec, and render again"


def containers_of(
    engine: Engine, config: Mapping[str, Any], folder: Path, fix: str = RENAME
) -> list[Container]:
    """Return the containers, stopped ones included, of a folder's deployment; `config` is as Compose reads its file.

    Raises SidecarError where a service of it runs from another folder, or nothing but another folder's runs.
    """
    project, services = config["name"], config.get("services", {})
    own, others = [], {}
    for one in engine.containers.of_project(project):
        place = _elsewhere(
            engine.containers.inspect(one.identity)["Config"].get("Labels") or {}, folder
        )
        if place is None:
            own.append(one)
        elif one.status == "running":
            others[one.service] = place
    for service, place in others.items():
        if service in services or not own:
            cause = f"is taken: {service} runs from another folder, {place}"
            raise SidecarError(f"Compose project {project}", cause, fix)
    return own


def _elsewhere(labels: Mapping[str, str], folder: Path) -> str | None:
    """Return the folder that a container was started from; None where it is this one, or not to be told.

    What is not there any more, or only on the engine's machine, may be this very folder under a former name.
    """
    start = Path(labels.get(WORKING_DIR) or "")
    files = [start / name for name in labels.get(CONFIG_FILES, "").split(",") if name]
    known = [same for file in files if (same := _same(file, folder / FILE)) is not None]
    return str(start) if known and not any(known) else None


def _same(there: Path, here: Path) -> bool | None:
    """Tell whether two paths are one file, whatever leads to it; None where the first is not there."""
    try:
        return there.samefile(here)
    except PermissionError:
        return False
    except OSError:
        return None
