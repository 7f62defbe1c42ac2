"""What can be wrong with an engine or with Compose; each error names its cause and its fix."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Sequence


class EngineError(SidecarError):
    """The engine refused a request, or cannot be used."""


class EngineAbsentError(EngineError):
    """No engine answers at the endpoint."""


class EnginePermissionError(EngineError):
    """There is an engine, but this user may not use it."""


class EngineTooOldError(EngineError):
    """The engine's API is older than the kit needs."""


class ImageMissingError(EngineError):
    """Neither the engine nor the registry has an image."""


class RegistryError(EngineError):
    """The registry of an image did not answer, or refused."""


class BuildFailedError(EngineError):
    """A step of an image build failed."""


class RunTimeoutError(EngineError):
    """A short-lived container did not end in time; it was removed."""


class ComposeAbsentError(SidecarError):
    """No Compose v2 was found."""


class ComposeFailedError(SidecarError):
    """A Compose command ended with an error."""

    def __init__(self, argv: Sequence[str], code: int, stdout: str, stderr: str) -> None:
        self.code, self.stderr = code, stderr
        output = "\n".join(text.strip("\n") for text in (stdout, stderr) if text.strip())
        cause = f"exit code {code} from {' '.join(argv)}\n{indented(output)}"
        super().__init__("docker compose", cause)


def indented(text: str, lines: int = 40) -> str:
    """Return the last lines of a program's output, indented under the message that shows them."""
    last = text.splitlines()[-lines:]
    return textwrap.indent("\n".join(last) or "(no output)", "    ")


def masked(text: str) -> str:
    """Return a program's output without the user names and passwords in addresses of mirrors."""
    return re.sub(r"(\w://)[^/\s@]+@", r"\1", text)
