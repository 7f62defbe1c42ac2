"""The token and its one way: from a file, standard input or a variable into secrets/agent.yaml."""

from __future__ import annotations

TOKEN_VARIABLE = "TRACING_TOKEN"  # noqa: S105 - the variable's name, not a token
