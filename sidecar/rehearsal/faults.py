"""The faults of a rehearsal, as data: what each does, and how it is healed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.rehearsal.stage import DELAY, KILL, LEAVE, PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.rehearsal.scene import Scene

SPANS = 200


@dataclass(frozen=True)
class Fault:
    """One fault."""

    name: str
    what: str
    """What happens, as a sentence without its subject."""
    inject: Callable[[Scene], None]
    heal: Callable[[Scene], None] = lambda scene: None  # noqa: ARG005
    """Ends the fault; may be called although it was not, or only half, injected. The stand-in's
    faults are ended by the rehearsal itself."""
    needs: str = ""
    """What the target must be able to do; empty: nothing special."""
    spans: int = SPANS
    """Per service, meanwhile."""
    seconds: float = 2.0
    """How long to wait for them before a hop is judged."""


def _stand_in(name: str, what: str, **faults: object) -> Fault:
    def inject(scene: Scene) -> None:
        scene.stage.set_faults(faults)

    needs = DELAY if "latency_ms" in faults else ""
    return Fault(name, what, inject, needs=needs)


def _leave(scene: Scene) -> None:
    # with its port closed no connection is left that would only time out
    scene.stage.set_faults({"away": True})
    scene.stage.leave()


def _kill(scene: Scene) -> None:
    """Kill agents that hold spans, and start to send more while they are away."""
    stage = scene.stage
    stage.set_faults({"black_hole": True})
    scene.send(SPANS)
    scene.agents_end()
    stage.kill_agents()
    stage.set_faults({})
    scene.start_sending(SPANS)


def _start_again(scene: Scene) -> None:
    """Start the agents once the clients have ended that were to find none.

    An engine names an agent before the agent is on its network. Nothing refuses what a client sends
    in between: one that begins and ends there loses its spans, and counts them as sent.
    """
    try:
        scene.await_senders()
    finally:
        scene.stage.start_agents()


def _pause(scene: Scene) -> None:
    scene.stage.pause_agents()
    scene.send(SPANS)


FAULTS = (
    _stand_in("gateway-slow", "the gateway answers each call after 1 s", latency_ms=1000),
    _stand_in("gateway-refusing", "the gateway's port refuses connections", away=True),
    Fault(
        "gateway-away",
        "the gateway is taken off the network",
        _leave,
        lambda scene: scene.stage.rejoin(),
        LEAVE,
    ),
    _stand_in("gateway-silent", "the gateway answers nothing, until it is reset", black_hole=True),
    _stand_in(
        "gateway-failing",
        "the gateway answers 70% of the calls with Unavailable",
        fail_with="UNAVAILABLE",
        share=0.7,
    ),
    _stand_in("quota", "the gateway's quota is used up", fail_with="RESOURCE_EXHAUSTED"),
    _stand_in("wrong-token", "the gateway refuses the token", bad_token="refuse"),  # noqa: S106
    Fault(
        "agent-killed",
        "the agents are killed with spans that they hold, and start again",
        _kill,
        _start_again,
        KILL,
    ),
    Fault(
        "agent-paused",
        "the agents are paused",
        _pause,
        lambda scene: scene.stage.resume_agents(),
        PAUSE,
    ),
    Fault(
        "client-burst",
        "each service sends 25,000 spans at once",
        lambda scene: None,  # noqa: ARG005
        spans=25_000,
        seconds=10.0,
    ),
)
"""In the order in which they are rehearsed."""
