"""How a service's tracer reports, by the variables that it reads and the packages in its image."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

THRIFT, OTLP, HTTP = "Thrift", "OTLP", "Jaeger over HTTP"
ZIPKIN = "Zipkin over HTTP"
BINARY = "binary Thrift"
"""As tracers for Node.js send it. The kit's agents take compact Thrift."""
"""Only the first goes to an agent, over UDP."""

PAST_THE_AGENT = Rule(
    "spans-past-the-agent",
    Severity.WARNING,
    "A service reports in a way that bypasses the agent.",
    "An agent takes Thrift over UDP only: these spans go where they go today.",
    "Let the service's tracer send Thrift to the agent, or name the service with --not",
    "environment: {OTEL_EXPORTER_OTLP_ENDPOINT: 'http://tracer:4317'}",
)

IN_A_COMMAND = Rule(
    "agent-address-in-a-command",
    Severity.WARNING,
    "A command sets the address of the agent itself.",
    "It wins over the variable that the kit sets, and the service's own agent may get no span.",
    "Remove it from the command",
    "command: sh -c 'JAEGER_AGENT_HOST=jaeger flask run'",
)

INSTRUMENTED = Rule(
    "instrumented-by-an-operator",
    Severity.WARNING,
    "An operator gives a pod a tracer or a collector of its own when it starts.",
    "Calls are traced twice, and what the operator's tracer makes does not go to the agent.",
    'Remove the annotation, or set it to "false"; or leave the workload out with --not',
    'annotations: {instrumentation.opentelemetry.io/inject-python: "true"}',
)
_INSTRUMENTED = (
    "instrumentation.opentelemetry.io/inject-python",
    "instrumentation.opentelemetry.io/inject-sdk",
    "sidecar.opentelemetry.io/inject",
    "admission.datadoghq.com/python-lib.version",
)
"""Annotations of pods by which operators add to them; of any value but `false`."""
_OPERATOR = "opentelemetry.io/"
"""In those that hold for all pods of a namespace with them."""
_NONE: Mapping[str, str] = MappingProxyType({})
_EXPORTER = "OTEL_TRACES_EXPORTER"
"""Its value is the name of an exporter, also where a service has that name."""
_TO_AGENT = (
    "JAEGER_AGENT_HOST",
    "JAEGER_AGENT_PORT",
    "OTEL_EXPORTER_JAEGER_AGENT_HOST",
    "OTEL_EXPORTER_JAEGER_AGENT_PORT",
)
_OTLP = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_HTTP = (
    "JAEGER_ENDPOINT",
    "OTEL_EXPORTER_JAEGER_ENDPOINT",
    "JAEGER_COLLECTOR_ENDPOINT",
    "JAEGER_COLLECTOR_URL",
)
_ZIPKIN = ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "ZIPKIN_ENDPOINT")
_NAMES = {THRIFT: _TO_AGENT, OTLP: _OTLP, HTTP: _HTTP, ZIPKIN: _ZIPKIN}
"""What is spoken → the variables that say so."""
_NO_TRACER = ("JAEGER_QUERY", "JAEGER_UI", "JAEGER_COLLECTOR", "JAEGER_STORAGE", _EXPORTER)
"""How the variables begin that name no host which a tracer reports to."""
_PORTS = {
    **dict.fromkeys((0, 5775, 6831, 6832), THRIFT),
    **dict.fromkeys((4317, 4318), OTLP),
    14268: HTTP,
    9411: ZIPKIN,
}
"""Port that a variable names, 0 for none → what is spoken there; another port is no tracer's."""
_SAMPLING_PORT = "5778"
"""Where a tracer asks how to sample: no span goes there."""
OTEL_AGENT_HOST = "OTEL_EXPORTER_JAEGER_AGENT_HOST"
OTEL_AGENT_PORT = "OTEL_EXPORTER_JAEGER_AGENT_PORT"
"""What the Jaeger exporter of OpenTelemetry reads in place of JAEGER_AGENT_HOST and …_PORT."""
_PACKAGES = {
    "jaeger-client": THRIFT,
    "sidecar-tracing": THRIFT,
    "flask-opentracing": THRIFT,
    "django-opentracing": THRIFT,
    "opentelemetry-exporter-jaeger": THRIFT,
    "opentelemetry-exporter-jaeger-thrift": THRIFT,
    "opentelemetry-exporter-jaeger-proto-grpc": HTTP,
    "opentelemetry-exporter-otlp": OTLP,
    "opentelemetry-exporter-otlp-proto-grpc": OTLP,
    "opentelemetry-exporter-otlp-proto-http": OTLP,
}
_ASSIGNED = re.compile(
    r"(?<![\w$])(?P<name>(?:OTEL_EXPORTER_)?JAEGER_AGENT_(?:HOST|PORT))=(?P<value>[\w.:-]*)"
)
_THRIFT_PORT = re.compile(r"(?<![\w.-])(?P<host>\w[\w.-]{0,252}):(?:5775|6831|6832)(?!\d)")
_OF_A_TRACER = re.compile(r"jaeger|trac|agent", re.IGNORECASE)
"""A variable that names a host without a port."""
_PACKAGE = re.compile(r"(?<![\w.-])[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)+", re.IGNORECASE)
_TARGET = re.compile(r"(?:\w+://)?(?:[^@/\s]*@)?(?P<host>[\w.-]+)(?::(?P<port>\d{1,5}))?(?:/.*)?")


