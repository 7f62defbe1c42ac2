"""What is known of a deployment's agents at one moment, whatever the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.findings import Problem
    from sidecar.verify.counts import AgentCounts
    from sidecar.watch.evidence import Evidence

RUNNING = "running"
MISSING = "-"
"""The name of an agent that is not there."""


@dataclass(frozen=True)
class Token:
    """What may be shown of the token that an agent uses."""

    fingerprint: str
    stale: str = ""
    """Why the agent may use another token than the deployment names; empty where it does not."""


@dataclass(frozen=True)
class AgentState:
    """One agent, or one that should be there."""

    service: str
    name: str
    """The container or pod: with several replicas, one service has several."""
    state: str
    """running, or why it does not run."""
    identity: str = ""
    """Another one for a container that replaced this one."""
    restarts: int = 0
    oom_killed: bool = False
    started: float = 0.0
    """Unix seconds; 0 where it is not known."""
    counts: AgentCounts | None = None
    """None where it cannot be read."""
    kernel_known: bool = True
    """False where the drops of the kernel cannot be read."""
    cause: str = ""
    """Why it cannot be read."""
    problem: Problem | None = None
    """What keeps it, or its service, from running; None where the state alone is known."""
    token: Token | None = None
    """None where it cannot be read."""
    last_span: float | None = None
    """When the service's last span ended, in Unix seconds; None where the gateway does not say."""

    per_replica: bool = False
    """True where each replica of the service has an agent: several are no mistake."""

    @property
    def subject(self) -> str:
        """What to call it: the service, where there is no agent to name."""
        return self.service if self.name == MISSING else self.name

    @property
    def runs(self) -> bool:
        """Tell whether the agent runs."""
        return self.state == RUNNING


def unseen(agents: Sequence[AgentState]) -> str:
    """Return what a watch of these agents does not see, as one sentence; empty where nothing."""
    names = dict.fromkeys(agent.service for agent in agents if not agent.kernel_known)
    if not names:
        return ""
    return (
        f"packets that the kernel drops at the agents' ports of {', '.join(names)} cannot be seen"
        " from here, and are in no budget: `sidecar verify` counts them"
    )


class Watched(Protocol):
    """A running deployment, as status and watch need it: one implementation per target."""

    name: str
    """What to call it, such as "Compose project shop"."""

    def read(self) -> Sequence[AgentState]:
        """Return its agents with their counts; none where it was removed.

        Raises SidecarError where the engine or the cluster does not answer.
        """
        ...

    def read_all(self) -> Sequence[AgentState]:
        """Return its agents with all that is known of them.

        Raises SidecarError where nothing of it is there.
        """
        ...

    def collect(self, evidence: Evidence) -> None:
        """Add what a bundle holds of it: what runs, its files, its logs, and its tokens."""
        ...
