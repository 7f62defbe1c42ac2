"""Settings from the environment: an invalid value causes a warning, and the default is used."""

from __future__ import annotations

import logging
import math
import os
from dataclasses import dataclass

logger = logging.getLogger("sidecar_tracing")

SAMPLER_TYPES = ("const", "probabilistic", "ratelimiting", "rate_limiting", "remote")
AGENT_PORT = 6831
MAX_PORT = 65535


@dataclass(frozen=True)
class SamplerSettings:
    """A sampler as jaeger-client's configuration names it."""

    type: str = "const"
    param: float = 1.0


def service_name() -> str | None:
    """Return JAEGER_SERVICE_NAME, or None if it is unset or blank."""
    return os.environ.get("JAEGER_SERVICE_NAME", "").strip() or None


def agent_host() -> str:
    """Return JAEGER_AGENT_HOST, or localhost if it is unset or blank."""
    return os.environ.get("JAEGER_AGENT_HOST", "").strip() or "localhost"


def agent_port() -> int:
    """Return JAEGER_AGENT_PORT, or 6831 if it is unset or not a port."""
    text = os.environ.get("JAEGER_AGENT_PORT", "").strip()
    if not text:
        return AGENT_PORT
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_PORT:
        return int(text)
    _warn("JAEGER_AGENT_PORT", text, "a port, 1-65535", str(AGENT_PORT))
    return AGENT_PORT


def sampler() -> SamplerSettings:
    """Return the sampler of JAEGER_SAMPLER_TYPE and _PARAM; by default everything is sampled."""
    kind = os.environ.get("JAEGER_SAMPLER_TYPE", "").strip().lower()
    if kind and kind not in SAMPLER_TYPES:
        _warn("JAEGER_SAMPLER_TYPE", kind, f"one of {', '.join(SAMPLER_TYPES)}", "const 1")
        return SamplerSettings()
    param = sampler_param(kind or "const")
    return SamplerSettings() if param is None else SamplerSettings(kind or "const", param)


def sampler_param(kind: str) -> float | None:
    """Return JAEGER_SAMPLER_PARAM for a type of sampler; 1 if unset, None if invalid."""
    text = os.environ.get("JAEGER_SAMPLER_PARAM", "").strip().lower()
    if not text:
        return 1.0
    value = {"true": 1.0, "false": 0.0}.get(text)
    if value is None:
        value = _number(text)
    highest = math.inf if kind in ("ratelimiting", "rate_limiting") else 1.0
    if value is not None and 0.0 <= value <= highest and (kind != "const" or value in (0.0, 1.0)):
        return value
    _warn("JAEGER_SAMPLER_PARAM", text, f"a valid number for the sampler {kind}", "const 1")
    return None


def exit_timeout() -> float | None:
    """Return JAEGER_EXIT_TIMEOUT in seconds, or None if it is unset or invalid."""
    text = os.environ.get("JAEGER_EXIT_TIMEOUT", "").strip()
    if not text:
        return None
    seconds = _number(text)
    if seconds is None or seconds < 0:
        _warn("JAEGER_EXIT_TIMEOUT", text, "a number of seconds", "5 at most")
        return None
    return seconds


def tags() -> dict[str, str]:
    """Return JAEGER_TAGS ("name=value,name=value") as a dictionary; a value may contain "="."""
    found = {}
    for piece in os.environ.get("JAEGER_TAGS", "").split(","):
        name, equals, value = piece.partition("=")
        if name.strip() and equals:
            found[name.strip()] = value.strip()
        elif piece.strip():
            _warn("JAEGER_TAGS", piece.strip(), "name=value", "no such tag")
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _warn(variable: str, value: str, expected: str, used: str) -> None:
    logger.warning("%s=%.100r is not %s; using %s", variable, value, expected, used)
