"""What is known of the OpenTelemetry Collector in the agent's place, and where it loses spans."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.recognition import TOKEN_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OLDEST, OLDEST_VERSION = (0, 155, 0), "0.155.0"
DEFAULT_VERSION = "0.165.0"
_VERSION = re.compile(r"(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})")

PROGRAMS = ("otelcol", "otelcol-contrib", "otelcol-k8s")
"""What its program is called, by distribution."""
COMPONENTS = ("jaeger", "file_storage")
"""What not every distribution has."""
METRICS_PORT = 8888
HEALTH_PORT = 13133
OTLP_GRPC_PORT, OTLP_HTTP_PORT = 4317, 4318
"""Where a service's own OTLP exporter sends to."""
PORTS = (COMPACT_PORT, OTLP_GRPC_PORT, OTLP_HTTP_PORT, METRICS_PORT, HEALTH_PORT)

SPAN_BYTES = 500
"""Of a span with six tags and a log, encoded as OTLP."""
_ROOM = 2
"""How often the queue must fit into its file: a start writes anew what was under way."""
_LOSES = "Spans are lost while the gateway does not take them."


def _error(rule: str, summary: str, fix: str, example: str, why: str = _LOSES) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


# Versions -------------------------------------------------------------------------------------

NOT_A_COLLECTOR_VERSION = _error(
    "not-a-collector-version",
    "The collector's version is not a release that the kit knows.",
    f"Use {OLDEST_VERSION} or later; {DEFAULT_VERSION} is what the kit is tested with",
    'agent: {kind: collector, version: "0.90.0"}',
    "Keys and names of parts differ by release: a collector exits at an unknown key.",
)


def version(text: str) -> Problem | None:
    """Judge the version of a collector; the cause does not repeat it."""
    found = _VERSION.fullmatch(text)
    if not found:
        fix = f"Give one such as {DEFAULT_VERSION}"
        return NOT_A_COLLECTOR_VERSION.problem("is not a version", fix)
    if tuple(map(int, found.groups())) < OLDEST:
        return NOT_A_COLLECTOR_VERSION.problem(f"the oldest known is {OLDEST_VERSION}")
    return None


# The configuration ----------------------------------------------------------------------------

GIVES_UP = _error(
    "collector-gives-up",
    "The collector's exporter gives up on spans after a time.",
    "Set exporters.….retry_on_failure: {enabled: true, max_elapsed_time: 0}",
    "retry_on_failure: {max_elapsed_time: 300s}",
)
ACKNOWLEDGES_EARLY = _error(
    "collector-batch-processor",
    "A batch processor holds spans in memory before the queue on disk.",
    "Remove it: exporters.….sending_queue.batch makes batches inside the queue",
    "processors: [memory_limiter, batch]",
    "What it holds is lost when the collector stops.",
)
NOT_ON_DISK = _error(
    "collector-queue-in-memory",
    "The collector's queue is not on disk.",
    "Set exporters.….sending_queue: {enabled: true, storage: file_storage}",
    "sending_queue: {storage: null}",
    "What it holds is lost when the collector stops.",
)
NO_FSYNC = _error(
    "collector-without-fsync",
    "The collector's storage does not wait until its writes are on disk.",
    "Set extensions.file_storage.fsync: true",
    "file_storage: {fsync: false}",
    "What is not on disk yet is lost when the machine stops.",
)
RECREATES = _error(
    "collector-recreates-queue",
    "The collector sets a damaged queue aside and starts an empty one.",
    "Remove extensions.file_storage.recreate",
    "file_storage: {recreate: true}",
    "Nobody reads the file that was set aside: its spans are lost, and nothing says so.",
)
COMPACTS_AT_START = _error(
    "collector-compacts-at-start",
    "The collector rewrites its queue before it starts.",
    "Set extensions.file_storage.compaction.on_start: false",
    "compaction: {on_start: true}",
    "The more spans wait, the longer it takes; packets that arrive meanwhile are lost.",
)
BLOCKS = _error(
    "collector-blocks-on-overflow",
    "The collector's receivers wait while its queue is full.",
    "Set exporters.….sending_queue.block_on_overflow: false, and raise agent.buffer",
    "sending_queue: {block_on_overflow: true}",
    "A UDP socket does not wait: the kernel drops packets, which the collector does not count.",
)
KEEPS_TOKEN = _error(
    "collector-forwards-token",
    "The collector forwards the tag Authentication of an old agent as an attribute.",
    "Keep the resource processor that deletes it in service.pipelines.traces.processors",
    "processors: [memory_limiter]",
    "The token is then an attribute of each span, for everybody who sees the traces.",
)
PRINTS_SPANS = _error(
    "collector-prints-spans",
    "A debug exporter prints spans with all their attributes into the log.",
    "Remove it, or set verbosity: basic",
    "exporters: {debug: {verbosity: detailed}}",
    "Attributes may hold secrets, which anyone who reads the log then sees.",
)
QUEUE_ABOVE_DISK = _error(
    "collector-queue-above-disk",
    "The collector's queue may grow larger than the bound of its file.",
    "Lower agent.buffer or capacity.spans_per_second, or raise agent.disk",
    "agent: {buffer: 30m, disk: 64m}, capacity: {spans_per_second: 2000}",
    "Spans that come after the file is full are lost, and at the next start most that wait.",
)


def configuration(config: Mapping[str, Any]) -> Iterator[tuple[str, Problem]]:
    """Yield path and problem of what a collector's configuration would lose, or show."""
    traces = _at(config, "service", "pipelines", "traces")
    yield from _processors(config, traces)
    for name in traces.get("exporters") or ():
        yield from _exporter(str(name), _at(config, "exporters", str(name)))
        yield from _room(str(name), config)
    for name, settings in (config.get("extensions") or {}).items():
        if _kind(name) == "file_storage":
            yield from _storage(f"extensions.{name}", settings or {})


