"""jaeger-client's Config with defaults that lose no spans."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

import jaeger_client
import opentracing
from jaeger_client import ConstSampler
from jaeger_client.constants import DEFAULT_FLUSH_INTERVAL
from jaeger_client.reporter import LoggingReporter, ReporterMetrics
from opentracing import Format

from sidecar_tracing import compact, environment, sampling
from sidecar_tracing.delivery import BYTES_PER_SECOND
from sidecar_tracing.polling import Channel
from sidecar_tracing.propagation import Binary, Composite, Settings, Text, parse
from sidecar_tracing.reporter import Reporter
from sidecar_tracing.scopes import ContextScopeManager
from sidecar_tracing.sender import UdpSender
from sidecar_tracing.tracer import DisabledReporter, Tracer
from sidecar_tracing.weights import QUEUE_BYTES

logger = logging.getLogger("sidecar_tracing")

QUEUE_SIZE = 20_000
"""Spans that can wait while the agent is away: ten seconds at 2,000 spans/s."""

BATCH_SIZE = 50
"""Spans per packet: the agent calls the gateway once per packet, so small ones limit its rate."""


ADDITIONS = ("reporter_bytes_per_second", "reporter_queue_bytes")
"""The keys that jaeger-client does not know."""


class Config(jaeger_client.Config):  # type: ignore[misc] # jaeger-client publishes no types here
    """Replaces `jaeger_client.Config`, with the same arguments, methods and meaning.

    Differences: the reporter; a queue of 20,000 spans and batches of 50; the sampler const 1 and a
    scope manager for threads, tasks and greenlets by default; and variables, which values passed
    here override.
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
        configured = self.config.get("reporter_queue_size")
        return environment.queue_size(QUEUE_SIZE) if configured is None else int(configured)

    @property
    def reporter_queue_bytes(self) -> int:
        """How much text of tags and logs can wait; spans beyond it are dropped and counted."""
        return int(self.config.get("reporter_queue_bytes") or QUEUE_BYTES)

    @property
    def reporter_batch_size(self) -> int:
        """How many spans a packet contains at most."""
        return int(self.config.get("reporter_batch_size", BATCH_SIZE))

    @property
    def reporter_flush_interval(self) -> float:
        """How many seconds a span waits at most until its packet is full; less after idleness."""
        configured = self.config.get("reporter_flush_interval")
        return float(configured or environment.flush_interval(DEFAULT_FLUSH_INTERVAL))

    @property
    def reporter_bytes_per_second(self) -> float:
        """The most bytes per second; above 2.5 MB/s the agent needs a larger kernel buffer."""
        return float(self.config.get("reporter_bytes_per_second") or BYTES_PER_SECOND)

    def _validate_config(self, config: dict[str, Any]) -> None:
        super()._validate_config(
            {key: value for key, value in config.items() if key not in ADDITIONS}
        )

    @property
    def logging(self) -> bool:
        """Whether each span is logged."""
        return bool(super().logging if "logging" in self.config else environment.logs_spans())

    @property
    def generate_128bit_trace_id(self) -> bool:
        """Whether trace IDs have 128 bits."""
        if "generate_128bit_trace_id" in self.config:
            return bool(super().generate_128bit_trace_id)
        return environment.is_128_bit()

    @property
    def propagation(self) -> dict[str, Any]:
        """The codecs by format: of `propagation`, else of JAEGER_PROPAGATION.

        jaeger-client's value `b3` changes HTTP headers only, as it does there.
        """
        configured = self.config.get("propagation")
        source = "JAEGER_PROPAGATION" if configured is None else "propagation"
        asked = environment.propagation() if configured is None else configured
        names = parse(asked, source)
        if not names:
            return {}
        http = {Format.HTTP_HEADERS: self._codec(names, is_http=True)}
        if configured == "b3":
            return http
        return {**http, Format.TEXT_MAP: self._codec(names, is_http=False)}

    def _codec(self, names: tuple[str, ...], *, is_http: bool) -> Composite:
        settings = Settings(names, self.generate_128bit_trace_id, self._header_names())
        return Composite(settings, is_http=is_http)

    def _header_names(self) -> dict[str, str]:
        return {
            "trace_id_header": self.trace_id_header,
            "baggage_header_prefix": self.baggage_header_prefix,
            "debug_id_header": self.debug_id_header,
        }

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
        """Create a tracer that is not global; nothing uses `io_loop`."""
        if environment.is_disabled():
            logger.info("Tracing is off: JAEGER_DISABLED")
            return self.create_tracer(DisabledReporter(), ConstSampler(False))
        environment.warn_of_unused()
        environment.exit_timeout()  # said now if it is not valid, and not at the exit
        compact.warn_if_slow()
        sampler, throttler = self.sampler, None
        if sampler is None or self.throttler_group() is not None:
            channel = self._create_local_agent_channel(io_loop)
            sampler = sampler or sampling.remote(self, channel, self._metrics_factory)
            throttler = sampling.throttler(self, channel, self._metrics_factory)
        self._log_settings(sampler)
        return self.create_tracer(self._new_reporter(), sampler, throttler)

    def _create_local_agent_channel(self, io_loop: Any) -> Channel:  # noqa: ARG002
        host, group = self.local_agent_reporting_host, self.local_agent_group()
        configured = isinstance(group, dict) and "sampling_port" in group
        endpoint = None if configured else environment.sampling_endpoint()
        return Channel(
            endpoint or (host, self.local_agent_sampling_port),
            (host, self.throttler_port or 0),
        )

    def _log_settings(self, sampler: Any) -> None:
        logger.info(
            "Tracing %s to the agent at %s:%s by %s; up to %d spans or %d MiB of text wait, each"
            " up to %g s; %d-bit trace IDs",
            self.service_name,
            self.local_agent_reporting_host,
            self.local_agent_reporting_port,
            sampler,
            self.reporter_queue_size,
            self.reporter_queue_bytes // 1_048_576,
            self.reporter_flush_interval,
            128 if self.generate_128bit_trace_id else 64,
        )

    def create_tracer(self, reporter: Any, sampler: Any, throttler: Any = None) -> Tracer:
        """Create a tracer with the given reporter and sampler."""
        names = self._header_names()
        http = Text(url_encoding=True, **names)
        codecs = {Format.BINARY: Binary(), Format.HTTP_HEADERS: http}
        return Tracer(
            service_name=self.service_name,
            reporter=reporter,
            sampler=sampler,
            metrics_factory=self._metrics_factory,
            generate_128bit_trace_id=self.generate_128bit_trace_id,
            **names,
            tags=self.tags,
            max_tag_value_length=self.max_tag_value_length,
            max_traceback_length=self.max_traceback_length,
            extra_codecs=codecs | self.propagation,
            throttler=throttler,
            scope_manager=self.scope_manager or ContextScopeManager(),
        )

    def _new_reporter(self) -> Reporter:
        return Reporter(
            UdpSender(self.local_agent_reporting_host, self.local_agent_reporting_port),
            queue_size=self.reporter_queue_size,
            queue_bytes=self.reporter_queue_bytes,
            batch_size=self.reporter_batch_size,
            flush_interval=self.reporter_flush_interval,
            metrics=ReporterMetrics(self._metrics_factory),
            bytes_per_second=self.reporter_bytes_per_second,
            echo=LoggingReporter(logger).report_span if self.logging else None,
        )


def init_tracer(
    service_name: str | None = None,
    *,
    scope_manager: Any = None,
    metrics_factory: Any = None,
    **options: Any,
) -> Tracer:
    """Create a tracer and make it `opentracing.global_tracer()`; options are Config's keys.

    Raises ValueError for an unknown option, an unknown sampler, or a service name that is given
    neither here nor in JAEGER_SERVICE_NAME.
    """
    config = Config(
        options,
        service_name=service_name,
        metrics_factory=metrics_factory,
        validate=True,
        scope_manager=scope_manager,
    )
    tracer = config.new_tracer()
    if environment.shows_counts():
        _expose(tracer)
    opentracing.set_global_tracer(tracer)
    return tracer


def _expose(tracer: Tracer) -> None:
    try:
        import_module("sidecar_tracing.prometheus").expose(tracer)
    except Exception as error:  # noqa: BLE001 - a service without its counts still runs
        logger.warning("No counts for Prometheus: %s: %s", type(error).__name__, error)
