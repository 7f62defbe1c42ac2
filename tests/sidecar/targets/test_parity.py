"""One plan, each target: the same agent, collector and forwarder as data, but for what is listed.

Compose is what the others are compared with. A difference has a reason, and says what the other
target has instead; one that no case shows any more fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import target_facts
from helm_charts import plan_of

from sidecar.plan.forwarders import memory_mib
from sidecar.rules.collectors import HEALTH_PORT
from sidecar.spec import AgentSettings, Capacity, GatewaySettings, Resources, Service, Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_facts import Facts

    from sidecar.plan import Plan

REGION = "cn-shanghai"
PROTOCOLS = {
    "grpc": GatewaySettings(),
    "grpcs": GatewaySettings(tls=True),
    "http": GatewaySettings(protocol="otlp-http"),
    "https": GatewaySettings(protocol="otlp-http", tls=True),
}
BUFFERS = {
    "5m": AgentSettings("collector", buffer_s=300),
    "30m": AgentSettings("collector"),
    "2h": AgentSettings("collector", buffer_s=7200),
    "disk": AgentSettings("collector", buffer_s=600, disk_mib=6000),
}
OWN = AgentSettings(
    "collector",
    image="mirror.example.com/otelcol:0.165.0",
    resources=Resources(1024, 2),
    collector={"exporters": {"otlp_grpc": {"compression": "gzip"}}},
)
AGENTS = {
    "agent": (GatewaySettings(), AgentSettings(), Capacity()),
    "agent, TLS": (GatewaySettings("vpc", tls=True), AgentSettings(), Capacity(3000, 200)),
    "agent 1.15": (GatewaySettings(), AgentSettings(version="1.15.0"), Capacity()),
    "agent, own limits": (
        GatewaySettings(),
        AgentSettings(resources=Resources(512, 1)),
        Capacity(),
    ),
}
COLLECTORS = {
    **{
        f"{protocol}, {buffer}": (gateway, agent, Capacity())
        for protocol, gateway in PROTOCOLS.items()
        for buffer, agent in BUFFERS.items()
    },
    "own": (GatewaySettings("vpc"), OWN, Capacity(3000, 200)),
}
CASES = {**AGENTS, **COLLECTORS}
NOTHING = object()
"""The target has no such fact."""


@dataclass(frozen=True)
class Difference:
    """What a target has in another way than Compose."""

    of: str
    """A pattern of paths."""
    becomes: Any
    """NOTHING, or what makes the other target's value of Compose's, which may be NOTHING, too."""
    why: str
    of_all: bool = False
    """It is made of all facts of Compose."""

    def fits(self, path: str) -> bool:
        return fnmatchcase(path, self.of)

    def applied(self, value: Any, composed: Facts) -> Any:
        if self.becomes is NOTHING:
            return NOTHING
        return self.becomes(composed if self.of_all else value)


def moved(old: str, new: str) -> Callable[[Any], Any]:
    """Return what replaces a part of a text, or of each of several."""

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(each) for each in value]
        return value.replace(old, new)

    return change


def in_folder(folder: str) -> Callable[[str], str]:
    """Return what gives a file's place in another folder."""
    return lambda path: f"{folder}/{path.rpartition('/')[2]}"


def set_to(value: Any) -> Callable[[Any], Any]:
    """Return what gives this value, whatever Compose has."""
    return lambda _: value


def memory_of_several(composed: Facts) -> int:
    """Return the memory of a forwarder of 16 such collectors."""
    return memory_mib(16 * int(composed["forwarder.flag.--calls"]))


