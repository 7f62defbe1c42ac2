"""`sidecar verify --status`: the table, the JSON, and what is found without a span sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sidecar.verify.counts import AgentCounts
from sidecar.watch.agents import AgentState, Token
from sidecar.watch.status import findings, status

COUNTS = AgentCounts(packets_processed=40, spans_submitted=2000, connected=1, queue=3)
AGENT = AgentState(
    "web",
    "shop-web-agent-1",
    "running",
    started=1000.0,
    counts=COUNTS,
    token=Token("7cd557a4"),
    last_span=1059.0,
)


class Deployment:
    """A deployment with prepared agents."""

    name = "Compose project shop"

    def __init__(self, *agents):
        self._agents = agents

    def read_all(self):
        """Return them."""
        return self._agents


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """It is 1060 s after the epoch."""
    monkeypatch.setattr("time.time", lambda: 1060.0)


def ids(*agents):
    """Return what is found of agents."""
    return [finding.id for finding in findings(agents)]


def test_an_agent_is_one_line():
    """Its age and the time since the last span in the largest unit."""
    text = status(Deployment(AGENT)).as_text(200)

    head = "SERVICE  AGENT             STATE    AGE  RESTARTS  QUEUE  SUBMITTED  FAILED  DROPPED  "
    row = "web      shop-web-agent-1  running  1 m  0         3      2,000      0       0        "
    assert [
        head + "KERNEL DROPS  LAST SPAN  TOKEN",
        row + "0             1 s        7cd557a4",
    ] == (text.splitlines())


def test_a_collectors_queue_is_a_finding_when_it_fills():
    """Spans that wait are not lost before it is full."""
    waiting = AgentCounts(queue=1900, capacity=3600, unit="spans")
    fills = replace(AGENT, counts=waiting)
    data = status(Deployment(fills)).as_dict()

    assert ["collector-queue-fills"] == ids(fills)
    assert [] == ids(replace(AGENT, counts=replace(waiting, queue=1800)))
    assert (True, "collector", 3600) == (
        data["ok"],
        data["agents"][0]["kind"],
        data["agents"][0]["capacity"],
    )


def test_what_is_not_known_is_no_zero():
    """An agent that does not run, and a kernel that cannot be read."""
    stopped = replace(AGENT, state="exited", counts=None, token=None, last_span=None)
    unread = replace(AGENT, name="shop-web-agent-2", kernel_known=False)
    data = status(Deployment(stopped, unread)).as_dict()["agents"]

    assert (None, None, None, None) == (
        data[0]["queue"],
        data[0]["spans_submitted"],
        data[0]["token"],
        data[0]["last_span"],
    )
    assert (2000, None) == (data[1]["spans_submitted"], data[1]["kernel_drops"])


def test_programs_get_seconds_and_moments():
    """And no text that they would have to parse."""
    (agent,) = status(Deployment(AGENT)).as_dict()["agents"]

    assert (60, "1970-01-01T00:16:40+00:00", "1970-01-01T00:17:39+00:00", "7cd557a4") == (
        agent["age_seconds"],
        agent["started"],
        agent["last_span"],
        agent["token"],
    )


def test_only_an_error_makes_it_fail():
    """Earlier losses are a warning; an agent that does not run is an error."""
    lossy = replace(AGENT, counts=replace(COUNTS, spans_failed=4700))
    stopped = replace(AGENT, state="exited", counts=None)

    assert ["spans-lost-earlier"] == ids(lossy)
    assert ["agent-stopped"] == ids(stopped)
    assert (True, False) == (status(Deployment(lossy)).ok, status(Deployment(stopped)).ok)


def test_two_agents_of_a_service_are_found_unless_each_replica_has_one():
    """A killed rotation leaves two under Compose; two pods have two."""
    second = replace(AGENT, name="shop-web-agent-2")
    pods = [replace(agent, per_replica=True) for agent in (AGENT, second)]

    assert ["agents-doubled"] == ids(AGENT, second)
    assert [] == ids(*pods)
    assert [] == ids(AGENT, replace(second, state="exited", service="api", counts=COUNTS))[1:]


def test_the_json_is_json():
    """With every finding."""
    data = json.loads(json.dumps(status(Deployment(replace(AGENT, oom_killed=True))).as_dict()))

    assert (False, ["agent-killed-for-memory"]) == (
        data["ok"],
        [finding["id"] for finding in data["findings"]],
    )
