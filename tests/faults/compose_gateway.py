"""Faults under Compose: of the gateway and of the network to it."""

from __future__ import annotations

from faults.model import Fault

GONE = ("part-not-running",)
ENDED = "the counters of an agent end with its process"


def compose(*words):
    """Return what runs a Compose command."""
    return lambda bed: bed.run(*words)


def answering(**faults):
    """Return what makes the stand-in answer so."""
    return lambda bed: bed.set_faults(**faults)


def edited(change, *services):
    """Return what changes the Compose file and brings services to it."""
    return lambda bed: bed.edit(change, *services)


def restored(*services):
    """Return what brings services back."""
    return lambda bed: bed.restore(*services)


def rule(service, *words):
    """Return what adds, and what deletes, a rule of iptables in a service's namespace."""
    chain, *rest = words
    return (
        lambda bed: bed.inside(service, "iptables", "-I", chain, *rest),
        lambda bed: bed.inside(service, "iptables", "-D", chain, *rest),
    )


def both(*steps):
    """Return what takes several steps."""
    return lambda bed: [step(bed) for step in steps]


USUAL = answering()
HELD = both(answering(reset=True), USUAL)
"""Ends the calls that are held, too: the agent counts their spans as failed."""
NO_PLACE = ("gateway-connection-refused", "gateway-name-unresolved", "gateway-unreachable")


def answers(name, what, right, **faults):
    """Return a fault of the stand-in's own."""
    return Fault(name, what, right, answering(**faults), USUAL)


def agent_flag(old, new):
    def change(services):
        agent = services["orders-agent"]
        agent["command"] = [word.replace(old, new) for word in agent["command"]]
        assert any(new in word for word in agent["command"])

    return change


def more_flags(*flags):
    def change(services):
        services["orders-agent"]["command"] += flags

    return change


def _silent_name_server(services):
    agent_flag("gateway:1883", "gateway.example.com:1883")(services)
    services["orders-agent"]["dns"] = ["192.0.2.1"]


TO_GATEWAY = ("OUTPUT", "-p", "tcp", "--dport", "1883", "-j")
_REJECT = rule("orders-agent", *TO_GATEWAY, "REJECT", "--reject-with", "tcp-reset")
_DROP = rule("orders-agent", *TO_GATEWAY, "DROP")
_TCP_LOSS = rule(
    "orders-agent",
    *("OUTPUT", "-p", "tcp", "--dport", "1883", "-m", "statistic", "--mode", "random"),
    *("--probability", "0.3", "-j", "DROP"),
)

SILENT = Fault(
    "gateway-silent",
    "the gateway accepts calls and answers none",
    ("gateway-silent",),
    answering(black_hole=True),
    HELD,
)

GATEWAY = (
    Fault(
        "gateway-stopped",
        "the gateway's container is stopped",
        (*GONE, *NO_PLACE),
        compose("stop", "--timeout=3", "gateway"),
        compose("start", "gateway"),
    ),
    Fault(
        "gateway-killed",
        "the gateway's process is killed (-9)",
        (*GONE, *NO_PLACE),
        compose("kill", "gateway"),
        compose("start", "gateway"),
    ),
    Fault(
        "gateway-paused",
        "the gateway's processes are frozen",
        ("part-paused", "gateway-silent"),
        compose("pause", "gateway"),
        compose("unpause", "gateway"),
    ),
    answers(
        "gateway-unauthenticated",
        "the gateway answers Unauthenticated",
        ("token-refused",),
        fail_with="UNAUTHENTICATED",
    ),
    answers(
        "gateway-permission-denied",
        "the gateway answers PermissionDenied",
        ("token-refused",),
        fail_with="PERMISSION_DENIED",
    ),
    answers(
        "gateway-quota",
        "the gateway answers ResourceExhausted",
        ("gateway-quota-exceeded",),
        fail_with="RESOURCE_EXHAUSTED",
    ),
    answers(
        "gateway-unavailable",
        "the gateway answers Unavailable",
        ("gateway-unavailable",),
        fail_with="UNAVAILABLE",
    ),
    SILENT,
    Fault(
        "gateway-slow",
        "the gateway answers after 30 s",
        ("gateway-silent", "gateway-answers-late"),
        answering(latency_ms=30_000),
        HELD,
    ),
    Fault(
        "gateway-late",
        "the gateway answers after 2 s, which the agent's workers make up for",
        (),
        answering(latency_ms=2_000),
        USUAL,
    ),
    Fault(
        "gateway-port-closed",
        "the gateway's port is closed",
        ("gateway-connection-refused",),
        answering(away=True),
        USUAL,
    ),
    Fault(
        "gateway-resets",
        "the gateway resets the connection at each call",
        ("gateway-connection-broken",),
        answering(reset=True),
        USUAL,
    ),
    Fault(
        "gateway-off-network",
        "the gateway is taken off the agents' network",
        ("gateway-off-network",),
        lambda bed: bed.docker(
            "network", "disconnect", bed.network("gateway"), *bed.names("gateway")
        ),
        lambda bed: bed.docker(
            "network", "connect", "--alias=gateway", bed.network("gateway"), *bed.names("gateway")
        ),
    ),
    Fault(
        "gateway-name",
        "the agent's gateway has a name that does not exist",
        ("gateway-name-unresolved",),
        edited(agent_flag("gateway:1883", "gateway.invalid:1883"), "orders-agent"),
        restored("orders-agent"),
        uncounted=ENDED,
    ),
    Fault(
        "gateway-tls",
        "the agent speaks TLS, the gateway does not",
        ("gateway-tls-failed",),
        edited(more_flags("--reporter.grpc.tls.enabled=true"), "orders-agent"),
        restored("orders-agent"),
        uncounted=ENDED,
    ),
    Fault(
        "gateway-reject",
        "a firewall resets the agent's connections to the gateway",
        ("gateway-connection-refused",),
        *_REJECT,
    ),
    Fault(
        "gateway-drop",
        "a firewall drops the agent's packets to the gateway",
        ("gateway-silent", "gateway-unreachable"),
        *_DROP,
    ),
    Fault(
        "gateway-share",
        "the gateway answers Unavailable to 70% of the calls",
        ("gateway-unavailable",),
        answering(fail_with="UNAVAILABLE", share=0.7),
        USUAL,
    ),
    Fault(
        "gateway-dns-silent",
        "the agent's name server does not answer",
        ("gateway-name-unresolved",),
        edited(_silent_name_server, "orders-agent"),
        restored("orders-agent"),
        uncounted=ENDED,
    ),
    Fault(
        "gateway-internal",
        "the gateway answers Internal",
        ("gateway-failed-calls",),
        answering(fail_with="INTERNAL"),
        USUAL,
    ),
    Fault(
        "gateway-loss",
        "30% of the agent's packets to the gateway are lost; TCP repeats them",
        (),
        *_TCP_LOSS,
    ),
)
