"""Whether `sidecar-trace` started this process, and the tracer that it makes then.

Nothing heavy is imported before a library is that has spans.
"""

from __future__ import annotations

import logging
import os
from importlib import import_module

logger = logging.getLogger("sidecar_tracing")


REPLACE = "SIDECAR_TRACING_REPLACE_JAEGER_CLIENT"
"""Environment variable: `true` has code that imports jaeger_client get our Config."""
YES = ("1", "true", "yes", "on")


NEEDED = "jaeger_client"
importing: set[str] = set()
"""The libraries whose import has begun: one that is not complete cannot be built on."""


class _State:
    is_armed = False
    is_started = False


def arm() -> None:
    """Have `start` make a tracer: `sidecar-trace` started this process."""
    _State.is_armed = True


def start() -> None:
    """Make the global tracer, once, if this process is to have one. Never raises."""
    if not _State.is_armed or _State.is_started or NEEDED in importing:
        return
    _State.is_started = True  # first: the imports below come here, too
    try:
        config = import_module("sidecar_tracing.config")
        config.init_tracer()
        if os.environ.get(REPLACE, "").strip().lower() in YES:
            _replace_config_by(config.Config)
        import_module("sidecar_tracing.instrumentation.logs").show_trace_ids()
    except Exception as error:  # noqa: BLE001 - a broken installation must not stop the service
        logger.warning("This process is not traced: %s: %s", type(error).__name__, error)


def _replace_config_by(config: type) -> None:
    for name in ("jaeger_client", "jaeger_client.config"):
        import_module(name).Config = config  # type: ignore[attr-defined]


def skipped() -> frozenset[str]:
    """Return the libraries that SIDECAR_TRACING_SKIP names: they get no spans."""
    names = os.environ.get("SIDECAR_TRACING_SKIP", "").lower().split(",")
    return frozenset(name.strip() for name in names)