class Way(NamedTuple):
    """How spans leave a service."""

    protocol: str
    """Thrift, OTLP, or Jaeger or Zipkin over HTTP."""
    name: str
    """The variable or package that shows it."""

    @property
    def is_otel(self) -> bool:
        """Whether it is an exporter of OpenTelemetry."""
        return self.name.startswith(("OTEL_", "opentelemetry-"))


def way_of_variables(variables: Mapping[str, str]) -> Way | None:
    """Return how a tracer reports that reads these variables; None where no tracer reads one."""
    exporters = {word.strip() for word in variables.get(_EXPORTER, "").split(",")}
    if "jaeger" in exporters:
        return Way(THRIFT, _EXPORTER)
    for protocol, names in _NAMES.items():
        if found := next((name for name in names if name in variables), ""):
            return Way(protocol, found)
    for word, protocol in (("otlp", OTLP), ("zipkin", ZIPKIN)):
        if word in exporters:
            return Way(protocol, _EXPORTER)
    ways = [Way(spoken, name) for name, spoken in _jaegers(variables) if spoken]
    return next((way for way in ways if way.protocol != THRIFT), ways[0] if ways else None)


def _jaegers(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what is spoken where each variable leads that services name after Jaeger.

    Some lead to its page or its API, at another port, and mean no tracer.
    """
    for name, value in variables.items():
        if name.startswith("JAEGER_") and not name.startswith(_NO_TRACER):
            port = _port(name, value.strip()[:500])
            yield name, _PORTS.get(port, "") if port or "://" not in value else ""


def _port(name: str, value: str) -> int:
    """Return the port that a variable holds, or has in an address; 0 for none."""
    if name.endswith("_PORT") and value.isascii() and value.isdecimal():
        return int(value[:6])
    target = _TARGET.fullmatch(value)
    return int(target["port"] or 0) if target else 0


def way_to(variables: Mapping[str, str], hosts: Iterable[str]) -> Way | None:
    """Return how a service reports to one of these hosts, by a variable that names it."""
    known = set(hosts)
    for name, value in variables.items():
        target = _TARGET.fullmatch(value.strip()[:500])
        spoken = _PORTS.get(int(target["port"] or 0)) if target else None
        if target and spoken and target["host"] in known and not name.startswith(_NO_TRACER):
            return Way(spoken, name)
    return None


def way_of_packages(text: str) -> Way | None:
    """Return how a tracer reports that a Dockerfile or a list of requirements names."""
    names = (re.sub(r"[_.]", "-", name).lower() for name in _PACKAGE.findall(text))
    found = [Way(_PACKAGES[name], name) for name in names if name in _PACKAGES]
    return next((way for way in found if way.protocol == THRIFT), found[0] if found else None)


def agents_in(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variable → the host that its value is, or has in an address, where Thrift may go."""
    known = (_EXPORTER, *_OTLP, *_HTTP, *_ZIPKIN)
    others = {name: value for name, value in variables.items() if name not in known}
    targets = {name: _TARGET.fullmatch(value.strip()[:500]) for name, value in others.items()}
    return {
        name: target["host"]
        for name, target in targets.items()
        if target and _PORTS.get(int(target["port"] or 0), THRIFT) == THRIFT
        if target["port"] != _SAMPLING_PORT
    }


def instrumented(
    annotations: Mapping[str, str], of_namespace: Mapping[str, str] = _NONE
) -> Problem | None:
    """Judge the annotations of a pod by which an operator traces it, too.

    Those of its namespace hold where the pod has none of that name.
    """
    inherited = {key: value for key, value in of_namespace.items() if key not in annotations}
    if found := _switched_on(annotations):
        return INSTRUMENTED.problem(f"is annotated with {', '.join(found)}")
    if found := [key for key in _switched_on(inherited) if _OPERATOR in key]:
        return INSTRUMENTED.problem(f"its namespace is annotated with {', '.join(found)}")
    return None


def _switched_on(annotations: Mapping[str, str]) -> list[str]:
    off = ("", "false")
    return [key for key in _INSTRUMENTED if annotations.get(key, "").casefold() not in off]


def named_hosts(variables: Mapping[str, str], words: Iterable[str]) -> set[str]:
    """Return the hosts that variables or the words of a command name for Thrift.

    A name without a port counts in a variable that is a tracer's.
    """
    ported = {found["host"] for word in words for found in _THRIFT_PORT.finditer(word)}
    for name, host in agents_in(variables).items():
        if _OF_A_TRACER.search(name) or _THRIFT_PORT.search(variables[name]):
            ported.add(host)
    return ported


def past_the_agent(way: Way | None) -> Problem | None:
    """Judge the way in which a service reports."""
    if way is None or way.protocol == THRIFT:
        return None
    if way.protocol == BINARY:
        cause = (
            f"{way.name}: runs Node.js, whose tracers send binary Thrift; the kit's agents take "
            "compact Thrift, and these spans stay where they go today"
        )
        fix = "Let its tracer send OTLP or HTTP to a collector, or name the service with --not"
        return PAST_THE_AGENT.problem(cause, fix)
    cause = (
        f"{way.name}: {way.protocol} does not lead through an agent, which takes Thrift over UDP "
        "only; these spans stay where they go today"
    )
    return PAST_THE_AGENT.problem(cause)


def assigned(words: Iterable[str]) -> dict[str, str]:
    """Return the agent's address that a command sets: variable → value."""
    return {found["name"]: found["value"] for word in words for found in _ASSIGNED.finditer(word)}


def in_a_command(words: Iterable[str]) -> Problem | None:
    """Judge the words of a command by the agent's address."""
    names = assigned(words)
    if not names:
        return None
    return IN_A_COMMAND.problem(f"the command itself sets {', '.join(names)}, which wins")