ALONE = moved("0.0.0.0", "127.0.0.1")
PRIVATE = "Only loopback is private to the services there."
LOOPBACK = (
    Difference("config.receivers.*.endpoint", ALONE, PRIVATE),
    Difference("config.service.*.prometheus.host", ALONE, PRIVATE),
)
AGENTS_LOOPBACK = Difference("agent.flag.--[ahp]*host-port", ALONE, PRIVATE)
"""Of admin, http-server and processor; not of the reporter."""
FOLDER = "A Secret is mounted as a folder."
ONE_SECRET = "One Secret has the forms of both kinds."
DRAINED = "Collectors of pods that end are drained through it."
IN_A_POD = (
    AGENTS_LOOPBACK,
    *LOOPBACK,
    Difference("*.cpus", lambda cpus: cpus or 0.5, "Platforms ask for a limit."),
    Difference("*.processes", NOTHING, "The node limits them, for a whole pod."),
    Difference("agent.flag.--config-file", moved("/agent", "/sidecar/agent"), FOLDER),
    Difference("agent.token", set_to(["/run/secrets/sidecar"]), FOLDER),
    Difference("collector.asks", set_to([f"{HEALTH_PORT}"]), "Its image has no program to ask."),
    Difference(
        "config.extensions.health_check.endpoint",
        moved("0.0.0.0", ""),
        "The kubelet asks from outside, by either family of addresses.",
    ),
    Difference("forwarder.grace", set_to(80), DRAINED),
    Difference("forwarder.flag.--stay", set_to("65"), DRAINED),
    Difference("forwarder.flag.--token-file", moved("/forwarder/", "/sidecar/"), ONE_SECRET),
    Difference("forwarder.token", moved("/forwarder", "/sidecar"), ONE_SECRET),
)
SUCCESSOR = "http://{}-forwarder:14318/state"
UNCOUNTED = "How many pods a namespace has is not known: it is for 16 at a time."
INSTALLED = "A unit starts what is installed on the host."
STATE = moved("/var/lib/otelcol", "/var/lib/sidecar-agent")
NAMED = "StateDirectory is called after the unit."
PROGRAMS = "/usr/local/lib/sidecar-agent"
CREDENTIALS = {"/run/secrets/agent.yaml": "agent.yaml", "/run/secrets/forwarder": "token"}
CREDENTIAL = "LoadCredential gives each unit a copy of its own."
DEMO = "Processes of one machine share its ports: each has its own."
DIFFERENCES: dict[str, Sequence[Difference]] = {
    "overlay": (),
    "inject": (
        *IN_A_POD,
        Difference("[ac]*.grace", NOTHING, "It is the pod's own."),
        Difference("forwarder.flag.--calls", lambda calls: f"{16 * int(calls)}", UNCOUNTED),
        Difference("forwarder.memory", memory_of_several, UNCOUNTED, of_all=True),
        Difference("forwarder.flag.--successor", set_to(SUCCESSOR.format("sidecar")), DRAINED),
    ),
    "helm": (
        *IN_A_POD,
        Difference("[ac]*.grace", set_to(60), "It is the pod's, in which a collector is drained."),
        Difference("forwarder.flag.--successor", set_to(SUCCESSOR.format("demo")), DRAINED),
        Difference(
            "config.exporters.otlp_grpc.endpoint",
            moved("sidecar", "demo"),
            "Names begin as the release's.",
        ),
    ),
    "systemd": (
        AGENTS_LOOPBACK,
        *LOOPBACK,
        Difference("config.extensions.health_check.endpoint", ALONE, PRIVATE),
        Difference(
            "config.exporters.otlp_grpc.endpoint", moved("sidecar-forwarder", "127.0.0.1"), PRIVATE
        ),
        Difference("forwarder.flag.--host", set_to("127.0.0.1"), PRIVATE),
        Difference("config.extensions.file_storage*.directory", STATE, NAMED),
        Difference("collector.kept", STATE, NAMED),
        Difference("*.flag.--*-file", in_folder("${CREDENTIALS_DIRECTORY}"), CREDENTIAL),
        Difference("*.token", lambda paths: [CREDENTIALS[each] for each in paths], CREDENTIAL),
        Difference("collector.flag.--config", in_folder("/etc/sidecar-agent"), INSTALLED),
        Difference("agent.program", set_to(f"{PROGRAMS}/jaeger-agent"), INSTALLED),
        Difference("collector.program", set_to(f"{PROGRAMS}/otelcol"), INSTALLED),
        Difference("forwarder.program", set_to(f"{PROGRAMS}/forwarder"), INSTALLED),
        Difference("*.image", NOTHING, INSTALLED),
        Difference("*.processes", set_to(512), "One agent serves all services of the host."),
        Difference("*.user", set_to("its own"), "DynamicUser needs no account."),
        Difference("*.asks", set_to([]), "systemd starts again what ends, and asks nobody."),
        Difference("collector.grace", set_to(30), "Nothing of the host waits for its end."),
        Difference("forwarder.grace", set_to(30), "Nothing of the host waits for its end."),
    ),
    "demo": (
        Difference("config.receivers.jaeger.*.endpoint", set_to("127.0.0.1:7001"), DEMO),
        Difference("config.receivers.otlp.*.endpoint", set_to("127.0.0.1:0"), DEMO),
        Difference("config.extensions.health_check.endpoint", set_to("127.0.0.1:0"), DEMO),
        Difference("config.service.*.prometheus.host", ALONE, DEMO),
        Difference("config.service.*.prometheus.port", set_to(7002), DEMO),
        Difference("config.extensions.file_storage*.directory", set_to("queue"), DEMO),
        Difference(
            "config.exporters.otlp_grpc.endpoint",
            set_to("127.0.0.1:7003"),
            "It has no forwarder: its token is a public constant, and never changes.",
        ),
        Difference(
            "config.exporters.otlp_grpc.headers.Authentication",
            set_to("${file:token}"),
            "It has no forwarder: its token is a public constant, and never changes.",
        ),
    ),
}


