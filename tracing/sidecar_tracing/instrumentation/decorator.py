"""A decorator: each call of a function is a span."""

# ruff: noqa: ANN401 - a decorated function has any arguments

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, TypeVar, overload

from sidecar_tracing.instrumentation import spans

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., Any]")


@overload
def traced(function: _F) -> _F: ...


@overload
def traced(
    function: str | None = None, *, tags: dict[str, Any] | None = None
) -> Callable[[_F], _F]: ...


def traced(
    function: Callable[..., Any] | str | None = None, *, tags: dict[str, Any] | None = None
) -> Any:
    """Trace a function or coroutine: `@traced`, `@traced("name")`, `@traced(tags={"zone": "a"})`.

    The span has the function's name unless another is given, and is a child of the active one. What
    the function raises is recorded, and raised.
    """
    if callable(function):
        return _decorated(function, function.__qualname__, tags)
    return lambda inner: _decorated(inner, function or inner.__qualname__, tags)


def _decorated(
    function: Callable[..., Any], name: str, tags: dict[str, Any] | None
) -> Callable[..., Any]:
    def span() -> Any:
        return spans.active(spans.tracer().start_span(name, tags=dict(tags or {})), ends=True)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def waiting(*args: Any, **kwargs: Any) -> Any:
            with span():
                return await function(*args, **kwargs)

        return waiting

    @functools.wraps(function)
    def calling(*args: Any, **kwargs: Any) -> Any:
        with span():
            return function(*args, **kwargs)

    return calling
