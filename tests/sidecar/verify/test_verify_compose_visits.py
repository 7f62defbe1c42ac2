"""Visits to services under Compose, and the look that takes two short-lived containers."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from sidecar.engine.containers import Container
from sidecar.engine.errors import EngineError
from sidecar.engine.short_lived import RunResult
from sidecar.verify.compose.addresses import agent_addresses, reached_from
from sidecar.verify.compose.deployment import ComposeDeployment
from sidecar.verify.compose.stated import Stated
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
from sidecar.verify.look import Task
from sidecar.verify.network.namespace import Reading
from sidecar.verify.network.runtimes import Runtime
from sidecar.verify.network.visit import Visit

TASK = Task("web", "m", 200, 9, urls=("http://localhost/",), traced=True)
CLIENT = ClientCounts(200, 200, packets=4, trace_ids=("t",))
RUNTIME = Runtime(7, "web", "web-agent", 6831, sent=3)


def networks(**addresses):
    """Return what the engine knows of a container in these networks."""
    found = {
        name: {"IPAddress": address, "GlobalIPv6Address": ""} for name, address in addresses.items()
    }
    return {"NetworkSettings": {"Networks": found}}


class Containers:
    """Two replicas of a service, their agent, and the stand-in."""

    def __init__(self):
        self.data = {
            "web-1": networks(tracing="10.0.0.2"),
            "web-2": networks(tracing="10.0.0.3"),
            "web-agent": networks(tracing="10.0.0.4", gateway="10.1.0.2"),
            "gateway": networks(gateway="10.1.0.3"),
        }
        self.roles = {"web-1": "service", "web-2": "service", "web-agent": "agent"}
        self.status = dict.fromkeys(self.data, "running")
        self.ran = []
        self.refuse_pids = False
        self.user, self.host = "10001:10001", {}
        self.after = AgentCounts(9, batches_submitted=9, spans_submitted=200)
        self.before = AgentCounts(5, batches_submitted=5)

    def of_project(self, project):
        """Return them, as the engine does."""
        return [
            Container(name, name, project, name, status, "", "image")
            for name, status in self.status.items()
        ]

    def inspect(self, identity):
        """Return what is read of a container."""
        role = self.roles.get(identity, "gateway")
        labels = {"sidecar-kit.role": role}
        if role != "gateway":
            labels["sidecar-kit.service"] = "web"
        config = {
            "Labels": labels,
            "Env": ["JAEGER_AGENT_HOST=web-agent", "SECRET=x"],
            "User": self.user,
            "Hostname": f"host-{identity}",
        }
        state = {"Status": self.status[identity]}
        return {"Config": config, "State": state, "HostConfig": self.host, **self.data[identity]}

    def user_of(self, _):
        """Return the user of a first process."""
        return "1234:99"

    def run(self, request):
        """Answer as the program that is to run."""
        self.ran.append(request)
        if request.pid_mode and self.refuse_pids:
            raise EngineError("engine", "refuses")
        module = request.argv[1]
        answer = getattr(self, module.rpartition(".")[2])(request)
        return RunResult(0, json.dumps(answer), "")

    def visit(self, request):
        """Return a visit; only one that sends spans has read the agent."""
        sends = any(word.startswith("--spans=") for word in request.argv)
        reads = any(word.startswith("--admin=") for word in request.argv)
        found = Visit(
            (),
            Reading(runtimes=(RUNTIME,)),
            CLIENT if sends else None,
            agent=self.before if reads else None,
        )
        return asdict(found)

    def collect(self, _):
        """Return what was counted afterwards."""
        return {"agent": asdict(self.after), "gateway": asdict(GatewayCounts(200, 0, 200))}

    def reader(self, _):
        """Return an agent's counts, as read step by step."""
        return asdict(self.after)


class Engine:
    """An engine with containers only."""

    def __init__(self):
        self.containers = self.short_lived = Containers()


@pytest.fixture
def engine():
    """The engine of one test."""
    return Engine()


