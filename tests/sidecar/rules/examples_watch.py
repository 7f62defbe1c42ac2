"""Agents that are in trouble and agents that are not, for each rule about standing counters."""

from __future__ import annotations

from rule_examples import Call, Example, example, ids

from sidecar.rules import watch
from sidecar.rules.watch import Standing

HEALTHY = Standing(
    "shop-web-agent-1",
    "running",
    runs=True,
    readable=True,
    restarts=0,
    oom_killed=False,
    lost=0,
    stale="",
)


def standing(**changes):
    """Return the example of an agent's state."""
    return example(watch.standing, Call(HEALTHY._replace(**changes)), Call(HEALTHY))


EXAMPLES = {
    "agent-stopped": standing(state="exited", runs=False),
    "agent-unreadable": standing(readable=False, cause="timed out"),
    "agent-killed-for-memory": standing(oom_killed=True),
    "agent-restarts": standing(restarts=3),
    "agent-token-stale": standing(stale="the Secret was changed after it started"),
    "spans-lost-earlier": standing(lost=4700),
    "agents-doubled": example(watch.doubled, Call(["a", "b"]), Call(["a"])),
    "loss-budget-exceeded": example(
        watch.budget,
        Call("spans", 11, 9989, 0.001),
        Call("spans", 10, 9990, 0.001),
    ),
    "agent-submits-nothing": example(watch.silent, Call(40, 2), Call(40, 1)),
    "agent-queue-stuck": example(watch.queue, Call([10, 40, 90]), Call([10, 40, 9])),
    "bundle-holds-token": Example(lambda: ids(watch.bundle("logs/web-agent.log")), set),
    "deployment-removed": Example(lambda: ids(watch.removed("release demo")), set),
}