def _processors(
    config: Mapping[str, Any], traces: Mapping[str, Any]
) -> Iterator[tuple[str, Problem]]:
    path = "service.pipelines.traces.processors"
    names = [str(name) for name in traces.get("processors") or ()]
    if any(_kind(name) == "batch" for name in names):
        yield path, ACKNOWLEDGES_EARLY.problem("has a batch processor")
    used = (_at(config, "processors", name) for name in names if _kind(name) == "resource")
    if not any(_deletes_token(each) for each in used):
        yield path, KEEPS_TOKEN.problem(f"nothing deletes the attribute {TOKEN_TAG}")


def _deletes_token(resource: Mapping[str, Any]) -> bool:
    actions = resource.get("attributes") or ()
    return {"key": TOKEN_TAG, "action": "delete"} in [dict(each) for each in actions]


def _exporter(name: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, Problem]]:
    path = f"exporters.{name}"
    if _kind(name) == "debug":
        if settings.get("verbosity") == "detailed":
            yield f"{path}.verbosity", PRINTS_SPANS.problem("is detailed")
        return
    retry, queue = _at(settings, "retry_on_failure"), _at(settings, "sending_queue")
    if retry.get("enabled") is False or not _is_zero(retry.get("max_elapsed_time")):
        yield f"{path}.retry_on_failure", GIVES_UP.problem("ends after a time")
    if queue.get("enabled") is False or not queue.get("storage"):
        yield f"{path}.sending_queue", NOT_ON_DISK.problem("names no storage")
    if queue.get("block_on_overflow"):
        yield f"{path}.sending_queue.block_on_overflow", BLOCKS.problem("is true")


def _room(name: str, config: Mapping[str, Any]) -> Iterator[tuple[str, Problem]]:
    """Judge whether the file of an exporter's queue is large enough for it."""
    queue = _at(config, "exporters", name, "sending_queue")
    storage = str(queue.get("storage") or "")
    bound = _at(config, "extensions", storage).get("max_size") or 0
    if not bound or _kind(name) == "debug":
        return
    path = f"exporters.{name}.sending_queue"
    fix = f"Set sizer: bytes, and queue_size to {bound // _ROOM} or less"
    if queue.get("sizer") != "bytes":
        yield path, QUEUE_ABOVE_DISK.problem("is not bounded in bytes, and its file is", fix)
    elif _ROOM * queue.get("queue_size", 0) > bound:
        cause = f"has {queue['queue_size']} bytes, more than half of its file's {bound}"
        yield path, QUEUE_ABOVE_DISK.problem(cause, fix)


def _storage(path: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, Problem]]:
    if not settings.get("fsync"):
        yield f"{path}.fsync", NO_FSYNC.problem("is not true")
    if settings.get("recreate"):
        yield f"{path}.recreate", RECREATES.problem("is true")
    if _at(settings, "compaction").get("on_start"):
        yield f"{path}.compaction.on_start", COMPACTS_AT_START.problem("is true")


RELAY_WITHOUT_COLLECTORS = _error(
    "relay-without-collectors",
    "A relay needs collectors, and the services have jaeger-agents.",
    "Set agent: {kind: collector}, or remove relay",
    "agent: {kind: jaeger-agent}, relay: {replicas: 2}",
    "An agent speaks Jaeger's gRPC, and a relay takes only OTLP.",
)
RELAY_ABOVE_STORAGE = _error(
    "relay-above-storage",
    "The relays' queues do not fit on their volumes.",
    "Raise relay.storage or relay.replicas, or lower relay.buffer or the capacity",
    "relay: {replicas: 1, storage: 1g, buffer: 2h}",
    "Spans that come after a volume is full wait in the pods, and are lost with them.",
)


def relay(*, is_collector: bool) -> Problem | None:
    """Judge the kind of agents before a relay."""
    cause = "is given, and agent.kind is not collector"
    return None if is_collector else RELAY_WITHOUT_COLLECTORS.problem(cause)


def relay_storage(needed_mib: int, storage_mib: int) -> Problem | None:
    """Judge what the queue of one relay may take, slack included, against its volume."""
    if needed_mib <= storage_mib:
        return None
    cause = f"each relay may need {needed_mib:,} MiB, and its volume has {storage_mib:,} MiB"
    return RELAY_ABOVE_STORAGE.problem(cause)


NO_SAMPLING_SOURCE = _error(
    "remote-sampler-without-source",
    "A service asks its agent for its sampling rate, and a collector does not answer.",
    "Choose another type of sampling, or kind: jaeger-agent",
    "agent: {kind: collector}, sampling: {type: remote}",
    "A client without an answer keeps its initial rate, which may be one trace in a thousand.",
)


def sampler(kind: str) -> Problem | None:
    """Judge the sampler of a service that reports to a collector."""
    if kind != "remote":
        return None
    return NO_SAMPLING_SOURCE.problem("is remote, and a collector serves no sampling")


def disk(needed_mib: int, bound_mib: int) -> Problem | None:
    """Judge what a queue may take on disk against the bound of its file."""
    if needed_mib <= bound_mib:
        return None
    cause = f"the queue may take {needed_mib:,} MiB, and its file may have {bound_mib:,} MiB"
    return QUEUE_ABOVE_DISK.problem(cause)


def _at(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return a map inside a map; an empty one where there is none."""
    for key in keys:
        found = data.get(key)
        data = found if isinstance(found, dict) else {}
    return data


def _kind(name: object) -> str:
    return str(name).partition("/")[0]


def _is_zero(value: object) -> bool:
    return value is not None and re.fullmatch(r"0+(\.0+)?[a-zµ]*", str(value)) is not None
