"""Hops: a count at each step of a span's way, its verdict, and the cause where it fails."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.verify.causes import Cause

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts

CLIENT = "client sent"
RECEIVED = "agent received"
STAND_IN_RECEIVED = "stand-in received"
"""Where no agent runs and the stand-in takes its port."""
SUBMITTED = "agent submitted"
ACCEPTED = "gateway accepted"

_SILENT = Cause(
    "the gateway does not answer", "Check its state; a firewall may drop packets without a word"
)
_REFUSED = Cause(
    "the gateway refused them, or broke off",
    "See the agent's log: token, quota; sidecar token set sets the token",
)
_UNCONNECTED = Cause(
    "the agent has no connection to the gateway", "Check host, port and the network's way out"
)
_UNDECODED_FIX = "A packet was cut off or damaged on its sender's side: see its client and packet size (docs/losses.md)"


@dataclass(frozen=True)
class Hop:
    """One step of the way of one service's marked spans."""

    hop: str
    service: str
    ok: bool | None
    """None: cannot be counted from here."""
    figure: int | None
    """What arrived."""
    expected: int | None
    unit: str = "spans"
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was lost on this hop, by reason; empty on a clean one."""
    cause: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Report:
    """The whole proof."""

    marker: str
    hops: tuple[Hop, ...]
    trace_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True when every hop that can be counted is."""
        return bool(self.hops) and all(hop.ok is not False for hop in self.hops)

    @property
    def first_failure(self) -> Hop | None:
        """The first hop that fails: the ones behind it only inherit the loss."""
        return next((hop for hop in self.hops if hop.ok is False), None)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {
            "ok": self.ok,
            "marker": self.marker,
            "hops": [asdict(hop) for hop in self.hops],
            "trace_ids": list(self.trace_ids),
            "notes": list(self.notes),
        }


def client_hop(service: str, client: ClientCounts) -> Hop:
    """Judge what the client did with the spans that it started."""
    dropped = {reason: count for reason, count in client.dropped.items() if count}
    cause = f"the client dropped {sum(dropped.values())}: {_listed(dropped)}" if dropped else ""
    ok = client.started > 0 and client.sent == client.started
    if not ok and not cause:
        cause = f"{client.started - client.sent} spans are still with the client"
    fix = (
        ""
        if ok
        else "See the agent's address (JAEGER_AGENT_HOST) and the client's queue (docs/losses.md)"
    )
    return Hop(
        CLIENT, service, ok, client.sent, client.started, counts=dropped, cause=cause, fix=fix
    )


def received_hop(
    service: str, client: ClientCounts, agent: AgentCounts, hop: str = RECEIVED
) -> Hop:
    """Judge what reached the agent's queue; packets, since a packet is what is lost here."""
    lost = {
        "dropped by the agent": agent.packets_dropped,
        "dropped by the kernel": agent.kernel_drops,
        "unreadable": agent.read_errors,
        "not decoded": agent.undecoded,
    }
    lost = {reason: count for reason, count in lost.items() if count}
    arrived = agent.packets_processed
    ok = arrived >= client.packets and not lost
    cause = fix = ""
    if agent.kernel_drops:
        cause = (
            f"the kernel dropped {agent.kernel_drops} packets: the socket's receive buffer was full"
        )
        fix = "Raise net.core.rmem_max on the host, or pace the client"
    elif agent.packets_dropped:
        cause = f"the agent dropped {agent.packets_dropped} packets: its queue was full, the gateway too slow"
        fix = "Raise capacity in the spec, and render again"
    elif agent.read_errors:
        cause = f"{agent.read_errors} packets could not be read"
        fix = "A packet may hold 65000 bytes; see the client's batches"
    elif agent.undecoded:
        cause, fix = f"the agent could not decode {agent.undecoded} packets", _UNDECODED_FIX
    elif not ok:
        cause = f"{client.packets - arrived} packets never reached the agent"
        fix = "Is JAEGER_AGENT_HOST this agent, and its port 6831?"
    return Hop(hop, service, ok, arrived, client.packets, "packets", lost, cause, fix)


def submitted_hop(
    service: str, client: ClientCounts, agent: AgentCounts, cause: Cause | None
) -> Hop:
    """Judge what the agent handed to its gateway; `cause` is what the agent's log says of failures."""
    failed = {"failed": agent.spans_failed} if agent.spans_failed else {}
    ok = agent.spans_submitted >= client.sent and not failed
    why = Cause("", "") if ok else _fate(client, agent, cause)
    return Hop(
        SUBMITTED,
        service,
        ok,
        agent.spans_submitted,
        client.sent,
        counts=failed,
        cause=why.text,
        fix=why.fix,
    )


def _fate(client: ClientCounts, agent: AgentCounts, cause: Cause | None) -> Cause:
    if cause is None and agent.undecoded and not agent.spans_failed:
        missing = client.sent - agent.spans_submitted
        return Cause(
            f"{missing} spans were in packets that the agent could not decode", _UNDECODED_FIX
        )
    why = cause or _guess(agent)
    waiting = client.sent - agent.settled
    fate = (
        f"{agent.spans_failed} spans failed"
        if agent.spans_failed
        else f"{waiting} spans wait in the agent"
    )
    return Cause(f"{fate}: {why.text}", why.fix)


def _guess(agent: AgentCounts) -> Cause:
    """Return what the counts alone suggest, where the agent's log cannot be read or names no cause."""
    if not agent.connected:
        return _UNCONNECTED
    return _REFUSED if agent.spans_failed else _SILENT


def accepted_hop(service: str, client: ClientCounts, gateway: GatewayCounts | None) -> Hop:
    """Judge what the gateway kept of the marked spans; None: a gateway that does not show its counts."""
    if gateway is None:
        cause = "this gateway does not show its counts"
        return Hop(
            ACCEPTED,
            service,
            None,
            None,
            client.sent,
            cause=cause,
            fix="Look for the trace in the console",
        )
    lost = {"refused": gateway.refused, "dropped in silence": gateway.dropped}
    lost = {reason: count for reason, count in lost.items() if count}
    ok = gateway.distinct >= client.started and not lost
    cause = fix = ""
    if lost:
        cause, fix = (
            "the gateway did not accept the token",
            "Set the region's own token: sidecar token set",
        )
    elif not ok:
        cause = f"{client.started - gateway.distinct} spans did not arrive"
        fix = "See the hops before; a gateway may also drop in silence what has a wrong token"
    return Hop(
        ACCEPTED, service, ok, gateway.distinct, client.started, counts=lost, cause=cause, fix=fix
    )


def broken_hop(hop: str, service: str, cause: str, fix: str = "") -> Hop:
    """Return a hop that could not be tried."""
    return Hop(hop, service, False, None, None, cause=cause, fix=fix)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in counts.items())
