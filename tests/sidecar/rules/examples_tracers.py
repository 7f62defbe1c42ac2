"""A bad and a good value for each rule about how a tracer reports."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.rules import tracers

EXAMPLES: dict[str, Example] = {
    "instrumented-by-an-operator": example(
        tracers.instrumented,
        Call({"instrumentation.opentelemetry.io/inject-python": "team/python"}),
        Call({"instrumentation.opentelemetry.io/inject-python": "false"}),
    ),
    "spans-past-the-agent": example(
        lambda variables: tracers.past_the_agent(tracers.way_of_variables(variables)),
        Call({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://tracer:4317"}),
        Call({"JAEGER_AGENT_HOST": "agent"}),
    ),
    "agent-address-in-a-command": example(
        tracers.in_a_command,
        Call(["sh", "-c", "export JAEGER_AGENT_HOST=jaeger && flask run"]),
        Call(["sh", "-c", "echo $JAEGER_AGENT_HOST"]),
    ),
}
