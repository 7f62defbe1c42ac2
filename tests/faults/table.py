"""docs/faults.md: what every fault showed, written by the run and never by hand."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from dataclasses import asdict
from pathlib import Path

from faults.model import MOST_SECONDS, Outcome, Spans

TITLES = {"compose": "Under Compose", "kubernetes": "In Kubernetes"}
HEAD = """# What does verify say of a fault?

`make faults` wrote this page; do not edit it. Each row is a fault that was really injected into a
running deployment, alone, and healed before the next one.

The deployment has two services, rendered by the kit: `orders`, and `stock` with two replicas. Each
request makes ten spans, and the service writes down the id of each. The gateway, which is the
stand-in, writes down the id of each span that arrives. A fault hits `orders` or its agent unless
the row says otherwise.

| column | what it says |
|---|---|
| id | what `sidecar verify` names for the first hop that fails ([checks.md](checks.md#hops)) |
| seconds | how long that verify took; the most allowed is {most:g} |
| sent, lost | spans from the fault until it was proven again, marked ones included |
| unaccounted | lost spans that no counter counts, or why that cannot be known |
| p99 | of the service's requests during the fault; healthy: see above the table |
| back | seconds from healing until the next span arrived |

**✗** marks a defect of the kit: another id than the right one, which follows, a late verdict, or
lost spans that are not accounted for.
"""


def save(path, target, outcomes, healthy, rate):
    """Keep what a run of one target showed, as JSON."""
    data = {
        "target": target,
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": machine(),
        "rate": rate,
        "healthy": [asdict(outcome) for outcome in healthy],
        "faults": [asdict(outcome) for outcome in outcomes],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1))


def machine():
    """Return the machine on one line."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "?")
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} cores, {model}, {system}, load {os.getloadavg()[0]:.1f}"


def page(runs):
    """Return the page of the runs of all targets."""
    parts = [HEAD.format(most=MOST_SECONDS)]
    parts += [_section(run) for run in runs]
    return "\n".join(parts)


def _section(run):
    faults = [_outcome(data) for data in run["faults"]]
    healthy = [_outcome(data) for data in run["healthy"]]
    wrong = [outcome for outcome in faults if not (outcome.named and outcome.accounted)]
    rows = [_row(outcome) for outcome in faults]
    summary = (
        f"**{len(faults) - len(wrong)} of {len(faults)} faults** were named with their cause within"
        f" {MOST_SECONDS:g} s, and their losses accounted for."
    )
    return "\n".join(
        [
            f"## {TITLES[run['target']]}",
            "",
            f"{run['when']}; {run['machine']}; about {run['rate']:g} spans/s.",
            "",
            *_healthy(healthy),
            summary,
            "",
            "| fault | what is done | id | seconds | sent | lost | unaccounted | p99 | back |",
            "|---|---|---|---:|---:|---:|---|---:|---:|",
            *rows,
            "",
        ]
    )


def _healthy(outcomes):
    if not outcomes:
        return []
    alarms = [outcome for outcome in outcomes if outcome.ids]
    lost = sum(outcome.spans.lost for outcome in outcomes)
    p99 = statistics.median(outcome.p99_ms for outcome in outcomes if outcome.p99_ms)
    seconds = statistics.median(outcome.seconds for outcome in outcomes)
    said = "".join(f" {outcome.name}: {', '.join(outcome.ids)}." for outcome in alarms)
    summary = (
        f"Healthy, under the same load: **{len(alarms)} false alarms in {len(outcomes)} runs** of"
        f" verify, {lost} spans lost; a verify took {seconds:g} s, and the p99 of the requests was"
        f" {p99:.0f} ms (medians).{said}"
    )
    return [summary, ""]


def _outcome(data):
    return Outcome(
        **{**data, "spans": Spans(**data["spans"]), "ids": tuple(data["ids"])},
    )


def _row(outcome):
    p99 = "-" if outcome.p99_ms is None else f"{outcome.p99_ms:.0f} ms"
    back = "-" if outcome.recovery is None else f"{outcome.recovery:g} s"
    cells = (
        outcome.name,
        outcome.what,
        _named(outcome),
        f"{outcome.seconds:.1f}",
        f"{outcome.spans.sent:,}",
        f"{outcome.spans.lost:,}",
        _unaccounted(outcome),
        p99,
        back,
    )
    return f"| {' | '.join(cells)} |"


def _named(outcome):
    said = f"`{outcome.ids[0]}`" if outcome.ids else "none: proven"
    if outcome.named:
        return said
    wanted = " or ".join(f"`{name}`" for name in outcome.right) or "none"
    right = outcome.ids[:1] and outcome.ids[0] in outcome.right
    return f"**✗** {said}, late" if right else f"**✗** {said}; right: {wanted}"


def _unaccounted(outcome):
    spans = outcome.spans
    if not spans.known:
        return "not known: counters are read as root"
    if spans.packets and spans.lost:
        return f"0; {spans.packets:,} packets are counted as lost"
    if not spans.unaccounted:
        return "0"
    if outcome.uncounted:
        return f"{spans.unaccounted:,}: {outcome.uncounted}"
    return f"**✗** {spans.unaccounted:,}"