@pytest.fixture
def deployment(engine):
    """The project as verify sees it."""
    return ComposeDeployment(engine, "shop", "kit/gateway:1")


def programs(engine):
    """Return the programs that ran, with the container that each looked into."""
    return [
        (request.argv[1].rpartition(".")[2], request.network_mode.partition(":")[2])
        for request in engine.containers.ran
    ]


def test_a_quick_look_takes_a_visit_and_one_reading(engine, deployment) -> None:
    """The second one is in the agent's network, and reads the stand-in, too."""
    look = deployment.look(TASK)

    assert [("collect", "web-agent"), ("visit", "web-1"), ("visit", "web-2")] == sorted(
        programs(engine)
    )
    assert (CLIENT, engine.containers.before, engine.containers.after) == (
        look.client,
        look.before,
        look.after,
    )
    assert GatewayCounts(200, 0, 200) == deployment.gateway("m", 200, 1)
    assert 3 == len(engine.containers.ran)


def test_each_replica_is_visited_with_its_requests(engine, deployment) -> None:
    """One sends the marked spans; each knows where its agent answers."""
    look = deployment.look(TASK)
    visits = [one.argv for one in engine.containers.ran if one.argv[1].endswith("visit")]

    assert ["web-1", "web-2"] == [replica.name for replica in look.replicas]
    assert ["host-web-1", "host-web-2"] == [replica.hostname for replica in look.replicas]
    assert {("10.0.0.4", "10.1.0.2")} == {replica.agents for replica in look.replicas}
    assert all("--request=http://localhost/" in argv and "--traced" in argv for argv in visits)
    assert 1 == sum("--spans=200" in argv for argv in visits)


def test_a_visit_sees_the_processes_of_the_service(engine, deployment) -> None:
    """Under the service's user; where the engine refuses that, without them."""
    deployment.look(TASK)
    request = next(one for one in engine.containers.ran if "--variables" in one.argv)

    assert ("10001:10001", True) == (request.user, request.pid_mode.startswith("container:web-"))
    engine.containers.refuse_pids = True
    assert deployment.look(TASK).client == CLIENT
    assert not engine.containers.ran[-2].pid_mode


@pytest.mark.parametrize(
    ("user", "host", "expected"),
    [
        ("", {}, ("0:0", True)),
        ("0:0", {"CapDrop": ["ALL"]}, ("0:0", False)),
        ("0:0", {"CapAdd": ["SYS_ADMIN"]}, None),
        ("0:0", {"Privileged": True}, None),
        ("app", {}, ("1234:99", False)),
        ("1000", {"CapAdd": ["NET_BIND_SERVICE"]}, ("1234:99", False)),
    ],
    ids=["root", "root without rights", "more rights", "privileged", "a name", "no group"],
)
def test_a_visit_has_the_user_of_the_service_and_no_more_rights(
    engine, user, host, expected
) -> None:
    """The kernel shows variables to their own user only, and to none with fewer capabilities."""
    containers = engine.containers
    containers.user, containers.host = user, host
    ComposeDeployment(engine, "shop", "kit/gateway:1").look(TASK)
    visits = [one for one in containers.ran if one.argv[1].endswith(".visit")]

    assert {expected} == {
        (one.user, one.usual_capabilities) if "--variables" in one.argv else None for one in visits
    }
    assert {bool(expected)} == {bool(one.pid_mode) for one in visits}


@pytest.mark.parametrize("change", ["no shared network", "kernel drops"])
def test_where_a_quick_look_cannot_tell_each_step_is_taken(engine, change: str) -> None:
    """The agent is then read in its own network, before and after."""
    containers = engine.containers
    if change == "no shared network":
        containers.data["web-agent"] = networks(other="10.2.0.2")
    else:
        containers.after = AgentCounts(9, kernel_drops=3)
    ComposeDeployment(engine, "shop", "kit/gateway:1").look(TASK)

    assert 2 == programs(engine).count(("reader", "web-agent"))


