"""The start of a traced process: called by sitecustomize, before any module of the service."""

from __future__ import annotations

import logging
import os
from importlib import import_module

from sidecar_tracing import hooks, switch

logger = logging.getLogger("sidecar_tracing")


def boot(*, is_carried: bool = False) -> None:
    """Have this process traced, if the environment names the service.

    Raises RuntimeError if the package was carried to an image whose own packages do not fit.
    """
    if os.environ.get("JAEGER_DISABLED", "").strip().lower() in switch.YES:
        return
    if not os.environ.get("JAEGER_SERVICE_NAME", "").strip():
        logger.warning("This process is not traced: JAEGER_SERVICE_NAME is not set")
        return
    if is_carried:
        import_module("sidecar_tracing.carried").require_fit()
    switch.arm()
    hooks.install()
