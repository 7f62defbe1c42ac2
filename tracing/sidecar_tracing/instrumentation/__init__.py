"""Spans of web frameworks, task queues and HTTP clients, by their public hooks.

`WsgiMiddleware`, `AsgiMiddleware`, `traced` and `TraceIdFilter` are for services that use them
themselves; all else is patched when it is imported under `sidecar-trace`.
"""

from sidecar_tracing.instrumentation.asgi import AsgiMiddleware
from sidecar_tracing.instrumentation.decorator import traced
from sidecar_tracing.instrumentation.logs import TraceIdFilter
from sidecar_tracing.instrumentation.wsgi import WsgiMiddleware

__all__ = ["AsgiMiddleware", "TraceIdFilter", "WsgiMiddleware", "traced"]
