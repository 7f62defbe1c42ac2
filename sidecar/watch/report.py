"""What a watch prints: one line per change, as text or JSON, and its verdict."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sidecar.console import colour, findings_data, findings_text
from sidecar.verify.times import iso
from sidecar.watch.agents import MISSING
from sidecar.watch.ledger import Change
from sidecar.watch.run import Note, Verdict

if TYPE_CHECKING:
    from sidecar.verify.counts import AgentCounts


def as_line(entry: Change | Note | Verdict) -> str:
    """Return a change, a note or the verdict as one line of JSON."""
    if isinstance(entry, Note):
        data: dict[str, Any] = {"event": "note", "text": entry.text}
    else:
        data = _change_data(entry) if isinstance(entry, Change) else _verdict_data(entry)
    return json.dumps({"time": iso(time.time()), **data})


def _change_data(change: Change) -> dict[str, Any]:
    event = "state" if change.text else "counted"
    where = {"event": event, "service": change.service, "agent": change.agent}
    return {**where, "text": change.text, **_figures(change.counted), "queue": change.counted.queue}


def _verdict_data(verdict: Verdict) -> dict[str, Any]:
    found = findings_data([verdict.finding] if verdict.finding else [])
    return {
        "event": "verdict",
        "ok": verdict.ok,
        "seconds": round(verdict.seconds, 1),
        "hop": verdict.finding.place if verdict.finding else None,
        "findings": found,
        "totals": {service: _figures(counts) for service, counts in verdict.totals.items()},
    }


def _figures(counts: AgentCounts) -> dict[str, Any]:
    return {
        "packets_processed": counts.packets_processed,
        "packets_lost": counts.lost_packets,
        "unit": counts.unit,
        "spans_submitted": counts.spans_submitted,
        "spans_failed": counts.spans_failed,
    }


def as_text(entry: Change | Note | Verdict) -> str:
    """Return a change or a note as one line, or the verdict as a few."""
    moment = time.strftime("%H:%M:%S")
    if isinstance(entry, Note):
        return f"{moment}  {entry.text}"
    if isinstance(entry, Change):
        name = entry.service if entry.agent in ("", MISSING) else entry.agent
        what = " ".join(part for part in (name, entry.text) if part)
        counted = _counted(entry.counted)
        return f"{moment}  " + ": ".join(part for part in (what, counted) if part)
    if entry.finding:
        return findings_text([entry.finding])
    lost = any(counts.spans_failed or counts.lost_packets for counts in entry.totals.values())
    text = "within the budget" if lost else "nothing was lost"
    return colour(f"{text} in {entry.seconds:.0f} s: {_totals(entry)}", "ok")


def _counted(counts: AgentCounts) -> str:
    """Return what an agent counted; empty where it counted nothing."""
    unit, word = counts.unit, counts.kind.word
    figures = (
        (counts.spans_submitted, "spans sent" if counts.kind.queued else "spans submitted"),
        (counts.spans_failed, "failed"),
        (counts.refused, f"{unit} dropped by the {word}"),
        (counts.not_queued, "spans not queued"),
        (counts.kernel_drops, "packets dropped by the kernel"),
        (counts.read_errors, "packets unreadable"),
        (counts.undecoded, "packets not decoded"),
    )
    parts = [f"{figure:,} {text}" for figure, text in figures if figure]
    if not parts and counts.packets_processed:
        parts = [f"{counts.packets_processed:,} {unit} processed, no span submitted"]
    if counts.queue:
        parts.append(f"{counts.queue:,} {unit} in its queue")
    return ", ".join(parts)


def _totals(verdict: Verdict) -> str:
    shown = [
        f"{service} {counts.spans_submitted:,} spans" for service, counts in verdict.totals.items()
    ]
    return ", ".join(shown) or "no agent"
