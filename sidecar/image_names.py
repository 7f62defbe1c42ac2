"""Every image the kit names: official, mirrored or built here, and the variable in which Compose reads each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_VARIABLE = "SIDECAR_BASE_IMAGE"
AGENT_VARIABLE = "SIDECAR_AGENT_IMAGE"
SAMPLE_VARIABLE = "SIDECAR_SAMPLE_IMAGE"
GATEWAY_VARIABLE = "SIDECAR_GATEWAY_IMAGE"

OFFICIAL_BASE = "python:3.12-slim-bookworm"
AGENT_REPOSITORY = "jaegertracing/jaeger-agent"
AGENT_VERSION = "1.62.0"
"""The last version published before Jaeger removed the agent."""

KIT_NAMESPACE = "sidecar-kit"
BUILT_BASE = f"{KIT_NAMESPACE}/base:bookworm"

REMARK = "# before `up`: pulls the images, or builds them where no registry answers"
"""What a list of next commands says of `sidecar images`."""


@dataclass(frozen=True)
class Image:
    """One image of a deployment."""

    role: str
    """base, agent, sample or gateway."""
    variable: str
    """The variable that Compose reads its name from."""
    name: str
    """The name that is used where the variable is not set."""


@dataclass(frozen=True)
class ImageNames:
    """The four images of a deployment."""

    base: Image
    agent: Image
    sample: Image
    gateway: Image

    def __iter__(self) -> Iterator[Image]:
        return iter((self.base, self.agent, self.sample, self.gateway))


def official(agent_version: str = AGENT_VERSION, prefix: str = "") -> ImageNames:
    """Return the official names of base and agent, behind `prefix` if given, and the kit's own two."""
    return ImageNames(
        base=Image("base", BASE_VARIABLE, mirrored(OFFICIAL_BASE, prefix)),
        agent=Image(
            "agent", AGENT_VARIABLE, mirrored(f"{AGENT_REPOSITORY}:{agent_version}", prefix)
        ),
        sample=Image("sample", SAMPLE_VARIABLE, f"{KIT_NAMESPACE}/sample:{__version__}"),
        gateway=Image("gateway", GATEWAY_VARIABLE, f"{KIT_NAMESPACE}/gateway:{__version__}"),
    )


def built_agent(agent_version: str = AGENT_VERSION) -> str:
    """Return the name of an agent that was built from source."""
    return f"{KIT_NAMESPACE}/jaeger-agent:{agent_version}"


def mirrored(name: str, prefix: str = "") -> str:
    """Return `name` as a mirror of Docker Hub knows it; only the engine itself adds `library/` unasked."""
    if not prefix:
        return name
    path = name if "/" in name else f"library/{name}"
    return f"{prefix.rstrip('/')}/{path}"
