"""Faults in a cluster."""

from __future__ import annotations

from faults.compose_bed import WRONG
from faults.compose_gateway import (
    ENDED,
    GONE,
    NO_PLACE,
    SILENT,
    TO_GATEWAY,
    answers,
    both,
    rule,
)
from faults.compose_services import AWAY, ELSEWHERE, SAMPLED_OUT, asked
from faults.kubernetes_bed import RELEASE
from faults.model import Fault
from pod_states import agent_of


def kubectl(*words):
    """Return what runs kubectl."""
    return lambda bed: bed.space.kubectl(*words)


def restored(bed):
    """Bring back what was changed."""
    bed.restore()


def edited(service, change):
    """Return what changes the pods of a service, and waits for nothing."""
    return lambda bed: bed.edit(service, change)


def scaled(service, replicas):
    """Return what scales a deployment."""
    return kubectl("scale", "deployment", f"{RELEASE}-{service}", f"--replicas={replicas}")


def _container(spec):
    return next(each for each in spec["containers"] if each["name"] == "orders")


def _agent(change):
    return edited("orders", lambda spec: change(agent_of(spec["initContainers"])))


def _environment(**variables):
    def change(spec):
        container = next(each for each in spec["containers"] if each["name"] != "jaeger-agent")
        others = [each for each in container["env"] if each["name"] not in variables]
        given = [{"name": name, "value": value} for name, value in variables.items()]
        container["env"] = [*others, *given]

    return edited("orders", change)


def _wrong(name, what, right, uncounted="", **variables):
    return Fault(
        name, what, right, _rolled(_environment(**variables)), restored, uncounted=uncounted
    )


def _rolled(change):
    """Return what changes pods, and waits until the new ones run."""
    return both(change, lambda bed: bed.await_ready())


def _flag(old, new):
    def change(agent):
        agent["args"] = [word.replace(old, new) for word in agent["args"]]

    return _agent(change)


def _little_memory(agent):
    agent["resources"] = {"limits": {"memory": "7Mi"}}
    agent["args"] = [word.replace("workers=64", "workers=5000") for word in agent["args"]]


def _other_token(bed):
    path = bed.folder / "other.yaml"
    path.write_text(WRONG)
    bed.space.kubectl("create", "secret", "generic", "other", f"--from-file=agent.yaml={path}")

    def change(spec):
        for volume in spec["volumes"]:
            if "secret" in volume:
                volume["secret"]["secretName"] = "other"

    bed.edit("orders", change)
    bed.await_ready()


def _no_endpoints(selector):
    patch = f'{{"spec": {{"selector": {{"no": {selector}}}}}}}'
    return kubectl("patch", "service", f"{RELEASE}-gateway", "--patch", patch)


def _no_secret(bed):
    bed.space.kubectl("delete", "secret", "tracing")
    bed.replace_pods("orders")


def _stuck(bed):
    bed.patch("orders", {"spec": {"strategy": {"type": "RollingUpdate"}}})
    bed.edit("orders", lambda spec: _container(spec).update(image="localhost/no/such:1"))


def _secret_again(bed):
    bed.restore_secret()
    bed.replace_pods("orders")
    bed.await_ready()


_SOON = 8.0
"""Seconds that the cluster takes to notice."""

