"""Shows that collectors keep spans: of requests made while the stand-in is stopped."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from sidecar.errors import SidecarError
from sidecar.verify import trace
from sidecar.verify.network.reader import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REQUESTS = 20
_SECONDS = 90.0
"""gRPC's own pauses between two attempts to connect grow with the outage."""


class StandIn(Protocol):
    """The stand-in of a demo."""

    def stop(self) -> None:
        """Stop it."""
        ...

    def start(self) -> None:
        """Start it again at the same place, without what it had kept."""
        ...


def show(stand_in: StandIn, url: str, page: str, say: Callable[[str], None]) -> tuple[bool, str]:
    """Return whether all spans of an outage arrived, and one line that says so."""
    say(f"stopping the stand-in, and sending {REQUESTS} requests")
    stand_in.stop()
    sent = [trace.request(url) for _ in range(REQUESTS)]
    say("starting the stand-in: the collectors repeat their calls within seconds")
    stand_in.start()
    spans = wait_for(lambda: _arrived(page, sent), lambda found: all(_whole(found)), _SECONDS)
    whole = sum(_whole(spans))
    text = (
        f"{REQUESTS} requests while the stand-in was stopped: {whole} of {REQUESTS} traces"
        f" ({sum(spans)} spans) arrived after its start"
    )
    return whole == REQUESTS, text


def _whole(spans: Sequence[int]) -> list[bool]:
    return [count >= trace.SPANS for count in spans]


def _arrived(page: str, trace_ids: Sequence[str]) -> list[int]:
    """Return how many spans of each trace have arrived; none while the page does not answer."""
    with suppress(SidecarError, OSError):
        return [len(trace.fetch(page, trace_id)) for trace_id in trace_ids]
    return [0] * len(trace_ids)