def test_spans_of_a_first_look_do_not_count_for_the_second(engine, deployment) -> None:
    """Those that arrived of the first would hide what the second one loses."""
    engine.containers.after = AgentCounts(9, kernel_drops=3)
    deployment.look(TASK)
    engine.containers.reader = lambda _: asdict(GatewayCounts(100, 0, 100))
    sent = [word for one in engine.containers.ran for word in one.argv if "--marker=" in word]

    assert ["--marker=m", "--marker=m-again"] == sent
    assert GatewayCounts(100, 0, 100) == deployment.gateway("m", 200, 1)
    assert "m-again" in engine.containers.ran[-1].argv


def test_a_loss_of_the_first_look_is_not_forgotten_for_a_second_without(engine, deployment) -> None:
    """The kernel drops packets of a burst, and not those of the next."""
    engine.containers.before = AgentCounts(5, kernel_drops=0)
    engine.containers.after = AgentCounts(9, kernel_drops=6)
    engine.containers.collect = lambda _: {
        "agent": asdict(engine.containers.after),
        "gateway": asdict(GatewayCounts(150, 0, 150)),
    }
    readings = iter([AgentCounts(9, kernel_drops=6), AgentCounts(13, kernel_drops=6)])
    engine.containers.reader = lambda _: asdict(next(readings))
    look = deployment.look(TASK)

    assert (2, 6) == (look.before.kernel_drops, look.after.kernel_drops)
    assert GatewayCounts(150, 0, 150) == deployment.gateway("m", 200, 1)


def test_a_replica_that_does_not_run_is_no_hindrance(engine) -> None:
    """It is named; the other one sends the spans."""
    engine.containers.status["web-1"] = "exited"
    look = ComposeDeployment(engine, "shop", "kit/gateway:1").look(TASK)
    ended, running = look.replicas

    assert ("part-not-running", None) == (ended.broken.id, ended.visit)
    assert running.visit.client == CLIENT


def test_what_the_compose_file_names_and_does_not_run_is_absent(engine) -> None:
    """Missing, scaled to zero, or with too few replicas."""
    wanted = {"web": 3, "api": 1, "job": 0}
    deployment = ComposeDeployment(engine, "shop", "kit/gateway:1", stated=Stated(wanted))

    assert {
        "web": "replica-missing",
        "api": "service-missing",
        "job": "service-scaled-to-zero",
    } == {lack.service: lack.problem.rule.id for lack in deployment.absent()}


def test_an_agent_in_the_services_own_network_is_reached_by_loopback() -> None:
    """As with `network_mode: service:web`."""
    agent = {"HostConfig": {"NetworkMode": "container:web-1"}}

    assert ("127.0.0.1", "::1") == agent_addresses("web-1", [agent])
    assert () == agent_addresses("web-2", [agent])


def test_containers_reach_one_another_in_a_shared_network_only() -> None:
    """By the other one's address there."""
    web, agent = networks(a="10.0.0.1"), networks(a="10.0.0.2", b="10.1.0.2")

    assert "10.0.0.2" == reached_from(web, agent)
    assert "" == reached_from(web, networks(b="10.1.0.3"))


def test_an_image_of_another_version_is_named(engine, deployment) -> None:
    """It prints other data; the hop says so, with the way to the right one."""
    engine.containers.visit = lambda _: {"odd": 1}
    broken = deployment.look(TASK).broken

    assert "client sent" == broken.hop
    assert "web-1: was looked into with an image of another version of the kit" == broken.cause
    assert "Obtain the gateway image of this version: `sidecar images --rebuild`" == broken.fix


def test_a_stand_in_off_the_agents_networks_is_known_by_the_engine(engine, deployment) -> None:
    """The agent's log says so only once its connection has ended."""
    before = deployment.gateway_trouble("web")
    engine.containers.data["gateway"] = networks(page="10.2.0.3")

    assert (None, "gateway-off-network") == (before, deployment.gateway_trouble("web").rule.id)
