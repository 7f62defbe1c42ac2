"""Bad and good facts for each rule about what a service's own spans show."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.rules import service_reports as rules
from sidecar.rules.service_reports import Facts, Sampler, Told

FINE = Call(Facts(own=3, tracers=1, told=(Told("web-agent", 6831, certain=True),)))


def judged(**facts: object) -> Example:
    """Return the example of facts, beside a service that reports."""
    return example(rules.judge, Call(Facts(**facts)), FINE)


EXAMPLES = {
    "service-sampler-off": judged(tracers=1, samplers=(Sampler("const", 0.0),), sampled_out=2),
    "service-reports-elsewhere": judged(
        own=3, tracers=1, told=(Told("localhost", 6831, to_agent=False, certain=True),)
    ),
    "service-agent-unresolved": judged(
        told=(Told("web-agent", 6831, "JAEGER_AGENT_HOST", resolves=False),)
    ),
    "service-speaks-otlp": judged(collectors=("172.18.0.9:4317 (OTLP)",), answers=1),
    "service-loses-spans": judged(own=3, tracers=1, dropped={"queue_full": 30}),
    "service-spans-wait": judged(tracers=1, waiting=400),
    "service-silent": judged(answers=1),
    "service-idle": judged(),
    "request-not-answered": judged(own=3, unanswered="http://localhost:1/: does not answer"),
    "service-name-shared": example(rules.shared_name, Call("shop", ["worker"]), Call("shop", [])),
}
