"""The active span of each task, thread and greenlet, by a context variable."""

# ruff: noqa: ANN401 - opentracing publishes no types, so its objects are Any here

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from opentracing import Scope, ScopeManager


class ContextScope(Scope):  # type: ignore[misc] # opentracing publishes no types
    """One activation of a span; however often it is closed, the span is finished once."""

    def __init__(self, manager: ContextScopeManager, span: Any, finish_on_close: bool) -> None:
        super().__init__(manager, span)
        self._finish_on_close = finish_on_close
        self.before = manager.active
        self.is_closed = False

    def close(self) -> None:
        """End the activation, and finish the span if that was asked for.

        opentracing's own scope managers do neither where another scope is active meanwhile.
        """
        if self.is_closed:
            return
        self.is_closed = True
        self.manager.leave(self)
        if self._finish_on_close:
            self.span.finish()


class ContextScopeManager(ScopeManager):  # type: ignore[misc] # opentracing publishes no types
    """Serves threads, asyncio, gevent and eventlet; tasks inherit what is active at their start."""

    def __init__(self) -> None:
        super().__init__()
        self._scope: ContextVar[ContextScope | None] = ContextVar("sidecar_tracing", default=None)

    def activate(self, span: Any, finish_on_close: bool) -> ContextScope:
        """Make a span active in this context."""
        scope = ContextScope(self, span, finish_on_close)
        self._scope.set(scope)
        return scope

    @property
    def active(self) -> ContextScope | None:
        """The innermost scope that is open, or None."""
        scope = self._scope.get()
        while scope is not None and scope.is_closed:
            scope = scope.before
        return scope

    def leave(self, scope: ContextScope) -> None:
        """Go back to the scope before this one, if it is the last of this context."""
        if self._scope.get() is scope:
            self._scope.set(scope.before)