KUBERNETES = (
    answers(
        "gateway-unauthenticated",
        "the gateway answers Unauthenticated",
        ("token-refused",),
        fail_with="UNAUTHENTICATED",
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
    Fault(
        "gateway-reject",
        "a policy resets the pod's connections to the gateway",
        ("gateway-connection-refused",),
        *rule("orders", *TO_GATEWAY, "REJECT", "--reject-with", "tcp-reset"),
    ),
    Fault(
        "gateway-drop",
        "a policy drops the pod's packets to the gateway",
        ("gateway-silent", "gateway-unreachable"),
        *rule("orders", *TO_GATEWAY, "DROP"),
    ),
    Fault(
        "gateway-scaled-to-0",
        "the gateway is scaled to 0",
        ("missing-part", "service-scaled-to-zero", *GONE, *NO_PLACE),
        scaled("gateway", 0),
        restored,
        wait=_SOON,
    ),
    Fault(
        "gateway-without-endpoints",
        "the gateway's Service selects no pod",
        ("gateway-connection-refused", "gateway-unreachable"),
        both(
            _no_endpoints('"such"'),
            lambda bed: bed.replace_pods("orders"),
            lambda bed: bed.await_ready(),
        ),
        both(_no_endpoints("null"), restored),
        uncounted=ENDED,
    ),
    Fault(
        "gateway-name",
        "the agent's gateway has a name that does not exist",
        ("gateway-name-unresolved",),
        _rolled(_flag("faults-gateway:1883", "gateway.invalid:1883")),
        restored,
        uncounted=ENDED,
    ),
    SILENT,
    Fault(
        "token-wrong",
        "the agent has another token than its gateway",
        ("token-refused",),
        _other_token,
        both(restored, kubectl("delete", "secret", "other")),
        uncounted=ENDED,
    ),
    Fault(
        "secret-deleted",
        "the Secret is deleted, and the pod replaced",
        ("secret-missing",),
        _no_secret,
        _secret_again,
        wait=_SOON,
        uncounted=ENDED,
    ),
    Fault(
        "pod-pending",
        "no node takes the pod",
        ("part-not-running",),
        edited("orders", lambda spec: spec.update(nodeSelector={"no": "such"})),
        restored,
        wait=_SOON,
        uncounted=ENDED,
    ),
    Fault(
        "image-missing",
        "the image of the service does not exist",
        ("part-without-image",),
        edited("orders", lambda spec: _container(spec).update(image="localhost/no/such:1")),
        restored,
        wait=_SOON,
        uncounted=ENDED,
    ),
    Fault(
        "service-crash-loop",
        "the service ends at each start",
        ("part-crashing",),
        edited("orders", lambda spec: _container(spec).update(command=["false"])),
        restored,
        wait=_SOON,
        uncounted=ENDED,
    ),
    Fault(
        "agent-crash-loop",
        "the agent gets a flag that it does not know",
        ("part-crashing",),
        _agent(lambda agent: agent["args"].append("--no-such-flag=1")),
        restored,
        wait=_SOON,
        uncounted=ENDED,
    ),
    Fault(
        "agent-oom",
        "the agent may use 7 MB of memory, and is killed for more",
        ("part-out-of-memory",),
        _agent(_little_memory),
        restored,
        wait=_SOON,
        uncounted=ENDED,
    ),
    Fault(
        "agent-absent",
        "the pod has no agent",
        ("missing-part",),
        _rolled(edited("orders", lambda spec: spec.update(initContainers=[]))),
        restored,
        uncounted=ELSEWHERE,
    ),
    Fault(
        "service-scaled-to-0",
        "the service is scaled to 0",
        ("service-scaled-to-zero",),
        scaled("orders", 0),
        restored,
        wait=_SOON,
    ),
    Fault(
        "rollout-stuck",
        "a new pod cannot start, the old one still serves",
        ("rollout-stuck",),
        _stuck,
        restored,
        wait=_SOON,
    ),
    Fault(
        "replica-drop",
        "a policy drops the packets of one of two pods to the gateway",
        ("gateway-silent", "gateway-unreachable"),
        *rule("stock", *TO_GATEWAY, "DROP"),
        service="stock",
    ),
    _wrong(
        "environment-sampler-off",
        "JAEGER_SAMPLER_PARAM of the service is 0",
        SAMPLED_OUT,
        JAEGER_SAMPLER_TYPE="const",
        JAEGER_SAMPLER_PARAM="0",
    ),
    _wrong("service-idle", "the service gets no requests", ("service-idle",), WORKLOAD_MODE="idle"),
    _wrong(
        "code-elsewhere",
        "the service's code reports to a closed port of its own pod",
        AWAY,
        ELSEWHERE,
        WORKLOAD_MODE="elsewhere",
    ),
    asked(
        _wrong(
            "code-no-tracer",
            "the service makes no tracer",
            ("service-silent",),
            WORKLOAD_MODE="no-tracer",
        )
    ),
    _wrong(
        "service-host-wrong",
        "JAEGER_AGENT_HOST is an address where nothing is",
        ("agent-not-reached", *AWAY),
        ELSEWHERE,
        JAEGER_AGENT_HOST="192.0.2.1",
    ),
)
