"""What a forwarder counts, in Prometheus' text, and its log: never a token, never a span."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sidecar.rules.forwarders import Refusal

LOGGER = logging.getLogger("sidecar.forwarder")
_QUIET_SECONDS = 30.0
"""Between two lines of one kind."""


@dataclass
class Counters:
    """The totals since the start."""

    forwarded: int = 0
    """Calls that the gateway accepted."""
    sent_bytes: int = 0
    """Of these calls, before compression."""
    under_way: int = 0
    busy: int = 0
    """Calls that came while as many were under way as may be."""
    abandoned: int = 0
    """Calls that the collector gave up while the gateway had not answered."""
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(code, rule) → calls that the collector repeats."""
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(code, rule) → calls that the collector drops."""
    last_success: float = 0.0
    last_refusal: float = 0.0
    """Unix time; 0: none yet."""
    holding: Refusal | None = None
    """Why the last call was held; None once a call was accepted."""
    _logged: dict[str, float] = field(default_factory=dict)

    def accepted(self, size: int) -> None:
        """Count a call that the gateway accepted."""
        self.forwarded += 1
        self.sent_bytes += size
        self.last_success = time.time()
        if self.holding and self._may_log("accepted"):
            LOGGER.warning("the gateway accepts spans again, after: %s", self.holding.problem.cause)
        self.holding = None

    def refused(self, refusal: Refusal) -> None:
        """Count a call that was not accepted, and log the first of its kind."""
        kind = refusal.code, refusal.problem.rule.id
        (self.held if refusal.held else self.dropped)[kind] += 1
        self.last_refusal = time.time()
        if refusal.held:
            self.holding = refusal
        if self._may_log(kind[1]):
            fate = "collectors keep their spans" if refusal.held else "a collector drops them"
            problem = refusal.problem
            LOGGER.warning("%s; %s. %s [%s]", problem.cause, fate, problem.fix, kind[1])

    def _may_log(self, kind: str) -> bool:
        now = time.monotonic()
        if now - self._logged.get(kind, float("-inf")) < _QUIET_SECONDS:
            return False
        self._logged[kind] = now
        return True

    def state(self) -> dict[str, Any]:
        """Return JSON-ready data: what verify asks for."""
        now = self.holding
        return {
            "forwarded": self.forwarded,
            "held": self.held.total(),
            "dropped": self.dropped.total(),
            "holding": {"code": now.code, "rule": now.problem.rule.id} if now else None,
        }

    def text(self) -> str:
        """Return all totals as Prometheus reads them."""
        lines = [
            *_metric("forwarded_calls_total", "counter", {"": self.forwarded}),
            *_metric("forwarded_bytes_total", "counter", {"": self.sent_bytes}),
            *_metric("held_calls_total", "counter", _labelled(self.held)),
            *_metric("dropped_calls_total", "counter", _labelled(self.dropped)),
            *_metric("busy_calls_total", "counter", {"": self.busy}),
            *_metric("abandoned_calls_total", "counter", {"": self.abandoned}),
            *_metric("calls_under_way", "gauge", {"": self.under_way}),
            *_metric("last_success_timestamp_seconds", "gauge", {"": self.last_success}),
            *_metric("last_refusal_timestamp_seconds", "gauge", {"": self.last_refusal}),
            *_metric("holding", "gauge", {"": int(self.holding is not None)}),
        ]
        return "\n".join(lines) + "\n"


def _labelled(counts: Counter[tuple[str, str]]) -> dict[str, float]:
    return {f'{{code="{code}",rule="{rule}"}}': counts[code, rule] for code, rule in counts}


def _metric(name: str, kind: str, values: dict[str, float]) -> list[str]:
    full = f"sidecar_forwarder_{name}"
    return [f"# TYPE {full} {kind}", *(f"{full}{labels} {values[labels]}" for labels in values)]
