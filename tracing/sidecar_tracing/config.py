"""jaeger-client's Config with defaults that lose no spans."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import logging
from typing import Any

import jaeger_client
import opentracing
from jaeger_client.constants import DEFAULT_FLUSH_INTERVAL
from jaeger_client.reporter import LoggingReporter, ReporterMetrics

from sidecar_tracing import environment, sampling
from sidecar_tracing.delivery import BYTES_PER_SECOND
from sidecar_tracing.reporter import Reporter
from sidecar_tracing.sender import UdpSender
from sidecar_tracing.tracer import Tracer

logger = logging.getLogger("sidecar_tracing")

QUEUE_SIZE = 20_000
"""Spans that can wait while the agent is away: ten seconds at 2,000 spans/s."""

BATCH_SIZE = 50
"""Spans per packet: the agent calls the gateway once per packet, so small ones limit its rate."""


class Config(jaeger_client.Config):  # type: ignore[misc] # jaeger-client publishes no types here
    """Replaces `jaeger_client.Config`, with the same arguments, methods and meaning.

    Differences: the reporter; a queue of 20,000 spans and batches of 50; the sampler const 1 by
    default; and the variables JAEGER_SERVICE_NAME, JAEGER_SAMPLER_TYPE and JAEGER_SAMPLER_PARAM,
    which values passed here override.
    """

    def __init__(
        self,
        config: dict[str, Any],
        metrics: Any = None,
        service_name: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            config, metrics, service_name or environment.service_name(), *args, **kwargs
        )

    @property
    def reporter_queue_size(self) -> int:
        """How many finished spans can wait; spans beyond it are dropped and counted."""
        return int(self.config.get("reporter_queue_size", QUEUE_SIZE))

    @property
    def reporter_batch_size(self) -> int:
        """How many spans a packet contains at most."""
        return int(self.config.get("reporter_batch_size", BATCH_SIZE))

    @property
    def reporter_flush_interval(self) -> float:
        """How many seconds a span waits at most until its packet is full; less after idleness."""
        return float(self.config.get("reporter_flush_interval") or DEFAULT_FLUSH_INTERVAL)

    @property
    def reporter_bytes_per_second(self) -> float:
        """The most bytes per second; above 2.5 MB/s the agent needs a larger kernel buffer."""
        return float(self.config.get("reporter_bytes_per_second") or BYTES_PER_SECOND)

    def _validate_config(self, config: dict[str, Any]) -> None:
        super()._validate_config(
            {key: value for key, value in config.items() if key != "reporter_bytes_per_second"}
        )

    @property
    def local_agent_reporting_host(self) -> str:
        """The agent's host: configured, JAEGER_AGENT_HOST or localhost; empty means unset."""
        group = self.local_agent_group()
        configured = group.get("reporting_host") if isinstance(group, dict) else None
        return str(configured or environment.agent_host())

    @property
    def local_agent_reporting_port(self) -> int:
        """The agent's UDP port: configured, JAEGER_AGENT_PORT or 6831."""
        try:
            return int(self.local_agent_group()["reporting_port"])
        except (KeyError, TypeError, ValueError):
            return environment.agent_port()

    @property
    def tags(self) -> dict[str, Any]:
        """Tags of the process: the configured ones, overridden by JAEGER_TAGS."""
        return {**(self.config.get("tags") or {}), **environment.tags()}

    @property
    def sampler(self) -> Any:
        """The requested sampler; None means the remote sampler."""
        return sampling.choose(self.config.get("sampler"))

    def new_tracer(self, io_loop: Any = None) -> Tracer:
        """Create a tracer that is not global; only a remote sampler or throttler uses `io_loop`."""
        sampler, throttler = self.sampler, None
        if sampler is None or self.throttler_group() is not None:
            channel = self._create_local_agent_channel(io_loop)
            sampler = sampler or sampling.remote(self, channel, self._metrics_factory)
            throttler = sampling.throttler(self, channel, self._metrics_factory)
        return self.create_tracer(self._new_reporter(), sampler, throttler)

    def create_tracer(self, reporter: Any, sampler: Any, throttler: Any = None) -> Tracer:
        """Create a tracer with the given reporter and sampler."""
        return Tracer(
            service_name=self.service_name,
            reporter=reporter,
            sampler=sampler,
            metrics_factory=self._metrics_factory,
            trace_id_header=self.trace_id_header,
            generate_128bit_trace_id=self.generate_128bit_trace_id,
            baggage_header_prefix=self.baggage_header_prefix,
            debug_id_header=self.debug_id_header,
            tags=self.tags,
            max_tag_value_length=self.max_tag_value_length,
            max_traceback_length=self.max_traceback_length,
            extra_codecs=self.propagation,
            throttler=throttler,
            scope_manager=self.scope_manager,
        )

    def _new_reporter(self) -> Reporter:
        return Reporter(
            UdpSender(self.local_agent_reporting_host, self.local_agent_reporting_port),
            queue_size=self.reporter_queue_size,
            batch_size=self.reporter_batch_size,
            flush_interval=self.reporter_flush_interval,
            metrics=ReporterMetrics(self._metrics_factory),
            bytes_per_second=self.reporter_bytes_per_second,
            echo=LoggingReporter(logger).report_span if self.logging else None,
        )


def init_tracer(service_name: str | None = None, **options: Any) -> Tracer:
    """Create a tracer and make it `opentracing.global_tracer()`; options are Config's keys.

    Raises ValueError for an unknown option, an unknown sampler, or a service name that is given
    neither here nor in JAEGER_SERVICE_NAME.
    """
    tracer = Config(options, service_name=service_name, validate=True).new_tracer()
    opentracing.set_global_tracer(tracer)
    return tracer
