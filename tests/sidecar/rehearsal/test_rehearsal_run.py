"""A rehearsal of a stage in memory: what it notices, counts and leaves behind."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from rehearsal_world import World

from sidecar.rehearsal import report, run
from sidecar.rehearsal.faults import FAULTS
from sidecar.rehearsal.run import rehearse

BY_NAME = {fault.name: fault for fault in FAULTS}


class SlowClients(World):
    """Without an agent a client takes a while, as on a busy machine."""

    STEPS = ("client ended", "agents start")

    def send(self, service, marker, spans):
        slow = self._state == "killed"
        time.sleep(0.5 if slow else 0)
        client = super().send(service, marker, spans)
        self.done += [self.STEPS[0]] * slow
        return client

    def start_agents(self):
        self.done.append(self.STEPS[1])
        super().start_agents()


def rehearsed(world, *names):
    """Return the rehearsal of some faults."""
    return rehearse(world, [BY_NAME[name] for name in names], lambda text: None)


def test_spans_that_fail_are_counted_where_they_are_lost():
    """The hop that noticed, and a ledger in which sent = arrived + counted."""
    done = rehearsed(World(), "gateway-failing")

    (one,) = done.faults
    assert done.ok
    assert ("agent submitted", "gateway-unavailable") == (one.noticed.hop, one.noticed.id)
    assert (300, 100) == (one.ledger.sent, one.ledger.arrived)
    assert {"agent failed": 200} == one.ledger.lost


def test_spans_that_nobody_counts_are_a_failure():
    """Spans that vanish behind the agent are unaccounted for: not ok, with their number."""
    done = rehearsed(World(leak=30), "gateway-failing")

    assert not done.ok
    assert "spans-unaccounted" == done.faults[0].problem.rule.id
    assert "30 of 300 spans neither arrived nor are counted as lost" in report.as_text(done, 100)


def test_what_a_killed_agent_held_is_counted():
    """Spans that the agent had received and not handed on when it was killed are lost with it."""
    done = rehearsed(World(), "agent-killed")

    assert done.ok
    assert {"agent killed with them": 200, "client close_timeout": 200} == done.faults[
        0
    ].ledger.lost


def test_killed_agents_start_when_the_clients_have_ended():
    """However slow the clients are: one that began as an agent came back could lose its spans."""
    world = SlowClients()

    rehearsed(world, "agent-killed")

    assert ["client ended", "agents start"] == [step for step in world.done if step in world.STEPS]


def test_a_paused_agent_loses_nothing_that_it_can_still_read():
    """The pause is noticed, and what was sent meanwhile arrives afterwards."""
    done = rehearsed(World(), "agent-paused")

    (one,) = done.faults
    assert (True, "part-not-running", {}) == (done.ok, one.noticed.id, one.ledger.lost)


def test_the_faults_of_the_stand_in_are_set_again():
    """A rehearsal ends with the faults that it found, whatever it set meanwhile."""
    world = World(initial={"latency_ms": 5})

    rehearsed(world, "gateway-refusing", "quota")

    assert {"latency_ms": 5} == world.active
    assert "close" == world.done[-1]


@pytest.mark.parametrize("name", BY_NAME)
def test_an_interrupt_ends_the_fault_first(name, monkeypatch):
    """Ctrl-C while a fault is active: it is healed, and what the rehearsal started is removed."""
    world = World()
    proofs = []

    def interrupted(*arguments, **_options):
        proofs.append(arguments)
        if len(proofs) == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    original = run.verify
    monkeypatch.setattr(run, "verify", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rehearsed(world, name)

    assert {} == world.active
    assert world.agent("web") is not None
    assert "close" == world.done[-1]
    assert world.done.count("leave") == world.done.count("rejoin")


def test_what_is_left_out_of_a_rehearsal_is_said():
    """Before its first step: such as the other pods of a service."""
    world = World()
    world.notes = ("web: one of 2 pods is rehearsed",)
    said = []

    rehearse(world, [], said.append)

    assert ["web: one of 2 pods is rehearsed", "the proof before"] == said[:2]


def test_a_deployment_that_is_not_proven_is_not_rehearsed():
    """Without a fault every span must arrive; else no fault is injected."""
    world = World(initial={"fail_with": "INTERNAL"})

    done = rehearsed(world, "quota")

    assert (False, ()) == (done.ok, done.faults)
    assert [] == [step for step in world.done if step != "close"]
    assert "not rehearsed" in report.as_text(done, 80)


def test_a_deployment_that_stays_broken_is_a_failure(monkeypatch):
    """Spans that still fail after the fault's end: not recovered, with its own id."""
    monkeypatch.setattr(run, "RECOVERY_SECONDS", 0.1)
    done = rehearsed(World(stuck=True), "quota")

    assert not done.ok
    assert "rehearsal-not-recovered" == done.faults[0].problem.rule.id


def test_the_json_has_a_ledger_per_fault():
    """Keys that a pipeline reads."""
    data = json.loads(report.as_json(rehearsed(World(), "quota")))

    (fault,) = data["faults"]
    assert (True, "quota", True) == (data["ok"], fault["fault"], fault["ok"])
    assert fault["sent"] == fault["arrived"] + sum(fault["lost"].values()) + fault["unaccounted"]
    assert {"hop": "agent submitted", "service": "web", "id": "gateway-unavailable"} == (
        fault["noticed"]
    )


@pytest.mark.parametrize("columns", [60, 140])
def test_the_text_fits_the_terminal(columns):
    """No line is wider than the terminal, with long and short faults."""
    done = rehearsed(World(leak=30), "gateway-failing", "agent-killed")
    text = report.as_text(replace(done, faults=done.faults * 2), columns)

    assert [] == [line for line in text.splitlines() if len(line) > columns]
