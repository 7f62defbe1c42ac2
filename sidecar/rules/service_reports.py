"""Why a service's own spans do not arrive: the first hop of `sidecar verify`.

What is judged here was read in the network namespace of one replica of a service: the statistics of
its tracing runtime, its sockets and counters, its variables; and what the stand-in, or else the
agent, received from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ASKED = "51dec0de"
"""The first digits of the trace ids that verify gives to requests: they are no own spans."""
COLLECTOR_PORTS = {4317: "OTLP", 4318: "OTLP", 14250: "gRPC", 14268: "HTTP"}
"""Where a program reports that bypasses its agent, and how."""

_NOTHING = "The service's own spans do not arrive; only those of verify do."


def _error(rule: str, summary: str, fix: str, example: str, why: str = _NOTHING) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


SAMPLER_OFF = _error(
    "service-sampler-off",
    "The sampler of the service excludes all spans.",
    "Set JAEGER_SAMPLER_TYPE=const and JAEGER_SAMPLER_PARAM=1, or the sampler in code",
    "a tracer with the sampler const 0; a request without a trace leaves no span, one with"
    " a sampled trace does",
)
ELSEWHERE = _error(
    "service-reports-elsewhere",
    "The service reports to another address than its agent's.",
    "Set JAEGER_AGENT_HOST and JAEGER_AGENT_PORT to the agent's, and no address in code",
    "a tracer with `local_agent: {reporting_host: localhost}` in a container of its own",
)
NO_PATH = _error(
    "service-agent-unresolved",
    "The name of the agent does not resolve where the service runs.",
    "Put the service, or this replica, on the agent's network; check JAEGER_AGENT_HOST",
    "a replica that `docker network disconnect` took off the network of its agent",
)
OTHER_PROTOCOL = _error(
    "service-speaks-otlp",
    "The service reports by OTLP or HTTP, which its agent does not take.",
    "Report by jaeger-client's UDP (sidecar_tracing) to the agent",
    "an established connection to port 4317; OTEL_EXPORTER_OTLP_ENDPOINT is set",
)
LOSES = _error(
    "service-loses-spans",
    "The tracing client of the service dropped spans while verify watched.",
    "See the reason in docs/losses.md",
    "30 queue_full",
    "Some of the service's own spans do not arrive.",
)
STUCK = _error(
    "service-spans-wait",
    "The service's own spans wait in its tracing client.",
    "Check that the agent runs and that its name resolves where the service runs",
    "400 spans wait, and none was ever sent",
)
SILENT = _error(
    "service-silent",
    "The service answered requests, and reported no span of them.",
    "Check that it creates a tracer after its fork, and that this URL is traced",
    "`--request` answered 200, and nothing left the service",
)
IDLE = _error(
    "service-idle",
    "The service has reported no spans of its own, and served no request of verify.",
    "Give --request URL, which lets it make a span; --path-only proves the path alone",
    "a service that has not been asked since it started",
    "It is not known whether the service's own spans would arrive.",
)
NO_ANSWER = _error(
    "request-not-answered",
    "A URL of --request does not answer from where the service runs.",
    "Check the URL: localhost means the service's own container or pod",
    "--request http://localhost:1/",
    "It is not known whether the service's own spans would arrive.",
)
SHARED_NAME = _error(
    "service-name-shared",
    "Two services report under one name.",
    "Give each service a JAEGER_SERVICE_NAME of its own",
    "web and worker both report as `shop`",
    "Their spans cannot be told apart in the console.",
)


@dataclass(frozen=True)
class Sampler:
    """A sampler as the configuration names it."""

    kind: str = ""
    """Empty where it is not known."""
    param: float | None = None
    place: str = "in code"

    @property
    def is_off(self) -> bool:
        """Tell whether it excludes everything."""
        return bool(self.kind) and self.param == 0

    def __str__(self) -> str:
        return self.kind if self.param is None else f"{self.kind} {self.param:g}"


@dataclass(frozen=True)
class Told:
    """Where a client reports to, as it is told, and where that leads."""

    host: str = ""
    """Empty where it is not known."""
    port: int = 0
    place: str = "in code"
    resolves: bool = True
    to_agent: bool = True
    """False where the address is another than the agent's."""
    certain: bool = False
    """Whether its tracer says so itself; a variable may be overridden in code."""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Facts:
    """What is known of one replica of a service."""

    own: int = 0
    """Its own spans that were sent or have arrived, as far as they are known."""
    tracers: int = 0
    """Tracers of the kit's runtime that told their statistics."""
    told: Sequence[Told] = ()
    samplers: Sequence[Sampler] = ()
    sampled_out: int = 0
    """Spans that the sampler excluded, by the runtime's statistics."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Lost by its client during the look; reason → spans."""
    waiting: int = 0
    """Spans in its client's queue."""
    collectors: Sequence[str] = ()
    """HOST:PORT of other receivers that it is connected to."""
    otlp_variables: Sequence[str] = ()
    """Names of its variables that point to another receiver."""
    answers: int = 0
    """Requests of verify that it answered."""
    unanswered: str = ""
    """A request that it did not answer, and why."""
    asked: int = 0
    """Spans of the requests that carried a trace id of verify's, at the gateway."""
    senders: int = 0
    """UDP sockets of a client that names no destination."""
    received: bool = False
    """Whether its agent was seen to receive packets of its own."""


