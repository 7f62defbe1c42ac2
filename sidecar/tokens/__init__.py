"""The token: its names, its file's text, and how it is kept out of everything else.

`content` judges a token, `store` keeps it, `rotation` replaces one under running agents.
"""

from __future__ import annotations

import os

TOKEN_VARIABLE = "TRACING_TOKEN"  # noqa: S105 - the variable's name, not a token
LOCAL_TOKEN = "local@stand-in_local@public-constant"  # noqa: S105 - public: what the stand-in checks in a clone
MASK = "***"
PREFIX = "Authentication="


def agent_config(token: str, key: str) -> str:
    """Return the agent's config file: the tags key with the token, and nothing else."""
    from sidecar import yamlio

    section, name = key.split(".")
    return f"{section}:\n  {name}: {yamlio.flow(PREFIX + token)}\n"


def mask(text: str, token: str | None = None) -> str:
    """Return the text without the token, if one is given, and without whatever looks like one."""
    import re  # here: every command imports this module, and only a defect is masked

    # `...` and a closing quote: the kit's own words on how a token is given
    suspect = rf"(?<={PREFIX})(?!\.\.\.[`'\"])[^\s'\"]+|(?<=adapt_)[^\s'\"/`]+|[\w.-]+@[\w.-]+_[\w.-]+@[\w.-]+"
    return re.sub(suspect, MASK, text.replace(token, MASK) if token else text)


def take_from_environment() -> str | None:
    """Return $TRACING_TOKEN and remove it from this process's environment, so that no child inherits it."""
    return os.environ.pop(TOKEN_VARIABLE, None)
