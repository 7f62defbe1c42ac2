"""A stage in memory: one service, its agent and the stand-in, as plain numbers."""

from __future__ import annotations

from dataclasses import replace

from sidecar.errors import SidecarError
from sidecar.rehearsal.stage import Sent
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
from sidecar.verify.deployment import StepByStep
from sidecar.verify.hops import RECEIVED

PER_PACKET = 50


class World(StepByStep):
    """Spans pass through it at once, or wait in the agent while the gateway is silent."""

    side_by_side = 1
    received = RECEIVED

    def __init__(self, leak=0, stuck=False, initial=None):
        """Take how many spans of each marker vanish behind the agent while calls fail."""
        self.lacks = {}
        self.leak, self.stuck = leak, stuck
        self.active = dict(initial or {})
        self.sent = []
        self.done = []
        self._agent = AgentCounts(connected=1)
        self._state = "running"
        self._held = {}
        self._kept = {}

    def begin(self):
        self.done.append("begin")

    def services(self):
        return ["web"]

    agents = services

    def send(self, service, marker, spans):
        client = ClientCounts(spans, spans, {}, spans // PER_PACKET, ("t1",))
        if self._state == "killed":
            client = replace(client, sent=0, packets=0, dropped={"close_timeout": spans})
        else:
            self._agent = self._grown(packets_processed=client.packets)
            self._held[marker] = spans
            self._hand_on()
        self.sent.append(Sent(service, marker, client))
        return client

    def _grown(self, **counts):
        grown = {name: getattr(self._agent, name) + count for name, count in counts.items()}
        return replace(self._agent, **grown)

    def _hand_on(self):
        if self._state != "running" or self.active.get("black_hole"):
            return
        for marker, spans in self._held.items():
            if self.active.get("fail_with") or self.active.get("reset"):
                self._agent = self._grown(spans_failed=spans - self.leak)
            else:
                self._agent = self._grown(spans_submitted=spans)
                self._kept[marker] = spans
        self._held = {}

    def agent(self, service, settled=0, seconds=0):
        if self._state != "running":
            raise SidecarError("web agent", f"is {self._state}", id="part-not-running")
        return self._agent

    def agent_log(self, service):
        return "code = Unavailable" if self.active.get("fail_with") else ""

    def gateway(self, marker, settled, seconds):
        kept = self._kept.get(marker, 0)
        return GatewayCounts(kept, 0, kept)

    def faults(self):
        return self.active

    def set_faults(self, *faults):
        self.done.append(faults)
        for each in faults:
            self.active = dict(each) if not self.stuck or each.get("fail_with") else self.active
            self._hand_on()

    def kill_agents(self):
        self._state, self._held = "killed", {}

    def start_agents(self):
        if self._state == "killed":
            self._state, self._agent = "running", AgentCounts(connected=1)

    def pause_agents(self):
        self._state = "paused"

    def resume_agents(self):
        if self._state == "paused":
            self._state = "running"
            self._hand_on()

    def leave(self):
        self.done.append("leave")

    def rejoin(self):
        self.done.append("rejoin")

    def close(self):
        self.done.append("close")
