"""What a rehearsal does to a running deployment: one implementation per target."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sidecar.errors import UsageError
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.verify.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sidecar.verify.counts import AgentCounts, ClientCounts

KILL, PAUSE, LEAVE, DELAY = "kill", "pause", "leave", "delay"
"""What not every target can do: end an agent, stop it where it is, take the gateway off the
network, answer late."""


@dataclass(frozen=True)
class Sent:
    """Marked spans that one client sent."""

    service: str
    marker: str
    client: ClientCounts


class Stage(Deployment, Protocol):
    """A deployment whose gateway is the stand-in, and which can be disturbed.

    Every method raises SidecarError where the engine or a part of the deployment refuses.
    """

    sent: list[Sent]
    """All that was sent so far."""

    @property
    def lacks(self) -> Mapping[str, str]:
        """What this target cannot do → why."""
        ...

    def begin(self) -> None:
        """Begin another fault: what agents logged before is no cause of what fails from now on."""
        ...

    def agents(self) -> Sequence[str]:
        """Return a service of each agent."""
        ...

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:
        """Return the agent's counts once `settled` packets are settled, or after `seconds`."""
        ...

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans from the service's network, and record them in `sent`."""
        ...

    def faults(self) -> Mapping[str, Any]:
        """Return the stand-in's active faults."""
        ...

    def set_faults(self, *faults: Mapping[str, Any]) -> None:
        """Replace the stand-in's faults, by one set after the other."""
        ...

    def kill_agents(self) -> None:
        """End all agents at once."""
        ...

    def start_agents(self) -> None:
        """Start the agents that do not run."""
        ...

    def pause_agents(self) -> None:
        """Stop all agents where they are."""
        ...

    def resume_agents(self) -> None:
        """Let paused agents go on."""
        ...

    def leave(self) -> None:
        """Take the stand-in off the network of its agents."""
        ...

    def rejoin(self) -> None:
        """Put the stand-in back, if it left."""
        ...

    def close(self) -> None:
        """Remove what the rehearsal itself started."""
        ...


class ByCommand(ABC):
    """Changes the stand-in's faults by the kit's own command, where the stand-in runs."""

    @abstractmethod
    def stand_in(self, command: Sequence[str]) -> dict[str, Any]:
        """Run a command in the stand-in's network, and return the JSON that it prints."""

    def faults(self) -> Mapping[str, Any]:
        """Return the stand-in's active faults."""
        return self.stand_in([*_GATEWAY, "--show-faults"])

    def set_faults(self, *faults: Mapping[str, Any]) -> None:
        """Replace the stand-in's faults, by one set after the other."""
        self.stand_in([*_GATEWAY, *(f"--set-faults={json.dumps(each)}" for each in faults)])


_GATEWAY = ("sidecar", "gateway", f"--http=127.0.0.1:{STAND_IN_PAGE_PORT}")
OTHER_STAND_IN = "Run the gateway image of this kit's version: `sidecar images`"


def real_gateway(subject: str) -> UsageError:
    """Return the refusal of a deployment that reports to a region."""
    return UsageError(
        subject,
        "reports to a real gateway, which a rehearsal must not disturb",
        "Render with `--region local`, and rehearse that deployment",
    )
