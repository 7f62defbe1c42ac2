"""How the token is kept out of the environment of everything that the kit starts."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # importing typing would slow every start
if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_VARIABLE = "TRACING_TOKEN"  # noqa: S105 - the variable's name, not a token


def take_from_environment() -> str | None:
    """Return $TRACING_TOKEN and remove it from this process's environment: no child inherits it."""
    return os.environ.pop(TOKEN_VARIABLE, None)


def child_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this environment, or the current one, without the token: for a child process."""
    current = os.environ if environment is None else environment
    return {name: value for name, value in current.items() if name != TOKEN_VARIABLE}
