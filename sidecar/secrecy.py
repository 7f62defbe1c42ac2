"""How the token is kept out of everything else: masked in texts, taken out of the environment."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # importing typing would slow every start
if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_VARIABLE = "TRACING_TOKEN"  # noqa: S105 - the variable's name, not a token
LOCAL_TOKEN = "local@stand-in_local@public-constant"  # noqa: S105 - public: what the stand-in checks in a clone
MASK = "***"
PREFIX = "Authentication="


def mask(text: str, token: str | None = None) -> str:
    """Return the text without the token, if one is given, and without whatever looks like one."""
    import re  # here: every command imports this module, and only a defect is masked

    # `...` and a closing quote: the kit's own words on how a token is given
    suspect = rf"(?<={PREFIX})(?!\.\.\.[`'\"])[^\s'\"]+|(?<=adapt_)[^\s'\"/`]+|[\w.-]+@[\w.-]+_[\w.-]+@[\w.-]+"
    return re.sub(suspect, MASK, text.replace(token, MASK) if token else text)


def take_from_environment() -> str | None:
    """Return $TRACING_TOKEN and remove it from this process's environment, so that no child inherits it."""
    return os.environ.pop(TOKEN_VARIABLE, None)


def child_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a child process: the current one (or the one given) without the token."""
    current = os.environ if environment is None else environment
    return {name: value for name, value in current.items() if name != TOKEN_VARIABLE}
