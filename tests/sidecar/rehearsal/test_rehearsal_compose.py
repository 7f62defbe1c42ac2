"""A stage of containers, with an engine in memory."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sidecar.engine.containers import Container
from sidecar.engine.errors import EngineError
from sidecar.engine.short_lived import RunResult
from sidecar.errors import SidecarError, UsageError
from sidecar.rehearsal.compose import ComposeStage
from sidecar.verify.compose.stated import Stated

AGENT, GATEWAY = "agent-0123456789", "gateway-0123456789"


class Containers:
    """One service with its agent, and the stand-in; records what is done to them."""

    def __init__(self, region="local", parts=("service", "agent", "gateway")):
        self.region, self.parts = region, parts
        self.status = dict.fromkeys(parts, "running")
        self.networks = {
            "service": {"tracing": ["web"]},
            "agent": {"tracing": ["web-agent"], "gateway": ["web-agent"]},
            "gateway": {"gateway": ["gateway", "gateway-0123"], "page": ["gateway"]},
        }
        self.done = []
        self.answer = RunResult(0, "{}", "")

    def posts(self, image):
        return self

    def of_project(self, project):
        return [
            Container(f"{one}-0123456789", one, project, one, "running", "", "image")
            for one in self.parts
        ]

    def inspect(self, identity):
        role = identity.partition("-")[0]
        labels = {
            "sidecar-kit.role": role,
            "sidecar-kit.service": "" if role == "gateway" else "web",
            "sidecar-kit.region": self.region,
        }
        networks = {name: {"Aliases": names} for name, names in self.networks[role].items()}
        return {
            "Config": {"Labels": labels},
            "State": {"Status": self.status[role]},
            "NetworkSettings": {"Networks": networks},
        }

    def run(self, request):
        self.done.append((request.network_mode, *request.argv))
        return self.answer

    def __getattr__(self, name):
        return lambda *arguments: self.done.append((name, *arguments))


@dataclass(frozen=True)
class Engine:
    """As much of an engine as a stage takes."""

    containers: Containers
    short_lived: Containers


def stage(containers):
    """Return the stage of such containers."""
    return ComposeStage(Engine(containers, containers), "shop", "image", None, Stated({"web": 1}))


def test_a_deployment_of_a_region_is_refused():
    """Faults for a real gateway are a usage error."""
    with pytest.raises(UsageError, match="reports to a real gateway"):
        stage(Containers("cn-shanghai", ("service", "agent")))


def test_a_local_deployment_without_its_stand_in_is_not_taken_for_a_real_one():
    """The part that is missing is named."""
    with pytest.raises(SidecarError, match="is not in the Compose project"):
        stage(Containers("local", ("service", "agent")))


def test_a_deployment_with_a_canary_is_refused():
    """What its agents lose arrives through its collectors."""
    containers = Containers("local", ("service", "agent", "gateway", "copier"))
    containers.networks["copier"] = {}
    with pytest.raises(SidecarError) as refused:
        stage(containers)

    assert "rehearsal-with-canary" == refused.value.id


def test_the_stand_in_leaves_only_the_networks_of_its_agents():
    """It keeps its page, and comes back under its name; the engine adds the id itself."""
    containers = Containers()
    disturbed = stage(containers)

    disturbed.leave()
    disturbed.rejoin()
    disturbed.rejoin()

    assert [
        ("disconnect", GATEWAY, "gateway"),
        ("connect", GATEWAY, "gateway", ["gateway"]),
    ] == containers.done


def test_only_agents_that_do_not_run_are_started():
    """Healing changes nothing where nothing is wrong."""
    containers = Containers()
    disturbed = stage(containers)
    disturbed.start_agents()
    disturbed.resume_agents()
    nothing = list(containers.done)

    containers.status["agent"] = "exited"
    disturbed.start_agents()
    containers.status["agent"] = "paused"
    disturbed.resume_agents()

    assert [] == nothing
    assert [("start", AGENT), ("unpause", AGENT)] == containers.done


def test_a_killed_agent_leaves_its_post():
    """The post of an agent is removed with it: the next agent has another network."""
    containers = Containers()
    stage(containers).kill_agents()

    assert [("kill", AGENT), ("forget", AGENT)] == containers.done


def test_faults_are_set_in_the_network_of_the_stand_in():
    """By the kit's own command, one set after the other; a refusal names the image."""
    containers = Containers()
    stage(containers).set_faults({"reset": True}, {})

    (asked,) = containers.done
    assert f"container:{GATEWAY}" == asked[0]
    assert ('--set-faults={"reset": true}', "--set-faults={}") == asked[-2:]
    containers.answer = RunResult(2, "", "sidecar: --set-faults: unknown")
    with pytest.raises(EngineError, match="gateway image of this kit's version"):
        stage(containers).set_faults({})
