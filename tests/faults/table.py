"""docs/faults.md: what every fault showed, written by the run and never by hand."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict
from pathlib import Path

from faults.catalogue import FAULTS
from faults.model import MOST_SECONDS, Outcome, Spans

TITLES = {
    "compose": "Under Compose",
    "collector": "Under Compose, with collectors",
    "kubernetes": "In Kubernetes",
}
HEAD = """# What does verify report for each fault?

`make faults` wrote this page; do not edit it. Each row is a fault that was injected into a
running deployment, alone, and undone before the next one.

The deployment has two services, rendered by the kit: `orders`, and `stock` with two replicas. Each
request makes ten spans, and the service writes down the id of each. The gateway, which is the
stand-in, writes down the id of each span that arrives. A fault hits `orders` or its agent unless
the row says otherwise. With collectors (`agent.kind: collector`), spans that could not be sent
wait on disk; the collectors are given 60 s to send them before what is missing counts as lost.

| column | what it says |
|---|---|
| id | the first failing hop of `sidecar verify`, or its warning ([checks.md](checks.md#hops)) |
| seconds | how long that verify took; the most allowed is {most:g} |
| sent, lost | spans from the fault until spans arrived again, those of verify included |
| unaccounted | lost spans that no counter counts, or why that cannot be known |
| p99 | of the service's requests during the fault; healthy: see above the table |
| back | seconds from healing until the next span arrived |

**✗** marks what is not as it should be: another id than the right one, which follows; a verdict
that took longer, with the load of the machine then; or lost spans that are not accounted for.
"""


def save(path, target, outcomes, healthy, rate):
    """Keep what a run of one target showed, as JSON; of other faults, what earlier runs showed."""
    kept = json.loads(path.read_text()) if path.exists() else {"faults": [], "healthy": []}
    faults = {each["name"]: each for each in kept["faults"]}
    faults |= {outcome.name: asdict(outcome) for outcome in outcomes}
    data = {
        "target": target,
        "machine": machine(),
        "rate": rate,
        "healthy": [asdict(outcome) for outcome in healthy] or kept["healthy"],
        "faults": [faults[name] for name in FAULTS[target] if name in faults],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1))


def machine():
    """Return the machine on one line."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "?")
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} cores, {model}, {system}"


def page(runs, before=""):
    """Return the page of the runs; the section of another target stays as it was before."""
    found = {run["target"]: _section(run) for run in runs}
    parts = [HEAD.format(most=MOST_SECONDS)]
    parts += [found.get(target) or _kept(before, title) for target, title in TITLES.items()]
    return "\n".join(filter(None, parts))


def _kept(page, title):
    """Return a section of a page; empty where it has none."""
    section = page.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return f"## {title}\n{section}".rstrip("\n") + "\n" if section else ""


def _section(run):
    faults = [_outcome(data) for data in run["faults"]]
    healthy = [_outcome(data) for data in run["healthy"]]
    rows = [_row(outcome) for outcome in faults]
    every = [*healthy, *faults]
    machine_line = (
        f"{_period(every)} UTC; {run['machine']}, load {_load(every)}; about {run['rate']:g}"
        " spans/s. A load above the number of cores means that programs wait for a core."
    )
    return "\n".join(
        [
            f"## {TITLES[run['target']]}",
            "",
            machine_line,
            "",
            *_healthy(healthy),
            _summary(faults),
            "",
            "| fault | what is done | id | seconds | sent | lost | unaccounted | p99 | back |",
            "|---|---|---|---:|---:|---:|---|---:|---:|",
            *rows,
            "",
        ]
    )


def _summary(outcomes):
    right = [outcome for outcome in outcomes if outcome.right_id]
    late = sum(not outcome.named for outcome in right)
    open_ends = sum(not outcome.accounted for outcome in outcomes)
    return (
        f"**{len(right)} of {len(outcomes)} faults** have the right id; {late} of these took"
        f" longer than {MOST_SECONDS:g} s. In {open_ends} rows, a lost span is not accounted for."
    )


def _period(outcomes):
    moments = sorted(outcome.when for outcome in outcomes)
    return moments[0] if moments[0] == moments[-1] else f"{moments[0]} to {moments[-1]}"


def _load(outcomes):
    loads = sorted(outcome.load for outcome in outcomes) or [0.0]
    return f"{loads[0]:g} to {loads[-1]:g}"


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
    if outcome.right_id:
        return f"**✗** {said}, late (load {outcome.load:g})"
    wanted = " or ".join(f"`{name}`" for name in outcome.right) or "none"
    return f"**✗** {said}; right: {wanted}"


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
