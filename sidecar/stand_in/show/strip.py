"""The strip of hops: what arrived at services, agents and gateway, and what was lost where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.stand_in.show.agents import AgentCounters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.stand_in.show.agents import AgentView

UNSEEN = "Losses inside a client are counted there: sidecar verify reads them."
_UNREAD = "The counters of {} of {} cannot be read from here: sidecar verify reads them."
REASONS = {"wrong": "wrong token", "missing": "no token", "malformed": "malformed"}


@dataclass(frozen=True)
class Count:
    """A number with its name."""

    name: str
    value: int
    lost: bool = False
    """Whether more than 0 is a loss."""
    always: bool = True
    """Whether 0 is shown, too."""


@dataclass(frozen=True)
class Hop:
    """One hop: its main number, what else it counts, and what cannot be seen from here."""

    name: str
    counts: tuple[Count, ...]
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[Count, ...]:
        """The counts without those of 0 that say nothing."""
        return tuple(count for count in self.counts if count.always or count.value)

    @property
    def lost(self) -> int:
        """The sum of all losses: spans, batches and packets."""
        return sum(count.value for count in self.counts if count.lost)


def hops(
    reporters: Sequence[dict[str, Any]], agents: Sequence[AgentView], totals: dict[str, Any]
) -> tuple[Hop, ...]:
    """Return the hops in the order of a span's way."""
    middle = _datagrams(totals["udp"]) if totals["udp"] else _agents(agents)
    return _services(reporters), middle, _gateway(totals)


def _services(reporters: Sequence[dict[str, Any]]) -> Hop:
    reporting = [reporter for reporter in reporters if reporter["spans"]]
    counts = (
        Count("services report", len({reporter["service"] for reporter in reporting})),
        Count("replicas", len(reporting)),
        Count("spans of their own", sum(reporter["spans"] for reporter in reporting)),
    )
    return Hop("Services", counts, (UNSEEN,))


def _datagrams(udp: dict[str, Any]) -> Hop:
    counts = (
        Count("datagrams", udp["packets"]),
        Count("malformed datagrams", udp["malformed"], lost=True),
        Count("dropped by the kernel", udp["kernel_drops"] or 0, lost=True),
        Count("dropped, decoder behind", udp["overflow"], lost=True, always=False),
    )
    return Hop("Agent's port", counts, ("The stand-in itself takes datagrams: no agent runs.",))


def _agents(agents: Sequence[AgentView]) -> Hop:
    read = [agent.counters for agent in agents if agent.counters]
    counts = [Count("agents report", len(agents))]
    if read:
        whole = {field: sum(getattr(each, field) for each in read) for field in _FIELDS}
        unit = read[0].unit
        counts += [
            Count(f"{unit} received", whole["packets"]),
            Count(f"{unit} dropped", whole["dropped"], lost=True),
            Count("read errors", whole["read_errors"], lost=True, always=False),
            Count(f"{unit} waiting", whole["queued"], always=False),
            Count("spans submitted", whole["submitted"]),
            Count("spans failed", whole["failed"], lost=True),
        ]
    unread = len(agents) - len(read)
    return Hop("Agents", tuple(counts), (_UNREAD.format(unread, len(agents)),) if unread else ())


_FIELDS = tuple(name for name in AgentCounters.__dataclass_fields__ if name != "unit")


def _gateway(totals: dict[str, Any]) -> Hop:
    spans, batches = totals["spans"], totals["batches"]
    counts = (
        Count("spans accepted", spans["accepted"]),
        Count("refused: wrong token", spans["refused"]["wrong"], lost=True),
        Count("refused: no token", spans["refused"]["missing"], lost=True),
        Count("malformed batches", spans["refused"]["malformed"], lost=True),
        Count("dropped silently", spans["dropped"], lost=True, always=False),
        Count("batches failed by a fault", batches["failed"], lost=True, always=False),
        Count("batches never answered", batches["held"], lost=True, always=False),
        Count("calls reset by a fault", batches["reset"], lost=True, always=False),
        Count("batches with a token in a tag", totals["otlp"]["exposed"], lost=True, always=False),
        Count("evicted from the store", spans["evicted"], always=False),
    )
    return Hop("Gateway", counts)


def fault_words(faults: dict[str, Any]) -> list[str]:
    """Return the active faults in words; empty if there is none."""
    fails = faults["fail_with"] and faults["fail_calls"] != 0
    words = {
        "no call is answered": faults["black_hole"],
        "connections are reset": faults["reset"],
        "the gRPC port is closed": faults["away"],
        f"every token counts as wrong ({faults['bad_token']})": faults["bad_token"],
        f"calls fail with {faults['fail_with']}": fails,
        f"answers take {faults['latency_ms']} ms longer": faults["latency_ms"],
    }
    active = [text for text, on in words.items() if on]
    if active and faults["share"] < 1:
        active.append(f"for {faults['share']:.1%} of the calls")
    return active
