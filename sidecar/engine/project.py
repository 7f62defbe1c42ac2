"""Which containers of a Compose project belong to a folder: two folders may share a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.engine.compose import stack_files
from sidecar.errors import SidecarError
from sidecar.plan.records import BARE_FILE
from sidecar.rendering import COMPOSE_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container

WORKING_DIR = "com.docker.compose.project.working_dir"
CONFIG_FILES = "com.docker.compose.project.config_files"
ROLE, SERVICE = "sidecar-kit.role", "sidecar-kit.service"
"""Labels of a rendering: a container's part in the deployment, and the service it belongs to."""
REGION = "sidecar-kit.region"
"""Label of what is rendered for a region."""
KIND = "sidecar-kit.kind"
"""Label of an agent that is no jaeger-agent."""
AGENT = "sidecar-kit.agent"
"""Label of a service that uses the agent of another one, with which it shares a network."""
WORKLOAD = "sidecar-kit.workload"
"""Label of a service that runs to its end: its kind."""
FORWARDER = "forwarder"
"""The role of what adds the token."""
COPIER = "copier"
"""The role of what gives packets to an agent and a collector."""
RENAME = "Give `name:` in the spec, and render again; in a stack of yours, in its Compose file"


def not_rendered(folder: Path) -> SidecarError:
    """Return the error of a folder whose Compose file has nothing of the kit's."""
    fix = "Run `sidecar inject` for a stack of yours, else `sidecar render`"
    return SidecarError(str(folder / COMPOSE_FILE), "has no agent of the kit's", fix)


def nothing_runs(project: str, start: str) -> SidecarError:
    """Return the error of a project that has no container of the kit's."""
    cause = "runs no service of the kit"
    return SidecarError(f"Compose project {project}", cause, f"Run `{start}`")


def containers_of(
    engine: Engine, config: Mapping[str, Any], folder: Path, fix: str = RENAME
) -> list[Container]:
    """Return the containers, stopped ones included, of a folder's deployment.

    `config` is the folder's file as Compose reads it. Raises SidecarError where a service of it
    runs from another folder, or only another folder's services run.
    """
    project, services = config["name"], config.get("services", {})
    own, others = [], {}
    for container in engine.containers.of_project(project):
        labels = engine.containers.inspect(container.identity)["Config"].get("Labels") or {}
        other_folder = _other_folder(labels, folder)
        if other_folder is None:
            own.append(container)
        elif container.status == "running":
            others[container.service] = other_folder
    for service, other_folder in others.items():
        if service in services or not own:
            cause = f"is taken: {service} runs from another folder, {other_folder}"
            raise SidecarError(f"Compose project {project}", cause, fix)
    return own


def forwarder_of(config: Mapping[str, Any]) -> str:
    """Return the name of the agents' token forwarder; empty where they have the token themselves.

    Beside a canary they have: the forwarder is that of the collectors.
    """
    return "" if is_canary(config) else _of_role(config, FORWARDER)


def is_canary(config: Mapping[str, Any]) -> bool:
    """Tell whether a deployment's agents have collectors beside them."""
    return bool(_of_role(config, COPIER))


def _of_role(config: Mapping[str, Any], role: str) -> str:
    services = (config.get("services") or {}).items()
    return next((name for name, each in services if _label(each, ROLE) == role), "")


def token_file_of(config: Mapping[str, Any]) -> str:
    """Return the file that a deployment's token is read from; empty where none is named."""
    if name := forwarder_of(config):
        (mounted,) = config["services"][name]["volumes"]
        return str(Path(mounted["source"]) / Path(BARE_FILE).name)
    name = _own(config).get("token_secret", "agent")
    return str(((config.get("secrets") or {}).get(name) or {}).get("file") or "")


def gateway_network(config: Mapping[str, Any]) -> str:
    """Return the engine's name of the network through which agents reach the gateway."""
    return str(config["networks"][_own(config).get("gateway_network", "gateway")]["name"])


def _label(service: Mapping[str, Any], name: str) -> str:
    labels = service.get("labels") or {}
    return str(labels.get(name, "")) if isinstance(labels, dict) else ""


def _own(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a rendering says of itself; the kit's own stack has the usual names."""
    return config.get("x-sidecar") or {}


def _other_folder(labels: Mapping[str, str], folder: Path) -> str | None:
    """Return the folder that a container was started from; None where it is, or may be, this one.

    A folder that no longer exists, or exists only on the engine's machine, may be this one under
    an earlier name.
    """
    start = Path(labels.get(WORKING_DIR) or "")
    files = [start / name for name in labels.get(CONFIG_FILES, "").split(",") if name]
    own = stack_files(folder)
    answers = [_is_same(file, path) for file in files for path in own]
    known = [answer for answer in answers if answer is not None]
    return str(start) if known and not any(known) else None


def _is_same(other: Path, own: Path) -> bool | None:
    """Tell whether two paths lead to one file; None where the first does not exist."""
    try:
        return other.samefile(own)
    except PermissionError:
        return False
    except OSError:
        return None
