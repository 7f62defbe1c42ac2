"""Samplers: everything is sampled unless the configuration or the environment says otherwise."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import logging
from typing import Any

from jaeger_client.config import get_boolean
from jaeger_client.sampler import (
    ConstSampler,
    ProbabilisticSampler,
    RateLimitingSampler,
    Sampler,
)

from sidecar_tracing import environment
from sidecar_tracing.polling import RemoteSampler, Throttler

logger = logging.getLogger("sidecar_tracing")


def choose(configured: Any) -> Any:
    """Return the sampler for a Sampler, or for a type and param; None means the remote one.

    Raises ValueError for an invalid type or param in the configuration.
    """
    if isinstance(configured, Sampler):
        return configured
    settings = configured or {}
    kind, param = settings.get("type"), settings.get("param")
    if not kind:
        asked = environment.sampler()
        kind, param = asked.type, asked.param if param is None else param
    elif param is None:
        param = environment.sampler_param(kind)
    return ConstSampler(True) if param is None else _create(kind, param)


def _create(kind: str, param: Any) -> Any:
    if kind == "const":
        return ConstSampler(
            decision=float(param) != 0 if isinstance(param, float) else get_boolean(param, False)
        )
    if kind == "probabilistic":
        return ProbabilisticSampler(rate=float(param))
    if kind in ("ratelimiting", "rate_limiting"):
        return RateLimitingSampler(max_traces_per_second=float(param))
    if kind == "remote":
        return None
    raise ValueError(f"Unknown sampler type {kind}")


def remote(config: Any, channel: Any, metrics_factory: Any) -> Any:
    """Return the sampler that asks the agent; it samples everything until the agent answers."""
    return RemoteSampler(
        channel=channel,
        service_name=config.service_name,
        init_sampler=ConstSampler(True),
        logger=logger,
        metrics_factory=metrics_factory,
        error_reporter=config.error_reporter,
        sampling_refresh_interval=config.sampling_refresh_interval,
        max_operations=config.max_operations,
    )


def throttler(config: Any, channel: Any, metrics_factory: Any) -> Any:
    """Return the throttler of debug spans if the configuration has one."""
    if config.throttler_group() is None:
        return None
    return Throttler(
        channel,
        config.service_name,
        refresh_interval=config.throttler_refresh_interval,
        logger=logger,
        metrics_factory=metrics_factory,
        error_reporter=config.error_reporter,
    )
