"""The collectors of a Compose project, whose forwarder reads the token at each call.

A new token needs no new container: nothing ends, and the queues stay as they are.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.rules import forwarders as rules
from sidecar.tokens.store import NoAgents
from sidecar.verify.compose.forwarders import held
from sidecar.verify.compose.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container
    from sidecar.tokens.store import Agents, Say
    from sidecar.verify.deployment import Deployment

PATIENCE_SECONDS = 15.0
"""For a gateway that is away for a moment; a refused token is final."""


@dataclass(frozen=True)
class ForwardedAgents:
    """A forwarder that runs, with the collectors behind it."""

    parts: Parts
    forwarder: Container
    idle: str = ""
    replaced: str = "read by"

    @property
    def names(self) -> Sequence[str]:
        """The forwarder alone: collectors have no token."""
        return (self.forwarder.service,)

    def replace(self, say: Say) -> None:
        """Ask the gateway through the forwarder. Raises SidecarError where it is refused."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while problem := held(self.parts, self.forwarder):
            if rules.is_of_token(problem) or time.monotonic() > deadline:
                raise SidecarError(
                    "token", f"is not proven: {problem.cause}", problem.fix, id=problem.rule.id
                )
            time.sleep(1)
        say(f"{self.forwarder.service}: proven, the gateway accepts calls with the token")

    def deployments(self) -> Iterable[tuple[str, Deployment]]:
        """Return nothing: marked spans would have to wait behind what the queues hold."""
        return ()

    def retire(self, say: Say) -> None:
        """End nothing."""

    def put_back(self, *, restored: bool) -> str:  # noqa: ARG002 - nothing was replaced
        """Undo nothing: the next call reads what the file holds then."""
        return "Collectors keep what the gateway refuses"


def of_forwarder(
    engine: Engine, config: Mapping[str, Any], containers: Sequence[Container], name: str
) -> Agents:
    """Return the agents behind a project's forwarder."""
    found = [each for each in containers if each.service == name and each.status == "running"]
    if not found:
        return NoAgents(f"{name} does not run")
    return ForwardedAgents(Parts(engine, config["x-sidecar"]["probe"], containers), found[0])
