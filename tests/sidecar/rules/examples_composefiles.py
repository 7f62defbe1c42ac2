"""A bad and a good Compose file for each rule about reading one, and its regions."""

from __future__ import annotations

from init_findings import init_findings
from rule_examples import Call, Example, example

from sidecar.rules import composefiles

AGENTS = """
  a: {{image: 'jaegertracing/jaeger-agent:1.62.0', command: --reporter.grpc.host-port={0}:1883}}
  b: {{image: 'jaegertracing/jaeger-agent:1.62.0', command: --reporter.grpc.host-port={1}:1883}}
"""
HANGZHOU, BEIJING = (f"tracing-analysis-dc-{city}.aliyuncs.com" for city in ("hz", "bj"))


def _service(bad: str, good: str) -> Example:
    """Return the example of one service with one setting."""
    service = "services: {{web: {{image: 'web:1', ports: ['1:1'], {}}}}}"
    return example(init_findings, Call(service.format(bad)), Call(service.format(good)))


def _file(bad: str, good: str) -> Example:
    service = "services:\n  web: {image: 'web:1', environment: {JAEGER_TAGS: a=b}}\n"
    return example(init_findings, Call(service + bad), Call(service + good))


EXAMPLES = {
    "unreadable-value": _service("mem_limit: lots", "mem_limit: 256m"),
    "broken-extends": _service("extends: {service: typo}", "x-extends: {service: typo}"),
    "stack-refused-by-compose": example(
        composefiles.refused, Call("services.web.ports must be a array"), Call("")
    ),
    "unnamed-region": example(
        init_findings,
        Call("services: {web: {build: .}}", region=""),
        Call("services: {web: {build: .}}", region="local"),
    ),
    "several-regions": _file(AGENTS.format(HANGZHOU, BEIJING), AGENTS.format(HANGZHOU, HANGZHOU)),
}