def judge(facts: Facts) -> Problem | None:
    """Return why a replica's own spans do not arrive; None where they do."""
    for cause in (_off, _away, _lost):
        if problem := cause(facts):
            return problem
    if facts.unanswered:
        return NO_ANSWER.problem(facts.unanswered)
    if facts.own:
        return None
    for cause in (_stuck, _other_protocol, _asked_only, _in_code, _silent):
        if problem := cause(facts):
            return problem
    return IDLE.problem(_idle_text(facts))


def _off(facts: Facts) -> Problem | None:
    off = [sampler for sampler in facts.samplers if sampler.is_off]
    # a service behind others continues their traces, whatever its own sampler is
    if off and len(off) == len(facts.samplers) and (facts.sampled_out or not facts.own):
        text = f"its sampler is {off[0]} ({off[0].place}), which excludes every span"
        if facts.sampled_out:
            text += f"; {facts.sampled_out} were excluded"
        return SAMPLER_OFF.problem(text)
    return None


def _away(facts: Facts) -> Problem | None:
    for told in facts.told:
        if facts.received and not told.certain:
            continue
        if not told.resolves:
            return NO_PATH.problem(f"{told.host} ({told.place}) does not resolve there")
        if not told.to_agent:
            return ELSEWHERE.problem(f"it reports to {told} ({told.place}), not to its agent")
    return None


def _lost(facts: Facts) -> Problem | None:
    if not facts.dropped:
        return None
    reasons = ", ".join(f"{count} {reason}" for reason, count in facts.dropped.items())
    return LOSES.problem(f"its client dropped {sum(facts.dropped.values())} own spans: {reasons}")


def _stuck(facts: Facts) -> Problem | None:
    if not facts.waiting:
        return None
    return STUCK.problem(f"{facts.waiting} own spans wait in its client, and none was sent")


def _other_protocol(facts: Facts) -> Problem | None:
    if facts.collectors:
        return OTHER_PROTOCOL.problem(f"it is connected to {', '.join(facts.collectors)}")
    if facts.otlp_variables and not facts.tracers:
        return OTHER_PROTOCOL.problem(f"its variables say so: {', '.join(facts.otlp_variables)}")
    return None


def _asked_only(facts: Facts) -> Problem | None:
    if not facts.asked:
        return None
    known = ", ".join(dict.fromkeys(str(sampler) for sampler in facts.samplers if sampler.kind))
    text = f"only a request with a sampled trace left spans ({facts.asked}): its sampler excludes"
    return SAMPLER_OFF.problem(f"{text} others{f' ({known})' if known else ''}")


def _in_code(facts: Facts) -> Problem | None:
    if facts.tracers or not facts.senders or not facts.answers:
        return None
    text = "it sends datagrams, and its agent received none: its code names another address"
    return ELSEWHERE.problem(text)


def _silent(facts: Facts) -> Problem | None:
    if not facts.answers:
        return None
    runtime = "its tracer made no span" if facts.tracers else "no tracer of the kit made one"
    return SILENT.problem(f"{facts.answers} requests were answered, and left no span: {runtime}")


def _idle_text(facts: Facts) -> str:
    if facts.tracers:
        return "its tracer has made no span yet"
    return "it reported nothing during the proof, and its client shows no statistics"


def shared_name(name: str, others: Sequence[str]) -> Problem | None:
    """Judge a name under which a service reports; `others` are the services that share it."""
    if not others:
        return None
    return SHARED_NAME.problem(f"reports as {name}, as {', '.join(others)} does")