def plan_for(case: str) -> Plan:
    """Return the plan of a case: one service, whose replica has an agent for itself everywhere."""
    gateway, agent, capacity = CASES[case]
    services = (Service("web", "team/web:1", port=80),)
    return plan_of(Spec(REGION, gateway, services=services, agent=agent, capacity=capacity))


@pytest.fixture(scope="module")
def facts_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Facts | None]:
    """Return what gives the facts of a target in a case; None where it has no such kind."""

    @cache
    def facts(target: str, case: str) -> Facts | None:
        plan = plan_for(case)
        if target == "demo" and plan.forwarder is None:
            return None
        if target == "helm":
            return target_facts.of_chart(plan, tmp_path_factory.mktemp("values"))
        return READ[target](plan)

    return facts


READ: dict[str, Callable[[Plan], Facts]] = {
    "compose": target_facts.of_compose,
    "overlay": target_facts.of_overlay,
    "inject": target_facts.of_inject,
    "systemd": target_facts.of_units,
    "demo": target_facts.of_demo,
}


def expected_of(target: str, composed: Facts, paths: set[str]) -> Facts:
    """Return the facts of Compose as another target is to have them."""
    known = {key for key in composed if target != "demo" or key.startswith("config.")}
    expected: Facts = {}
    for path in known | paths:
        value = composed.get(path, NOTHING)
        for each in DIFFERENCES[target]:
            if each.fits(path):
                value = each.applied(value, composed)
        expected[path] = value
    return {path: value for path, value in expected.items() if value is not NOTHING}


@pytest.mark.parametrize("target", DIFFERENCES)
@pytest.mark.parametrize("case", CASES)
def test_each_target_has_what_compose_has(case: str, target: str, facts_of) -> None:
    """Configuration, flags, limits, hardening, volumes, token and probes, but for the table."""
    composed, found = facts_of("compose", case), facts_of(target, case)
    if found is None:
        return

    assert found == expected_of(target, composed, {*found})


@pytest.mark.parametrize("target", DIFFERENCES)
def test_each_difference_is_one(target: str, facts_of) -> None:
    """Of which some case shows a fact that is not Compose's, and why it is so."""
    for each in DIFFERENCES[target]:
        assert each.why
        assert any(shows(each, facts_of("compose", case), facts_of(target, case)) for case in CASES)


def shows(difference: Difference, composed: Facts, found: Facts | None) -> bool:
    """Tell whether a case has a fact of a difference that is not Compose's."""
    if found is None:
        return False
    paths = (path for path in {*composed, *found} if difference.fits(path))
    return any(composed.get(path, NOTHING) != found.get(path, NOTHING) for path in paths)
