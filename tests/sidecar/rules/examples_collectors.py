"""A bad and a good value for each rule about collectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rule_examples import Call, example

from sidecar.plan.collector_configuration import configuration, merged
from sidecar.plan.collector_sizes import Buffer, tune
from sidecar.rules import collectors
from sidecar.spec import Capacity

if TYPE_CHECKING:
    from sidecar.findings import Problem


def judged(over: dict[str, Any]) -> list[Problem]:
    """Judge the kit's own configuration with another laid over it."""
    made = configuration("forwarder:14317", tune(Capacity()), Buffer(1800, 1000, 64, 2))
    return [problem for _, problem in collectors.configuration(merged(made, over))]


def exporter(**settings: Any) -> dict[str, Any]:
    return {"exporters": {"otlp_grpc": settings}}


def storage(**settings: Any) -> dict[str, Any]:
    return {"extensions": {"file_storage": settings}}


def pipeline(**settings: Any) -> dict[str, Any]:
    return {"service": {"pipelines": {"traces": settings}}}


def debug(verbosity: str) -> dict[str, Any]:
    exporters = pipeline(exporters=["otlp_grpc", "debug"])
    return {"exporters": {"debug": {"verbosity": verbosity}}, **exporters}


EXAMPLES = {
    "not-a-collector-version": example(collectors.version, Call("0.90.0"), Call("0.165.0")),
    "collector-gives-up": example(
        judged,
        Call(exporter(retry_on_failure={"max_elapsed_time": "300s"})),
        Call(exporter(retry_on_failure={"max_elapsed_time": "0s"})),
    ),
    "collector-batch-processor": example(
        judged,
        Call(pipeline(processors=["memory_limiter", "resource", "batch"])),
        Call(pipeline(processors=["resource"])),
    ),
    "collector-queue-in-memory": example(
        judged,
        Call(exporter(sending_queue={"storage": None})),
        Call(exporter(sending_queue={"queue_size": 5000})),
    ),
    "collector-without-fsync": example(
        judged, Call(storage(fsync=False)), Call(storage(timeout="2s"))
    ),
    "collector-recreates-queue": example(
        judged, Call(storage(recreate=True)), Call(storage(recreate=False))
    ),
    "collector-compacts-at-start": example(
        judged,
        Call(storage(compaction={"on_start": True})),
        Call(storage(compaction={"on_rebound": False})),
    ),
    "collector-blocks-on-overflow": example(
        judged,
        Call(exporter(sending_queue={"block_on_overflow": True})),
        Call(exporter(sending_queue={"block_on_overflow": False})),
    ),
    "collector-forwards-token": example(
        judged, Call(pipeline(processors=["memory_limiter"])), Call({})
    ),
    "collector-prints-spans": example(judged, Call(debug("detailed")), Call(debug("basic"))),
    "collector-queue-above-disk": example(collectors.disk, Call(65, 64), Call(64, 64)),
    "relay-without-collectors": example(
        collectors.relay, Call(is_collector=False), Call(is_collector=True)
    ),
    "relay-above-storage": example(collectors.relay_storage, Call(129, 128), Call(128, 128)),
    "remote-sampler-without-source": example(
        collectors.sampler, Call("remote"), Call("probabilistic")
    ),
}
