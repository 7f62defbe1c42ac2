"""The kit's images: official, mirrored and built names, and the variables that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import __version__
from sidecar.rules.agents import DEFAULT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_VARIABLE = "SIDECAR_BASE_IMAGE"
AGENT_VARIABLE = "SIDECAR_AGENT_IMAGE"
COLLECTOR_VARIABLE = "SIDECAR_COLLECTOR_IMAGE"
SAMPLE_VARIABLE = "SIDECAR_SAMPLE_IMAGE"
GATEWAY_VARIABLE = "SIDECAR_GATEWAY_IMAGE"

OFFICIAL_BASE = "python:3.12-slim-bookworm"
AGENT_REPOSITORY = "jaegertracing/jaeger-agent"
COLLECTOR_REPOSITORY = "otel/opentelemetry-collector-k8s"
"""The smallest of the official collectors that has all parts of a rendered configuration."""

KIT_NAMESPACE = "sidecar-kit"
BUILT_BASE = f"{KIT_NAMESPACE}/base:bookworm"

IMAGES_COMMENT = "# before `up`: pulls the images, or builds them if no registry answers"
"""The comment on `sidecar images` in a list of next commands."""


@dataclass(frozen=True)
class Image:
    """One image of a deployment."""

    role: str
    """base, agent, sample or gateway."""
    variable: str
    """Compose's variable for its name."""
    name: str
    """The default of the variable."""


@dataclass(frozen=True)
class ImageNames:
    """The four images of a deployment."""

    base: Image
    agent: Image
    sample: Image
    gateway: Image

    def __iter__(self) -> Iterator[Image]:
        return iter((self.base, self.agent, self.sample, self.gateway))


def official(agent_version: str = DEFAULT_VERSION, prefix: str = "") -> ImageNames:
    """Return the official names of base and agent, behind a prefix, and the kit's own two."""
    agent = f"{AGENT_REPOSITORY}:{agent_version}"
    return ImageNames(
        base=Image("base", BASE_VARIABLE, mirrored(OFFICIAL_BASE, prefix)),
        agent=Image("agent", AGENT_VARIABLE, mirrored(agent, prefix)),
        sample=Image("sample", SAMPLE_VARIABLE, f"{KIT_NAMESPACE}/sample:{__version__}"),
        gateway=Image("gateway", GATEWAY_VARIABLE, f"{KIT_NAMESPACE}/gateway:{__version__}"),
    )


def built_agent(agent_version: str = DEFAULT_VERSION) -> str:
    """Return the name of an agent that was built from source."""
    return f"{KIT_NAMESPACE}/jaeger-agent:{agent_version}"


def collector(version: str, prefix: str = "") -> Image:
    """Return the official collector's name, behind a prefix."""
    name = mirrored(f"{COLLECTOR_REPOSITORY}:{version}", prefix)
    return Image("collector", COLLECTOR_VARIABLE, name)


def built_collector(version: str) -> str:
    """Return the name of a collector that was built from source."""
    return f"{KIT_NAMESPACE}/collector:{version}"


def mirrored(name: str, prefix: str = "") -> str:
    """Return the name of an image at a mirror of Docker Hub, where `library/` must be written."""
    if not prefix:
        return name
    path = name if "/" in name else f"library/{name}"
    return f"{prefix.rstrip('/')}/{path}"
