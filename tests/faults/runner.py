"""Injects one fault after the other, asks verify, heals, and counts every span."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from faults import namespaces
from faults.counters import PACKETS, SPANS, Watcher
from faults.ledgers import p99
from faults.model import Fault, Outcome, Spans

from sidecar.rules.kinds import AGENT, COLLECTOR

SETTLE_SECONDS = 4.0
DRAIN_SECONDS = 60.0
"""How long a collector may take to send what waited."""
RECOVER_SECONDS = 60.0
HEALTHY = Fault("healthy", "nothing is wrong", (), lambda bed: None, lambda bed: None, "", wait=0)


@dataclass
class _Course:
    """What was seen so far of one fault."""

    fault: Fault
    report: dict = field(default_factory=lambda: {"hops": [], "error": "verify was not asked"})
    seconds: float = 0.0
    marked: int = 0
    """Marked spans that verify sent."""
    asked: float = 0.0
    healed: float = 0.0
    """Moments."""
    notes: list[str] = field(default_factory=list)


class Runner:
    """Runs faults on one deployment under traffic.

    After each, spans of the service must arrive again; where they do not, gateway and agents are
    restarted, and verify must prove the deployment.
    """

    def __init__(self, bed, watcher):
        self._bed, self._watcher = bed, watcher

    def warm_up(self):
        """Let the start be over: an agent gives up spans while its gateway is not there yet."""
        self._bed.prove()
        time.sleep(SETTLE_SECONDS)

    def run(self, fault):
        """Inject a fault, verify, heal, and return what was seen."""
        bed, course = self._bed, _Course(fault)
        bed.ledgers.mark()
        before, dropped = self._watcher.totals(), _dropped(bed.ledgers)
        self._break(course)
        self._heal(course)
        recovery = self._recovery(course)
        if fault is not HEALTHY and recovery is None:
            self._mend(course)
        spans = self._account(course, before, dropped)
        during = bed.ledgers.read(course.asked)
        ids, text = named(course.report, fault.service)
        return Outcome(
            name=fault.name,
            what=fault.what,
            right=fault.right,
            ids=ids,
            text=text,
            seconds=round(course.seconds, 1),
            spans=spans,
            p99_ms=p99(during.latencies),
            failed_requests=during.failed_requests,
            recovery=recovery,
            uncounted=fault.uncounted,
            notes="; ".join(course.notes),
            when=time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
            load=round(os.getloadavg()[0], 1),
        )

    def _break(self, course):
        try:
            course.fault.inject(self._bed)
            time.sleep(course.fault.wait)
            began = time.monotonic()
            _, course.report = self._bed.prove(*course.fault.options)
            course.seconds = time.monotonic() - began
            course.marked += _marked(course.report)
        except Exception as error:  # noqa: BLE001 - the deployment must be healed all the same
            course.notes.append(f"not injected: {error}")
        course.asked = time.time()

    def _heal(self, course):
        try:
            course.fault.heal(self._bed)
        except Exception as error:  # noqa: BLE001 - the next fault must find a healthy deployment
            course.notes.append(f"not healed: {error}")
            self._bed.mend_by_force()
        course.healed = time.time()

    def _recovery(self, course):
        """Return the seconds from healing until a span that was sent afterwards arrived."""
        if course.fault is HEALTHY:
            return None
        deadline = time.monotonic() + RECOVER_SECONDS
        while time.monotonic() < deadline:
            arrived = self._arrived(course.fault.service, course.healed)
            if arrived:
                return round(max(0.0, min(arrived) - course.healed), 1)
            time.sleep(0.5)
        return None

    def _arrived(self, service, since):
        written = self._bed.ledgers.read()
        return [
            written.arrived[identity]
            for identity, (moment, owner) in written.sent.items()
            if moment > since and owner == service and identity in written.arrived
        ]

    def _mend(self, course):
        course.notes.append(f"no span arrived for {RECOVER_SECONDS:g} s: agents were restarted")
        self._bed.mend_by_force()
        code, report = self._bed.prove()
        course.marked += _marked(report)
        if code:
            ids, text = named(report, "")
            course.notes.append(f"not proven then: {', '.join(ids)}: {text}")

    def _account(self, course, before, dropped):
        waits = getattr(self._bed, "kind", AGENT) is COLLECTOR
        patience = DRAIN_SECONDS if waits else SETTLE_SECONDS
        until, deadline = time.time(), time.monotonic() + patience
        while True:
            written = self._bed.ledgers.read()
            sent = {name for name, (moment, _) in written.sent.items() if moment < until}
            lost = len(sent - written.arrived.keys())
            others = len(written.arrived.keys() - written.sent.keys())
            if (not lost and others >= course.marked) or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        counted = self._watcher.totals() - before
        # those that the gateway dropped were counted by it alone
        by_gateway = len(written.dropped - written.arrived.keys())
        by_client = _dropped(self._bed.ledgers) - dropped
        return Spans(
            sent=len(sent) + course.marked,
            lost=lost + max(0, course.marked - others),
            counted=by_gateway + by_client + sum(counted[name] for name in SPANS),
            packets=sum(counted[name] for name in PACKETS),
            known=namespaces.allowed(),
        )


def watching(bed):
    """Return the watcher of a deployment's agents."""
    return Watcher(bed.agents, getattr(bed, "kind", AGENT))


def _dropped(ledgers):
    return sum(sum(each["dropped"].values()) for each in ledgers.stats().values())


def _marked(report):
    sent = [hop for hop in report["hops"] if hop["hop"] == "client sent" and hop["figure"]]
    return sum(hop["figure"] for hop in sent)


def named(report, service):
    """Return the ids of the failing hops of a service, or of any, and what was said first."""
    if "error" in report:
        return ("error",), report["error"]
    failing = [hop for hop in report["hops"] if hop["ok"] is False]
    own = [hop for hop in failing if hop["service"].startswith(service)]
    if not failing:
        return _warned(report, service)
    chosen = own or failing
    first = chosen[0]
    ids = tuple(dict.fromkeys(hop["id"] for hop in chosen))
    return ids, f"{first['service']}, {first['hop']}: {first['cause']}"


def _warned(report, service):
    """Return what a proof warns of; what was lost earlier is of the faults before."""
    warnings = [
        each
        for each in report.get("warnings", ())
        if each["subject"].startswith(service) and each["id"] != "spans-lost-earlier"
    ]
    ids = tuple(dict.fromkeys(each["id"] for each in warnings))
    return ids, "; ".join(f"{each['subject']}: {each['cause']}" for each in warnings)
