"""Connects to the engine that the `docker` command would use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import docker
from docker.context import ContextAPI
from docker.utils import kwargs_from_env

from sidecar.engine.containers import Containers
from sidecar.engine.errors import (
    EngineAbsentError,
    EngineError,
    EnginePermissionError,
    EngineTooOldError,
)
from sidecar.engine.images import ImageStore
from sidecar.engine.sdk import SDK_ERRORS
from sidecar.engine.short_lived import ShortLived

if TYPE_CHECKING:
    from collections.abc import Iterator

MINIMUM_API = (1, 41)
"""Engine 20.10."""
DEFAULT_ENDPOINT = "unix:///var/run/docker.sock"


@dataclass(frozen=True)
class Engine:
    """An engine that answered, with its images and containers."""

    endpoint: str
    version: str
    """The engine's release, e.g. "20.10.24"."""
    api_version: str
    images: ImageStore
    containers: Containers
    short_lived: ShortLived


def connect() -> Engine:
    """Return the engine at DOCKER_HOST, else at the current `docker` context.

    Raises EngineAbsentError, EnginePermissionError, EngineTooOldError or EngineError.
    """
    settings = _readable_settings()
    endpoint = str(settings.get("base_url") or DEFAULT_ENDPOINT)
    try:
        client = docker.DockerClient(**settings, version="auto")
        versions = client.version()
    except (*SDK_ERRORS, ValueError) as error:
        raise _refusal(endpoint, error) from error
    except AttributeError as error:  # a config.json that holds no map
        raise _unreadable(error) from error
    version, api_version = versions["Version"], versions["ApiVersion"]
    _require_api(endpoint, version, api_version)
    return Engine(
        endpoint=endpoint,
        version=version,
        api_version=api_version,
        images=ImageStore(client),
        containers=Containers(client),
        short_lived=ShortLived(client),
    )


def _readable_settings() -> dict[str, Any]:
    """Return the settings of the environment or docker's files. Raises EngineAbsentError."""
    host = os.environ.get("DOCKER_HOST", "")
    if host.startswith("ssh://"):
        raise EngineAbsentError(
            host,
            "the kit supports a socket or TCP, not SSH",
            "Forward its socket (ssh -L /tmp/docker.sock:/var/run/docker.sock HOST), "
            "and set DOCKER_HOST to that",
        )
    try:
        return _settings()
    except EngineError:
        raise
    except Exception as error:  # the SDK raises Exception itself for a broken file
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> EngineAbsentError:
    detail = (str(error) or type(error).__name__).splitlines()[0]
    cause = f"docker's settings cannot be read: {detail}"
    fix = "See `docker context ls`, ~/.docker and DOCKER_TLS_VERIFY"
    return EngineAbsentError("docker", cause, fix)


def _settings() -> dict[str, Any]:
    if os.environ.get("DOCKER_HOST"):
        return dict(kwargs_from_env())
    name = os.environ.get("DOCKER_CONTEXT")
    context = ContextAPI.get_context(name)
    if context is None:
        subject = f"docker context {name or '(current)'}"
        raise EngineAbsentError(subject, "it does not exist", "See `docker context ls`")
    tls = context.TLSConfig
    return {"base_url": context.Host, **({"tls": tls} if tls else {})}


def _refusal(endpoint: str, error: BaseException) -> EngineError:
    causes = list(_causes(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return EnginePermissionError(
            endpoint,
            "the engine refuses this user",
            "Run as root, or add the user to the group that owns the socket (usually `docker`) "
            "and log in again",
        )
    if any(isinstance(cause, (FileNotFoundError, ConnectionRefusedError)) for cause in causes):
        return EngineAbsentError(
            endpoint,
            "no container engine answers there",
            "Start Docker, or set DOCKER_HOST to the socket of an engine",
        )
    return EngineAbsentError(
        endpoint,
        f"no usable answer: {causes[-1]}",
        "Check `docker version`, DOCKER_HOST and `docker context ls`",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all that it wraps: requests and urllib3 keep the cause in `args`."""
    yield error
    inner = [*error.args, getattr(error, "reason", None), error.__cause__ or error.__context__]
    for cause in inner:
        if isinstance(cause, BaseException) and cause is not error:
            yield from _causes(cause)


def _require_api(endpoint: str, version: str, api_version: str) -> None:
    if tuple(int(part) for part in api_version.split(".")[:2]) < MINIMUM_API:
        needed = ".".join(str(part) for part in MINIMUM_API)
        cause = f"engine {version} has API {api_version}, the kit needs {needed}"
        raise EngineTooOldError(endpoint, cause, "Upgrade to Docker Engine 20.10 or later")
