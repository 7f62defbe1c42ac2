"""Faults under Compose: of services."""

from __future__ import annotations

from dataclasses import replace

from faults.compose_gateway import GONE, compose, edited, restored
from faults.model import Fault

ASK = ("--request", "http://127.0.0.1:8080/work")
ELSEWHERE = "what is sent elsewhere is counted by nobody"
SAMPLED_OUT = ("service-sampler-off",)
AWAY = ("service-reports-elsewhere",)


def _environment(**variables):
    def change(services):
        services["orders"]["environment"].update(variables)

    return edited(change, "orders")


def _wrong(name, what, right, uncounted="", **variables):
    return Fault(
        name,
        what,
        right,
        _environment(**variables),
        restored("orders"),
        uncounted=uncounted,
        wait=4.0,
    )


def asked(fault):
    """Let verify ask the service itself: without a request, silence may only mean that it idles."""
    return replace(fault, options=ASK, what=f"{fault.what} (verify --request)")


def _replica(verb, *options):
    def change(bed):
        network = bed.network("stock-tracing")
        bed.docker("network", verb, *options, network, bed.names("stock")[-1])

    return change


def _sampled_out(bed):
    bed.render(lambda spec: spec["services"][0].update(sampling={"type": "const", "param": 0}))
    bed.restore("orders")


def _as_rendered(bed):
    bed.render()
    bed.restore("orders")


SERVICES = (
    Fault(
        "service-stopped",
        "the service is stopped",
        GONE,
        compose("stop", "--timeout=6", "orders"),
        compose("start", "orders"),
    ),
    Fault(
        "service-removed",
        "the service has no container",
        ("service-missing", "missing-part"),
        compose("rm", "--stop", "--force", "orders"),
        restored("orders"),
    ),
    _wrong(
        "service-host-wrong",
        "JAEGER_AGENT_HOST is an address where nothing is",
        ("agent-not-reached", *AWAY),
        ELSEWHERE,
        JAEGER_AGENT_HOST="192.0.2.1",
    ),
    _wrong(
        "service-name-wrong",
        "JAEGER_AGENT_HOST is a name that does not exist",
        ("service-agent-unresolved", *AWAY),
        ELSEWHERE,
        JAEGER_AGENT_HOST="agent.invalid",
    ),
    _wrong(
        "service-port-wrong",
        "JAEGER_AGENT_PORT is a port where nothing listens",
        ("agent-not-reached", *AWAY),
        ELSEWHERE,
        JAEGER_AGENT_PORT="6833",
    ),
    _wrong(
        "code-elsewhere",
        "the service's code reports to a closed port of its own container",
        AWAY,
        ELSEWHERE,
        WORKLOAD_MODE="elsewhere",
    ),
    _wrong(
        "code-elsewhere-far",
        "the service's code reports to an address where nothing is",
        AWAY,
        ELSEWHERE,
        WORKLOAD_MODE="elsewhere-far",
    ),
    _wrong(
        "code-sampler-off",
        "the service's code samples nothing",
        SAMPLED_OUT,
        WORKLOAD_MODE="sampler-0",
    ),
    _wrong(
        "environment-sampler-off",
        "JAEGER_SAMPLER_PARAM of the service is 0",
        SAMPLED_OUT,
        JAEGER_SAMPLER_TYPE="const",
        JAEGER_SAMPLER_PARAM="0",
    ),
    Fault(
        "spec-sampler-off",
        "the spec samples nothing",
        SAMPLED_OUT,
        _sampled_out,
        _as_rendered,
        wait=4.0,
    ),
    _wrong(
        "code-otlp",
        "the service reports by OTLP to its agent",
        ("service-speaks-otlp",),
        WORKLOAD_MODE="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://orders-agent:4317",
    ),
    asked(
        _wrong(
            "code-no-tracer",
            "the service makes no tracer",
            ("service-silent",),
            WORKLOAD_MODE="no-tracer",
        )
    ),
    _wrong("service-idle", "the service gets no requests", ("service-idle",), WORKLOAD_MODE="idle"),
    _wrong(
        "code-queue-small",
        "the client's queue is 5 spans, less than a request makes",
        ("service-loses-spans", "client-queue-full"),
        WORKLOAD_MODE="tiny-queue",
    ),
    _wrong(
        "service-named-as-other",
        "two services report under one name",
        ("service-name-shared",),
        JAEGER_SERVICE_NAME="stock",
    ),
    Fault(
        "replica-off-network",
        "one of two replicas is taken off its agent's network",
        ("service-agent-unresolved", *AWAY),
        _replica("disconnect"),
        _replica("connect"),
        service="stock",
        uncounted=ELSEWHERE,
    ),
)
